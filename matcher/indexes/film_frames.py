"""The frames of all registered films as 256-bit hashes: every stored frame within a radius, for many at once."""

from collections.abc import Collection
from statistics import NormalDist

import numpy as np

from matcher.indexes import hamming
from matcher.indexes.hamming import Codes, Words
from matcher.indexes.near import Near

MOST_PER_QUERY = 400  # hits; a shot held for a minute is worth no more than its nearest

STRANGERS = NormalDist(128.0, 8.15)  # bits between two unrelated frames; measured on our corpus, films against films
FEW_STRANGERS = 4  # a query may meet; two of them on one line in one film are then rare: one in forty minutes of film


class FilmFrames:
    """An index of 32-byte hashes under Hamming distance: exact, and a film is put on or taken off at its own cost."""

    name = "film-frames"

    def __init__(self) -> None:
        self._films: dict[int, Words] = {}

    def add(self, owner: int, codes: Codes) -> None:
        """Store the hashes of `owner`, (count, 32) uint8, in place of what was stored under that number."""
        self.put(owner, hamming.laid_out(codes))

    def put(self, owner: int, words: Words) -> None:
        """Store the hashes of `owner` as `hamming.laid_out` made them; they are kept, not copied, and may be mapped."""
        self.remove(owner)
        if words.shape[1]:
            self._films[owner] = words

    def remove(self, owner: int) -> None:
        """Forget every hash of `owner`; unknown owners are no error."""
        self._films.pop(owner, None)

    def codes_of(self, owner: int) -> Codes:
        """Return the hashes of an owner as they were added, so that nobody has to keep them beside the index."""
        return hamming.codes_of(self._films[owner])

    def within(self, codes: Codes, radius: int, owners: Collection[int] | None = None) -> Near:
        """Return every stored hash within `radius` bits, inclusive, of each of the queries; of a query that is near to
        more than MOST_PER_QUERY, the nearest.

        With `owners`, only theirs are looked at; unknown ones are no error.
        """
        known = sorted(self._films if owners is None else self._films.keys() & set(owners))
        films = [self._films[owner] for owner in known]
        query, place, distance = hamming.nearest(films, codes, radius, MOST_PER_QUERY)
        begins = np.cumsum([0, *(film.shape[1] for film in films)])
        film = np.searchsorted(begins, place, "right") - 1
        owner = np.array(known, np.int64)[film]
        return Near(query, owner, place - begins[film], distance.astype(np.float64))

    def chance_bits(self) -> int:
        """Return the radius within which a query meets FEW_STRANGERS among as many hashes as there are; a pair beyond
        it says nothing. It is above 90 up to a million hashes, 85 at forty million."""
        return int(STRANGERS.inv_cdf(min(0.5, FEW_STRANGERS / max(1, len(self)))))

    def bytes_held(self) -> int:
        """Return the bytes of memory that the stored hashes take."""
        return sum(film.nbytes for film in self._films.values())

    def __contains__(self, owner: int) -> bool:
        return owner in self._films

    def __len__(self) -> int:
        return sum(film.shape[1] for film in self._films.values())
