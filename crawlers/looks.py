"""What one look at an address changes in what the frontier knows of it: its answer, its rest, its next turn.

Every function that takes an entry closes its look: the address leaves the sweep's line. None of them keeps a capture;
that is done before.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config import clock
from crawlers import revisit
from crawlers.captures import Capture
from crawlers.frontier import FrontierEntry, Sweep
from crawlers.revisit import Rhythm, Shows

GONE = (404, 410)
NOT_THERE = "it is not there"  # how the reason of a look begins that found nothing
MAX_CONFIRMED = 10  # times in a row a server is believed that nothing has changed; then it is asked for the body
_SENDABLE = re.compile(r"[\x21-\x7e][\x20-\x7e]*")  # a validator goes back into a header as it came, or not at all


@dataclass(frozen=True)
class Validators:
    """What a server gave us to ask with whether its answer has changed."""

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]]) -> "Validators":
        """Return the validators of a response; one that is no plain short header is left out."""
        said = {name.lower(): value.strip() for name, value in headers}
        return cls(_sendable(said.get("etag"), 200), _sendable(said.get("last-modified"), 100))


NONE = Validators()


@dataclass(frozen=True)
class Reading:
    """What an answer is to us, and the hash of what it says."""

    shows: Shows
    sha256: str


def conditions(row: FrontierEntry) -> Mapping[str, str]:
    """Return the headers that ask whether an address has changed since its body came; empty: ask for the body.

    A server that says "not modified" for ever is asked for the body now and then, and so is one whose last answer was
    none, or was read as nothing.
    """
    if row.capture_id is None or row.state != "done" or row.confirmed >= MAX_CONFIRMED:
        return {}
    asked = {"If-None-Match": row.etag, "If-Modified-Since": row.last_modified}
    return {name: value for name, value in asked.items() if value is not None}


def may_be_asked(row: FrontierEntry, at: datetime) -> bool:
    """Say whether an address has rested long enough; one that was never asked has."""
    return row.rests_until is None or row.rests_until <= at


def answered(
    row: FrontierEntry, sweep_id: int, capture: Capture, *, reading: Reading, validators: Validators, rhythm: Rhythm
) -> bool:
    """Close a look that brought a body, and return whether it says something else than before."""
    is_first = row.reading_sha256 is None
    is_changed = row.reading_sha256 != reading.sha256
    if is_first or row.rest_s == 0.0:
        rest_s = rhythm.first(reading.shows)
    else:
        rest_s = rhythm.next(row.rest_s, reading.shows, is_changed=is_changed)
    row.shows, row.reading_sha256, row.confirmed = reading.shows, reading.sha256, 0
    row.body_sha256, row.capture_id = capture.body_sha256, capture.id
    row.etag, row.last_modified = validators.etag, validators.last_modified
    row.changes += is_changed and not is_first
    _is_there(row)
    _close(row, sweep_id, "done", None, rest_s)
    return is_changed


def confirmed(row: FrontierEntry, sweep_id: int, rhythm: Rhythm) -> None:
    """Close a look to which the server said that nothing has changed."""
    row.confirmed += 1
    _is_there(row)
    rest_s = rhythm.next(row.rest_s, _shows(row), is_changed=False)
    _close(row, sweep_id, "done", None, rest_s)


def failed(row: FrontierEntry, sweep_id: int, reason: str, rhythm: Rhythm) -> None:
    """Close a look that got no answer, or one that says nothing of the address; what stood there still stands."""
    row.failures += 1
    _close(row, sweep_id, "failed", reason, rhythm.after_failures(row.failures))


def refused(row: FrontierEntry, sweep_id: int, reason: str, rhythm: Rhythm) -> None:
    """Close a look that a rule of ours or theirs did not allow."""
    rest_s = rhythm.next(row.rest_s, "nothing", is_changed=False) if row.rest_s else rhythm.first("nothing")
    _close(row, sweep_id, "refused", reason, rest_s)


def led_to(row: FrontierEntry, sweep_id: int, reason: str, rhythm: Rhythm) -> None:
    """Close the turn of an address that was seen already: another one led there."""
    _close(row, sweep_id, "done", reason, row.rest_s or rhythm.first("finding"))


def absent(row: FrontierEntry, sweep_id: int, reason: str, rhythm: Rhythm) -> bool:
    """Close a look that found nothing there, and return whether it is believed gone since this look.

    Believed is what two looks say that lie the shortest rest apart: a site that is rebuilt for an hour is not gone.
    What may come back is still asked, as rarely as anything.
    """
    at = clock.now()
    row.failures, row.etag, row.last_modified = 0, None, None
    row.absent_since = row.absent_since or at
    seen_apart = at - row.absent_since >= revisit.seconds(rhythm.min_s)
    is_news = seen_apart and row.gone_at is None
    if is_news:
        row.gone_at = at
    is_gone = row.gone_at is not None
    _close(row, sweep_id, "gone" if is_gone else "failed", reason, rhythm.max_s if is_gone else rhythm.min_s, at=at)
    return is_news


def forget_bodies(session: Session, captures: Iterable[Capture]) -> None:
    """Ask for the body at the next look, where that of a capture is not held any more: "not modified" says nothing of
    what nobody has."""
    for capture in captures:
        source = select(Sweep.source).where(Sweep.id == capture.sweep_id).scalar_subquery()
        of_it = (FrontierEntry.source == source, FrontierEntry.url_hash == capture.url_hash)
        entry = update(FrontierEntry).where(*of_it, FrontierEntry.capture_id == capture.id)
        session.execute(entry.values(etag=None, last_modified=None))


def _is_there(row: FrontierEntry) -> None:
    row.failures, row.absent_since, row.gone_at = 0, None, None


def _shows(row: FrontierEntry) -> Shows:
    known: tuple[Shows, ...] = ("list", "finding", "medium")
    return next((name for name in known if name == row.shows), "nothing")


def _close(
    row: FrontierEntry, sweep_id: int, state: str, reason: str | None, rest_s: float, *, at: datetime | None = None
) -> None:
    at = at or clock.now()
    row.state, row.reason, row.sweep_id, row.settled_at = state, reason, sweep_id, at
    row.looks += 1
    if state in ("done", "refused"):
        row.rest_s = rest_s
    row.rests_until = at + revisit.seconds(rest_s)
    row.due_at = row.rests_until if row.role == "page" else None  # a medium waits until a page shows it again


def _sendable(value: str | None, longest: int) -> str | None:
    return value if value is not None and len(value) <= longest and _SENDABLE.fullmatch(value) else None
