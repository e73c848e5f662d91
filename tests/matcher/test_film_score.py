"""What the score of a film promises: more evidence is never worth less, and one picture is never a film."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import film_score
from matcher.film_score import FilmEvidence

LIKELY_COPY, WORTH_A_LOOK = 0.90, 0.50
EVIDENCE = st.builds(
    FilmEvidence,
    look_s=st.floats(0.5, 600), look_pictures=st.integers(1, 200), look_bits=st.floats(0, 90),
    point_pictures=st.integers(0, 200), points=st.integers(8, 200),
)  # fmt: skip


@given(EVIDENCE, st.sampled_from(["look_s", "look_pictures", "point_pictures", "points"]), st.integers(1, 50))
def test_more_evidence_is_never_worth_less(evidence: FilmEvidence, name: str, more: int) -> None:
    stronger = replace(evidence, **{name: getattr(evidence, name) + more})
    assert film_score.probability(stronger) >= film_score.probability(evidence)


@given(EVIDENCE)
def test_fewer_than_three_pictures_are_never_a_copy(evidence: FilmEvidence) -> None:
    few = replace(
        evidence, look_pictures=min(evidence.look_pictures, 2), point_pictures=min(evidence.point_pictures, 2)
    )
    assert film_score.probability(few) < LIKELY_COPY
    assert any(reason.signal == "few pictures" for reason in film_score.reasons(few))


def test_ten_seconds_of_near_frames_are_a_copy() -> None:
    assert film_score.probability(FilmEvidence(look_s=9, look_pictures=8, look_bits=15)) >= LIKELY_COPY


def test_a_table_that_two_films_share_is_not_worth_a_look() -> None:
    # Measured: two films of small figures on one wooden table; 4 pictures shared up to 14 points.
    assert film_score.probability(FilmEvidence(point_pictures=4, points=14)) < WORTH_A_LOOK


def test_no_evidence_is_no_probability_and_has_no_reasons() -> None:
    assert film_score.probability(FilmEvidence()) == 0
    assert film_score.reasons(FilmEvidence()) == ()


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        (FilmEvidence(matched_s=20, speed=1.0), "20.0 s of the film match, at the same speed."),
        (FilmEvidence(matched_s=8, speed=1.25), "8.0 s of the film match, at 1.25 times the speed."),
        (FilmEvidence(look_s=1, look_pictures=1, look_bits=9), "Only 1 different picture agrees"),
        (FilmEvidence(excluded_s=9.8), "9.8 s more lie in an excluded stretch"),
        (FilmEvidence(point_pictures=1, points=12), "1 different picture of the reference is found"),
    ],
)
def test_every_signal_speaks_in_a_sentence(evidence: FilmEvidence, says: str) -> None:
    assert any(reason.says.startswith(says) for reason in film_score.reasons(evidence))
