"""What one response changes: capture, finding, sightings, new addresses and the settled entry, in one transaction.

A kill before the commit leaves the entry waiting and nothing else; a kill after it leaves nothing to do. So a resumed
sweep neither loses nor doubles anything.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from crawlers import captures, frontier, reels, urls
from crawlers.captures import Capture, Fetched, FindingRow
from crawlers.frontier import Address, FrontierEntry, MediaWish, Settled, Sweep
from crawlers.interface import Finding
from crawlers.sniff import media_kind
from crawlers.sources import Source

MAX_MEDIA_TRIES = 3  # sweeps that may begin anew on a medium that never answers; then the sweep ends without it
Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Errand:
    """One address to fetch, free of any session."""

    entry_id: int
    url: str
    role: str
    depth: int
    shown_on: str | None = None  # the page that shows a medium; many sites refuse a medium asked for out of nowhere


def errands(rows: Sequence[FrontierEntry], shown_on: Mapping[int, str]) -> list[Errand]:
    """Return the entries as values; `shown_on` is page by entry."""
    return [Errand(row.id, row.url, row.role, row.depth, shown_on.get(row.id)) for row in rows]


@dataclass(frozen=True)
class Settler:
    """Writes what a sweep sees; every method is one transaction and returns what is newly to be fetched."""

    transaction: Transaction
    source: Source
    sweep_id: int
    max_pages: int

    def waiting(self) -> list[Errand]:
        """Return what is left of the sweep."""
        with self.transaction() as session:
            return errands(frontier.waiting(session, self.sweep_id), self._pages_that_show(session))

    def _pages_that_show(self, session: Session) -> dict[int, str]:
        rows = (
            select(MediaWish.entry_id, FindingRow.url)
            .join(FindingRow, FindingRow.id == MediaWish.finding_id)
            .join(FrontierEntry, FrontierEntry.id == MediaWish.entry_id)
            .where(FrontierEntry.sweep_id == self.sweep_id, FrontierEntry.state == "waiting")
        )
        return {row[0]: row[1] for row in session.execute(rows.order_by(MediaWish.id.desc()))}

    def page(
        self, one: Errand, fetched: Fetched, finding: Finding | None, *, trouble: str | None = None
    ) -> list[Errand]:
        """Keep a page. `trouble` says why it is no finding although it answered (an error status, a block page)."""
        with self.transaction() as session:
            row = session.get_one(FrontierEntry, one.entry_id)
            if row.state != "waiting":
                return []
            capture = captures.keep(session, self.sweep_id, "page", fetched)
            frontier.settle(row, "failed" if trouble else "done", trouble)
            fresh: list[FrontierEntry] = []
            if finding is not None and not self._seen_elsewhere(session, row, finding.url):
                fresh += self._media(session, capture, finding)
                fresh += self._pages(session, one, finding)
            _grant(session, row, capture)  # an address that is a page to one page and a picture to another
            self._count(session, pages=1)
            return errands(fresh, {} if finding is None else {entry.id: finding.url for entry in fresh})

    def medium(self, one: Errand, fetched: Fetched, *, trouble: str | None = None) -> None:
        """Keep a medium and link it to every finding that showed it."""
        with self.transaction() as session:
            row = session.get_one(FrontierEntry, one.entry_id)
            if row.state != "waiting":
                return
            capture = captures.keep(session, self.sweep_id, "media", fetched)
            frontier.settle(row, "failed" if trouble else "done", trouble or reels.sample_of(fetched.parts))
            if trouble is None:
                _grant(session, row, capture)
            self._count(session, media=1)

    def robots(self, fetched: Fetched) -> None:
        """Keep a robots.txt, once a sweep."""
        with self.transaction() as session:
            if captures.find(session, self.sweep_id, fetched.url) is None:
                captures.keep(session, self.sweep_id, "robots", fetched)

    def robots_kept(self, url: str) -> tuple[int, str] | None:
        """Return status and blob of a robots.txt this sweep has kept, or None."""
        with self.transaction() as session:
            capture = captures.find(session, self.sweep_id, url)
            return None if capture is None else (capture.status, capture.body_sha256)

    def close(self, one: Errand, state: Settled, reason: str) -> None:
        """Settle an address of which nothing was fetched."""
        with self.transaction() as session:
            frontier.settle(session.get_one(FrontierEntry, one.entry_id), state, reason)
            self._count(session, refused=1 if state == "refused" else 0)

    def reopen(self, one: Errand, reason: str) -> None:
        """Leave an address to a resumed sweep."""
        with self.transaction() as session:
            row = session.get_one(FrontierEntry, one.entry_id)
            if row.role == "page" or row.tries < MAX_MEDIA_TRIES:
                frontier.reopen(row, reason)

    def beat(self) -> None:
        """Say that the sweep is alive."""
        with self.transaction() as session:
            self._count(session)

    def _seen_elsewhere(self, session: Session, row: FrontierEntry, url: str) -> bool:
        """Return whether the place a redirect led to belongs to another entry; if nobody's, it is taken."""
        if url == row.url:
            return False
        other = frontier.entries(session, self.sweep_id, [url]).get(url)
        if other is not None and other.state == "done":
            return True
        if other is None:
            (other,) = frontier.add(session, self.sweep_id, [Address(url, "page", row.depth)])
        frontier.settle(other, "done", f"reached by a redirect from {row.url}")
        return False

    def _media(self, session: Session, capture: Capture, finding: Finding) -> list[FrontierEntry]:
        if not finding.media and finding.listing is None:
            return []
        territory = self.source.source.territory
        stored = captures.store_finding(session, capture, self.source.id, finding, territory=territory)
        self._count(session, findings=1)
        fresh = frontier.add(session, self.sweep_id, [Address(link.url, "media", 0) for link in finding.media])
        entries = frontier.entries(session, self.sweep_id, [link.url for link in finding.media])
        for link in {link.url: link for link in reversed(finding.media)}.values():  # its first place on the page counts
            wish = MediaWish(
                entry_id=entries[link.url].id, finding_id=stored.id, kind=link.kind, position=link.position
            )
            session.add(wish)
            if entries[link.url].state == "done":  # another page showed it first, and it is here already
                seen = captures.find(session, self.sweep_id, link.url)
                if seen is not None:
                    _sight(session, wish, seen)
        return fresh

    def _pages(self, session: Session, one: Errand, finding: Finding) -> list[FrontierEntry]:
        if one.depth >= self.source.scope.max_depth:
            return []
        room = max(0, self.max_pages - frontier.count(session, self.sweep_id, role="page"))
        inside = [Address(url, "page", one.depth + 1) for url in finding.links if self.source.covers(url)]
        return frontier.add(session, self.sweep_id, inside, at_most=room)

    def _count(self, session: Session, *, pages: int = 0, media: int = 0, findings: int = 0, refused: int = 0) -> None:
        row = session.get_one(Sweep, self.sweep_id)
        row.pages += pages
        row.media += media
        row.findings += findings
        row.refused += refused
        row.heartbeat_at = clock.now()


def _grant(session: Session, row: FrontierEntry, capture: Capture) -> None:
    """Link a captured medium to every finding that waits for it."""
    if media_kind(capture.mime) is None:
        return
    for wish in session.scalars(select(MediaWish).where(MediaWish.entry_id == row.id)):
        _sight(session, wish, capture)


def _sight(session: Session, wish: MediaWish, capture: Capture) -> None:
    kind = media_kind(capture.mime)  # the bytes decide what it is, not the page
    if kind is not None:
        captures.store_sighting(session, wish.finding_id, capture, kind, position=wish.position)


def robots_url(origin: str) -> str:
    """Return the canonical address of a host's robots.txt."""
    return urls.canonical(f"{origin}/robots.txt") or f"{origin}/robots.txt"
