"""What the search for small films inside others promises, and the kind that hashes what it finds."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from fingerprints.borders import Box, grey
from fingerprints.insets import insets, overlap
from fingerprints.interface import FilmKind, Frame, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.seen_insets import AS_IS, LEAST_QUALITY, MIRRORED, SeenInsets
from fingerprints.testing import FilmKindContract, assert_storable, drawing

WIDTH, HEIGHT = 640, 360
FRAMES = 4
EVERY_S = 3.0  # as a glance sees them


def film(seed: int, count: int = FRAMES) -> list[np.ndarray]:
    """Pictures of a film with a cut between any two."""
    return [drawing(100 * seed + number, WIDTH, HEIGHT) for number in range(count)]


def laid(inside: Sequence[np.ndarray], carrier: Sequence[np.ndarray], box: Box, *, edge: int = 0) -> list[np.ndarray]:
    """The one film small inside the other, with a white edge of so many pixels."""
    out = []
    for small, around in zip(inside, carrier, strict=True):
        picture = around.copy()
        picture[box.top - edge : box.bottom + edge, box.left - edge : box.right + edge] = 255
        size = (box.right - box.left, box.bottom - box.top)
        picture[box.top : box.bottom, box.left : box.right] = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        out.append(picture)
    return out


def found(pictures: Sequence[np.ndarray]) -> list[Box]:
    return [inset.box for inset in insets([grey(picture) for picture in pictures])]


def seen(pictures: Sequence[np.ndarray], kind: FilmKind, every_s: float = EVERY_S) -> Vectors:
    run = kind.begin()
    for number, picture in enumerate(pictures):
        run.see(Frame(picture, number * every_s))
    return run.finish()


def farthest(boxes: Sequence[Box], true: Box) -> int:
    """How many pixels the worst side of the best box is off."""
    sides = np.array([(box.left, box.top, box.right, box.bottom) for box in boxes]).reshape(-1, 4)
    return int(np.abs(sides - (true.left, true.top, true.right, true.bottom)).max(axis=1).min(initial=WIDTH))


def bits(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.bitwise_count(one ^ other).sum())


@pytest.mark.parametrize("box", [
    Box(300, 108, 620, 288), Box(30, 150, 254, 276), Box(461, 109, 589, 181), Box(200, 60, 440, 240),
])  # fmt: skip
def test_a_film_inside_another_is_found_to_the_pixel(box: Box) -> None:
    assert farthest(found(laid(film(1), film(2), box)), box) <= 1


def test_it_is_found_where_the_film_around_it_stands_still() -> None:
    box = Box(60, 40, 380, 220)
    assert farthest(found(laid(film(1), [film(2)[0]] * FRAMES, box)), box) <= 1


@pytest.mark.parametrize("edge", [1, 2, 4])
def test_a_thin_edge_around_it_is_left_out(edge: int) -> None:
    box = Box(400, 200, 624, 326)
    assert farthest(found(laid(film(3), film(4), box, edge=edge)), box) <= 2


def test_it_is_found_in_the_very_corner() -> None:
    box = Box(WIDTH - 256, HEIGHT - 144, WIDTH, HEIGHT)
    assert farthest(found(laid(film(5), film(6), box)), box) <= 1


def test_it_is_found_between_pillars_of_its_own_height() -> None:
    box = Box(80, 0, 560, HEIGHT)
    blurred = [cv2.GaussianBlur(picture, (0, 0), 16) for picture in film(7)]
    assert farthest(found(laid(film(8), blurred, box)), box) <= 1


def test_it_is_found_in_an_upright_film_as_wide_as_that() -> None:
    box = Box(0, 218, HEIGHT, 421)
    upright = [np.ascontiguousarray(picture.transpose(1, 0, 2)) for picture in film(9)]
    assert farthest(found(laid(film(10), upright, box)), box) <= 1


def test_an_ordinary_film_has_none() -> None:
    assert found(film(1)) == []


def test_a_still_picture_of_a_rectangle_is_no_film() -> None:
    picture = laid(film(1, 1), film(2, 1), Box(300, 108, 620, 288))[0]
    assert found([picture] * FRAMES) == []


def test_there_are_never_more_than_asked_for() -> None:
    pictures = [grey(each) for each in laid(film(1), [film(2)[0]] * FRAMES, Box(60, 40, 380, 220))]
    assert len(insets(pictures, most=1)) == 1


def test_frames_of_several_sizes_and_tiny_frames_have_none() -> None:
    assert insets([np.zeros((360, 640), np.uint8), np.zeros((360, 480), np.uint8)]) == []
    assert insets([np.zeros((40, 60), np.uint8)] * 3) == []
    assert insets([]) == []


def test_overlap_is_one_of_the_same_box_and_nothing_of_another() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(0, 0, 10, 10)) == 1
    assert overlap(Box(0, 0, 10, 10), Box(0, 0, 10, 20)) == pytest.approx(0.5)
    assert overlap(Box(0, 0, 10, 10), Box(10, 0, 20, 10)) == 0


class TestSeenInsets(FilmKindContract):
    def kind(self) -> SeenInsets:
        return SeenInsets()

    def test_a_film_gives_vectors_that_can_be_stored(self) -> None:
        """Only of a film that shows another; five drawings show none."""
        assert_storable(self.watch([drawing(seed) for seed in range(5)]), SeenInsets.table)
        vectors = seen(laid(film(1), film(2), Box(300, 108, 620, 288)), self.kind())
        assert len(vectors.codes)
        assert_storable(vectors, SeenInsets.table)


def test_every_frame_of_the_inner_film_is_near_its_reference() -> None:
    box = Box(300, 108, 620, 288)
    vectors = seen(laid(film(1), film(2), box), SeenInsets())
    whole = seen(film(1), FilmPdq(), EVERY_S)
    for number in range(FRAMES):
        rows = vectors.positions[:, 0] == number * EVERY_S
        true = whole.codes[(whole.positions[:, 0] == number * EVERY_S) & (whole.positions[:, 1] == 0)][0]
        assert min(bits(code, true) for code in vectors.codes[rows]) <= 40


def test_a_mirrored_inner_film_is_near_by_the_other_view() -> None:
    turned = [picture[:, ::-1] for picture in film(1)]
    vectors = seen(laid(turned, film(2), Box(300, 108, 620, 288)), SeenInsets())
    true = seen(film(1), FilmPdq()).codes[0]
    first = vectors.positions[:, 0] == 0

    def nearest(view: int) -> int:
        return min(bits(code, true) for code in vectors.codes[first & (vectors.positions[:, 1] == view)])

    assert nearest(MIRRORED) <= 40 < nearest(AS_IS)


def test_positions_name_the_rectangle_in_fractions_of_the_frame() -> None:
    vectors = seen(laid(film(1), film(2), Box(320, 90, 640 - 32, 252)), SeenInsets())
    true = np.array([320 / WIDTH, 90 / HEIGHT, 608 / WIDTH, 252 / HEIGHT])
    assert (np.abs(vectors.positions[:, 3:] - true).max(axis=1) < 0.01).any()


def test_what_is_flat_inside_is_left_out() -> None:
    flat = [np.full((HEIGHT, WIDTH, 3), 60 * number, np.uint8) for number in range(FRAMES)]
    vectors = seen(laid(flat, film(2), Box(300, 108, 620, 288)), SeenInsets())
    assert (vectors.positions[:, 2] >= LEAST_QUALITY).all()


def test_frames_close_to_each_other_are_all_hashed_with_the_rectangle_of_their_series() -> None:
    pictures = laid(film(1, 8), film(2, 8), Box(300, 108, 620, 288))
    vectors = seen(pictures, SeenInsets(), 1.0)
    assert np.unique(vectors.positions[:, 0]).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_an_ordinary_film_gives_nothing_to_store() -> None:
    assert len(seen(film(1, 6), SeenInsets()).codes) == 0
