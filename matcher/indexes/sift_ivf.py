"""RootSIFT descriptors in an inverted file whose coarse quantiser is shipped: one reference works as well as 10,000."""

import functools
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.indexes.numbering import entries, entry_range, owner_of, row_of
from matcher.interface import Hit

BACKGROUND = Path(__file__).with_name("background.npz")  # made by tests/measure/make_background.py
DIMENSIONS = 128
PROBES = 8  # lists looked into; 4 loses up to 0.4 points of recall, 16 gains nothing
LINKS, WALK = 16, 32  # of the HNSW graph: links a node, nodes looked at when a list is chosen


@dataclass(frozen=True)
class Background:
    """What is shipped: the middles of the lists, and the descriptors of pictures that belong to nobody."""

    centroids: NDArray[np.uint8]  # (lists, 128)
    codes: NDArray[np.uint8]  # (descriptors, 128)
    pictures: NDArray[np.int32]  # (descriptors,): which background picture, from 0


@functools.cache
def background() -> Background:
    """Return the shipped background; read once."""
    with np.load(BACKGROUND, allow_pickle=False) as stored:
        return Background(stored["centroids"], stored["codes"], stored["pictures"])


@functools.cache
def coarse_quantiser() -> faiss.IndexHNSWFlat:
    """Return the graph over the lists' middles; every index of this process shares it, none changes it."""
    shipped = background()
    coarse = faiss.IndexHNSWFlat(DIMENSIONS, LINKS)
    coarse.hnsw.efConstruction = 40
    coarse.hnsw.efSearch = WALK
    coarse.add(shipped.centroids.astype(np.float32))
    return coarse


@functools.cache
def background_lists() -> NDArray[np.int64]:
    """Return into which list each descriptor of the background belongs."""
    return np.ascontiguousarray(coarse_quantiser().search(background().codes.astype(np.float32), 1)[1][:, 0])


class SiftIvf:
    """Approximate L2 search over 128-byte descriptors. Owners below 0 are background pictures: they take the votes that
    a descriptor found everywhere would otherwise give to a reference."""

    name = "sift-ivf"

    def __init__(self) -> None:
        shipped = background()
        self._coarse = coarse_quantiser()  # faiss does not own it: it must live as long as the index
        self._index = faiss.IndexIVFScalarQuantizer(
            self._coarse, DIMENSIONS, len(shipped.centroids), faiss.ScalarQuantizer.QT_8bit_direct, faiss.METRIC_L2
        )
        self._index.by_residual = False  # bytes are stored as they are; residuals would be clipped to 0..255
        self._index.nprobe = PROBES
        self._index.is_trained = True
        self._background = len(shipped.codes)
        codes = shipped.codes.astype(np.float32)
        numbers = np.concatenate([entries(-1 - int(picture), 1) for picture in shipped.pictures])
        faiss_pointer = faiss.swig_ptr
        self._index.add_core(
            len(codes), faiss_pointer(codes), faiss_pointer(numbers), faiss_pointer(background_lists())
        )

    def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
        """Store the descriptors of `owner`; searchable when this returns."""
        self._store(owner, codes)

    def remove(self, owner: int) -> None:
        """Forget every descriptor of `owner`; unknown owners are no error."""
        self._index.remove_ids(faiss.IDSelectorRange(*entry_range(owner)))

    def search(self, codes: NDArray[np.uint8], count: int) -> list[list[Hit]]:
        """Return, per query row, up to `count` near descriptors, nearest first, background pictures among them."""
        if not len(codes):
            return []
        squares, ids = self._index.search(codes.astype(np.float32), count)
        distances = np.sqrt(squares)
        return [
            [
                Hit(owner_of(entry), row_of(entry), far)
                for far, entry in sorted(zip(near, found, strict=True))
                if entry != -1
            ]
            for near, found in zip(distances.tolist(), ids.tolist(), strict=True)
        ]

    def __len__(self) -> int:
        """Return how many descriptors are stored, without the background's."""
        return int(self._index.ntotal) - self._background

    def _store(self, owner: int, codes: NDArray[np.uint8]) -> None:
        if len(codes):
            self._index.add_with_ids(codes.astype(np.float32), entries(owner, len(codes)))
