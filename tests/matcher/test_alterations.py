"""What was done to a copied stretch is told in plain sentences, and nothing is told that was not done."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import alterations, match
from matcher.interface import Altered, Comparison, Segment

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
Polygon = tuple[tuple[float, float], ...]


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def says(
    outline: Polygon = WHOLE, window: Polygon = WHOLE, *, mirrored: bool = False, turn: float = 0, speed: float = 1
) -> str:
    return " ".join(one.says for one in alterations.told(Altered(outline, window, mirrored, turn), speed))


PICTURE_IN_PICTURE = "Picture in picture: ours is shown in a rectangle at"


@pytest.mark.parametrize(("outline", "told"), [
    (box(0.55, 0.5, 0.95, 0.9), f"{PICTURE_IN_PICTURE} 55 to 95% across and 50 to 90% down, 16% of the frame."),
    (box(0.5, 0.5, 1.0, 1.0), f"{PICTURE_IN_PICTURE} 50 to 100% across and 50 to 100% down, 25% of the frame."),
    (box(0, 0.12, 1, 0.88), "Framed: ours fills 76% of the frame, with bars above and below."),
    (box(0.16, 0, 0.84, 1), "Framed: ours fills 68% of the frame, with bars at both sides."),
    (box(0, 0, 1, 0.9), "Framed: ours fills 90% of the frame, with a bar below."),
    (box(0.05, 0.05, 0.95, 0.95), "Framed: ours fills 81% of the frame, with a border around it."),
])  # fmt: skip
def test_where_ours_lies_in_the_frame_is_told(outline: Polygon, told: str) -> None:
    assert says(outline) == told


def test_what_is_left_of_our_picture_is_told() -> None:
    grown = box(-0.1, -0.1, 1.1, 1.1)
    side, corners = (
        box(0.12, 0, 0.9, 1),
        ((0.2, 0), (0.8, 0), (1, 0.2), (1, 0.8), (0.8, 1), (0.2, 1), (0, 0.8), (0, 0.2)),
    )
    assert says(grown, side) == "Cropped: 78% of our picture is left, 12 to 90% across and 0 to 100% down."
    assert says(grown, corners) == "Cropped: 92% of our picture is left; corners are cut off."


def test_a_whole_picture_at_its_own_speed_is_played_as_it_is() -> None:
    for outline in (WHOLE, box(0.015, -0.015, 1.01, 0.985)):
        assert says(outline, turn=0.4, speed=1.004) == "Played as it is: the whole picture, at its own speed."


def test_each_thing_that_was_done_has_its_sentence() -> None:
    told = says(box(0, 0.1, 1, 0.9), box(0.2, 0, 0.8, 1), mirrored=True, turn=355, speed=1.25)
    assert told.split(". ") == [
        "Framed: ours fills 80% of the frame, with bars above and below",
        "Cropped: 60% of our picture is left, 20 to 80% across and 0 to 100% down",
        "Mirrored: left and right are exchanged",
        "Turned by 5° anticlockwise",
        "Runs at 1.25 times the speed.",
    ]


def test_a_copy_that_runs_backwards_is_called_so() -> None:
    assert says(speed=-1) == "Played backwards."
    assert says(speed=-1.25) == "Played backwards, at 1.25 times the speed."


def test_where_nobody_saw_the_picture_only_the_speed_is_told() -> None:
    assert [one.says for one in alterations.told(None, 0.8)] == [
        "How the picture lies could not be seen clearly.", "Runs at 0.80 times the speed.",
    ]  # fmt: skip


def test_a_turned_picture_that_fills_the_frame_is_neither_framed_nor_a_picture_in_a_picture() -> None:
    turn = math.radians(10)
    corners = [(x - 0.5, y - 0.5) for x, y in WHOLE]
    grown = tuple(
        (0.5 + 1.3 * (x * math.cos(turn) - y * math.sin(turn)), 0.5 + 1.3 * (x * math.sin(turn) + y * math.cos(turn)))
        for x, y in corners
    )
    assert says(grown, turn=10) == "Turned by 10° clockwise."


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), max_size=6), st.floats(-720, 720), st.booleans())
def test_any_outline_gives_sentences(points: list[tuple[float, float]], turn: float, mirrored: bool) -> None:
    told = alterations.told(Altered(tuple(points), tuple(points), mirrored, turn), 1.0)
    assert told
    assert all(one.says.endswith(".") for one in told)
    assert all(0 <= one.value <= 1 for one in told if one.signal in ("picture in picture", "framed", "cropped"))


def test_what_is_stored_with_a_match_is_read_back() -> None:
    altered = Altered(box(0.1, 0.2, 0.8, 0.9), WHOLE, True, -3.5)
    segments = (Segment(0, 4, 10, 14, 1, 9, altered), Segment(5, 9, 20, 24, 1, 9))
    rows = match.as_segments(Comparison(1, 0.9, "copy", (), segments=segments))
    assert [alterations.stored(row) for row in rows] == [altered, None]


def test_a_match_of_before_this_was_measured_is_read_too() -> None:
    assert alterations.stored({"query": [0, 4], "reference": [10, 14], "speed": 1.0, "score": 9.0}) is None
