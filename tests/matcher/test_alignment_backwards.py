"""Copies that are played backwards: found, told from forward ones, and measured right on both sides."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import alignment, lines
from matcher.alignment import Hits, Manner, Seconds
from matcher.interface import Segment

MANNER = Manner(step_s=0.25)
LIKE = 0.6  # how far two pictures of one shot may have moved apart and still look alike


@dataclass(frozen=True)
class Film:
    """A film four times a second: which shot it is in, and how far the shot has moved on; a held shot never does."""

    at_s: Seconds
    shot: Seconds
    moved: Seconds

    def like(self, second: float) -> Seconds:
        """Return the seconds that look like one."""
        here = min(int(np.searchsorted(self.at_s, second)), len(self.at_s) - 1)
        alike = (self.shot == self.shot[here]) & (np.abs(self.moved - self.moved[here]) <= LIKE)
        return np.asarray(self.at_s[alike])


def film(random: np.random.Generator, held: float, length_s: float = 200) -> Film:
    """Return a film of shots of one to seven seconds; `held` is the share of them in which nothing moves."""
    at_s = np.arange(0, length_s, 0.25)
    starts = np.concatenate([[0], np.cumsum(random.uniform(1, 7, int(length_s)))])
    shot = np.searchsorted(starts, at_s, "right") - 1
    pace = np.where(random.random(len(starts)) < held, 0.0, random.uniform(0.1, 3, len(starts)))
    return Film(at_s, shot.astype(float), (at_s - starts[shot]) * pace[shot])


def clip(start_s: float, length_s: float, first_s: float, speed: float) -> Segment:
    """Return the truth about a clip; `first_s` is the reference's second that it shows first."""
    ends = sorted((first_s, first_s + speed * length_s))
    return Segment(start_s, start_s + length_s, ends[0], ends[1], speed, 0.0)


def hits(random: np.random.Generator, of: Film, clips: list[Segment], *, noise: int = 40) -> Hits:
    """Return the hits of a query that holds clips of a film; one frame of seven is not recognised."""
    rows = []
    for one in clips:
        for at_s in np.arange(np.ceil(one.query_start_s * 4), one.query_end_s * 4) / 4:
            like = of.like(alignment.reference_at(one, float(at_s))) if random.random() > 0.15 else np.zeros(0)
            weight = random.uniform(0.2, 0.8, len(like)) / np.sqrt(max(1, len(like)))
            rows.append(np.column_stack([np.full(len(like), at_s), like, weight]))
    moments = np.floor(random.uniform(0, clips[-1].query_end_s + 4, noise) * 4) / 4
    rows.append(np.column_stack([moments, random.choice(of.at_s, noise), random.uniform(0.1, 0.4, noise)]))
    return Hits(*np.concatenate(rows).T)


def agrees_s(found: Segment, true: Segment) -> float:
    """Return how many seconds of the query a found segment tells right: the seconds and the direction."""
    middle = (max(found.query_start_s, true.query_start_s) + min(found.query_end_s, true.query_end_s)) / 2
    apart = abs(alignment.reference_at(found, middle) - alignment.reference_at(true, middle))
    return alignment.overlap(found, true) if apart < 1.5 and found.speed * true.speed > 0 else 0.0


def told(speed: float, length_s: float, held: float, seeds: range) -> tuple[float, float]:
    """Return (recall, precision), in seconds, over films with one clip each."""
    right = true_s = found_s = 0.0
    for seed in seeds:
        random = np.random.default_rng(seed)
        true = clip(5 + random.random(), length_s, random.uniform(60, 130), speed)
        found = alignment.align(hits(random, film(random, held), [true]), MANNER)
        right += sum(agrees_s(each, true) for each in found)
        true_s += length_s
        found_s += alignment.matched_seconds(found)
    return right / true_s, right / found_s


@pytest.mark.parametrize("speed", lines.BACKWARDS)
def test_a_clip_played_backwards_is_found_at_every_speed(speed: float) -> None:
    recall, precision = told(speed, 20, 0.3, range(8))
    assert recall > 0.9
    assert precision > 0.9


@pytest.mark.parametrize("speed", [1.0, 0.8, 1.25])
@pytest.mark.parametrize("held", [0.3, 0.6, 1.0])
def test_a_clip_that_runs_on_is_never_taken_for_one_backwards(speed: float, held: float) -> None:
    right = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        true = clip(5, random.uniform(4, 25), random.uniform(60, 130), speed)
        found = alignment.align(hits(random, film(random, held), [true]), MANNER)
        assert all(each.speed > 0 for each in found)
        right.append(sum(agrees_s(each, true) for each in found) / (true.query_end_s - true.query_start_s))
    assert np.mean(right) > 0.85


def test_the_short_pieces_forwards_lose_to_one_long_line_backwards() -> None:
    random = np.random.default_rng(5)
    true = clip(5, 12, 100, -1)
    (found,) = alignment.align(hits(random, film(random, 0.5), [true]), MANNER)
    assert found.speed == -1.0
    assert found.query_start_s == pytest.approx(5, abs=0.6)
    assert found.reference_start_s == pytest.approx(88, abs=0.6)
    assert found.reference_end_s == pytest.approx(100, abs=0.6)


def test_a_film_may_hold_a_clip_forwards_and_one_backwards() -> None:
    random = np.random.default_rng(2)
    clips = [clip(3, 10, 40, 1), clip(18, 10, 150, -1)]
    one, other = sorted(
        alignment.align(hits(random, film(random, 0.3), clips), MANNER), key=lambda each: each.query_start_s
    )
    assert (one.speed, other.speed) == (1.0, -1.0)
    assert agrees_s(one, clips[0]) > 9
    assert agrees_s(other, clips[1]) > 9


def test_one_held_shot_does_not_run_backwards() -> None:
    q, r = np.meshgrid(np.arange(40, 120) / 4, np.arange(240, 320) / 4)
    found = alignment.align(Hits(q.ravel(), r.ravel(), np.full(q.size, 0.2)), MANNER)
    assert found
    assert all(each.speed > 0 for each in found)


def test_a_slow_pan_does_not_run_backwards() -> None:
    q, r = np.meshgrid(np.arange(40, 80) / 4, np.arange(240, 280) / 4)
    near = np.abs(r - q - 50) <= 3
    (found, *_) = alignment.align(Hits(q[near], r[near], np.full(np.count_nonzero(near), 0.2)), MANNER)
    assert found.speed == 1.0


@pytest.mark.parametrize("order", ["as they are", "the last first"])
def test_a_montage_whose_clips_run_on_is_not_taken_for_one_backwards(order: str) -> None:
    for seed in range(10):
        random = np.random.default_rng(seed)
        firsts = sorted(random.uniform(10, 180, 6), reverse=order == "the last first")
        clips = [clip(4 + 3 * number, 3, float(first_s), 1) for number, first_s in enumerate(firsts)]
        assert all(each.speed > 0 for each in alignment.align(hits(random, film(random, 0.3), clips), MANNER))


def test_pieces_of_one_stretch_the_last_first_each_run_on() -> None:
    for seed in range(10):
        random = np.random.default_rng(seed)
        clips = [clip(4 + 2.5 * number, 2.5, 100 - 2.5 * number, 1) for number in range(6)]
        assert all(each.speed > 0 for each in alignment.align(hits(random, film(random, 0.2), clips), MANNER))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 300), length_s=st.floats(60, 600))
def test_hits_by_chance_never_run_backwards(seed: int, count: int, length_s: float) -> None:
    random = np.random.default_rng(seed)
    q = np.floor(random.uniform(0, length_s, count) * 4) / 4
    found = alignment.align(Hits(q, random.uniform(0, 600, count), random.uniform(0.2, 1, count)), MANNER)
    assert all(each.speed > 0 for each in found)


SEGMENTS = st.builds(
    clip,
    st.floats(0, 100),
    st.floats(1, 60),
    st.floats(100, 200),
    st.one_of(st.floats(0.75, 1.33), st.floats(-1.33, -0.75)),
)


@given(segment=SEGMENTS, share=st.floats(-1, 2))
def test_both_axes_lead_to_each_other(segment: Segment, share: float) -> None:
    query_s = segment.query_start_s + share * (segment.query_end_s - segment.query_start_s)
    assert alignment.query_at(segment, alignment.reference_at(segment, query_s)) == pytest.approx(query_s)


@given(segment=SEGMENTS, shares=st.tuples(st.floats(0, 0.4), st.floats(0.6, 1)))
def test_a_part_of_a_segment_lies_on_its_line(segment: Segment, shares: tuple[float, float]) -> None:
    length_s = segment.query_end_s - segment.query_start_s
    start, end = (segment.query_start_s + share * length_s for share in shares)
    part = alignment.between(segment, start, end)
    assert part.reference_start_s < part.reference_end_s
    for at_s in (start, (start + end) / 2, end):
        assert alignment.reference_at(part, at_s) == pytest.approx(alignment.reference_at(segment, at_s))
    moments = np.linspace(start, end, 9)
    on_it = Hits(moments, alignment.reference_at(segment, moments), np.ones(9))
    assert alignment.lies_on(segment, on_it, 0.01).all()


@given(segment=SEGMENTS, cut=st.floats(0.2, 0.8))
def test_two_halves_of_a_segment_are_joined_to_the_whole(segment: Segment, cut: float) -> None:
    middle = segment.query_start_s + cut * (segment.query_end_s - segment.query_start_s)
    first = alignment.between(segment, segment.query_start_s, middle)
    second = alignment.between(segment, middle, segment.query_end_s)
    both = alignment.joined(first, second, gap_s=1, apart_s=0.1)
    assert both is not None
    for name in ("query_start_s", "query_end_s", "reference_start_s", "reference_end_s"):
        assert getattr(both, name) == pytest.approx(getattr(segment, name))


def test_lines_that_only_cross_are_not_joined() -> None:
    forwards, backwards = clip(0, 10, 100, 1), clip(0, 10, 110, -1)
    assert alignment.joined(forwards, backwards, gap_s=3, apart_s=4) is None


def test_an_excluded_opening_is_measured_on_the_query_that_runs_backwards() -> None:
    backwards = clip(10, 20, 30, -1.5)  # shows seconds 0 to 30, the last first
    assert alignment.seconds_inside([backwards], [(0, 6)]) == pytest.approx(4)
    assert alignment.seconds_inside([backwards], [(0, 6), (27, 90)]) == pytest.approx(6)
    assert alignment.seconds_inside([backwards], [(31, 90)]) == 0


def test_a_film_played_backwards_ends_where_the_reference_begins() -> None:
    longer = alignment.between(clip(10, 10, 12, -1), 10, 30)
    assert (longer.query_end_s, longer.reference_start_s, longer.reference_end_s) == (22, 0, 12)


def test_an_end_that_moves_to_a_cut_moves_the_other_side_of_the_reference() -> None:
    moved = alignment.snapped(clip(10, 10, 50, -1), np.array([10.4]), 0.75)
    assert moved.reference_start_s == pytest.approx(40)
    assert moved.reference_end_s == pytest.approx(49.6)
