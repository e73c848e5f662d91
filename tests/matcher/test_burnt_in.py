"""The promises of matcher.burnt_in: logos and text are found where they are, and nothing where nothing was added."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from matcher import burnt_in, lying
from matcher.burnt_in import Area, Pair
from matcher.interface import Altered
from tests.matcher.burnt import LOGO, SUBTITLES, grey, overlap, squeezed, with_line, with_logo
from tests.matcher.drawn_films import HEIGHT, WIDTH, Picture, drawn

Alter = Callable[[Picture, int], Picture]  # a picture and its number
SEEDS = [1, 2, 3]
CLEAN: dict[str, Alter] = {
    "the same": lambda picture, _number: picture,
    "compressed": lambda picture, _number: squeezed(picture, 15, 1.0),
    "small": lambda picture, _number: squeezed(picture, 30, 0.4),
    "brighter": lambda picture, _number: np.asarray(cv2.convertScaleAbs(picture, alpha=0.8, beta=35), np.uint8),
    "blurred": lambda picture, _number: np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.uint8),
}


def pairs(seed: int, alter: Alter, *, late_s: float = 0.0, altered: Altered | None = None) -> list[Pair]:
    film, found = drawn(seed), []
    for number in range(8):
        at_s = 0.7 + number * 3.3
        copy = alter(film(at_s + late_s), number)
        found.append(burnt_in.laid(grey(copy), grey(film(at_s)), lying.corners(altered)))
    return found


def only(areas: tuple[Area, ...] | None) -> Area:
    assert areas is not None
    (area,) = areas
    return area


@pytest.mark.parametrize("seed", SEEDS)
def test_a_logo_is_found_where_it_is(seed: int) -> None:
    area = only(burnt_in.areas(pairs(seed, lambda picture, _number: squeezed(with_logo(picture)))))
    assert area.kind == "logo"
    assert overlap(area.box, LOGO) >= 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_subtitles_are_found_where_they_are(seed: int) -> None:
    area = only(burnt_in.areas(pairs(seed, lambda picture, number: squeezed(with_line(picture, number)))))
    assert area.kind == "subtitles"
    assert overlap(area.box, SUBTITLES) >= 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_a_logo_and_subtitles_are_told_apart(seed: int) -> None:
    areas = burnt_in.areas(pairs(seed, lambda picture, number: squeezed(with_line(with_logo(picture), number))))
    assert areas is not None
    assert [area.kind for area in areas] == ["logo", "subtitles"]
    assert all(overlap(area.box, true) >= 0.5 for area, true in zip(areas, (LOGO, SUBTITLES), strict=True))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("alter", CLEAN.values(), ids=CLEAN)
def test_nothing_is_found_where_nothing_was_added(seed: int, alter: Alter) -> None:
    assert burnt_in.areas(pairs(seed, alter)) == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_frame_that_is_a_little_late_adds_nothing(seed: int) -> None:
    assert burnt_in.areas(pairs(seed, CLEAN["compressed"], late_s=0.3)) == ()


def test_subtitles_that_are_not_always_there_are_found() -> None:
    some = pairs(1, lambda picture, number: with_line(picture, number) if number in (1, 4, 6) else picture)
    assert only(burnt_in.areas(some)).kind == "subtitles"


def test_what_is_outside_of_a_picture_in_a_picture_is_not_burnt_in() -> None:
    def small(picture: Picture, number: int) -> Picture:
        around = np.random.default_rng(number).integers(0, 255, picture.shape, np.uint8)
        around[18:126, 32:224] = cv2.resize(with_logo(picture), (192, 108), interpolation=cv2.INTER_AREA)
        return around

    outline = ((0.1, 0.1), (0.7, 0.1), (0.7, 0.7), (0.1, 0.7))
    area = only(
        burnt_in.areas(pairs(1, small, altered=Altered(outline, lying.WHOLE, is_mirrored=False, turn_degrees=0.0)))
    )
    assert area.kind == "logo"
    assert area.box.left > 0.1 + 0.6 * LOGO.left - 0.03
    assert area.box.bottom < 0.1 + 0.6 * LOGO.bottom + 0.03


@pytest.mark.parametrize("outline", [((1, 0), (0, 0), (0, 1), (1, 1)), ((0, 0), (1, 0), (1, 1), (0, 1))])
def test_a_mirrored_copy_is_laid_however_its_outline_was_noted(outline: tuple[tuple[float, float], ...]) -> None:
    mirrored = Altered(outline, lying.WHOLE, is_mirrored=True, turn_degrees=0.0)
    laid = pairs(1, lambda picture, _number: np.ascontiguousarray(with_logo(picture)[:, ::-1]), altered=mirrored)
    area = only(burnt_in.areas(laid))
    assert area.box.right < 0.4


def test_corners_that_are_a_little_off_are_put_right() -> None:
    off = 4 / WIDTH
    outline = ((off, off), (1 + off, off), (1, 1 - off), (0, 1 - off))
    roughly = Altered(outline, lying.WHOLE, is_mirrored=False, turn_degrees=0.0)
    laid = pairs(2, CLEAN["compressed"], altered=roughly)
    assert min(burnt_in.likeness(pair) for pair in laid) > 0.95
    assert burnt_in.areas(laid) == ()


def test_nothing_is_said_of_two_films_that_do_not_agree() -> None:
    one, other = drawn(1), drawn(2)
    asked = [burnt_in.laid(grey(one(n * 3.3)), grey(other(n * 3.3)), lying.corners(None)) for n in range(8)]
    assert burnt_in.areas(asked) is None
    assert burnt_in.areas([]) is None


def test_plain_frames_say_nothing() -> None:
    plain = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert burnt_in.areas([burnt_in.laid(plain, plain, lying.corners(None))] * 8) is None
