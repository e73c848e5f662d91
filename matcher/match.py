"""Matching: which blob was compared with which references, and what was found. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, home
from config.database import AppendOnly, Base, Row, claim, unless_there
from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.decode import limits_of, shared
from fingerprints.interface import Description, MediaFacts, Vectors, Watch, Watched
from fingerprints.interface import Medium as MediumKind
from fingerprints.store import Medium
from matcher import kept, look_back, pictures, retrieve
from matcher.interface import Comparison, Reason
from matcher.kept import Kept
from matcher.references import Reference
from matcher.retrieve import Shelf, Watcher

Seen = tuple[MediaFacts, Mapping[str, Vectors]]
# "matc": the PostgreSQL advisory lock of whoever writes matches, so that ids ascend as rows become visible; an
# assessment says by the newest match which ones it knows.
LOCK = 0x6D617463
FEW = 4  # below one in so many of all references, what is new is compared on a shelf of its own first


class Match(AppendOnly, Row, Base):
    """One captured blob holds one reference; every sighting of the blob shares it."""

    __tablename__ = "matches"
    __table_args__ = (UniqueConstraint("blob", "reference_id"),)

    blob: Mapped[str] = mapped_column(String(64), index=True)
    reference_id: Mapped[int] = mapped_column(ForeignKey("references.id"), index=True)
    score: Mapped[float]
    lane: Mapped[str] = mapped_column(String(4))
    reasons: Mapped[list[Any]]  # [{"signal", "value", "says"}, ...]
    transform: Mapped[dict[str, Any] | None]  # {"mirrored", "matrix", sizes, outlines}; see _save
    segments: Mapped[list[Any]]  # [{"query": [s, s], "reference": [s, s], "speed", "score"}, ...]
    matched_seconds: Mapped[float]
    found_at: Mapped[datetime]


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return sightings whose medium waits to be compared, one a medium: what was seen last first.

    Both directions are one queue: what is new waits since it was kept, what is older since a reference asked for it.
    """
    waits = select(Medium.blob).join(Kept, Kept.medium_id == Medium.id).where(Kept.asked_at.is_not(None))
    is_readable = Medium.kind.is_not(None) & store.is_current("glance")
    blobs = session.scalars(waits.where(is_readable).order_by(Kept.id.desc()).limit(limit)).all()
    rows = select(Sighting.id, Sighting.blob).where(Sighting.blob.in_(blobs)).order_by(Sighting.id)
    newest = {blob: number for number, blob in session.execute(claim(session, rows))}
    return [newest[blob] for blob in blobs if blob in newest]


def compare(session: Session, ids: Sequence[int]) -> None:
    """Compare what these sightings show with every reference; write matches, and that they wait no more.

    All is read, and promising films are watched, before `session` is asked anything: SQLite's one write lock must not
    be held while a film plays.
    """
    compared = []
    with home.of(session).readers()() as reading:
        is_there = reading.scalar(select(func.count()).where(Sighting.id.in_(ids))) == len(ids)
        asked = reading if is_there else session  # else: rows nobody else can see yet
        for blob in sorted(set(asked.scalars(select(Sighting.blob).where(Sighting.id.in_(ids))))):
            reading.rollback()  # what was disabled while the last film played is not seen in this one
            compared.append((blob, clock.now(), _compared(asked, blob)))
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    for blob, began, found in compared:
        for comparison in found:
            _save(session, blob, comparison)
        kept.compared(session, blob, began)


def _compared(session: Session, blob: str) -> list[Comparison]:
    """Return what a blob holds; nothing when it could not be read, or holds nothing that was not looked for before."""
    medium = store.medium(session, blob)
    facts = store.facts_of(medium) if medium is not None else None
    if facts is None:
        return []
    vectors = retrieve.vectors_of(session, blob, _kinds(facts.medium))
    watcher = partial(_watched, session, blob)
    if not _may_hold_what_is_new(session, blob, (facts, vectors), watcher):
        return []
    return _found(session, facts, vectors, watcher)


def _may_hold_what_is_new(session: Session, blob: str, seen: Seen, watcher: Watcher) -> bool:
    """Say whether a blob may hold a reference that it was not compared with; a few of them, on a shelf of their own,
    tell so in a fraction of the time that all take."""
    since = kept.compared_at(session, blob)
    if since is None:
        return True
    new = look_back.newcomers(session, since)
    if not new:
        return False
    is_many = len(new) * FEW >= len(retrieve.shelf(session))
    return is_many or bool(_on(retrieve.shelf_of(session, new), session, seen, watcher))


def _watched(session: Session, blob: str, watches: Sequence[Watch]) -> Watched:
    """Return what a closer watch of a blob tells; a blob that is not held any more cannot be watched."""
    opened = home.of(session)
    if not opened.blobs.has(blob):
        return Watched("Its file is not held here any more.", ())
    return shared(limits_of(opened.settings)).watch(opened.blobs.path(blob), watches)


def compare_description(session: Session, description: Description, watcher: Watcher) -> list[Comparison]:
    """Return every reference a file holds that was described at a glance, best first; nothing is written."""
    if description.facts is None:
        return []
    vectors = {name: found for (name, _), found in description.fingerprints.items()}
    return _found(session, description.facts, vectors, watcher)


def as_reasons(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the reasons as they are stored and printed."""
    return [asdict(reason) for reason in comparison.reasons]


def as_segments(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the segments as they are stored and printed."""
    return [
        {
            "query": [each.query_start_s, each.query_end_s],
            "reference": [each.reference_start_s, each.reference_end_s],
            "speed": each.speed,
            "score": each.score,
            "altered": each.altered
            and {
                "outline": [list(corner) for corner in each.altered.outline],
                "window": [list(corner) for corner in each.altered.window],
                "mirrored": each.altered.is_mirrored,
                "turn_degrees": each.altered.turn_degrees,
            },
        }
        for each in comparison.segments
    ]


def _kinds(medium: MediumKind) -> Sequence[str]:
    return pictures.KINDS if medium == "image" else retrieve.SEEN_KINDS


def _on(shelf: Shelf, session: Session, seen: Seen, watcher: Watcher) -> list[Comparison]:
    """Return what a medium holds of the references on a shelf."""
    facts, vectors = seen
    if facts.medium == "image":
        return shelf.compare(session, vectors)
    return shelf.compare_film(vectors, facts.duration_s, watcher)


def _found(session: Session, facts: MediaFacts, vectors: Mapping[str, Vectors], watcher: Watcher) -> list[Comparison]:
    comparisons = _on(retrieve.shelf(session), session, (facts, vectors), watcher)
    ids = [comparison.reference_id for comparison in comparisons]
    rows = session.execute(
        select(Reference.id, Reference.name).where(Reference.id.in_(ids), Reference.bank == "negative")
    )
    stock = {row.id: row.name for row in rows}
    return [
        _only_a_lead(each, stock[each.reference_id]) if each.reference_id in stock else each for each in comparisons
    ]


def _only_a_lead(comparison: Comparison, name: str) -> Comparison:
    """Return the comparison as a lead: what everybody may use (stock, a logo, a template) never makes a copy."""
    says = f"It holds {name}, which is in the negative bank: it alone proves nothing."
    return replace(comparison, lane="lead", reasons=(*comparison.reasons, Reason("negative bank", 1.0, says)))


def _save(session: Session, blob: str, comparison: Comparison) -> None:
    transform = comparison.transform and {
        "mirrored": comparison.transform.is_mirrored,
        "matrix": [list(row) for row in comparison.transform.matrix],
        "query_size": list(comparison.transform.query_size),
        "reference_size": list(comparison.transform.reference_size),
        "outline": [list(corner) for corner in comparison.outline],
        "reference_outline": [list(corner) for corner in comparison.reference_outline],
    }
    row = unless_there(session, Match).values(
        blob=blob, reference_id=comparison.reference_id, score=comparison.score, lane=comparison.lane,
        reasons=as_reasons(comparison), transform=transform, segments=as_segments(comparison),
        matched_seconds=comparison.matched_seconds, found_at=clock.now(),
    )  # fmt: skip
    session.execute(row)
