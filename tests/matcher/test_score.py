import re
from dataclasses import replace

import pytest

from matcher import score
from matcher.score import Evidence

COPY = Evidence(points=120, possible=200, agreement=0.95, blocks=48, coverage=1.0, hash_bits=12)
NOTHING = Evidence(points=0, possible=250, agreement=0.05, blocks=40, coverage=0.4, differing=0.4)
SHARED_FURNITURE = Evidence(points=28, possible=250, agreement=0.4, blocks=40, coverage=0.8)


def test_a_plain_copy_is_sure_and_an_unrelated_picture_is_not() -> None:
    assert score.probability(COPY) > 0.99
    assert score.probability(NOTHING) < 0.02


def test_a_shared_page_frame_alone_is_never_a_likely_copy() -> None:
    assert not score.may_be_copy(SHARED_FURNITURE)
    assert not score.may_be_copy(replace(COPY, agreement=0.7, differing=0.25))
    assert score.may_be_copy(COPY)


@pytest.mark.parametrize("pixels", [0.8, None])
def test_more_evidence_never_lowers_the_score(pixels: float | None) -> None:
    weak = Evidence(points=8, possible=100, agreement=pixels, blocks=20, coverage=0.5, hash_bits=80)
    for better in (replace(weak, points=30), replace(weak, blocks=40), replace(weak, hash_bits=20)):
        assert score.probability(better) >= score.probability(weak)
    if pixels is not None:
        assert score.probability(replace(weak, agreement=0.95)) > score.probability(weak)


def test_a_reference_without_pixels_is_judged_by_its_points() -> None:
    bare = replace(COPY, agreement=None, blocks=0)
    assert score.probability(bare) > 0.9
    assert [reason.signal for reason in score.reasons(bare)] == ["points in one shape", "whole-picture hash"]


def test_every_reason_carries_its_figure_in_a_sentence() -> None:
    told = score.reasons(replace(COPY, is_mirrored=True, turn_degrees=-12.3))
    assert [reason.signal for reason in told] == [
        "points in one shape",
        "page agrees after alignment",
        "whole-picture hash",
    ]
    assert told[0].says == "120 of 200 points agree in one shape, turned by 12 degrees, mirrored."
    assert all(re.search(r"\d", reason.says) and reason.says.endswith(".") for reason in told)


def test_every_signal_is_described_for_reviewers() -> None:
    assert all(signal.__doc__ for signal in score.SIGNALS)


def test_there_is_a_weight_for_every_feature() -> None:
    assert len(score.features(COPY)) == len(score.NAMES)
    assert len(score.WITH_PIXELS) == len(score.WITHOUT_PIXELS) == 1 + len(score.NAMES)
