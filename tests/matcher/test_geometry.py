import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprints.borders import grey, shrunk
from matcher import geometry
from tests.measure.drawings import drawing

PICTURE = grey(shrunk(drawing(np.random.default_rng(5)), 192))
OTHER = grey(shrunk(drawing(np.random.default_rng(11)), 192))
SAME = np.array([[1.0, 0, 0], [0, 1.0, 0]])


def scattered(count: int, seed: int = 1) -> geometry.Points:
    return np.random.default_rng(seed).uniform(0, 300, (count, 2)).astype(np.float32)


def turned(degrees: float, scale: float) -> geometry.Matrix:
    return np.asarray(cv2.getRotationMatrix2D((100, 80), degrees, scale))


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.floats(0.2, 4), st.integers(0, 36))
def test_a_shape_is_found_among_more_stray_matches(degrees: float, scale: float, strays: int) -> None:
    matrix, points = turned(degrees, scale), scattered(60)
    query = geometry.placed(matrix, points)
    query[:strays] = scattered(strays, seed=2)
    found = geometry.align(points, query)
    assert found is not None
    corners = np.array([(0, 0), (300, 0), (300, 300)], np.float32)
    off = geometry.placed(found.matrix, corners) - geometry.placed(matrix, corners)
    assert np.abs(off).max() < 25
    if not strays:
        assert found.distinct > 40


def test_three_points_are_no_shape() -> None:
    assert geometry.align(scattered(3), scattered(3)) is None


def test_points_at_one_spot_count_once() -> None:
    heap = np.tile(np.array([[10.0, 10.0]], np.float32), (50, 1))
    assert geometry.distinct(heap, scattered(50)) == 1


@pytest.mark.parametrize(
    "matrix",
    [
        [[-1.0, 0, 0], [0, 1, 0]],  # mirrored: looked for apart
        [[1.0, 0, 0], [0, 0.2, 0]],  # squeezed
        [[0.01, 0, 0], [0, 0.01, 0]],  # everything on one spot
    ],
)
def test_shapes_no_copy_has_are_refused(matrix: list[list[float]]) -> None:
    assert not geometry.is_plausible(np.array(matrix))


def test_unmirroring_twice_changes_nothing() -> None:
    matrix = turned(20, 0.7)
    assert np.allclose(geometry.unmirrored(geometry.unmirrored(matrix, 320), 320), matrix)


def test_a_copy_agrees_block_by_block_and_another_picture_does_not() -> None:
    size = (PICTURE.shape[1], PICTURE.shape[0])
    moved = turned(7, 0.8)
    copy = cv2.warpAffine(PICTURE, moved, size, borderValue=90)
    assert geometry.agreement(PICTURE, copy, moved).share > 0.9
    assert geometry.agreement(OTHER, copy, moved).share < 0.3


def test_a_half_repainted_picture_agrees_by_half() -> None:
    copy = PICTURE.copy()
    half = copy.shape[1] // 2
    copy[:, half:] = cv2.resize(OTHER, copy.shape[::-1])[:, half:]
    assert 0.3 < geometry.agreement(PICTURE, copy, SAME).share < 0.75


def test_flat_pictures_have_nothing_to_agree_on() -> None:
    flat = np.full((150, 192), 200, np.uint8)
    assert geometry.agreement(flat, flat, SAME).blocks == 0


def test_a_reference_outside_the_query_covers_nothing() -> None:
    away = np.array([[1.0, 0, 5000], [0, 1, 5000]])
    assert geometry.agreement(PICTURE, PICTURE, away) == geometry.Agreement(0.0, 0, 0.0)


def test_outlines_are_fractions_of_both_pictures() -> None:
    half_size_at_the_middle = np.array([[0.5, 0, 50], [0, 0.5, 40]])
    lies = geometry.outline(half_size_at_the_middle, (200, 160), (200, 160))
    assert np.allclose(lies, [(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)])
    seen = geometry.seen_region(np.array([[2.0, 0, 0], [0, 2.0, 0]]), (200, 160), (200, 160))
    assert np.allclose(sorted(seen), [(0, 0), (0, 0.5), (0.5, 0), (0.5, 0.5)], atol=1e-5)


def features(count: int, seed: int = 1) -> geometry.Features:
    random = np.random.default_rng(seed)
    columns = random.uniform((0, 0, 2, 0), (320, 240, 20, 360), (count, 4))
    return np.asarray(columns, np.float32)


def copied(points: geometry.Features, degrees: float, scale: float) -> geometry.Features:
    moved = geometry.placed(turned(degrees, scale), points[:, :2])
    return np.column_stack([moved, points[:, 2] * scale, points[:, 3] - degrees]).astype(np.float32)


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.0), (25, 0.4), (-170, 2.5)])
def test_eight_right_pairs_are_found_among_sixty_wrong_ones(degrees: float, scale: float) -> None:
    right = features(8)
    reference = np.vstack([right, features(60, 2)])
    query = np.vstack([copied(right, degrees, scale), features(60, 3)])
    found = geometry.consensus(reference, query)
    assert found is not None
    assert found.inliers[:8].all()
    assert np.allclose(found.matrix, turned(degrees, scale), atol=0.06 * scale * 10)


def test_pairs_by_chance_agree_on_no_shape_of_ten() -> None:
    for seed in range(20):
        found = geometry.consensus(features(40, seed), features(40, seed + 100))
        assert found is None or found.distinct < 10


def test_too_few_pairs_or_one_spot_are_no_shape() -> None:
    assert geometry.consensus(features(3), features(3)) is None
    spot = np.repeat(features(1), 9, axis=0)
    assert geometry.consensus(spot, spot) is None


def test_another_drawing_in_one_place_is_told_apart_from_scattered_changes() -> None:
    copy = PICTURE.copy()
    height, width = copy.shape
    box = slice(height // 4, height * 3 // 4), slice(width // 4, width * 3 // 4)
    copy[box] = cv2.resize(OTHER, (width, height))[box]
    assert geometry.agreement(PICTURE, copy, SAME).differing > 0.1
    assert geometry.agreement(PICTURE, PICTURE, SAME).differing == 0


def test_what_is_not_asked_about_is_not_compared() -> None:
    copy = PICTURE.copy()
    half = copy.shape[1] // 2
    copy[:, half:] = cv2.resize(OTHER, copy.shape[::-1])[:, half:]
    asked = np.full(PICTURE.shape, 255, np.uint8)
    asked[:, half:] = 0
    assert geometry.agreement(PICTURE, copy, SAME, asked).share > 0.9
