"""The first stages: fingerprints of what we protect and of what was seen. Opens no file itself."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from config import clock, home
from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.store import Medium
from matcher import kept
from matcher.catalogue import Asset, Work
from matcher.references import Reference, in_force


def pending_references(session: Session, limit: int) -> Sequence[int]:
    """Return active references that were not described as deeply as their work asks for, or by older kinds only, and
    whose file is held here."""
    rows = select(Reference.id, Reference.blob).where(in_force(clock.now()))
    owned = rows.join(Asset, Asset.id == Reference.asset_id).join(Work, Work.id == Asset.work_id)
    # Points are hashes and more: whoever has them lacks nothing.
    is_current = or_(store.is_current("points"), and_(_tier(session) == "hashes", store.is_current("hashes")))
    return _undescribed(session, owned.order_by(Reference.id), Reference.blob, limit=limit, is_current=is_current)


def describe_references(session: Session, ids: Sequence[int]) -> None:
    """Write the fingerprints of these references, each as deeply as its work asks for."""
    asked = select(Reference.blob, _tier(session)).join(Asset, Asset.id == Reference.asset_id)
    rows = _read(session, asked.join(Work, Work.id == Asset.work_id).where(Reference.id.in_(ids)), len(ids))
    deep = [blob for blob, tier in rows if tier == "points"]
    store.describe(session, deep, depth="points")
    store.describe(session, [blob for blob, _ in rows if blob not in deep], depth="hashes")


def pending_sightings(session: Session, limit: int) -> Sequence[int]:
    """Return sightings whose medium was not glanced at yet, or by older kinds only, or whose fingerprints were let go
    and are wanted; of several with the same bytes, the first."""
    rows = select(Sighting.id, Sighting.blob).order_by(Sighting.id)
    is_current = or_(store.is_current("glance"), kept.is_let_go())
    return _undescribed(session, rows, Sighting.blob, limit=limit, is_current=is_current)


def describe_sightings(session: Session, ids: Sequence[int]) -> None:
    """Write what a glance at these sightings shows."""
    rows = _read(session, select(Sighting.blob).where(Sighting.id.in_(ids)), len(ids))
    blobs = [blob for (blob,) in rows]
    store.describe(session, blobs, depth="glance")
    kept.described_again(session, blobs)


def _undescribed(
    session: Session, rows: Select[int, str], blob: Any, *, limit: int, is_current: ColumnElement[bool]
) -> list[int]:
    """Return the first `limit` ids with a held blob that was not described, or not as it should be, one a blob.

    A blob that is not held is passed over, not an error: one lost file must not keep all others waiting.
    """
    held = home.of(session).blobs.has
    first: dict[str, int] = {}
    lacking = rows.outerjoin(Medium, Medium.blob == blob).where(
        or_(Medium.id.is_(None), and_(Medium.kind.is_not(None), ~is_current))
    )
    with closing(session.execute(lacking.execution_options(yield_per=500))) as found:
        for row_id, sha256 in found:
            if sha256 not in first and held(sha256):
                first[sha256] = row_id
            if len(first) == limit:
                break
    return list(first.values())


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
