"""The first stages: fingerprints of what we protect and of what was seen. Opens no file itself."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from config import home
from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.store import Medium
from matcher.references import Reference


def pending_references(session: Session, limit: int) -> Sequence[int]:
    """Return active references that were not described yet, or by older kinds only, and whose file is held here."""
    rows = select(Reference.id, Reference.blob).where(Reference.disabled_at.is_(None))
    return _undescribed(session, rows.order_by(Reference.id), Reference.blob, limit)


def describe_references(session: Session, ids: Sequence[int]) -> None:
    """Write the fingerprints of these references."""
    _describe(session, select(Reference.blob).where(Reference.id.in_(ids)), len(ids))


def pending_sightings(session: Session, limit: int) -> Sequence[int]:
    """Return sightings whose medium was not described yet, or by older kinds only; of several with the same bytes,
    the first."""
    return _undescribed(session, select(Sighting.id, Sighting.blob).order_by(Sighting.id), Sighting.blob, limit)


def describe_sightings(session: Session, ids: Sequence[int]) -> None:
    """Write the fingerprints of what these sightings show."""
    _describe(session, select(Sighting.blob).where(Sighting.id.in_(ids)), len(ids))


def _undescribed(session: Session, rows: Select[int, str], blob: Any, limit: int) -> list[int]:
    """Return the first `limit` ids with a held blob that was not described, or by older kinds only, one a blob.

    A blob that is not held is passed over, not an error: one lost file must not keep all others waiting.
    """
    held = home.of(session).blobs.has
    first: dict[str, int] = {}
    lacking = rows.outerjoin(Medium, Medium.blob == blob).where(
        or_(Medium.id.is_(None), and_(Medium.kind.is_not(None), ~store.is_current()))
    )
    with closing(session.execute(lacking.execution_options(yield_per=500))) as found:
        for row_id, sha256 in found:
            if sha256 not in first and held(sha256):
                first[sha256] = row_id
            if len(first) == limit:
                break
    return list(first.values())


def _describe(session: Session, blobs: Select[str], count: int) -> None:
    """Describe the blobs, read without touching `session` where possible: on SQLite its first question takes the one
    write lock, and decoding takes minutes."""
    with home.of(session).readers()() as reading:
        found = reading.scalars(blobs).all()
    if len(found) < count:  # rows of this very transaction, which nobody else can see yet
        found = session.scalars(blobs).all()
    store.describe(session, found)
