"""The morning: what the night found, what is due, which sources and jobs need a person."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from config import clock
from dashboard import dictionary, jobs, phrases, standing
from dashboard.pages import conflicts, quarantine, sources, words
from dashboard.people import JobRun
from dashboard.visits import Visit
from matcher.cases import Case
from notices.ledger import Notice, NoticeEvent

DAYS = 14
SOURCES = 12  # that are listed, those that need a person first
PROMISE_H = 24.0
TOP_Y, BOTTOM_Y = 14, 170  # of the chart
MINUTES_A_CASE = 1.0  # what a decision takes a person with the pair in front of them


@dataclass(frozen=True)
class JobState:
    """One job and its last run."""

    name: str
    says: str
    last: JobRun | None


@dataclass(frozen=True)
class Bar:
    """One day of the chart: how long it took, at the longest, from seeing a copy to sending its notice."""

    day: str
    label: str
    x: int
    y: float
    height: float
    is_late: bool


def show(visit: Visit) -> Response:
    """Show where everything stands."""
    with visit.reads() as session:
        facts = standing.facts(session)
        alarms = quarantine.read(session, visit)
        claims = conflicts.read(session, visit, only_open=True)
        ill, _fault = sources.read(session)
        states = _jobs(session)
        bars = _bars(_longest_by_day(session), visit)
        outcomes = _outcomes(session)
    names = words.events(visit.say)
    told = phrases.Phrases(dictionary.of(visit.language), ZoneInfo(visit.home.settings.schedule.timezone))
    headline = visit.say(
        "%(now)s · %(seen)s places seen, %(allowed)s uses allowed",
        now=told.now(), seen=facts["findings"], allowed=facts["allowed_uses"],
    )  # fmt: skip
    return visit.show(
        "morning.html", facts=facts, alarms=alarms, conflicts=claims, sources=ill[:SOURCES],
        all_sources=ill, every=len(ill),
        tones=sources.TONES, condition_names=words.source_conditions(visit.say),
        step_names=words.source_steps(visit.say), jobs=states, bars=bars,
        line_y=_height_y(PROMISE_H),
        chart_label=", ".join(bar.label for bar in bars if bar.height), headline=headline,
        outcomes=[(names.get(state, state), words.TONES.get(state, "quiet"), count) for state, count in outcomes],
        minutes=round(facts["open_cases"] * MINUTES_A_CASE),
    )  # fmt: skip


def _jobs(session: Session) -> list[JobState]:
    newest = select(func.max(JobRun.id)).group_by(JobRun.job)
    last = {run.job: run for run in session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}
    return [JobState(job.name, job.says, last.get(job.name)) for job in jobs.JOBS]


def _longest_by_day(session: Session) -> dict[str, float]:
    """Return, per day, the hours from detecting to sending of the slowest notice that left that day."""
    rows = session.execute(
        select(NoticeEvent.at, Case.detected_at)
        .join(Notice, Notice.id == NoticeEvent.notice_id)
        .join(Case, Case.id == Notice.case_id)
        .where(NoticeEvent.event == "sent", NoticeEvent.at > clock.now() - timedelta(days=DAYS))
    )
    longest: dict[str, float] = {}
    for sent_at, detected_at in rows:
        hours = (sent_at - detected_at).total_seconds() / 3600
        longest[f"{sent_at:%m-%d}"] = max(longest.get(f"{sent_at:%m-%d}", 0.0), hours)
    return longest


def _bars(longest: dict[str, float], visit: Visit) -> list[Bar]:
    now = clock.now()
    days = [f"{now - timedelta(days=back):%m-%d}" for back in range(DAYS - 1, -1, -1)]
    return [
        Bar(
            day=day[3:], x=6 + 40 * at, y=_height_y(hours), height=BOTTOM_Y - _height_y(hours) if hours else 0.0,
            is_late=hours > PROMISE_H, label=visit.say("%(day)s: %(hours)s h", day=day, hours=f"{hours:.1f}"),
        )
        for at, day in enumerate(days)
        for hours in (longest.get(day, 0.0),)
    ]  # fmt: skip


def _height_y(hours: float) -> float:
    """Return where a bar of so many hours ends; what is far beyond the promise is cut off at the top."""
    return round(BOTTOM_Y - min(hours, 26.0) / 26.0 * (BOTTOM_Y - TOP_Y), 1)


def _outcomes(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(select(Notice.state, func.count().label("many")).group_by(Notice.state))
    return sorted(((state, many) for state, many in rows), key=lambda row: -row[1])
