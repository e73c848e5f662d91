"""Dates as pages write them: ISO first, then Japanese spellings. What is ambiguous is no date. Pure."""

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

MAX_CHARACTERS = 64  # a date is short; nothing longer is looked at
_NUMBERS = re.compile(
    r"(?P<year>(?:19|20)\d\d)\s*[年/.\-]\s*(?P<month>\d{1,2})\s*[月/.\-]\s*(?P<day>\d{1,2})\s*日?"
    r"(?:\D{0,6}?(?P<hour>\d{1,2})[:時](?P<minute>\d{2}))?"
)
_REIWA = re.compile(r"令和\s*(?P<year>\d{1,2}|元)\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*日")
REIWA_BEGAN = 2019
_ZONES = {"JP": "Asia/Tokyo", "KR": "Asia/Seoul", "CN": "Asia/Shanghai", "TW": "Asia/Taipei"}


def zone(territory: str | None) -> tzinfo:
    """Return the time zone of a territory's pages; UTC where a territory has several or is not known."""
    return ZoneInfo(_ZONES[territory]) if territory in _ZONES else UTC


def parse(text: str, local: tzinfo = UTC) -> datetime | None:
    """Return the time a text names, aware; a time without a zone is taken as `local`. None when it names none."""
    short = text.strip()[:MAX_CHARACTERS]
    found = _iso(short) or _numbers(short) or _mail(short)
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=local)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _numbers(text: str) -> datetime | None:
    reiwa = _REIWA.search(text)
    found = reiwa or _NUMBERS.search(text)
    if found is None:
        return None
    parts = found.groupdict()
    year = REIWA_BEGAN - 1 + (1 if parts["year"] == "元" else int(parts["year"])) if reiwa else int(parts["year"])
    try:
        return datetime(  # noqa: DTZ001  # the caller adds the zone
            year, int(parts["month"]), int(parts["day"]), int(parts.get("hour") or 0), int(parts.get("minute") or 0)
        )
    except ValueError:  # 2026/13/45
        return None


def _mail(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
