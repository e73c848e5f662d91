"""What the case page draws: two pictures at one scale, two films as bars, phrases, and colours that can be read."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dashboard
from config import clock
from dashboard import dictionary, phrases, scale, timeline
from tests.factories import NOW

CSS = (Path(dashboard.__file__).parent / "static" / "mekiki.css").read_text("utf-8")
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
TOKYO = ZoneInfo("Asia/Tokyo")


def corners(points: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in points.split())]


@given(factor=st.floats(0.1, 5), size=st.tuples(st.integers(40, 4000), st.integers(40, 4000)))
def test_what_matches_is_drawn_equally_large_on_both_sides(factor: float, size: tuple[int, int]) -> None:
    found = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    transform = {
        "mirrored": False,
        "matrix": [[factor, 0, 0], [0, factor, 0]],
        "outline": SQUARE,
        "reference_outline": SQUARE,
    }
    drawn = scale.lay_out(found, size, transform)
    left, right = corners(drawn.found_outline), corners(drawn.ours_outline)
    assert left[1][0] - left[0][0] == pytest.approx(right[1][0] - right[0][0], abs=1.5)
    assert all(-0.1 <= x <= drawn.width + 0.1 and -0.1 <= y <= drawn.height + 0.1 for x, y in (*left, *right))


@pytest.mark.parametrize(
    "matrix", [None, [[0, 0, 5], [0, 0, 5]], [[float("nan"), 0, 0], [0, 1, 0]], [[1e9, 0, 0], [0, 1e9, 0]]]
)
def test_a_transform_that_cannot_be_drawn_still_shows_both_pictures(matrix: list[list[float]] | None) -> None:
    drawn = scale.lay_out((300, 200), (600, 400), {"mirrored": False, "matrix": matrix})
    assert drawn.matrix == ""
    assert drawn.ours == (300, 200)


def test_a_transform_of_the_described_frames_lays_the_whole_pictures_over_each_other() -> None:
    """Frames of 512 pixels are described; the pictures shown are larger."""
    transform = {
        "mirrored": False, "matrix": [[0.5, 0, 10], [0, 0.5, 20]], "query_size": [500, 400],
        "reference_size": [512, 256], "outline": SQUARE, "reference_outline": SQUARE,
    }  # fmt: skip
    drawn = scale.lay_out((1000, 800), (2048, 1024), transform)
    assert drawn.matrix.endswith("matrix(0.25 0 0 0.25 20 40)")


def test_pictures_of_unknown_size_are_drawn_all_the_same() -> None:
    assert scale.lay_out((0, 0), (0, 0), None).width > 0


@given(st.lists(st.tuples(st.floats(0, 7000), st.floats(0.01, 200), st.floats(0, 7000)), max_size=8))
def test_every_stretch_lies_on_its_bar_and_can_be_seen(parts: list[tuple[float, float, float]]) -> None:
    stretches = [timeline.Stretch((a, a + long), (b, b + long), 1.0) for a, long, b in parts]
    drawn = timeline.lay_out(stretches, 7200, 0)
    for ribbon in drawn.ribbons:
        for x, width in ((ribbon.found_x, ribbon.found_width), (ribbon.ours_x, ribbon.ours_width)):
            assert width >= timeline.THINNEST
            assert x >= -0.1
            assert x + width <= timeline.WIDTH + 0.11


@pytest.mark.parametrize(
    ("hours", "says", "tone"),
    [
        (23.5, "23 h 30 min", "calm"),
        (9, "9 h 00 min", "warm"),
        (2.5, "2 h 30 min", "hot"),
        (-1, "overdue by 1 h 00 min", "hot"),
    ],
)
def test_the_time_left_is_said_louder_as_it_runs_out(hours: float, says: str, tone: str) -> None:
    with clock.frozen(NOW):
        left = phrases.Phrases(dictionary.of("en"), TOKYO).left(NOW + timedelta(hours=hours))
    assert (left.says, left.tone) == (says, tone)


def test_times_are_told_in_the_zone_of_the_home() -> None:
    with clock.frozen(NOW):
        assert phrases.Phrases(dictionary.of("ja"), TOKYO).at(NOW) == "今日 12:00"
        assert phrases.Phrases(dictionary.of("en"), TOKYO).at(NOW - timedelta(days=2)) == "2026-11-20 12:00"
        assert phrases.Phrases(dictionary.of("ja"), TOKYO).now() == "11月22日（日）12:00"


def test_a_price_is_written_as_the_language_writes_it() -> None:
    assert phrases.Phrases(dictionary.of("en"), TOKYO).price(Decimal(1480), "JPY") == "¥1,480"
    assert phrases.Phrases(dictionary.of("ja"), TOKYO).price(Decimal(1480), "JPY") == "￥1,480"
    assert phrases.Phrases(dictionary.of("en"), TOKYO).price(Decimal(1480), "???") == "1,480 ???"


def test_a_score_is_never_rounded_up_to_certainty() -> None:
    assert phrases.score(0.99999) == "0.999"
    assert phrases.score(1.0) == "0.999"


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})\b", block))


LIGHT, DARK = (tokens(block) for block in re.findall(r":root\{([^}]+)\}", CSS)[:2])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (ink, ground)
        for ink in ("ink", "soft", "indigo", "seal", "moss", "ochre")
        for ground in ("paper", "card", "tint")
    ]
    + [("on-seal", "seal"), ("on-indigo", "indigo"), ("ink", "blush"), ("ink", "sand"), ("soft", "blush")],
)
def test_words_can_be_read_on_every_ground(theme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(theme[ink], theme[ground]) >= 4.5  # WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
