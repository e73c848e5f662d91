"""What film-pdq and film-sift promise about films."""

import cv2
import numpy as np
import pytest

from fingerprints import packing
from fingerprints.interface import FilmKind, Frame, Vectors
from fingerprints.keypoints import mirrored
from fingerprints.kinds.film_pdq import (
    CENTRE_72,
    CENTRE_85,
    FULL,
    MIRRORED,
    ONE_GREY,
    TRIMMED,
    FilmPdq,
    SeenPdq,
    one_grey,
)
from fingerprints.kinds.film_sift import LARGE, LARGE_PX, STRONGEST, FilmSift, SeenSift
from fingerprints.kinds.rootsift import RootSift
from fingerprints.quantised import packed, unpacked
from tests.matcher.drawn_films import Film, altered, drawn


def described(kind: FilmKind, film: Film, length_s: float) -> Vectors:
    seen = kind.begin()
    for number in range(round(length_s * kind.frames_per_second)):
        at_s = number / kind.frames_per_second
        seen.see(Frame(film(at_s), at_s))
    return seen.finish()


def view(vectors: Vectors, number: int) -> np.ndarray:
    return np.asarray(vectors.codes[vectors.positions[:, 1] == number])


def bits(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=1))


@pytest.mark.parametrize("kind", [FilmPdq(), FilmSift(), SeenPdq(), SeenSift()])
def test_rows_come_in_order_of_time(kind: FilmKind) -> None:
    assert (np.diff(described(kind, drawn(2), 9).positions[:, 0]) >= 0).all()


def test_a_mirrored_film_is_near_the_mirrored_view() -> None:
    original = described(FilmPdq(), drawn(3), 4)
    copy = described(SeenPdq(), altered(drawn(3), lambda picture: picture[:, ::-1]), 4)
    assert bits(view(original, FULL), view(copy, MIRRORED)).max() <= 4
    assert bits(view(original, FULL), view(copy, FULL)).min() > 60


def test_a_letterboxed_film_is_near_the_original_once_its_bars_are_off() -> None:
    def letterboxed(picture: np.ndarray) -> np.ndarray:
        return np.pad(picture, ((30, 30), (0, 0), (0, 0)))

    original = described(FilmPdq(), drawn(4), 4)
    copy = described(SeenPdq(), altered(drawn(4), letterboxed), 4)
    assert bits(view(original, FULL), view(copy, TRIMMED)).max() <= 30


def test_a_film_without_bars_has_no_trimmed_view() -> None:
    assert len(view(described(FilmPdq(), drawn(4), 2), TRIMMED)) == 0


def test_flat_frames_are_told_by_their_quality() -> None:
    vectors = described(FilmPdq(), lambda _: np.full((180, 320, 3), 80, np.uint8), 1)
    assert (vectors.positions[:, 2] < 50).all()


def with_a_line_of_type(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.putText(picture, "Chapter 7", (110, 96), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (230,) * 3, 1))


def test_black_and_cards_are_of_one_grey_and_a_dim_scene_is_not() -> None:
    dim = drawn(6)(0.0) // 6
    noise = np.random.default_rng(1).normal(20, 3, (180, 320, 1)).repeat(3, axis=2).clip(0, 255).astype(np.uint8)
    card = with_a_line_of_type(np.full((180, 320, 3), 12, np.uint8))
    scenes = {"card": card, "noise": noise, "dim": dim, "bright": drawn(6)(0.0)}
    share = {name: described(SeenPdq(), lambda _, one=one: one, 1).positions[:, 3] for name, one in scenes.items()}
    assert share["card"].min() >= 97
    assert share["noise"].min() >= 97
    assert share["dim"].max() < 90
    assert share["bright"].max() < 40


@pytest.mark.parametrize(("level", "others"), [(0, 0.0), (255, 0.25), (100, 0.5)])
def test_the_share_of_one_grey_is_counted_around_the_middle_one(level: int, others: float) -> None:
    picture = np.full((10, 20), level, np.uint8)
    picture.ravel()[: int(200 * others)] = (level + 100) % 256
    picture.ravel()[-3:] = abs(level - ONE_GREY)  # the farthest that still counts
    assert one_grey(picture) == pytest.approx(100 * (1 - others), abs=1)


def test_a_held_picture_is_described_once_with_its_span() -> None:
    scene = drawn(5)
    vectors = described(FilmSift(), lambda at_s: scene(0.0) if at_s < 7 else scene(40.0), 10)
    assert np.unique(vectors.positions[:, :2], axis=0).tolist() == [[0, 7], [7, 3]]


def test_a_key_frame_is_held_for_no_longer_than_it_was_seen() -> None:
    seen = SeenSift().begin()
    for at_s in (0.0, 2.0, 4.0, 6.0):
        seen.see(Frame(drawn(5)(0.0 if at_s in (2.0, 4.0) else at_s * 20 + 40), at_s))
    spans = np.unique(seen.finish().positions[:, :2], axis=0)
    assert spans.tolist() == [[0, 0.5], [2, 2.5], [6, 0.5]]


def test_a_reference_keeps_the_strongest_points_and_the_strongest_large_ones() -> None:
    every, kept = (described(kind, drawn(6), 1) for kind in (SeenSift(), FilmSift()))
    first = every.positions[:, 0] == 0
    large = every.positions[first, 4] >= LARGE_PX
    expected = np.concatenate([np.arange(STRONGEST), STRONGEST + np.flatnonzero(large[STRONGEST:])[:LARGE]])
    assert STRONGEST < len(kept.codes) < first.sum()
    assert np.array_equal(kept.codes, every.codes[first][expected])
    assert np.array_equal(kept.positions[:, 2:], every.positions[first][expected][:, 2:])


def test_a_reference_has_three_views_and_with_bars_the_centre_of_the_picture_between_them() -> None:
    def barred(picture: np.ndarray) -> np.ndarray:
        return np.pad(picture, ((40, 40), (0, 0), (0, 0)))

    plain, letterboxed = (described(FilmPdq(), film, 1) for film in (drawn(4), altered(drawn(4), barred)))
    assert plain.positions[:3, 1].tolist() == [FULL, CENTRE_85, CENTRE_72]
    assert letterboxed.positions[:3, 1].tolist() == [FULL, TRIMMED, CENTRE_85]
    assert bits(view(plain, CENTRE_85), view(letterboxed, CENTRE_85)).max() <= 40
    assert set(described(SeenPdq(), drawn(4), 1).positions[:, 1]) == {FULL, MIRRORED}


@pytest.mark.parametrize(("kind", "most_mb"), [(FilmPdq(), 1.5), (FilmSift(), 12.0)])
def test_an_hour_of_a_reference_takes_no_more_room_than_is_said(kind: FilmKind, most_mb: float) -> None:
    seconds, seen = 40, kind.begin()
    for number in range(round(seconds * kind.frames_per_second)):
        at_s = 3200 + number / kind.frames_per_second
        seen.see(Frame(busy(number), at_s))
    vectors = seen.finish()
    stored = len(packing.codes_bytes(vectors)) + len(packing.squeezed_positions(vectors))
    assert 0.5 * most_mb < stored / seconds * 3600 / 1e6 <= most_mb


def busy(number: int) -> np.ndarray:
    """Return a picture with more points than are kept, another one for every number."""
    random = np.random.default_rng(number)
    made = np.zeros((360, 640, 3))
    for cell_px in (8, 20, 40):
        cells = random.integers(0, 85, (360 // cell_px, 640 // cell_px, 3)).astype(np.uint8)
        made += cv2.GaussianBlur(cv2.resize(cells, (640, 360), interpolation=cv2.INTER_NEAREST), (0, 0), cell_px / 6)
    return np.asarray(made, np.uint8)


def test_a_dark_film_has_no_points() -> None:
    assert len(described(FilmSift(), lambda _: np.zeros((180, 320, 3), np.uint8), 3).codes) == 0


def test_points_of_the_mirrored_picture_need_not_be_seen_again() -> None:
    original, copy = (
        unpacked(described(FilmSift(), film, 1).codes)
        for film in (drawn(6), altered(drawn(6), lambda picture: picture[:, ::-1]))
    )
    nearest = np.array([np.linalg.norm(copy.astype(float) - each, axis=1).min() for each in mirrored(original)])
    assert np.mean(nearest < 260) > 0.7  # unrelated ones are 400 apart
    assert np.array_equal(mirrored(mirrored(original)), original)


def test_a_packed_descriptor_stands_for_one_near_by() -> None:
    codes = RootSift().describe(Frame(drawn(6)(0.0))).codes
    again = unpacked(packed(codes))
    assert packed(codes).shape == (len(codes), 16)
    assert np.linalg.norm(codes.astype(float) - again, axis=1).mean() < 180
    assert np.array_equal(packed(again), packed(unpacked(packed(again))))
