"""Quarantine: references that suddenly matched far more than they ever did, until a named person has looked at them.

Events are only ever added; the newest one of a reference says where it stands. Whether there is a flood is judged in
matcher.flood, and what a quarantine keeps from happening is told in matcher.holds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from config import clock, log
from config.database import AppendOnly, Base, Row
from config.errors import MekikiError
from matcher.references import Reference, in_force

MEKIKI = "mekiki"  # who quarantined it
Step = Literal["quarantined", "released", "disabled"]
_log = log.get(__name__)


class NotQuarantined(MekikiError):
    """What was asked of a reference needs it to be in quarantine, and it is not."""


class QuarantineEvent(AppendOnly, Row, Base):
    """A reference went into quarantine, or a person let it out."""

    __tablename__ = "quarantine_events"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    event: Mapped[str] = mapped_column(String(12))  # "quarantined", "released" or "disabled"
    by: Mapped[str] = mapped_column(String(200))  # "mekiki", or a named person
    says: Mapped[str] = mapped_column(Text)  # why
    figures: Mapped[dict[str, Any]]  # {"places", "limit", "usual", "siblings", "is_proven"}; released: {"places"}
    at: Mapped[datetime]


def is_quarantined() -> ColumnElement[bool]:
    """Return the condition, within a query over references, that a reference is in quarantine."""
    step, later = aliased(QuarantineEvent), aliased(QuarantineEvent)
    is_past = select(later.id).where(later.reference_id == step.reference_id, later.id > step.id).correlate(step)
    newest = select(step.id).where(step.reference_id == Reference.id, step.event == "quarantined", ~is_past.exists())
    return newest.correlate(Reference).exists()


def current(session: Session) -> Sequence[tuple[Reference, QuarantineEvent]]:
    """Return every reference that is in quarantine now with the event that put it there, the newest first.

    A reference that is not in force matches nothing and needs nobody's look any more.
    """
    newest = select(func.max(QuarantineEvent.id)).group_by(QuarantineEvent.reference_id)
    rows = session.execute(
        select(Reference, QuarantineEvent)
        .join(QuarantineEvent, QuarantineEvent.reference_id == Reference.id)
        .where(QuarantineEvent.id.in_(newest), QuarantineEvent.event == "quarantined", in_force(clock.now()))
        .order_by(QuarantineEvent.id.desc())
    )
    return [(reference, event) for reference, event in rows]


def events(session: Session, reference_id: int) -> Sequence[QuarantineEvent]:
    """Return everything that happened to one reference, oldest first."""
    rows = select(QuarantineEvent).where(QuarantineEvent.reference_id == reference_id)
    return session.scalars(rows.order_by(QuarantineEvent.id)).all()


def locked(session: Session, reference_id: int) -> QuarantineEvent | None:
    """Return a reference's newest event, None before the first; others wait with theirs until this session commits."""
    session.execute(select(Reference.id).where(Reference.id == reference_id).with_for_update(key_share=True))
    rows = select(QuarantineEvent).where(QuarantineEvent.reference_id == reference_id)
    return session.scalar(rows.order_by(QuarantineEvent.id.desc()).limit(1))


def record(
    session: Session, reference: Reference, event: Step, *, by: str, says: str, figures: Mapping[str, Any]
) -> QuarantineEvent:
    """Add an event, and tell the log: there it reaches whoever watches this home from outside."""
    row = QuarantineEvent(
        reference_id=reference.id, event=event, by=by, says=says, figures=dict(figures), at=clock.now()
    )
    session.add(row)
    session.flush()
    _log.warning("reference quarantine", reference=reference.uuid, step=event, by=by, says=says)
    return row
