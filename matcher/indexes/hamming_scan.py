"""The loop over stored hashes, compiled to vector instructions when this module is imported; only `hamming` imports it.

The numbers lie word by word (see `hamming`), so that the loop holds nothing but loads, xors and population counts, and
is turned into the widest of them that the processor has. What was compiled is kept beside this file, else in the user's
cache; where neither can be written, each process that searches compiles for itself.
"""

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, cast

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Counted = NDArray[np.int64]
# (words, asked, places before, place to begin at, (reach, within reach, at each distance), most, room) -> (pairs put
# into the room, place that is next)
Scan = Callable[[Words, Words, int, int, tuple[Counted, Counted, Counted], int, Counted], tuple[int, int]]

BLOCK = 1024  # hashes compared with all queries before the next; 32 KB, which stay in the first cache
_types: Any = numba.types
_READ = _types.Array(numba.uint64, 2, "C", readonly=True)  # what may be written to is taken as well
_COUNTS, _TABLE = _types.Array(numba.int64, 1, "C"), _types.Array(numba.int64, 2, "C")
SIGNATURE = _types.UniTuple(numba.int64, 2)(
    _READ, _READ, numba.int64, numba.int64, _types.Tuple((_COUNTS, _COUNTS, _TABLE)), numba.int64, _TABLE
)


def _counting(_typing: Any, word: Any) -> Any:
    """Return how the compiler counts the bits of a word that are set: by the processor's own instruction."""
    return _types.int64(word), lambda _context, builder, _signature, values: builder.ctpop(values[0])


_ones = cast(Callable[[np.uint64], np.int64], intrinsic(_counting))


def _scan(  # compiled code takes no objects, so these are many
    words: Words,
    asked: Words,
    before: int,
    start: int,
    kept: tuple[Counted, Counted, Counted],
    most: int,
    room: Counted,
) -> tuple[int, int]:
    """Put (query, place, bits) of what is near into the room; stop before a block that might not fit.

    `reach` is how far a hash may be to count among the `most` nearest of its query; it shrinks with what was met.
    """
    reach, within, at_bits = kept
    filled, count = 0, words.shape[1]
    for begin in range(start, count, BLOCK):
        size = min(BLOCK, count - begin)
        if filled + size * asked.shape[0] > room.shape[0]:
            return filled, begin
        # Slices, because an index that may be negative keeps a loop from becoming vector instructions.
        first, second = words[0, begin : begin + size], words[1, begin : begin + size]
        third, fourth = words[2, begin : begin + size], words[3, begin : begin + size]
        # Two queries at a time, so that each hash is loaded once for both; an odd last one is compared with itself.
        for pair in range(0, asked.shape[0], 2):
            other = min(pair + 1, asked.shape[0] - 1)
            one, two, three, four = asked[pair, 0], asked[pair, 1], asked[pair, 2], asked[pair, 3]
            five, six, seven, eight = asked[other, 0], asked[other, 1], asked[other, 2], asked[other, 3]
            least, least_of_other = np.int64(257), np.int64(257)
            for place in range(size):
                w, x, y, z = first[place], second[place], third[place], fourth[place]
                bits = _ones(w ^ one) + _ones(x ^ two)
                bits += _ones(y ^ three) + _ones(z ^ four)
                least = min(least, bits)
                bits = _ones(w ^ five) + _ones(x ^ six)
                bits += _ones(y ^ seven) + _ones(z ^ eight)
                least_of_other = min(least_of_other, bits)
            for query in range(pair, other + 1):
                if (least if query == pair else least_of_other) > reach[query]:
                    continue
                one, two, three, four = asked[query, 0], asked[query, 1], asked[query, 2], asked[query, 3]
                for place in range(size):
                    bits = _ones(first[place] ^ one) + _ones(second[place] ^ two)
                    bits += _ones(third[place] ^ three) + _ones(fourth[place] ^ four)
                    if bits > reach[query]:
                        continue
                    room[filled, 0], room[filled, 1], room[filled, 2] = query, before + begin + place, bits
                    filled += 1
                    at_bits[query, bits] += 1
                    within[query] += 1
                    while within[query] >= most and reach[query] >= 0:
                        within[query] -= at_bits[query, reach[query]]
                        reach[query] -= 1
    return filled, count


def _compiled() -> Scan:
    try:
        return cast(Scan, numba.njit(SIGNATURE, nogil=True, cache=True)(_scan))
    except (RuntimeError, OSError, EOFError, UnpicklingError):  # nowhere to keep it, or what is kept is damaged
        return cast(Scan, numba.njit(SIGNATURE, nogil=True)(_scan))


scan = _compiled()
