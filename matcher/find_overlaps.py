"""Looks once for every registered reference among those of other owners, and writes down what both hold.

What mekiki learned that works share, what people excluded, and what lies in the licensed or the negative bank is no
conflict. Material before release is looked for when it is promoted: its existence is nobody else's business.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row, claim
from fingerprints import store
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.store import Medium
from matcher import alignment, film_watch, found_stretches, pictures, retrieve
from matcher.catalogue import Asset, Work
from matcher.interface import Bank, Comparison
from matcher.learn_stretches import StretchLook
from matcher.overlaps import Overlap
from matcher.references import Exclusion, Reference, in_force
from matcher.shared_areas import SharedLook

CLAIMED: tuple[Bank, ...] = ("works", "goods")
LEAST_S = 10.0  # of two films, outside of what is excluded; shorter is a quotation or a shared shot
LEAST_SHARE = 0.1  # of a picture
Part = list[float]  # of a film: start and end in seconds; of a picture: left, top, right, bottom as fractions


class OverlapLook(Row, Base):
    """A reference that was looked for among those of other owners."""

    __tablename__ = "overlap_looks"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), unique=True)
    at: Mapped[datetime]


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return active references that were not looked for yet, once it is learned what they share with others."""
    looks = select(OverlapLook.id).where(OverlapLook.reference_id == Reference.id)
    is_picture = select(Medium.id).where(Medium.blob == Reference.blob, Medium.kind == "image").exists()
    areas = select(SharedLook.id).where(SharedLook.reference_id == Reference.id).exists()
    stretches = select(StretchLook.id).where(StretchLook.reference_id == Reference.id).exists()
    rows = select(Reference.id).where(
        in_force(clock.now()), Reference.bank.in_(CLAIMED), ~looks.exists(), (is_picture & areas) | stretches
    )
    return session.scalars(claim(session, rows.order_by(Reference.id).limit(limit))).all()


def look(session: Session, ids: Sequence[int]) -> None:
    """Look for these references among those of other owners, and write down every conflict once."""
    done = set(session.scalars(select(OverlapLook.reference_id).where(OverlapLook.reference_id.in_(ids))))
    for number in sorted({*ids} - done):
        reference = session.get_one(Reference, number)
        others = _others(session, reference)
        for comparison in _compared(session, reference) if others else ():
            if comparison.reference_id in others and comparison.lane == "copy":
                _write(session, reference, comparison)
        session.add(OverlapLook(reference_id=number, at=clock.now()))
        session.flush()


def _others(session: Session, reference: Reference) -> set[int]:
    """Return the references that other owners claim."""
    owners = select(Work.owner_id).join(Asset, Asset.work_id == Work.id).where(Asset.id == reference.asset_id)
    return set(
        session.scalars(
            select(Reference.id)
            .join(Asset, Asset.id == Reference.asset_id)
            .join(Work, Work.id == Asset.work_id)
            .where(Work.owner_id != owners.scalar_subquery(), in_force(clock.now()))
            .where(Reference.bank.in_(CLAIMED))
        )
    )


def _compared(session: Session, reference: Reference) -> list[Comparison]:
    shelf = retrieve.shelf(session)
    looks = retrieve.vectors_of(session, reference.blob, (FilmPdq.name,)).get(FilmPdq.name)
    if looks is not None:
        return shelf.compare_registered(looks)
    return shelf.compare(session, retrieve.vectors_of(session, reference.blob, pictures.KINDS))


def _write(session: Session, reference: Reference, found: Comparison) -> None:
    """Write a conflict down, unless it is known from the other side, or too little to be one."""
    older_id, newer_id = sorted((reference.id, found.reference_id))
    parts = _stretches(session, reference, found) if found.segments else _regions(found)
    if newer_id != reference.id:
        parts = [(theirs, mine) for mine, theirs in parts]
    newer, older = [part for part, _ in parts], [part for _, part in parts]
    seconds = alignment.union_length([(part[0], part[1]) for part in newer]) if found.segments else 0.0
    share = _share(session, newer_id, seconds) if found.segments else sum(map(_area, newer))
    if seconds < LEAST_S if found.segments else share < LEAST_SHARE:
        return
    # Two workers, each with one of the two, would both write it; the second waits here and sees the first one's row.
    both = select(Reference.id).where(Reference.id.in_((older_id, newer_id))).order_by(Reference.id)
    session.execute(both.with_for_update(key_share=True))
    if session.scalar(select(Overlap.id).where(Overlap.older_id == older_id, Overlap.newer_id == newer_id)) is None:
        session.add(
            Overlap(
                newer_id=newer_id, older_id=older_id, score=found.score, share=min(1.0, share), seconds=seconds,
                parts={"newer": newer, "older": older}, found_at=clock.now(),
            )
        )  # fmt: skip
        session.flush()


def _stretches(session: Session, reference: Reference, found: Comparison) -> list[tuple[Part, Part]]:
    """Return (start, end) in seconds on both sides, without what proves nothing on either."""
    own, theirs = _silent(session, reference.id), _silent(session, found.reference_id)
    parts: list[tuple[Part, Part]] = []
    for segment in found.segments:
        for start, end in film_watch.without([(segment.query_start_s, segment.query_end_s)], own):
            first, last = sorted(float(alignment.reference_at(segment, edge)) for edge in (start, end))
            for begin, finish in film_watch.without([(first, last)], theirs):
                back = sorted(float(alignment.query_at(segment, edge)) for edge in (begin, finish))
                parts.append((back, [begin, finish]))
    return parts


def _silent(session: Session, reference_id: int) -> list[tuple[float, float]]:
    """Return the stretches of a film that people excluded and that mekiki found in others of its owner."""
    rows = select(Exclusion.start_s, Exclusion.end_s).where(Exclusion.reference_id == reference_id)
    excluded = [(start, end) for start, end in session.execute(rows)]
    return [*excluded, *found_stretches.in_force(session, [reference_id]).get(reference_id, ())]


def _regions(found: Comparison) -> list[tuple[Part, Part]]:
    """Return the box around what both pictures show, on both sides: left, top, right, bottom as fractions."""
    return [(_box(found.outline), _box(found.reference_outline))]


def _box(outline: Sequence[tuple[float, float]]) -> Part:
    across, down = zip(*(outline or ((0.0, 0.0), (1.0, 1.0))), strict=True)
    return [max(0.0, min(across)), max(0.0, min(down)), min(1.0, max(across)), min(1.0, max(down))]


def _area(box: Part) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)


def _share(session: Session, reference_id: int, seconds: float) -> float:
    """Return how much of a film so many seconds are."""
    medium = store.medium(session, session.get_one(Reference, reference_id).blob)
    return seconds / medium.duration_s if medium is not None and medium.duration_s else 0.0
