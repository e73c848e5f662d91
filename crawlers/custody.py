"""The custody log: who did what to which piece of evidence, each row chained to the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import AppendOnly, Base, Row, portions

COLLECTED, TIMESTAMPED, VIEWED, EXPORTED = "collected", "timestamped", "viewed", "exported"
HELD, RELEASED, DELETED = "held", "released", "deleted"
FIRST_HASH = "0" * 64  # what the first entry of the log chains to
CHAIN_LOCK = 0x6D656B696B69  # "mekiki": the PostgreSQL advisory lock of whoever appends


class CustodyEntry(AppendOnly, Row, Base):
    """One act on evidence: collected, timestamped, viewed, exported, held, deleted, attached to a notice."""

    __tablename__ = "custody"

    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200), index=True)  # "capture:<uuid>", "sweep:<uuid>", "notice:<uuid>"
    note: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64))


def record(
    session: Session, *, actor: str, action: str, subject: str, note: Mapping[str, Any] | None = None
) -> CustodyEntry:
    """Append one act to the log, chained to the last one, and return it.

    Writers wait for each other until the other's transaction ends: SQLite's write lock does that by itself,
    PostgreSQL through an advisory lock. `note` holds what JSON can hold.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
    last = session.scalar(select(CustodyEntry.hash).order_by(CustodyEntry.id.desc()).limit(1))
    entry = CustodyEntry(
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        note=dict(note or {}),
        previous_hash=last or FIRST_HASH,
    )
    entry.hash = seal(said(entry))
    session.add(entry)
    session.flush()
    return entry


def entries(session: Session, subjects: Sequence[str], *actions: str) -> list[CustodyEntry]:
    """Return what was done to these subjects, oldest first; only these actions where some are named."""
    found: list[CustodyEntry] = []
    for some in portions(subjects):
        rows = select(CustodyEntry).where(CustodyEntry.subject.in_(some))
        found += session.scalars(rows.where(CustodyEntry.action.in_(actions)) if actions else rows)
    return sorted(found, key=lambda entry: entry.id)


def hold_of(session: Session, subject: str) -> CustodyEntry | None:
    """Return the legal hold a subject is under, None when there is none: a hold lasts until it is released."""
    events = entries(session, [subject], HELD, RELEASED)
    return events[-1] if events and events[-1].action == HELD else None


def deleted(said_entries: Iterable[Mapping[str, Any]], of: Literal["captures", "files"] = "captures") -> set[str]:
    """Return what was deleted, as these entries say: uuids of captures whose bytes went, or names of files."""
    acts = (entry["note"].get(of, ()) for entry in said_entries if entry["action"] == DELETED)
    return {name for names in acts for name in names}


def said(entry: CustodyEntry) -> dict[str, Any]:
    """Return everything an entry says, and the hash before it, as JSON holds it; what its own hash is over."""
    return {
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "note": entry.note,
        "previous_hash": entry.previous_hash,
    }


def seal(entry: Mapping[str, Any]) -> str:
    """Return the sha256 over the canonical JSON of what an entry says."""
    canonical = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def broken_links(session: Session) -> list[tuple[CustodyEntry, str]]:
    """Return every entry that was changed or whose predecessor is gone, with a sentence; [] is a sound log."""
    broken = []
    previous = FIRST_HASH
    for entry in session.scalars(select(CustodyEntry).order_by(CustodyEntry.id).execution_options(yield_per=500)):
        if seal(said(entry)) != entry.hash:
            broken.append((entry, "what it says does not agree with its hash"))
        elif entry.previous_hash != previous:
            broken.append((entry, "the entry before it was removed or replaced"))
        previous = entry.hash
    return broken
