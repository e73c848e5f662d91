"""Where everything stands, as counts and times: one reading for the status command and the morning page."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import clock, home
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from crawlers.recheck import Watch
from dashboard.people import JobRun
from matcher import captured, kept_cost, look_back, overlaps, quarantines, upkeep
from matcher.cases import Assessment, Case, waiting
from matcher.catalogue import Work
from matcher.match import Match
from matcher.references import Reference, in_force
from matcher.upkeep import Standing
from notices.ledger import Notice

SOON = timedelta(hours=4)
MOST_COUNTED = 10_000
INDEXED: tuple[Callable[[Session], Sequence[Standing]], ...] = (
    upkeep.standing,
    captured.standing,
)  # who keeps indexes on disk


def facts(session: Session) -> dict[str, Any]:
    """Return what is protected, seen, open, due, waiting and failing, right now."""
    now = clock.now()

    def count(table: type[Any], *where: Any) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    failed = session.scalars(
        select(JobRun).where(JobRun.error.is_not(None), JobRun.started_at > now - timedelta(days=1))
    ).all()
    return {
        "works": count(Work),
        "references": count(Reference, in_force(clock.now())),
        "references_in_quarantine": len(quarantines.current(session)),
        "conflicts_between_owners": overlaps.count_open(session),
        "captures": count(Capture),
        "findings": count(FindingRow),
        "sightings": count(Sighting),
        **_kept(session),
        "matches": count(Match),
        "allowed_uses": count(Assessment, Assessment.outcome == "allowed", Assessment.moment == "opening"),
        "open_cases": count(Case, waiting()),
        "due_soon": count(Case, waiting(), Case.due_at < now + SOON),
        "overdue": count(Case, waiting(), Case.due_at < now),
        "notices_to_approve": count(Notice, Notice.state == "draft"),
        "notices_waiting_to_leave": count(Notice, Notice.state == "queued"),
        "places_watched": count(Watch, Watch.next_due.is_not(None)),
        "sweeps_running": count(Sweep, Sweep.state == "running"),
        "last_sweep_at": session.scalar(select(func.max(Sweep.finished_at))),
        "failed_jobs": [f"{run.job}: {run.error}" for run in failed],
    }


def _kept(session: Session) -> dict[str, Any]:
    """Return what is kept of captures for references to come, and what that takes."""
    cost = kept_cost.cost(session)
    days = home.of(session).settings.captures.keep_days
    return {
        "captures_kept_in_full": cost.in_full,
        "captures_kept_with_points": cost.with_points,
        "captures_kept_as_hashes": cost.hashes_alone,
        "captures_waiting_to_be_compared": cost.waiting,
        "references_to_look_back_for": len(look_back.pending(session, MOST_COUNTED)),
        "kept_of_captures_bytes": cost.bytes_now,
        f"kept_of_captures_bytes_in_{days:g}_days": cost.bytes_to_come,
    }


def indexes(session: Session) -> list[Standing]:
    """Return how every index on disk stands; none is opened for it, but every reference is counted."""
    return [each for told in INDEXED for each in told(session)]
