"""The frames of all registered films as 256-bit hashes: every stored frame within a radius, for many at once."""

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

BLOCK = 1024  # queries a search; bounds the memory of a query whose every frame is a title card
MOST_PER_QUERY = 400  # hits; a shot held for a minute is worth no more than its nearest


@dataclass(frozen=True)
class Near:
    """Pairs of a query row and a stored row; the four arrays run in parallel."""

    query: Numbers
    owner: Numbers
    row: Numbers  # which of the owner's vectors
    distance: NDArray[np.float64]  # bits for hashes, L2 for descriptors

    @classmethod
    def nothing(cls) -> "Near":
        """Return no pairs."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none, np.zeros(0))


class Owned:
    """Whose vector stands in which place of an index."""

    def __init__(self) -> None:
        self.owners: Numbers = np.zeros(0, np.int64)
        self.rows: Numbers = np.zeros(0, np.int64)

    def append(self, owner: int, count: int) -> None:
        """Note that the next `count` places are the rows 0, 1, 2 ... of `owner`."""
        self.owners = np.concatenate([self.owners, np.full(count, owner, np.int64)])
        self.rows = np.concatenate([self.rows, np.arange(count, dtype=np.int64)])


class FilmFrames:
    """An exact index of 32-byte hashes under Hamming distance."""

    name = "film-frames"

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._index = faiss.IndexBinaryFlat(256)
        self._owned = Owned()

    def add(self, owner: int, codes: Codes) -> None:
        """Store the hashes of `owner`, (count, 32) uint8, in place of what was stored under that number."""
        self.remove(owner)
        if len(codes):
            self._index.add(np.ascontiguousarray(codes))
            self._owned.append(owner, len(codes))
            self._counts[owner] = len(codes)

    def remove(self, owner: int) -> None:
        """Forget every hash of `owner`; unknown owners are no error."""
        if self._counts.pop(owner, None) is None:
            return
        stays = self._owned.owners != owner
        # faiss closes the gap and keeps the order, so the books are kept by the same cut.
        self._index.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(~stays)))
        self._owned.owners, self._owned.rows = self._owned.owners[stays], self._owned.rows[stays]

    def within(self, codes: Codes, radius: int) -> Near:
        """Return every stored hash within `radius` bits, inclusive, of each of the queries."""
        if not len(self) or not len(codes):
            return Near.nothing()
        parts = [self._block(codes[start : start + BLOCK], radius) for start in range(0, len(codes), BLOCK)]
        query = np.concatenate([part[0] + number * BLOCK for number, part in enumerate(parts)])
        stored = np.concatenate([part[1] for part in parts])
        distance = np.concatenate([part[2] for part in parts]).astype(np.float64)
        return Near(query, self._owned.owners[stored], self._owned.rows[stored], distance)

    def __len__(self) -> int:
        return sum(self._counts.values())

    def _block(self, codes: Codes, radius: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return (query row, place in the index, distance) of one block, at most MOST_PER_QUERY of a query."""
        limits, distances, stored = self._index.range_search(np.ascontiguousarray(codes), radius + 1)  # faiss: below
        ends = np.asarray(limits).astype(np.int64)
        counts = ends[1:] - ends[:-1]
        query = np.repeat(np.arange(len(codes)), counts)
        order = np.lexsort((distances, query))
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        rank = np.arange(len(order)) - np.repeat(first, counts)
        kept = order[rank < MOST_PER_QUERY]
        return query[kept], stored[kept].astype(np.int64), np.asarray(distances)[kept].astype(np.int64)
