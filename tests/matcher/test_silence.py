"""Silence is counted in what was asked, not in time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import alignment
from matcher.alignment import Hits, Manner, Seconds
from matcher.interface import Segment
from matcher.silence import Asked

MANNER = Manner(step_s=0.25)


def line(moments: Seconds, offset_s: float = 100.0) -> Hits:
    """Return hits at these moments of the query, on one line at speed 1."""
    return Hits(moments, moments + offset_s, np.full(len(moments), 0.8))


def runs(hits: Hits, asked_s: Seconds | None) -> list[Segment]:
    """Return what aligns, in the order of the query."""
    return sorted(alignment.align(hits, MANNER, asked_s), key=lambda each: each.query_start_s)


def test_sparse_moments_that_all_agree_are_one_stretch() -> None:
    key_frames = np.arange(0, 60, 4.0)
    assert len(runs(line(key_frames), key_frames)) == 1
    assert runs(line(key_frames), None) == []  # as time, each four seconds are a silence


def test_a_stretch_runs_on_from_sparse_moments_into_dense_ones() -> None:
    asked_s = np.concatenate([np.arange(0, 40, 5.0), np.arange(40, 60, 0.25), np.arange(60, 100, 5.0)])
    (found,) = runs(line(asked_s), asked_s)
    assert found.query_start_s == 0
    assert found.query_end_s == pytest.approx(95, abs=0.2)


def test_moments_that_were_asked_and_are_silent_end_a_stretch() -> None:
    asked_s = np.arange(0, 40, 0.25)
    silent = (asked_s > 15) & (asked_s < 20)
    first, second = runs(line(asked_s[~silent]), asked_s)
    assert first.query_end_s == pytest.approx(15, abs=0.2)
    assert second.query_start_s == pytest.approx(20, abs=0.2)


def test_black_frames_that_nobody_asked_about_do_not_end_a_stretch() -> None:
    asked_s = np.concatenate([np.arange(0, 15, 0.25), np.arange(25, 40, 0.25)])
    assert len(runs(line(asked_s), asked_s)) == 1


def test_nothing_asked_for_very_long_ends_a_stretch() -> None:
    asked_s = np.concatenate([np.arange(0, 15, 0.25), np.arange(56, 70, 0.25)])
    assert len(runs(line(asked_s), asked_s)) == 2


def test_a_segment_does_not_reach_beyond_the_moment_that_was_silent() -> None:
    asked_s = np.concatenate([[9.9], np.arange(10, 20, 0.25), [19.85]])
    (found,) = runs(line(np.arange(10, 20, 0.25)), asked_s)
    assert found.query_start_s == pytest.approx(9.95)
    assert found.query_end_s == pytest.approx(19.8)


def test_times_that_were_rounded_on_the_way_are_one_moment() -> None:
    asked_s = np.arange(3600, 3660, 0.37)
    hits = line(asked_s.astype(np.float32).astype(np.float64))
    assert len(runs(hits, asked_s)) == 1
    assert Asked.at(asked_s, hits.query_s).silent_s(hits.query_s[:-1], hits.query_s[1:]).max() == 0


def test_one_silent_key_frame_stands_for_half_the_way_to_its_neighbours() -> None:
    asked = Asked.at(np.array([0.0, 2, 5, 30]), np.zeros(0))
    silent = asked.silent_s(np.array([0.0, 2, 0, 5]), np.array([5.0, 30, 30, 30]))
    assert silent.tolist() == [2.5, 6, 8.5, 0]  # the one at 5 would stand for 14, and no moment does for over 6


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), dense=st.booleans())
def test_the_order_of_what_was_asked_changes_nothing(seed: int, dense: bool) -> None:
    random = np.random.default_rng(seed)
    asked_s = np.cumsum(random.uniform(0.2, 0.5 if dense else 6, 60))
    hits = line(asked_s[random.random(60) < 0.8])
    assert runs(hits, asked_s) == runs(hits, random.permutation(asked_s))
    assert runs(hits, asked_s) == runs(hits, np.concatenate([asked_s, asked_s]))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_evenly_asked_moments_are_silent_for_as_long_as_time_passes(seed: int) -> None:
    random = np.random.default_rng(seed)
    asked_s = np.arange(0, 60, 0.25)
    moments = asked_s[random.random(len(asked_s)) < 0.3]
    asked = Asked.at(asked_s, moments)
    silent = asked.silent_s(moments[:-1], moments[1:])
    assert silent == pytest.approx(np.diff(moments) - 0.25)


def test_what_continues_a_line_after_an_unasked_part_is_joined_to_it() -> None:
    segments = [Segment(0, 10, 100, 110, 1, 8), Segment(18, 20, 118, 120, 1, 2)]
    asked = Asked.at(np.concatenate([np.arange(0, 10, 0.25), np.arange(18, 20, 0.25)]), np.zeros(0))
    assert len(alignment.merged(segments, 3)) == 2
    assert len(alignment.merged(segments, 3, asked)) == 1
