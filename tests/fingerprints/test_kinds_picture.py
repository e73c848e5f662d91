"""What the kinds of still pictures promise beyond their contract."""

from pathlib import Path

import cv2
import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprints.borders import content, grey, shrunk
from fingerprints.interface import Frame
from fingerprints.keypoints import mirrored
from fingerprints.kinds.pdq import TURNS, Pdq256, standard
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.thumb import Thumb
from tests.measure.drawings import drawing

PICTURE = drawing(np.random.default_rng(3))


def bits(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def turned(pixels: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Return the picture turned left by 0 to 3 quarters (turn 0 to 3); from 4 on mirrored left-right before that."""
    return np.rot90(pixels[:, ::-1] if turn >= TURNS // 2 else pixels, turn % (TURNS // 2))


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


@given(st.integers(64, 300), st.integers(64, 300), st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_standard_pdq_is_bit_for_bit_that_of_the_library(width: int, height: int, seed: int) -> None:
    picture = cv2.resize(drawing(np.random.default_rng(seed)), (width, height), interpolation=cv2.INTER_AREA)
    bits_of_library, quality = pdqhash.compute(picture)
    code, own_quality = standard(np.asarray(picture, np.uint8))
    assert (code == np.packbits(bits_of_library.astype(np.uint8))).all()
    assert own_quality == quality


def test_standard_pdq_is_that_of_the_library_on_real_pictures(corpus: Path) -> None:
    for path in sorted((corpus / "art").rglob("*.*"))[::12]:
        picture = np.ascontiguousarray(shrunk(np.asarray(cv2.imread(str(path)), np.uint8)[..., ::-1], 512))
        assert (standard(picture)[0] == np.packbits(pdqhash.compute(picture)[0].astype(np.uint8))).all(), path


def test_the_first_code_is_standard_pdq_of_the_whole_picture() -> None:
    vectors = Pdq256().describe(Frame(PICTURE))
    assert (vectors.codes[0] == standard(shrunk(PICTURE, 512))[0]).all()
    assert vectors.positions[0, [0, 2, 3, 4, 5]].tolist() == [0, 0, 0, 1, 1]


def test_a_squeezed_cell_of_a_collage_has_a_code_of_its_own() -> None:
    wanted = drawing(np.random.default_rng(11))
    collage = np.hstack([cv2.resize(each, (240, 400), interpolation=cv2.INTER_AREA) for each in (PICTURE, wanted)])
    codes = Pdq256().describe(Frame(np.asarray(collage, np.uint8))).codes
    assert min(bits(code, standard(shrunk(wanted, 512))[0]) for code in codes) <= 40


def test_a_strip_has_points_along_its_whole_length() -> None:
    strip = np.vstack([cv2.resize(drawing(np.random.default_rng(seed)), (256, 380)) for seed in range(6)])
    points = RootSift().describe(Frame(np.asarray(strip, np.uint8)))
    assert len(points.codes) > 600
    assert points.facts["width"] == 160
    assert np.histogram(points.positions[:, 1], bins=6, range=(0, points.facts["height"]))[0].min() > 10


def test_faint_drawing_between_bold_ones_has_points_too() -> None:
    bold, other = (cv2.resize(drawing(np.random.default_rng(seed)), (300, 300)) for seed in (3, 5))
    faint = 255 - (255 - other) // 16
    points = RootSift().describe(Frame(np.asarray(np.hstack([bold, faint, bold]), np.uint8)))
    x = points.positions[:, 0] / points.facts["width"]
    assert ((x > 0.35) & (x < 0.65)).sum() >= 35  # 14 without the faint ones


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
