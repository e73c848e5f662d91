"""Learns which areas of references are not distinctive, because references of other works show the same there.

Each picture is looked for once among the others. What it merely shares with one of another work becomes areas of both
(matcher.stop_areas), and an area that one picture has already spreads to the others that show it. Pictures without a
clear difference are one picture, registered twice, which is for people to settle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row, claim
from fingerprints.store import Medium
from matcher import pictures, retrieve, shared_parts, stop_areas
from matcher.catalogue import Asset, Work
from matcher.closer_look import Fitted
from matcher.distinctive import Described
from matcher.references import Reference, in_force
from matcher.shared_parts import LEAST_POINTS, Half
from matcher.stop_areas import StopArea

MOST_LOOKS = 50  # at one picture: what learned steps aside, and a look sees only so many at once


class SharedLook(Row, Base):
    """A reference that was looked for among the others, when all up to this id were described."""

    __tablename__ = "shared_looks"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), unique=True)
    up_to_reference_id: Mapped[int]
    at: Mapped[datetime]


@dataclass(frozen=True)
class _Side:
    """One of two references, with what is needed to lay it over the other."""

    reference: Reference
    work: Work
    vectors: Described


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return active described pictures that were not looked for among the others yet, or not since a person marked an
    area of them, oldest first."""
    is_picture = select(Medium.id).where(Medium.blob == Reference.blob, Medium.kind == "image").exists()
    done = select(SharedLook.id).where(SharedLook.reference_id == Reference.id)
    is_done = done.where(~_is_marked_since()).exists()
    rows = select(Reference.id).where(in_force(clock.now()), is_picture, ~is_done)
    return session.scalars(claim(session, rows.order_by(Reference.id).limit(limit))).all()


def learn(session: Session, ids: Sequence[int]) -> None:
    """Look for these references among all others, and learn on both sides what they merely share."""
    for number in sorted(ids):
        if _begin(session, number):
            for _ in range(MOST_LOOKS):
                if not _look(session, number):
                    break


def _is_marked_since() -> ColumnElement[bool]:
    """Say whether a person marked an area of a SharedLook's reference later: it is to be carried to the others."""
    marked = StopArea.reference_id == SharedLook.reference_id, StopArea.source == "person", StopArea.at > SharedLook.at
    return select(StopArea.id).where(*marked).correlate(SharedLook).exists()


def _begin(session: Session, number: int) -> bool:
    """Write down that this reference is looked for; False when another worker was quicker."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(SharedLook)
    row = insert.values(reference_id=number, up_to_reference_id=retrieve.settled_reference_id(session), at=clock.now())
    again = row.on_conflict_do_update(
        index_elements=["reference_id"],
        set_={"up_to_reference_id": row.excluded.up_to_reference_id, "at": row.excluded.at},
        where=_is_marked_since(),
    )
    return session.execute(again.returning(SharedLook.id)).scalar() is not None


def _look(session: Session, number: int) -> bool:
    """Look once; say whether another reference learned something, which may uncover yet others behind it."""
    shelf = retrieve.shelf(session)
    (mine,) = _sides(session, [number])
    fitted = {each.reference_id: each for each in shelf.looks(session, mine.vectors) if len(each.pairs) >= LEAST_POINTS}
    others = _sides(session, sorted(fitted.keys() - {number}))
    taught = [_compare(session, fitted[other.reference.id], other, mine) for other in others]
    return any(taught)


def _sides(session: Session, numbers: Sequence[int]) -> list[_Side]:
    rows = session.execute(
        select(Reference, Work)
        .join(Asset, Asset.id == Reference.asset_id)
        .join(Work, Work.id == Asset.work_id)
        .where(Reference.id.in_(numbers))
        .order_by(Reference.id)
    )
    return [_Side(row, work, retrieve.vectors_of(session, row.blob, pictures.KINDS)) for row, work in rows.all()]


def _compare(session: Session, fitted: Fitted, other: _Side, mine: _Side) -> bool:
    """Learn on both sides what these two share; say whether `other` learned something."""
    halves = shared_parts.halves(fitted, other.vectors, mine.vectors)
    if halves is None:
        return False
    are_two = shared_parts.are_two(halves, other.vectors, mine.vectors)
    _learn_on(session, mine, other, halves[1], are_two=are_two)
    return _learn_on(session, other, mine, halves[0], are_two=are_two)


def _learn_on(session: Session, learner: _Side, teacher: _Side, half: Half, *, are_two: bool) -> bool:
    """Write the areas that one side learns; what a person withdrew from it is not learned again."""
    if learner.reference.bank == "negative":
        return False  # it is there to be found
    reason = f"{teacher.reference.name} of {teacher.work.title} shows the same here."
    is_other_work = learner.work.id != teacher.work.id
    if not (teacher.reference.bank == "negative" or (is_other_work and are_two)):
        areas = stop_areas.areas_of(session, [teacher.reference.id]).get(teacher.reference.id, ())
        half = shared_parts.within(half, learner.vectors, teacher.vectors, areas)
        reason = f"{teacher.reference.name} of {teacher.work.title} shows the same in an area that is not distinctive."
    known = [area.box for area in stop_areas.ever_of(session, learner.reference.id)]
    boxes = shared_parts.shared_boxes(half, learner.vectors, known)
    for box in boxes:
        stop_areas.mark(session, learner.reference, box, by=stop_areas.OURSELVES, reason=reason, source="learned")
    return bool(boxes)
