"""What the shelf of pictures promises: altered copies are found, with their place, and nothing else is."""

import cv2
import numpy as np
import pytest

from fingerprints.interface import Vectors
from matcher.interface import Comparison
from matcher.pictures import PictureShelf
from tests.matcher.drawn_pictures import Alter, Picture, described, described_drawing, drawn, same, vectors

SEEDS = (3, 4, 8, 10, 11, 13)
WANTED = 11


def vectors_of(seed: int) -> dict[str, Vectors]:
    return vectors(described_drawing(seed))


def shelf(*seeds: int) -> PictureShelf:
    made = PictureShelf()
    for seed in seeds:
        made.add(seed, vectors_of(seed))
    return made


def found(made: PictureShelf, picture: Picture) -> list[Comparison]:
    return made.compare(vectors(described(picture)), vectors_of)


def mirrored(picture: Picture) -> Picture:
    return picture[:, ::-1]


def upside_down(picture: Picture) -> Picture:
    return picture[::-1, ::-1]


def cropped(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    return picture[height // 5 : height * 4 // 5, width // 5 : width * 4 // 5]


def mirrored_crop(picture: Picture) -> Picture:
    return mirrored(cropped(picture))


def small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA))


def turned(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 9, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderValue=(128, 128, 128)))


def framed(picture: Picture) -> Picture:
    return np.asarray(cv2.copyMakeBorder(picture, 90, 20, 30, 60, cv2.BORDER_CONSTANT, value=(0, 0, 0)))


def inside_another(picture: Picture) -> Picture:
    ground = cv2.resize(drawn(20), (800, 800))
    height, width = picture.shape[:2]
    factor = 420 / max(height, width)
    placed = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    ground[300 : 300 + placed.shape[0], 80 : 80 + placed.shape[1]] = placed
    return np.asarray(ground)


@pytest.fixture(scope="module")
def six() -> PictureShelf:
    return shelf(*SEEDS)


@pytest.mark.parametrize(
    "alter", [same, mirrored, upside_down, cropped, mirrored_crop, small, turned, framed, inside_another]
)
def test_an_altered_copy_is_a_likely_copy_of_its_reference_alone(six: PictureShelf, alter: Alter) -> None:
    comparisons = found(six, alter(drawn(WANTED)))
    assert [each.reference_id for each in comparisons] == [WANTED]
    assert comparisons[0].lane == "copy"
    assert comparisons[0].transform is not None
    assert comparisons[0].transform.is_mirrored == (alter in (mirrored, mirrored_crop))


def test_an_unrelated_picture_matches_nothing(six: PictureShelf) -> None:
    assert [found(six, drawn(seed)) for seed in (20, 21, 22, 23)] == [[], [], [], []]


@pytest.mark.parametrize("seeds", [(WANTED,), SEEDS])
def test_one_reference_is_found_as_well_as_many(seeds: tuple[int, ...]) -> None:
    assert [each.reference_id for each in found(shelf(*seeds), inside_another(drawn(WANTED)))] == [WANTED]


def test_an_empty_shelf_finds_nothing() -> None:
    assert found(shelf(), drawn(WANTED)) == []


def test_a_page_that_holds_two_references_names_both(six: PictureShelf) -> None:
    pages = [cv2.resize(drawn(seed), (500, 700), interpolation=cv2.INTER_AREA) for seed in (11, 13)]
    assert {each.reference_id for each in found(six, np.hstack(pages))} == {11, 13}


def test_what_was_taken_off_the_shelf_is_not_found() -> None:
    made = shelf(*SEEDS)
    made.remove(WANTED)
    made.remove(999)
    assert found(made, drawn(WANTED)) == []
    assert len(made) == len(SEEDS) - 1


def test_putting_a_reference_on_twice_keeps_one() -> None:
    made = shelf(WANTED, WANTED)
    assert len(made) == 1
    assert len(found(made, drawn(WANTED))) == 1


def test_a_flat_picture_is_no_error(six: PictureShelf) -> None:
    assert found(six, np.full((300, 200, 3), 250, np.uint8)) == []
    assert found(six, np.full((1, 1, 3), 0, np.uint8)) == []


def test_a_reference_that_came_as_fingerprints_alone_is_found() -> None:
    bare = {name: found for name, found in vectors_of(WANTED).items() if name != "thumb"}
    made = PictureShelf()
    made.add(WANTED, bare)
    comparisons = made.compare(vectors(described(small(drawn(WANTED)))), lambda _: bare)
    assert [each.lane for each in comparisons] == ["copy"]
    assert all(reason.signal != "page agrees after alignment" for reason in comparisons[0].reasons)


def test_pictures_described_by_other_kinds_only_are_no_error(six: PictureShelf) -> None:
    strange = {"colour-mood": vectors_of(WANTED)["thumb"]}
    made = PictureShelf()
    made.add(1, strange)
    assert len(made) == 0
    assert six.compare(strange, vectors_of) == []


def test_the_outline_says_where_the_copy_lies(six: PictureShelf) -> None:
    picture = drawn(WANTED)
    (comparison,) = found(six, inside_another(picture))
    factor = 420 / max(picture.shape[:2])
    right, bottom = 80 + picture.shape[1] * factor, 300 + picture.shape[0] * factor
    expected = np.array([(80, 300), (right, 300), (right, bottom), (80, bottom)]) / 800
    assert np.abs(np.array(comparison.outline) - expected).max() < 0.03


def test_the_matrix_maps_the_reference_into_the_query(six: PictureShelf) -> None:
    picture = drawn(WANTED)
    (comparison,) = found(six, mirrored(picture))
    assert comparison.transform is not None
    width, height = picture.shape[1::-1]
    assert comparison.transform.query_size == (width, height)
    corner = np.array(comparison.transform.matrix) @ (0, 0, 1)
    assert np.allclose(corner, (width, 0), atol=0.03 * width)


def test_two_looks_at_one_picture_say_the_same(six: PictureShelf) -> None:
    assert found(six, turned(drawn(WANTED))) == found(shelf(*SEEDS), turned(drawn(WANTED)))
