"""Hashes that came after the base of an index was built: few enough to be compared one by one."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.indexes import hamming
from matcher.indexes.hamming import HASH_BYTES, Codes, Numbers, Pairs, Words
from matcher.indexes.near import Near

PART = 4096  # hashes, about; what is copied when one owner comes or goes


@dataclass(frozen=True)
class Part:
    """Some entries, in ascending order of owners, then rows."""

    owners: Numbers
    rows: Numbers
    words: Words

    def __len__(self) -> int:
        return len(self.owners)

    def where(self, kept: NDArray[Any] | slice) -> "Part":
        """Return some of the entries."""
        return Part(self.owners[kept], self.rows[kept], np.ascontiguousarray(self.words[:, kept]))


@dataclass(frozen=True)
class Delta:
    """An immutable set of entries by owner and row; a change makes another one that shares what did not change."""

    parts: tuple[Part, ...] = ()  # in ascending order of owners, then rows

    @cached_property
    def begins(self) -> Numbers:
        """The place of each part's first entry, and one more at the end."""
        return np.cumsum([0, *map(len, self.parts)])

    def __len__(self) -> int:
        return int(self.begins[-1])

    def __contains__(self, owner: int) -> bool:
        return any(part.owners[0] <= owner <= part.owners[-1] and owner in part.owners for part in self.parts)

    def bytes_held(self) -> int:
        """Return the bytes of memory that the entries take."""
        return sum(part.owners.nbytes + part.rows.nbytes + part.words.nbytes for part in self.parts)

    def changed(self, added: Mapping[int, Codes], removed: Collection[int] = ()) -> "Delta":
        """Return the entries with those of some owners replaced, and those of others removed."""
        gone = sorted({*added, *removed})
        kept = [part for each in self.parts for part in [_without(each, gone)] if len(part)]
        new = sorted(owner for owner in added if len(added[owner]))
        ends, at = [int(part.owners[-1]) for part in kept], 0
        parts: list[Part] = []
        for number, part in enumerate(kept):
            until = len(new) if number == len(kept) - 1 else bisect_right(new, ends[number], at)
            parts += [part] if until == at else _split(_joined(part, {owner: added[owner] for owner in new[at:until]}))
            at = until
        if not kept and new:
            parts = _split(_joined(None, {owner: added[owner] for owner in new}))
        return Delta(tuple(parts))

    def only(self, owners: Collection[int]) -> "Delta":
        """Return the entries of some owners."""
        wanted = np.fromiter(owners, np.int64, len(owners))
        parts = (part.where(np.isin(part.owners, wanted)) for part in self.parts)
        return Delta(tuple(part for part in parts if len(part)))

    def owners(self) -> Numbers:
        """Return the owner of every entry, in order."""
        return np.concatenate([np.zeros(0, np.int64), *(part.owners for part in self.parts)])

    def codes_of(self, owner: int) -> Codes:
        """Return the hashes of an owner, in order of rows."""
        found = [hamming.codes_of(part.words) for part in self.only([owner]).parts]
        return np.concatenate([np.zeros((0, HASH_BYTES), np.uint8), *found])

    def near(self, codes: Codes, radius: int, most: int) -> Near:
        """Return every entry within `radius` bits of each query, nearest first; no more than `most` of each, and of
        equally near ones the lowest owners and rows."""
        return self.told(hamming.nearest([part.words for part in self.parts], codes, radius, most))

    def told(self, pairs: Pairs) -> Near:
        """Return pairs by owner and row instead of place."""
        query, place, bits = pairs
        owner, row = np.empty(len(place), np.int64), np.empty(len(place), np.int64)
        whose = np.searchsorted(self.begins, place, "right") - 1
        for number in np.unique(whose).tolist():
            mine = whose == number
            inside = place[mine] - self.begins[number]
            owner[mine], row[mine] = self.parts[number].owners[inside], self.parts[number].rows[inside]
        return Near(query, owner, row, bits.astype(np.float64))


def _without(part: Part, gone: list[int]) -> Part:
    first, last = bisect_left(gone, part.owners[0]), bisect_right(gone, part.owners[-1])
    if first == last:
        return part
    kept = ~np.isin(part.owners, gone[first:last])
    return part if kept.all() else part.where(kept)


def _joined(part: Part | None, added: Mapping[int, Codes]) -> Part:
    """Return a part with the hashes of owners, who ascend and are not in it."""
    counts = [len(codes) for codes in added.values()]
    owners = np.repeat(np.fromiter(added, np.int64, len(added)), counts)
    new = Part(
        owners,
        np.concatenate([np.arange(count) for count in counts]),
        hamming.laid_out(np.concatenate([*added.values()])),
    )
    if part is None:
        return new
    owners = np.concatenate([part.owners, new.owners])
    order = np.argsort(owners, kind="stable")
    rows = np.concatenate([part.rows, new.rows])
    words = np.concatenate([part.words, new.words], axis=1)
    return Part(owners, rows, words).where(order)


def _split(part: Part) -> list[Part]:
    if len(part) <= 2 * PART:
        return [part]
    return [part.where(slice(start, start + PART)) for start in range(0, len(part), PART)]
