"""How each source is, when it runs next and what its last sweep met: for the command, the sources page and mornings."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.errors import MekikiError
from config.home import of
from crawlers import health, spiders, tallies
from crawlers.captures import Capture, FindingRow
from crawlers.extract import read_page
from crawlers.frontier import Sweep
from crawlers.health import NEEDS_A_PERSON, Health
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source
from crawlers.tallies import FOUND, LEADS_ON, MOVED, NOTHING, Told
from dashboard import cron
from dashboard.cron import BadSchedule

TREND = 14  # sweeps
ORDER = (*NEEDS_A_PERSON, "few", "never swept", "running", "well")  # those that need a person first


class NothingCaptured(MekikiError):
    """There is no captured page of a source."""


@dataclass(frozen=True)
class Swept:
    """One ended sweep, as a bar of the trend shows it."""

    findings: int
    has_failed: bool


@dataclass(frozen=True)
class Step:
    """How a person goes on with a source."""

    purpose: Literal["ask first", "compare", "look", "again"]
    command: str  # to be run as it stands


@dataclass(frozen=True)
class SourceHealth:
    """One source, as an operator sees it."""

    health: Health
    next_run: datetime | None  # None: nothing schedules it
    met: tuple[tuple[str, Told], ...]  # counts of the last sweep, in reading order, without fields
    fields: tuple[tuple[str, Told], ...]  # how many of its findings had each field
    trend: tuple[Swept, ...]  # its newest ended sweeps, oldest first
    next_step: Step | None  # None: nobody has to do anything

    @property
    def needs_a_person(self) -> bool:
        """Say whether the source stays useless until somebody looks."""
        return self.health.condition in NEEDS_A_PERSON


def read(session: Session, known: Mapping[str, Source]) -> list[SourceHealth]:
    """Return every known source and every other that was ever swept, those that need a person first."""
    swept = session.scalars(select(Sweep.source).where(Sweep.purpose == "sweep").distinct())
    every = [one(session, name, known.get(name)) for name in {*known, *swept}]
    return sorted(every, key=lambda each: (ORDER.index(each.health.condition), each.health.source))


def one(session: Session, name: str, source: Source | None) -> SourceHealth:
    """Return how one source is; `source` is its definition, None when the home has none any more."""
    found = health.of(session, name)
    listed = (*tallies.OUTCOMES, *tallies.REFUSALS, *tallies.MEDIA, *tallies.TREATMENT)
    rows = select(Sweep.findings, Sweep.state).where(
        Sweep.source == name, Sweep.purpose == "sweep", Sweep.state != "running"
    )
    newest = session.execute(rows.order_by(Sweep.id.desc()).limit(TREND)).all()
    return SourceHealth(
        trend=tuple(Swept(findings, state == "failed") for findings, state in reversed(newest)),
        next_step=_next_step(found, source, of(session).settings.sources),
        health=found,
        next_run=_next_run(source),
        met=tuple((what, found.met[what]) for what in listed if what in found.met),
        fields=tuple((what.removeprefix("has "), told) for what, told in found.met.items() if what.startswith("has ")),
    )


def _next_step(found: Health, source: Source | None, folder: Path) -> Step | None:
    """Return what a person runs to go on with a source that needs one."""
    if found.condition not in NEEDS_A_PERSON:
        return None
    if found.condition == "moved":
        return Step("compare", f"mekiki source mirror {found.source} {found.met[MOVED].example}")
    page = _example(found, source) if found.condition == "changed" else None
    if page is not None:
        file = shlex.quote(str(folder / f"{found.source}.toml"))
        return Step("look", f"mekiki source test {file} {shlex.quote(page)}")
    return Step("ask first" if found.condition == "shut out" else "again", f"mekiki sweep {found.source}")


def _example(found: Health, source: Source | None) -> str | None:
    """Return a page of the source to try its file on."""
    met = (found.met[what].example for what in (FOUND, NOTHING, LEADS_ON) if what in found.met)
    known = next((example.partition(": ")[0] for example in met if example), None)
    return known or (source.scope.seeds[0] if source is not None and source.scope.seeds else None)


def _next_run(source: Source | None) -> datetime | None:
    if source is None or source.schedule is None:
        return None
    now = clock.now()
    try:
        due: datetime | None = cron.trigger(source.schedule.cron, source.schedule.timezone, now).get_next_fire_time(
            None, now
        )
    except BadSchedule:  # `mekiki doctor` says so
        return None
    return due


def newest_page(session: Session, source: Source) -> Finding:
    """Return what the newest captured finding of a source says, read again. Raises NothingCaptured."""
    rows = (
        select(Capture, FindingRow.url)
        .join(FindingRow, FindingRow.capture_id == Capture.id)
        .where(FindingRow.source == source.id)
    )
    newest = session.execute(rows.order_by(FindingRow.id.desc()).limit(1)).first()
    blobs = of(session).blobs
    if newest is None or not blobs.has(newest[0].body_sha256):
        raise NothingCaptured(f"No page of {source.id} is kept to compare with; look at the other host yourself.")
    capture, url = newest
    page = Page.of(url, blobs.get(capture.body_sha256), capture.headers, seen_at=capture.fetched_at)
    return read_page(spiders.reader(source), page, source)


def alarms(rows: Sequence[SourceHealth]) -> list[SourceHealth]:
    """Return the sources that need a person."""
    return [each for each in rows if each.needs_a_person]
