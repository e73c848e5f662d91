"""A stretch goes on into a scene that is too dim to name a film, as far as both films agree there, and no farther."""

from dataclasses import replace

import numpy as np
import pytest

from matcher.film_dim import DIM_BITS, REACH_S, Dim, carried_on
from matcher.film_looks import LEAST_QUALITY
from matcher.interface import Segment
from tests.matcher.drawn_films import HEIGHT, SCENE_S, WIDTH, Film, clip, compared, described, drawn, shelved

BRIGHT = Segment(10.0, 20.0, 40.0, 50.0, 1.0, 8.0)
FRAMES_S = np.arange(0, 80, 0.25)
WORK = 1


def codes(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 32)).astype(np.uint8)


REFERENCE = Dim(FRAMES_S, codes(1, len(FRAMES_S)))


def copied(start_s: float, end_s: float, segment: Segment = BRIGHT, flipped: int = 0) -> Dim:
    """Return the dim frames of a copy that shows the reference along a segment's line, so many bits off."""
    at_s = np.arange(start_s, end_s, 0.25)
    slope = (segment.reference_end_s - segment.reference_start_s) / (segment.query_end_s - segment.query_start_s)
    there_s = segment.reference_start_s + slope * (at_s - segment.query_start_s)
    shown = REFERENCE.codes[np.rint(there_s * 4).astype(int)].copy()
    shown[:, : flipped // 8] ^= 0xFF
    return Dim(at_s, shown)


def test_it_goes_on_both_ways_to_the_last_frame_that_agrees() -> None:
    found = carried_on(BRIGHT, copied(7.0, 24.0), REFERENCE)
    assert (found.query_start_s, found.query_end_s) == (7.0 - 0.125, 23.75 + 0.125)
    assert (found.reference_start_s, found.reference_end_s) == (37.0 - 0.125, 53.75 + 0.125)


def test_it_follows_a_line_of_another_speed() -> None:
    fast = replace(BRIGHT, reference_end_s=52.5)
    found = carried_on(fast, copied(20.0, 24.0, fast), REFERENCE)
    assert found.query_end_s == 23.75 + 0.125
    assert found.reference_end_s == pytest.approx(40.0 + 1.25 * 13.875)


@pytest.mark.parametrize(("bits", "end_s"), [(DIM_BITS // 8 * 8, 23.875), (DIM_BITS // 8 * 8 + 8, 20.0)])
def test_a_frame_agrees_up_to_so_many_bits(bits: int, end_s: float) -> None:
    assert carried_on(BRIGHT, copied(20.0, 24.0, flipped=bits), REFERENCE).query_end_s == end_s


@pytest.mark.parametrize(("gap_s", "end_s"), [(REACH_S - 0.25, 24.875), (REACH_S + 0.25, 21.875)])
def test_frames_that_do_not_agree_end_it_once_they_last(gap_s: float, end_s: float) -> None:
    first, second = copied(20.0, 22.0), copied(21.75 + gap_s + 0.25, 25.0)
    between = Dim(np.arange(22.0, second.at_s[0], 0.25), codes(2, round((second.at_s[0] - 22.0) * 4)))
    together = (first, between, second)
    query = Dim(np.concatenate([each.at_s for each in together]), np.concatenate([each.codes for each in together]))
    assert carried_on(BRIGHT, query, REFERENCE).query_end_s == end_s


@pytest.mark.parametrize("other", [Dim(np.zeros(0), codes(1, 0)), Dim(FRAMES_S, codes(3, len(FRAMES_S)))])
def test_nothing_and_strangers_change_nothing(other: Dim) -> None:
    assert carried_on(BRIGHT, copied(7.0, 24.0), other) == BRIGHT
    assert carried_on(BRIGHT, other, REFERENCE) == BRIGHT


def dimmed(film: Film, from_s: float, until_s: float) -> Film:
    """Return a film with a scene at night: hardly anything is lit, and it moves."""

    def at(at_s: float) -> np.ndarray:
        if not from_s <= at_s < until_s:
            return film(at_s)
        night = np.random.default_rng([9, int(at_s // SCENE_S)])
        picture = np.full((HEIGHT, WIDTH, 3), 14, np.uint8)
        for _ in range(5):
            x, y = night.integers([30, 30], [WIDTH - 60, HEIGHT - 40])
            across = int(x + 6 * (at_s % SCENE_S))
            picture[y : y + 24, across : across + 36] += night.integers(9, 20, dtype=np.uint8)
        return picture

    return at


def test_the_dim_end_of_a_copy_is_counted_and_black_is_not() -> None:
    """Seconds 10 to 20 of a film whose seconds from 16 on are a scene at night."""
    ours = dimmed(drawn(31), 16.0, 24.0)
    frames = described(ours, 24.0)["film-pdq"]
    assert (frames.positions[frames.positions[:, 0] >= 16.0, 2] < LEAST_QUALITY).all()

    def black(_at_s: float) -> np.ndarray:
        return np.full((HEIGHT, WIDTH, 3), 5, np.uint8)

    copy = clip(ours, black, start_s=10.0, at_s=4.0, length_s=10.0)
    (found,) = compared(shelved({WORK: {"film-pdq": frames}}), copy, 20.0)
    assert found.matched_seconds == pytest.approx(10.0, abs=0.25)
