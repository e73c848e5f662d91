"""How plain a reference is, so that a person sees in a second whether it can be told from others at all."""

import numpy as np
from sqlalchemy.orm import Session

from fingerprints import store
from matcher import alignment, film_looks, retrieve
from matcher.closer_look import POINTS
from matcher.pictures import HASHES
from matcher.references import Reference

FEW_POINTS = 150  # drawings have thousands; a logo on a card about a hundred
FLAT_SHARE = 0.5  # of a film that shows next to nothing


def says(session: Session, reference: Reference) -> str:
    """Return one sentence on how much a reference shows; "" while it was not described."""
    medium = store.medium(session, reference.blob)
    if medium is None or medium.kind is None:
        return ""
    if medium.kind == "image":
        return _of_picture(session, reference.blob)
    return _of_film(session, reference.blob, medium.duration_s) if medium.kind == "video" else ""


def _of_picture(session: Session, blob: str) -> str:
    found = retrieve.vectors_of(session, blob, (HASHES, POINTS))
    points = len(found[POINTS].codes) if POINTS in found else 0
    if HASHES not in found or not len(found[HASHES].codes):
        return f"Flat: it has no hash of its own, and {points} local points."
    quality = int(found[HASHES].positions[0, 1])
    return f"{'Plain' if points < FEW_POINTS else 'Detailed'}: {points} local points, PDQ quality {quality} of 100."


def _of_film(session: Session, blob: str, duration_s: float) -> str:
    looks = retrieve.vectors_of(session, blob, ("film-pdq",)).get("film-pdq")
    if looks is None or duration_s <= 0:
        return ""
    flat_s = alignment.union_length(film_looks.flat_spans(looks, film_looks.LEAST_QUALITY))
    share = float(np.clip(flat_s / duration_s, 0, 1))
    return f"{'Plain' if share > FLAT_SHARE else 'Detailed'}: {100 * share:.0f} % of it is black, flat or a plain card."
