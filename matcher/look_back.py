"""Looks for every reference that is new, or back, among what was seen before: which captures are to be compared again?

The newest are, all of them. The older ones are asked for by the hashes that are kept of them; what is near waits to be
compared like a new capture, behind the new ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, ForeignKey, func, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, home
from config.database import AppendOnly, Base, Row, claim
from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.store import Fingerprint, Medium
from matcher import kept, lives, pictures, retrieve, reverse
from matcher.captured import captured
from matcher.closer_look import POINTS
from matcher.kept import Kept
from matcher.references import Reference, in_force

ROWS_AT_ONCE = 500  # of one IN (...)


class LookBack(AppendOnly, Row, Base):
    """A reference was looked for among everything that was seen before."""

    __tablename__ = "look_backs"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    at: Mapped[datetime] = mapped_column(
        index=True
    )  # when it began: who was kept by then was asked, and whoever is compared later meets it anyway
    fingerprint_id: Mapped[int]  # the newest of the reference's by then
    near: Mapped[int]  # captures, older than those that are compared in full, that are to be compared again


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return described references in force that were not looked for yet; nor since they were described anew, or came
    back into force."""
    now = clock.now()
    absences = lives.absences(now)
    back = select(func.max(absences.c.until)).where(absences.c.reference_id == Reference.id).scalar_subquery()
    looked = select(LookBack.id).where(LookBack.reference_id == Reference.id, LookBack.fingerprint_id >= _described())
    is_done = looked.where(or_(back.is_(None), LookBack.at >= back)).exists()
    readable = select(Medium.id).where(Medium.blob == Reference.blob, Medium.kind.is_not(None), retrieve.is_described())
    rows = select(Reference.id).where(in_force(now), readable.exists(), ~is_done)
    return session.scalars(claim(session, rows.order_by(Reference.id).limit(limit))).all()


def look(session: Session, ids: Sequence[int]) -> None:
    """Look for these references in everything that is kept; what may hold one waits to be compared from now on.

    All is read before `session` is asked anything: SQLite's one write lock must not be held while millions of hashes
    are compared.
    """
    began = clock.now()
    with home.of(session).readers()() as reading:
        is_there = reading.scalar(select(func.count()).where(Reference.id.in_(ids))) == len(ids)
        asked = reading if is_there else session  # else: rows nobody else can see yet
        looks = {number: _looks(asked, number) for number in sorted(ids)}
        near = {number: _near(reading, each) for number, each in looks.items()}
        for number, picture in _by_points(reading, looks):
            near[number].add(picture)
    newest_old = kept.newest_old(session)
    for number, found in near.items():
        waits = update(Kept).where(_did_not_meet(session, number, began)).values(asked_at=began)
        session.execute(waits.where(Kept.id > newest_old))
        older = sorted(each for each in found if each <= newest_old)
        for start in range(0, len(older), ROWS_AT_ONCE):
            some = older[start : start + ROWS_AT_ONCE]
            session.execute(waits.where(Kept.id.in_(some), Kept.forgotten_at.is_(None)))
        newest = session.execute(select(_described()).where(Reference.id == number)).scalar_one()
        session.add(LookBack(reference_id=number, at=began, fingerprint_id=newest, near=len(older)))
        session.flush()


def _did_not_meet(session: Session, number: int, at: datetime) -> ColumnElement[bool]:
    """Return the condition that a Kept was not compared with a reference: with one that was looked for before, what was
    compared while it was out of force, or is being compared since then."""
    looked = select(LookBack.id).join(Reference, Reference.id == LookBack.reference_id)
    before = looked.where(Reference.id == number, LookBack.fingerprint_id >= _described())
    if session.scalar(before.limit(1)) is None:
        return true()
    absences = lives.absences(at)
    was_out = select(absences.c.since).where(absences.c.reference_id == number, Kept.compared_at < absences.c.until)
    return or_(Kept.asked_at.is_not(None), was_out.where(Kept.compared_at >= absences.c.since).correlate(Kept).exists())


def _described() -> ColumnElement[int]:
    """Return the id of a Reference's newest fingerprint; 0 when it has none."""
    newest = select(func.max(Fingerprint.id)).where(Fingerprint.blob == Reference.blob)
    return func.coalesce(newest.correlate(Reference).scalar_subquery(), 0)


def newcomers(session: Session, since: datetime) -> frozenset[int]:
    """Return the references that were looked for since a moment: who was compared then may not have met them."""
    rows = select(LookBack.reference_id).join(Reference, Reference.id == LookBack.reference_id)
    return frozenset(session.scalars(rows.where(LookBack.at >= since, in_force(clock.now()))))


def _looks(session: Session, number: int) -> dict[str, Vectors]:
    """Return the fingerprints of a reference that captures are asked by."""
    blob = session.execute(select(Reference.blob).where(Reference.id == number)).scalar_one()
    return retrieve.vectors_of(session, blob, (pictures.HASHES, POINTS, FilmPdq.name))


def _near(session: Session, reference: dict[str, Vectors]) -> set[int]:
    """Return what of everything that is kept may hold a reference."""
    if not kept.newest_old(session):
        return set()  # everything is compared in full
    if FilmPdq.name in reference:
        return reverse.films_near(captured(session)["video"], reference[FilmPdq.name], partial(kept.hashes, session))
    if pictures.HASHES in reference:
        return reverse.pictures_near(captured(session)["image"], reference[pictures.HASHES])
    return set()  # sound alone has no hashes to ask by


def _by_points(session: Session, references: Mapping[int, dict[str, Vectors]]) -> Iterator[tuple[int, int]]:
    """Yield (reference, kept) where the points that are kept of a picture speak for it; all references in one pass."""
    asked = {number: each[POINTS] for number, each in references.items() if POINTS in each}
    if asked and kept.newest_old(session):
        yield from reverse.pictures_by_points(asked, kept.pointed(session))
