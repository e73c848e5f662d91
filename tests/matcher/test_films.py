"""What the shelf of films says of copies, of unrelated films, and of what proves nothing."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import pytest

from fingerprints.interface import Sound, Vectors
from fingerprints.kinds.sound_bits import RATE_HZ, SoundBits
from matcher.films import FilmShelf
from matcher.interface import Comparison
from tests.fingerprints.test_kinds_sound import tune
from tests.matcher.drawn_films import HEIGHT, WIDTH, Picture, altered, clip, compared, described, drawn, shelved

Alter = Callable[[Picture], Picture]

WORK, OTHER_WORK = 11, 12
LENGTH_S = 40


@pytest.fixture(scope="module")
def references() -> Mapping[int, Mapping[str, Vectors]]:
    return {WORK: described(drawn(1), LENGTH_S), OTHER_WORK: described(drawn(2), LENGTH_S)}


@pytest.fixture(scope="module")
def shelf(references: Mapping[int, Mapping[str, Vectors]]) -> FilmShelf:
    return shelved(references)


def the_only(comparisons: list[Comparison]) -> Comparison:
    (found,) = comparisons
    return found


def unaltered(picture: Picture) -> Picture:
    return picture


def copied(shelf: FilmShelf, alter: Alter = unaltered, *, length_s: float = 12, speed: float = 1.0) -> list[Comparison]:
    """Return what is said of a stranger's film of which seconds 5.3 and on are seconds 8.1 and on of WORK."""
    film = clip(drawn(1), drawn(9), start_s=8.1, at_s=5.3, length_s=length_s, speed=speed)
    return compared(shelf, altered(film, alter), length_s + 10)


def assert_found(found: Comparison, *, speed: float = 1.0, length_s: float = 12, within_s: float = 0.1) -> None:
    assert found.reference_id == WORK
    (segment,) = found.segments
    assert segment.query_start_s == pytest.approx(5.3, abs=within_s)
    assert segment.query_end_s == pytest.approx(5.3 + length_s, abs=within_s)
    assert segment.reference_start_s == pytest.approx(8.1, abs=max(within_s, 0.125))  # a reference is seen every .25 s
    assert segment.speed == pytest.approx(speed, abs=0.01)


def test_a_copied_stretch_is_a_copy_with_its_place_on_both_sides(shelf: FilmShelf) -> None:
    found = the_only(copied(shelf))
    assert_found(found, within_s=0.05)
    assert found.lane == "copy"
    assert found.score >= 0.9


def test_a_credited_clip_of_twenty_seconds_counts_as_twenty_seconds(shelf: FilmShelf) -> None:
    assert the_only(copied(shelf, length_s=20)).matched_seconds == pytest.approx(20, abs=0.1)


def test_a_mirrored_copy_is_found_and_said_to_be_mirrored(shelf: FilmShelf) -> None:
    found = the_only(copied(shelf, lambda picture: picture[:, ::-1]))
    assert_found(found)
    assert "The copy is mirrored." in [reason.says for reason in found.reasons]


@pytest.mark.parametrize("speed", [0.8, 1.1, 1.25])
def test_a_faster_or_slower_copy_is_found_with_its_speed(shelf: FilmShelf, speed: float) -> None:
    assert_found(the_only(copied(shelf, speed=speed)), speed=speed)


def cropped(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture[40:166, 60:284], (WIDTH, HEIGHT)), np.uint8)


def letterboxed(picture: Picture) -> Picture:
    return np.asarray(cv2.copyMakeBorder(picture, 34, 34, 0, 0, cv2.BORDER_CONSTANT), np.uint8)


def subtitled(picture: Picture) -> Picture:
    out = picture.copy()
    cv2.putText(out, "Who goes there?", (60, 165), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    return out


@pytest.mark.parametrize("alter", [cropped, letterboxed, subtitled])
def test_a_framed_or_written_on_copy_is_found(shelf: FilmShelf, alter: Alter) -> None:
    found = the_only(copied(shelf, alter))
    assert_found(found, within_s=0.1)
    assert found.lane == "copy"


def test_a_picture_in_a_picture_is_found_with_its_outline(shelf: FilmShelf) -> None:
    def inset(at_s: float) -> Picture:
        picture = drawn(9)(at_s)
        picture[60:150, 100:260] = cv2.resize(drawn(1)(at_s), (160, 90), interpolation=cv2.INTER_AREA)
        return picture

    found = the_only(compared(shelf, inset, 14))
    assert found.reference_id == WORK
    assert np.allclose(found.outline[0], (100 / WIDTH, 60 / HEIGHT), atol=0.02)
    assert np.allclose(found.outline[2], (260 / WIDTH, 150 / HEIGHT), atol=0.02)


def test_a_montage_counts_every_clip_once(shelf: FilmShelf) -> None:
    film = clip(drawn(1), drawn(9), start_s=20, at_s=3, length_s=6)
    film = clip(drawn(1), film, start_s=5, at_s=12, length_s=6)
    found = the_only(compared(shelf, film, 22))
    assert found.matched_seconds == pytest.approx(12, abs=0.1)
    assert [round(segment.reference_start_s) for segment in found.segments] == [20, 5]


def test_an_unrelated_film_is_no_match(shelf: FilmShelf) -> None:
    assert compared(shelf, drawn(9), 30) == []


@pytest.mark.parametrize("value", [0, 90, 255])
def test_flat_frames_are_no_match(shelf: FilmShelf, value: int) -> None:
    assert compared(shelf, lambda _: np.full((HEIGHT, WIDTH, 3), value, np.uint8), 10) == []


def test_noise_is_no_match(shelf: FilmShelf) -> None:
    random = np.random.default_rng(1)
    assert compared(shelf, lambda _: random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), 10) == []


def test_one_still_of_a_film_is_never_called_a_copy(shelf: FilmShelf) -> None:
    still = drawn(1)(10.2)
    for found in compared(shelf, lambda _: still, 20):
        assert found.lane == "lead"


def test_a_shared_opening_is_named_but_proves_nothing(references: Mapping[int, Mapping[str, Vectors]]) -> None:
    shelf = FilmShelf()
    shelf.add(WORK, references[WORK], exclusions=[(0.0, 10.0)])
    opening_alone = clip(drawn(1), drawn(9), start_s=0, at_s=4, length_s=10)
    found = the_only(compared(shelf, opening_alone, 20))
    assert found.lane == "lead"
    assert found.matched_seconds < 1
    assert "the shared opening" in [reason.signal for reason in found.reasons]


def test_what_follows_a_shared_opening_is_a_copy_and_the_opening_is_not_counted(
    references: Mapping[int, Mapping[str, Vectors]],
) -> None:
    shelf = FilmShelf()
    shelf.add(WORK, references[WORK], exclusions=[(0.0, 10.0)])
    found = the_only(compared(shelf, drawn(1), 30))
    assert found.lane == "copy"
    assert found.matched_seconds == pytest.approx(20, abs=0.5)


def test_a_film_taken_off_the_shelf_is_found_no_more(references: Mapping[int, Mapping[str, Vectors]]) -> None:
    shelf = FilmShelf()
    for number, vectors in references.items():
        shelf.add(number, vectors)
    shelf.remove(WORK)
    shelf.remove(999)
    assert len(shelf) == 1
    assert copied(shelf) == []
    assert the_only(compared(shelf, drawn(2), 12)).reference_id == OTHER_WORK


def test_a_film_put_on_the_shelf_again_counts_once(references: Mapping[int, Mapping[str, Vectors]]) -> None:
    shelf = FilmShelf()
    shelf.add(WORK, references[WORK])
    shelf.add(WORK, references[WORK])
    assert len(shelf) == 1
    assert_found(the_only(copied(shelf)))


def test_an_empty_shelf_finds_nothing() -> None:
    assert copied(FilmShelf()) == []


def test_a_film_of_which_nothing_is_known_is_no_match(shelf: FilmShelf) -> None:
    assert shelf.compare({}, shelf.promising({}, 60)) == []


def heard(samples: np.ndarray) -> Mapping[str, Vectors]:
    return {"sound-bits": SoundBits().describe(Sound(samples.astype(np.float32), RATE_HZ))}


def sounding(shelf: FilmShelf, samples: np.ndarray) -> list[Comparison]:
    """Return what is said of a recording without pictures, of which there is nothing to watch."""
    promise = shelf.promising(heard(samples), len(samples) / RATE_HZ)
    assert not promise.asked
    return shelf.compare(heard(samples), promise)


def test_sound_alone_is_a_lead_and_never_a_copy() -> None:
    shelf = FilmShelf(likely_copy=0.01, worth_a_look=0.01)
    shelf.add(WORK, heard(tune(1, 60)))
    query = np.concatenate([tune(2, 10), tune(1, 60)[RATE_HZ * 20 : RATE_HZ * 40], tune(3, 10)])
    found = the_only(sounding(shelf, query))
    assert found.lane == "lead"
    (segment,) = found.segments
    assert segment.query_start_s == pytest.approx(10, abs=2)
    assert segment.query_end_s == pytest.approx(30, abs=2)
    assert segment.reference_start_s - segment.query_start_s == pytest.approx(10, abs=0.2)


def test_other_sound_is_no_match() -> None:
    shelf = FilmShelf(worth_a_look=0.01)
    shelf.add(WORK, heard(tune(1, 60)))
    assert sounding(shelf, tune(2, 60)) == []


def test_sound_that_agrees_is_told_beside_the_pictures(references: Mapping[int, Mapping[str, Vectors]]) -> None:
    shelf = FilmShelf()
    shelf.add(WORK, {**references[WORK], **heard(tune(1, LENGTH_S))})
    found = the_only(compared(shelf, drawn(1), 20, heard(tune(1, 20))))
    assert found.lane == "copy"
    assert "sound agrees" in [reason.signal for reason in found.reasons]


def test_a_work_of_which_hashes_alone_are_kept_is_found_by_them(
    references: Mapping[int, Mapping[str, Vectors]],
) -> None:
    shelf = FilmShelf()
    shelf.add(WORK, {"film-pdq": references[WORK]["film-pdq"]})
    assert_found(the_only(copied(shelf)))
