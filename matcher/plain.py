"""How plain a reference is, so that a person sees in a second whether it can be told from others at all."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from fingerprints import store
from matcher import alignment, film_looks, retrieve
from matcher.closer_look import POINTS
from matcher.pictures import HASHES
from matcher.references import Reference

FEW_POINTS = 150  # drawings have thousands; a logo on a card about a hundred
FLAT_SHARE = 0.5  # of a film that shows next to nothing


@dataclass(frozen=True)
class Plainness:
    """How much a reference shows."""

    is_plain: bool
    says: str


def of(session: Session, reference: Reference) -> Plainness | None:
    """Return how plain a reference is; None for sound alone, and for what was not described."""
    medium = store.medium(session, reference.blob)
    if medium is None or medium.kind is None:
        return None
    if medium.kind == "image":
        return _of_picture(session, reference.blob)
    return _of_film(session, reference.blob, medium.duration_s) if medium.kind == "video" else None


def _of_picture(session: Session, blob: str) -> Plainness:
    found = retrieve.vectors_of(session, blob, (HASHES, POINTS))
    points = len(found[POINTS].codes) if POINTS in found else 0
    if HASHES not in found or not len(found[HASHES].codes):
        return Plainness(is_plain=True, says=f"Flat: it has no hash of its own, and {points} local points.")
    quality = int(found[HASHES].positions[0, 1])
    is_plain = points < FEW_POINTS
    word = "Plain" if is_plain else "Detailed"
    return Plainness(is_plain, f"{word}: {points} local points, PDQ quality {quality} of 100.")


def _of_film(session: Session, blob: str, duration_s: float) -> Plainness | None:
    looks = retrieve.vectors_of(session, blob, ("film-pdq",)).get("film-pdq")
    if looks is None or duration_s <= 0:
        return None
    share = min(1.0, alignment.union_length(film_looks.flat_spans(looks)) / duration_s)
    word = "Plain" if share > FLAT_SHARE else "Detailed"
    says = f"{word}: {100 * share:.0f} percent of it is black, flat or a plain card."
    return Plainness(share > FLAT_SHARE, says)
