"""Matching: which blob was compared with which references, and what was found. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, home
from config.database import AppendOnly, Base, Row, claim
from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.decode import limits_of, shared
from fingerprints.interface import Description, MediaFacts, Vectors, Watch, Watched
from fingerprints.interface import Medium as MediumKind
from fingerprints.store import Medium
from matcher import lives, pictures, retrieve
from matcher.interface import Comparison, Reason
from matcher.references import Reference
from matcher.retrieve import Watcher


class Look(Row, Base):
    """How far a captured blob was compared: with every reference up to this id."""

    __tablename__ = "looks"

    blob: Mapped[str] = mapped_column(String(64), unique=True)
    up_to_reference_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)  # when comparing began: what was in force then was compared


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
    """Return sightings whose medium was not compared yet, or not with the newest references; newest sightings first.

    Both directions are one question: a new sighting has no Look, and a new reference makes every Look too old. So does
    one that matches again and did not when somebody looked.
    """
    settled = retrieve.settled_reference_id(session)
    is_readable = (
        select(Medium.id)
        .where(Medium.blob == Sighting.blob, Medium.kind.is_not(None), store.is_current("glance"))
        .exists()
    )
    is_outdated = Look.blob.in_(_outdated())
    is_whole = select(Look.id).where(Look.blob == Sighting.blob, Look.up_to_reference_id >= settled, ~is_outdated)
    is_done = is_whole.exists()
    rows = select(Sighting.id).where(is_readable, ~is_done).order_by(Sighting.id.desc()).limit(limit)
    return session.scalars(claim(session, rows)).all()


def compare(session: Session, ids: Sequence[int]) -> None:
    """Compare what these sightings show with every reference they were not compared with; write matches and looks.

    All is read, and promising films are watched, before `session` is asked anything: SQLite's one write lock must not
    be held while a film plays.
    """
    compared = []
    with home.of(session).readers()() as reading:
        is_there = reading.scalar(select(func.count()).where(Sighting.id.in_(ids))) == len(ids)
        asked = reading if is_there else session  # else: rows nobody else can see yet
        for blob in sorted(set(asked.scalars(select(Sighting.blob).where(Sighting.id.in_(ids))))):
            reading.rollback()  # what was disabled while the last film played is not seen in this one
            compared.append((blob, clock.now(), *_compared(asked, blob)))
    for blob, began, settled, found in compared:
        for comparison in found or ():
            _save(session, blob, comparison)
        if found is not None:
            _look(session, blob, settled, began)


def _compared(session: Session, blob: str) -> tuple[int, list[Comparison] | None]:
    """Return up to which reference a blob was compared, and what it holds; None when it was already, or is unread."""
    settled = retrieve.settled_reference_id(session)
    medium = store.medium(session, blob)
    facts = store.facts_of(medium) if medium is not None else None
    looked = select(Look.id).where(Look.blob == blob, Look.up_to_reference_id >= settled, Look.blob.not_in(_outdated()))
    if facts is None or session.scalar(looked) is not None:
        return settled, None
    vectors = retrieve.vectors_of(session, blob, _kinds(facts.medium))
    return settled, _found(session, facts, vectors, partial(_watched, session, blob))


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


def _found(session: Session, facts: MediaFacts, vectors: Mapping[str, Vectors], watcher: Watcher) -> list[Comparison]:
    shelf = retrieve.shelf(session)
    if facts.medium == "image":
        comparisons = shelf.compare(session, vectors)
    else:
        comparisons = shelf.compare_film(vectors, facts.duration_s, watcher)
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
    row = _insert(session, Match).values(
        blob=blob, reference_id=comparison.reference_id, score=comparison.score, lane=comparison.lane,
        reasons=as_reasons(comparison), transform=transform, segments=as_segments(comparison),
        matched_seconds=comparison.matched_seconds, found_at=clock.now(),
    )  # fmt: skip
    session.execute(row.on_conflict_do_nothing(index_elements=["blob", "reference_id"]))


def _outdated() -> Select[str]:
    """Return the blobs that were looked at while a reference was out of force that is in force again."""
    absences = lives.absences(clock.now())
    return select(Look.blob).join(absences, (Look.at >= absences.c.since) & (Look.at < absences.c.until))


def _look(session: Session, blob: str, up_to_reference_id: int, at: datetime) -> None:
    row = _insert(session, Look).values(blob=blob, up_to_reference_id=up_to_reference_id, at=at)
    later = {"up_to_reference_id": row.excluded.up_to_reference_id, "at": row.excluded.at}
    session.execute(row.on_conflict_do_update(index_elements=["blob"], set_=later))


def _insert(session: Session, table: type[Base]) -> Any:
    """Return an INSERT that can say what to do when another worker was quicker."""
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)
