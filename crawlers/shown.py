"""What a page shows: its standing finding, the media it wishes for, and the sightings that come of both.

A sighting says that a page showed certain bytes. So bytes are granted only to pages that were looked at since the
medium was asked for, and a finding that already has a sighting of them gets no second one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session, aliased

from config import clock
from config.database import portions
from crawlers import captures, frontier, looks
from crawlers.captures import Capture, FindingRow
from crawlers.frontier import Address, FrontierEntry, MediaWish, Sweep
from crawlers.interface import Finding, MediaKind
from crawlers.sniff import media_kind

Sightings = list[tuple[int, Capture, MediaKind, int]]  # what is to be stored, see `captures.store_sightings`

_PAGE = aliased(FrontierEntry)
# Made once: to put a query together costs as much as to ask it.
_WISHED = (
    select(MediaWish, FrontierEntry, Capture)
    .join(FrontierEntry, FrontierEntry.id == MediaWish.entry_id)
    .outerjoin(Capture, Capture.id == FrontierEntry.capture_id)
    .where(MediaWish.page_id.in_(bindparam("pages", expanding=True)))
    .order_by(MediaWish.id)
)
_GRANTED = (
    select(MediaWish, _PAGE.settled_at)
    .join(_PAGE, _PAGE.id == MediaWish.page_id)
    .where(MediaWish.entry_id.in_(bindparam("media", expanding=True)))
)


@dataclass(frozen=True)
class Arrived:
    """A medium that was captured, and since when it was asked for."""

    medium: FrontierEntry
    capture: Capture
    since: datetime


def anew(session: Session, sweep: Sweep, pages: Sequence[tuple[FrontierEntry, FindingRow, Finding]]) -> Sightings:
    """Let new findings stand for pages: all their media are asked again, or taken as this sweep has seen them."""
    shown = []
    for page, stored, finding in pages:
        sweep.found += 1
        if page.finding_id is None:
            sweep.findings += 1
        else:
            _forget_wishes(session, page)
        page.finding_id = stored.id
        shown.append({link.url: link for link in reversed(finding.media)})  # its first place on the page counts
    media = frontier.all_of(session, sweep.id, [Address(url, "media", 0) for links in shown for url in links])
    seen: Sightings = []
    for (page, stored, _), links in zip(pages, shown, strict=True):
        for link in links.values():
            medium = media[link.url]
            wish = MediaWish(
                entry_id=medium.id, page_id=page.id, finding_id=stored.id, kind=link.kind, position=link.position
            )
            session.add(wish)
            if _is_settled(medium, sweep):
                seen += _as_seen(session, sweep, wish, medium)
            elif medium.state == "done" or looks.may_be_asked(medium, clock.now()):
                _ask(medium, sweep)
    return seen


def again(session: Session, sweep: Sweep, pages: Sequence[FrontierEntry]) -> Sightings:
    """Let pages' findings stand: their media are asked when they have rested, and seen where other bytes came since."""
    seen: Sightings = []
    for some in portions([page.id for page in pages]):
        for wish, medium, standing in session.execute(_WISHED, {"pages": some}).all():
            if _is_settled(medium, sweep):
                seen += _as_seen(session, sweep, wish, medium)
            elif looks.may_be_asked(medium, clock.now()):
                _ask(medium, sweep)
            elif medium.state == "done" and standing is not None:
                seen += _sighting(wish, standing)
    return seen


def nothing(session: Session, sweep: Sweep, page: FrontierEntry) -> None:
    """Let no finding stand for a page any more; what was seen of it stays as it was seen."""
    if page.finding_id is not None:
        sweep.findings -= 1
        page.finding_id = None
        _forget_wishes(session, page)


def grant(session: Session, arrived: Iterable[Arrived]) -> Sightings:
    """Link captured media to every standing finding whose page was looked at since the medium was asked for."""
    by_medium = {one.medium.id: one for one in arrived if media_kind(one.capture.mime) is not None}
    seen: Sightings = []
    for some in portions([*by_medium]):
        for wish, looked_at in session.execute(_GRANTED, {"media": some}):
            one = by_medium[wish.entry_id]
            if looked_at is not None and looked_at >= one.since:
                seen += _sighting(wish, one.capture)
    return seen


def _forget_wishes(session: Session, page: FrontierEntry) -> None:
    session.execute(delete(MediaWish).where(MediaWish.page_id == page.id))


def _is_settled(medium: FrontierEntry, sweep: Sweep) -> bool:
    return medium.sweep_id == sweep.id and medium.state != "waiting"


def _ask(medium: FrontierEntry, sweep: Sweep) -> None:
    if medium.due_at is None or medium.due_at > sweep.started_at:
        medium.due_at = sweep.started_at


def _as_seen(session: Session, sweep: Sweep, wish: MediaWish, medium: FrontierEntry) -> Sightings:
    """Another page showed it first, and it is here already."""
    seen = captures.find(session, sweep.id, medium.url) if medium.state == "done" else None
    return [] if seen is None else _sighting(wish, seen)


def _sighting(wish: MediaWish, capture: Capture) -> Sightings:
    kind = media_kind(capture.mime)  # the bytes decide what it is, not the page
    return [] if kind is None else [(wish.finding_id, capture, kind, wish.position)]
