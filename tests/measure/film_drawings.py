"""Limited animation drawn by code alone: series with an opening, an ending, characters and paintings of their own.

Two series share nothing. Two episodes of one series share its opening, its ending and its characters, never a painting:
what else they have in common would be a fault of this file, not of whoever compares them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.measure import drawings

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Colour = tuple[int, int, int]
Spans = tuple[tuple[float, float], ...]

WIDE_PX, HIGH_PX = 480, 270
DRAWN = "drawn "  # names of drawn films: "drawn 31/2" is episode 2 of series 31
TWOS, THREES = 12, 8  # new drawings a second, of film at 24 frames a second
COLD_S, OPENING_S, ENDING_S = 6.0, 15.0, 12.0
BREAK_S = (1.0, 3.0)  # in the middle of an episode: black, then a card with the title alone
SHARED_BY_ALL = 0  # the number of the episode that opening and ending belong to
SYLLABLES = ("ka", "mi", "ro", "ten", "shu", "ya", "no", "ri", "go", "ze", "ha", "su", "ne", "bo", "ki", "ran")
MOVES = ("talk", "talk", "talk", "held", "pan", "zoom", "walk", "rush")


@dataclass(frozen=True)
class Character:
    """One drawn person; two persons differ in every proportion."""

    skin: Colour
    hair: Colour
    iris: Colour
    coat: Colour
    wide: float  # of the head, in heads
    gap: float  # between the eyes
    eye: float
    spikes: tuple[tuple[float, float], ...]  # tips of the hair, in heads from the middle of the face


@dataclass(frozen=True)
class Shot:
    """One take between two cuts."""

    begin_s: float
    end_s: float
    move: str
    key: tuple[int, int, int]  # series, episode, number: what everything in it is drawn from


@dataclass(frozen=True)
class Episode:
    """One film of a series, by the second."""

    series: int
    number: int
    duration_s: float
    width: int = WIDE_PX
    height: int = HIGH_PX

    @property
    def name(self) -> str:
        """How the film is called in the tables."""
        return f"{DRAWN}{self.series}/{self.number}"

    @property
    def aspect(self) -> float:
        """Height over width."""
        return self.height / self.width

    @property
    def opening(self) -> tuple[float, float]:
        """When the opening runs."""
        return COLD_S, COLD_S + OPENING_S

    @property
    def ending(self) -> tuple[float, float]:
        """When the ending runs."""
        return self.duration_s - ENDING_S, self.duration_s

    @property
    def shared(self) -> Spans:
        """The stretches that every episode of this series has."""
        return self.opening, self.ending

    @property
    def parts(self) -> Spans:
        """The two stretches of this episode's own drawings, before and after the break."""
        middle = (self.opening[1] + self.ending[0]) / 2
        return (self.opening[1], middle), (middle + sum(BREAK_S), self.ending[0])

    @cached_property
    def shots(self) -> tuple[Shot, ...]:
        """The takes in order, without gaps."""
        (_, middle), (after, _) = self.parts
        return (
            *_takes((self.series, self.number), 0, 0.0, COLD_S),
            *_takes((self.series, SHARED_BY_ALL), 0, *self.opening),
            *_takes((self.series, self.number), 100, self.opening[1], middle),
            Shot(middle, middle + BREAK_S[0], "black", (self.series, self.number, 0)),
            Shot(middle + BREAK_S[0], after, "card", (self.series, self.number, 0)),
            *_takes((self.series, self.number), 200, after, self.ending[0]),
            *_takes((self.series, SHARED_BY_ALL), 300, *self.ending),
        )

    def at(self, at_s: float) -> Picture:
        """Return what is on screen at a second; a film that is over begins again."""
        at_s %= self.duration_s
        shot = next((each for each in self.shots if at_s < each.end_s), self.shots[-1])
        return _stage(shot, self.width, self.height).at(at_s - shot.begin_s)

    def frames(self, rate: float) -> Iterator[tuple[float, Picture]]:
        """Yield (second, picture), `rate` to a second."""
        for number in range(int(self.duration_s * rate)):
            yield number / rate, self.at(number / rate)


def episode(name: str, duration_s: float) -> Episode:
    """Return the drawn film of this name."""
    series, number = name.removeprefix(DRAWN).split("/")
    return Episode(int(series), int(number), duration_s)


def _takes(of: tuple[int, int], first: int, begin_s: float, end_s: float) -> Iterator[Shot]:
    """Yield takes of two to six seconds that fill a stretch."""
    random = np.random.default_rng((*of, first))
    lengths = random.uniform(2, 6, int((end_s - begin_s) / 2) + 1)
    within = [at_s for at_s in accumulate(lengths, initial=begin_s) if at_s < end_s - 1.5]
    for number, (start, end) in enumerate(pairwise([*within, end_s])):
        # Cuts fall on frames of a 24th of a second, as in any film.
        cut = (round(start * 24) / 24, end if end == end_s else round(end * 24) / 24)
        yield Shot(*cut, MOVES[int(random.integers(len(MOVES)))], (*of, first + number))


@lru_cache(maxsize=4)
def _stage(shot: Shot, width: int, height: int) -> "_Stage":
    return _Stage(shot, width, height)


class _Stage:
    """One take ready to be shown: its painting, its people, and how they move."""

    def __init__(self, shot: Shot, width: int, height: int) -> None:
        self._shot, self._width, self._height = shot, width, height
        random = np.random.default_rng((77, *shot.key))
        self._length_s = shot.end_s - shot.begin_s
        self._painting = painting(random, round(height * 1.25), round(width * 1.5))
        people = cast(shot.key[0])
        self._who = people[int(random.integers(len(people)))]
        self._place = (random.uniform(0.25, 0.75), random.uniform(0.45, 0.6))
        self._size = random.uniform(0.16, 0.34)
        self._title = title(random)
        self._flat: Colour = drawings.colour(random)
        self._way = 1 if random.random() < 0.5 else -1
        self._rays = random.uniform(0, 2 * np.pi, (3, 40))
        self._last: tuple[tuple[float, ...], Picture] | None = None

    def at(self, at_s: float) -> Picture:
        """Return the drawing of a second of this take; held drawings are the same object."""
        rate = {"rush": THREES, "held": 1e-9, "black": 1e-9, "card": 1e-9}.get(self._shot.move, TWOS)
        mouth = int(at_s * THREES) % 3 if self._shot.move == "talk" else 0
        step = 0.0 if self._shot.move == "talk" else int(at_s * rate + 1e-6) / max(rate, 1e-6)
        blinks = self._shot.move == "talk" and int(at_s * THREES) % 19 == 7
        state = (step, mouth, blinks)
        if self._last is None or self._last[0] != state:
            self._last = state, DRAW[self._shot.move](self, step, mouth, blinks)
        return self._last[1]

    def ground(self, left: float, top: float, share: float = 1.0) -> Picture:
        """Return a window of the painting, its place between 0 and 1, its size as a share of the frame."""
        high, wide = self._painting.shape[:2]
        across, down = round(self._width * share), round(self._height * share)
        x, y = round((wide - across) * left), round((high - down) * top)
        part = self._painting[y : y + down, x : x + across]
        if share == 1.0:
            return part.copy()
        return np.asarray(cv2.resize(part, (self._width, self._height), interpolation=cv2.INTER_AREA), np.uint8)

    def still(self, _: float, mouth: int, blinks: bool) -> Picture:
        picture = self.ground(0.5, 0.5)
        self.person(picture, self._place, mouth, blinks)
        return picture

    def pan(self, at_s: float, _mouth: int, _blinks: bool) -> Picture:
        gone = at_s / self._length_s
        return self.ground(gone if self._way > 0 else 1 - gone, 0.5)

    def zoom(self, at_s: float, _mouth: int, _blinks: bool) -> Picture:
        gone = at_s / self._length_s
        return self.ground(0.5, 0.5, 1.2 - 0.4 * (gone if self._way > 0 else 1 - gone))

    def walk(self, at_s: float, _mouth: int, _blinks: bool) -> Picture:
        picture = self.ground(0.5, 0.5)
        gone = at_s / self._length_s
        x = 0.1 + 0.8 * (gone if self._way > 0 else 1 - gone)
        self.person(picture, (x, self._place[1] + 0.02 * np.sin(at_s * 9)), 0, False)
        return picture

    def rush(self, at_s: float, _mouth: int, _blinks: bool) -> Picture:
        picture = self.ground(0.5, 0.5, 0.8)
        turn = int(at_s * THREES + 1e-6) % 3
        middle = (self._width // 2, self._height // 2)
        for angle in self._rays[turn]:
            way = np.array([np.cos(angle), np.sin(angle)])
            start, end = middle + way * self._height * 0.45, middle + way * self._width
            ends = [(int(x), int(y)) for x, y in (start, end)]
            cv2.line(picture, ends[0], ends[1], (255, 255, 255), 2, cv2.LINE_AA)
        self.person(picture, (0.5 + 0.01 * turn, 0.5 - 0.015 * turn), 2, False)
        return picture

    def card(self, *_: object) -> Picture:
        picture = np.full((self._height, self._width, 3), self._flat, np.uint8)
        light = (255, 255, 255) if sum(self._flat) < 380 else (0, 0, 0)
        where = (round(self._width * 0.2), round(self._height * 0.52))
        cv2.putText(picture, self._title, where, cv2.FONT_HERSHEY_SIMPLEX, self._width / 700, light, 1, cv2.LINE_AA)
        return picture

    def black(self, *_: object) -> Picture:
        return np.zeros((self._height, self._width, 3), np.uint8)

    def person(self, picture: Picture, place: tuple[float, float], mouth: int, blinks: bool) -> None:
        """Draw this take's person into a picture; the place is that of the face."""
        head = self._size * self._height
        draw_person(picture, self._who, (place[0] * self._width, place[1] * self._height, head), mouth, blinks)


DRAW: dict[str, Callable[[_Stage, float, int, bool], Picture]] = {
    "talk": _Stage.still, "held": _Stage.still, "pan": _Stage.pan, "zoom": _Stage.zoom, "walk": _Stage.walk,
    "rush": _Stage.rush, "card": _Stage.card, "black": _Stage.black,
}  # fmt: skip


def painting(random: Generator, height: int, width: int) -> Picture:
    """Return one background: a sky or wall, things in front of it, pen strokes; no lettering."""
    ground = drawings.cloud if random.random() < 0.5 else drawings.gradient
    picture = ground(random, height, width)
    marks = (drawings.shapes, drawings.ink, drawings.shapes)
    for number in range(int(random.integers(1, 4))):
        marks[number](random, picture)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.uint8)


@lru_cache(maxsize=64)
def cast(series: int) -> tuple[Character, ...]:
    """Return the four characters of a series."""
    random = np.random.default_rng((55, series))
    return tuple(_character(random) for _ in range(4))


def _character(random: Generator) -> Character:
    turns = np.sort(random.uniform(-np.pi * 0.95, -np.pi * 0.05, int(random.integers(5, 12))))
    reach = random.uniform(1.0, 1.7, len(turns))
    spikes = tuple((float(r * np.cos(t)), float(r * np.sin(t))) for r, t in zip(reach, turns, strict=True))
    return Character(
        drawings.colour(random), drawings.colour(random), drawings.colour(random), drawings.colour(random),
        random.uniform(0.7, 1.0), random.uniform(0.3, 0.5), random.uniform(0.12, 0.28), spikes,
    )  # fmt: skip


def draw_person(picture: Picture, who: Character, face: tuple[float, float, float], mouth: int, blinks: bool) -> None:
    """Draw a person; `face` is the middle and the height of the head in pixels, `mouth` how wide it is open, 0 to 2."""
    x, y, head = face

    def spot(dx: float, dy: float) -> tuple[int, int]:
        return round(x + dx * head), round(y + dy * head)

    def oval(at: tuple[float, float], axes: tuple[float, float], tone: Colour, line: int = -1) -> None:
        size = max(1, round(axes[0] * head)), max(1, round(axes[1] * head))
        cv2.ellipse(picture, spot(*at), size, 0, 0, 360, tone, line, cv2.LINE_AA)

    coat = np.array([spot(-1.4, 3.2), spot(-0.5, 0.9), spot(0.5, 0.9), spot(1.4, 3.2)], np.int32)
    cv2.fillPoly(picture, [coat], who.coat, cv2.LINE_AA)
    cv2.polylines(picture, [coat], True, (0, 0, 0), 2, cv2.LINE_AA)
    hair = np.array([spot(-0.9, 0.5), *(spot(*tip) for tip in who.spikes), spot(0.9, 0.5)], np.int32)
    cv2.fillPoly(picture, [hair], who.hair, cv2.LINE_AA)
    cv2.polylines(picture, [hair], True, (0, 0, 0), 2, cv2.LINE_AA)
    oval((0, 0.1), (who.wide, 1.0), who.skin)
    oval((0, 0.1), (who.wide, 1.0), (0, 0, 0), 2)
    for side in (-1, 1):
        at = (side * who.gap, 0.05)
        oval(at, (who.eye, 0.03 if blinks else who.eye * 1.4), (0, 0, 0) if blinks else (255, 255, 255))
        if not blinks:
            oval(at, (who.eye * 0.7, who.eye * 1.1), who.iris)
            oval(at, (who.eye * 0.35, who.eye * 0.6), (0, 0, 0))
    oval((0, 0.65), (0.2 - 0.03 * mouth, 0.02 + 0.08 * mouth), (120, 20, 30))


def title(random: Generator) -> str:
    """Return a few invented words."""
    words = ["".join(random.choice(SYLLABLES, int(random.integers(2, 4)))) for _ in range(2)]
    return " ".join(words)
