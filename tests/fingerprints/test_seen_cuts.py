"""Cuts are found to the frame, and neither motion, a held picture nor a slow change is one."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fingerprints import screening, watching
from fingerprints.interface import Depth, Frame, Vectors, Watch
from fingerprints.kinds.seen_cuts import SeenCuts
from fingerprints.sniff import HEAD_BYTES, sniff
from fingerprints.testing import drawing
from tests.fingerprints import clips, media

FPS = 24


def cuts(pictures: Sequence[np.ndarray], step_s: float = 1 / FPS) -> Vectors:
    run = SeenCuts().begin()
    for number, picture in enumerate(pictures):
        run.see(Frame(picture, number * step_s))
    return run.finish()


def numbers(pictures: Sequence[np.ndarray]) -> list[int]:
    """Which of the pictures are the first of a new shot."""
    return [round(float(at_s) * FPS) for at_s in cuts(pictures).positions[:, 0]]


def panned(seed: int, count: int, step_px: int) -> list[np.ndarray]:
    wide = cv2.GaussianBlur(drawing(seed, 320 + count * step_px, 180), (0, 0), 6)
    return [wide[:, number * step_px :][:, :320] for number in range(count)]


def test_a_cut_is_where_the_first_new_frame_is():
    assert numbers([drawing(1)] * 10 + [drawing(2)] * 7 + [drawing(3)] * 5) == [10, 17]


def test_a_cut_between_moving_pictures_is_found():
    assert numbers(panned(1, 12, 3) + panned(2, 12, 3)) == [12]


def test_a_film_that_shows_every_picture_twice_is_cut_where_it_is_cut():
    twice = [picture for picture in panned(1, 8, 3) + panned(2, 8, 3) for _ in range(2)]
    assert numbers(twice) == [16]


def test_a_pan_is_no_cut():
    assert numbers(panned(1, 24, 5)) == []


def test_a_fade_is_no_cut():
    one, other = drawing(1), drawing(2)
    faded = [cv2.addWeighted(one, 1 - share, other, share, 0) for share in np.linspace(0, 1, FPS)]
    assert numbers(faded) == []


def test_drawings_that_each_stay_for_a_sixth_of_a_second_are_motion():
    moving = [picture for picture in panned(1, 10, 25) for _ in range(4)]
    assert numbers(moving)[1:] == []  # that it begins to move at once looks like a cut


def test_a_title_or_an_eye_that_opens_is_no_cut():
    titled = drawing(1)
    titled[200:230, 40:280] = 255
    assert numbers([drawing(1)] * 5 + [titled] * 5) == []


def test_a_code_says_how_much_of_the_picture_changed():
    black, white = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8)
    half = black.copy()
    half[:45] = 255
    assert cuts([black, white]).codes.tolist() == [[255]]
    assert cuts([black, half]).codes.tolist() == [[128]]


def described(path: Path, depth: Depth) -> Vectors:
    form = sniff(path.read_bytes()[:HEAD_BYTES])
    found = screening.screen(path, form, media.LIMITS, films=[SeenCuts()], sounds=(), depth=depth)
    return found.fingerprints["seen-cuts", 1]


def test_a_watch_finds_them_in_a_coded_film_and_a_glance_asks_for_none(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 6)  # another drawing every second
    form = sniff(path.read_bytes()[:HEAD_BYTES])
    watch = Watch(1.5, 4.5, ("seen-cuts",))
    [seen] = watching.watch(path, form, media.LIMITS, [watch], kinds={"seen-cuts": SeenCuts()})
    assert seen["seen-cuts"].positions[:, 0].tolist() == [2, 3, 4]
    assert len(described(path, "glance").codes) == 0
