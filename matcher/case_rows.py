"""Assessments, cases and decisions at rest, and the newest of each. What is done with them is in matcher.cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from config import clock
from config.database import AppendOnly, Base, Row

PROMISE = timedelta(hours=24)  # from seeing a copy to asking for its removal
UNDONE = "undone"


class Assessment(AppendOnly, Row, Base):
    """The transcript of every allowance that was checked for one work at one finding."""

    __tablename__ = "assessments"
    # One index for both: given one each, SQLite chooses the work's, which leads to every assessment of that work.
    __table_args__ = (Index("ix_assessments_use", "finding_id", "work_id"),)

    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    work_id: Mapped[int] = mapped_column(ForeignKey("works.id"))
    moment: Mapped[str] = mapped_column(String(8))  # "opening", "deciding" or "leaving"
    outcome: Mapped[str] = mapped_column(String(8))  # "allowed", "person" (something unknown) or "open"
    answers: Mapped[list[Any]]  # [{"allowance", "verdict", "says", "row"}, ...]
    matched_seconds: Mapped[float | None]
    newest_match_id: Mapped[int]  # matches up to here were taken into account
    newest_sighting_id: Mapped[int] = mapped_column(default=0)  # sightings too: old bytes may come to a page later
    at: Mapped[datetime]


class Case(Row, Base):
    """One work at one place."""

    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("work_id", "place"),)

    work_id: Mapped[int] = mapped_column(ForeignKey("works.id"), index=True)
    place: Mapped[str] = mapped_column(String(500), index=True)
    detected_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)  # detected + 24 h
    score: Mapped[float]
    lane: Mapped[str] = mapped_column(String(4))
    harm: Mapped[int] = mapped_column(default=0)  # 2 leak of a provisional work, 1 goods or simulcast, 0 other
    state: Mapped[str] = mapped_column(String(8), index=True)  # "open", "decided" or "closed"
    state_at: Mapped[datetime | None] = mapped_column(index=True)  # when that was said last; None: before it was kept

    @validates("state")
    def _dated(self, _key: str, state: str) -> str:
        self.state_at = clock.now()
        return state


class CaseFinding(Row, Base):
    """A finding that belongs to a case, with the assessment it came in on."""

    __tablename__ = "case_findings"
    __table_args__ = (UniqueConstraint("case_id", "finding_id"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"), index=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id"))


class Decision(AppendOnly, Row, Base):
    """A person's verdict on a case, or the undoing of one."""

    __tablename__ = "decisions"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    person: Mapped[str] = mapped_column(String(200))
    verdict: Mapped[str] = mapped_column(String(12))  # one of VERDICTS, or UNDONE
    reason: Mapped[str] = mapped_column(Text)
    assessment_id: Mapped[int | None] = mapped_column(ForeignKey("assessments.id"))  # the check made when deciding
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    at: Mapped[datetime]


def newest_assessment(session: Session, finding_id: int, work_id: int) -> Assessment | None:
    """Return the latest check of one work at one finding, whatever its moment; None before the first."""
    return session.scalar(
        select(Assessment)
        .where(Assessment.finding_id == finding_id, Assessment.work_id == work_id)
        .order_by(Assessment.id.desc())
        .limit(1)
    )


def newest_decision(session: Session, case_id: int) -> Decision | None:
    """Return the decision that is in force; None when nobody has decided or the last decision was undone."""
    newest = session.scalar(select(Decision).where(Decision.case_id == case_id).order_by(Decision.id.desc()).limit(1))
    return None if newest is None or newest.verdict == UNDONE else newest


def decisions(session: Session, case_id: int) -> Sequence[Decision]:
    """Return everything people said of a case, undone decisions too, oldest first."""
    return session.scalars(select(Decision).where(Decision.case_id == case_id).order_by(Decision.id)).all()


def findings(session: Session, case_id: int) -> Sequence[CaseFinding]:
    """Return the findings of a case, oldest first."""
    return session.scalars(
        select(CaseFinding).where(CaseFinding.case_id == case_id).order_by(CaseFinding.finding_id)
    ).all()
