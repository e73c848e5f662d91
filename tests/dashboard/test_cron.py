"""Cron expressions mean what cron(5) says, in the zone that was named."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cron import BadSchedule, trigger, weekdays

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # a Sunday, noon in Tokyo


def fires(expression: str, zone: str = "UTC", count: int = 1, now: datetime = NOW) -> list[datetime]:
    made, times, last = trigger(expression, zone, now), [], None
    for _ in range(count):
        last = made.get_next_fire_time(last, now)
        assert last is not None
        times.append(last)
        now = last + timedelta(seconds=1)
    return times


@pytest.mark.parametrize(("field", "day"), [("0", 6), ("7", 6), ("sun", 6), ("1", 0), ("6", 5), ("sat", 5)])
def test_a_weekday_is_that_day(field: str, day: int) -> None:
    assert fires(f"0 0 * * {field}")[0].weekday() == day


def test_every_weekday_range_is_named_by_its_days() -> None:
    assert weekdays("1-5") == "mon,tue,wed,thu,fri"
    assert weekdays("5-7") == "sun,fri,sat"
    assert weekdays("fri-mon") == "sun,mon,fri,sat"
    assert weekdays("*/2") == "sun,tue,thu,sat"


def test_midnight_is_midnight_where_the_zone_is() -> None:
    assert fires("0 0 * * *", "Asia/Tokyo")[0].astimezone(UTC).hour == 15


def test_day_of_month_and_weekday_are_an_or() -> None:
    days = {moment.day for moment in fires("0 0 13 * 5", count=6)}
    assert 13 in days
    assert len(days) > 1


def test_a_time_that_the_clock_skips_in_spring_still_fires_that_day() -> None:
    spring = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)
    first = fires("30 2 * * *", "America/New_York", now=spring)[0]
    assert first.astimezone(ZoneInfo("America/New_York")).day == 8


@pytest.mark.parametrize(
    ("expression", "zone", "says"),
    [
        ("0 0 31 2 *", "UTC", "never fires"),
        ("0 0 * *", "UTC", "four fields|4 fields"),
        ("0 0 * * 8", "UTC", "weekday"),
        ("61 0 * * *", "UTC", "no cron expression"),
        ("0 0 * * *", "Asia/Tokio", "time zone"),
    ],
)
def test_a_wrong_schedule_says_what_is_wrong(expression: str, zone: str, says: str) -> None:
    with pytest.raises(BadSchedule, match=says):
        trigger(expression, zone, NOW)


def test_shorthands_are_understood() -> None:
    assert fires("@weekly")[0].weekday() == 6


@given(days=st.lists(st.integers(0, 7), min_size=1, max_size=5))
def test_weekday_names_never_depend_on_the_order_they_were_written_in(days: list[int]) -> None:
    text = [str(day) for day in days]
    assert weekdays(",".join(text)) == weekdays(",".join(reversed(text)))
