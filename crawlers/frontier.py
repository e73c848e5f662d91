"""The frontier: every address of a sweep and how far it got, so that a killed sweep goes on where it stopped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row
from crawlers import urls
from crawlers.captures import Capture
from crawlers.sources import Source

Role = Literal["page", "media"]
Settled = Literal["done", "refused", "failed"]


class Sweep(Row, Base):
    """One run over one source; a resumed run is the same sweep."""

    __tablename__ = "sweeps"

    source: Mapped[str] = mapped_column(String(100), index=True)
    source_sha256: Mapped[str] = mapped_column(String(64))  # of the definition that was in force
    purpose: Mapped[str] = mapped_column(String(10), default="sweep")  # "sweep" or "recheck"
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), index=True)  # "running", "done" or "failed"
    error: Mapped[str | None] = mapped_column(Text)  # one sentence for an operator
    pages: Mapped[int] = mapped_column(default=0)
    media: Mapped[int] = mapped_column(default=0)
    findings: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)  # by robots.txt, the address guard or a limit


class FrontierEntry(Row, Base):
    """One address a sweep knows."""

    __tablename__ = "frontier"
    __table_args__ = (UniqueConstraint("sweep_id", "url_hash"),)

    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweeps.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    url_hash: Mapped[str] = mapped_column(String(32))  # blake2b-128 of url, hex
    role: Mapped[str] = mapped_column(String(10))  # "page" or "media"
    depth: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), index=True)  # "waiting", "done", "refused" or "failed"
    reason: Mapped[str | None] = mapped_column(Text)  # why refused or failed
    tries: Mapped[int] = mapped_column(default=0)
    found_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class MediaWish(Row, Base):
    """A finding that waits for a medium of the frontier; read when the medium arrives, also after a kill."""

    __tablename__ = "media_wishes"
    __table_args__ = (UniqueConstraint("entry_id", "finding_id"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("frontier.id"), index=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    kind: Mapped[str] = mapped_column(String(10))  # "image", "video" or "audio", as the page shows it
    position: Mapped[int]


@dataclass(frozen=True)
class Address:
    """An address a page names."""

    url: str  # canonical
    role: Role
    depth: int


def newest(session: Session, source_id: str) -> Sweep | None:
    """Return the newest sweep of a source, finished or not; rechecks do not count."""
    rows = select(Sweep).where(Sweep.source == source_id, Sweep.purpose == "sweep")
    return session.scalar(rows.order_by(Sweep.id.desc()).limit(1))


def unfinished(session: Session, source: Source) -> Sweep | None:
    """Return the sweep that was stopped half way, if its definition is still the one in force."""
    row = newest(session, source.id)
    if row is None or row.finished_at is not None or row.source_sha256 != source.sha256:
        return None
    return row


def begin(session: Session, source: Source) -> Sweep:
    """Open a new sweep with the source's seeds waiting."""
    at = clock.now()
    row = Sweep(source=source.id, source_sha256=source.sha256, started_at=at, heartbeat_at=at, state="running")
    session.add(row)
    session.flush()
    seeds = (urls.canonical(seed) for seed in source.scope.seeds)
    add(session, row.id, [Address(seed, "page", 0) for seed in seeds if seed])
    return row


def add(
    session: Session, sweep_id: int, addresses: Iterable[Address], *, at_most: int | None = None
) -> list[FrontierEntry]:
    """Put the addresses the sweep does not know yet into the frontier, and return only those, in order."""
    by_hash: dict[str, Address] = {}
    for address in addresses:
        by_hash.setdefault(urls.url_hash(address.url), address)
    known = {entry.url_hash for entry in _of(session, sweep_id, list(by_hash))}
    at = clock.now()
    fresh = [
        FrontierEntry(
            sweep_id=sweep_id, url=one.url, url_hash=key, role=one.role, depth=one.depth, state="waiting", found_at=at
        )
        for key, one in by_hash.items()
        if key not in known
    ][:at_most]
    session.add_all(fresh)
    session.flush()
    return fresh


def entries(session: Session, sweep_id: int, wanted: Iterable[str]) -> dict[str, FrontierEntry]:
    """Return the sweep's entries of these canonical urls, by url; what it does not know is absent."""
    return {row.url: row for row in _of(session, sweep_id, [urls.url_hash(url) for url in wanted])}


def _of(session: Session, sweep_id: int, hashes: Sequence[str]) -> list[FrontierEntry]:
    found: list[FrontierEntry] = []
    for start in range(0, len(hashes), 500):  # below every database's limit of bound values
        rows = select(FrontierEntry).where(
            FrontierEntry.sweep_id == sweep_id, FrontierEntry.url_hash.in_(hashes[start : start + 500])
        )
        found.extend(session.scalars(rows))
    return found


def waiting(session: Session, sweep_id: int) -> Sequence[FrontierEntry]:
    """Return what is left to fetch: media of pages already seen first, then pages, nearest to the seeds first."""
    rows = select(FrontierEntry).where(FrontierEntry.sweep_id == sweep_id, FrontierEntry.state == "waiting")
    return session.scalars(rows.order_by(FrontierEntry.role, FrontierEntry.depth, FrontierEntry.id)).all()


def count(session: Session, sweep_id: int, **having: str) -> int:
    """Return how many entries of a sweep have these values, for instance `role="page"`."""
    rows = select(func.count()).select_from(FrontierEntry).where(FrontierEntry.sweep_id == sweep_id)
    return session.scalar(rows.filter_by(**having)) or 0


def first_reason(session: Session, sweep_id: int) -> str | None:
    """Return why the first address of a sweep was refused or failed; None when none was."""
    rows = select(FrontierEntry.reason).where(FrontierEntry.sweep_id == sweep_id, FrontierEntry.reason.is_not(None))
    return session.scalar(rows.order_by(FrontierEntry.id).limit(1))


def settle(row: FrontierEntry, state: Settled, reason: str | None = None) -> None:
    """Close an entry: done, refused (by robots.txt, the guard or a limit) or failed, with the reason."""
    row.state, row.reason, row.settled_at = state, reason, clock.now()
    row.tries += 1


def reopen(row: FrontierEntry, reason: str) -> None:
    """Leave an entry waiting for a resumed sweep, with why it could not be fetched this time."""
    row.state, row.reason, row.settled_at = "waiting", reason, None
    row.tries += 1


def reopen_failed(session: Session, sweep_id: int) -> None:
    """Let what failed wait again, unless its answer was captured: within a sweep an address is captured once."""
    captured = select(Capture.url_hash).where(Capture.sweep_id == sweep_id)
    rows = select(FrontierEntry).where(FrontierEntry.sweep_id == sweep_id, FrontierEntry.state == "failed")
    for row in session.scalars(rows.where(FrontierEntry.url_hash.not_in(captured))):
        reopen(row, row.reason or "")


def give_up_waiting(session: Session, sweep_id: int, reason: str) -> None:
    """Settle what a sweep that has ended did not come to."""
    for row in waiting(session, sweep_id):
        settle(row, "refused", reason)
