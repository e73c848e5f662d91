"""The local points of all registered films: the nearest stored descriptors, for many queries at once."""

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.indexes.film_frames import Codes, Near, Owned

WIDTH = 128
EXACT_UP_TO = 20_000  # descriptors; fewer are quicker searched one by one than trained for
PROBES = 8
TRAIN_PER_LIST = 40  # faiss warns below 39
GROWTH = 4  # the lists are trained anew when the index has grown this many times


class FilmPoints:
    """Byte descriptors under Euclidean distance: exact while small, then inverted lists (approximate)."""

    name = "film-points"

    def __init__(self) -> None:
        self._codes: dict[int, Codes] = {}
        self._index: faiss.Index | None = None
        self._coarse = faiss.IndexFlatL2(WIDTH)  # faiss does not own it: it must live as long as the index
        self._owned = Owned()
        self._trained_on = 0

    def add(self, owner: int, codes: Codes) -> None:
        """Store the descriptors of `owner`, (count, 128) uint8, in place of what was stored under that number."""
        self.remove(owner)
        self._codes[owner] = np.ascontiguousarray(codes)
        if self._index is not None and len(self) < GROWTH * self._trained_on:
            self._index.add(codes.astype(np.float32))
            self._owned.append(owner, len(codes))
        else:
            self._index = None

    def remove(self, owner: int) -> None:
        """Forget every descriptor of `owner`; unknown owners are no error."""
        if self._codes.pop(owner, None) is not None:
            self._index = None

    def nearest(self, codes: Codes, count: int) -> Near:
        """Return the `count` nearest stored descriptors of each query; distances are L2 between byte vectors."""
        if not len(self) or not len(codes):
            return Near.nothing()
        index = self._build()
        squared, stored = index.search(codes.astype(np.float32), min(count, len(self)))
        found = stored.ravel() >= 0
        query = np.repeat(np.arange(len(codes)), stored.shape[1])[found]
        rows = stored.ravel()[found]
        distance = np.sqrt(np.maximum(squared.ravel()[found], 0)).astype(np.float64)
        return Near(query, self._owned.owners[rows], self._owned.rows[rows], distance)

    def __len__(self) -> int:
        return sum(len(codes) for codes in self._codes.values())

    def _build(self) -> faiss.Index:
        if self._index is None:
            everything = np.concatenate(list(self._codes.values())).astype(np.float32)
            self._coarse = faiss.IndexFlatL2(WIDTH)
            self._index = _trained(everything, self._coarse)
            self._index.add(everything)
            self._trained_on = max(len(everything), EXACT_UP_TO)
            self._owned = Owned()
            for owner, codes in self._codes.items():
                self._owned.append(owner, len(codes))
        return self._index


def _trained(descriptors: NDArray[np.float32], coarse: faiss.IndexFlatL2) -> faiss.Index:
    """Return an empty index fit for these descriptors."""
    kind = faiss.ScalarQuantizer.QT_8bit_direct
    if len(descriptors) <= EXACT_UP_TO:
        return faiss.IndexScalarQuantizer(WIDTH, kind, faiss.METRIC_L2)
    lists = int(np.clip(1.5 * np.sqrt(len(descriptors)), 128, 4096))
    index = faiss.IndexIVFScalarQuantizer(coarse, WIDTH, lists, kind, faiss.METRIC_L2)
    index.by_residual = False  # bytes are stored as they are; residuals would be clipped to 0..255 and mean nothing
    index.cp.niter = 8
    index.nprobe = PROBES
    sample = np.random.default_rng(7).permutation(len(descriptors))[: lists * TRAIN_PER_LIST]
    index.train(descriptors[sample])
    return index
