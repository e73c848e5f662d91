"""What is kept of captures costs: how much there is of each depth, in bytes, and how much it will be at this pace."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from config import clock, home
from fingerprints.quantised import CODE_BYTES as POINT_BYTES
from fingerprints.store import Fingerprint, Medium
from matcher.kept import Kept

SAMPLE = 200  # media whose bytes are looked at
HASH_BYTES = 32 + 86  # of one hash: in the table, and in the index as measured with ten million of them
ROW_BYTES = 150  # of a row of `kept` beside what it holds, with its indexes
PACE = timedelta(days=7)


@dataclass(frozen=True)
class Cost:
    """How many captured media are kept how deeply, and what that takes."""

    in_full: int
    with_points: int  # and hashes, but not in full
    hashes_alone: int
    waiting: int  # to be compared
    bytes_in_full: int  # of one medium, on average
    bytes_now: int  # all together, as far as a sample of the newest tells
    bytes_to_come: int  # once as much is kept as the settings allow, at the pace of the last seven days


def cost(session: Session) -> Cost:
    """Return what is kept of captures and what it takes; an estimate from the newest, for there are millions."""
    limits = home.of(session).settings.captures
    held = _count(session, Kept.forgotten_at.is_(None))
    full = _count(session, Kept.let_go_at.is_(None))
    pointed = _count(session, Kept.points_count > 0, Kept.let_go_at.is_not(None))
    days = PACE.total_seconds() / 86_400
    a_day = _count(session, Kept.kept_at > clock.now() - PACE, Kept.forgotten_at.is_(None)) / days
    row, points, whole = _row_bytes(session), _average(session, Kept.points_count) * POINT_BYTES, _full_bytes(session)
    will_be = max(held, round(a_day * limits.keep_days))
    in_full = max(full, min(limits.compared_in_full, will_be))
    with_points = max(pointed, min(limits.with_points, will_be - in_full))
    return Cost(
        full, pointed, max(0, held - full - pointed), _count(session, Kept.asked_at.is_not(None)), round(whole),
        round(held * row + (pointed + full) * points + full * whole),
        round(will_be * row + (with_points + in_full) * points + in_full * whole),
    )  # fmt: skip


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Kept).where(*where)) or 0


def _average(session: Session, column: Any) -> float:
    newest = select(column.label("bytes")).order_by(Kept.id.desc()).limit(SAMPLE).subquery()
    return float(session.scalar(select(func.avg(newest.c.bytes))) or 0.0)


def _row_bytes(session: Session) -> float:
    hashes = _average(session, Kept.count) * HASH_BYTES
    return ROW_BYTES + hashes + _average(session, func.length(Kept.positions))


def _full_bytes(session: Session) -> float:
    """Return the bytes of all fingerprints of one of the newest media."""
    newest = select(Kept.medium_id).where(Kept.let_go_at.is_(None)).order_by(Kept.id.desc()).limit(SAMPLE).subquery()
    size = func.length(Fingerprint.codes) + func.length(Fingerprint.positions)
    of_each = select(func.sum(size)).join(Medium, Medium.blob == Fingerprint.blob)
    count = session.scalar(select(func.count()).select_from(newest)) or 1
    return float(session.scalar(of_each.where(Medium.id.in_(select(newest.c.medium_id)))) or 0) / count
