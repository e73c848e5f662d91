"""Watches: places that were asked to go, and what was seen there on every later look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, home
from config.database import AppendOnly, Base, Row
from crawlers import sources, urls
from crawlers.glance import Look, Seen, Target, glance

Outcome = Literal["gone", "still there", "moved", "back again", "unreachable"]
GONE = (404, 410, 451)


class Watch(Row, Base):
    """One place to look at again; left by sending a notice."""

    __tablename__ = "watches"

    subject: Mapped[str] = mapped_column(String(200), index=True)  # "notice:<uuid>", told to us, not looked up
    url: Mapped[str] = mapped_column(Text)  # the page
    media_urls: Mapped[list[Any]]  # media of the page that matched
    blobs: Mapped[list[Any]]  # sha256 of those media as they were captured
    since: Mapped[datetime]
    next_due: Mapped[datetime | None] = mapped_column(index=True)  # None: closed
    looks: Mapped[int] = mapped_column(default=0)


class WatchLook(AppendOnly, Row, Base):
    """What one later look at a watched place saw."""

    __tablename__ = "watch_looks"

    watch_id: Mapped[int] = mapped_column(ForeignKey("watches.id"), index=True)
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(12))  # "gone", "still there", "moved", "back again" or "unreachable"
    status: Mapped[int | None]
    says: Mapped[str] = mapped_column(Text)  # a sentence: what was seen
    moved_to: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True)
class Judgement:
    """What one look says of a watched place."""

    outcome: Outcome
    says: str  # a sentence: what was seen
    status: int | None = None
    moved_to: str | None = None


def watch(session: Session, *, subject: str, url: str, media_urls: Sequence[str], blobs: Sequence[str]) -> Watch:
    """Return the watch over a place, made when the subject has none there yet; first due as the settings say."""
    known = session.scalar(select(Watch).where(Watch.subject == subject, Watch.url == url))
    if known is not None:
        return known
    at = clock.now()
    hours = home.of(session).settings.notices.recheck_hours
    row = Watch(
        subject=subject,
        url=url,
        media_urls=list(media_urls),
        blobs=list(blobs),
        since=at,
        next_due=next_due(at, at, hours),
    )
    session.add(row)
    session.flush()
    return row


def next_due(since: datetime, at: datetime, hours: Sequence[float]) -> datetime | None:
    """Return the first look that still lies ahead of `at`, or None when all are behind."""
    ahead = (since + timedelta(hours=after) for after in sorted(hours))
    return next((due for due in ahead if due > at), None)


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return the watches whose look is due, the longest due first."""
    due = select(Watch.id).where(Watch.next_due <= clock.now())
    return session.scalars(due.order_by(Watch.next_due, Watch.id).limit(limit)).all()


def unclosed(session: Session) -> Sequence[int]:
    """Return every watch that is not closed, due or not."""
    return session.scalars(select(Watch.id).where(Watch.next_due.is_not(None)).order_by(Watch.id)).all()


def look(session: Session, ids: Sequence[int]) -> None:
    """Look again at the watched places and append what was seen; the session stays open meanwhile.

    Who must not hold a transaction while the web answers calls `targets`, `crawlers.glance.glance` and `record`.
    """
    opened = home.of(session)
    record(session, ids, glance(opened.settings.crawl, targets(session, ids)))


def targets(session: Session, ids: Sequence[int]) -> list[Target]:
    """Return what is to be looked at, in the order of `ids`; a source of the home that covers the page reads it."""
    known = list(sources.load_all(home.of(session).settings.sources).values())
    rows = {row.id: row for row in session.scalars(select(Watch).where(Watch.id.in_(ids)))}
    return [
        Target(rows[one].url, tuple(rows[one].media_urls), next((s for s in known if s.covers(rows[one].url)), None))
        for one in ids
    ]


def record(session: Session, ids: Sequence[int], looks: Sequence[Look]) -> None:
    """Append one WatchLook a watch and set when it is due again."""
    hours = home.of(session).settings.notices.recheck_hours
    for watch_id, seen in zip(ids, looks, strict=True):
        row = session.get_one(Watch, watch_id)
        said = judge(seen, blobs=row.blobs, before=last_outcome(session, watch_id))
        at = clock.now()
        session.add(
            WatchLook(
                watch_id=row.id, at=at, outcome=said.outcome, status=said.status, says=said.says, moved_to=said.moved_to
            )
        )
        row.looks += 1
        row.next_due = next_due(row.since, at, hours)
        session.flush()


def last_outcome(session: Session, watch_id: int) -> str | None:
    """Return what the last look that got an answer saw; None when there was none."""
    rows = select(WatchLook.outcome).where(WatchLook.watch_id == watch_id, WatchLook.outcome != "unreachable")
    return session.scalar(rows.order_by(WatchLook.id.desc()).limit(1))


def judge(seen: Look, *, blobs: Sequence[str], before: str | None) -> Judgement:
    """Return what a look means. Pure. A host without an answer is unreachable, never gone."""
    now = _now(seen, frozenset(blobs))
    if before == "gone" and now.outcome in ("still there", "moved"):
        return Judgement("back again", f"It had gone and is back. {now.says}", now.status, now.moved_to)
    return now


def _now(seen: Look, blobs: frozenset[str]) -> Judgement:
    page = seen.page
    if page.status is None:
        return Judgement("unreachable", f"No answer: {page.error}.")
    served = [one for one in seen.media if one.blob is not None]
    if page.status in GONE:
        rest = f" Its media are still served at {served[0].url}, though." if served else ""
        return Judgement("gone", f"The page answers {page.status}.{rest}", page.status)
    if page.status >= 400:
        return Judgement("unreachable", f"The page answers {page.status}; that is neither there nor gone.", page.status)
    silent = [one for one in seen.media if one.status is None or (one.status >= 400 and one.status not in GONE)]
    elsewhere = next((one for one in seen.shown if one.blob in blobs), None)
    if urls.place(page.final_url) != urls.place(page.url):
        return _redirected(page, is_shown=bool(served or elsewhere or not (seen.media or blobs)))
    if served:
        return Judgement("still there", _what_is_served(served, blobs), page.status)
    if elsewhere is not None:
        says = f"The page shows the same file, now from {elsewhere.url}."
        return Judgement("moved", says, page.status, elsewhere.url)
    if silent:
        return Judgement("unreachable", f"The page is there; its media gave no answer: {_why(silent[0])}.", page.status)
    if not seen.media:
        return Judgement("still there", "The page is there.", page.status)
    return Judgement("gone", "The page is there, but what it showed is gone.", page.status)


def _redirected(page: Seen, *, is_shown: bool) -> Judgement:
    if is_shown:
        return Judgement("moved", f"The page leads to {page.final_url} now.", page.status, page.final_url)
    says = f"The page leads to {page.final_url} now, and what it showed is gone."
    return Judgement("gone", says, page.status)


def _what_is_served(served: Sequence[Seen], blobs: frozenset[str]) -> str:
    same = [one for one in served if one.blob in blobs]
    if same:
        return f"The page is there and {same[0].url} serves the same file."
    return f"The page is there and {served[0].url} serves a file, though with other bytes; look at it."


def _why(seen: Seen) -> str:
    return seen.error or f"{seen.url} answers {seen.status}"
