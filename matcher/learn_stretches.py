"""Learns which stretches films of one owner share, once for every film that is registered and described.

A new film is compared with the owner's films that were looked at before it, so every two of them meet once; what they
share is written down on both sides (matcher.found_stretches).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row, claim
from fingerprints import store
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.store import Fingerprint, Medium
from matcher import common_stretches, references, retrieve
from matcher.catalogue import Asset, Owner, Work
from matcher.common_stretches import LEAST_NAMED_STEPS, LEAST_STEPS, STEPS_PER_S, Film, Films, Stretch
from matcher.found_stretches import FoundStretch
from matcher.references import Reference, in_force

FILMS_AT_ONCE = 50  # whose fingerprints are read from the database; a film of 24 minutes has 1 MB of them
Span = tuple[float, float]


class StretchLook(Row, Base):
    """A film that was compared with the films of its owner that had been looked at before."""

    __tablename__ = "stretch_looks"

    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), unique=True)
    at: Mapped[datetime]


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return active described films that were not compared with the others of their owner yet, oldest first."""
    is_done = select(StretchLook.id).where(StretchLook.reference_id == Reference.id).exists()
    rows = select(Reference.id).where(_is_film(), ~is_done)
    return session.scalars(claim(session, rows.order_by(Reference.id).limit(limit))).all()


def learn(session: Session, ids: Sequence[int]) -> None:
    """Compare these films with the others of their owners, and write down on both sides what they share."""
    owners = select(Work.owner_id).join(Asset, Asset.work_id == Work.id).join(Reference, Reference.asset_id == Asset.id)
    wanted = session.scalars(owners.where(Reference.id.in_(ids)).distinct().order_by(Work.owner_id)).all()
    for owner_id in wanted:
        # Two workers, each with a film of one owner, would not see each other's; the second waits here.
        session.execute(select(Owner.id).where(Owner.id == owner_id).with_for_update(key_share=True))
        _learn_of(session, owner_id, set(ids))


def _is_film() -> ColumnElement[bool]:
    """Say whether a reference is an active film whose frames were described; known-harmless ones are there to be
    found, and teach nothing."""
    version = retrieve.versions_in_use()[FilmPdq.name]
    of_kind = Fingerprint.kind == FilmPdq.name, Fingerprint.version == version
    is_described = select(Fingerprint.id).where(Fingerprint.blob == Reference.blob, *of_kind).exists()
    is_video = select(Medium.id).where(Medium.blob == Reference.blob, Medium.kind == "video").exists()
    return in_force(clock.now()) & (Reference.bank != "negative") & is_video & is_described


def _learn_of(session: Session, owner_id: int, ids: set[int]) -> None:
    """Compare those of an owner's films that are in `ids` and were not looked at, one after the other."""
    rows = _films_of(session, owner_id)
    looked = set(session.scalars(select(StretchLook.reference_id).where(StretchLook.reference_id.in_(rows))))
    films = Films()
    for film in _read(session, rows, [number for number in rows if number in looked]):
        films.add(film)
    for film in _read(session, rows, sorted((ids & rows.keys()) - looked)):
        pieces = films.shared(film)
        films.add(film)
        for stretch in common_stretches.named(pieces, films.known):
            _write(session, stretch)
        session.add(StretchLook(reference_id=film.reference_id, at=clock.now()))
        session.flush()


def _films_of(session: Session, owner_id: int) -> dict[int, tuple[str, int]]:
    """Return the blob of each of an owner's films and its place among them: works as they were added, then episodes
    in natural order."""
    rows = session.execute(
        select(Reference, Asset)
        .join(Asset, Asset.id == Reference.asset_id)
        .join(Work, Work.id == Asset.work_id)
        .where(Work.owner_id == owner_id, _is_film())
    ).all()
    ordered = sorted(
        rows, key=lambda row: (row[1].work_id, references.natural(row[1].name), row[0].position, row[0].id)
    )
    return {reference.id: (reference.blob, number) for number, (reference, _asset) in enumerate(ordered)}


def _read(session: Session, rows: dict[int, tuple[str, int]], wanted: Sequence[int]) -> list[Film]:
    """Return the films of these references, of which only the whole frames are kept in memory."""
    version = retrieve.versions_in_use()[FilmPdq.name]
    films = []
    for start in range(0, len(wanted), FILMS_AT_ONCE):
        some = wanted[start : start + FILMS_AT_ONCE]
        vectors = store.load_many(session, [rows[number][0] for number in some], FilmPdq.name, version)
        films += [common_stretches.film(number, rows[number][1], vectors[rows[number][0]]) for number in some]
    return films


def _write(session: Session, found: Stretch) -> None:
    """Write down what is new in a stretch: not what a person rejected, and not what is known already."""
    rows = session.scalars(select(FoundStretch).where(FoundStretch.reference_id == found.reference_id)).all()
    shortest = LEAST_STEPS if found.kind == "stock shot" else LEAST_NAMED_STEPS
    for span in _without((found.start_s, found.end_s), [row for row in rows if row.rejected_at], shortest):
        known = [row for row in rows if row.rejected_at is None and _is_one(span, (row.start_s, row.end_s))]
        for row in known:
            row.shared_with += len(found.shared_with)
        if still_open := [row for row in known if row.is_open]:
            _grow(session, still_open, span, found)
            continue
        for start_s, end_s in _without(span, [row for row in rows if row.rejected_at is None], shortest):
            session.add(
                FoundStretch(
                    reference_id=found.reference_id, kind=found.kind, start_s=start_s, end_s=end_s,
                    shared_with=len(found.shared_with), found_at=clock.now(),
                )
            )  # fmt: skip
    session.flush()


def _grow(session: Session, rows: Sequence[FoundStretch], span: Span, found: Stretch) -> None:
    """Make one stretch of several that nobody has spoken of yet and of what was found now; the longest names it."""
    longest = max(rows, key=lambda row: row.end_s - row.start_s)
    if span[1] - span[0] > longest.end_s - longest.start_s:
        longest.kind = found.kind
    longest.start_s = min(span[0], *(row.start_s for row in rows))
    longest.end_s = max(span[1], *(row.end_s for row in rows))
    longest.shared_with = max(row.shared_with for row in rows)
    for row in rows:
        if row is not longest:
            session.delete(row)


def _without(span: Span, rows: Sequence[FoundStretch], shortest: int) -> list[Span]:
    """Return what is left of a span outside of these stretches: all of it, or the parts that are long enough."""
    left = [span]
    for row in rows:
        cut = [part for start, end in left for part in ((start, min(end, row.start_s)), (max(start, row.end_s), end))]
        left = [(start, end) for start, end in cut if end > start]
    return [part for part in left if part == span or part[1] - part[0] >= shortest / STEPS_PER_S]


def _is_one(one: Span, other: Span) -> bool:
    """Say whether two spans are one stretch, found twice: they share at least half of the shorter."""
    shorter = min(one[1] - one[0], other[1] - other[0])
    return min(one[1], other[1]) - max(one[0], other[0]) >= shorter / 2
