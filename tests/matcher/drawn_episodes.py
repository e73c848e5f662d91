"""Episodes drawn for tests: a body of their own between an opening and an ending that the whole series has."""

from collections.abc import Mapping
from functools import cache

from sqlalchemy.orm import Session

from fingerprints import store
from fingerprints.interface import Description, Frame, MediaFacts, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from matcher.catalogue import Work
from matcher.references import Reference
from tests import factories
from tests.matcher.drawn_films import Film, clip, drawn

LENGTH_S = 48.0
OPENING, ENDING = drawn(1000), drawn(2000)
OPENING_S, ENDING_S = 9.3, 8.8
# Where the opening and the ending begin; a cold open comes first in two of three.
OPENS_AT = {1: 0.0, 2: 3.3, 3: 1.6}
ENDS_AT = {1: 38.4, 2: 39.2, 3: 37.9}
SHOT_S = 3.0


def episode(number: int) -> Film:
    """Return the first, second or third episode."""
    film = clip(OPENING, drawn(number), start_s=0, at_s=OPENS_AT[number], length_s=OPENING_S)
    return clip(ENDING, film, start_s=0, at_s=ENDS_AT[number], length_s=ENDING_S)


@cache
def described_episode(number: int) -> Vectors:
    """Return the frames of an episode as they are stored; drawn once."""
    return frames(episode(number))


@cache
def described_stranger() -> Vectors:
    """Return the frames of a film that shares nothing with the series."""
    return frames(drawn(77))


def frames(film: Film, length_s: float = LENGTH_S) -> Vectors:
    """Return the whole frames of a film, as film-pdq says them."""
    seen = FilmPdq().begin()
    for number in range(round(length_s * 4)):
        seen.see(Frame(film(number / 4), number / 4))
    return seen.finish()


def film_reference(session: Session, of: Work, name: str, vectors: Vectors, **changes: object) -> Reference:
    """Register a film that was described already."""
    row = factories.reference(session, of, name, **changes)  # type: ignore[arg-type]
    described: Mapping[tuple[str, int], Vectors] = {(FilmPdq.name, FilmPdq.version): vectors}
    store.save(session, row.blob, Description(MediaFacts("video", 320, 180, LENGTH_S, 24.0), dict(described)))
    return row
