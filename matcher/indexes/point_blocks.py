"""Packed descriptors in inverted lists, as faiss scans them in registers (IndexIVFPQFastScan): in one array that can be
mapped from a file, so that nothing is made or copied when it is opened. Pure.

List after list holds its codes in blocks of 32, interleaved, then the places of its entries. Only the last block of a
list is padded.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprints.quantised import CODE_BYTES

Codes = NDArray[np.uint8]  # (count, CODE_BYTES), packed
Numbers = NDArray[np.int64]
Counts = NDArray[np.integer[Any]]
Entries = tuple[Counts, Numbers, Codes]  # list, place and code of each; in ascending order of lists, then places

BLOCK = 32  # descriptors
UNIT = 256  # bytes: the places of a block's entries; its codes take two
UNITS = 3  # of a block
LANES = np.array([0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15])  # whose half bytes stand in which byte


@dataclass(frozen=True)
class Blocks:
    """Entries by list, in one array."""

    sizes: Counts  # of the lists
    content: NDArray[np.uint8]

    @classmethod
    def of(cls, sizes: Counts, entries: Entries) -> "Blocks":
        """Return lists of these sizes with these entries in them."""
        blocks = cls(sizes, np.empty(bytes_of(sizes), np.uint8))
        lists, places, codes = entries
        _, codes_at, places_at = blocks._units(0, len(sizes))
        ends = np.cumsum(sizes, dtype=np.int64)
        rank = np.arange(len(lists)) - np.repeat(ends - sizes, sizes)
        block, lane = blocks.firsts[lists] + rank // BLOCK, rank % BLOCK
        numbers = np.full((len(codes_at), BLOCK), -1, np.int64)
        numbers[block, lane] = places
        packed = np.zeros((len(codes_at), BLOCK, CODE_BYTES), np.uint8)
        packed[block, lane] = codes
        units, mixed = blocks._by_unit, _interleaved(packed)
        units[places_at] = numbers.view(np.uint8)
        units[codes_at], units[codes_at + 1] = mixed[:, :UNIT], mixed[:, UNIT:]
        return blocks

    @cached_property
    def blocks(self) -> Numbers:
        """How many blocks each list takes."""
        return -(-self.sizes.astype(np.int64) // BLOCK)

    @cached_property
    def firsts(self) -> Numbers:
        """The number of the first block of each list, and one more at the end."""
        return np.concatenate([[0], np.cumsum(self.blocks)])

    def table(self) -> NDArray[np.uint64]:
        """Return for each list how many entries it has, how many it has room for, and at which byte it begins."""
        columns = (self.sizes, self.blocks * BLOCK, self.firsts[:-1] * UNITS * UNIT)
        return np.ascontiguousarray(np.column_stack(columns), np.uint64)

    def places(self, first: int, last: int) -> tuple[Counts, Numbers]:
        """Return list and place of the entries of some lists, those from `first` to before `last`."""
        whose, _, at = self._units(first, last)
        is_there = self._are_there(whose, first)
        return np.repeat(whose, is_there.sum(axis=1)), self._by_unit[at].view(np.int64)[is_there]

    def codes(self, first: int, last: int) -> Codes:
        """Return the codes of the same entries."""
        whose, at, _ = self._units(first, last)
        mixed = np.concatenate([self._by_unit[at], self._by_unit[at + 1]], axis=1)
        return _apart(mixed)[self._are_there(whose, first)]

    @property
    def _by_unit(self) -> NDArray[np.uint8]:
        return self.content.reshape(-1, UNIT)

    def _are_there(self, whose: Numbers, first: int) -> NDArray[np.bool_]:
        """Say of each place in blocks, (blocks, 32), whether there is an entry; all others are at a list's end."""
        rank = BLOCK * (np.arange(len(whose)) + self.firsts[first] - self.firsts[whose])
        return np.asarray(rank[:, None] + np.arange(BLOCK) < self.sizes[whose][:, None])

    def _units(self, first: int, last: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return of each block of some lists: which list it is of, the number of its first unit of codes, and of that
        of places."""
        blocks = self.blocks[first:last]
        whose = np.repeat(np.arange(first, last), blocks)
        inside = np.arange(len(whose)) + self.firsts[first] - self.firsts[whose]
        begins = UNITS * self.firsts[whose]
        return whose, begins + 2 * inside, begins + 2 * self.blocks[whose] + inside


def bytes_of(sizes: Counts) -> int:
    """Return how many bytes lists of these sizes take."""
    return int(-(-sizes.astype(np.int64) // BLOCK).sum()) * UNITS * UNIT


def _interleaved(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return blocks of codes, (blocks, 32, 16), as they are scanned, (blocks, 512): for each two parts the half bytes
    of all descriptors together, a byte holding those of two descriptors that are 16 apart."""
    halves = np.stack([codes & 15, codes >> 4], axis=1)
    near, far = halves[:, :, LANES], halves[:, :, LANES + BLOCK // 2]
    return np.ascontiguousarray((near | far << 4).transpose(0, 3, 1, 2)).reshape(len(codes), -1)


def _apart(blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the codes of blocks, (blocks, 32, 16): the inverse."""
    mixed = blocks.reshape(len(blocks), CODE_BYTES, 2, BLOCK // 2)
    codes = np.empty((len(blocks), BLOCK, CODE_BYTES), np.uint8)
    for lanes, halves in ((LANES, mixed & 15), (LANES + BLOCK // 2, mixed >> 4)):
        codes[:, lanes] = (halves[:, :, 0] | halves[:, :, 1] << 4).transpose(0, 2, 1)
    return codes
