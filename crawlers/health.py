"""Health of sources: a site that changed or shut us out must be seen, never pass as a quiet zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crawlers.frontier import Sweep

HISTORY = 14  # finished sweeps before the last that say what is usual
Condition = Literal["never swept", "running", "well", "few", "failing"]


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


def of(session: Session, source_id: str) -> Health:
    """Return the health of a source as its sweeps show it."""
    rows = select(Sweep).where(Sweep.source == source_id, Sweep.purpose == "sweep").order_by(Sweep.id.desc())
    return judge(source_id, session.scalars(rows.limit(HISTORY + 1)).all())


def judge(source_id: str, sweeps: Sequence[Sweep]) -> Health:
    """Return the health that the newest sweeps (newest first) show. Pure."""
    ended = [row for row in sweeps if row.state != "running"]
    if not ended:
        condition: Condition = "running" if sweeps else "never swept"
        return Health(source_id, condition, f"{source_id} has no finished sweep yet.", None, 0, None, None)
    last = ended[0]
    before = [row.findings for row in ended[1:] if row.state == "done"]
    expected = float(median(before)) if before else None
    failures = next((count for count, row in enumerate(ended) if row.state == "done"), len(ended))
    last_ok = next((row.finished_at for row in ended if row.state == "done"), None)
    condition, says = _condition(last, expected)
    return Health(source_id, condition, says, last_ok, failures, last.findings, expected)


def usual(session: Session, source_id: str) -> float:
    """Return the median findings of the source's last sweeps that were done; 0 when there are none."""
    rows = select(Sweep.findings).where(Sweep.source == source_id, Sweep.purpose == "sweep", Sweep.state == "done")
    return float(median(session.scalars(rows.order_by(Sweep.id.desc()).limit(HISTORY)).all() or [0]))


def _condition(last: Sweep, usual: float | None) -> tuple[Condition, str]:
    if last.state == "failed":
        return "failing", last.error or "The last sweep failed."
    if last.findings == 0 and usual:
        return "failing", f"No findings where {usual:g} are usual; the site may have changed."
    if usual and last.findings < usual / 2:
        return "few", f"{last.findings} findings where {usual:g} are usual."
    return "well", f"{last.findings} findings."
