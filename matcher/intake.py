"""The first stages: fingerprints of what we protect and of what was seen. Opens no file itself."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from config import clock, home
from crawlers.captures import Capture, Sighting
from fingerprints import store
from fingerprints.store import Medium
from matcher import kept, marks, retention
from matcher.catalogue import Asset, Work
from matcher.marks import Done, Look
from matcher.references import Reference, in_force

Columns = TypeVarTuple("Columns")


def pending_references(session: Session, limit: int) -> Sequence[int]:
    """Return active references that were not described as deeply as their work asks for, or by older kinds only, and
    whose file is held here."""
    rows = select(Reference.id, Reference.blob).where(in_force(clock.now()))
    owned = rows.join(Asset, Asset.id == Reference.asset_id).join(Work, Work.id == Asset.work_id)
    # Points are hashes and more: whoever has them lacks nothing.
    is_current = or_(store.is_current("points"), and_(_tier(session) == "hashes", store.is_current("hashes")))
    return _undescribed(session, [owned.order_by(Reference.id)], Reference.blob, limit=limit, is_current=is_current)


def describe_references(session: Session, ids: Sequence[int]) -> None:
    """Write the fingerprints of these references, each as deeply as its work asks for."""
    asked = select(Reference.blob, _tier(session)).join(Asset, Asset.id == Reference.asset_id)
    rows = _read(session, asked.join(Work, Work.id == Asset.work_id).where(Reference.id.in_(ids)), len(ids))
    deep = [blob for blob, tier in rows if tier == "points"]
    store.describe(session, deep, depth="points")
    store.describe(session, [blob for blob, _ in rows if blob not in deep], depth="hashes")


def pending_sightings(session: Session, limit: int) -> Sequence[int]:
    """Return sightings whose medium was not glanced at yet, or by older kinds only, or whose fingerprints were let go
    and are wanted; of several with the same bytes, one.

    Below the mark of what is described and kept, only what can be pending again is asked for; see `remember`.
    """
    return _unseen(session, limit, kept.done(session))


def remember(session: Session) -> None:
    """Move the mark of what is described and kept; what cannot be described for want of its file is asked for on."""
    marks.advance(session, kept.SEEN, (Sighting.id, Capture.id), _look, kinds=kept.kinds())


def _look(session: Session, done: Done) -> Look:
    """Return whether something is still to be described or to be kept, and by one sighting each the media whose file is
    lost: it may come back from a backup. What was deleted on purpose does not."""
    held = home.of(session).blobs.has
    is_deleted = Sighting.capture_id.in_(retention.deleted())
    lost: dict[str, int] = {}
    for rows in _new_or_again(done):
        for number, blob, deleted in _lacking(session, rows.add_columns(is_deleted), Sighting.blob, _is_seen()):
            if held(blob):
                return Look([number])
            if not deleted and len(lost) <= marks.MOST_LEFT:
                lost.setdefault(blob, number)
    wanted = _undescribed(session, (_wanted(),), Sighting.blob, limit=1, is_current=_is_seen())
    return Look(wanted or kept.lacking(session, 1, done), sorted(lost.values()))


def _unseen(session: Session, limit: int, done: Done) -> Sequence[int]:
    return _undescribed(session, (*_new_or_again(done), _wanted()), Sighting.blob, limit=limit, is_current=_is_seen())


def _wanted() -> Select[int, str]:
    return _seen().where(Sighting.blob.in_(kept.wanted_again()))


def _new_or_again(done: Done) -> Iterator[Select[int, str]]:
    """Yield what asks for sightings beyond what is done: new ones, those that were left, and what had been forgotten
    and is seen again."""
    yield _seen().where(done.beyond(Sighting.id)).order_by(Sighting.id)
    if done:
        yield _seen().where(Sighting.id.in_(done.left))
        yield _seen().where(Sighting.blob.in_(kept.seen_again(done)))


def _seen() -> Select[int, str]:
    return select(Sighting.id, Sighting.blob)


def describe_sightings(session: Session, ids: Sequence[int]) -> None:
    """Write what a glance at these sightings shows."""
    rows = _read(session, select(Sighting.blob).where(Sighting.id.in_(ids)), len(ids))
    blobs = [blob for (blob,) in rows]
    store.describe(session, blobs, depth="glance")
    kept.described_again(session, blobs)


def _undescribed(
    session: Session, asked: Iterable[Select[int, str]], blob: Any, *, limit: int, is_current: ColumnElement[bool]
) -> list[int]:
    """Return the first `limit` ids with a held blob that was not described, or not as it should be, one a blob.

    A blob that is not held is passed over, not an error: one lost file must not keep all others waiting.
    """
    held = home.of(session).blobs.has
    first: dict[str, int] = {}
    for rows in asked:
        for row_id, sha256 in _lacking(session, rows, blob, is_current):
            if sha256 not in first and held(sha256):
                first[sha256] = row_id
            if len(first) == limit:
                return list(first.values())
    return list(first.values())


def _lacking(
    session: Session, rows: Select[*Columns], blob: Any, is_current: ColumnElement[bool]
) -> Iterator[Row[*Columns]]:
    """Yield the rows whose blob was not described, or not as it should be; what could not be read is described."""
    lacks = or_(Medium.id.is_(None), and_(Medium.kind.is_not(None), ~is_current))
    lacking = rows.outerjoin(Medium, Medium.blob == blob).where(lacks)
    with closing(session.execute(lacking.execution_options(yield_per=500))) as found:
        yield from found


def _is_seen() -> ColumnElement[bool]:
    """Return the condition that of a Medium that was seen all is held that anybody wants."""
    return or_(store.is_current("glance"), kept.is_let_go())


def _tier(session: Session) -> ColumnElement[str]:
    """Return how much is kept of a work's films: what was said of the work, or else what the home says."""
    return func.coalesce(Work.tier, home.of(session).settings.fingerprints.film_tier)


def _read(session: Session, asked: Select[*tuple[Any, ...]], count: int) -> Sequence[Any]:
    """Return these rows, read without touching `session` where possible: on SQLite its first question takes the one
    write lock, and decoding takes minutes."""
    with home.of(session).readers()() as reading:
        found = reading.execute(asked).all()
    if len(found) < count:  # rows of this very transaction, which nobody else can see yet
        found = session.execute(asked).all()
    return found
