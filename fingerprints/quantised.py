"""Descriptors in an eighth of their bytes: product quantisation (Jegou 2011) with a book that is shipped, so that
nothing is ever trained and the same picture gives the same bytes everywhere. Pure.

The book was learned from pictures drawn by our own code (tests/measure/make_background.py).
"""

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprints.keypoints import DESCRIPTOR_BYTES

BOOK = Path(__file__).with_name("book.npy")
PARTS, PART_BITS = 32, 4  # of one descriptor: four components in half a byte
CODE_BYTES = PARTS * PART_BITS // 8
AT_ONCE = 4096  # descriptors; bounds the memory


@functools.cache
def book() -> NDArray[np.uint8]:
    """Return the shipped book, (parts, entries, components); read once."""
    return np.asarray(np.load(BOOK, allow_pickle=False), np.uint8)


def packed(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the nearest entry of every part, two to a byte: (count, 128) in, (count, 16) out."""
    entries = book().astype(np.float32)
    norms = (entries**2).sum(axis=2)
    out = np.empty((len(descriptors), CODE_BYTES), np.uint8)
    for start in range(0, len(descriptors), AT_ONCE):
        parts = descriptors[start : start + AT_ONCE].astype(np.float32).reshape(-1, PARTS, DESCRIPTOR_BYTES // PARTS)
        nearest = (norms - 2 * np.einsum("npc,pec->npe", parts, entries)).argmin(axis=2).astype(np.uint8)
        out[start : start + AT_ONCE] = nearest[:, ::2] | nearest[:, 1::2] << PART_BITS
    return out


def unpacked(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the descriptors that packed ones stand for: (count, 16) in, (count, 128) out."""
    entries = np.empty((len(codes), PARTS), np.intp)
    entries[:, ::2], entries[:, 1::2] = codes & 15, codes >> PART_BITS
    return np.ascontiguousarray(book()[np.arange(PARTS), entries].reshape(-1, DESCRIPTOR_BYTES))
