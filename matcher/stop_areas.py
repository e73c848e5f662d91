"""Areas of a reference picture that are not distinctive: a card's frame, a logo, window furniture, an empty bubble.

What lies inside one proves nothing. A person marks an area, or mekiki learns it (matcher.shared_areas); withdrawn ones
stay on record. Comparing is done elsewhere.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from fingerprints import store
from matcher.catalogue import Asset, Work
from matcher.interface import Box
from matcher.references import Reference

Source = Literal["person", "learned"]
OURSELVES = "mekiki"  # who marked what was learned
WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class BadArea(MekikiError):
    """An area that no picture has, or one without a reason or a name."""


class UnknownArea(MekikiError):
    """No area has this uuid."""


class StopArea(Row, Base):
    """An area of a reference that is not distinctive, until it is withdrawn."""

    __tablename__ = "stop_areas"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    left: Mapped[float]  # all four are fractions of the whole picture, its plain borders included
    top: Mapped[float]
    right: Mapped[float]
    bottom: Mapped[float]
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(8))  # "person" or "learned"
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(200))

    @property
    def box(self) -> Box:
        """Where the area lies."""
        return Box(self.left, self.top, self.right, self.bottom)


def mark(
    session: Session, reference: Reference, box: Box, *, by: str, reason: str, source: Source = "person"
) -> StopArea:
    """Declare that an area of a reference picture is not distinctive, and return the row.

    It counts from the next comparison on; what matched before stays on record. Raises BadArea.
    """
    _check(box)
    if not reason.strip() or not by.strip():
        raise BadArea("An area says why it is not distinctive and who marked it; give both.")
    medium = store.medium(session, reference.blob)
    if medium is not None and medium.kind != "image":
        raise BadArea(f"{reference.name} is no picture; `mekiki reference exclude` leaves out a stretch of a film.")
    row = StopArea(
        reference_id=reference.id, left=box.left, top=box.top, right=box.right, bottom=box.bottom,
        reason=reason.strip(), by=by.strip(), source=source, at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def withdraw(session: Session, area: StopArea, *, by: str) -> StopArea:
    """Let an area count again from the next comparison on, and return it; who withdrew it first stays on record.

    mekiki never learns again what was withdrawn. Raises BadArea.
    """
    if not by.strip():
        raise BadArea("Say who withdraws the area.")
    if area.withdrawn_at is None:
        area.withdrawn_at, area.withdrawn_by = clock.now(), by.strip()
        session.flush()
    return area


def find(session: Session, uuid: str) -> StopArea:
    """Return the area with this uuid. Raises UnknownArea."""
    row = session.scalar(select(StopArea).where(StopArea.uuid == uuid))
    if row is None:
        raise UnknownArea(f"There is no area {uuid}; `mekiki reference areas` shows them.")
    return row


def areas_of(session: Session, reference_ids: Sequence[int] | None = None) -> dict[int, tuple[Box, ...]]:
    """Return where these references, or all of them, are not distinctive now; references without an area are absent."""
    active = select(StopArea).where(StopArea.withdrawn_at.is_(None)).order_by(StopArea.id)
    if reference_ids is not None:
        active = active.where(StopArea.reference_id.in_(reference_ids))
    found: dict[int, tuple[Box, ...]] = {}
    for row in session.scalars(active):
        found[row.reference_id] = (*found.get(row.reference_id, ()), row.box)
    return found


def ever_of(session: Session, reference_id: int) -> list[StopArea]:
    """Return every area a reference ever had, withdrawn ones too, oldest first."""
    return list(session.scalars(select(StopArea).where(StopArea.reference_id == reference_id).order_by(StopArea.id)))


def listed(session: Session, work: Work | None = None) -> list[tuple[Work, Reference, StopArea]]:
    """Return every area with its reference and work, withdrawn ones too: by title, then page, then age."""
    rows = (
        select(Work, Reference, StopArea)
        .join(Asset, Asset.work_id == Work.id)
        .join(Reference, Reference.asset_id == Asset.id)
        .join(StopArea, StopArea.reference_id == Reference.id)
        .order_by(Work.title, Work.id, Asset.id, Reference.position, Reference.id, StopArea.id)
    )
    found = session.execute(rows if work is None else rows.where(Work.id == work.id))
    return [(title, reference, area) for title, reference, area in found]


def _check(box: Box) -> None:
    if not (0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1):  # a NaN fails too
        raise BadArea(
            "An area lies inside the picture: left before right, top before bottom, all from 0 to 1 (or 0% to 100%)."
        )
    if box == WHOLE:
        raise BadArea("Nothing would be left to compare; `mekiki reference disable` stops the whole reference.")
