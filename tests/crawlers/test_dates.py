"""Dates are read as pages write them; what is ambiguous is no date, and no text takes long."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers import dates

TOKYO = ZoneInfo("Asia/Tokyo")
SEEN_AT = datetime(2026, 11, 23, 12, 0, 30, tzinfo=TOKYO)  # a Monday


def at(month: int, day: int, hour: int = 0, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=TOKYO)


TABLE: list[tuple[str, datetime | None]] = [
    # in a machine's language
    ("2026-11-03T21:04:00+09:00", at(11, 3, 21, 4)),
    ("2026-11-03T12:04:00Z", at(11, 3, 21, 4)),
    ("2026-11-03T12:04:00.000Z", at(11, 3, 21, 4)),
    ("2026-11-03", at(11, 3)),
    ("20261103", at(11, 3)),
    ("1793707440", at(11, 3, 21, 4)),
    ("1793707440000", at(11, 3, 21, 4)),
    ("Tue, 03 Nov 2026 21:04:00 +0900", at(11, 3, 21, 4)),
    ("2026-11-03 21:04 JST", at(11, 3, 21, 4)),
    ("2026-11-03 12:04 UTC", at(11, 3, 21, 4)),
    # Japanese
    ("2026年11月3日 9時05分", at(11, 3, 9, 5)),
    ("午後9時4分 2026/11/3", at(11, 3, 21, 4)),
    ("2026/11/03(火) 21:04", at(11, 3, 21, 4)),
    ("出品日：2026/11/03", at(11, 3)),
    ("2026.11.3", at(11, 3)),
    ("2026年11月3日 24:00", at(11, 4)),
    # eras
    ("令和8年11月3日", at(11, 3)),
    ("令和８年１１月３日（火）　２１時０４分", at(11, 3, 21, 4)),
    ("R8.11.3", at(11, 3)),
    ("令和元年5月1日", at(5, 1, year=2019)),
    ("令和元年4月1日", None),  # the era had not begun
    ("平成31年4月30日", at(4, 30, year=2019)),
    ("平成31年5月1日", None),  # it had ended
    ("H30/1/2", at(1, 2, year=2018)),
    ("令和99年13月40日", None),
    # without a year, or with half of one
    ("11/03(火) 21:04", at(11, 3, 21, 4)),
    ("11月3日(火)", at(11, 3)),
    ("12/25(木)", at(12, 25, year=2025)),
    ("11/03(水) 21:04", None),  # it was no Wednesday in these years
    ("11/24(火) 10:00", None),  # tomorrow, and in 2025 a Monday
    ("11/03 21:04", None),  # no weekday says which year
    ("26/11/03(火) 21:04", at(11, 3, 21, 4)),
    ("26/11/03(水)", None),
    # from the moment of the visit
    ("3日前", at(11, 20)),
    ("3日前に出品", at(11, 20)),
    ("2時間前", at(11, 23, 10, 0)),
    ("5分前", at(11, 23, 11, 55)),
    ("1週間前", at(11, 16)),
    ("昨日 21:04", at(11, 22, 21, 4)),
    ("一昨日", at(11, 21)),
    ("今日 9:00", at(11, 23, 9, 0)),
    ("今日 23:00", None),  # still to come
    ("an hour ago", at(11, 23, 11, 0)),
    ("2 days ago", at(11, 21)),
    ("2ヶ月前", None),  # rounded: it is no day
    ("1年前", None),
    # other languages
    ("Nov 3, 2026", at(11, 3)),
    ("November 3rd, 2026 9:04 PM", at(11, 3, 21, 4)),
    ("3 November 2026", at(11, 3)),
    ("03.11.2026 21:04", at(11, 3, 21, 4)),
    ("25/12/2026", at(12, 25)),
    ("12/25/2026", at(12, 25)),
    ("03/11/2026", None),  # March or November
    ("2026년 11월 3일 오후 9:04", at(11, 3, 21, 4)),
    ("2026年11月3日 下午9:04", at(11, 3, 21, 4)),
    # none at all
    ("2026/13/45", None),
    ("2026-02-30", None),
    ("2026-11", None),
    ("12345678", None),
    ("お届け 3日", None),
    ("発売日 2026年11月下旬", None),
    ("10,000日前", None),
    ("", None),
    ("9" * 10_000, None),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_a_date_is_read_and_never_guessed(text: str, expected: datetime | None) -> None:
    assert dates.parse(text, TOKYO, seen_at=SEEN_AT) == expected


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(TABLE) >= 30


@pytest.mark.parametrize("text", ["3日前", "昨日", "11/03(火) 21:04", "2 hours ago"])
def test_nothing_is_told_from_a_visit_that_nobody_knows(text: str) -> None:
    assert dates.parse(text, TOKYO) is None


def test_a_time_without_a_zone_is_the_territorys() -> None:
    read = dates.parse("2026-11-03 21:04", dates.zone("KR"))

    assert read == datetime(2026, 11, 3, 12, 4, tzinfo=UTC)
    assert dates.parse("2026-11-03 21:04", dates.zone("US")) == datetime(2026, 11, 3, 21, 4, tzinfo=UTC)


@given(st.text(st.sampled_from("0123456789/-.: 年月日時分令和RH()火前昨JanT+Z"), max_size=90))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    found = dates.parse(text, TOKYO, seen_at=SEEN_AT)

    assert found is None or (found.tzinfo is not None and 1990 <= found.year < 2101)


@pytest.mark.parametrize("text", ["9", "1/", "11/03(", " ", "令和", "jan ", ":", "0:", "+09", "令和9年"])
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()

    dates.parse(text * 2_000, TOKYO, seen_at=SEEN_AT)

    assert time.process_time() - before < 0.2
