"""The fair-use registry: what each creator permits beyond the floor that everybody has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from matcher.catalogue import Owner, Work
from matcher.interface import FanRuleRow


class BadFanRule(MekikiError):
    """A creator's rule says nothing, or something that cannot be."""


class UnknownFanRule(MekikiError):
    """No rule has this uuid."""


class FanRule(Row, Base):
    """What an owner allows fans to do with a work, or with all of their works."""

    __tablename__ = "fan_rules"

    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"), index=True)
    work_id: Mapped[int | None] = mapped_column(ForeignKey("works.id"), index=True)  # None: every work of the owner
    max_seconds: Mapped[float | None]
    needs_non_commercial: Mapped[bool] = mapped_column(default=True)
    needs_attribution: Mapped[bool] = mapped_column(default=True)
    max_pictures: Mapped[int | None]
    says: Mapped[str] = mapped_column(Text)  # the creator's own words
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Terms:
    """What a creator allows fans; a rule can only widen what everybody has."""

    says: str  # the creator's own words
    max_seconds: float | None = None  # None: as the floor
    max_pictures: int | None = None  # None: the rule does not speak of pictures
    needs_non_commercial: bool = True
    needs_attribution: bool = True


def add(session: Session, terms: Terms, *, owner: Owner, work: Work | None, by: str) -> FanRule:
    """Register a creator's rule for one work, or for every work of the owner, and return its row. Raises BadFanRule."""
    if not terms.says.strip() or not by.strip():
        raise BadFanRule("A rule keeps the creator's own words and who registered it; fill in both.")
    if work is not None and work.owner_id != owner.id:
        raise BadFanRule(f"{work.title} does not belong to {owner.name}; name its own owner.")
    if (terms.max_seconds or 0) < 0 or (terms.max_pictures or 0) < 0:
        raise BadFanRule("A rule cannot allow less than nothing; give a number from 0 on, or leave it out.")
    row = FanRule(
        owner_id=owner.id,
        work_id=work.id if work else None,
        max_seconds=terms.max_seconds,
        needs_non_commercial=terms.needs_non_commercial,
        needs_attribution=terms.needs_attribution,
        max_pictures=terms.max_pictures,
        says=terms.says.strip(),
        by=by,
        at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def registered(session: Session) -> Sequence[FanRule]:
    """Return every rule, revoked ones too, newest first."""
    return session.scalars(select(FanRule).order_by(FanRule.id.desc())).all()


def revoke(session: Session, uuid: str) -> FanRule:
    """End a rule now and return its row; it stays readable. Raises UnknownFanRule."""
    row = session.scalar(select(FanRule).where(FanRule.uuid == uuid))
    if row is None:
        raise UnknownFanRule(f"There is no fan rule {uuid}; `mekiki fanrule list` shows them.")
    row.revoked_at = row.revoked_at or clock.now()
    session.flush()
    return row


def rows_for(session: Session, work: Work) -> list[FanRuleRow]:
    """Return every rule in force for the work or for all its owner's works."""
    concerns = or_(FanRule.work_id == work.id, (FanRule.work_id.is_(None)) & (FanRule.owner_id == work.owner_id))
    found = session.scalars(select(FanRule).where(concerns, FanRule.revoked_at.is_(None)).order_by(FanRule.id))
    return [
        FanRuleRow(
            each.uuid, each.max_seconds, each.needs_non_commercial, each.needs_attribution, each.max_pictures, each.says
        )
        for each in found
    ]
