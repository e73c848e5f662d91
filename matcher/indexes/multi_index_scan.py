"""The loops of multi-index search, compiled when this module is imported; only `multi_index` imports it.

A loop over memory that is read here and there waits for every piece of it unless the processor may ask for many at
once. So a query's buckets are looked up first, then the hashes in them are gathered, and only then compared.
"""

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, cast

import numba
import numpy as np
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.uint32]
Counted = NDArray[np.int64]
# the hashes; where the entries of each begin; their places; a bit a place that still counts, or nothing when all do
Stored = tuple[Words, Places, Places, NDArray[np.uint8]]
# where each bucket begins; the hashes in it; (crowded bucket, its first group, one beyond its last); of each group
# (begin and end in the order, its middle, where its distances begin); distances of crowds to their middles
Table = tuple[Places, Places, Counted, Counted, NDArray[np.uint16]]
Kept = tuple[Counted, Counted, Counted]  # of each query: its reach, entries within it, entries at each distance
Chunks = tuple[Counted, Counted, Counted, int]  # first bit, width and radius of each; which one is looked into
Loop = Callable[..., Any]

CROWD = 96  # hashes in one bucket, from which on they are told apart by their distance to a few of them
GROUPS = 24  # of one crowd, at most
WIDE = 40  # bits between the hashes of a group and its middle; those of one shot are nearer
GATHERED = 4096  # candidates of a query that are compared together
BLOCK = 1024  # hashes compared with all queries before the next; 32 KB, which stay in the first cache
ONE, SIXTY_FOUR = np.uint64(1), np.uint64(64)


_llvm = cast(Any, cgutils)
_types = cast(Any, numba.types)


def _counting(_typing: Any, word: Any) -> Any:
    """Return how the compiler counts the bits of a word that are set: by the processor's own instruction."""
    return numba.types.int64(word), lambda _context, builder, _signature, values: builder.ctpop(values[0])


def _fetching(_typing: Any, array: Any, place: Any) -> Any:
    """Return how the compiler asks for memory that will be read soon."""

    def written(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, values[0]).data
        number, anywhere = _llvm.ir.IntType(32), _llvm.voidptr_t
        kind = _llvm.ir.FunctionType(_llvm.ir.VoidType(), [anywhere, number, number, number])
        ask = _llvm.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        where = builder.bitcast(builder.gep(start, [values[1]]), anywhere)
        builder.call(ask, [where, number(0), number(3), number(1)])  # to read, kept in every cache, as data
        return context.get_dummy_value()

    return numba.types.void(array, place), written


_ones = cast(Callable[[np.uint64], np.int64], intrinsic(_counting))
_fetch = cast(Callable[[NDArray[Any], Any], None], intrinsic(_fetching))


def _compiled(signature: Any) -> Callable[[Loop], Loop]:
    """Compile for these types; what was compiled is kept where numba may write, else each process does it anew."""

    def compiled(loop: Loop) -> Loop:
        try:
            return cast(Loop, numba.njit(signature, nogil=True, cache=True)(loop))
        except (RuntimeError, OSError, EOFError, UnpicklingError):  # nowhere to keep it, or what is kept is damaged
            return cast(Loop, numba.njit(signature, nogil=True)(loop))

    return compiled


def _read(kind: Any, dimensions: int = 1) -> Any:
    # What is mapped from a file can be read and no more.
    return _types.Array(kind, dimensions, "C", readonly=True)


int64, uint8, uint16, uint32, uint64 = _types.int64, _types.uint8, _types.uint16, _types.uint32, _types.uint64
Tuple, TWO = _types.Tuple, _types.UniTuple(int64, 2)
_COUNTED, _ROOM = int64[::1], int64[:, ::1]
_CODES = _read(uint64, 2)
_STORED = Tuple((_CODES, _read(uint32), _read(uint32), _read(uint8)))
_TABLE = Tuple((_read(uint32), _read(uint32), _read(int64, 2), _read(int64, 2), _read(uint16)))
_KEPT = Tuple((_COUNTED, _COUNTED, _ROOM))
_CHUNKS = Tuple((_COUNTED, _COUNTED, _COUNTED, int64))


@_compiled(int64(_CODES, int64, int64, int64))
def bits_of(codes: Words, row: int, first: int, width: int) -> int:
    """Return `width` bits of a hash, from bit `first` on."""
    word, shift = first >> 6, np.uint64(first & 63)
    bits = codes[row, word] >> shift
    if (first & 63) + width > 64:
        bits |= codes[row, word + 1] << (SIXTY_FOUR - shift)
    return int(np.int64(bits & ((ONE << np.uint64(width)) - ONE)))


@_compiled(int64(_CODES, int64, _CODES, int64))
def apart(codes: Words, row: int, others: Words, other: int) -> int:
    """Return the bits in which two hashes differ."""
    bits = _ones(codes[row, 0] ^ others[other, 0]) + _ones(codes[row, 1] ^ others[other, 1])
    return int(bits + _ones(codes[row, 2] ^ others[other, 2]) + _ones(codes[row, 3] ^ others[other, 3]))


@_compiled(int64(_STORED, int64, int64))
def _living(stored: Stored, code: int, most: int) -> int:
    """Return how many entries of a hash count, up to `most`."""
    _, first, places, counts = stored
    begin, end = np.int64(first[code]), np.int64(first[code + 1])
    if not len(counts):
        return int(min(end - begin, np.int64(most)))
    found = 0
    for at in range(begin, end):
        place = np.int64(places[at])
        found += (counts[place >> 3] >> (place & 7)) & 1
        if found >= most:
            break
    return found


@_compiled(int64(_read(uint16), int64, int64, int64))
def _first_from(distances: NDArray[np.uint16], begin: int, end: int, least: int) -> int:
    """Return the first of ascending distances that is `least` or more."""
    while begin < end:
        middle = (begin + end) >> 1
        if np.int64(distances[middle]) < least:
            begin = middle + 1
        else:
            end = middle
    return begin


@_compiled(TWO(_read(int64, 2), int64))
def _groups_of(crowded: Counted, bucket: int) -> tuple[int, int]:
    """Return the first group of a crowded bucket, and the first that is not of it any more."""
    low, high = 0, len(crowded)
    while low < high:
        middle = (low + high) >> 1
        if crowded[middle, 0] < bucket:
            low = middle + 1
        else:
            high = middle
    return crowded[low, 1], crowded[low, 2]


@_compiled(int64(_TABLE, int64, uint32[::1], _ROOM))
def _buckets(table: Table, key: int, flips: Places, runs: Counted) -> int:
    """Put (begin, end, bucket) of every bucket that is not empty into `runs`; return how many there are."""
    starts, order = table[0], table[1]
    count = 0
    for number in range(len(flips)):
        bucket = key ^ np.int64(flips[number])
        begin, end = int(starts[bucket]), int(starts[bucket + 1])
        runs[count, 0], runs[count, 1], runs[count, 2] = begin, end, bucket
        _fetch(order, begin)
        count += int(end > begin)
    return count


@_compiled(int64(_CODES, _TABLE, _CODES, int64, int64, _ROOM, int64))
def _parted(codes: Words, table: Table, asked: Words, query: int, reach: int, runs: Counted, count: int) -> int:
    """Put, in place of each crowded bucket, what of its groups may be within reach; return how many runs there are.

    Two hashes differ in no fewer bits than their distances to a third one do (the triangle inequality).
    """
    groups, distances = table[3], table[4]
    end = count
    for number in range(count):
        if runs[number, 1] - runs[number, 0] <= CROWD:
            continue
        group, last = _groups_of(table[2], runs[number, 2])
        runs[number, 1] = runs[number, 0]
        for each in range(group, last):
            begin, stop, at = groups[each, 0], groups[each, 1], groups[each, 3]
            middle = apart(asked, query, codes, groups[each, 2])
            low = _first_from(distances, at, at + stop - begin, middle - reach)
            high = _first_from(distances, low, at + stop - begin, middle + reach + 1)
            runs[end, 0], runs[end, 1] = begin + low - at, begin + high - at
            end += high > low
    return end


@_compiled(int64(_CODES, _CODES, int64, _CHUNKS, Tuple((uint32[::1], int64, int64)), _ROOM, int64))
def _compared(
    codes: Words, asked: Words, query: int, chunks: Chunks, some: tuple[Places, int, int], room: Counted, end: int
) -> int:
    """Put the candidates within reach into the room, unless an earlier chunk told of them; -1: it is full."""
    first, width, radius, this = chunks
    candidates, count, reach = some
    for number in range(count):
        code = np.int64(candidates[number])
        bits = apart(asked, query, codes, code)
        if bits > reach:
            continue
        is_new = True
        for chunk in range(this):
            there = bits_of(codes, code, first[chunk], width[chunk])
            here = bits_of(asked, query, first[chunk], width[chunk])
            is_new &= _ones(np.uint64(there ^ here)) > radius[chunk]
        if is_new:
            if end >= len(room):
                return -1
            room[end, 0], room[end, 1], room[end, 2] = query, code, bits
            end += 1
    return end


@_compiled(int64(_STORED, _KEPT, int64, int64, _ROOM, int64))
def _tallied(stored: Stored, kept: Kept, most: int, begin: int, room: Counted, end: int) -> int:
    """Count what one query met, draw in its reach when that is enough, and drop the rest; return where it ends."""
    reach, within, at_bits = kept
    filled = begin
    for row in range(begin, end):
        query, bits = room[row, 0], room[row, 2]
        living = _living(stored, room[row, 1], most)
        if living == 0 or bits > reach[query]:
            continue
        within[query] += living
        at_bits[query, bits] += living
        # Those at the reach itself stay: which of them come first is told by their places.
        while reach[query] >= 0 and within[query] - at_bits[query, reach[query]] >= most:
            within[query] -= at_bits[query, reach[query]]
            reach[query] -= 1
        room[filled, 0], room[filled, 1], room[filled, 2] = query, room[row, 1], bits
        filled += 1
    return filled


@_compiled(TWO(_STORED, _TABLE, _CHUNKS, uint32[::1], _CODES, Tuple((_KEPT, int64)), int64, _ROOM))
def probe(
    stored: Stored, table: Table, chunks: Chunks, flips: Places, asked: Words, kept: tuple[Kept, int],
    start: int, room: Counted,
) -> tuple[int, int]:  # fmt: skip
    """Put (query, hash, bits) of what one chunk leads to into the room; return how many, and the query that is next.

    It is not the last one when the room did not hold all of the next query's.
    """
    codes = stored[0]
    reaches, most = kept[0][0], kept[1]
    first, width, this = chunks[0], chunks[1], chunks[3]
    runs = np.empty((len(flips) * (GROUPS + 1), 3), np.int64)
    some = np.empty(GATHERED, np.uint32)
    filled = 0
    for query in range(start, len(asked)):
        begin, reach, gathered = filled, reaches[query], 0
        count = _buckets(table, bits_of(asked, query, first[this], width[this]), flips, runs)
        count = _parted(codes, table, asked, query, reach, runs, count)
        for number in range(count):
            for place in range(runs[number, 0], runs[number, 1]):
                some[gathered] = table[1][place]
                _fetch(codes, 4 * np.int64(some[gathered]))
                gathered += 1
                if gathered == GATHERED:
                    filled = _compared(codes, asked, query, chunks, (some, gathered, reach), room, filled)
                    gathered = 0
                    if filled < 0:
                        return begin, query
        filled = _compared(codes, asked, query, chunks, (some, gathered, reach), room, filled)
        if filled < 0:
            return begin, query
        filled = _tallied(stored, kept[0], most, begin, room, filled)
    return filled, len(asked)


@_compiled(TWO(_STORED, _CODES, int64, Tuple((_KEPT, int64)), int64, _ROOM))
def compare(
    stored: Stored, asked: Words, count: int, kept: tuple[Kept, int], start: int, room: Counted
) -> tuple[int, int]:
    """Put (query, hash, bits) of what is near among hashes `start` to `count` - 1 into the room; return how many, and
    the hash that is next: not the last one when the room might not hold what one more block is near to."""
    codes, reach = stored[0], kept[0][0]
    turned = np.empty((4, BLOCK), np.uint64)
    filled = 0
    for begin in range(start, count, BLOCK):
        size = min(BLOCK, count - begin)
        if filled + size * len(asked) > len(room):
            return filled, begin
        for place in range(size):
            for word in range(4):
                turned[word, place] = codes[begin + place, word]
        # Slices, because an index that may be negative keeps a loop from becoming vector instructions.
        first, second, third, fourth = turned[0, :size], turned[1, :size], turned[2, :size], turned[3, :size]
        for query in range(len(asked)):
            one, two, three, four = asked[query, 0], asked[query, 1], asked[query, 2], asked[query, 3]
            least = np.int64(257)
            for place in range(size):
                bits = _ones(first[place] ^ one) + _ones(second[place] ^ two)
                bits += _ones(third[place] ^ three) + _ones(fourth[place] ^ four)
                least = min(least, bits)
            if least > reach[query]:
                continue
            met = filled
            for place in range(size):
                bits = apart(asked, query, codes, begin + place)
                if bits <= reach[query]:
                    room[filled, 0], room[filled, 1], room[filled, 2] = query, begin + place, bits
                    filled += 1
            filled = _tallied(stored, kept[0], kept[1], met, room, filled)
    return filled, count


@_compiled(int64(_STORED, _ROOM, int64, _ROOM))
def entries(stored: Stored, near: Counted, most: int, told: Counted) -> int:
    """Put (query, place, bits) of hashes, sorted by query and bits, into `told`; no more than `most` of a query, and of
    equally near ones those that stand first. Returns how many."""
    _, first, places, counts = stored
    filled, query, of_query, level = 0, np.int64(-1), 0, 0
    for row in range(len(near)):
        if near[row, 0] != query:
            query, of_query, level = near[row, 0], filled, filled
        elif near[row, 2] != near[row - 1, 2]:
            level = filled
        if level - of_query >= most:
            continue
        wanted = most - (level - of_query)
        for at in range(np.int64(first[near[row, 1]]), np.int64(first[near[row, 1] + 1])):
            place = np.int64(places[at])
            if len(counts) and not (counts[place >> 3] >> (place & 7)) & 1:
                continue
            told[filled, 0], told[filled, 1], told[filled, 2] = query, place, near[row, 2]
            filled += 1
            wanted -= 1
            if wanted == 0:
                break
        is_last = row + 1 == len(near) or near[row + 1, 0] != query or near[row + 1, 2] != near[row, 2]
        if is_last:
            told[level:filled, 1].sort()
            filled = of_query + min(filled - of_query, most)
    return filled


@_compiled(Tuple((uint32[::1], uint32[::1]))(_CODES, int64, int64))
def bucketed(codes: Words, first: int, width: int) -> tuple[Places, Places]:
    """Return where each bucket of a chunk begins, and the hashes in order of their buckets."""
    starts = np.zeros((1 << width) + 2, np.uint32)
    for row in range(len(codes)):
        starts[bits_of(codes, row, first, width) + 2] += np.uint32(1)
    for bucket in range(2, len(starts)):
        starts[bucket] += starts[bucket - 1]
    order = np.empty(len(codes), np.uint32)
    for row in range(len(codes)):
        bucket = bits_of(codes, row, first, width) + 1
        order[starts[bucket]] = row
        starts[bucket] += np.uint32(1)
    return starts[:-1].copy(), order


@_compiled(int64(_CODES, uint32[::1], int64, int64, uint16[::1]))
def grouped(codes: Words, order: Places, begin: int, end: int, distances: NDArray[np.uint16]) -> int:
    """Bring those of a crowd that are near to its first one to the front, nearest first; return where they end.

    `distances`, which runs beside the crowd, takes how far they are from it.
    """
    middle = np.int64(order[begin])
    count = end - begin
    for number in range(count):
        distances[number] = apart(codes, middle, codes, np.int64(order[begin + number]))
    ranks = np.argsort(distances[:count], kind="mergesort")
    order[begin:end] = order[begin:end][ranks]
    distances[:count] = distances[:count][ranks]
    return int(begin + _first_from(distances, 0, count, WIDE + 1))
