"""Overlaps: the same content registered by two owners, which is a conflict for people to settle, not two claims.

Conflicts and what people said of them are only ever added. While one is open neither side's claim rests on the disputed
part, and once it is settled the other side's does not (matcher.holds). Finding them is done in matcher.find_overlaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, ForeignKey, String, Text, UniqueConstraint, and_, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from config import clock
from config.database import AppendOnly, Base, Row
from config.errors import MekikiError
from matcher import catalogue
from matcher.catalogue import Owner, Work
from matcher.references import Reference, in_force

Verdict = Literal["newer", "older", "shared"]  # whose it is: of the reference registered later, or earlier, or of both
VERDICTS: tuple[Verdict, ...] = ("newer", "older", "shared")


class UnknownOverlap(MekikiError):
    """No conflict has this uuid."""


class BadSettlement(MekikiError):
    """A conflict cannot be settled like this."""


class Overlap(AppendOnly, Row, Base):
    """Two references of two owners hold the same content."""

    __tablename__ = "overlaps"
    __table_args__ = (UniqueConstraint("newer_id", "older_id"),)

    newer_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)  # registered later
    older_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    score: Mapped[float]
    share: Mapped[float]  # of the newer reference that the older one holds too
    seconds: Mapped[float]  # of films; 0 for pictures
    # {"newer": [...], "older": [...]}: of films (start, end) seconds; of pictures one box (left, top, right, bottom)
    parts: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]


class OverlapSettlement(AppendOnly, Row, Base):
    """What a named person said of a conflict; the newest is in force."""

    __tablename__ = "overlap_settlements"

    overlap_id: Mapped[int] = mapped_column(ForeignKey("overlaps.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(8))  # one of VERDICTS
    by: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


@dataclass(frozen=True)
class Claim:
    """One side of a conflict."""

    reference: Reference
    work: Work
    owner: Owner


@dataclass(frozen=True)
class Conflict:
    """A conflict with both sides and what was said of it last."""

    overlap: Overlap
    newer: Claim
    older: Claim
    settlement: OverlapSettlement | None  # None: it is open

    @property
    def says(self) -> str:
        """The sentence that both sides read."""
        share, how_long = f"{100 * self.overlap.share:.0f} percent of", ""
        if self.overlap.seconds:
            how_long = f" ({self.overlap.seconds:.0f} s)"
        return (
            f"{self.older.reference.name} of {self.older.owner.name} holds {share} "
            f"{self.newer.reference.name} of {self.newer.owner.name}{how_long}."
        )

    def is_in_the_way_of(self, reference_id: int) -> bool:
        """Say whether the disputed part proves nothing for one of the two references."""
        if self.settlement is None:
            return True
        loser = {"newer": self.older, "older": self.newer}.get(self.settlement.verdict)
        return loser is not None and loser.reference.id == reference_id


def listed(session: Session, work: Work | None = None, *, only_open: bool = False) -> list[Conflict]:
    """Return the conflicts, of one work or of all, open ones first, the newest first; a side that is not in force
    claims nothing, and there is no conflict any more."""
    newest = select(func.max(OverlapSettlement.id)).group_by(OverlapSettlement.overlap_id)
    one, other = aliased(Reference), aliased(Reference)
    rows = session.execute(
        select(Overlap, one, other, OverlapSettlement)
        .join(one, one.id == Overlap.newer_id)
        .join(other, other.id == Overlap.older_id)
        .outerjoin(OverlapSettlement, (OverlapSettlement.overlap_id == Overlap.id) & OverlapSettlement.id.in_(newest))
        .where(_claim_something())
        .order_by(OverlapSettlement.id.is_not(None), Overlap.id.desc())
    ).all()
    if only_open:
        rows = [row for row in rows if row[3] is None]
    found = [
        Conflict(overlap, _claim(session, newer), _claim(session, older), settlement)
        for overlap, newer, older, settlement in rows
    ]
    return [each for each in found if work is None or work.id in (each.newer.work.id, each.older.work.id)]


def count_open(session: Session) -> int:
    """Return how many conflicts nobody settled yet."""
    is_settled = select(OverlapSettlement.id).where(OverlapSettlement.overlap_id == Overlap.id).exists()
    return session.scalar(select(func.count(Overlap.id)).where(_claim_something(), ~is_settled)) or 0


def find(session: Session, uuid: str) -> Overlap:
    """Return the conflict with this uuid. Raises UnknownOverlap."""
    row = session.scalar(select(Overlap).where(Overlap.uuid == uuid))
    if row is None:
        raise UnknownOverlap(f"There is no conflict {uuid}; `mekiki reference overlaps` shows them.")
    return row


def settle(session: Session, overlap: Overlap, verdict: Verdict, *, by: str, reason: str) -> OverlapSettlement:
    """Write down whose the content is, and return the row; a later one takes an earlier one back. Raises
    BadSettlement."""
    if verdict not in VERDICTS:
        raise BadSettlement(f'"{verdict}" settles nothing; choose one of {", ".join(VERDICTS)}.')
    if not by.strip() or not reason.strip():
        raise BadSettlement("Say why the conflict is settled like this, and who says so; give both.")
    row = OverlapSettlement(
        overlap_id=overlap.id, verdict=verdict, by=by.strip(), reason=reason.strip(), at=clock.now()
    )
    session.add(row)
    session.flush()
    return row


def disputed(session: Session) -> dict[int, Sequence[Sequence[float]]]:
    """Return, by reference, the parts of it that prove nothing because another owner claims them."""
    found: dict[int, list[Sequence[float]]] = {}
    for conflict in listed(session):
        for side, claim in (("newer", conflict.newer), ("older", conflict.older)):
            if conflict.is_in_the_way_of(claim.reference.id):
                found.setdefault(claim.reference.id, []).extend(conflict.overlap.parts[side])
    return dict(found)


def _claim_something() -> ColumnElement[bool]:
    """Return the condition that both references of an Overlap are in force."""
    claiming = select(Reference.id).where(in_force(clock.now()))
    return and_(Overlap.newer_id.in_(claiming), Overlap.older_id.in_(claiming))


def _claim(session: Session, reference: Reference) -> Claim:
    work = catalogue.work_of(session, reference.asset_id)
    return Claim(reference, work, session.get_one(Owner, work.owner_id))
