"""A sweep: one source, one locked process, resumable. Killed at any point, the next one goes on where it stopped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config import clock
from config.blobs import DiskFull
from config.errors import MekikiError
from config.home import Home
from crawlers import equipment, evidence, frontier, health, onward, render, road, showing, sources, tallies
from crawlers.batches import Batch
from crawlers.course import BotChallenge, Walk
from crawlers.discovery import Names
from crawlers.frontier import Sweep
from crawlers.patience import Patience
from crawlers.settle import Settler, Transaction
from crawlers.sources import Source
from crawlers.walk import Walker

# How SQLite and PostgreSQL say that they cannot grow.
FULL = ("disk is full", "disk I/O error", "No space left", "could not extend file", "could not write to file")


class SiteChanged(MekikiError):
    """A source has fewer findings than are usual, or they lack what they used to have: its site has changed."""


class NothingVisited(MekikiError):
    """Not one page of the source could be read: robots.txt, the guard or the server said no to its seeds."""


class SourceDisabled(MekikiError):
    """A source's file says that it is not to be swept."""


class NothingToSearch(MekikiError):
    """A source starts from its search alone, and there is nothing to search for."""


@dataclass(frozen=True)
class SweepReport:
    """What one sweep did, over all its runs."""

    source: str
    sweep: str  # uuid
    state: str
    pages: int
    media: int
    findings: int
    refused: int
    failed: int
    was_resumed: bool
    found: int  # findings that are new
    unchanged: int  # addresses that say what they said before
    left: int  # addresses left for the next sweep, where they come first
    gone: tuple[str, ...]  # addresses that two looks found gone
    rendered: int = 0  # pages that a browser opened
    unrendered: int = 0  # pages that seem to need one, where there was none


def run(
    home: Home,
    source_id: str,
    *,
    transaction: Transaction,
    resume: bool = False,
    works: Sequence[Names] = (),
    tell: Callable[[], None] = lambda: None,
) -> SweepReport:
    """Sweep a source, or go on with its stopped sweep, and return what was done. Starts a reactor: once a process.

    `resume` also reopens the newest sweep when it ended as failed; `works` are what the site's search is asked for.
    Raises AlreadyRunning, NoSuchSource, SourceDisabled, SiteDown, BotChallenge, DiskFull, NothingToSearch,
    NothingVisited, SiteChanged; KeyboardInterrupt when somebody stopped it.
    """
    source = sources.find(home.settings.sources, source_id)
    if not source.source.enabled:
        raise SourceDisabled(
            f"{source.id} is disabled; write enabled = true in [source] of its file to sweep it again."
        )
    with home.lock(f"sweep-{source.id}"), _full_database_as_sentence():
        home.blobs.tidy()
        sweep_id, was_resumed = _open(transaction, source, works, resume=resume)
        walk = _walk(home, source, sweep_id, transaction, tell)
        _crawl(home, walk)
        return _close(walk, was_resumed=was_resumed)


def _crawl(home: Home, walk: Walk) -> None:
    crawl, mode = home.settings.crawl, walk.source.fetch.render
    with walk.patience, equipment.taken_along(crawl, walk.limits, mode) as taken:
        walk.memory.has_browser = taken.has_browser
        process = road.process(crawl, walk.limits, walk.source.source.languages, equipment=taken.settings)
        road.run(process, Walker, walk=walk)
    if isinstance(walk.stopped_by, OperationalError):  # the database itself: nothing can be written down about it
        raise walk.stopped_by


@contextmanager
def _full_database_as_sentence() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if any(words in str(error.orig) for words in FULL):
            says = "No room left on the disk that holds the database; free some space and run it again."
            raise DiskFull(says) from error
        raise


def _open(transaction: Transaction, source: Source, works: Sequence[Names], *, resume: bool) -> tuple[int, bool]:
    """Return the sweep to work on, and whether it was begun by an earlier process."""
    with transaction() as session:
        row = frontier.unfinished(session, source)
        last = frontier.newest(session, source.id)
        if row is None and resume and last is not None and last.state == "failed":
            row = last
            frontier.reopen_failed(session, row)
        if row is None:
            if last is not None and last.finished_at is None:  # its definition has changed since: it can never go on
                _end(last, "failed", "The source's file was changed before this sweep was done.")
            return _begun(session, source, works), False
        row.state, row.error, row.finished_at, row.heartbeat_at = "running", None, None, clock.now()
        return row.id, True


def _begun(session: Session, source: Source, works: Sequence[Names]) -> int:
    asked = onward.searches(session, source, works)
    if not asked and not source.scope.seeds:
        raise NothingToSearch(
            f"{source.id} only asks the site's search, and no work is registered to ask for; add one with "
            "`mekiki work add`, or a seed to its file."
        )
    return frontier.begin(session, source, asked).id


def _walk(home: Home, source: Source, sweep_id: int, transaction: Transaction, tell: Callable[[], None]) -> Walk:
    limits = source.within(home.settings.crawl)
    settler = Settler(transaction, source, sweep_id, limits)
    return Walk(
        settler=settler,
        batch=Batch(settler.settle),
        source=source,
        limits=limits,
        blobs=home.blobs,
        patience=Patience(source),
        tell=tell,
        memory=_memory(transaction, source),
    )


def _memory(transaction: Transaction, source: Source) -> render.Memory:
    """Return what the sweep before learnt about pages that need a browser."""
    memory = render.Memory(source.fetch.render)
    if memory.mode == "auto":
        with transaction() as session:
            for url, helped in showing.before(session, source.id):
                memory.recall(url, helped=helped)
    return memory


def _close(walk: Walk, *, was_resumed: bool) -> SweepReport:
    """Write down how the sweep ended and return its report, or raise what ended it."""
    stopped = walk.stopped_by
    with walk.settler.transaction() as session:
        row = session.get_one(Sweep, walk.settler.sweep_id)
        if stopped is None and not walk.was_interrupted:
            stopped = (
                _moved(session, row)
                or _nothing_visited(session, row)
                or _changed(session, row)
                or _verdict(session, walk.source, row)
            )
            row.left = frontier.left_over(session, row)
            _end(row, "failed" if stopped else "done", str(stopped) if stopped else None)
        elif isinstance(stopped, BotChallenge):
            _end(row, "failed", str(stopped))
        elif stopped is not None:  # left open: the next sweep goes on here
            row.state, row.error = "failed", _sentence(stopped)
        evidence.collected(session, row)
        report = _report(session, row, walk, was_resumed=was_resumed)
    if walk.was_interrupted:
        raise KeyboardInterrupt
    if stopped is not None:
        raise stopped
    return report


def _report(session: Session, row: Sweep, walk: Walk, *, was_resumed: bool) -> SweepReport:
    return SweepReport(
        source=row.source, sweep=row.uuid, state=row.state, pages=row.pages, media=row.media, findings=row.findings,
        refused=row.refused, failed=frontier.count(session, row.id, state="failed"), was_resumed=was_resumed,
        found=row.found, unchanged=row.unchanged, left=row.left,
        gone=tuple(entry.url for entry in frontier.gone(session, row.id)),
        rendered=walk.memory.opened, unrendered=walk.memory.missed,
    )  # fmt: skip


def _moved(session: Session, row: Sweep) -> SiteChanged | None:
    says = health.moved(tallies.of(session, row.id))
    return None if says is None else SiteChanged(f"{row.source}: {says}")


def _nothing_visited(session: Session, row: Sweep) -> NothingVisited | None:
    if frontier.count(session, row.id, role="page", state="done"):
        return None
    why = frontier.first_reason(session, row.id) or "there was no time"
    return NothingVisited(f"{row.source}: no page could be visited ({why}); look at its seeds, or ask the site.")


def _changed(session: Session, row: Sweep) -> SiteChanged | None:
    """Say so when most pages that had something to show answer, and show nothing: then their markup has changed."""
    still = sum(frontier.count(session, row.id, role="page", shows=shows) for shows in ("finding", "list"))
    if row.lost <= still:
        return None
    return SiteChanged(
        f"{row.source}: {row.lost} pages that had something to show before show nothing now, {still} still do; the "
        "site may have changed, try `mekiki source test FILE URL` on one of its pages."
    )


def _verdict(session: Session, source: Source, row: Sweep) -> SiteChanged | None:
    says = health.alarm(session, source, row)
    return None if says is None else SiteChanged(says)


def _end(row: Sweep, state: str, error: str | None) -> None:
    row.state, row.error, row.finished_at = state, error, clock.now()


def _sentence(error: BaseException) -> str:
    return str(error) if isinstance(error, MekikiError) else f"{type(error).__name__}: {error}"
