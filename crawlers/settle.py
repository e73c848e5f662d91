"""What one response changes: capture, finding, sightings, new addresses and the settled entry, in one transaction.

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
from crawlers import captures, frontier, looks, onward, reels, render, revisit, shown, urls
from crawlers.captures import Capture, Fetched, FindingRow
from crawlers.frontier import Address, FrontierEntry, MediaWish, Sweep
from crawlers.interface import Finding
from crawlers.looks import Reading, Validators
from crawlers.onward import Room
from crawlers.revisit import Rhythm
from crawlers.sources import Limits, Source

MAX_MEDIA_TRIES = 3  # sweeps that may begin anew on a medium that never answers; then the sweep ends without it
OUTSIDE = "it lies outside the scope that its source has now"
Settled = Literal["refused", "failed"]
Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Errand:
    """One address to fetch, free of any session."""

    entry_id: int
    url: str
    role: str
    depth: int
    shown_on: str | None = None  # the page that shows a medium; many sites refuse a medium asked for out of nowhere
    conditions: Mapping[str, str] = field(default_factory=dict)  # headers that ask whether it has changed


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

    def page(self, one: Errand, fetched: Fetched, finding: Finding | None, *, trouble: str | None = None) -> None:
        """Keep a page. `trouble` says why it is no finding although it answered (an error status, a block page)."""
        with self.transaction() as session:
            row, sweep = self._opened(session, one)
            if row is None:
                return
            capture = captures.keep(session, self.sweep_id, "page", fetched)
            sweep.pages += 1
            sweep.received += fetched.size_bytes
            since = row.due_at or sweep.started_at
            if trouble:
                self._in_trouble(session, sweep, row, trouble)
            else:
                self._read(session, sweep, row, capture, fetched, finding)
            shown.grant(session, row, capture, since)  # an address that is a page to one page and a picture to another
            self._set_down(row)

    def medium(self, one: Errand, fetched: Fetched, *, trouble: str | None = None) -> None:
        """Keep a medium and link it to every finding that shows it."""
        with self.transaction() as session:
            row, sweep = self._opened(session, one)
            if row is None:
                return
            capture = captures.keep(session, self.sweep_id, "media", fetched)
            sweep.media += 1
            sweep.received += fetched.size_bytes
            since = row.due_at or sweep.started_at
            if trouble:
                self._in_trouble(session, sweep, row, trouble)
            else:
                said, given = Reading("medium", fetched.blob), _validators(fetched)
                looks.answered(row, self.sweep_id, capture, reading=said, validators=given, rhythm=self.rhythm)
                row.reason = reels.sample_of(fetched.parts)
                shown.grant(session, row, capture, since)

    def unchanged(self, one: Errand, fetched: Fetched) -> None:
        """Keep that an address says what it said before: a capture without a body, which names the one that stands."""
        with self.transaction() as session:
            row, sweep = self._opened(session, one)
            if row is None or row.capture_id is None:
                return
            standing = session.get_one(Capture, row.capture_id)
            kind: captures.CaptureKind = "page" if row.role == "page" else "media"
            capture = captures.keep(session, self.sweep_id, kind, captures.confirming(standing, fetched))
            sweep.pages += row.role == "page"
            sweep.media += row.role == "media"
            sweep.unchanged += 1
            since = row.due_at or sweep.started_at
            looks.confirmed(row, self.sweep_id, self.rhythm)
            shown.again(session, sweep, row)
            shown.grant(session, row, capture, since)
            self._set_down(row)

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
            row, sweep = self._opened(session, one)
            if row is None:
                return
            if state == "refused":
                looks.refused(row, self.sweep_id, reason, self.rhythm)
                sweep.refused += 1
            else:
                looks.failed(row, self.sweep_id, reason, self.rhythm)
            self._set_down(row)

    def reopen(self, one: Errand, reason: str) -> None:
        """Leave an address to a resumed sweep."""
        with self.transaction() as session:
            row = session.get_one(FrontierEntry, one.entry_id)
            if row.role == "page" or row.failures < MAX_MEDIA_TRIES:
                frontier.reopen(row, session.get_one(Sweep, self.sweep_id), reason)

    def _set_down(self, row: FrontierEntry) -> None:
        """Take a query out of the line: a sweep begins with it as long as its work is registered, and nothing else."""
        if self.source.search is not None and self.source.search.asks(row.url):
            row.due_at = None

    def beat(self) -> None:
        """Say that the sweep is alive."""
        with self.transaction() as session:
            session.get_one(Sweep, self.sweep_id).heartbeat_at = clock.now()

    def _opened(self, session: Session, one: Errand) -> tuple[FrontierEntry | None, Sweep]:
        """Return the errand's entry, None when this sweep has settled it already, and the sweep, which is alive."""
        sweep = session.get_one(Sweep, self.sweep_id)
        sweep.heartbeat_at = clock.now()
        row = session.get_one(FrontierEntry, one.entry_id)
        is_settled = row.sweep_id == self.sweep_id and row.state != "waiting"
        return (None if is_settled else row), sweep

    def _read(
        self, session: Session, sweep: Sweep, row: FrontierEntry, capture: Capture, fetched: Fetched,
        finding: Finding | None,
    ) -> None:  # fmt: skip
        """Take in what a page says: its finding when that is new, the media it shows, and where it leads."""
        is_elsewhere = finding is not None and self._seen_elsewhere(session, row, finding.url)
        if is_elsewhere:
            finding = None
        if finding is not None:
            finding = onward.completed(self.source, row, finding)
        said = Reading(revisit.shows(finding), revisit.reading_sha256(finding))
        before = row.shows
        is_changed = looks.answered(
            row, self.sweep_id, capture, reading=said, validators=_validators(fetched), rhythm=self.rhythm
        )
        sweep.unchanged += not is_changed
        if finding is None or said.shows != "finding":
            sweep.lost += not is_elsewhere and _is_loss(before, said.shows)
            shown.nothing(session, sweep, row)
        elif is_changed or row.finding_id is None:
            territory = self.source.source.territory
            stored = captures.store_finding(session, capture, self.source.id, finding, territory=territory)
            shown.anew(session, sweep, row, stored, finding)
        else:
            shown.again(session, sweep, row)
        if finding is not None:
            row.reason = finding.fault
            onward.put_in_line(session, self.source, self.sweep_id, depth=row.depth, finding=finding, room=self.room)

    def _in_trouble(self, session: Session, sweep: Sweep, row: FrontierEntry, reason: str) -> None:
        if not reason.startswith(looks.NOT_THERE):
            looks.failed(row, self.sweep_id, reason, self.rhythm)
        elif looks.absent(row, self.sweep_id, reason, self.rhythm):
            sweep.gone += 1
            shown.nothing(session, sweep, row)

    def _seen_elsewhere(self, session: Session, row: FrontierEntry, url: str) -> bool:
        """Return whether the place a redirect led to belongs to another entry; if nobody's, it is taken."""
        if url == row.url:
            return False
        other = frontier.entries(session, self.sweep_id, [url]).get(url)
        if other is not None:
            is_here = other.sweep_id == self.sweep_id and other.state == "done"
            if is_here or other.finding_id is not None:
                return True
        if other is None:
            (other,) = frontier.add(session, self.sweep_id, [Address(url, "page", row.depth)])
        looks.led_to(other, self.sweep_id, f"reached by a redirect from {row.url}", self.rhythm)
        return False


def _untaken(rows: Sequence[FrontierEntry], taken: Collection[int], limit: int) -> list[FrontierEntry]:
    return [row for row in rows if row.id not in taken][:limit]


def _validators(fetched: Fetched) -> Validators:
    """Return the validators of an answer of the address itself; a redirect's are those of another place, and those of
    a page that scripts make say nothing of what they make."""
    is_its_own = urls.canonical(fetched.final_url) == fetched.url and not render.is_shown(fetched.parts)
    return Validators.of(fetched.headers) if is_its_own else looks.NONE


def _is_loss(before: str | None, now: str) -> bool:
    return before == "finding" or (before == "list" and now == "nothing")


def robots_url(origin: str) -> str:
    """Return the canonical address of a host's robots.txt."""
    return urls.canonical(f"{origin}/robots.txt") or f"{origin}/robots.txt"
