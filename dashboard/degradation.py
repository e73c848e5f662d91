"""What a stored match spoils of the original: gathers both files' facts, asks for frames and sound where they are held.

The measuring itself is pure, in matcher.degradation and matcher.burnt_in.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import derived
from config.home import Home, of
from dashboard import dictionary, previews
from dashboard.dictionary import Say
from fingerprints import store
from fingerprints.decode import Limits, limits_of, shared
from matcher import alignment, alterations, burnt_in, cases, degradation, lying, retrieve, same_sound
from matcher.burnt_in import LONG_SIDE_PX, Area, Pair
from matcher.cut_out import Marked
from matcher.degradation import Harm, Side
from matcher.interface import Box, Segment, Transform
from matcher.match import Match
from matcher.references import Exclusion, Reference
from matcher.same_sound import Hearing

MOMENTS = 8  # of one match, at which both films are looked at
LEAST_S = 2.0  # of film, for eight moments to differ
TRIES_S = (-0.12, 0.12, -0.3, 0.3)  # around a moment, where the first frame does not fit: a stretch is right to 0.3 s
FITS, FITS_LIKE = 0.1, 0.9  # share that differs, correlation: so good that no other frame is tried
CACHED = "burnt-in-1"  # the number rises when what is found may change
SOUND = "sound-bits"
NOT_DEGRADED = frozenset({"not a match", "unsure"})  # verdicts after which there is no copy to speak of


@dataclass(frozen=True)
class Spoiled:
    """What one match spoils."""

    match: Match
    reference: Reference
    found_url: str  # "" where only the match is known
    harms: tuple[Harm, ...]
    was_looked_at: bool  # False: whether something was burnt into a film could not be seen


def of_match(session: Session, match: Match, found_url: str = "") -> Spoiled:
    """Return what a match spoils; the frames of a film are looked at once and the outcome is kept in the home."""
    reference = session.get_one(Reference, match.reference_id)
    copy, original = _side(session, match.blob), _side(session, reference.blob)
    if copy is None:  # not described here: nothing was measured
        return Spoiled(match, reference, found_url, (), was_looked_at=True)
    segments = tuple(alterations.segment(row) for row in match.segments)
    harms = degradation.report(
        copy, original, segments, transform_of(match, copy, original),
        marked=_marked(session, reference), hearing=_hearing(session, match.blob, reference.blob, segments),
    )  # fmt: skip
    if copy.facts.medium != "video":
        return Spoiled(match, reference, found_url, harms, was_looked_at=True)
    areas = _areas(of(session), match, reference.blob, segments)
    return Spoiled(match, reference, found_url, harms + degradation.burnt(areas or ()), was_looked_at=areas is not None)


def of_case(session: Session, case_uuid: str) -> list[Spoiled]:
    """Return what the surest match of every medium of a case spoils, newest page first. Raises UnknownCase."""
    detail = cases.case_detail(session, case_uuid)
    found = []
    for medium in (medium for finding in detail.findings for medium in finding.seen):
        own = [match for match, reference in medium.matches if reference.bank != "negative"]
        if own:
            surest = max(own, key=lambda match: match.score)
            found.append(of_match(session, surest, medium.sighting.url))
    return found


def documents(session: Session, case_uuid: str) -> dict[str, Any]:
    """Return the files that tell it in an evidence bundle, in both languages; none before a person confirmed a copy."""
    case = cases.find(session, case_uuid)
    decision = cases.newest_decision(session, case.id)
    if decision is None or decision.verdict in NOT_DEGRADED:
        return {}
    spoiled = of_case(session, case_uuid)
    return {"degradation.json": [as_document(each) for each in spoiled], "degradation.txt": _printed(spoiled)}


def as_document(spoiled: Spoiled) -> dict[str, Any]:
    """Return it as JSON holds it."""
    japanese = dictionary.of("ja")
    return {
        "match": spoiled.match.uuid, "found": spoiled.found_url, "found_sha256": spoiled.match.blob,
        "reference": spoiled.reference.name, "reference_sha256": spoiled.reference.blob,
        "spoils": [asdict(harm) | {"says_ja": japanese.retell(harm.says)} for harm in spoiled.harms],
        "burnt_in_was_looked_for": spoiled.was_looked_at,
    }  # fmt: skip


def lines(spoiled: Spoiled, language: str) -> list[str]:
    """Return every sentence in a language, and one that says so when nothing is less or not all could be seen."""
    spoken = dictionary.of(language)
    told = [spoken.retell(harm.says) for harm in spoiled.harms]
    if not told:
        told = [spoken.say("Nothing that was measured is less than in the original.")]
    return told if spoiled.was_looked_at else [*told, _unseen(spoken.say)]


def _unseen(say: Say) -> str:
    return say("Whether text or logos were put over the picture could not be seen.")


def _printed(spoiled: Sequence[Spoiled]) -> str:
    """Return a page of plain text, Japanese first as in the bundle's README."""
    parts = []
    for language in ("ja", "en"):
        say = dictionary.of(language).say
        parts.append(say("What the copy spoils"))
        for each in spoiled:
            names = f"{each.found_url}\n  sha256 {each.match.blob}\n  {each.reference.name}\n  sha256 "
            parts.append(f"{names}{each.reference.blob}")
            parts.append("\n".join(f"- {line}" for line in lines(each, language)))
    return "\n\n".join(parts) + "\n"


def transform_of(match: Match, copy: Side, original: Side | None) -> Transform | None:
    """Return the stored map of a match of two pictures; None for films, and where its sizes are not known."""
    row = match.transform
    if not row or original is None:
        return None
    own = [(float(side.facts.width), float(side.facts.height)) for side in (copy, original)]
    sizes = [tuple(row.get(name) or size) for name, size in zip(("query_size", "reference_size"), own, strict=True)]
    if not all(value > 0 for size in sizes for value in size):
        return None
    return Transform(bool(row["mirrored"]), row["matrix"], (sizes[0][0], sizes[0][1]), (sizes[1][0], sizes[1][1]))


def _side(session: Session, blob: str) -> Side | None:
    medium = store.medium(session, blob)
    facts = store.facts_of(medium) if medium is not None else None
    if facts is None:
        return None
    blobs = of(session).blobs
    return Side(facts, blobs.path(blob).stat().st_size if blobs.has(blob) else None)


def _marked(session: Session, reference: Reference) -> tuple[Marked, ...]:
    rows = session.scalars(
        select(Exclusion).where(Exclusion.reference_id == reference.id).order_by(Exclusion.start_s, Exclusion.id)
    )
    return tuple(Marked(row.start_s, row.end_s, row.reason) for row in rows)


def _hearing(session: Session, seen: str, ours: str, segments: Sequence[Segment]) -> Hearing | None:
    if not segments:
        return None
    theirs, own = (retrieve.vectors_of(session, blob, [SOUND]).get(SOUND) for blob in (seen, ours))
    return None if theirs is None or own is None else same_sound.hear(theirs, own, segments)


def _areas(home: Home, match: Match, ours: str, segments: Sequence[Segment]) -> tuple[Area, ...] | None:
    """Return what was burnt in; None when it could not be seen, as where only one of the two films is held."""
    kept = derived.folder(home) / f"{match.uuid}.{CACHED}.json"
    if kept.is_file():
        return _read(kept)
    if not (home.blobs.has(match.blob) and home.blobs.has(ours)):
        return None
    pairs = _pairs(home.blobs.path(match.blob), home.blobs.path(ours), limits_of(home.settings), segments)
    found = burnt_in.areas(pairs)
    row = None if found is None else [asdict(area) for area in found]
    previews.made(kept, lambda part: part.write_text(json.dumps(row), "utf-8"))
    return found


def moments(segments: Sequence[Segment], count: int = MOMENTS) -> list[tuple[Segment, float]]:
    """Return seconds of the copy spread evenly over all it shares with the original; none when that is too little."""
    lengths = [each.query_end_s - each.query_start_s for each in segments]
    total = sum(lengths)
    if total < LEAST_S:
        return []
    ends = np.cumsum(lengths)
    asked = (np.arange(count) + 0.5) * total / count
    places = np.searchsorted(ends, asked)
    return [
        (segments[place], segments[place].query_end_s - float(ends[place] - at_s))
        for place, at_s in zip(places.tolist(), asked.tolist(), strict=True)
    ]


def _pairs(seen: Path, ours: Path, limits: Limits, segments: Sequence[Segment]) -> list[Pair]:
    def look(moment: tuple[Segment, float]) -> Pair | None:
        return _pair(seen, ours, limits, *moment)

    with ThreadPoolExecutor(shared(limits).workers) as together:
        found = [pair for pair in together.map(look, moments(segments)) if pair is not None]
    return [pair for pair in found if pair.copy.shape == found[0].copy.shape]  # a film may change its size on the way


def _pair(seen: Path, ours: Path, limits: Limits, segment: Segment, at_s: float) -> Pair | None:
    """Return the copy at a second beside the frame of the original that fits it best; None when either is lost."""
    copy = _frame(seen, limits, at_s)
    if copy is None:
        return None
    theirs_s = alignment.reference_at(segment, at_s)
    corners = lying.corners(segment.altered)
    best: Pair | None = None
    for original in _around(ours, limits, theirs_s):
        pair = burnt_in.laid(copy, original, corners)
        if best is None or burnt_in.likeness(pair) > burnt_in.likeness(best):
            best = pair
        if burnt_in.likeness(best) >= FITS_LIKE and burnt_in.differing(best) <= FITS:
            break
    return best


def _around(path: Path, limits: Limits, at_s: float) -> Iterator[NDArray[np.uint8]]:
    for by_s in (0.0, *TRIES_S):
        frame = _frame(path, limits, at_s + by_s)
        if frame is not None:
            yield frame


def _frame(path: Path, limits: Limits, at_s: float) -> NDArray[np.uint8] | None:
    frame = previews.frame(path, limits, at_s, LONG_SIDE_PX)
    return None if frame is None else np.asarray(frame.convert("L"))


def _read(path: Path) -> tuple[Area, ...] | None:
    rows = json.loads(path.read_text("utf-8"))
    return None if rows is None else tuple(Area(row["kind"], Box(**row["box"])) for row in rows)
