"""What is no longer kept of captures that matched nothing: most fingerprints, later their points, then their hashes.

The captured bytes themselves are evidence and stay. Should a reference want such a capture after all, its fingerprints
are made from them again.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from config import clock, home
from crawlers.captures import Capture
from fingerprints import store
from fingerprints.store import Medium
from matcher import kept
from matcher.kept import Kept
from matcher.match import Match
from matcher.references import Reference


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return what is kept longer than the settings want: of many captures ago whole, or of many days ago at all."""
    conditions = _is_crowded(session), _is_pointed(session), _is_over(session)
    found = (session.scalars(select(Kept.id).where(each).order_by(Kept.id).limit(limit)) for each in conditions)
    return [*dict.fromkeys(number for some in found for number in some)][:limit]


def let_go(session: Session, ids: Sequence[int]) -> None:
    """Let go of the fingerprints of these, of their points, of their hashes; of what may go still."""
    now, of_them = clock.now(), Kept.id.in_(ids)
    crowded = _blobs(session, ids, _is_crowded(session))
    store.forget(session, [*crowded.values()])
    session.execute(update(Kept).where(Kept.id.in_([*crowded])).values(let_go_at=now))
    no_points = {"points_count": 0, "points": b""}
    session.execute(update(Kept).where(of_them, _is_pointed(session)).values(no_points))
    no_hashes = {"forgotten_at": now, "count": 0, "codes": b"", "positions": b"", "columns": 0}
    session.execute(update(Kept).where(of_them, _is_over(session)).values(no_points | no_hashes))


def _blobs(session: Session, ids: Sequence[int], where: ColumnElement[bool]) -> dict[int, str]:
    rows = select(Kept.id, Medium.blob).join(Medium, Medium.id == Kept.medium_id).where(Kept.id.in_(ids), where)
    return {row.id: row.blob for row in session.execute(rows)}


def _is_crowded(session: Session) -> ColumnElement[bool]:
    """Return the condition that many others were kept since a Kept, and nobody wants its fingerprints."""
    of_it = select(Medium.blob).where(Medium.id == Kept.medium_id).correlate(Kept)
    matched = select(Match.id).where(Match.blob == of_it.scalar_subquery()).correlate(Kept).exists()
    protected = select(Reference.id).where(Reference.blob == of_it.scalar_subquery()).correlate(Kept).exists()
    # What is sound alone has no hashes to be found by; the little that is kept of it stays.
    is_whole = and_(Kept.let_go_at.is_(None), Kept.asked_at.is_(None), Kept.medium != "audio")
    return and_(is_whole, Kept.id <= kept.newest_old(session), ~matched, ~protected)


def _is_pointed(session: Session) -> ColumnElement[bool]:
    """Return the condition that a Kept has points although very many others were kept since."""
    return and_(Kept.points_count > 0, Kept.id <= kept.newest_bare(session), Kept.let_go_at.is_not(None))


def _is_over(session: Session) -> ColumnElement[bool]:
    """Return the condition that a Kept without fingerprints is older than the settings say, and was not seen again."""
    since = clock.now() - timedelta(days=home.of(session).settings.captures.keep_days)
    seen = select(Capture.id).join(Medium, Medium.blob == Capture.body_sha256)  # a 304 has the body that stands
    is_seen = seen.where(Medium.id == Kept.medium_id, Capture.fetched_at > since).correlate(Kept).exists()
    is_bare = and_(Kept.let_go_at.is_not(None), Kept.asked_at.is_(None), Kept.forgotten_at.is_(None))
    return and_(is_bare, Kept.kept_at <= since, ~is_seen)
