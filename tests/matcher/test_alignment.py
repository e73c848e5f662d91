"""Hits become segments: where, how fast, and how long."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import alignment, lines
from matcher.alignment import Hits, Manner
from matcher.interface import Segment

MANNER = Manner(step_s=0.25)


def line(start_s: float, end_s: float, offset_s: float, *, speed: float = 1.0, weight: float = 0.8) -> Hits:
    """Return a hit every quarter second, the reference's second on its own grid of quarters."""
    q = np.arange(np.ceil(start_s * 4), np.floor(end_s * 4) + 1) / 4
    r = np.round((speed * q + offset_s) * 4) / 4
    return Hits(q, r, np.full(len(q), weight))


def together(*parts: Hits) -> Hits:
    """Return the hits of all parts."""
    return Hits(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("query_s", "reference_s", "weight"))
    )


def chance(count: int, *, seed: int = 3) -> Hits:
    """Return hits that mean nothing."""
    random = np.random.default_rng(seed)
    q = np.round(random.uniform(0, 60, count) * 4) / 4
    return Hits(q, random.uniform(0, 300, count), np.full(count, 0.5))


def test_a_copied_stretch_is_found_on_both_sides() -> None:
    (found,) = alignment.align(together(line(10, 30, 100.3), chance(200)), MANNER)
    assert found.query_start_s == pytest.approx(10, abs=0.3)
    assert found.query_end_s == pytest.approx(30, abs=0.3)
    assert found.reference_start_s == pytest.approx(110.3, abs=0.4)
    assert found.reference_end_s == pytest.approx(130.3, abs=0.4)
    assert found.speed == 1.0


@settings(max_examples=40, deadline=None)
@given(speed=st.sampled_from(lines.SPEEDS), start=st.floats(5, 30), offset=st.floats(0, 200), length=st.floats(12, 30))
def test_the_speed_of_a_copy_is_told(speed: float, start: float, offset: float, length: float) -> None:
    (found, *rest) = alignment.align(line(start, start + length, offset, speed=speed), MANNER)
    assert not rest
    assert found.speed == pytest.approx(speed, abs=0.025)
    assert found.query_end_s - found.query_start_s == pytest.approx(length, abs=0.6)
    assert found.reference_start_s == pytest.approx(speed * start + offset, abs=0.6)


def test_chance_hits_make_no_segment() -> None:
    assert alignment.align(chance(120), MANNER) == []


def test_no_hits_make_no_segment() -> None:
    assert alignment.align(chance(0), MANNER) == []


def test_a_line_is_split_where_it_falls_silent() -> None:
    first, second = sorted(
        alignment.align(together(line(5, 12, 40), line(20, 30, 40)), MANNER), key=lambda each: each.query_start_s
    )
    assert first.query_end_s == pytest.approx(12, abs=0.2)
    assert second.query_start_s == pytest.approx(20, abs=0.2)


def test_a_short_silence_does_not_split_a_line() -> None:
    assert len(alignment.align(together(line(5, 12, 40), line(14, 30, 40)), MANNER)) == 1


def test_a_shuffled_montage_gives_every_clip_its_place() -> None:
    hits = together(line(2, 7, 90), line(10, 15, 20), line(18, 23, 55))
    found = sorted(alignment.align(hits, MANNER), key=lambda each: each.query_start_s)
    assert [round(each.reference_start_s - each.query_start_s) for each in found] == [90, 20, 55]


def test_a_held_shot_does_not_pretend_another_speed() -> None:
    # Every query frame of seconds 10 to 14 is like every reference frame of the held shot.
    q, r = np.meshgrid(np.arange(40, 57) / 4, np.arange(240, 257) / 4)
    held = Hits(q.ravel(), r.ravel(), np.full(q.size, 0.2))
    (found, *_) = alignment.align(together(line(4, 20, 50), held), MANNER)
    assert found.speed == 1.0
    assert found.reference_start_s - found.query_start_s == pytest.approx(50, abs=0.15)


def test_fewer_hits_than_asked_for_prove_nothing() -> None:
    assert alignment.align(line(10, 10.5, 7), MANNER) == []


def segment(start_s: float, end_s: float, offset_s: float = 0.0, score: float = 1.0) -> Segment:
    return Segment(start_s, end_s, start_s + offset_s, end_s + offset_s, 1.0, score)


def test_matched_seconds_count_no_second_twice() -> None:
    assert alignment.matched_seconds([segment(0, 10), segment(5, 12, 50), segment(20, 21)]) == 13


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)).map(lambda pair: (min(pair), max(pair))), max_size=8))
def test_a_union_is_no_longer_than_its_parts_or_its_hull(spans: list[tuple[float, float]]) -> None:
    union = alignment.union_length(spans)
    assert union <= sum(end - start for start, end in spans) + 1e-6
    if spans:
        assert union <= max(end for _, end in spans) - min(start for start, _ in spans) + 1e-6
        assert union >= max(end - start for start, end in spans) - 1e-6


def test_seconds_inside_an_excluded_opening_are_measured_on_the_query() -> None:
    fast = Segment(10, 20, 0, 15, 1.5, 5)
    assert alignment.seconds_inside([fast], [(0.0, 6.0)]) == pytest.approx(4)


def test_two_pieces_of_one_line_become_one_segment() -> None:
    (both,) = alignment.merged([segment(0, 10, 30, 8), segment(12, 15, 30.2, 2)], gap_s=3)
    assert (both.query_start_s, both.query_end_s) == (0, 15)
    assert both.score == 10


def test_an_end_moves_to_a_cut_near_by_and_to_no_other() -> None:
    moved = alignment.snapped(segment(10, 20, 5), np.array([10.4, 17.0]), 0.75)
    assert moved.query_start_s == pytest.approx(10.4)
    assert moved.reference_start_s == pytest.approx(15.4)
    assert moved.query_end_s == 20


def test_no_segment_begins_before_the_reference_does() -> None:
    assert alignment.between(segment(10, 20, -9), 8, 20).reference_start_s == 0
