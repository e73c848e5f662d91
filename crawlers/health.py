"""Health of sources: a site that changed, moved or shut us out must be seen, never pass as a quiet zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawlers import tallies
from crawlers.frontier import Sweep
from crawlers.sources import Source
from crawlers.tallies import FOUND, MOVED, UNCHANGED, Told

USUAL = timedelta(days=14)  # before the last sweep: what it is measured against
RARE = timedelta(days=60)  # for a source that is swept rarely: its newest three within these
MEASURED = 30  # sweeps at most whose fields are looked at
FEWEST = 3  # sweeps that make something usual enough to raise an alarm by
SURE = 6  # findings that are usual, at least, before half of them is an alarm
MANY = 0.6  # of the findings have a field: then its loss is seen
Condition = Literal["never swept", "running", "well", "few", "changed", "moved", "shut out", "failing"]
NEEDS_A_PERSON: tuple[Condition, ...] = ("shut out", "moved", "changed", "failing")
TRY_IT = "try `mekiki source test FILE URL` on one of its pages"


@dataclass(frozen=True)
class Health:
    """How one source is doing."""

    source: str
    condition: Condition
    says: str  # one sentence for an operator
    last_ok: datetime | None  # end of the last sweep that was done
    failures_in_a_row: int
    findings: int | None  # of the last ended sweep
    usual_findings: float | None  # median of the sweeps before it
    met: Mapping[str, Told] = field(default_factory=dict)  # what the last ended sweep met: see crawlers.tallies


def of(session: Session, source_id: str) -> Health:
    """Return the health of a source as its sweeps show it."""
    rows = select(Sweep).where(Sweep.source == source_id, Sweep.purpose == "sweep").order_by(Sweep.id.desc())
    newest = session.scalars(rows.limit(1)).first()
    if newest is None:
        return judge(source_id, [], {})
    recent = session.scalars(rows.where(Sweep.started_at > newest.started_at - RARE).limit(1_000)).all()
    last = next((row for row in recent if row.state != "running"), None)
    return judge(source_id, recent, tallies.of(session, last.id) if last else {})


def judge(source_id: str, sweeps: Sequence[Sweep], met: Mapping[str, Told]) -> Health:
    """Return the health that the newest sweeps (newest first) show; `met` is of the last that ended. Pure."""
    ended = [row for row in sweeps if row.state != "running"]
    if not ended:
        condition: Condition = "running" if sweeps else "never swept"
        return Health(source_id, condition, f"{source_id} has no finished sweep yet.", None, 0, None, None)
    last = ended[0]
    before = [row.findings for row in _measure(last, ended[1:])]
    expected = float(median(before)) if before else None
    failures = next((count for count, row in enumerate(ended) if row.state == "done"), len(ended))
    last_ok = next((row.finished_at for row in ended if row.state == "done"), None)
    condition, says = _condition(last, expected, met)
    return Health(source_id, condition, says, last_ok, failures, last.findings, expected, met)


def _measure(last: Sweep, earlier: Sequence[Sweep]) -> list[Sweep]:
    """Return the sweeps that say what is usual: those done in the two weeks before, else the newest three."""
    done = [row for row in earlier if row.state == "done" and row.started_at > last.started_at - RARE]
    recent = [row for row in done if row.started_at > last.started_at - USUAL]
    return recent if len(recent) >= FEWEST else done[:FEWEST]


def _condition(last: Sweep, usual: float | None, met: Mapping[str, Told]) -> tuple[Condition, str]:
    if last.state == "failed":
        return _why_failed(met), last.error or "The last sweep failed."
    if last.findings == 0 and usual:
        return "changed", f"No findings where {usual:g} are usual; the site may have changed."
    if usual and last.findings < usual / 2:
        return "few", f"{last.findings} findings where {usual:g} are usual."
    return "well", f"{last.findings} findings."


def _why_failed(met: Mapping[str, Told]) -> Condition:
    if tallies.BLOCKED in met:
        return "shut out"
    if moved(met):
        return "moved"
    return "changed" if FOUND in met or tallies.LEADS_ON in met or tallies.NOTHING in met else "failing"


def alarm(session: Session, source: Source, row: Sweep) -> str | None:
    """Return the sentence of what has changed about a site whose sweep ends now; None when all is as usual.

    Once a person has changed the source's file, only sweeps by the new file say what is usual; but none where there
    were some is always an alarm. The sweep's tallies must be written down already.
    """
    rows = select(Sweep).where(Sweep.source == row.source, Sweep.purpose == "sweep", Sweep.id < row.id)
    earlier = session.scalars(rows.where(Sweep.state == "done").order_by(Sweep.id.desc()).limit(1_000)).all()
    met = tallies.of(session, row.id)
    alike = _measure(row, [each for each in earlier if each.source_sha256 == row.source_sha256])
    says = (
        moved(met)
        or _too_few(source, row, _measure(row, earlier), alike)
        or _lacking(source, met)
        or _lost(met, _shares(session, alike))
    )
    return f"{source.id}: {says}" if says else None


def moved(met: Mapping[str, Told]) -> str | None:
    """Return where the source's pages have gone for good, when more of them have gone than are left."""
    if MOVED not in met or met[MOVED].count <= _count(met, FOUND) + _count(met, UNCHANGED):
        return None
    host, count = met[MOVED].example, met[MOVED].count
    pages = "1 page leads" if count == 1 else f"{count} pages lead"
    return (
        f"{pages} for good to the same paths on {host}; compare it by `mekiki source mirror`, "
        f'and when it is the same add "{host}" to scope.hosts of its file, or a pattern to scope.mirrors: findings '
        "keep the source."
    )


def _too_few(source: Source, row: Sweep, before: Sequence[Sweep], alike: Sequence[Sweep]) -> str | None:
    usual = float(median(each.findings for each in before)) if before else 0.0
    if row.findings == 0 and usual > 0:
        return f"no findings where {usual:g} are usual; the site may have changed, {TRY_IT}."
    if row.findings < source.expect.min_findings:
        least = source.expect.min_findings
        return f"{row.findings} findings where at least {least} are expected; the site may have changed, {TRY_IT}."
    usual = float(median(each.findings for each in alike)) if len(alike) >= FEWEST else 0.0
    if usual >= SURE and row.findings < usual / 2:
        return f"{row.findings} findings where {usual:g} are usual; the site may have changed, {TRY_IT}."
    return None


def _lacking(source: Source, met: Mapping[str, Told]) -> str | None:
    """Return which field that every finding must have is missing in more of them than the file allows."""
    found = met[FOUND].count if FOUND in met else 0
    for name in source.expect.must_have:
        lacking = found - _count(met, f"has {name}")
        if lacking > found * source.expect.may_lack:
            return f"{lacking} of {found} findings lack {name}, which its file says they must have; {TRY_IT}."
    return None


def _lost(met: Mapping[str, Told], usual: Mapping[str, float]) -> str | None:
    """Return which field the findings have lost that most of them used to have."""
    found = _count(met, FOUND)
    if found < SURE:
        return None
    for name, share in usual.items():
        has = _count(met, name)
        if share >= MANY and has < found * share / 3:
            field = name.removeprefix("has ")
            return (
                f"{has} of {found} findings have {field} where {share:.0%} are usual; the site may have changed, "
                f"{TRY_IT}."
            )
    return None


def _shares(session: Session, sweeps: Sequence[Sweep]) -> dict[str, float]:
    """Return, per field, the median share of findings that had it; {} where too few sweeps say so."""
    counted = [met for row in sweeps[:MEASURED] if _count(met := tallies.of(session, row.id), FOUND) >= SURE]
    if len(counted) < FEWEST:
        return {}
    names = sorted({what for met in counted for what in met if what.startswith("has ")})
    return {name: median(_count(met, name) / _count(met, FOUND) for met in counted) for name in names}


def _count(met: Mapping[str, Told], what: str) -> int:
    return met[what].count if what in met else 0
