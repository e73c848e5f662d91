"""Small films drawn for tests: scenes of shapes with things that move, their fingerprints as references, and how they
are put to a shelf when they were seen: at a glance first, then watched where the shelf asks for it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints import kinds
from fingerprints.borders import grey
from fingerprints.interface import Frame, Laid, Vectors, Watch, Watched
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.film_sift import FilmSift
from fingerprints.shown import AtGlance, OnGrid, Pictures, Viewer, straightened
from fingerprints.shown import Picture as OnScreen
from matcher.film_again import looked_again, watched_again
from matcher.films import FilmShelf
from matcher.interface import Comparison

Picture = NDArray[np.uint8]
Film = Callable[[float], Picture]  # what is on screen at a second

WIDTH, HEIGHT = 320, 180
SCENE_S = 2.6
RATE = 24.0  # pictures a second
KEY_RATE = 0.5  # key frames a second; a glance sees nothing else
NOTHING: Mapping[str, Vectors] = MappingProxyType({})


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
    """Return the film's fingerprints as those of a reference, as a decoding child would make them."""
    pdq, sift = FilmPdq(), FilmSift()
    frames, seconds = pdq.begin(), sift.begin()
    for number in range(round(length_s * 4)):
        frame = Frame(film(number / 4), number / 4)
        frames.see(frame)
        if number % 4 == 0:
            seconds.see(frame)
    return {pdq.name: frames.finish(), sift.name: seconds.finish()}


class _OnScreen(OnScreen):
    """A drawn picture, as it is or straightened."""

    def __init__(self, pixels: Picture, laid: Laid | None) -> None:
        self._seen, self._laid = pixels, laid

    @cached_property
    def colours(self) -> Picture:
        return self._seen if self._laid is None else straightened(self._seen, self._laid)

    @cached_property
    def greys(self) -> Picture:
        seen = grey(self._seen)
        return seen if self._laid is None else straightened(seen, self._laid)


class _Drawn(Pictures):
    """One picture of a drawn film in place of a decoded one; drawn when somebody looks at it."""

    def __init__(self, film: Film, at_s: float) -> None:
        self._film, self._at_s = film, at_s
        self._made: dict[Laid | None, OnScreen] = {}

    @cached_property
    def _pixels(self) -> Picture:
        return self._film(self._at_s)

    def laid(self, laid: Laid | None) -> OnScreen:
        if laid not in self._made:
            self._made[laid] = _OnScreen(self._pixels, laid)
        return self._made[laid]


def _play(film: Film, length_s: float, viewers: Sequence[Viewer], *, rate: float) -> None:
    """Show the viewers so many pictures a second."""
    for number in range(round(length_s * rate)):
        drawn_picture = _Drawn(film, number / rate)
        for viewer in viewers:
            viewer.look(drawn_picture, number / rate, (number + 1) / rate)


def glanced(film: Film, length_s: float) -> Mapping[str, Vectors]:
    """Return what the kinds for sightings say of the film's key frames."""
    viewers = {name: AtGlance(kind) for name, kind in kinds.seen_kinds().items()}
    _play(film, length_s, list(viewers.values()), rate=KEY_RATE)
    return {name: viewer.finish() for name, viewer in viewers.items()}


def watched(film: Film, length_s: float, watches: Sequence[Watch]) -> Watched:
    """Return what the kinds for sightings say of stretches of the film, straightened where a watch says how."""
    known = kinds.seen_kinds()
    viewers = [
        {name: OnGrid(known[name], first_s=each.start_s, last_s=each.end_s, laid=each.laid) for name in each.kinds}
        for each in watches
    ]
    _play(film, length_s, [viewer for some in viewers for viewer in some.values()], rate=RATE)
    return Watched(None, tuple({name: viewer.finish() for name, viewer in some.items()} for some in viewers))


def shelved(references: Mapping[int, Mapping[str, Vectors]]) -> FilmShelf:
    """Return a shelf with these films on it."""
    made = FilmShelf()
    for number, vectors in references.items():
        made.add(number, vectors)
    return made


def compared(shelf: FilmShelf, film: Film, length_s: float, also: Mapping[str, Vectors] = NOTHING) -> list[Comparison]:
    """Return what the shelf says of a film that was seen, in both passes.

    `also`: what else a glance tells of it, as its sound.
    """
    glance = {**glanced(film, length_s), **also}
    glance = looked_again(glance, length_s, lambda watches: watched(film, length_s, watches))
    promise = shelf.promising(glance, length_s)
    told = watched(film, length_s, [each.watch for each in promise.asked])
    further = shelf.further(glance, promise, told.seen, duration_s=length_s)
    promise, told = watched_again(promise, told, further, lambda watches: watched(film, length_s, watches))
    return shelf.compare(glance, promise, told.seen)
