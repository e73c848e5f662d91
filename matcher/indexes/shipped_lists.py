"""The inverted lists of local points that are shipped: their middles, and the background that is in every index. So
nothing is ever trained: one reference works as well as 100,000."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.quantised import book

BACKGROUND = Path(__file__).with_name("background.npz")  # made by tests/measure/make_background.py
DIMENSIONS = 128
LINKS, WALK = 16, 10  # of the HNSW graph: links a node, nodes looked at when a list is chosen
AT_ONCE = 1 << 16  # descriptors whose lists are looked for together; bounds the memory


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
def sign() -> NDArray[np.uint8]:
    """Return 32 bytes that tell what is shipped, with the book of codes: lists that were made with other middles or
    another book say nothing here."""
    shipped = background()
    told = hashlib.sha256()
    for array in (shipped.centroids, shipped.codes, shipped.pictures, book()):
        told.update(np.ascontiguousarray(array).data)
    return np.frombuffer(told.digest(), np.uint8)


@functools.cache
def coarse_quantiser() -> faiss.IndexHNSWSQ:
    """Return the graph over the lists' middles."""
    on_one_thread()  # on several it would be another graph every time
    shipped = background()
    bytes_as_they_are = faiss.ScalarQuantizer.QT_8bit_direct
    coarse = faiss.IndexHNSWSQ(DIMENSIONS, bytes_as_they_are, LINKS)  # type: ignore[arg-type]  # its stub is wrong
    coarse.hnsw.efConstruction = 40
    coarse.hnsw.efSearch = WALK
    middles = shipped.centroids.astype(np.float32)
    coarse.train(middles)  # learns nothing: the middles are bytes already, and are kept as they are
    coarse.add(middles)
    return coarse


def lists_of(descriptors: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return in which list each descriptor, (count, 128), belongs."""
    on_one_thread()
    found = np.empty(len(descriptors), np.int32)
    for start in range(0, len(descriptors), AT_ONCE):
        some = descriptors[start : start + AT_ONCE].astype(np.float32)
        found[start : start + AT_ONCE] = coarse_quantiser().search(some, 1)[1].ravel()
    return found


def on_one_thread() -> None:
    """Keep faiss on the thread that asks it: a search takes milliseconds, and to split it costs more than it gives.
    Cores are filled by working on several pictures. It has to be said once in every thread."""
    faiss.omp_set_num_threads(1)
