"""RootSIFT descriptors in an inverted file, 16 bytes each. Its lists and its code book are shipped, so that nothing is
ever trained: one reference works as well as 100,000."""

import functools
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.quantised import CODE_BYTES, PART_BITS, PARTS, book
from matcher.indexes.numbering import entries, entry_range, owner_of, row_of
from matcher.interface import Hit

BACKGROUND = Path(__file__).with_name("background.npz")  # made by tests/measure/make_background.py
DIMENSIONS = 128
PROBES = 4  # lists looked into; 6 and 8 find the same on our own measurement
LINKS, WALK = 16, 10  # of the HNSW graph: links a node, nodes looked at when a list is chosen


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
def coarse_quantiser() -> faiss.IndexHNSWSQ:
    """Return the graph over the lists' middles."""
    shipped = background()
    bytes_as_they_are = faiss.ScalarQuantizer.QT_8bit_direct
    coarse = faiss.IndexHNSWSQ(DIMENSIONS, bytes_as_they_are, LINKS)  # type: ignore[arg-type]  # its stub is wrong
    coarse.hnsw.efConstruction = 40
    coarse.hnsw.efSearch = WALK
    middles = shipped.centroids.astype(np.float32)
    coarse.train(middles)  # learns nothing: the middles are bytes already, and are kept as they are
    coarse.add(middles)
    return coarse


@functools.cache
def born() -> faiss.IndexIVFPQFastScan:
    """Return an index with the background alone, under entries below 0; every other one begins as its copy, made in
    milliseconds. A stored descriptor takes 16 bytes, loses nothing against 128, measured, and is scanned in registers.
    """
    shipped = background()
    index = faiss.IndexIVFPQFastScan(
        coarse_quantiser(), DIMENSIONS, len(shipped.centroids), PARTS, PART_BITS, faiss.METRIC_L2
    )
    # Whole descriptors, not their difference to the list's middle: one table of distances serves all lists.
    index.by_residual = False
    faiss.copy_array_to_vector(book().astype(np.float32).ravel(), index.pq.centroids)
    index.nprobe = PROBES
    index.is_trained = True
    numbers = np.concatenate([entries(-1 - int(picture), 1) for picture in shipped.pictures])
    index.add_with_ids(shipped.codes.astype(np.float32), numbers)
    return index


class SiftIvf:
    """Approximate L2 search over 128-byte descriptors. Owners below 0 are background pictures: they take the votes that
    a descriptor found everywhere would otherwise give to a reference."""

    name = "sift-ivf"

    def __init__(self) -> None:
        self._index = faiss.clone_index(born())
        self._background = len(background().codes)

    def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
        """Store the descriptors of `owner`; searchable when this returns."""
        self._store(owner, codes)

    def remove(self, owner: int) -> None:
        """Forget every descriptor of `owner`; unknown owners are no error."""
        self._index.remove_ids(faiss.IDSelectorRange(*entry_range(owner)))

    def search(self, codes: NDArray[np.uint8], count: int) -> list[list[Hit]]:
        """Return, per query row, up to `count` near descriptors, nearest first, background pictures among them."""
        near, ids = self.nearest(codes, count)
        return [
            [
                Hit(owner_of(entry), row_of(entry), far)
                for far, entry in sorted(zip(distances, found, strict=True))
                if entry != -1
            ]
            for distances, found in zip(near.tolist(), ids.tolist(), strict=True)
        ]

    def nearest(self, codes: NDArray[np.uint8], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the same as two tables: L2 distances and entries (see numbering), (queries, count); -1: none."""
        if not len(codes):
            return np.empty((0, count), np.float32), np.empty((0, count), np.int64)
        squares, ids = self._index.search(codes.astype(np.float32), count)
        return np.sqrt(squares, where=ids != -1, out=np.full_like(squares, np.inf)), ids

    def bytes_held(self) -> int:
        """Return the bytes of memory that the stored descriptors take, without what is shipped."""
        return len(self) * (CODE_BYTES + np.dtype(np.int64).itemsize)

    def __len__(self) -> int:
        """Return how many descriptors are stored, without the background's."""
        return int(self._index.ntotal) - self._background

    def _store(self, owner: int, codes: NDArray[np.uint8]) -> None:
        if len(codes):
            self._index.add_with_ids(codes.astype(np.float32), entries(owner, len(codes)))
