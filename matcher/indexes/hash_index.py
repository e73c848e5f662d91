"""The index of 256-bit hashes that stays fresh: what is added is found at once, what is removed is never told again.

It holds an immutable base (see `multi_index`), the few hashes that came since (see `hash_delta`), and which entries of
the base do not count any more. The three are one immutable state, published by replacing one reference: whoever
searches takes it once, waits for nobody and sees all of a change or nothing. The truth is elsewhere: `covers` says how
far of it went in, and whoever keeps it adds the rest after opening.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from config import clock
from matcher.indexes import hamming, multi_index
from matcher.indexes.figures import Figures
from matcher.indexes.hamming import HASH_BITS, HASH_BYTES, Codes, Numbers
from matcher.indexes.hash_delta import Delta
from matcher.indexes.multi_index import EVERYTHING, RADIUS, Bits, MultiIndex
from matcher.indexes.near import Near
from matcher.indexes.numbering import ROWS
from matcher.indexes.snapshots import Snapshot, Snapshots
from matcher.interface import Hit

MOST_PER_QUERY = 400  # hits; a shot held for a minute is worth no more than its nearest
MOVED = 1 << 18  # entries of an old base that are put into a new one at a time
FEW = 8  # below one in so many of the base's entries, those of the owners that are asked for are compared alone


@dataclass(frozen=True)
class _State:
    """Everything that a search looks at."""

    base: MultiIndex
    generation: int = 0
    made_at: str = ""
    delta: Delta = field(default_factory=Delta)
    counting: Bits = field(default_factory=lambda: EVERYTHING)  # a bit for each place of the base; empty: all count
    tombstones: int = 0
    covers: int = 0

    def __len__(self) -> int:
        return len(self.base) - self.tombstones + len(self.delta)

    def counts(self, places: slice) -> bool:
        """Say whether the entries of one owner in the base count."""
        if places.stop == places.start or not len(self.counting):
            return bool(places.stop > places.start)
        return bool(self.counting[places.start >> 3] >> (places.start & 7) & 1)

    def without(self, owners: Collection[int]) -> "_State":
        """Return a state in which nothing of these owners in the base counts."""
        gone = [places for places in map(self.base.places_of, owners) if self.counts(places)]
        if not gone:
            return self
        full = np.full(-(-len(self.base) // 8), 255, np.uint8)
        counting = self.counting.copy() if len(self.counting) else full
        for places in gone:
            _clear(counting, places)
        more = sum(places.stop - places.start for places in gone)
        return replace(self, counting=counting, tombstones=self.tombstones + more)

    def on(self, base: "_State", changed: Collection[int]) -> "_State":
        """Return this state on a newer base that lacks what became of the owners in `changed`."""
        delta = self.delta.only(changed)
        return replace(base.without(changed), delta=delta, covers=max(base.covers, self.covers))


class HashIndex:
    """An index of 32-byte hashes under Hamming distance: exact, for any number of threads, on disk or not."""

    name = "hashes"

    def __init__(self, snapshots: Snapshots | None = None) -> None:
        """Open the newest generation that is whole, else begin with nothing; `damages` says what was not whole."""
        self._snapshots = snapshots
        self._writer = threading.RLock()  # for everything that replaces the state
        self._compacting = threading.Lock()
        self._touched: set[int] = set()  # owners that changed since the base was made
        self._since: set[int] = set()  # and since a new base is being made
        self.damages: list[str] = []
        self._state = _State(MultiIndex(dict(multi_index.built(*_nothing()))))
        if snapshots is not None:
            snapshot, self.damages = snapshots.newest()
            if snapshot is not None:
                self._state = _based(snapshot)

    @property
    def covers(self) -> int:
        """How far of the truth is in: what comes after it must still be told by `change`."""
        return self._state.covers

    def add(self, owner: int, codes: Codes) -> None:
        """Store the hashes of `owner`, (count, 32) uint8, in place of what was stored under that number; searchable
        when this returns."""
        self.change({owner: codes})

    def remove(self, owner: int) -> None:
        """Forget every hash of `owner`; no search that begins after this returned tells of it. Unknown ones are no
        error."""
        self.change({}, [owner])

    def change(self, added: Mapping[int, Codes], removed: Collection[int] = (), covers: int | None = None) -> None:
        """Replace the hashes of some owners and forget those of others, at once for whoever searches.

        `covers` says how far of the truth is in after it, such as the number of the last row that was read; it never
        goes back.
        """
        most = max((len(codes) for codes in added.values()), default=0)
        if most > ROWS:
            raise ValueError(f"{most} hashes of one owner do not fit into an index; store them under several owners")
        with self._writer:
            owners, state = {*added, *removed}, self._state
            self._touched |= owners
            self._since |= owners
            fresh = replace(state.without(owners), delta=state.delta.changed(added, removed))
            self._state = replace(fresh, covers=max(state.covers, state.covers if covers is None else covers))

    def within(
        self, codes: Codes, radius: int, owners: Collection[int] | None = None, most: int = MOST_PER_QUERY
    ) -> Near:
        """Return every stored hash within `radius` bits, inclusive, of each of the queries, nearest first; of a query
        that is near to more than `most`, the nearest, and of equally near ones the lowest owners and rows.

        With `owners`, only theirs are looked at; unknown ones are no error.
        """
        state = self._state  # once: everything below is about the same moment
        if not len(codes) or not len(state):
            return Near.nothing()
        if owners is None:
            parts = [_in_base(state.base, (codes, radius, most), state.counting), state.delta.near(codes, radius, most)]
        else:
            parts = _of_owners(state, (codes, radius, most), {*owners})
        return _merged([part for part in parts if len(part.query)], len(codes), most)

    def search(self, codes: Codes, count: int) -> list[list[Hit]]:
        """Return, per query row, the `count` nearest hashes, nearest first; equal distances by owner, then row."""
        hits: list[list[Hit]] = [[] for _ in codes]
        left = np.arange(len(codes))
        for radius in (RADIUS // 3, RADIUS, HASH_BITS):
            near = self.within(codes[left], radius, most=count)
            counts = np.bincount(near.query, minlength=len(left))
            is_done = (counts >= count) | (radius == HASH_BITS)
            mine = np.flatnonzero(is_done[near.query])
            columns = (left[near.query[mine]], near.owner[mine], near.row[mine], near.distance[mine])
            for query, *hit in zip(*(column.tolist() for column in columns), strict=True):
                hits[query].append(Hit(*hit))
            left = left[~is_done]
        return hits

    def owners(self) -> Numbers:
        """Return every owner of a hash, in ascending order."""
        state = self._state
        counts = np.diff(state.base.begins)
        return np.sort(np.concatenate([state.base.owners[_counting(state, counts)], np.unique(state.delta.owners())]))

    def codes_of(self, owner: int) -> Codes:
        """Return the hashes of an owner as they were added; none when it has none."""
        state = self._state
        places = state.base.places_of(owner)
        if state.counts(places):
            return state.base.codes_at(places)
        return state.delta.codes_of(owner)

    def compact(self) -> None:
        """Make a new base of everything that counts, on disk where there is one; searches and changes go on meanwhile.

        Raises SnapshotNotWritten; the index then stays as it is.
        """
        with self._compacting:
            with self._writer:
                state, self._since = self._state, set()
            arrays = multi_index.built(*_entries(state))
            if self._snapshots is None:
                fresh = _State(MultiIndex(dict(arrays)), covers=state.covers)
            else:
                fresh = _based(self._snapshots.write(arrays, state.covers))
            with self._writer:
                self._state = self._state.on(fresh, self._since)
                self._touched = self._since

    def refresh(self) -> bool:
        """Take up a newer generation that another process wrote; say whether there was one. Raises SnapshotDamaged.

        Changes beyond what it covers stay. Those that it covers are its own by now, so they are dropped: whoever shares
        generations tells every change together with `covers`.
        """
        if self._snapshots is None or self._snapshots.current() in (0, self._state.generation):
            return False
        with self._compacting:
            snapshot = self._snapshots.opened(self._snapshots.current())
            with self._writer:
                if self._state.covers <= snapshot.covers:
                    self._touched = set()
                self._state = self._state.on(_based(snapshot), self._touched)
        return True

    def figures(self) -> Figures:
        """Return how the index stands."""
        state = self._state
        age_s = (clock.now() - datetime.fromisoformat(state.made_at)).total_seconds() if state.made_at else None
        arrays = sum(array.nbytes for array in state.base.arrays.values())
        mapped = arrays if state.generation else 0
        return Figures(
            len(state), len(state.delta), state.tombstones, state.generation, age_s, state.covers, mapped,
            self.bytes_held(),
        )  # fmt: skip

    def bytes_held(self) -> int:
        """Return the bytes of memory that this process holds alone; what is mapped is shared and not counted."""
        state = self._state
        arrays = 0 if state.generation else sum(array.nbytes for array in state.base.arrays.values())
        return arrays + state.counting.nbytes + state.delta.bytes_held()

    def __contains__(self, owner: int) -> bool:
        state = self._state
        return state.counts(state.base.places_of(owner)) or owner in state.delta

    def __len__(self) -> int:
        """Return how many hashes are stored."""
        return len(self._state)


def _nothing() -> tuple[Numbers, Numbers, Codes]:
    none = np.zeros(0, np.int64)
    return none, none, np.zeros((0, HASH_BYTES), np.uint8)


def _based(snapshot: Snapshot) -> _State:
    """Return the state of a generation to which nothing was added yet."""
    return _State(MultiIndex(snapshot.arrays), snapshot.generation, snapshot.made_at, covers=snapshot.covers)


def _clear(counting: Bits, places: slice) -> None:
    first, last = places.start >> 3, (places.stop + 7) >> 3
    each = np.arange(first << 3, last << 3)
    counting[first:last] &= np.packbits((each < places.start) | (each >= places.stop), bitorder="little")


def _in_base(base: MultiIndex, asked: tuple[Codes, int, int], counting: Bits) -> Near:
    query, place, bits = base.near(*asked, counting)
    return _owned(base, query, place, bits)


def _owned(base: MultiIndex, query: Numbers, place: Numbers, bits: Numbers) -> Near:
    """Return pairs of the base by owner and row instead of place."""
    slot = np.searchsorted(base.begins, place, "right") - 1
    return Near(query, base.owners[slot], place - base.begins[slot], bits.astype(np.float64))


def _of_owners(state: _State, asked: tuple[Codes, int, int], owners: set[int]) -> list[Near]:
    """Return what is near among the hashes of some owners: in the base, in the delta."""
    base = state.base
    known = (base.places_of(owner) for owner in sorted(owners))
    theirs = [places for places in known if state.counts(places)]
    delta = state.delta.only(owners).near(*asked)
    if sum(places.stop - places.start for places in theirs) * FEW > len(base):
        counting = np.zeros(-(-len(base) // 8), np.uint8)
        for places in theirs:
            each = np.arange(places.start >> 3 << 3, (places.stop + 7) >> 3 << 3)
            is_theirs = (each >= places.start) & (each < places.stop)
            counting[places.start >> 3 : (places.stop + 7) >> 3] |= np.packbits(is_theirs, bitorder="little")
        return [_in_base(base, asked, counting), delta]
    if not theirs:
        return [delta]
    place = np.concatenate([np.arange(places.start, places.stop) for places in theirs])
    query, number, bits = hamming.nearest([hamming.laid_out(base.codes_at(place))], *asked)
    return [_owned(base, query, place[number], bits), delta]


def _merged(parts: list[Near], queries: int, most: int) -> Near:
    """Return the nearest pairs of all parts, for each query; every part is in that order already."""
    if len(parts) < 2:
        return parts[0] if parts else Near.nothing()
    columns = ("query", "owner", "row", "distance")
    query, owner, row, distance = (np.concatenate([getattr(part, name) for part in parts]) for name in columns)
    order = np.lexsort((row, owner, distance, query))
    counts = np.bincount(query, minlength=queries)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[rank < most]
    return Near(query[kept], owner[kept], row[kept], distance[kept])


def _counting(state: _State, counts: Numbers) -> NDArray[np.bool_]:
    """Say of each owner of the base, which has so many hashes there, whether they count."""
    counting = counts > 0
    if len(state.counting):
        starts = state.base.begins[:-1][counting]
        counting[counting] = state.counting[starts >> 3] >> (starts & 7) & 1 > 0
    return counting


def _entries(state: _State) -> tuple[Numbers, Numbers, Codes]:
    """Return everything that counts: (owners, how many hashes of each, the hashes)."""
    base, delta = state.base, state.delta
    counts = np.diff(base.begins)
    is_kept = _counting(state, counts)
    new, new_counts = np.unique(delta.owners(), return_counts=True)
    owners = np.concatenate([base.owners[is_kept], new])
    every = np.concatenate([counts[is_kept], new_counts])
    order = np.argsort(owners, kind="stable")
    begins = np.empty(len(owners), np.int64)
    begins[order] = np.cumsum(every[order]) - every[order]
    codes = np.empty((int(every.sum()), HASH_BYTES), np.uint8)
    kept = int(is_kept.sum())
    target = np.full(len(counts), -1, np.int64)
    target[is_kept] = begins[:kept]
    for start in range(0, len(base), MOVED):
        place = np.arange(start, min(start + MOVED, len(base)))
        slot = np.searchsorted(base.begins, place, "right") - 1
        goes = target[slot] >= 0
        codes[target[slot[goes]] + place[goes] - base.begins[slot[goes]]] = base.codes_at(place[goes])
    for part in delta.parts:
        codes[begins[kept:][np.searchsorted(new, part.owners)] + part.rows] = hamming.codes_of(part.words)
    return owners[order], every[order], codes
