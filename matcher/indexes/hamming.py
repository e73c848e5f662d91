"""Exact search of 256-bit hashes: of each query, all that are within a radius, or the nearest of them."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matcher.indexes.hamming_scan import Scan

Codes = NDArray[np.uint8]  # (count, HASH_BYTES)
Words = NDArray[np.uint64]  # (WORDS, count): the same hashes, each word of all of them together
Numbers = NDArray[np.int64]
Pairs = tuple[Numbers, Numbers, Numbers]  # (query row, place, distance in bits), in parallel

HASH_BITS, HASH_BYTES, WORDS = 256, 32, 4
EVERY = sys.maxsize
QUERIES = 1024  # asked at a time
ROOM = 2 * QUERIES * 1024  # pairs found at a time; bounds the memory of a query that everything is near to


def laid_out(codes: Codes) -> Words:
    """Return a copy of hashes as they are searched."""
    return np.ascontiguousarray(np.ascontiguousarray(codes).view(np.uint64).T)


def codes_of(words: Words) -> Codes:
    """Return the hashes that were laid out."""
    return np.ascontiguousarray(words.T).view(np.uint8)


def nearest(parts: Iterable[Words], codes: Codes, radius: int, most: int = EVERY) -> Pairs:
    """Return every pair of a query and a stored hash within `radius` bits, inclusive, nearest first for each query.

    Places are counted through all `parts`. With `most`, no more than so many of each query; of equally near ones those
    that stand first. Compares everything, on the thread that asks, without holding the interpreter's lock.
    """
    parts = list(parts)
    found = [
        pairs
        for start in range(0, len(codes), QUERIES)
        for pairs in _asked(parts, codes[start : start + QUERIES], radius, most, start)
    ]
    query, place, bits = np.concatenate([np.zeros((0, 3), np.int64), *found]).T
    order = np.lexsort((place, bits, query))
    counts = np.bincount(query, minlength=len(codes))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[rank < most]
    return query[kept], place[kept], bits[kept]


def _asked(parts: list[Words], codes: Codes, radius: int, most: int, first: int) -> Iterator[Numbers]:
    """Yield (pairs, 3) of some queries, with few that are not among the `most` nearest."""
    scan = _scan()
    asked = np.ascontiguousarray(codes).view(np.uint64)
    reach = np.full(len(asked), min(radius, HASH_BITS), np.int64)
    kept = reach, np.zeros(len(asked), np.int64), np.zeros((len(asked), HASH_BITS + 1), np.int64)
    room = np.empty((ROOM, 3), np.int64)
    before = 0
    for words in parts:
        place, count = 0, words.shape[1]
        while place < count:
            filled, place = scan(words, asked, before, place, kept, most, room)
            if filled:
                pairs = room[:filled].copy()
                pairs[:, 0] += first
                yield pairs
        before += count


def _scan() -> "Scan":
    # Loaded by the first search: the compiler's 0.3 s are not for commands that compare nothing.
    scan: Scan = importlib.import_module("matcher.indexes.hamming_scan").scan
    return scan
