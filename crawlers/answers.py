"""What the answers of a moment change: captures, findings, media, addresses and sightings, written table by table.

Answer by answer it costs several times as much as to read the pages.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawlers import captures, frontier, looks, onward, reels, render, revisit, shown, urls
from crawlers.captures import Capture, CaptureKind, Fetched
from crawlers.frontier import Address, FrontierEntry, Sweep
from crawlers.interface import Finding
from crawlers.looks import Reading, Validators
from crawlers.onward import Room
from crawlers.revisit import Rhythm
from crawlers.shown import Arrived, Sightings
from crawlers.sources import Source


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
class Answer:
    """What came of an errand."""

    one: Errand
    fetched: Fetched
    finding: Finding | None = None  # what a page says
    trouble: str | None = None  # why it is neither finding nor medium although it answered
    is_unchanged: bool = False  # so the server says, and sent no body


@dataclass
class _Look:
    """An answer, and the address it is of."""

    answer: Answer
    row: FrontierEntry
    is_elsewhere: bool  # a redirect led to another entry's page
    capture: Capture = field(init=False)

    @property
    def is_page(self) -> bool:
        """Whether the address is asked for as a page."""
        return self.row.role == "page"

    @property
    def is_read(self) -> bool:
        """Whether a body came that says something."""
        return not self.answer.trouble and not self.answer.is_unchanged

    def kept(self, standing: Mapping[int, Capture]) -> tuple[CaptureKind, Fetched]:
        """Return what is captured of it."""
        fetched = self.answer.fetched
        if self.answer.is_unchanged and self.row.capture_id is not None:
            fetched = captures.confirming(standing[self.row.capture_id], fetched)
        return "page" if self.is_page else "media", fetched


@dataclass(frozen=True)
class Writing:
    """Writes answers of one sweep in one session."""

    session: Session
    source: Source
    sweep: Sweep
    rhythm: Rhythm
    room: Room

    def write(self, answers: Sequence[Answer]) -> None:
        """Write what the answers change; those whose address this sweep has settled already change nothing."""
        with self.session.no_autoflush:
            looked = list(self._looked(answers))
            arrived = self._captured(looked)
            sightings = self._read([one for one in looked if one.is_page and one.is_read])
            sightings += self._confirmed([one for one in looked if one.answer.is_unchanged])
            for one in looked:
                if one.answer.trouble:
                    self._in_trouble(one, one.answer.trouble)
                elif one.is_read and not one.is_page:
                    self._medium(one)
                if one.is_page:
                    set_down(self.source, one.row)
            self.session.flush()
            sightings += shown.grant(self.session, arrived)
            captures.store_sightings(self.session, sightings)

    def _looked(self, answers: Sequence[Answer]) -> Iterator[_Look]:
        """Yield the answers that count, with the rows of their addresses."""
        wanted = select(FrontierEntry).where(FrontierEntry.id.in_([answer.one.entry_id for answer in answers]))
        rows = {row.id: row for row in self.session.scalars(wanted)}
        read: set[int] = set()
        for answer in answers:
            row = rows[answer.one.entry_id]
            if is_settled(row, self.sweep) or (answer.is_unchanged and row.capture_id is None):
                continue
            is_elsewhere = answer.finding is not None and self._is_elsewhere(row, answer.finding.url, read)
            if not answer.trouble:
                read.add(row.id)
            yield _Look(answer, row, is_elsewhere)

    def _is_elsewhere(self, row: FrontierEntry, url: str, read: Collection[int]) -> bool:
        """Return whether the place a redirect led to belongs to another entry; if nobody's, it is taken.

        `read` are the entries whose answers are written with this one.
        """
        if url == row.url:
            return False
        other = frontier.entries(self.session, self.sweep.id, [url]).get(url)
        if other is not None:
            is_here = other.id in read or (other.sweep_id == self.sweep.id and other.state == "done")
            if is_here or other.finding_id is not None:
                return True
        if other is None:
            (other,) = frontier.add(self.session, self.sweep.id, [Address(url, "page", row.depth)])
        looks.led_to(other, self.sweep.id, f"reached by a redirect from {row.url}", self.rhythm)
        return False

    def _captured(self, looked: Sequence[_Look]) -> list[Arrived]:
        """Keep what came, and return the media among it; a page may be a picture to another page."""
        standing = self._standing([one.row.capture_id for one in looked if one.answer.is_unchanged])
        kept = captures.keep_all(self.session, self.sweep.id, [one.kept(standing) for one in looked])
        arrived = []
        for one, capture in zip(looked, kept, strict=True):
            one.capture = capture
            self.sweep.pages += one.is_page
            self.sweep.media += not one.is_page
            self.sweep.received += 0 if one.answer.is_unchanged else one.answer.fetched.size_bytes
            if one.is_page or not one.answer.trouble:
                arrived.append(Arrived(one.row, capture, one.row.due_at or self.sweep.started_at))
        return arrived

    def _standing(self, wanted: Sequence[int | None]) -> dict[int, Capture]:
        """Return the captures whose bodies still stand, by id."""
        if not wanted:
            return {}
        return {row.id: row for row in self.session.scalars(select(Capture).where(Capture.id.in_(wanted)))}

    def _read(self, pages: Sequence[_Look]) -> Sightings:
        """Take in what pages say: findings where they are new, the media they show, and where they lead."""
        fresh: list[tuple[_Look, Finding]] = []
        again: list[FrontierEntry] = []
        leading: list[tuple[int, Finding]] = []
        for one in pages:
            finding = self._finding(one)
            said, before = Reading(revisit.shows(finding), revisit.reading_sha256(finding)), one.row.shows
            is_changed = self._answered(one, said)
            self.sweep.unchanged += not is_changed
            if finding is not None:
                one.row.reason = finding.fault
                leading.append((one.row.depth, finding))
            if finding is None or said.shows != "finding":
                self.sweep.lost += not one.is_elsewhere and _is_loss(before, said.shows)
                shown.nothing(self.session, self.sweep, one.row)
            elif is_changed or one.row.finding_id is None:
                fresh.append((one, finding))
            else:
                again.append(one.row)
        sightings = self._anew(fresh) + shown.again(self.session, self.sweep, again)
        onward.put_in_line(self.session, self.source, self.sweep.id, leading, self.room)
        return sightings

    def _finding(self, one: _Look) -> Finding | None:
        if one.answer.finding is None or one.is_elsewhere:
            return None
        return onward.completed(self.source, one.row, one.answer.finding)

    def _answered(self, one: _Look, said: Reading) -> bool:
        validators = _validators(one.answer.fetched)
        return looks.answered(
            one.row, self.sweep.id, one.capture, reading=said, validators=validators, rhythm=self.rhythm
        )

    def _anew(self, fresh: Sequence[tuple[_Look, Finding]]) -> Sightings:
        said = [(one.capture, finding) for one, finding in fresh]
        territory = self.source.source.territory
        stored = captures.store_findings(self.session, self.source.id, said, territory=territory)
        pages = [(one.row, row, finding) for (one, finding), row in zip(fresh, stored, strict=True)]
        return shown.anew(self.session, self.sweep, pages)

    def _confirmed(self, looked: Sequence[_Look]) -> Sightings:
        for one in looked:
            self.sweep.unchanged += 1
            looks.confirmed(one.row, self.sweep.id, self.rhythm)
        return shown.again(self.session, self.sweep, [one.row for one in looked if one.is_page])

    def _medium(self, one: _Look) -> None:
        self._answered(one, Reading("medium", one.answer.fetched.blob))
        one.row.reason = reels.sample_of(one.answer.fetched.parts)

    def _in_trouble(self, one: _Look, reason: str) -> None:
        if not reason.startswith(looks.NOT_THERE):
            looks.failed(one.row, self.sweep.id, reason, self.rhythm)
        elif looks.absent(one.row, self.sweep.id, reason, self.rhythm):
            self.sweep.gone += 1
            shown.nothing(self.session, self.sweep, one.row)


def is_settled(row: FrontierEntry, sweep: Sweep) -> bool:
    """Say whether a sweep has looked at an address already."""
    return row.sweep_id == sweep.id and row.state != "waiting"


def set_down(source: Source, row: FrontierEntry) -> None:
    """Take a query out of the line: a sweep begins with it as long as its work is registered, and nothing else."""
    if source.search is not None and source.search.asks(row.url):
        row.due_at = None


def _validators(fetched: Fetched) -> Validators:
    """Return the validators of an answer of the address itself; a redirect's are those of another place, and those of
    a page that scripts make say nothing of what they make."""
    is_its_own = urls.canonical(fetched.final_url) == fetched.url and not render.is_shown(fetched.parts)
    return Validators.of(fetched.headers) if is_its_own else looks.NONE


def _is_loss(before: str | None, now: str) -> bool:
    return before == "finding" or (before == "list" and now == "nothing")
