"""What the kinds of still pictures promise beyond their contract."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.borders import content, grey
from fingerprints.interface import Frame
from fingerprints.keypoints import mirrored
from fingerprints.kinds.pdq import TURNS, Pdq256, turned
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.thumb import Thumb
from tests.measure.drawings import drawing

PICTURE = drawing(np.random.default_rng(3))


def bits(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def framed(pixels: NDArray[np.uint8], tone: int = 255) -> NDArray[np.uint8]:
    return np.asarray(cv2.copyMakeBorder(pixels, 60, 90, 40, 40, cv2.BORDER_CONSTANT, value=(tone,) * 3))


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_turned_or_mirrored_picture_is_near_one_of_the_eight_codes(turn: int) -> None:
    original = Pdq256().describe(Frame(PICTURE)).codes[0]
    copy = Pdq256().describe(Frame(np.ascontiguousarray(turned(PICTURE, turn))))
    distances = [bits(code, original) for code in copy.codes[:TURNS]]
    assert min(distances) <= 20
    assert sorted(distances)[1] > 60


@pytest.mark.parametrize("tone", [0, 255])
def test_a_border_does_not_hide_a_picture(tone: int) -> None:
    original, copy = Pdq256().describe(Frame(PICTURE)), Pdq256().describe(Frame(framed(PICTURE, tone)))
    upright = [vectors.codes[vectors.positions[:, 0] == 0] for vectors in (original, copy)]
    assert min(bits(one, other) for one in upright[0] for other in upright[1]) <= 40


def test_a_flat_picture_gets_no_pdq() -> None:
    assert len(Pdq256().describe(Frame(np.full((300, 300, 3), 128, np.uint8))).codes) == 0


def test_the_border_is_found_to_within_a_percent() -> None:
    box = content(grey(framed(PICTURE)))
    height, width = PICTURE.shape[:2]
    found = np.array([box.left, box.top, box.right, box.bottom])
    assert np.abs(found - [40, 60, 40 + width, 60 + height]).max() <= 0.015 * max(height, width)


def test_a_blank_picture_has_no_border() -> None:
    box = content(np.full((100, 80), 255, np.uint8))
    assert (box.left, box.top, box.right, box.bottom) == (0, 0, 80, 100)


def test_points_lie_in_a_frame_of_320_pixels_and_say_where_it_is() -> None:
    points = RootSift().describe(Frame(framed(PICTURE)))
    facts = points.facts
    assert max(facts["width"], facts["height"]) <= 320
    assert 0 < len(points.codes) <= 300
    assert points.codes.shape[1] == 128
    assert (points.positions[:, 0] <= facts["width"]).all()
    assert 0 < facts["left"] < facts["right"] < 1
    assert (facts["picture_width"], facts["picture_height"]) == framed(PICTURE).shape[1::-1]


def test_reordered_descriptors_are_those_of_the_mirrored_picture() -> None:
    here = RootSift().describe(Frame(PICTURE))
    there = RootSift().describe(Frame(np.ascontiguousarray(PICTURE[:, ::-1])))
    guessed = mirrored(here.codes).astype(float)
    nearest = np.sqrt(((guessed[:, None] - there.codes[None].astype(float)) ** 2).sum(axis=2)).min(axis=1)
    assert np.mean(nearest < 60) > 0.85


def test_the_thumb_is_the_picture_small_and_stays_in_the_studio() -> None:
    thumb = Thumb().describe(Frame(PICTURE))
    assert max(thumb.codes.shape) == 192
    assert thumb.positions[:, 0].tolist() == list(range(len(thumb.codes)))
    assert not Thumb.may_travel
