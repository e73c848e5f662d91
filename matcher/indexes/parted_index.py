"""What an approximate index needs to stay fresh and to be kept: it is searched while it is changed, and opened again.

It holds an immutable base with everything of the last snapshot, and a few smaller parts with what came since. All of
them are one immutable state, published by replacing one reference: whoever searches takes it once, waits for nobody and
sees all of a change or nothing. What was removed stays where it is and does not count, until the parts are put
together. The truth is elsewhere: what is lost here is told again.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from config import clock
from matcher.indexes.figures import Figures
from matcher.indexes.parts import Array, Arrays, Numbers, Part, in_memory
from matcher.indexes.snapshots import Pieces, Snapshot, SnapshotDamaged, Snapshots

P = TypeVar("P", bound=Part)

GROWTH = 4  # times as many entries has each part since the base as the one after it; so there are never many


@dataclass(frozen=True)
class State(Generic[P]):
    """Everything that a search looks at."""

    parts: tuple[P, ...]  # the base first, then what came since, the oldest first
    generation: int = 0
    made_at: str = ""
    covers: int = 0

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __contains__(self, owner: int) -> bool:
        return owner >= 0 and any(len(part.slots_of([owner])) for part in self.parts)

    def without(self, owners: Collection[int]) -> "State[P]":
        """Return a state in which nothing of these owners counts."""
        base, *since = (part.without(owners) for part in self.parts)
        return replace(self, parts=(base, *(part for part in since if len(part))))


class PartedIndex(ABC, Generic[P]):
    """An index in parts, for any number of threads, on disk or not.

    Whoever shares generations between processes gives owners numbers that stand for what is stored of them, or tells
    every change together with `covers`.
    """

    name: str

    def __init__(self, snapshots: Snapshots | None = None) -> None:
        """Open the newest generation that is whole, else begin with nothing; `damages` says what was not whole."""
        self._snapshots = snapshots
        self._writer = threading.RLock()  # for everything that replaces the state
        self._compacting = threading.Lock()
        self._touched: set[int] = set()  # owners that changed since the base was made
        self._since: set[int] = set()  # and since a new base is being made
        self.damages: list[str] = []
        self._state = self._newest()

    @abstractmethod
    def _born(self) -> P:
        """Return the base of an index in which nothing was stored yet."""

    @abstractmethod
    def _holding(self, added: Mapping[int, NDArray[np.uint8]]) -> P:
        """Return a part that holds the vectors of these owners; each has some."""

    @abstractmethod
    def _opened(self, arrays: Arrays) -> P:
        """Return the part that these arrays make. Raises SnapshotDamaged when they are of no use here."""

    @abstractmethod
    def _built(self, of: Sequence[P], *, is_base: bool) -> Iterator[tuple[str, Array | Pieces]]:
        """Yield the arrays of everything that counts in some parts; a base is worth more work."""

    @property
    def covers(self) -> int:
        """How far of the truth is in, as far as anybody told."""
        return self._state.covers

    def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
        """Store the vectors of `owner`, in place of what was stored under that number; searchable when this returns."""
        self.change({owner: codes})

    def remove(self, owner: int) -> None:
        """Forget every vector of `owner`; no search that begins after this returned tells of it. Unknown ones are no
        error."""
        self.change({}, [owner])

    def change(
        self, added: Mapping[int, NDArray[np.uint8]], removed: Collection[int] = (), covers: int | None = None
    ) -> None:
        """Replace the vectors of some owners and forget those of others, at once for whoever searches.

        Owners are numbers from 0 to 2**63 - 1. `covers` says how far of the truth is in after it; it never goes back.
        """
        if min(added, default=0) < 0:
            raise ValueError(f"{min(added)} cannot own anything in an index; owners are numbers from 0 on")
        new = {owner: codes for owner, codes in added.items() if len(codes)}
        fresh = [self._holding(new)] if new else []  # before anybody has to wait
        with self._writer:
            owners = {owner for owner in (*added, *removed) if owner >= 0}
            self._touched |= owners
            self._since |= owners
            state = self._state.without(owners)
            state = replace(state, covers=max(state.covers, state.covers if covers is None else covers))
            self._state = self._evened(replace(state, parts=(*state.parts, *fresh)))

    def compact(self) -> None:
        """Make a new base of everything that counts, on disk where there is one; searches and changes go on meanwhile.

        Raises SnapshotNotWritten; the index then stays as it is.
        """
        with self._compacting:
            with self._writer:
                state, self._since = self._state, set()
            arrays = self._built(state.parts, is_base=True)
            if self._snapshots is None:
                fresh = State((self._opened(in_memory(arrays)),), covers=state.covers)
            else:
                fresh = self._based(self._snapshots.write(arrays, state.covers))
            with self._writer:
                self._state = self._on(fresh, self._since)
                self._touched = self._since

    def refresh(self) -> bool:
        """Take up a newer generation that another process wrote; say whether there was one.

        What was added here and is not in it stays; what was removed here stays away, unless it covers the removal. One
        that is damaged is left alone, and `damages` says so.
        """
        if self._snapshots is None:
            return False
        with self._compacting:
            try:
                if self._snapshots.current() in (0, self._state.generation):
                    return False
                fresh = self._based(self._snapshots.opened(self._snapshots.current()))
            except SnapshotDamaged as damaged:
                self.damages = list(dict.fromkeys([*self.damages, str(damaged)]))
                return False
            with self._writer:
                self._touched = self._beyond(fresh)
                self._state = self._on(fresh, self._touched)
        return True

    def owners(self) -> Numbers:
        """Return every owner of a vector, in ascending order."""
        state = self._state
        every = np.concatenate([part.owners[part.standing()] for part in state.parts])
        return np.sort(every[every >= 0])

    def figures(self) -> Figures:
        """Return how the index stands."""
        state = self._state
        base, *since = state.parts
        age_s = (clock.now() - datetime.fromisoformat(state.made_at)).total_seconds() if state.made_at else None
        mapped = base.bytes_held() - base.counting.nbytes if state.generation else 0
        return Figures(
            len(state), sum(map(len, since)), base.tombstones, state.generation, age_s, state.covers, mapped,
            self.bytes_held(),
        )  # fmt: skip

    def bytes_held(self) -> int:
        """Return the bytes of memory that this process holds alone; what is mapped is shared and not counted, nor what
        is shipped."""
        state = self._state
        base, *since = state.parts
        stored = 0 if state.generation or not len(base) else base.bytes_held() - base.counting.nbytes
        return stored + base.counting.nbytes + sum(part.bytes_held() for part in since)

    def __contains__(self, owner: int) -> bool:
        return owner in self._state

    def __len__(self) -> int:
        """Return how many vectors are stored."""
        return len(self._state)

    def _newest(self) -> State[P]:
        snapshot = None
        if self._snapshots is not None:
            snapshot, self.damages = self._snapshots.newest()
        if snapshot is not None:
            try:
                return self._based(snapshot)
            except SnapshotDamaged as other:
                self.damages.append(str(other))
        return State((self._born(),))

    def _based(self, snapshot: Snapshot) -> State[P]:
        """Return the state of a generation to which nothing was added yet."""
        base = self._opened(snapshot.arrays)
        return State((base,), snapshot.generation, snapshot.made_at, snapshot.covers)

    def _evened(self, state: State[P]) -> State[P]:
        """Return a state of few parts: the last ones are put together while they are not much smaller than the one
        before."""
        base, *since = state.parts
        while len(since) > 1 and len(since[-2]) < GROWTH * len(since[-1]):
            since[-2:] = [self._opened(in_memory(self._built(since[-2:], is_base=False)))]
        return replace(state, parts=(base, *since))

    def _on(self, fresh: State[P], changed: Collection[int]) -> State[P]:
        """Return the state on a newer base that lacks what became of the owners in `changed`."""
        state = self._state
        since = [part for part in (part.only(changed) for part in state.parts[1:]) if len(part)]
        together = [self._opened(in_memory(self._built(since, is_base=False)))] if since else []
        base = fresh.parts[0].without(changed)
        return replace(fresh, parts=(base, *together), covers=max(fresh.covers, state.covers))

    def _beyond(self, fresh: State[P]) -> set[int]:
        """Return the owners whose change is not in a newer generation."""
        state = self._state
        if state.covers:
            return self._touched if state.covers > fresh.covers else set()
        # What an owner's number stands for is the same there.
        return {owner for owner in self._touched if owner not in state or owner not in fresh}
