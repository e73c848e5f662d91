"""Negative memory: earlier answers of "no" that keep a place from being asked about twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from matcher.interface import NegativeRow

# The verdicts that keep a place from being asked about again.
REMEMBERED = ("licensed", "fan use", "not a match")
MEMORY = timedelta(days=180)  # pages change hands and content; a "no" is asked again after half a year


class UnknownNegative(MekikiError):
    """No earlier "no" has this uuid."""


class Negative(Row, Base):
    """This place is not that work, is licensed, or is a fan use: by whom, why, until when; it can be restored."""

    __tablename__ = "negatives"

    place: Mapped[str] = mapped_column(String(500), index=True)
    work_id: Mapped[int] = mapped_column(ForeignKey("works.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    restored_at: Mapped[datetime | None]


def _standing(place: str, work_id: int) -> Select[Negative]:
    return select(Negative).where(Negative.place == place, Negative.work_id == work_id, Negative.restored_at.is_(None))


def remember(session: Session, *, place: str, work_id: int, verdict: str, reason: str, by: str) -> Negative:
    """Remember a person's "no" for one work at one place until MEMORY has passed, and return its row."""
    row = Negative(
        place=place,
        work_id=work_id,
        verdict=verdict,
        reason=reason,
        by=by,
        at=clock.now(),
        expires_at=clock.now() + MEMORY,
    )
    session.add(row)
    session.flush()
    return row


def restore(session: Session, uuid: str) -> Negative:
    """Forget one "no": the place may be asked about again. Raises UnknownNegative."""
    row = session.scalar(select(Negative).where(Negative.uuid == uuid))
    if row is None:
        raise UnknownNegative(f"There is no earlier answer {uuid}; `mekiki allow list` shows them.")
    row.restored_at = row.restored_at or clock.now()
    session.flush()
    return row


def restore_at(session: Session, *, place: str, work_id: int) -> None:
    """Forget every "no" for one work at one place; what undoing a decision does."""
    for row in session.scalars(_standing(place, work_id)):
        row.restored_at = clock.now()
    session.flush()


def rows_for(session: Session, *, place: str, work_id: int) -> list[NegativeRow]:
    """Return every "no" for the work at the place that was not restored, expired or not."""
    return [
        NegativeRow(each.uuid, each.place, each.verdict, each.by, each.reason, each.expires_at, each.at)
        for each in session.scalars(_standing(place, work_id).order_by(Negative.id))
    ]


def remembered(session: Session) -> Sequence[Negative]:
    """Return every "no", restored ones too, newest first."""
    return session.scalars(select(Negative).order_by(Negative.id.desc())).all()
