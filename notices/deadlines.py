"""Deadlines: when an answer to a sent notice may be expected. Pure; the rules stand in the regimes' headers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notices.regimes import Deadline, Regime

SATURDAY = 5


@dataclass(frozen=True)
class Due:
    """One date that comes after a notice has left."""

    id: str
    at: datetime
    citation: str
    says: str


def due(regime: Regime, sent_at: datetime) -> list[Due]:
    """Return every deadline of a notice, earliest first."""
    found = [Due(rule.id, _after(rule, sent_at), rule.citation, rule.says) for rule in regime.header.deadline]
    return sorted(found, key=lambda one: one.at)


def passed(regime: Regime, sent_at: datetime, now: datetime) -> list[Due]:
    """Return the deadlines that have passed."""
    return [one for one in due(regime, sent_at) if one.at < now]


def _after(rule: Deadline, sent_at: datetime) -> datetime:
    match rule.unit:
        case "hours":
            return sent_at + timedelta(hours=rule.count)
        case "days":  # the day of receipt does not count (Civil Code of Japan, Article 140)
            return sent_at + timedelta(days=rule.count)
        case "business days":
            return _business_days(sent_at, rule.count)


def _business_days(start: datetime, count: int) -> datetime:
    """Return the time `count` weekdays later; public holidays are not known here, so the date is rather early."""
    at = start
    while count:
        at += timedelta(days=1)
        count -= at.weekday() < SATURDAY
    return at
