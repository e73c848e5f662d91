"""Which cells of two pictures laid over each other are shared, and when they are two pictures at all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fingerprints.interface import Vectors
from matcher.closer_look import POINTS
from matcher.distinctive import Described
from matcher.interface import Box
from matcher.shared_parts import GRID, LEAST_LEFT, Half, Laid, are_two, merged, shared_boxes

SIDE = 80.0  # pixels of the frame and of the thumb
NOTHING = np.zeros((80, 80), bool)
IDENTITY = np.eye(3)[:2]


def picture(*places: tuple[float, float, int]) -> Described:
    """Return a picture with points: x and y as fractions, and how many there."""
    rows = [(x * SIDE, y * SIDE, 4.0, 0.0) for x, y, count in places for _ in range(count)]
    facts = {"width": SIDE, "height": SIDE, "left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    return {POINTS: Vectors(np.zeros((len(rows), 128), np.uint8), np.array(rows, np.float32), facts)}


def half(*places: tuple[float, float], is_drawn: object = NOTHING, is_other: object = NOTHING) -> Half:
    laid = Laid(np.asarray(is_drawn), NOTHING, np.asarray(is_other))
    return Half(np.array(places, np.float32).reshape(-1, 2) * np.float32(SIDE), laid, IDENTITY)


def block(rows: slice, columns: slice) -> object:
    """Return a mask in which these cells of the grid are set."""
    return np.kron(_cells(rows, columns), np.ones((10, 10), bool))


def _cells(rows: slice, columns: slice) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    cells = np.zeros((GRID, GRID), bool)
    cells[rows, columns] = True
    return cells


def test_a_ring_becomes_its_four_bars_and_leaves_the_middle() -> None:
    ring = _cells(slice(None), slice(None))
    ring[1:-1, 1:-1] = False
    boxes = merged(ring)
    assert len(boxes) == 4
    assert not any(box.left < 0.5 < box.right and box.top < 0.5 < box.bottom for box in boxes)


@given(arrays.arrays(np.bool_, (GRID, GRID), elements=st.booleans()))
def test_boxes_are_exactly_the_cells_and_do_not_overlap(cells: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    counts = np.zeros((GRID, GRID), int)
    for box in merged(cells):
        rows = slice(int(box.top * GRID), int(box.bottom * GRID))
        counts[rows, int(box.left * GRID) : int(box.right * GRID)] += 1
    assert (counts == cells).all()


def test_two_points_make_a_cell_shared_and_one_does_not() -> None:
    known = picture((0.05, 0.05, 2), (0.55, 0.55, 200))
    assert shared_boxes(half((0.05, 0.05)), known, ()) == []
    assert shared_boxes(half((0.05, 0.05), (0.06, 0.06)), known, ()) == [Box(0, 0, 1 / GRID, 1 / GRID)]


def test_what_is_known_is_not_returned_again() -> None:
    shared = half((0.05, 0.05), (0.06, 0.06), (0.95, 0.05), (0.96, 0.06))
    assert shared_boxes(shared, picture((0.7, 0.7, 200)), [Box(0, 0, 0.5, 0.5)]) == [Box(7 / GRID, 0, 1, 1 / GRID)]


def test_nothing_is_learned_that_would_leave_too_little_to_find_a_picture_by() -> None:
    shared = half((0.05, 0.05), (0.06, 0.06))
    assert shared_boxes(shared, picture((0.05, 0.05, 200), (0.5, 0.5, LEAST_LEFT - 1)), ()) == []
    assert shared_boxes(shared, picture((0.05, 0.05, 200), (0.5, 0.5, LEAST_LEFT)), ()) != []


def test_a_large_block_of_another_drawing_makes_two_pictures_and_scattered_cells_do_not() -> None:
    everything = np.ones((80, 80), bool)
    large = half(is_drawn=everything, is_other=block(slice(2, 5), slice(2, 5)))
    scattered = half(is_drawn=everything, is_other=block(slice(0, 8, 2), slice(0, 8, 2)))
    one = picture((0.5, 0.5, 1))
    assert are_two((large, large), one, one)
    assert not are_two((scattered, scattered), one, one)
    assert not are_two((large, scattered), one, one)
