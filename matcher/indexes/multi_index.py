"""Multi-index hashing of 256-bit hashes: every stored one within a radius, exactly, without comparing most of them.

Source: Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing" (CVPR 2012). The bits are
cut into chunks. Two hashes that differ in few bits differ in very few of some chunk, so it is enough to look into the
buckets around the query's own, chunk by chunk; where every radius of a chunk plus one adds up to one more than the
radius that is asked for, nothing is missed.

Everything lies in flat arrays that can be mapped from files. Equal hashes are stored once, with the places of their
entries. A bucket crowded with unequal ones is parted into groups around a middle, most of which one comparison rules
out.
"""

import importlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.indexes.hamming import EVERY, HASH_BITS, QUERIES, WORDS, Codes, Numbers, Pairs, Words

Array = NDArray[Any]
Bits = NDArray[np.uint8]  # one for each place, packed, the lowest first
Widths = tuple[int, ...]

RADIUS = 31  # bits; what the chunks are cut for
WIDEST = 3  # bits turned over in one chunk; beyond, there are more buckets to look into than hashes to compare
ROOM = 1 << 14  # pairs found at a time, at first
WORTH_SORTING = 64  # queries; as many may well have equal ones among them
MOST = 1 << 32  # entries that places can count
TABLE = ("starts", "order", "crowded", "groups", "distances")  # of one chunk; see multi_index_scan.Table
TABLE_BYTES = 24  # for each hash, at most, to say where buckets begin
# Nanoseconds on one core of an AMD EPYC of 2025: to look up a bucket, to gather a candidate and compare it, to compare
# one hash of all in turn. Only which way is taken depends on them.
BUCKET_NS, CANDIDATE_NS, COMPARE_NS = 7.0, 22.0, 0.13
EVERYTHING: Bits = np.zeros(0, np.uint8)  # every entry counts


class MultiIndex:
    """An immutable index of 32-byte hashes by owner and row.

    A place is the number of an entry in ascending order of owners, then rows.
    """

    def __init__(self, arrays: Mapping[str, Array], *, compare_ns: float = COMPARE_NS) -> None:
        """Search the arrays that `built` yields, by name; they may be mapped from files.

        `compare_ns` is what comparing one hash costs: the less, the sooner all of them are compared.
        """
        self.arrays = arrays
        self._compare_ns = compare_ns
        self.owners: Numbers = arrays["owners"]
        self.begins: Numbers = arrays["begins"]  # the first place of each owner, and one more at the end
        self._codes: Words = arrays["codes"]
        self._widths: Widths = tuple(arrays["widths"].tolist())
        self._tables = [tuple(arrays[f"{part}-{number}"] for part in TABLE) for number in range(len(self._widths))]

    def __len__(self) -> int:
        """Return how many entries there are; equal hashes count each."""
        return len(self.arrays["places"])

    def places_of(self, owner: int) -> slice:
        """Return where the entries of an owner stand; nowhere when it has none."""
        slot = int(np.searchsorted(self.owners, owner))
        if slot == len(self.owners) or self.owners[slot] != owner:
            return slice(0, 0)
        return slice(int(self.begins[slot]), int(self.begins[slot + 1]))

    def codes_at(self, places: slice | Numbers) -> Codes:
        """Return the hashes of entries as they were added."""
        return self._codes[self.arrays["code_at"][places]].view(np.uint8)

    def near(self, codes: Codes, radius: int, most: int = EVERY, counting: Bits = EVERYTHING) -> Pairs:
        """Return (query row, place, bits) of every entry that counts within `radius` bits, inclusive, nearest first for
        each query; no more than `most` of each, and of equally near ones those that stand first.

        `counting` says which places count. Runs on the thread that asks, without holding the interpreter's lock.
        """
        asked = np.ascontiguousarray(codes).view(np.uint64).reshape(-1, WORDS)
        if len(asked) < WORTH_SORTING:
            return _columns([self._asked(asked, radius, most, counting)])
        different, which = np.unique(asked, axis=0, return_inverse=True)  # a still shot asks the same again and again
        found = []
        for start in range(0, len(different), QUERIES):
            pairs = self._asked(different[start : start + QUERIES], radius, most, counting)
            pairs[:, 0] += start
            found.append(pairs)
        return _repeated(_columns(found), which, len(different))

    def _asked(self, asked: Words, radius: int, most: int, counting: Bits) -> Numbers:
        """Return (pairs, 3) of some queries."""
        loops, count = _loops(), len(self._codes)
        stored = self._codes, self.arrays["first"], self.arrays["places"], counting
        within = np.zeros(len(asked), np.int64), np.zeros((len(asked), HASH_BITS + 1), np.int64)
        kept = (np.full(len(asked), min(radius, HASH_BITS), np.int64), *within), most
        found = [np.zeros((0, 3), np.int64)]
        radii = cheapest(count, self._widths, radius, self._compare_ns * count)
        if radii is None:
            found += _emptied(partial(loops.compare, stored, asked, count, kept), count, loops.BLOCK * len(asked))
        else:
            looked = [number for number, each in enumerate(radii) if each >= 0]
            columns = (_firsts(self._widths), self._widths, radii)
            chunks = [np.array(column, np.int64)[looked] for column in columns]
            for this, number in enumerate(looked):
                around = flips(self._widths[number], radii[number])
                search = partial(loops.probe, stored, self._tables[number], (*chunks, this), around, asked, kept)
                found += _emptied(search, len(asked), ROOM)
        near = np.concatenate(found)
        near = near[np.lexsort((near[:, 2], near[:, 0]))]
        begins = self.arrays["first"]
        counts = begins[near[:, 1] + 1].astype(np.int64) - begins[near[:, 1]]
        told = np.empty((int(np.minimum(counts, most).sum()), 3), np.int64)
        return told[: loops.entries(stored, near, most, told)]


def _columns(found: list[Numbers]) -> Pairs:
    query, place, bits = np.concatenate([np.zeros((0, 3), np.int64), *found]).T
    return query, place, bits


def _repeated(pairs: Pairs, which: Numbers, different: int) -> Pairs:
    """Return the pairs of each query, given those of different ones and which of these each query is."""
    query, place, bits = pairs
    counts = np.bincount(query, minlength=different)
    mine = counts[which]
    skipped = (np.cumsum(counts) - counts)[which] - (np.cumsum(mine) - mine)
    row = np.arange(mine.sum()) + np.repeat(skipped, mine)
    return np.repeat(np.arange(len(which)), mine), place[row], bits[row]


def built(owners: Numbers, counts: Numbers, codes: Codes, widths: Widths | None = None) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of an index by name, one after another, so that nobody has to hold all of them.

    `owners` ascend; `codes`, (count, 32) uint8, are theirs in turn, as many of each as `counts` says. `widths` says how
    the bits are cut; by itself it is as suits so many hashes.
    """
    if len(codes) >= MOST:
        raise ValueError(f"{len(codes)} hashes do not fit into one index; put them into several")
    words = np.ascontiguousarray(codes).view(np.uint64).reshape(-1, WORDS)
    order = np.lexsort(words.T).astype(np.uint32)
    is_first = np.arange(len(order)) == 0
    for word in words.T:
        ordered = word[order]
        is_first[1:] |= ordered[1:] != ordered[:-1]
    yield "owners", np.asarray(owners, np.int64)
    yield "begins", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    code_at = np.empty(len(order), np.uint32)
    code_at[order] = np.cumsum(is_first, dtype=np.uint32) - np.uint32(1)
    yield "code_at", code_at
    yield "places", order
    yield "first", np.append(np.flatnonzero(is_first), len(order)).astype(np.uint32)
    unique = words[order[is_first]]
    yield "codes", unique
    del code_at, order, is_first, words, codes, word, ordered
    widths = widths_for(len(unique)) if widths is None else widths
    yield "widths", np.array(widths, np.int64)
    for number, (first, width) in enumerate(zip(_firsts(widths), widths, strict=True)):
        for part, array in zip(TABLE, _table(unique, first, width), strict=True):
            yield f"{part}-{number}", array


def _table(codes: Words, first: int, width: int) -> tuple[Array, ...]:
    """Return the arrays of one chunk, in the order of TABLE."""
    loops = _loops()
    starts, order = loops.bucketed(codes, first, width)
    crowded: list[tuple[int, int, int]] = []
    groups: list[tuple[int, int, int, int]] = []
    distances, told = [np.zeros(0, np.uint16)], 0
    for bucket in np.flatnonzero(np.diff(starts) > loops.CROWD).tolist():
        begin, end, first_group = int(starts[bucket]), int(starts[bucket + 1]), len(groups)
        while begin < end:
            middle, apart = int(order[begin]), np.empty(end - begin, np.uint16)
            near = loops.grouped(codes, order, begin, end, apart)
            stop = near if len(groups) - first_group < loops.GROUPS - 1 else end  # the last one takes all that is left
            groups.append((begin, stop, middle, told))
            distances.append(apart[: stop - begin])
            told += stop - begin
            begin = stop
        crowded.append((bucket, first_group, len(groups)))
    parts = np.array(crowded, np.int64).reshape(-1, 3), np.array(groups, np.int64).reshape(-1, 4)
    return starts, order, *parts, np.concatenate(distances)


def cost_ns(count: int, width: int, radius: int) -> float:
    """Return what a query costs in one chunk of `width` bits, among `count` hashes that are spread evenly."""
    buckets = sum(math.comb(width, turned) for turned in range(radius + 1))
    return buckets * (BUCKET_NS + CANDIDATE_NS * count / (1 << width))


def shared_out(count: int, widths: Widths, radius: int) -> tuple[int, ...] | None:
    """Return the cheapest radius for each chunk with which nothing within `radius` is missed; -1: the chunk need not be
    looked into. None: these chunks do not reach so far.

    A chunk costs ever more the wider it is looked into, so that taking the cheapest next step each time is best.
    """
    found = [-1] * len(widths)
    for _ in range(radius + 1):
        steps = [
            (cost_ns(count, width, each + 1) - cost_ns(count, width, each), number)
            for number, (width, each) in enumerate(zip(widths, found, strict=True))
            if each < WIDEST
        ]
        if not steps:
            return None
        found[min(steps)[1]] += 1
    return tuple(found)


@lru_cache(maxsize=1024)
def cheapest(count: int, widths: Widths, radius: int, most_ns: float) -> tuple[int, ...] | None:
    """Return the radius of each chunk as `shared_out` does; None when a query would cost more than `most_ns`."""
    radii = shared_out(count, widths, radius)
    return radii if radii is not None and _total_ns(count, widths, radii) < most_ns else None


@lru_cache(maxsize=1024)
def widths_for(count: int) -> Widths:
    """Return into how many bits each chunk is cut so that a search within RADIUS is cheapest; none when it is not
    worth it."""
    cuts = []
    for chunks, narrow, width in itertools.product(range(9, 18), range(17), range(12, 25)):
        left = HASH_BITS - narrow * width
        if narrow < chunks and left > 0:
            wide, over = divmod(left, chunks - narrow)
            widths = (width,) * narrow + (wide,) * (chunks - narrow - over) + (wide + 1,) * over
            if max(widths) <= 28 and sum(4 << each for each in widths) <= TABLE_BYTES * count:
                radii = shared_out(count, widths, RADIUS)
                if radii is not None:
                    cuts.append((_total_ns(count, widths, radii), widths))
    cost, best = min(cuts, default=(0.0, ()))
    return best if cost < COMPARE_NS * count else ()


def _total_ns(count: int, widths: Widths, radii: tuple[int, ...]) -> float:
    return sum(cost_ns(count, width, radius) for width, radius in zip(widths, radii, strict=True))


@lru_cache(maxsize=256)
def flips(width: int, radius: int) -> NDArray[np.uint32]:
    """Return every number of `width` bits of which no more than `radius` are set."""
    chosen = (itertools.combinations(range(width), count) for count in range(radius + 1))
    return np.array([sum(1 << bit for bit in bits) for bits in itertools.chain(*chosen)], np.uint32)


def _firsts(widths: Widths) -> list[int]:
    return [0, *itertools.accumulate(widths)][: len(widths)]


def _emptied(search: Callable[[int, Numbers], tuple[int, int]], count: int, rows: int) -> Iterator[Numbers]:
    """Yield the pairs of a loop that begins anew where its room was full; the room grows when nothing fits."""
    room, place = np.empty((rows, 3), np.int64), 0
    while place < count:
        filled, then = search(place, room)
        if then == place:
            room = np.empty((2 * len(room), 3), np.int64)
        place = then
        yield room[:filled].copy()


def _loops() -> Any:
    # Loaded by the first search: the compiler's 0.3 s are not for commands that compare nothing.
    return importlib.import_module("matcher.indexes.multi_index_scan")
