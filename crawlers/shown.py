"""What a page shows: its standing finding, the media it wishes for, and the sightings that come of both.

A sighting says that a page showed certain bytes. So bytes are granted only to pages that were looked at since the
medium was asked for, and a finding that already has a sighting of them gets no second one.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session, aliased

from config import clock
from crawlers import captures, frontier, looks
from crawlers.captures import Capture, FindingRow
from crawlers.frontier import Address, FrontierEntry, MediaWish, Sweep
from crawlers.interface import Finding
from crawlers.sniff import media_kind

_PAGE = aliased(FrontierEntry)
_GRANTED = (  # made once: to put a query together costs as much as to ask it
    select(MediaWish)
    .join(_PAGE, _PAGE.id == MediaWish.page_id)
    .where(MediaWish.entry_id == bindparam("medium_id"), _PAGE.settled_at >= bindparam("since"))
)


def anew(session: Session, sweep: Sweep, page: FrontierEntry, stored: FindingRow, finding: Finding) -> None:
    """Let a new finding stand for a page: all its media are asked again, or taken as this sweep has seen them."""
    sweep.found += 1
    if page.finding_id is None:
        sweep.findings += 1
    else:
        _forget_wishes(session, page)
    page.finding_id = stored.id
    links = {link.url: link for link in reversed(finding.media)}  # its first place on the page counts
    entries = frontier.all_of(session, sweep.id, [Address(url, "media", 0) for url in links])
    for link in links.values():
        medium = entries[link.url]
        wish = MediaWish(
            entry_id=medium.id, page_id=page.id, finding_id=stored.id, kind=link.kind, position=link.position
        )
        session.add(wish)
        if _is_settled(medium, sweep):
            _sight_as_seen(session, sweep, wish, medium)
        elif medium.state == "done" or looks.may_be_asked(medium, clock.now()):
            _ask(medium, sweep)


def again(session: Session, sweep: Sweep, page: FrontierEntry) -> None:
    """Let a page's finding stand: its media are asked when they have rested, and seen where other bytes came since."""
    wished = select(MediaWish, FrontierEntry).join(FrontierEntry, FrontierEntry.id == MediaWish.entry_id)
    for wish, medium in session.execute(wished.where(MediaWish.page_id == page.id).order_by(MediaWish.id)).all():
        if _is_settled(medium, sweep):
            _sight_as_seen(session, sweep, wish, medium)
        elif looks.may_be_asked(medium, clock.now()):
            _ask(medium, sweep)
        elif medium.state == "done" and medium.capture_id is not None:
            _sight(session, wish, session.get_one(Capture, medium.capture_id))


def nothing(session: Session, sweep: Sweep, page: FrontierEntry) -> None:
    """Let no finding stand for a page any more; what was seen of it stays as it was seen."""
    if page.finding_id is not None:
        sweep.findings -= 1
        page.finding_id = None
        _forget_wishes(session, page)


def grant(session: Session, medium: FrontierEntry, capture: Capture, since: datetime) -> None:
    """Link a captured medium to every standing finding whose page was looked at since the medium was asked for."""
    if media_kind(capture.mime) is None:
        return
    for wish in session.scalars(_GRANTED, {"medium_id": medium.id, "since": since}).all():
        _sight(session, wish, capture)


def _forget_wishes(session: Session, page: FrontierEntry) -> None:
    session.execute(delete(MediaWish).where(MediaWish.page_id == page.id))


def _is_settled(medium: FrontierEntry, sweep: Sweep) -> bool:
    return medium.sweep_id == sweep.id and medium.state != "waiting"


def _ask(medium: FrontierEntry, sweep: Sweep) -> None:
    if medium.due_at is None or medium.due_at > sweep.started_at:
        medium.due_at = sweep.started_at


def _sight_as_seen(session: Session, sweep: Sweep, wish: MediaWish, medium: FrontierEntry) -> None:
    """Another page showed it first, and it is here already."""
    seen = captures.find(session, sweep.id, medium.url) if medium.state == "done" else None
    if seen is not None:
        _sight(session, wish, seen)


def _sight(session: Session, wish: MediaWish, capture: Capture) -> None:
    kind = media_kind(capture.mime)  # the bytes decide what it is, not the page
    if kind is not None:
        captures.store_sighting(session, wish.finding_id, capture, kind, position=wish.position)
