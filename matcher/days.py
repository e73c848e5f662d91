"""Days as people write them: the first and the last moment of a day, in the time zone the home works in."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from config.errors import MekikiError

DATE_LENGTH = len("2026-11-30")


class BadDate(MekikiError):
    """A text is no date."""


def first_moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return when a day begins, or the moment itself when a time is given; None for no text. Raises BadDate."""
    return _moment(text, zone, time.min)


def last_moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Return when a day is over, so that "until 30 November" covers that day; None for no text. Raises BadDate."""
    return _moment(text, zone, time.max)


def _moment(text: str | None, zone: ZoneInfo, of_day: time) -> datetime | None:
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as bad:
        raise BadDate(f'"{text}" is no date; write it like 2026-11-30.') from bad
    if len(text) <= DATE_LENGTH:
        read = datetime.combine(read, of_day)
    return read.replace(tzinfo=read.tzinfo or zone).astimezone(UTC)
