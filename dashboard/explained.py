"""What a match is explained with: finds the pictures and fingerprints behind a comparison, has them drawn, writes where
it is told."""

import hashlib
import io
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from config.home import Home, of
from crawlers.captures import Sighting
from dashboard import bilingual, blocks, explain, laid_over, previews, sheet, timeline
from dashboard import exhibit as drawings
from dashboard.exhibit import Exhibit, Pairs
from dashboard.explain import Named
from dashboard.film_exhibit import MOST_SHOWN, FilmExhibit, Moment, frames_of_each
from fingerprints import store
from fingerprints.decode import Limits, limits_of, shared
from fingerprints.interface import Description, MediaFacts, Vectors
from fingerprints.preview import Unreadable, preview
from matcher import alterations, closer_look, pictures, retrieve, stop_areas
from matcher.catalogue import Asset, Work
from matcher.interface import Comparison, Reason, Transform
from matcher.match import Match as StoredMatch
from matcher.references import Reference

SIDE_PX = 1600  # the long side of the pictures that are drawn from
SHORT_SIDE_PX, MOST_PX = 640, 8000  # a strip's long side may be larger, so that its short side can be made out
FRAME_PX = 640  # the long side of the frames of a film
POINTS_ROOM, AGREEMENT_ROOM = (1160, 900), (1000, 900)  # of the drawings in the console


class NotWritten(MekikiError):
    """A picture could not be put where it was asked for."""


@dataclass(frozen=True)
class Found:
    """One match to explain, with everything that is known of its two files."""

    seen: Path
    seen_size: tuple[int, int]
    seen_sha256: str
    vectors: Mapping[str, Vectors]  # of what was seen
    blob: str  # of the reference
    comparison: Comparison


@dataclass(frozen=True)
class Match:
    """A match as the command line has it: how people call the reference, and how it compares."""

    work: str
    asset: str
    reference: str
    blob: str
    comparison: Comparison


def draw(home: Home, folder: Path, query: Path, description: Description, matches: Sequence[Match]) -> list[Path]:
    """Write one PNG a match into `folder` and return their paths; two queries never share a name. Raises NotWritten,
    and Unreadable when the query's pixels are gone."""
    stem = f"{_plain(query.name)}-{hashlib.sha256(os.fsencode(query.absolute())).hexdigest()[:6]}"
    digest = sha256(query) if matches else ""
    written = []
    with home.readers()() as session:
        for number, match in enumerate(matches, start=1):
            png = _drawn(session, query, digest, description, match)
            written.append(_put(folder / f"{stem}-{number}.png", png))
    return written


def part(session: Session, match: StoredMatch, name: str) -> bytes | None:
    """Return one drawing of a stored match of two pictures: its "points" or its "agreement" as a JPEG, or the whole
    "page" as a PNG. None when there is no such drawing: nothing to lay over each other. Raises NoPreview."""
    opened = of(session)
    if not opened.blobs.has(match.blob):
        raise previews.NoPreview("What was seen is not held here; there is no picture to show.")
    found = _of_stored(session, match)
    shown = exhibit(session, found)
    if name == "points":
        return sheet.jpeg(drawings.joined(shown, POINTS_ROOM))
    if name == "page":
        return explain.pictures(shown, _named(session, match, found))
    mapped = drawings.mapped_whole(shown, AGREEMENT_ROOM)
    return None if mapped is None else sheet.jpeg(mapped)


def page_of(session: Session, match: StoredMatch) -> bytes | None:
    """Return the page that explains a stored match, of pictures or of films, as a PNG; None when nothing can be drawn
    of it. Raises NoPreview and Unreadable when the pixels are gone."""
    seen = store.medium(session, match.blob)
    facts = None if seen is None else store.facts_of(seen)
    if facts is None:
        return None
    if match.transform:
        return part(session, match, "page")
    if not match.segments or not of(session).blobs.has(match.blob):
        return None
    found = _of_stored(session, match)
    return explain.films(film_exhibit(session, found, facts), _named(session, match, found))


def can_be_drawn(session: Session, *blobs: str) -> bool:
    """Say whether the points and pixels of all these blobs were described by the kinds in use."""
    return all(
        set(retrieve.vectors_of(session, blob, (closer_look.POINTS, closer_look.THUMB)))
        == {closer_look.POINTS, closer_look.THUMB}
        for blob in blobs
    )


def _named(session: Session, match: StoredMatch, found: Found) -> Named:
    reference = session.get_one(Reference, match.reference_id)
    asset = session.get_one(Asset, reference.asset_id)
    work = session.get_one(Work, asset.work_id)
    seen = session.scalar(select(Sighting.url).where(Sighting.blob == match.blob).order_by(Sighting.id).limit(1))
    return Named(seen or match.blob, work.title, asset.name, reference.name, notes(session, found))


def _of_stored(session: Session, match: StoredMatch) -> Found:
    seen, transform = store.medium(session, match.blob), dict(match.transform or {})
    ours = session.get_one(Reference, match.reference_id).blob
    sizes = [
        (medium.width, medium.height) if medium and medium.width else (1, 1)
        for medium in (seen, store.medium(session, ours))
    ]
    comparison = Comparison(
        match.reference_id, match.score, "copy" if match.lane == "copy" else "lead",
        tuple(Reason(one["signal"], one["value"], one["says"]) for one in match.reasons),
        Transform(
            bool(transform.get("mirrored")), transform["matrix"],
            tuple(transform.get("query_size") or sizes[0]), tuple(transform.get("reference_size") or sizes[1]),
        ) if transform else None,
        tuple((x, y) for x, y in transform.get("outline", ())),
        tuple((x, y) for x, y in transform.get("reference_outline", ())),
        tuple(alterations.segment(row) for row in match.segments), match.matched_seconds,
    )  # fmt: skip
    vectors = retrieve.vectors_of(session, match.blob, pictures.KINDS)
    return Found(of(session).blobs.path(match.blob), sizes[0], match.blob, vectors, ours, comparison)


def exhibit(session: Session, found: Found) -> Exhibit:
    """Return everything there is to show of a match of two pictures."""
    assert found.comparison.transform is not None
    opened = of(session)
    limits = limits_of(opened.settings)
    theirs = retrieve.vectors_of(session, found.blob, pictures.KINDS)
    seen = _pixels(preview(found.seen, limits, long_side_px=_long_side(found.seen_size)))
    ours = None
    if opened.blobs.has(found.blob):
        medium = store.medium(session, found.blob)
        size = (medium.width, medium.height) if medium else (0, 0)
        ours = _pixels(preview(opened.blobs.path(found.blob), limits, long_side_px=_long_side(size)))
    matrix, number = laid_over.in_fractions(found.comparison.transform), found.comparison.reference_id
    areas = stop_areas.areas_of(session, [number]).get(number, ())
    pairs, grid = _pairs(matrix, theirs, found.vectors), blocks.of(theirs, found.vectors, matrix, areas)
    return Exhibit(seen, ours, found.comparison, pairs, grid)


def film_exhibit(session: Session, found: Found, facts: MediaFacts) -> FilmExhibit:
    """Return everything there is to show of a match of two films or sounds."""
    opened, theirs = of(session), store.medium(session, found.blob)
    limits = limits_of(opened.settings)
    is_seen, is_held = facts.medium == "video", opened.blobs.has(found.blob)
    stretches = timeline.in_order(found.comparison.segments, is_seen=is_seen)
    shown = timeline.strongest(stretches, MOST_SHOWN)
    ours = opened.blobs.path(found.blob) if is_held and theirs is not None and theirs.kind == "video" else None
    count = frames_of_each(len(shown))

    def moment(stretch: timeline.Stretch, at_s: float) -> Moment:
        ours_s = stretch.ours_at(at_s)
        return Moment(
            at_s, ours_s, _frame(found.seen, limits, at_s), None if ours is None else _frame(ours, limits, ours_s)
        )

    asked = [(number, at_s) for number in shown for at_s in stretches[number].moments(count)] if is_seen else []
    with ThreadPoolExecutor(shared(limits).workers) as together:  # all children decode; a frame may need a second
        drawn = together.map(lambda one: moment(stretches[one[0]], one[1]), asked)
        by_number: dict[int, tuple[Moment, ...]] = {}
        for (number, _), each in zip(asked, drawn, strict=True):
            by_number[number] = (*by_number.get(number, ()), each)
    lengths = (facts.duration_s, theirs.duration_s if theirs else 0.0)
    return FilmExhibit(found.comparison, stretches, lengths, by_number, is_held)


def notes(session: Session, found: Found) -> tuple[str, ...]:
    """Return what a drawn page says in small print: both files with their hashes, and what they were compared by."""
    theirs = store.medium(session, found.blob)
    ours_size = (theirs.width, theirs.height) if theirs else (0, 0)
    versions = (
        f"{name} {number}" for name, number in sorted(retrieve.versions_in_use().items()) if name in found.vectors
    )
    seen, ours = bilingual.both(lambda say: say("Seen")), bilingual.both(lambda say: say("Our reference"))
    return (
        f"{seen}: SHA-256 {found.seen_sha256}{_size(found.seen_size)}",
        f"{ours}: SHA-256 {found.blob}{_size(ours_size)}",
        f"mekiki {version('mekiki')} · {', '.join(versions)}",
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file. Raises Unreadable when it is gone."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as gone:
        raise Unreadable(f"This file cannot be opened ({gone.strerror}).") from gone


def _drawn(session: Session, query: Path, digest: str, description: Description, match: Match) -> bytes:
    facts = description.facts
    assert facts is not None
    vectors = {name: found for (name, _), found in description.fingerprints.items()}
    found = Found(query, (facts.width, facts.height), digest, vectors, match.blob, match.comparison)
    named = Named(
        os.fsencode(query).decode("utf-8", "replace"), match.work, match.asset, match.reference, notes(session, found)
    )
    if match.comparison.transform is not None:
        return explain.pictures(exhibit(session, found), named)
    return explain.films(film_exhibit(session, found, facts), named)


def _pairs(matrix: NDArray[np.float64], theirs: Mapping[str, Vectors], mine: Mapping[str, Vectors]) -> Pairs:
    """Return the points that agree; none when one side was described by other versions only."""
    if closer_look.POINTS not in theirs or closer_look.POINTS not in mine:
        return np.empty((0, 4))
    return closer_look.agreeing_points(laid_over.between(matrix, _described(theirs), _described(mine)), theirs, mine)


def _described(vectors: Mapping[str, Vectors]) -> tuple[float, float]:
    return closer_look.picture_size(vectors[closer_look.POINTS])


def _frame(path: Path, limits: Limits, at_s: float) -> NDArray[np.uint8] | None:
    frame = previews.frame(path, limits, at_s, FRAME_PX)
    return None if frame is None else np.asarray(frame.convert("RGB"))


def _pixels(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def _long_side(size: tuple[int, int]) -> int:
    if not all(size):
        return SIDE_PX
    return min(MOST_PX, max(SIDE_PX, round(SHORT_SIDE_PX * max(size) / min(size))))


def _size(size: tuple[int, int]) -> str:
    return f" · {size[0]} × {size[1]} px" if all(size) else ""


def _put(path: Path, png: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    except OSError as refused:
        raise NotWritten(
            f"{path} cannot be written ({refused.strerror}); name another folder for --explain."
        ) from refused
    return path


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:80]
