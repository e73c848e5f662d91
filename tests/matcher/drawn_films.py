"""Small films drawn for tests: scenes of shapes with things that move, and their fingerprints."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Frame, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.film_sift import FilmSift

Picture = NDArray[np.uint8]
Film = Callable[[float], Picture]  # what is on screen at a second

WIDTH, HEIGHT = 320, 180
SCENE_S = 2.6


def drawn(seed: int) -> Film:
    """Return a film of scenes; another seed is another film."""
    scenes: dict[int, Picture] = {}

    def at(at_s: float) -> Picture:
        number = int(at_s // SCENE_S)
        if number not in scenes:
            scenes[number] = _scene(np.random.default_rng([seed, number]))
        picture = scenes[number].copy()
        walk = np.random.default_rng([seed, number, 1])
        for _ in range(3):
            x, y, dx, dy = walk.integers([20, 20, -40, -25], [WIDTH - 20, HEIGHT - 20, 40, 25])
            along = at_s - number * SCENE_S
            cv2.circle(picture, (int(x + dx * along), int(y + dy * along)), 17, walk.integers(0, 255, 3).tolist(), -1)
        return picture

    return at


def _scene(random: np.random.Generator) -> Picture:
    picture = np.full((HEIGHT, WIDTH, 3), random.integers(40, 220, 3), np.uint8)
    for _ in range(40):
        x, y = (int(each) for each in random.integers([0, 0], [WIDTH, HEIGHT]))
        colour = random.integers(0, 255, 3).tolist()
        if random.random() < 0.5:
            cv2.ellipse(picture, (x, y), tuple(random.integers(5, 45, 2).tolist()), x, 0, 360, colour, -1)
        else:
            corner = (x + int(random.integers(8, 60)), y + int(random.integers(8, 60)))
            cv2.rectangle(picture, (x, y), corner, colour, -1)
    return picture


def clip(source: Film, around: Film, *, start_s: float, at_s: float, length_s: float, speed: float = 1.0) -> Film:
    """Return `around` with a stretch of `source` in it."""

    def at(now_s: float) -> Picture:
        if at_s <= now_s < at_s + length_s:
            return source(start_s + speed * (now_s - at_s))
        return around(now_s)

    return at


def altered(film: Film, alter: Callable[[Picture], Picture]) -> Film:
    """Return the film with every picture altered."""
    return lambda at_s: np.ascontiguousarray(alter(film(at_s)))


def described(film: Film, length_s: float) -> Mapping[str, Vectors]:
    """Return the film's fingerprints, as a decoding child would."""
    pdq, sift = FilmPdq(), FilmSift()
    frames, seconds = pdq.begin(), sift.begin()
    for number in range(round(length_s * 4)):
        frame = Frame(film(number / 4), number / 4)
        frames.see(frame)
        if number % 4 == 0:
            seconds.see(frame)
    return {pdq.name: frames.finish(), sift.name: seconds.finish()}
