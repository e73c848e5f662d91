"""The frames of all registered films as 256-bit hashes: every stored frame within a radius, for many at once."""

from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from matcher.indexes.film_rolls import Codes, Film, Numbers, Roll

BLOCK = 1024  # queries a search; bounds the memory of a query whose every frame is a title card
MOST_PER_QUERY = 400  # hits; a shot held for a minute is worth no more than its nearest
SMALL = 2_000_000  # hashes, of 46 hours: up to here every one is compared, which takes 1.1 ms a query
ROLL = 1 << 18  # hashes of one roll, about; a changed roll is laid out anew

STRANGERS = NormalDist(128.0, 8.15)  # bits between two unrelated frames; measured on our corpus, films against films
FEW_STRANGERS = 4  # a query may meet; two of them on one line in one film are then rare: one in forty minutes of film


@dataclass(frozen=True)
class Near:
    """Pairs of a query row and a stored row; the four arrays run in parallel."""

    query: Numbers
    owner: Numbers
    row: Numbers  # which of the owner's vectors
    distance: NDArray[np.float64]  # bits for hashes, L2 for descriptors

    @classmethod
    def nothing(cls) -> "Near":
        """Return no pairs."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none, np.zeros(0))


class FilmFrames:
    """An index of 32-byte hashes under Hamming distance: exact on a small shelf, nearly so on a large one."""

    name = "film-frames"

    def __init__(self, small: int = SMALL) -> None:
        self._small = small
        self._new: dict[int, Film] = {}  # not on a roll yet
        self._rolls: list[Roll] = []
        self._on: dict[int, Roll] = {}

    def add(self, owner: int, codes: Codes, views: NDArray[np.generic] | None = None) -> None:
        """Store the hashes of `owner`, (count, 32) uint8, in place of what was stored under that number.

        `views` says of each hash which view of its frame it is (see film_pdq), in order of time: then one of a held
        shot stands for the others while the whole of a large shelf is asked. Without, each stands for itself.
        """
        self.remove(owner)
        if len(codes):
            self._new[owner] = Film.of(owner, codes, views)

    def remove(self, owner: int) -> None:
        """Forget every hash of `owner`; unknown owners are no error."""
        self._new.pop(owner, None)
        roll = self._on.pop(owner, None)
        if roll is not None:
            self._rolls.remove(roll)
            self._lay_out([film for film in roll.films() if film.owner != owner])

    def codes_of(self, owner: int) -> Codes:
        """Return the hashes of an owner as they were added, so that nobody has to keep them beside the index."""
        film = self._film(owner)
        codes = np.empty_like(film.codes)
        codes[film.rows] = film.codes
        return codes

    def within(self, codes: Codes, radius: int, owners: Collection[int] | None = None) -> Near:
        """Return every stored hash within `radius` bits, inclusive, of each of the queries.

        With `owners`, only theirs are looked at, all of them; unknown ones are no error.
        """
        rolls = self._settled() if owners is None else self._only(owners)
        parts = [
            _block(rolls, codes[start : start + BLOCK], radius, start)
            for start in range(0, len(codes) if rolls else 0, BLOCK)
        ]
        if not parts:
            return Near.nothing()
        query, owner, row, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Near(query, owner, row, distance.astype(np.float64))

    def chance_bits(self) -> int:
        """Return the radius within which a query meets FEW_STRANGERS among as many hashes as there are; a pair beyond
        it says nothing. It is above 90 up to a million hashes, 85 at forty million."""
        return int(STRANGERS.inv_cdf(min(0.5, FEW_STRANGERS / max(1, len(self)))))

    def bytes_held(self) -> int:
        """Return the bytes of memory that the stored hashes take."""
        return sum(roll.bytes_held() for roll in self._settled())

    def __contains__(self, owner: int) -> bool:
        return owner in self._new or owner in self._on

    def __len__(self) -> int:
        return sum(len(roll) for roll in self._rolls) + sum(len(film.codes) for film in self._new.values())

    def _film(self, owner: int) -> Film:
        if owner in self._new:
            return self._new[owner]
        return next(film for film in self._on[owner].films() if film.owner == owner)

    def _only(self, owners: Collection[int]) -> list[Roll]:
        known = [self._film(owner) for owner in sorted(set(owners)) if owner in self]
        return [Roll(known, is_thin=False)] if known else []

    def _settled(self) -> list[Roll]:
        """Return the rolls, with everything on them, thin where the shelf is large."""
        is_thin = len(self) > self._small
        stale = [roll for roll in self._rolls if roll.is_thin != is_thin or (self._new and len(roll) < ROLL // 2)]
        films = [film for roll in stale for film in roll.films()] + list(self._new.values())
        self._rolls = [roll for roll in self._rolls if roll not in stale]
        self._new = {}
        some: list[Film] = []
        for film in films:
            some.append(film)
            if sum(len(each.codes) for each in some) >= ROLL:
                self._lay_out(some, is_thin=is_thin)
                some = []
        self._lay_out(some, is_thin=is_thin)
        return self._rolls

    def _lay_out(self, films: list[Film], *, is_thin: bool | None = None) -> None:
        if films:
            roll = Roll(films, is_thin=len(self) > self._small if is_thin is None else is_thin)
            self._rolls.append(roll)
            self._on.update((film.owner, roll) for film in films)


def _block(rolls: list[Roll], codes: Codes, radius: int, first: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return (query row, owner, row, distance) of one block, the MOST_PER_QUERY nearest of each query."""
    found = []
    for roll in rolls:
        query, place, distance = roll.within(codes, radius)
        found.append((query, *roll.named(place), distance))
    query, owner, row, distance = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((distance, query))
    counts = np.bincount(query, minlength=len(codes))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = order[rank < MOST_PER_QUERY]
    return query[kept] + first, owner[kept], row[kept], distance[kept]
