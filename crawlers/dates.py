"""Dates as pages write them: ISO first, then Japanese and English spellings, eras, and "3日前" where the moment of the
visit is known. What is ambiguous is no date. Pure.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

MAX_CHARACTERS = 64  # a date is short; nothing longer is looked at
FIRST_YEAR, LAST_YEAR = 1990, 2100  # outside of these a number is no year of a web page
_ERAS = {"令和": 2019, "令": 2019, "R": 2019, "平成": 1989, "平": 1989, "H": 1989}  # the first year of each
_ERA = re.compile(
    r"(?P<era>令和|平成|[令平](?=\s*\d)|(?<![A-Za-z])[RH])\s*(?P<year>\d{1,2}|元)\s*[年./]\s*(?P<month>\d{1,2})\s*[月./]\s*"
    r"(?P<day>\d{1,2})"
)
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s*[年년/.\-]\s*(?P<month>\d{1,2})\s*[月월/.\-]\s*(?P<day>\d{1,2})(?!\d)"
)
_MONTHS = {name: at for at, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_NAMED_MONTH = re.compile(
    rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)\b"
    rf"|\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\.?[\s-]+{_MONTH.replace('name', 'name2')}"
    rf",?[\s-]+(?P<year2>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(?<![\d.])(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>(?:19|20)\d\d)(?!\d)")
_SLASHED = re.compile(r"(?<![\d/])(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<year>(?:19|20)\d\d)(?!\d)")
# A weekday tells the year that is left out or cut short; without one such a date is ambiguous.
_WITH_WEEKDAY = re.compile(
    r"(?<!\d)'?(?:(?P<year>\d\d)\s*[年/.\-]\s*)?(?P<month>\d{1,2})\s*[月/.\-]\s*(?P<day>\d{1,2})\s*日?\s*"
    r"[(\[]\s*(?P<weekday>[月火水木金土日])"
)
_WEEKDAYS = "月火水木金土日"
_YEARS_BACK = 3  # how far back a page may leave out the year
_CLOCK = re.compile(
    r"(?P<half>午前|午後|오전|오후|上午|下午|\b[AaPp]\.?[Mm]\b\.?)?\s*(?<!\d)(?P<hour>\d{1,2})\s*[:時时시]\s*(?P<minute>[0-5]?\d)?"
    r"(?:\s*[:分분]\s*(?P<second>[0-5]\d))?(?:\.\d+)?\s*分?\s*(?P<half2>\b[AaPp]\.?[Mm]\b)?"
)
_AFTERNOON = ("午後", "오후", "下午", "p")
_OFFSET = re.compile(r"\b(?P<name>JST|KST|UTC|GMT)\b|(?<=\d)\s*(?P<hours>[+-]\d\d):?(?P<minutes>\d\d)\b")
_ZONE_HOURS = {"JST": 9, "KST": 9, "UTC": 0, "GMT": 0}
_UNITS: tuple[tuple[str, timedelta], ...] = (
    (r"秒|초|seconds?|secs?", timedelta(seconds=1)), (r"分|분|分钟|分鐘|minutes?|mins?", timedelta(minutes=1)),
    (r"時間|시간|小时|小時|hours?|hrs?", timedelta(hours=1)), (r"日|일|天|days?", timedelta(days=1)),
    (r"週間|주|周|weeks?", timedelta(weeks=1)),
)  # fmt: skip
# Months and years are rounded by who writes them: "2か月前" is no day.
_AGO = tuple(
    (re.compile(rf"(?<![\d.,])(?P<number>\d{{1,4}}|\ban?)\s*(?:{words})\s*(?:前|전|\bago\b)", re.IGNORECASE), unit)
    for words, unit in _UNITS
)
_DAYS_BACK = (
    (re.compile(r"一昨日|おととい"), 2), (re.compile(r"昨日|きのう|어제|昨天|\byesterday\b", re.IGNORECASE), 1),
    (re.compile(r"今日|本日|きょう|오늘|今天|\btoday\b", re.IGNORECASE), 0),
)  # fmt: skip
_ZONES = {
    "JP": "Asia/Tokyo", "KR": "Asia/Seoul", "CN": "Asia/Shanghai", "TW": "Asia/Taipei", "HK": "Asia/Hong_Kong",
    "SG": "Asia/Singapore", "TH": "Asia/Bangkok", "VN": "Asia/Ho_Chi_Minh", "PH": "Asia/Manila",
    "MY": "Asia/Kuala_Lumpur", "IN": "Asia/Kolkata", "GB": "Europe/London", "FR": "Europe/Paris",
    "DE": "Europe/Berlin", "IT": "Europe/Rome", "PL": "Europe/Warsaw", "TR": "Europe/Istanbul",
}  # fmt: skip


def zone(territory: str | None) -> tzinfo:
    """Return the time zone of a territory's pages; UTC where a territory has several or is not known."""
    return ZoneInfo(_ZONES[territory]) if territory in _ZONES else UTC


def parse(text: str, local: tzinfo = UTC, *, seen_at: datetime | None = None) -> datetime | None:
    """Return the time a text names, aware; a time without a zone is taken as `local`. None when it names none.

    "3日前" and a day without its year are only told from `seen_at`, the moment the page was visited.
    """
    short = unicodedata.normalize("NFKC", text.strip()[:MAX_CHARACTERS])
    found = next((at for read in _READERS if (at := read(short)) is not None), None)
    if found is None and seen_at is not None:
        found = _from_visit(short, seen_at.astimezone(local))
    if found is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        return None
    return found if found.tzinfo else found.replace(tzinfo=local)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) > 7 else None  # "2026-11" is no day
    except ValueError:
        return None


def _seconds(text: str) -> datetime | None:
    """Return a moment written as seconds or milliseconds since 1970."""
    if not re.fullmatch(r"\d{10}(?:\d{3})?", text):
        return None
    return datetime.fromtimestamp(int(text[:10]), UTC)


def _day(text: str) -> datetime | None:
    """Return a day written whole, with the time that stands behind or before it."""
    for pattern, make in _WHOLE_DAYS:
        found = pattern.search(text)
        if found:
            parts = make(found)
            rest = text[: found.start()] + "\n" + text[found.end() :]
            return None if parts is None else _at(*parts, rest)
    return None


def _of_era(found: re.Match[str]) -> tuple[int, int, int] | None:
    year = _ERAS[found["era"]] - 1 + (1 if found["year"] == "元" else int(found["year"]))
    month, day = int(found["month"]), int(found["day"])
    is_reiwa = _ERAS[found["era"]] == 2019
    if is_reiwa != ((year, month, day) >= (2019, 5, 1)):  # the era began, or had ended, on the first of May 2019
        return None
    return year, month, day


def _of_slashes(found: re.Match[str]) -> tuple[int, int, int] | None:
    """Return a day of "25/12/2026"; None where day and month could be either."""
    one, two, year = int(found["one"]), int(found["two"]), int(found["year"])
    if one == two or one > 12:
        return year, two, one
    return (year, one, two) if two > 12 else None


def _of_named_month(found: re.Match[str]) -> tuple[int, int, int]:
    name = (found["name"] or found["name2"]).lower()
    return int(found["year"] or found["year2"]), _MONTHS[name], int(found["day"] or found["day2"])


def _of_numbers(found: re.Match[str]) -> tuple[int, int, int]:
    return int(found["year"]), int(found["month"]), int(found["day"])


_WHOLE_DAYS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int, int] | None]], ...] = (
    (_ERA, _of_era), (_YEAR_FIRST, _of_numbers), (_NAMED_MONTH, _of_named_month), (_DAY_FIRST, _of_numbers),
    (_SLASHED, _of_slashes),
)  # fmt: skip


def _short_year(text: str) -> datetime | None:
    """Return a day like "26/11/03(火)", when that was such a weekday."""
    found = _WITH_WEEKDAY.search(text)
    if found is None or found["year"] is None:
        return None
    day = _at(2000 + int(found["year"]), int(found["month"]), int(found["day"]), text[found.end() :])
    return day if day and _WEEKDAYS[day.weekday()] == found["weekday"] else None


def _mail(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_READERS: tuple[Callable[[str], datetime | None], ...] = (_iso, _seconds, _day, _short_year, _mail)


def _at(year: int, month: int, day: int, rest: str) -> datetime | None:
    """Return a day with the time and the zone that the rest of the text names."""
    try:
        made = datetime(year, month, day)  # noqa: DTZ001  # the caller adds the zone
    except ValueError:  # 2026/13/45
        return None
    return _with_time(made, rest)


def _with_time(day: datetime, text: str) -> datetime | None:
    found = _CLOCK.search(text)
    if found is None:
        return day
    hour = int(found["hour"])
    half = (found["half"] or found["half2"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half.startswith(_AFTERNOON) else 0)
    elif hour == 24:
        hour, day = 0, day + timedelta(days=1)  # "24:00" is how Japanese broadcasters end a day
    if hour > 23:
        return None
    made = day.replace(hour=hour, minute=int(found["minute"] or 0), second=int(found["second"] or 0))
    said = _OFFSET.search(text)
    if said is None:
        return made
    if said["name"]:
        return made.replace(tzinfo=timezone(timedelta(hours=_ZONE_HOURS[said["name"]])))
    minutes = int(said["hours"]) * 60 + (-1 if said["hours"][0] == "-" else 1) * int(said["minutes"])
    return made.replace(tzinfo=timezone(timedelta(minutes=minutes))) if abs(minutes) < 24 * 60 else None


def _from_visit(text: str, now: datetime) -> datetime | None:
    """Return the time a text names from the moment of the visit, in the zone of the page."""
    for pattern, unit in _AGO:
        found = pattern.search(text)
        if found:
            number = int(found["number"]) if found["number"].isdigit() else 1
            at = now - number * unit
            return _midnight(at) if unit >= timedelta(days=1) else at.replace(second=0, microsecond=0)
    for pattern, days in _DAYS_BACK:
        if pattern.search(text):
            named = _with_time(_midnight(now - timedelta(days=days)), text)
            return named if named is None or named <= now else None
    return _this_or_last_year(text, now)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _this_or_last_year(text: str, now: datetime) -> datetime | None:
    """Return a day like "11/03(火) 21:04": the newest past one that was such a weekday."""
    found = _WITH_WEEKDAY.search(text)
    if found is None or found["year"] is not None:
        return None
    for year in range(now.year, now.year - _YEARS_BACK, -1):
        made = _at(year, int(found["month"]), int(found["day"]), text[found.end() :])
        if made is None:
            continue
        at = made if made.tzinfo else made.replace(tzinfo=now.tzinfo)
        if at <= now and _WEEKDAYS[made.weekday()] == found["weekday"]:
            return at
    return None
