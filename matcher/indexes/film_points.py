"""The local points of all registered films: the nearest stored descriptors, for many queries at once."""

from collections.abc import Collection
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.keypoints import DESCRIPTOR_BYTES
from fingerprints.quantised import CODE_BYTES, PART_BITS, PARTS, book, unpacked
from matcher.indexes.near import Near
from matcher.indexes.sift_ivf import PROBES, born

Codes = NDArray[np.uint8]  # (count, CODE_BYTES)
Numbers = NDArray[np.int64]

AT_ONCE = 1 << 16  # descriptors that are unpacked at a time
OWNER_SHIFT = 32  # an entry's number is its owner's, shifted, and its row; the background's are below 0
# (descriptors, how many times the neighbours that were asked for are told): the more strangers there are, the more of
# them are nearer to a faint copy than its original. Measured: 35 million strangers cost 4 of 100 clips; four times as
# many neighbours and three times as many lists bring all of them back.
CROWDS = ((100_000_000, 6), (1_000_000, 4))
PROBES_IN_A_CROWD = 12  # lists looked into


class FilmPoints:
    """Packed descriptors in inverted lists that are shipped: nothing is trained, the first film is found as well as the
    thousandth. Descriptors of background pictures take the place of a film's where they are nearer."""

    name = "film-points"

    def __init__(self) -> None:
        self._index = cast(faiss.IndexIVFPQFastScan, faiss.clone_index(born()))
        self._codes: dict[int, Codes] = {}
        self._waiting: set[int] = set()  # owners whose descriptors are not in the lists yet
        self._gone: dict[int, int] = {}  # owners whose descriptors are in the lists still, and how many they are

    def add(self, owner: int, codes: Codes) -> None:
        """Store the descriptors of `owner`, (count, 16) uint8, in place of what was stored under that number. The array
        is kept, not copied."""
        self.remove(owner)
        if len(codes):
            self._codes[owner] = np.ascontiguousarray(codes)
            self._waiting.add(owner)

    def remove(self, owner: int) -> None:
        """Forget every descriptor of `owner`; unknown owners are no error."""
        codes = self._codes.pop(owner, None)
        if codes is not None and owner not in self._waiting:
            self._gone[owner] = len(codes)
        self._waiting.discard(owner)

    def nearest(self, codes: Codes, count: int, owners: Collection[int] | None = None) -> Near:
        """Return nearest stored descriptors of each query, (count, 128) uint8: up to `count`, on a large shelf up to
        four or six times as many. Distances are L2 between byte vectors, about 130 too long for an equal one.

        With `owners`, only theirs are looked at, all of them; unknown ones are no error.
        """
        if not len(codes) or not len(self):
            return Near.nothing()
        asked = codes.astype(np.float32)
        if owners is None:
            squared, found = self._settled().search(asked, count * self._crowd())
        else:
            squared, found = _among(
                {owner: self._codes[owner] for owner in set(owners) & self._codes.keys()}, asked, count
            )
        query, place = np.nonzero(found >= 0)
        entry = found[query, place]
        distance = np.sqrt(np.maximum(squared[query, place], 0)).astype(np.float64)
        return Near(query, entry >> OWNER_SHIFT, entry & ((1 << OWNER_SHIFT) - 1), distance)

    def bytes_held(self) -> int:
        """Return the bytes of memory that the stored descriptors take, in the lists and for comparing a film's all."""
        return len(self) * (2 * CODE_BYTES + np.dtype(np.int64).itemsize)

    def __len__(self) -> int:
        return sum(len(codes) for codes in self._codes.values())

    @property
    def is_crowded(self) -> bool:
        """Whether there are so many descriptors that a query meets strangers first."""
        return self._crowd() > 1

    def _crowd(self) -> int:
        return next((times for least, times in CROWDS if len(self) >= least), 1)

    def _settled(self) -> faiss.IndexIVFPQFastScan:
        """Return the lists, with everything that was added and without what was removed."""
        if self._gone:  # all in one pass over the lists
            entries = np.concatenate([_entries(owner, count) for owner, count in self._gone.items()])
            self._index.remove_ids(faiss.IDSelectorBatch(entries))
            self._gone = {}
        for owner in sorted(self._waiting):
            codes, entries = self._codes[owner], _entries(owner, len(self._codes[owner]))
            for start in range(0, len(codes), AT_ONCE):
                some = unpacked(codes[start : start + AT_ONCE]).astype(np.float32)
                self._index.add_with_ids(some, entries[start : start + AT_ONCE])
        self._waiting = set()
        self._index.nprobe = PROBES if self._crowd() == 1 else PROBES_IN_A_CROWD
        return self._index


def _entries(owner: int, count: int) -> Numbers:
    """Return the numbers of the rows of an owner."""
    return np.arange(count, dtype=np.int64) + (owner << OWNER_SHIFT)


def _among(
    films: dict[int, Codes], asked: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return (squared distances, entries) of the nearest among a few films, by comparing all."""
    if not films:
        return np.zeros((0, count), np.float32), np.zeros((0, count), np.int64)
    plain = faiss.IndexPQ(DESCRIPTOR_BYTES, PARTS, PART_BITS)
    faiss.copy_array_to_vector(book().astype(np.float32).ravel(), plain.pq.centroids)
    plain.is_trained = True
    faiss.copy_array_to_vector(np.concatenate(list(films.values())).ravel(), plain.codes)
    entries = np.concatenate([_entries(owner, len(codes)) for owner, codes in films.items()])
    plain.ntotal = len(entries)
    packed_for_registers = faiss.IndexPQFastScan(plain)  # type: ignore[arg-type]  # its stub knows one constructor
    squared, places = packed_for_registers.search(asked, count)
    return squared, np.where(places >= 0, entries[places], -1)
