"""What a case rests on: each sighting beside the reference it matched, and the pages they were found on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from config.home import of
from crawlers.captures import Capture, FindingRow, Sighting
from dashboard import offers, portraits, sampled, scale, staff, timeline
from dashboard.offers import Offer
from dashboard.portraits import Portrait
from fingerprints.store import Medium
from matcher.cases import Case, CaseFinding
from matcher.catalogue import Asset
from matcher.match import Match
from matcher.references import Reference

SHOWN = 200  # pairs of one case; a chapter has fewer pages, a gallery of thousands needs no more to be judged
MOST_SHOWN = 24  # media of one page beside its facts
OTHERS = 8  # further references of the same work that are told beside the surest


@dataclass(frozen=True)
class Side:
    """One medium of a pair."""

    blob: str
    kind: str  # "image", "video" or "audio"
    width: int
    height: int
    duration_s: float
    frames_per_second: float
    is_held: bool  # False: its pixels never reached this machine


@dataclass(frozen=True)
class Other:
    """A further reference of the same work that the same sighting holds, less surely."""

    asset: str
    reference: str
    score: float


@dataclass(frozen=True)
class Pair:
    """One sighting beside the reference it holds; of several of the work, the surest."""

    uuid: str  # of the match
    found: Side
    ours: Side
    finding_id: int
    found_url: str
    sampled: str | None  # what of the film was captured; None: all of it
    captured_at: datetime
    asset: str
    reference: str
    bank: str
    registered_at: datetime
    score: float
    lane: str
    reasons: tuple[dict[str, Any], ...]  # {"signal", "value", "says"}
    stretches: tuple[timeline.Stretch, ...]
    matched_seconds: float
    layout: scale.Layout
    timeline: timeline.Timeline
    others: tuple[Other, ...]  # surest first


@dataclass(frozen=True)
class Shown:
    """One medium that a page shows, whether it matched or not."""

    blob: str
    kind: str  # "image", "video" or "audio"
    is_matched: bool
    is_held: bool  # False: its bytes were deleted


@dataclass(frozen=True)
class Media:
    """What one page shows."""

    shown: tuple[Shown, ...] = ()  # in page order, the first MOST_SHOWN
    count: int = 0


@dataclass(frozen=True)
class Page:
    """One page of the place, as it was captured."""

    id: int
    url: str
    title: str
    text: str
    kind: str
    uploader: str | None
    offer: Offer | None
    attribution: str | None
    is_commercial: bool | None
    published_at: datetime | None
    captured_at: datetime
    sha256: str
    portrait: Portrait | None  # as a browser showed it
    media: Media


def pairs(session: Session, case: Case) -> list[Pair]:
    """Return the surest pair of every matched sighting of a case, with the others of the work, in page order."""
    found_medium, our_medium = aliased(Medium), aliased(Medium)
    rows = session.execute(
        select(Sighting, Capture, Match, Reference, Asset.name, found_medium, our_medium)
        .join(CaseFinding, CaseFinding.finding_id == Sighting.finding_id)
        .join(Capture, Capture.id == Sighting.capture_id)
        .join(Match, Match.blob == Sighting.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .outerjoin(found_medium, found_medium.blob == Sighting.blob)
        .outerjoin(our_medium, our_medium.blob == Reference.blob)
        .where(CaseFinding.case_id == case.id, Asset.work_id == case.work_id)
        .order_by(Sighting.finding_id, Sighting.position, Sighting.id, Match.score.desc(), Match.id)
        .limit(SHOWN * (1 + OTHERS))
    )
    by_sighting = [list(of_one) for _, of_one in groupby(rows, key=lambda row: row[0].id)]
    return [_pair(session, best, _others(others)) for best, *others in by_sighting[:SHOWN]]


def pages(session: Session, case: Case, person_id: int) -> list[Page]:
    """Return the captured pages of a case as this person may see them, newest first."""
    rows = session.execute(
        select(FindingRow, Capture)
        .join(CaseFinding, CaseFinding.finding_id == FindingRow.id)
        .join(Capture, Capture.id == FindingRow.capture_id)
        .where(CaseFinding.case_id == case.id)
        .order_by(FindingRow.found_at.desc(), FindingRow.id.desc())
    )
    seen, media = portraits.of_case(session, case, person_id), _media(session, case, person_id)
    return [
        Page(
            id=page.id, url=page.url, title=page.title, text=page.text, kind=page.kind, uploader=page.uploader,
            offer=offers.of(session, page), attribution=page.attribution,
            is_commercial=page.is_commercial, published_at=page.published_at, captured_at=capture.fetched_at,
            sha256=capture.body_sha256, portrait=seen.get(capture.url),
            media=media.get(page.id, Media()),
        )
        for page, capture in rows
    ]  # fmt: skip


def _media(session: Session, case: Case, person_id: int) -> dict[int, Media]:
    """Return the media of every page of a case by the page's id, in one question however many pages it has."""
    of_page = Sighting.finding_id
    places = (
        select(
            Sighting.finding_id, Sighting.blob, Sighting.kind,
            func.row_number().over(partition_by=of_page, order_by=(Sighting.position, Sighting.id)).label("place"),
            func.count().over(partition_by=of_page).label("many"),
        )
        .join(CaseFinding, CaseFinding.finding_id == Sighting.finding_id)
        .where(CaseFinding.case_id == case.id)
        .subquery()
    )  # fmt: skip
    is_matched = (
        select(Match.id)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(Match.blob == places.c.blob, Asset.work_id == case.work_id)
        .exists()
    )
    rows = select(places, is_matched.label("is_matched")).where(places.c.place <= MOST_SHOWN)
    every = session.execute(rows.order_by(places.c.finding_id, places.c.place)).all()
    hidden = staff.hidden(session, {row.blob for row in every}, person_id)
    blobs, found = of(session).blobs, dict[int, Media]()
    for page_id, group in groupby((row for row in every if row.blob not in hidden), key=lambda row: row.finding_id):
        of_one = list(group)
        shown = tuple(Shown(row.blob, row.kind, bool(row.is_matched), blobs.has(row.blob)) for row in of_one)
        found[page_id] = Media(shown, of_one[0].many)
    return found


def _pair(session: Session, row: Any, others: tuple[Other, ...]) -> Pair:
    sighting, capture, match, reference, asset, seen, known = row
    found = _side(session, sighting.blob, seen, sighting.kind)
    ours = _side(session, reference.blob, known, sighting.kind)
    stretches = timeline.of_stored(match.segments, is_seen=found.kind == "video")
    return Pair(
        uuid=match.uuid, found=found, ours=ours, finding_id=sighting.finding_id, found_url=sighting.url,
        sampled=sampled.sentence(capture), captured_at=capture.fetched_at, asset=asset, reference=reference.name,
        bank=reference.bank, registered_at=reference.added_at, score=match.score, lane=match.lane,
        reasons=tuple(match.reasons), stretches=stretches, matched_seconds=match.matched_seconds,
        timeline=timeline.lay_out(stretches, found.duration_s, ours.duration_s),
        layout=scale.lay_out((found.width, found.height), (ours.width, ours.height), match.transform), others=others,
    )  # fmt: skip


def _others(rows: Sequence[Any]) -> tuple[Other, ...]:
    return tuple(Other(asset, reference.name, match.score) for _, _, match, reference, asset, _, _ in rows[:OTHERS])


def _side(session: Session, blob: str, medium: Medium | None, kind: str) -> Side:
    held = of(session).blobs.has(blob)
    if medium is None:
        return Side(blob, kind, 0, 0, 0.0, 0.0, held)
    return Side(
        blob, medium.kind or kind, medium.width, medium.height, medium.duration_s, medium.frames_per_second, held
    )
