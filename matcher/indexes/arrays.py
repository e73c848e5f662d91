"""Named arrays of many owners, fresh and shared: what a shelf keeps beside its indexes, or searches itself.

An immutable base is mapped from a generation on disk (see `snapshots`): of each name one array, in which the owners'
stand one after another. What was put since is held in memory, and owners of the base that were removed are marked. An
owner's number is the address of its content: whoever puts the same number puts the same arrays, so processes that share
generations need no order and no lock, and what is lost is put again.
"""

import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config import clock
from matcher.indexes.figures import Figures
from matcher.indexes.snapshots import Array, Pieces, Snapshot, Snapshots

Numbers = NDArray[np.int64]
Owned = Mapping[str, Array]  # by name; of one or two dimensions

OWNERS, BEGINS, SHAPES = "owners", ".begins", ".shapes"  # what is stored of all, and beside each name
ABSENT = -1  # rows of a name that an owner has no array of; columns of one that has one dimension


@dataclass(frozen=True)
class _Column:
    """The arrays of one name, the owners in turn."""

    items: Array
    begins: Numbers  # the first item of each owner, and one more at the end
    shapes: Numbers  # (owners, 2): rows and columns

    def of(self, slot: int) -> Array | None:
        """Return the array of an owner, a view."""
        rows, columns = self.shapes[slot].tolist()
        if rows == ABSENT:
            return None
        items = self.items[self.begins[slot] : self.begins[slot + 1]]
        return items if columns == ABSENT else items.reshape(rows, columns)


class _State:
    """A base, and what came and went since. What is put stands in `since` before it stops counting in the base, and the
    other way round, so that whoever takes an owner meanwhile sees all of its arrays, or none."""

    def __init__(self, arrays: Owned, generation: int = 0, made_at: str = "") -> None:
        self.owners: Numbers = arrays.get(OWNERS, np.zeros(0, np.int64))
        names = [name.removesuffix(BEGINS) for name in arrays if name.endswith(BEGINS)]
        self.columns = {name: _Column(arrays[name], arrays[name + BEGINS], arrays[name + SHAPES]) for name in names}
        self.generation, self.made_at = generation, made_at
        self.bytes_mapped = sum(array.nbytes for array in arrays.values())
        self.gone = np.zeros(len(self.owners), bool)  # of the owners in the base
        self.since: dict[int, Owned] = {}

    def slot(self, owner: int) -> int | None:
        """Return where an owner stands in the base; None when it does not, or does not count any more."""
        slot = int(np.searchsorted(self.owners, owner))
        is_there = slot < len(self.owners) and self.owners[slot] == owner and not self.gone[slot]
        return slot if is_there else None

    def change(self, added: Mapping[int, Owned], removed: Collection[int]) -> None:
        """Put the arrays of some owners, and forget others."""
        self.since.update(added)
        touched = np.fromiter([*added, *removed], np.int64, len(added) + len(removed))
        slots = np.searchsorted(self.owners, touched)
        inside = slots < len(self.owners)
        slots = slots[inside][self.owners[slots[inside]] == touched[inside]]
        self.gone[slots] = True
        for owner in removed:
            self.since.pop(owner, None)

    def __len__(self) -> int:
        return len(self.owners) - int(np.count_nonzero(self.gone)) + len(self.since)


class Arrays:
    """Arrays by owner and name, for any number of threads, on disk or not."""

    name = "arrays"

    def __init__(self, snapshots: Snapshots | None = None) -> None:
        """Open the newest generation that is whole, else begin with nothing; `damages` says what was not whole."""
        self._snapshots = snapshots
        self._writer = threading.RLock()  # for everything that changes or replaces the state
        self._compacting = threading.Lock()
        self._touched: set[int] | None = None  # owners that changed since a new base is being made; None: none is
        self.damages: list[str] = []
        self._state = _State({})
        if snapshots is not None:
            snapshot, self.damages = snapshots.newest()
            if snapshot is not None:
                self._state = _based(snapshot)

    def put(self, owner: int, arrays: Owned) -> None:
        """Store the arrays of `owner`, in place of what was stored under that number; they are kept, not copied."""
        self.change({owner: arrays})

    def remove(self, owner: int) -> None:
        """Forget the arrays of `owner`; unknown owners are no error."""
        self.change({}, [owner])

    def change(self, added: Mapping[int, Owned], removed: Collection[int] = ()) -> None:
        """Store the arrays of some owners and forget those of others.

        An owner may come with no arrays at all: then that is known of it. All arrays of one name have one type of item.
        """
        with self._writer:
            kept = {owner: {name: _kept(array) for name, array in each.items()} for owner, each in added.items()}
            self._state.change(kept, removed)
            if self._touched is not None:
                self._touched |= {*added, *removed}

    def take(self, owner: int) -> Owned | None:
        """Return the arrays of an owner by name, read-only and, once they are in the base, mapped; None when it is not
        known."""
        state = self._state  # once: a new base may take its place meanwhile
        found = state.since.get(owner)
        if found is not None:
            return found
        slot = state.slot(owner)
        if slot is None:
            return None
        arrays = {name: column.of(slot) for name, column in state.columns.items()}
        return {name: array for name, array in arrays.items() if array is not None}

    def owners(self) -> Numbers:
        """Return every owner, in ascending order."""
        with self._writer:  # an owner is in one of both, but for the moment of a change
            state = self._state
            return np.sort(np.concatenate([state.owners[~state.gone], np.fromiter(state.since, np.int64)]))

    def having(self, name: str) -> Numbers:
        """Return the owners that have an array of this name with at least one row, in ascending order."""
        with self._writer:
            state = self._state
            new = [owner for owner, arrays in state.since.items() if len(arrays.get(name, ()))]
            column = state.columns.get(name)
            old = np.zeros(0, np.int64) if column is None else state.owners[~state.gone & (column.shapes[:, 0] > 0)]
        return np.sort(np.concatenate([old, np.array(new, np.int64)]))

    def compact(self) -> None:
        """Write everything that counts as a new base, piece by piece; taking and changing go on meanwhile. Without a
        place on disk there is nothing to do.

        Raises SnapshotNotWritten; the arrays then stay as they are.
        """
        if self._snapshots is None:
            return
        with self._compacting:
            with self._writer:
                state, self._touched = self._state, set()
                is_kept, since = ~state.gone, dict(state.since)
            try:
                fresh = _based(self._snapshots.write(_stored(state, is_kept, since), 0))
                with self._writer:
                    later = {owner: state.since[owner] for owner in self._touched if owner in state.since}
                    fresh.change(later, self._touched - later.keys())
                    self._state = fresh
            finally:
                self._touched = None

    def refresh(self) -> bool:
        """Take up a newer generation that another process wrote; say whether there was one. Raises SnapshotDamaged.

        What was put here and is not in it stays. What was removed here and is in it counts again: its writer wanted it.
        """
        if self._snapshots is None or self._snapshots.current() in (0, self._state.generation):
            return False
        with self._compacting:
            fresh = _based(self._snapshots.opened(self._snapshots.current()))
            with self._writer:
                known = self._state.since
                missing = np.setdiff1d(np.fromiter(known, np.int64), fresh.owners).tolist()
                fresh.change({owner: known[owner] for owner in missing}, ())
                self._state = fresh
        return True

    def figures(self) -> Figures:
        """Return how the arrays stand; entries are owners."""
        state = self._state
        age_s = (clock.now() - datetime.fromisoformat(state.made_at)).total_seconds() if state.made_at else None
        gone = int(np.count_nonzero(state.gone))
        return Figures(
            len(state), len(state.since), gone, state.generation, age_s, 0, state.bytes_mapped, self.bytes_held()
        )

    def bytes_held(self) -> int:
        """Return the bytes of memory that this process holds alone; what is mapped is shared and not counted."""
        state = self._state
        new = sum(array.nbytes for arrays in list(state.since.values()) for array in arrays.values())
        return new + state.gone.nbytes

    def __contains__(self, owner: int) -> bool:
        state = self._state
        return owner in state.since or state.slot(owner) is not None

    def __len__(self) -> int:
        """Return how many owners there are."""
        return len(self._state)


def _based(snapshot: Snapshot) -> _State:
    return _State(snapshot.arrays, snapshot.generation, snapshot.made_at)


def _kept(array: Array) -> Array:
    if array.ndim not in (1, 2):
        raise ValueError(f"an array of {array.ndim} dimensions cannot be stored; it has one or two")
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _stored(state: _State, is_kept: NDArray[np.bool_], since: Mapping[int, Owned]) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a new base by name, in pieces of the old one and of what came since."""
    old = np.flatnonzero(is_kept)
    new = sorted(since)
    owners = np.concatenate([state.owners[old], np.array(new, np.int64)])
    order = np.argsort(owners, kind="stable")
    # Where each owner's arrays come from: a slot of the old base, or one below 0 for each that came since.
    source = np.concatenate([old, -1 - np.arange(len(new))])[order]
    yield OWNERS, owners[order]
    runs = np.split(source, np.flatnonzero((np.diff(source) != 1) | (source[1:] <= 0)) + 1) if len(source) else []
    for name in sorted({*state.columns, *(name for arrays in since.values() for name in arrays)}):
        column = state.columns.get(name)
        shapes = np.full((len(source), 2), ABSENT, np.int64)
        if column is not None:
            shapes[source >= 0] = column.shapes[source[source >= 0]]
        for place in np.flatnonzero(source < 0).tolist():
            array = since[new[-1 - int(source[place])]].get(name)
            if array is not None:
                shapes[place] = (len(array), array.shape[1] if array.ndim == 2 else ABSENT)
        items = np.where(shapes[:, 0] == ABSENT, 0, shapes[:, 0]) * np.where(shapes[:, 1] == ABSENT, 1, shapes[:, 1])
        begins = np.concatenate([[0], np.cumsum(items)]).astype(np.int64)
        yield name + SHAPES, shapes
        yield name + BEGINS, begins
        new_arrays = [each[name] for each in since.values() if name in each]
        dtype = _one_type(name, [array.dtype for array in (*([] if column is None else [column.items]), *new_arrays)])
        yield name, Pieces(dtype, (int(begins[-1]),), _pieces(name, column, runs, [since[owner] for owner in new]))


def _pieces(name: str, column: _Column | None, runs: list[Numbers], new: list[Owned]) -> Iterator[Array]:
    """Yield the items of one name: what stands together in the old base in one piece."""
    for run in runs:
        first, last = int(run[0]), int(run[-1])
        if first < 0:
            if name in new[-1 - first]:
                yield new[-1 - first][name].reshape(-1)
        elif column is not None:
            yield column.items[column.begins[first] : column.begins[last + 1]]


def _one_type(name: str, types: list[np.dtype[Any]]) -> np.dtype[Any]:
    if len({*types}) != 1:
        raise ValueError(f"the arrays called {name} are of several types of item: {sorted(map(str, {*types}))}")
    return types[0]
