"""What an index in parts is made of: entries that never change, some of which may not count any more.

Parts are searched one by one and merged. Of equally near entries those of the lowest owners and rows come first,
wherever they lie: so what is told depends on what is in the index, and not on when it came or was put together.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from matcher.indexes.snapshots import Pieces
from matcher.interface import Hit

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Numbers = NDArray[np.int64]
Distances = NDArray[np.float32]
Bits = NDArray[np.uint8]  # one for each place, packed, the lowest first
Asked = tuple[Array, ...]  # arrays with a row for each query
Table = tuple[Distances, Numbers, Numbers]  # (queries, neighbours): distance, owner, row; where there is none,
NONE = -1  # the row, and the distance is infinite

EVERYTHING: Bits = np.zeros(0, np.uint8)  # every entry counts
OWNERS, BEGINS = "owners", "begins"  # arrays of every part
MOVED = 1 << 18  # rows, about, that are put together at a time; bounds the memory
SPARE = 4  # neighbours asked for beyond those wanted: the last of these is hardly ever as near as the last wanted


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """Some entries by owner and row; a place is the number of an entry in ascending order of both."""

    arrays: Arrays  # what is stored on disk; may be mapped
    counting: Bits = field(default_factory=lambda: EVERYTHING)  # places that count
    tombstones: int = 0  # that do not

    @abstractmethod
    def near(self, asked: Asked, count: int) -> tuple[Distances, Numbers]:
        """Return two tables, (queries, count): distances and places of the nearest entries that count; -1: none."""

    @property
    def owners(self) -> Numbers:
        """The owners, ascending; those below 0 are shipped and belong to nobody."""
        return self.arrays[OWNERS]

    @property
    def begins(self) -> Numbers:
        """The first place of each owner, and one more at the end."""
        return self.arrays[BEGINS]

    @property
    def shipped(self) -> int:
        """How many places belong to nobody."""
        return int(self.begins[np.searchsorted(self.owners, 0)])

    def __len__(self) -> int:
        """Return how many entries count, without what belongs to nobody."""
        return int(self.begins[-1]) - self.shipped - self.tombstones

    def standing(self) -> NDArray[np.bool_]:
        """Say of each owner whether it has entries that count."""
        return self._stand(np.arange(len(self.owners)))

    def slots_of(self, owners: Collection[int]) -> Numbers:
        """Return which of the owners these are; those that have no entry that counts are left out."""
        wanted = np.unique(np.fromiter(owners, np.int64, len(owners)))
        slots = np.searchsorted(self.owners, wanted)
        inside = slots < len(self.owners)
        slots = slots[inside][self.owners[slots[inside]] == wanted[inside]].astype(np.int64)
        stand: Numbers = slots[self._stand(slots)]
        return stand

    def places_of(self, slot: int) -> slice:
        """Return where the entries of an owner stand."""
        return slice(int(self.begins[slot]), int(self.begins[slot + 1]))

    def without(self, owners: Collection[int]) -> Self:
        """Return a part in which nothing of these owners counts; nothing is copied but a bit for each entry."""
        slots = self.slots_of(owners).tolist()
        if not slots:
            return self
        counting = self.counting.copy() if len(self.counting) else np.full(-(-int(self.begins[-1]) // 8), 255, np.uint8)
        for slot in slots:
            places = self.places_of(slot)
            first, last = places.start >> 3, (places.stop + 7) >> 3
            each = np.arange(first << 3, last << 3)
            counting[first:last] &= np.packbits((each < places.start) | (each >= places.stop), bitorder="little")
        gone = sum(int(self.begins[slot + 1] - self.begins[slot]) for slot in slots)
        return replace(self, counting=counting, tombstones=self.tombstones + gone)

    def only(self, owners: Collection[int]) -> Self:
        """Return a part in which nothing of other owners counts."""
        wanted = np.fromiter(owners, np.int64, len(owners))
        return self.without(np.setdiff1d(self.owners[self.standing()], wanted).tolist())

    def counts(self, places: Numbers) -> NDArray[np.bool_]:
        """Say which of these places count."""
        if not len(self.counting):
            return np.ones(len(places), bool)
        return np.asarray(self.counting[places >> 3] >> (places & 7) & 1, bool)

    def told(self, distances: Distances, places: Numbers) -> Table:
        """Return what `near` found by owner and row instead of place."""
        is_there = places >= 0
        slots = np.searchsorted(self.begins, places, "right") - 1
        rows = np.where(is_there, places - self.begins[slots], NONE)
        return np.where(is_there, distances, np.inf), np.where(is_there, self.owners[slots], NONE), rows

    def bytes_held(self) -> int:
        """Return the bytes of all arrays, wherever they lie, and of what does not count."""
        return sum(array.nbytes for array in self.arrays.values()) + self.counting.nbytes

    def _stand(self, slots: Numbers) -> NDArray[np.bool_]:
        begins = self.begins[slots]
        stand = np.asarray(self.begins[slots + 1] > begins)
        stand[stand] = self.counts(begins[stand])
        return stand


def nearest(parts: Sequence[Part], asked: Asked, count: int) -> Table:
    """Return the nearest entries of all parts for each query, nearest first, equal ones by owner, then row."""
    queries = len(asked[0])
    distances = np.full((queries, count), np.inf, np.float32)
    owners, rows = np.full((queries, count), NONE, np.int64), np.full((queries, count), NONE, np.int64)
    left, wide = np.arange(queries), count + SPARE
    parts = [part for part in parts if len(part) or part.shipped]
    while len(left) and parts:
        some = tuple(array[left] for array in asked)
        found = [part.told(*part.near(some, wide)) for part in parts]
        far, owner, row = (np.concatenate(columns, axis=1) for columns in zip(*found, strict=True))
        order = np.lexsort((row, owner, far))[:, :count]
        far, owner, row = (np.take_along_axis(column, order, axis=1) for column in (far, owner, row))
        # A part that told nothing beyond the last that is wanted may hold more that are as near as that one.
        is_open = np.any([ends[:, -1] <= far[:, -1] for ends, _, _ in found], axis=0) & np.isfinite(far[:, -1])
        done = left[~is_open]
        distances[done], owners[done], rows[done] = far[~is_open], owner[~is_open], row[~is_open]
        left, wide = left[is_open], 2 * wide
    return distances, owners, rows


def hits(table: Table) -> list[list[Hit]]:
    """Return what is told of each query as a list."""
    columns = (column.tolist() for column in table)
    return [
        [Hit(owner, row, far) for far, owner, row in zip(*each, strict=True) if row != NONE]
        for each in zip(*columns, strict=True)
    ]


def together(parts: Sequence[Part]) -> tuple[Numbers, Numbers, list[Numbers]]:
    """Return what becomes of parts that are put together: the owners that have an entry that counts, the first place of
    each and one more at the end; and for each part, the first new place of each of its owners, -1 for those that go.

    An owner has entries that count in one part only.
    """
    standing = [part.standing() for part in parts]
    owners = np.concatenate([part.owners[kept] for part, kept in zip(parts, standing, strict=True)])
    counts = np.concatenate([np.diff(part.begins)[kept] for part, kept in zip(parts, standing, strict=True)])
    order = np.argsort(owners, kind="stable")
    begins = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
    first = np.empty(len(owners), np.int64)
    first[order] = begins[:-1]
    targets, done = [], 0
    for kept in standing:
        target = np.full(len(kept), NONE, np.int64)
        target[kept] = first[done : done + int(kept.sum())]
        targets.append(target)
        done += int(kept.sum())
    return owners[order], begins, targets


def moved(part: Part, target: Numbers, places: Numbers) -> Numbers:
    """Return the new places of entries, -1 for those that go; `target` is of the part, as `together` says."""
    slots = np.searchsorted(part.begins, places, "right") - 1
    begins = target[slots]
    return np.where(begins < 0, NONE, begins + places - part.begins[slots])


def moved_rows(name: str, of: Sequence[Part], begins: Numbers, targets: Sequence[Numbers]) -> Iterator[Array]:
    """Yield the rows of an array that has one for each place, in order of new places, some owners at a time; `begins`
    and `targets` as `together` says."""
    kept = [np.flatnonzero(target >= 0) for target in targets]
    edges = np.unique(np.searchsorted(begins, np.arange(0, begins[-1] + MOVED, MOVED)).clip(max=len(begins) - 1))
    for first, last in itertools.pairwise(begins[edges].tolist()):
        rows: Array | None = None
        for part, target, slots in zip(of, targets, kept, strict=True):
            mine = slots[slice(*np.searchsorted(target[slots], [first, last]))]
            counts = part.begins[mine + 1] - part.begins[mine]
            inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            some = part.arrays[name][np.repeat(part.begins[mine], counts) + inside]
            if len(some):
                rows = np.empty((last - first, *some.shape[1:]), some.dtype) if rows is None else rows
                rows[np.repeat(target[mine], counts) + inside - first] = some
        if rows is not None:
            yield rows


def in_memory(arrays: Iterable[tuple[str, Array | Pieces]]) -> Arrays:
    """Return arrays that are not to be written."""
    return {
        name: np.concatenate([np.zeros((0, *array.shape[1:]), array.dtype), *array.pieces])
        if isinstance(array, Pieces)
        else array
        for name, array in arrays
    }
