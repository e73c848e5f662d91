"""The frontier: every address of every source and what is known of it over all sweeps, and the sweeps themselves.

It is the queue of what is left to fetch: an address stands in line from `due_at` on, and leaves the line in the
transaction that keeps its answer. So a killed sweep goes on where it stopped, and what a sweep left over comes first in
the next one. The line is read in small portions by one index, whether it holds ten addresses or a million.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock
from config.database import Base, Row, portions
from crawlers import urls
from crawlers.captures import Capture
from crawlers.sources import Source

Role = Literal["page", "media"]
FIRST_OF_ALL = datetime(1970, 1, 1, tzinfo=UTC)  # when seeds are due: at the head of the line of every sweep


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
    findings: Mapped[int] = mapped_column(default=0)  # that stand: of this sweep, and of pages that rest since earlier
    refused: Mapped[int] = mapped_column(default=0)  # by robots.txt, the address guard or a limit
    found: Mapped[int] = mapped_column(default=0, server_default="0")  # findings that are new in this sweep
    unchanged: Mapped[int] = mapped_column(default=0, server_default="0")  # addresses that say what they said before
    lost: Mapped[int] = mapped_column(default=0, server_default="0")  # pages that answer, and show nothing any more
    gone: Mapped[int] = mapped_column(default=0, server_default="0")  # addresses that are believed gone since
    received: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # bytes of bodies
    left: Mapped[int] = mapped_column(default=0, server_default="0")  # still in line when the sweep's budget was spent
    legal: Mapped[dict[str, Any] | None]  # [legal] of the definition: on what basis, and whether robots.txt is obeyed


class FrontierEntry(Base):
    """One address of a source, and what is known of it over all sweeps."""

    __tablename__ = "frontier"
    __table_args__ = (
        UniqueConstraint("source", "url_hash"),
        Index("ix_frontier_line", "source", "role", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(Text)  # canonical
    url_hash: Mapped[str] = mapped_column(String(32))  # blake2b-128 of url, hex
    role: Mapped[str] = mapped_column(String(10))  # "page" or "media"
    depth: Mapped[int]
    told: Mapped[list[Any] | None]  # [[kind, address], ...] of media that a sitemap or a feed says the page shows
    first_seen_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # in line since or from then; None: a medium that no page asks for now
    rests_until: Mapped[datetime | None]
    rest_s: Mapped[float] = mapped_column(default=0.0)  # how long it rests; 0.0 before the first look
    state: Mapped[str] = mapped_column(String(10))  # "waiting", or the last look's: "done", "refused", "failed", "gone"
    reason: Mapped[str | None] = mapped_column(Text)  # why refused, failed or gone
    settled_at: Mapped[datetime | None]  # the last look
    sweep_id: Mapped[int | None] = mapped_column(ForeignKey("sweeps.id"), index=True)  # of the last look
    looks: Mapped[int] = mapped_column(default=0)
    changes: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    confirmed: Mapped[int] = mapped_column(default=0)  # 304s in a row
    absent_since: Mapped[datetime | None]  # the first look in a row that found nothing there
    gone_at: Mapped[datetime | None]  # believed gone since
    shows: Mapped[str | None] = mapped_column(String(10))  # "list", "finding", "medium" or "nothing"
    etag: Mapped[str | None] = mapped_column(String(200))
    last_modified: Mapped[str | None] = mapped_column(String(100))
    body_sha256: Mapped[str | None] = mapped_column(String(64))  # of the last body
    reading_sha256: Mapped[str | None] = mapped_column(String(64))  # of what it said, see crawlers.revisit
    capture_id: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))  # that brought the last body
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("findings.id"))  # that stands for the page


class MediaWish(Base):
    """A medium that the standing finding of a page shows; read when the medium arrives, also after a kill."""

    __tablename__ = "media_wishes"
    __table_args__ = (UniqueConstraint("entry_id", "finding_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("frontier.id"), index=True)  # the medium
    page_id: Mapped[int] = mapped_column(ForeignKey("frontier.id"), index=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    kind: Mapped[str] = mapped_column(String(10))  # "image", "video" or "audio", as the page shows it
    position: Mapped[int]


@dataclass(frozen=True)
class Address:
    """An address a page names."""

    url: str  # canonical
    role: Role
    depth: int
    told: tuple[tuple[str, str], ...] = ()  # (kind, address) of media that the page shows, as a sitemap or a feed says


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


def begin(session: Session, source: Source, also: Sequence[str] = ()) -> Sweep:
    """Open a new sweep with the source's seeds, and what else it begins with, see `crawlers.onward`, at the head of the
    line, whenever they were asked last."""
    at = clock.now()
    last = newest(session, source.id)
    if last is not None and last.source_sha256 != source.sha256:  # what another definition read is to be read anew
        resting = update(FrontierEntry).where(FrontierEntry.source == source.id, FrontierEntry.role == "page")
        session.execute(resting.where(FrontierEntry.due_at > at).values(due_at=at))
    row = Sweep(
        source=source.id, source_sha256=source.sha256, started_at=at, heartbeat_at=at, state="running",
        findings=standing(session, source.id), legal=source.legal.record(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    first = [url for one in (*source.scope.seeds, *also) if (url := urls.canonical(one))]
    add(session, row.id, [Address(url, "page", 0) for url in first])
    for entry in entries(session, row.id, first).values():
        entry.due_at = FIRST_OF_ALL
    session.flush()
    return row


def add(
    session: Session, sweep_id: int, addresses: Iterable[Address], *, at_most: int | None = None
) -> list[FrontierEntry]:
    """Put the addresses the source does not know yet in line, and return only those, in order."""
    return _added(session, sweep_id, addresses, at_most)[1]


def line_up(session: Session, sweep_id: int, pages: Iterable[tuple[Iterable[Address], int]], *, at_most: int) -> int:
    """Put the addresses the source does not know yet in line, of each page at most its number, and return how many.

    No row is read and none is watched by the session, which makes it several times as fast as `add`.
    """
    sweep = session.get_one(Sweep, sweep_id)
    named = [(_by_hash(addresses), most) for addresses, most in pages]
    known = _known(session, sweep.source, {key for by_hash, _ in named for key in by_hash})
    at = clock.now()
    fresh: list[dict[str, object]] = []
    for by_hash, most in named:
        new = [key for key in by_hash if key not in known][: min(most, at_most - len(fresh))]
        known.update(new)
        fresh += [_new(sweep, key, by_hash[key], at) for key in new]
    if fresh:
        session.execute(insert(FrontierEntry), fresh)
    return len(fresh)


def _known(session: Session, source: str, hashes: Collection[str]) -> set[str]:
    table, found = FrontierEntry.__table__, set[str]()
    for some in portions(list(hashes)):
        rows = select(table.c.url_hash).where(table.c.source == source, table.c.url_hash.in_(some))
        found.update(session.execute(rows).scalars())
    return found


def all_of(session: Session, sweep_id: int, addresses: Iterable[Address]) -> dict[str, FrontierEntry]:
    """Return the entries of all these addresses, by url; those the source does not know yet are put in line."""
    known, fresh = _added(session, sweep_id, addresses)
    return {row.url: row for row in (*known, *fresh)}


def _added(
    session: Session, sweep_id: int, addresses: Iterable[Address], at_most: int | None = None
) -> tuple[list[FrontierEntry], list[FrontierEntry]]:
    """Return what the source knew of these addresses, and what is new to it."""
    sweep = session.get_one(Sweep, sweep_id)
    by_hash = _by_hash(addresses)
    known = {entry.url_hash: entry for entry in _of(session, sweep.source, list(by_hash))}
    for key, entry in known.items():
        if by_hash[key].told:
            entry.told = _listed(by_hash[key])
    at = clock.now()
    fresh = [FrontierEntry(**_new(sweep, key, one, at)) for key, one in by_hash.items() if key not in known][:at_most]
    session.add_all(fresh)
    session.flush()
    return [*known.values()], fresh


def _listed(address: Address) -> list[Any] | None:
    return [list(one) for one in address.told] or None


def _by_hash(addresses: Iterable[Address]) -> dict[str, Address]:
    found: dict[str, Address] = {}
    for address in addresses:
        found.setdefault(urls.url_hash(address.url), address)
    return found


def _new(sweep: Sweep, url_hash: str, one: Address, at: datetime) -> dict[str, object]:
    """Return the columns of an address that nobody has looked at."""
    return {
        "source": sweep.source, "url": one.url, "url_hash": url_hash, "role": one.role, "depth": one.depth,
        "state": "waiting", "first_seen_at": at, "due_at": sweep.started_at, "told": _listed(one),
    }  # fmt: skip


def recall(session: Session, sweep_id: int, wanted: Iterable[str]) -> None:
    """Put known addresses back in line although they rest, unless this sweep has looked at them already."""
    began = session.get_one(Sweep, sweep_id).started_at
    for row in entries(session, sweep_id, wanted).values():
        if row.sweep_id != sweep_id and (row.due_at is None or row.due_at > began):
            row.due_at = began
    session.flush()


def entries(session: Session, sweep_id: int, wanted: Iterable[str]) -> dict[str, FrontierEntry]:
    """Return the entries of these canonical urls of the sweep's source, by url; what it does not know is absent."""
    source = session.get_one(Sweep, sweep_id).source
    return {row.url: row for row in _of(session, source, [urls.url_hash(url) for url in wanted])}


def _of(session: Session, source: str, hashes: Sequence[str]) -> list[FrontierEntry]:
    found: list[FrontierEntry] = []
    for some in portions(hashes):
        rows = select(FrontierEntry).where(FrontierEntry.source == source, FrontierEntry.url_hash.in_(some))
        found.extend(session.scalars(rows))
    return found


def in_line(session: Session, sweep: Sweep, role: Role, limit: int) -> Sequence[FrontierEntry]:
    """Return the head of a sweep's line: seeds, then what earlier sweeps left over, then what is due or new.

    What is new is as due as its sweep, so pages nearer to the seeds come first. What a sweep has settled rests longer
    than until its start: within a sweep nothing stands in line twice.
    """
    rows = select(FrontierEntry).where(
        FrontierEntry.source == sweep.source, FrontierEntry.role == role, FrontierEntry.due_at <= sweep.started_at
    )
    return session.scalars(rows.order_by(FrontierEntry.due_at, FrontierEntry.id).limit(limit)).all()


def left_over(session: Session, sweep: Sweep) -> int:
    """Return how many addresses still stand in a sweep's line."""
    rows = select(func.count()).select_from(FrontierEntry).where(FrontierEntry.source == sweep.source)
    rows = rows.where(FrontierEntry.role.in_(("page", "media")))  # the index has the role before the time
    return session.scalar(rows.where(FrontierEntry.due_at <= sweep.started_at)) or 0


def standing(session: Session, source_id: str) -> int:
    """Return how many pages of a source have a finding that stands."""
    rows = select(func.count()).select_from(FrontierEntry).where(FrontierEntry.source == source_id)
    return session.scalar(rows.where(FrontierEntry.finding_id.is_not(None))) or 0


def count(session: Session, sweep_id: int, **having: str) -> int:
    """Return how many addresses a sweep looked at last have these values, for instance `role="page"`."""
    rows = select(func.count()).select_from(FrontierEntry).where(FrontierEntry.sweep_id == sweep_id)
    return session.scalar(rows.filter_by(**having)) or 0


def first_reason(session: Session, sweep_id: int) -> str | None:
    """Return why the first address of a sweep was refused or failed; None when none was."""
    rows = select(FrontierEntry.reason).where(FrontierEntry.sweep_id == sweep_id, FrontierEntry.reason.is_not(None))
    return session.scalar(rows.order_by(FrontierEntry.id).limit(1))


def gone(session: Session, sweep_id: int) -> Sequence[FrontierEntry]:
    """Return the addresses that a sweep found gone for the second time, and so believed."""
    rows = select(FrontierEntry).where(FrontierEntry.sweep_id == sweep_id, FrontierEntry.gone_at.is_not(None))
    rows = rows.where(FrontierEntry.gone_at == FrontierEntry.settled_at)
    return session.scalars(rows.order_by(FrontierEntry.id)).all()


def reopen(row: FrontierEntry, sweep: Sweep, reason: str) -> None:
    """Put an address back in a sweep's line, with why it could not be fetched this time."""
    row.state, row.reason, row.due_at = "waiting", reason, sweep.started_at


def reopen_failed(session: Session, sweep: Sweep) -> None:
    """Put what failed back in line, unless its answer was captured: within a sweep an address is captured once."""
    captured = select(Capture.url_hash).where(Capture.sweep_id == sweep.id)
    rows = select(FrontierEntry).where(FrontierEntry.sweep_id == sweep.id, FrontierEntry.state == "failed")
    for row in session.scalars(rows.where(FrontierEntry.url_hash.not_in(captured))):
        reopen(row, sweep, row.reason or "")
