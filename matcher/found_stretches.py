"""Stretches that a reference shares with other films of its owner: openings, endings, recaps, previews, stock shots.

mekiki finds them (matcher.learn_stretches) and they prove nothing from that moment on, because a false notice is worse
than a missed copy. A person confirms or rejects them; what was rejected proves again, and is never found a second time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from matcher import references
from matcher.catalogue import Asset, Work
from matcher.references import Reference


class BadStretch(MekikiError):
    """A stretch cannot be confirmed or rejected like this."""


class UnknownStretch(MekikiError):
    """No found stretch has this uuid."""


class FoundStretch(Row, Base):
    """A stretch of a reference that other films of its owner show too."""

    __tablename__ = "found_stretches"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # "opening", "ending", "recap", "preview" or "stock shot"
    start_s: Mapped[float]  # may still grow while nobody confirmed or rejected it
    end_s: Mapped[float]
    shared_with: Mapped[int]  # other references that show it
    found_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(200))
    rejected_at: Mapped[datetime | None]
    rejected_by: Mapped[str | None] = mapped_column(String(200))
    rejected_why: Mapped[str | None] = mapped_column(Text)

    @property
    def is_open(self) -> bool:
        """Whether a person has still to say something."""
        return self.confirmed_at is None and self.rejected_at is None


def confirm(session: Session, stretch: FoundStretch, *, by: str) -> FoundStretch:
    """Write down that a person agrees, and return the stretch; who confirmed it first stays on record.

    Raises BadStretch for one that was rejected.
    """
    if not by.strip():
        raise BadStretch("Say who confirms the stretch.")
    if stretch.rejected_at is not None:
        raise BadStretch(
            f"{stretch.rejected_by} rejected this stretch on {stretch.rejected_at:%Y-%m-%d}; "
            "`mekiki reference exclude` leaves it out all the same."
        )
    if stretch.confirmed_at is None:
        stretch.confirmed_at, stretch.confirmed_by = clock.now(), by.strip()
        session.flush()
    return stretch


def reject(session: Session, stretch: FoundStretch, *, by: str, why: str) -> FoundStretch:
    """Let a stretch prove its episode again from the next comparison on, and return it; the first rejection stays on
    record, and so does an earlier confirmation. Raises BadStretch."""
    if not by.strip() or not why.strip():
        raise BadStretch("Say why the stretch does prove its episode, and who says so; give both.")
    if stretch.rejected_at is None:
        stretch.rejected_at, stretch.rejected_by, stretch.rejected_why = clock.now(), by.strip(), why.strip()
        session.flush()
    return stretch


def find(session: Session, uuid: str) -> FoundStretch:
    """Return the stretch with this uuid. Raises UnknownStretch."""
    row = session.scalar(select(FoundStretch).where(FoundStretch.uuid == uuid))
    if row is None:
        raise UnknownStretch(f"There is no found stretch {uuid}; `mekiki reference stretches` shows them.")
    return row


def in_force(
    session: Session, reference_ids: Sequence[int] | None = None
) -> dict[int, tuple[tuple[float, float], ...]]:
    """Return the (start, end) seconds of these references, or of all, that prove nothing: those nobody rejected.

    References without any are absent.
    """
    rows = select(FoundStretch).where(FoundStretch.rejected_at.is_(None)).order_by(FoundStretch.start_s)
    if reference_ids is not None:
        rows = rows.where(FoundStretch.reference_id.in_(reference_ids))
    found: dict[int, tuple[tuple[float, float], ...]] = {}
    for row in session.scalars(rows):
        found[row.reference_id] = (*found.get(row.reference_id, ()), (row.start_s, row.end_s))
    return found


def sign(session: Session) -> tuple[object, ...]:
    """Return numbers that change whenever `in_force` may."""
    lengths = func.sum(FoundStretch.start_s), func.sum(FoundStretch.end_s)
    counted = func.count(), func.count(FoundStretch.rejected_at), func.max(FoundStretch.uuid), *lengths
    return tuple(session.execute(select(*counted)).one())


def listed(session: Session, work: Work) -> list[tuple[Asset, Reference, FoundStretch]]:
    """Return the stretches of a work's active references, rejected ones too: by asset, page and time."""
    rows = session.execute(
        select(Asset, Reference, FoundStretch)
        .join(Reference, Reference.asset_id == Asset.id)
        .join(FoundStretch, FoundStretch.reference_id == Reference.id)
        .where(Asset.work_id == work.id, references.in_force(clock.now()))
        .order_by(Asset.name, Asset.id, Reference.position, Reference.id, FoundStretch.start_s, FoundStretch.id)
    )
    return [(asset, reference, stretch) for asset, reference, stretch in rows]
