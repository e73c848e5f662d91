"""Cron expressions by their meaning: Sunday is Sunday (0 or 7), the two day fields are an "or", as in cron(5).

APScheduler counts weekdays from Monday and joins both day fields with "and"; here they are translated, never passed on.
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from config.errors import MekikiError

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class BadSchedule(MekikiError):
    """A cron expression or a time zone that cannot be used."""


def trigger(expression: str, timezone: str, now: datetime) -> BaseTrigger:
    """Return when `expression` fires in `timezone`.

    Raises BadSchedule for a malformed expression, an unknown zone, or one that never fires (the 31st of February).
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise BadSchedule(f'There is no time zone "{timezone}"; write one like "Asia/Tokyo".') from unknown
    fields = SHORTHANDS.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:
        raise BadSchedule(f'"{expression}" has {len(fields)} fields; cron needs five: minute hour day month weekday.')
    minute, hour, day, month, weekday = fields
    days = weekdays(weekday)
    try:
        made = _by_day(minute, hour, day, month, days, zone)
    except ValueError as wrong:
        raise BadSchedule(f'"{expression}" is no cron expression: {wrong}.') from wrong
    if made.get_next_fire_time(None, now) is None:
        raise BadSchedule(f'"{expression}" never fires; correct its day or month.')
    return made


def _by_day(minute: str, hour: str, day: str, month: str, days: str, zone: ZoneInfo) -> BaseTrigger:
    def one(day: str, days: str) -> CronTrigger:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=days, timezone=zone)

    if day == "*" or days == "*":
        return one(day, days)
    return OrTrigger([one(day, "*"), one("*", days)])


def weekdays(field: str) -> str:
    """Return a weekday field as names: "0" and "7" are "sun", "5-7" is "fri,sat,sun", "*" stays.

    Raises BadSchedule.
    """
    if field == "*":
        return field
    chosen: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        if step and not (step.isdigit() and int(step)):
            raise BadSchedule(f'"{field}" is no weekday field: "{step}" is no step.')
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = 0, 6
        else:
            low = _day(first, field)
            high = _day(last, field) if dash else (6 if step else low)
        if high < low:  # "fri-mon" runs over the end of the week
            high += 7
        chosen.update(number % 7 for number in range(low, high + 1, int(step or 1)))
    return ",".join(DAYS[number] for number in sorted(chosen))


def _day(text: str, field: str) -> int:
    if text in DAYS:
        return DAYS.index(text)
    if text.isdigit() and int(text) <= 7:
        return int(text)
    raise BadSchedule(f'"{field}" is no weekday field: use 0-7 (0 and 7 are Sunday) or sun, mon, ...')
