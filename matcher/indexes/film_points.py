"""The local points of all registered films: the nearest stored descriptors, for many queries at once."""

import faiss
import numpy as np

from fingerprints.quantised import unpacked
from matcher.indexes.film_frames import Codes, Near, Owned
from matcher.indexes.sift_ivf import born

AT_ONCE = 1 << 16  # descriptors that are unpacked at a time


class FilmPoints:
    """Packed descriptors in inverted lists that are shipped: nothing is trained, the first film is found as well as the
    thousandth. Descriptors of background pictures take the place of a film's where they are nearer."""

    name = "film-points"

    def __init__(self) -> None:
        self._codes: dict[int, Codes] = {}
        self._index: faiss.Index | None = None
        self._owned = Owned()

    def add(self, owner: int, codes: Codes) -> None:
        """Store the descriptors of `owner`, (count, 16) uint8, in place of what was stored under that number."""
        self.remove(owner)
        self._codes[owner] = np.ascontiguousarray(codes)
        if self._index is not None:
            self._store(self._index, owner)

    def remove(self, owner: int) -> None:
        """Forget every descriptor of `owner`; unknown owners are no error."""
        if self._codes.pop(owner, None) is not None:
            self._index = None

    def nearest(self, codes: Codes, count: int) -> Near:
        """Return up to `count` nearest stored descriptors of each query, (count, 128) uint8; distances are L2 between
        byte vectors, about 130 too long for an equal one."""
        if not len(self) or not len(codes):
            return Near.nothing()
        squared, stored = self._built().search(codes.astype(np.float32), count)
        found = stored.ravel() >= 0
        query = np.repeat(np.arange(len(codes)), stored.shape[1])[found]
        rows = stored.ravel()[found]
        distance = np.sqrt(np.maximum(squared.ravel()[found], 0)).astype(np.float64)
        return Near(query, self._owned.owners[rows], self._owned.rows[rows], distance)

    def __len__(self) -> int:
        return sum(len(codes) for codes in self._codes.values())

    def _built(self) -> faiss.Index:
        if self._index is None:
            self._owned = Owned()
            self._index = faiss.clone_index(born())
            for owner in self._codes:
                self._store(self._index, owner)
        return self._index

    def _store(self, index: faiss.Index, owner: int) -> None:
        codes, first = self._codes[owner], len(self._owned.owners)
        self._owned.append(owner, len(codes))
        for start in range(0, len(codes), AT_ONCE):
            some = unpacked(codes[start : start + AT_ONCE]).astype(np.float32)
            index.add_with_ids(some, np.arange(first + start, first + start + len(some), dtype=np.int64))
