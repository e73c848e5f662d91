"""The settler: what a sweep fetches next, and what came of it, every method in one transaction.

A kill before the commit leaves the entry in line and nothing else; a kill after it leaves nothing to do. So a resumed
sweep neither loses nor doubles anything.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from crawlers import answers, captures, frontier, looks, urls
from crawlers.answers import Answer, Errand, Writing
from crawlers.captures import Fetched, FindingRow
from crawlers.frontier import Address, FrontierEntry, MediaWish, Sweep
from crawlers.onward import Room
from crawlers.revisit import Rhythm
from crawlers.sources import Limits, Source

MAX_MEDIA_TRIES = 3  # sweeps that may begin anew on a medium that never answers; then the sweep ends without it
OUTSIDE = "it lies outside the scope that its source has now"
Settled = Literal["refused", "failed"]
Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Settler:
    """Writes what a sweep sees; every method is one transaction."""

    transaction: Transaction
    source: Source
    sweep_id: int
    limits: Limits
    room: Room = field(default_factory=Room)

    @property
    def rhythm(self) -> Rhythm:
        """How often the source's addresses are asked."""
        return Rhythm(self.limits.revisit_min_s, self.limits.revisit_max_s)

    def next(self, taken: Mapping[int, str], limit: int) -> list[Errand]:
        """Return the head of the line beside what is `taken` (roles by entry): media first, so that findings complete.

        [] when nothing is left, or the sweep has had its pages or bytes.
        """
        with self.transaction() as session:
            sweep = session.get_one(Sweep, self.sweep_id)
            if sweep.received >= self.limits.max_sweep_bytes:
                return []
            rows = _untaken(frontier.in_line(session, sweep, "media", limit + len(taken)), taken, limit)
            room = self.limits.max_pages - sweep.pages - sum(role == "page" for role in taken.values())
            rows += self._pages_in_line(session, sweep, taken, max(0, min(limit - len(rows), room)))
            return self._errands(session, rows)

    def _pages_in_line(
        self, session: Session, sweep: Sweep, taken: Mapping[int, str], limit: int
    ) -> list[FrontierEntry]:
        """Return pages of the line; those that a narrower scope has shut out since leave it."""
        while limit:
            rows = _untaken(frontier.in_line(session, sweep, "page", limit + len(taken)), taken, limit)
            outside = [row for row in rows if not self._is_inside(row)]
            if not outside:
                return rows
            for row in outside:
                looks.refused(row, self.sweep_id, OUTSIDE, self.rhythm)
            session.flush()
        return []

    def _is_inside(self, row: FrontierEntry) -> bool:
        if row.depth == 0:
            return self.source.reaches(row.url)
        return row.depth <= self.source.scope.max_depth and self.source.covers(row.url)

    def _errands(self, session: Session, rows: Sequence[FrontierEntry]) -> list[Errand]:
        pages = (
            select(MediaWish.entry_id, FindingRow.url)
            .join(FindingRow, FindingRow.id == MediaWish.finding_id)
            .where(MediaWish.entry_id.in_([row.id for row in rows]))
            .order_by(MediaWish.id.desc())
        )
        shown_on = {row[0]: row[1] for row in session.execute(pages)}
        return [
            Errand(row.id, row.url, row.role, row.depth, shown_on.get(row.id), self._conditions(session, row))
            for row in rows
        ]

    def _conditions(self, session: Session, row: FrontierEntry) -> Mapping[str, str]:
        """Return what the address may be asked with; what another definition read is to be read anew."""
        if row.sweep_id is None or session.get_one(Sweep, row.sweep_id).source_sha256 != self.source.sha256:
            return {}
        return looks.conditions(row)

    def settle(self, came: Sequence[Answer]) -> None:
        """Write everything that these answers change."""
        with self.transaction() as session:
            Writing(session, self.source, self._alive(session), self.rhythm, self.room).write(came)

    def robots(self, fetched: Fetched, sitemaps: Sequence[str] = ()) -> None:
        """Keep a robots.txt, once a sweep, and put the host's sitemaps in line."""
        with self.transaction() as session:
            if captures.find(session, self.sweep_id, fetched.url) is None:
                captures.keep(session, self.sweep_id, "robots", fetched)
                frontier.add(session, self.sweep_id, [Address(url, "page", 0) for url in sitemaps])
                frontier.recall(session, self.sweep_id, sitemaps)

    def robots_kept(self, url: str) -> tuple[int, str] | None:
        """Return status and blob of a robots.txt this sweep has kept, or None."""
        with self.transaction() as session:
            capture = captures.find(session, self.sweep_id, url)
            return None if capture is None else (capture.status, capture.body_sha256)

    def close(self, one: Errand, state: Settled, reason: str) -> None:
        """Settle an address of which nothing was fetched."""
        with self.transaction() as session:
            sweep, row = self._alive(session), session.get_one(FrontierEntry, one.entry_id)
            if answers.is_settled(row, sweep):
                return
            if state == "refused":
                looks.refused(row, self.sweep_id, reason, self.rhythm)
                sweep.refused += 1
            else:
                looks.failed(row, self.sweep_id, reason, self.rhythm)
            answers.set_down(self.source, row)

    def reopen(self, one: Errand, reason: str) -> None:
        """Leave an address to a resumed sweep."""
        with self.transaction() as session:
            row = session.get_one(FrontierEntry, one.entry_id)
            if row.role == "page" or row.failures < MAX_MEDIA_TRIES:
                frontier.reopen(row, session.get_one(Sweep, self.sweep_id), reason)

    def beat(self) -> None:
        """Say that the sweep is alive."""
        with self.transaction() as session:
            self._alive(session)

    def _alive(self, session: Session) -> Sweep:
        sweep = session.get_one(Sweep, self.sweep_id)
        sweep.heartbeat_at = clock.now()
        return sweep


def _untaken(rows: Sequence[FrontierEntry], taken: Collection[int], limit: int) -> list[FrontierEntry]:
    return [row for row in rows if row.id not in taken][:limit]


def robots_url(origin: str) -> str:
    """Return the canonical address of a host's robots.txt."""
    return urls.canonical(f"{origin}/robots.txt") or f"{origin}/robots.txt"
