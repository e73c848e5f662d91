"""When an answer may be expected, by regime."""

from datetime import UTC, datetime

import pytest

from notices import deadlines, regimes

SENT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("us-dmca-512c", [24]),  # two business days: Monday, Tuesday
        ("eu-dsa-16", [21, 23]),
        ("jp-platform-act", [27]),
    ],
)
def test_each_regime_has_its_days(name: str, days: list[int]) -> None:
    assert [one.at.day for one in deadlines.due(regimes.get(name), SENT)] == days


def test_a_deadline_passes_only_when_its_time_is_over() -> None:
    regime = regimes.get("jp-platform-act")
    (answer,) = deadlines.due(regime, SENT)
    assert deadlines.passed(regime, SENT, answer.at) == []
    assert deadlines.passed(regime, SENT, answer.at.replace(minute=1)) == [answer]
    assert "25条1項" in answer.citation
