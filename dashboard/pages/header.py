"""What the top bar of every page tells: how many cases wait, how many are due, and which one is first."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import clock
from matcher import overlaps, quarantines
from matcher.cases import Case, waiting
from notices.ledger import Notice

SOON = timedelta(hours=3)


@dataclass(frozen=True)
class Top:
    """The numbers of the top bar."""

    open_cases: int
    due_soon: int
    drafts: int  # notices that wait for somebody's approval
    quarantined: int  # references that matched too much; their cases are held
    conflicts: int  # contents that two owners claim


def read(session: Session) -> Top:
    """Count what waits at this moment."""
    open_cases = select(func.count()).select_from(Case).where(waiting())
    return Top(
        session.scalar(open_cases) or 0,
        session.scalar(open_cases.where(Case.due_at < clock.now() + SOON)) or 0,
        session.scalar(select(func.count()).select_from(Notice).where(Notice.state == "draft")) or 0,
        len(quarantines.current(session)),
        overlaps.count_open(session),
    )
