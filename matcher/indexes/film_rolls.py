"""Hashes of many films in one array, laid out so that on a large shelf only a third of them is compared with a query:
one of every held picture stands for its neighbours, which are compared where it is near. Every pair that is told is
exact; what thinning costs is a copy so altered that only a neighbour was near.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.kinds.film_pdq import CENTRE_72, CENTRE_85

Codes = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Pairs = tuple[Numbers, Numbers, Numbers]  # (query row, place, distance in bits), in parallel

HASH_BITS, HASH_BYTES = 256, 32
HELD_BITS = 60  # a hash that is no farther from the last one that was kept shows the same picture
# Of which rows of a view one may stand for its neighbours; the centres of a frame move less than the frame.
EVERY = {CENTRE_85: 2, CENTRE_72: 8}
SLACK_BITS = 6  # by which the hash that stands for others may be farther than the one it stands for
CHEAP_BITS = 84  # so near that hardly a stranger is; up to here all are found that a kept hash stands for
AHEAD = 32  # rows compared at a time while a film is thinned
AT_ONCE = 1 << 20  # neighbours compared at a time; bounds the memory


@dataclass(frozen=True)
class Film:
    """The hashes of one film; those of one view of its frames stand together, in order of time."""

    owner: int
    codes: Codes  # (count, HASH_BYTES)
    rows: NDArray[np.unsignedinteger]  # of each hash, which of the owner's vectors it is
    runs: tuple[tuple[int, int], ...]  # (view, where its hashes begin); none: one cannot stand for another

    @classmethod
    def of(cls, owner: int, codes: Codes, views: NDArray[np.generic] | None) -> "Film":
        """Return a film whose hashes are in order of time, the views of a moment together or not."""
        small = np.uint16 if len(codes) <= 1 << 16 else np.uint32  # a shelf holds tens of millions of them
        if views is None:
            return cls(owner, np.ascontiguousarray(codes), np.arange(len(codes), dtype=small), ())
        order = np.argsort(views, kind="stable")
        different, begins = np.unique(np.asarray(views)[order], return_index=True)
        runs = tuple((int(view), int(begin)) for view, begin in zip(different, begins, strict=True))
        return cls(owner, codes[order], order.astype(small), runs)


class Roll:
    """Some films; it is never changed, only replaced."""

    def __init__(self, films: Sequence[Film], *, is_thin: bool) -> None:
        self.is_thin = is_thin
        self.owners = np.array([film.owner for film in films], np.int64)
        self._starts = np.cumsum([0, *(len(film.codes) for film in films)])
        self._codes: Codes = np.concatenate([np.zeros((0, HASH_BYTES), np.uint8), *(film.codes for film in films)])
        self._runs = [film.runs for film in films]
        self._rows = np.concatenate([np.zeros(0, np.uint16), *(film.rows for film in films)])

    def __len__(self) -> int:
        return len(self._codes)

    def films(self) -> Iterator[Film]:
        """Yield the films; their arrays are views of the roll's."""
        for number, owner in enumerate(self.owners.tolist()):
            part = slice(int(self._starts[number]), int(self._starts[number + 1]))
            yield Film(owner, self._codes[part], self._rows[part], self._runs[number])

    def named(self, places: Numbers) -> tuple[Numbers, Numbers]:
        """Return (owner, row) of places."""
        film = np.searchsorted(self._starts, places, "right") - 1
        return self.owners[film], self._rows[places].astype(np.int64)

    def bytes_held(self) -> int:
        """Return the bytes of memory the roll takes."""
        compared = int(self._index.ntotal) * HASH_BYTES + (2 * self._kept.nbytes if self.is_thin else 0)
        return compared + self._codes.nbytes + self._rows.nbytes

    def within(self, codes: Codes, radius: int) -> Pairs:
        """Return every pair of a query and a place within `radius` bits, inclusive; thin rolls: nearly every pair."""
        if not self.is_thin:
            return ranged(self._index, codes, radius)
        reach = max(radius + SLACK_BITS, min(radius + HELD_BITS, CHEAP_BITS))
        query, kept, _ = ranged(self._index, codes, reach)
        # Both of two neighbours stand for what lies between them. The first hash of every view is kept, so only what
        # lies before it belongs to another one, and is compared in vain.
        begins, ends = self._bounds[kept].astype(np.int64) + 1, self._bounds[kept + 2].astype(np.int64)
        parts = [
            self._around(codes, query[portion], begins[portion], ends[portion], radius)
            for portion in _portions(ends - begins)
        ]
        pairs = np.unique(np.concatenate([np.zeros((0, 3), np.int64), *parts]), axis=0)
        return pairs[:, 0], pairs[:, 1], pairs[:, 2]

    def _around(self, codes: Codes, query: Numbers, begins: Numbers, ends: Numbers, radius: int) -> Numbers:
        """Return (pairs, 3) of the places from `begins` to `ends` that are near each query."""
        counts = ends - begins
        asked = np.repeat(query, counts)
        places = np.arange(len(asked)) + np.repeat(begins - np.cumsum(counts) + counts, counts)
        bits = np.bitwise_count(words(codes)[asked] ^ words(self._codes)[places]).sum(axis=1, dtype=np.int64)
        near = bits <= radius
        return np.column_stack([asked[near], places[near], bits[near]])

    @cached_property
    def _index(self) -> faiss.IndexBinaryFlat:
        index = faiss.IndexBinaryFlat(HASH_BITS)
        index.add(self._codes[self._kept] if self.is_thin else self._codes)
        return index

    @cached_property
    def _kept(self) -> NDArray[np.int32]:
        """Places of the hashes that are compared with every query."""
        parts = [_kept(film) + start for film, start in zip(self.films(), self._starts[:-1], strict=True)]
        return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int32)

    @cached_property
    def _bounds(self) -> NDArray[np.int32]:
        return np.concatenate([[-1], self._kept, [len(self)]]).astype(np.int32)


def words(codes: Codes) -> NDArray[np.uint64]:
    """Return the hashes as four numbers each."""
    return np.ascontiguousarray(codes).view(np.uint64)


def ranged(index: faiss.IndexBinaryFlat, codes: Codes, radius: int) -> Pairs:
    """Return every pair within the radius, inclusive."""
    limits, distances, stored = index.range_search(np.ascontiguousarray(codes), radius + 1)  # faiss: below
    ends = np.asarray(limits).astype(np.int64)
    query = np.repeat(np.arange(len(codes)), ends[1:] - ends[:-1])
    return query, np.asarray(stored).astype(np.int64), np.asarray(distances).astype(np.int64)


def _kept(film: Film) -> Numbers:
    """Return the places within a film of the hashes that stand for the others."""
    if not film.runs:
        return np.arange(len(film.codes))
    ends = [*(begin for _, begin in film.runs[1:]), len(film.codes)]
    runs = [
        begin + _telling(words(film.codes[begin:end]), EVERY.get(view, 1))
        for (view, begin), end in zip(film.runs, ends, strict=True)
    ]
    return np.concatenate(runs)


def _telling(codes: NDArray[np.uint64], every: int) -> Numbers:
    """Return the rows of which each differs from the one kept before it; of every so many rows one is looked at."""
    looked_at = codes[::every]
    kept, row = [0], 1
    while row < len(looked_at):
        bits = np.bitwise_count(looked_at[row : row + AHEAD] ^ looked_at[kept[-1]]).sum(axis=1)
        other = int((bits > HELD_BITS).argmax())
        if bits[other] > HELD_BITS:
            kept.append(row + other)
            row = kept[-1] + 1
        else:
            row += AHEAD
    return np.array(kept, np.int64) * every


def _portions(counts: Numbers) -> Iterator[slice]:
    """Yield slices of rows that together have about AT_ONCE neighbours."""
    portion = np.cumsum(counts) // AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(portion)) + 1).tolist(), len(counts)]
    for start, end in itertools.pairwise(edges):
        yield slice(start, end)
