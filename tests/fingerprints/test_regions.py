"""Cells are found where a picture is made of several, and nowhere else; strips and faint drawings keep their detail."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fingerprints.borders import Box, fitted, grey, stretched
from fingerprints.regions import cells, even_parts
from tests.measure.drawings import drawing

Picture = NDArray[np.uint8]


def sized(seed: int, width: int, height: int) -> Picture:
    picture = drawing(np.random.default_rng(seed))
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def overlap(box: Box, left: int, top: int, right: int, bottom: int) -> float:
    wide = min(box.right, right) - max(box.left, left)
    tall = min(box.bottom, bottom) - max(box.top, top)
    shared = max(0, wide) * max(0, tall)
    whole = (box.right - box.left) * (box.bottom - box.top) + (right - left) * (bottom - top)
    return shared / (whole - shared)


@pytest.mark.parametrize("gutter", [0, 12])
def test_the_cells_of_a_collage_are_found(gutter: int) -> None:
    page = np.full((400 + gutter, 400 + gutter, 3), 255, np.uint8)
    places = [(0, 0), (0, 200 + gutter), (200 + gutter, 0), (200 + gutter, 200 + gutter)]
    for seed, (top, left) in zip((3, 4, 10, 11), places, strict=True):
        page[top : top + 200, left : left + 200] = sized(seed, 200, 200)
    found = cells(grey(page))
    best = [max(overlap(box, left, top, left + 200, top + 200) for box in found) for top, left in places]
    assert sum(share > 0.9 for share in best) >= 3  # one of the drawings has a plain margin, which is cut off


def test_one_picture_has_no_cells() -> None:
    assert cells(grey(sized(11, 400, 300))) == []
    assert cells(np.full((300, 300), 128, np.uint8)) == []


def test_an_even_grid_is_cut_where_part_of_its_seam_is_hidden() -> None:
    page = np.full((400, 400, 3), 255, np.uint8)
    page[:200, :200] = page[200:, :200] = page[200:, 200:] = sized(10, 200, 200)
    page[20:180, 220:380] = sized(11, 160, 160)  # white beside it: from edge to edge the seam is half as long
    found = even_parts(grey(page), Box(0, 0, 400, 400))
    quarters = [Box(left, top, left + 200, top + 200) for top in (0, 200) for left in (0, 200)]
    assert set(quarters) <= set(found)
    assert all(box.right - box.left >= 130 for box in found)


def test_one_picture_has_no_even_parts() -> None:
    for seed in range(9):
        clouds = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(300, 400)), (0, 0), 9)
        picture = np.asarray(cv2.normalize(clouds, clouds, 0, 255, cv2.NORM_MINMAX), np.uint8)
        assert even_parts(picture, Box(0, 0, 400, 300)) == []
    assert even_parts(np.zeros((30, 30), np.uint8), Box(0, 0, 30, 30)) == []  # too small to be put together


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_cells_lie_inside_any_picture(width: int, height: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    for box in cells(picture):
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height


def test_a_strip_keeps_half_the_long_side_across() -> None:
    assert fitted(np.zeros((4000, 400), np.uint8), 256).shape == (1280, 128)
    assert fitted(np.zeros((400, 400), np.uint8), 256).shape == (256, 256)
    assert max(fitted(np.zeros((8000, 10), np.uint8), 256).shape) <= 2560


def test_a_faint_drawing_is_stretched_and_a_blank_page_and_a_strong_one_are_not() -> None:
    strong = grey(sized(11, 200, 150))
    faint = (235 + strong // 13).astype(np.uint8)
    assert np.ptp(stretched(faint)) > 6 * np.ptp(faint)
    blank = np.full((100, 100), 250, np.uint8)
    assert (stretched(blank) == blank).all()
    assert (stretched(strong) == strong).all()
