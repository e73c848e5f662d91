"""The main path as one table: which rows still lack the next row, what makes it, and how many at once.

Read it from top to bottom: a reference or a captured medium is described, compared, checked against every allowance,
opened as a case; a person decides; a notice is drafted, approved by a person, leaves, and its place is watched.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

import crawlers.timestamps
import dashboard.collect
import matcher.assess
import matcher.cases
import matcher.collected
import matcher.find_overlaps
import matcher.intake
import matcher.kept
import matcher.learn_stretches
import matcher.let_go
import matcher.look_back
import matcher.match
import matcher.retention
import matcher.shared_areas
import matcher.upkeep
import notices.draft
import notices.send
import notices.verify
from config import clock, log
from config.errors import MekikiError
from config.home import Home
from dashboard.people import JobRun

MAX_TURNS = 5  # a row may become pending again while others write; one that stays so must not keep the job for ever
_log = log.get(__name__)


@dataclass(frozen=True)
class Job:
    """One stage: `pending` names the rows that lack the next row, `verb` makes it; neither commits.

    A verb that waits for a decoder, a browser or a server asks nothing of its session before that is done.
    """

    name: str
    says: str  # for the status page
    pending: Callable[[Session, int], Sequence[int]]
    verb: Callable[[Session, Sequence[int]], None]
    batch: int  # rows in one transaction: small where a row is minutes of work
    rest: Callable[[Session], None] | None = None  # what is written down when nothing is pending and nothing failed


JOBS = (
    Job("describe references", "fingerprints of what we protect", matcher.intake.pending_references,
        matcher.intake.describe_references, 4),
    Job("learn shared areas", "frames and logos that works share", matcher.shared_areas.pending,
        matcher.shared_areas.learn, 4),
    Job("learn shared stretches", "openings, endings and shots that episodes share", matcher.learn_stretches.pending,
        matcher.learn_stretches.learn, 16),
    Job("find overlaps", "the same content, registered by two owners", matcher.find_overlaps.pending,
        matcher.find_overlaps.look, 4),
    Job("store indexes", "so that every process opens them at once", matcher.upkeep.pending, matcher.upkeep.compact, 1),
    Job("describe sightings", "fingerprints of what was seen", matcher.intake.pending_sightings,
        matcher.intake.describe_sightings, 8),
    Job("keep", "what is kept of sightings for references to come", matcher.kept.pending, matcher.kept.keep, 64,
        matcher.intake.remember),
    Job("look back", "older captures that may hold what is new", matcher.look_back.pending, matcher.look_back.look, 50),
    Job("match", "is it the same?", matcher.match.pending, matcher.match.compare, 4),
    Job("assess", "is the use allowed?", matcher.assess.pending, matcher.assess.assess, 32,
        matcher.assess.remember),
    Job("open cases", "what a person must decide", matcher.cases.pending, matcher.cases.open_cases, 32,
        matcher.cases.remember),
    Job("collect evidence", "what stands for an open case, before it is gone", matcher.collected.pending,
        dashboard.collect.collect, 1),
    Job("timestamps", "others' word for when it was", crawlers.timestamps.pending, crawlers.timestamps.stamp, 1),
    Job("let go", "fingerprints of captures that matched nothing", matcher.let_go.pending, matcher.let_go.let_go, 64),
    Job("delete what was kept long enough", "captured bytes; their hashes stay", matcher.retention.pending,
        matcher.retention.look, 64),
    Job("draft notices", "letters for decided cases", notices.draft.pending, notices.draft.draft, 8),
    Job("send notices", "approved letters whose wait is over", notices.send.pending, notices.send.send, 1),
    Job("verify removals", "what later looks say of sent notices", notices.verify.pending, notices.verify.verify, 32),
)  # fmt: skip
NAMES = tuple(job.name for job in JOBS)


class JobFailed(MekikiError):
    """Some rows of a job could not be worked through; the others, `done` of them, were."""

    def __init__(self, message: str, done: int) -> None:
        super().__init__(message)
        self.done = done


def run(home: Home, job: Job, tell: Callable[[int], None] = lambda _rows: None) -> int:
    """Run one job until nothing is pending; commit after every batch; return how many rows it worked through.

    A row that fails is set aside, recorded against the job, and the rest goes on; JobFailed is raised at the end.
    What may succeed later without anybody's help (a full disk, a lost database) stops the job at once.
    """
    started, done = clock.now(), 0
    failures: dict[int, str] = {}
    turns: Counter[int] = Counter()
    try:
        while ids := _next(home, job, failures):
            worked = _work_through(home, job, ids, failures)
            done += worked
            tell(worked)
            turns.update(ids)
            stuck = [row for row in ids if turns[row] >= MAX_TURNS and row not in failures]
            failures |= dict.fromkeys(stuck, "it is still pending after its stage")
            done -= MAX_TURNS * len(stuck)  # nothing came of these turns, and a round of nothing but them is idle
        if job.rest is not None and not failures:
            with home.sessions().begin() as session:
                job.rest(session)
    except MekikiError as stopped:
        _record(home, job, started, done, str(stopped))
        raise
    error = "; ".join(f"row {row}: {why}" for row, why in failures.items()) or None
    if done or error:
        _record(home, job, started, done, error)
    if error:
        raise JobFailed(
            f"{job.name}: {len(failures)} of {done + len(failures)} rows failed ({error[:300]}); the rest is done, "
            "log/mekiki.jsonl of the home says more.", done,
        )  # fmt: skip
    return done


def run_all(
    home: Home,
    tell: Callable[[str, int], None] = lambda _job, _rows: None,
    *,
    chosen: Sequence[Job] = JOBS,
    until_idle: bool = True,
) -> int:
    """Run the jobs in order, again and again until a whole round finds nothing; return the rows worked through.

    A row that fails in one job does not keep the later jobs from the others; JobFailed names every failure at the end.
    """
    total, failures = 0, dict[str, str]()
    while True:
        done = 0
        for job in chosen:
            try:
                done += run(home, job, partial(tell, job.name))
            except JobFailed as failed:
                done += failed.done
                failures.setdefault(job.name, str(failed))  # later rounds only meet the same rows again
        total += done
        if not (until_idle and done):
            break
    if failures:
        raise JobFailed(" ".join(failures.values()), total)
    return total


def _next(home: Home, job: Job, failures: Mapping[int, str]) -> list[int]:
    with home.sessions().begin() as session:
        ids = job.pending(session, job.batch + len(failures))
    return [row for row in ids if row not in failures][: job.batch]


def _work_through(home: Home, job: Job, ids: Sequence[int], failures: dict[int, str]) -> int:
    """Work on the rows in one transaction, else one by one, so that a bad row costs only itself."""
    try:
        with home.sessions().begin() as session:
            job.verb(session, ids)
    except Exception as failed:
        if isinstance(failed, MekikiError) and not failed.permanent:
            raise
        if len(ids) > 1:
            return sum(_work_through(home, job, [row], failures) for row in ids)
        failures[ids[0]] = str(failed) if isinstance(failed, MekikiError) else f"{type(failed).__name__}: {failed}"
        _log.exception("row failed", job=job.name, row=ids[0])
        return 0
    return len(ids)


def _record(home: Home, job: Job, started: datetime, done: int, error: str | None) -> None:
    with home.sessions().begin() as session:
        session.add(JobRun(job=job.name, started_at=started, finished_at=clock.now(), rows=done, error=error))
    _log.info("job run", job=job.name, rows=done, error=error)
