"""The animated episode: a storyboard of shots, drawn as limited animation (held cels, pans, mouth flaps, cuts)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from dashboard.demo import music
from dashboard.demo.drawing import Sheet
from dashboard.demo.figures import HARU, RIVAL, STRANGER, SUZU, Look, Pose, fox, person
from dashboard.demo.film import Film, Picture
from dashboard.demo.scenery import DAWN, DAY, DUSK, MIST, NIGHT, Light, Size, place

FRAME: Size = (640, 360)
RATE = 12.0  # frames a second: animated "on twos"


@dataclass(frozen=True)
class Actor:
    """Somebody in a shot; None as look is the fox."""

    look: Look | None
    x: float  # of the frame's width
    height: float  # of the frame's height
    is_bust: bool = False
    speaks: bool = False
    walks: float = 0.0  # pixels a second
    holds: str = ""
    is_turned: bool = False


@dataclass(frozen=True)
class Shot:
    """One shot between two cuts."""

    place: str
    light: Light
    seconds: float
    cast: tuple[Actor, ...] = ()
    pan: float = 0.0  # pixels a second; the background is wider than the frame
    zoom: float = 0.0  # share of the frame by which it grows until the cut
    motes: str = ""  # "leaves", "snow", "fireflies"
    title: tuple[str, str] = ("", "")


def film(shots: Sequence[Shot], seed: int, *, tempo: float, scale: str) -> Film:
    """Return the drawn film with its music and voices."""
    seconds = sum(shot.seconds for shot in shots)
    sound = music.tune(seconds, seed, tempo=tempo, scale=scale)
    spans, at = [], 0.0
    for shot in shots:
        if any(actor.speaks for actor in shot.cast):
            spans.append((at + 0.5, at + shot.seconds - 0.6))
        at += shot.seconds
    mixed = np.clip(0.75 * sound + music.speech(seconds, spans, seed), -1, 1).astype(np.float32)

    def frames() -> Iterator[Picture]:
        for number, shot in enumerate(shots):
            yield from _shot(shot, seed * 100 + number)

    return Film(frames, RATE, seconds, mixed)


def _shot(shot: Shot, seed: int) -> Iterator[Picture]:
    wide = FRAME[0] + round(abs(shot.pan) * shot.seconds) + 8
    backdrop = place(shot.place, (wide, FRAME[1]), shot.light, seed)
    cels = [_cels(actor, FRAME[1]) for actor in shot.cast]
    drift = _motes(shot.motes, seed)
    card = _title(shot.title) if shot.title[0] else None
    count = round(shot.seconds * RATE)
    for number in range(count):
        at = number / RATE
        left = abs(shot.pan) * at if shot.pan >= 0 else wide - FRAME[0] + shot.pan * at
        frame = backdrop.crop((round(left), 0, round(left) + FRAME[0], FRAME[1]))
        for actor, cel in zip(shot.cast, cels, strict=True):
            _put(frame, actor, cel, number)
        pixels = np.array(frame)
        for mote in drift:
            _fall(pixels, mote, at, shot.motes)
        if card is not None:
            pixels = _overlaid(pixels, card, min(1.0, at / 1.5))
        yield _grown(pixels, 1.0 + shot.zoom * number / count) if shot.zoom else pixels


def _cels(actor: Actor, tall: int) -> list[Image.Image]:
    """Return the drawings an actor needs: mouth closed, half, open, and a blink (or a wagging tail, for the fox)."""
    height = round(tall * actor.height)
    if actor.look is None:
        drawn = [fox(height, tail=wag) for wag in (-0.6, 0.0, 0.6, 0.0)]
    else:
        poses = [
            Pose(mouth=mouth, arm=0.55 if actor.holds else 0.15, holds=actor.holds, gaze=0.3)
            for mouth in (0.1, 0.5, 0.95)
        ]
        poses.append(Pose(eyes_open=0.0, arm=0.55 if actor.holds else 0.15, holds=actor.holds))
        drawn = [person(actor.look, pose, height, is_bust=actor.is_bust) for pose in poses]
    return [each.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for each in drawn] if actor.is_turned else drawn


def _put(frame: Image.Image, actor: Actor, cels: list[Image.Image], number: int) -> None:
    if actor.look is None:
        cel = cels[(number // 4) % 4]
    elif number % 40 in (30, 31):
        cel = cels[3]
    else:
        cel = cels[(0, 2, 1, 2, 0, 1)[(number // 2) % 6] if actor.speaks else 0]
    bob = -4 if actor.walks and (number // 3) % 2 else 0
    x = round(FRAME[0] * actor.x + actor.walks * number / RATE - cel.width / 2)
    frame.paste(cel, (x, FRAME[1] - cel.height + bob + (0 if actor.is_bust else 14)), cel)


def _motes(kind: str, seed: int) -> list[tuple[float, float, float, float]]:
    rng = np.random.default_rng(seed)
    count = {"leaves": 22, "snow": 60, "fireflies": 18}.get(kind, 0)
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in rng.random((count, 4))]


def _fall(pixels: Picture, mote: tuple[float, float, float, float], at: float, kind: str) -> None:
    x0, y0, pace, size = mote
    wide, tall = FRAME
    sway = np.sin(at * (1 + pace) * 2 + x0 * 9)
    if kind == "fireflies":
        x, y = wide * x0 + 20 * sway, tall * (0.3 + 0.6 * y0) + 12 * np.cos(at * 2 + y0 * 7)
        shine = 0.5 + 0.5 * np.sin(at * 3 + size * 6)
        cv2.circle(pixels, (int(x), int(y)), 2 + int(3 * shine), (255, 240, int(120 + 80 * shine)), -1, cv2.LINE_AA)
        return
    x, y = (wide * x0 + 24 * sway + 26 * at) % wide, (tall * y0 + (30 + 50 * pace) * at) % tall
    if kind == "snow":
        cv2.circle(pixels, (int(x), int(y)), 1 + int(3 * size), (246, 248, 255), -1, cv2.LINE_AA)
    else:
        colour = (226, int(90 + 110 * size), 70)
        cv2.ellipse(pixels, (int(x), int(y)), (7, 3), float(90 * sway), 0, 360, colour, -1, cv2.LINE_AA)


def _title(words: tuple[str, str]) -> Image.Image:
    sheet = Sheet(FRAME)
    for dx, dy, colour in ((3, 3, (30, 16, 40)), (0, 0, (255, 236, 190))):
        sheet.write(words[0], (FRAME[0] / 2 + dx, FRAME[1] * 0.4 + dy), 74, colour, weight=900)
        sheet.write(words[1], (FRAME[0] / 2 + dx, FRAME[1] * 0.62 + dy), 24, colour, weight=700)
    sheet.ink([(120, FRAME[1] * 0.53), (520, FRAME[1] * 0.53)], 4, (255, 206, 120))
    return sheet.finished()


def _overlaid(pixels: Picture, card: Image.Image, share: float) -> Picture:
    over = np.asarray(card, dtype=np.float32)
    weight = over[:, :, 3:] / 255 * share
    return np.asarray(pixels * (1 - weight) + over[:, :, :3] * weight, dtype=np.uint8)


def _grown(pixels: Picture, by: float) -> Picture:
    tall, wide = pixels.shape[:2]
    inset_x, inset_y = wide * (1 - 1 / by) / 2, tall * (1 - 1 / by) / 2
    matrix = np.array([[by, 0, -inset_x * by], [0, by, -inset_y * by]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(pixels, matrix, (wide, tall), flags=cv2.INTER_LINEAR), dtype=np.uint8)


LANTERN_ROAD = (
    Shot("street", NIGHT, 5.0, pan=34, motes="fireflies", title=("灯りの道", "LANTERN  ROAD")),
    Shot("hills", DAWN, 2.5, (Actor(SUZU, 0.3, 0.86, walks=40, holds="lantern"),), zoom=0.08, motes="leaves"),
    Shot("harbour", DUSK, 2.5, (Actor(None, 0.72, 0.5), Actor(HARU, 0.3, 0.84, walks=30)), pan=-30),
    Shot("street", DUSK, 5.0, (Actor(SUZU, 0.22, 0.8, walks=38, holds="lantern"),), pan=16),
    Shot("street", DUSK, 4.0, (Actor(SUZU, 0.5, 0.9, is_bust=True, speaks=True),), zoom=0.05),
    Shot("workshop", DAWN, 4.5, (Actor(HARU, 0.68, 0.82, speaks=True, is_turned=True), Actor(SUZU, 0.3, 0.78))),
    Shot("workshop", DUSK, 3.5, (Actor(HARU, 0.56, 0.92, is_bust=True, speaks=True),)),
    Shot("forest", MIST, 5.5, (Actor(SUZU, 0.16, 0.66, walks=46, holds="lantern"),), pan=24, motes="leaves"),
    Shot("forest", NIGHT, 4.0, (Actor(None, 0.6, 0.62),), zoom=0.16, motes="fireflies"),
    Shot("forest", NIGHT, 4.0, (Actor(SUZU, 0.4, 0.88, is_bust=True, speaks=True, is_turned=True),), motes="fireflies"),
    Shot("hills", MIST, 5.0, (Actor(None, 0.75, 0.42, walks=-24), Actor(SUZU, 0.3, 0.6, walks=-20)), pan=-22),
    Shot("harbour", NIGHT, 4.5, pan=26, motes="snow"),
    Shot("harbour", NIGHT, 4.0, (Actor(HARU, 0.35, 0.86, is_bust=True, speaks=True), Actor(None, 0.78, 0.44)),
        motes="snow"),
    Shot("street", NIGHT, 5.0, (Actor(SUZU, 0.66, 0.72, walks=-30, holds="lantern"), Actor(HARU, 0.86, 0.76,
        walks=-30)), pan=-14, motes="snow"),
    Shot("workshop", NIGHT, 3.5, (Actor(None, 0.3, 0.5), Actor(SUZU, 0.66, 0.8, speaks=True))),
    Shot("hills", DUSK, 4.5, (Actor(SUZU, 0.4, 0.92, is_bust=True),), zoom=0.1, motes="leaves"),
    Shot("forest", DAWN, 4.0, (Actor(HARU, 0.3, 0.7, walks=44), Actor(None, 0.6, 0.4, walks=44)), pan=30),
    Shot("street", DAWN, 5.5, (Actor(SUZU, 0.3, 0.74, speaks=True, holds="lantern"), Actor(HARU, 0.62, 0.78),
        Actor(None, 0.86, 0.4)), zoom=0.06),
)  # fmt: skip
GARDEN_DIARY = (
    Shot("hills", DAY, 4.0, pan=30, title=("庭の日記", "GARDEN DIARY")),
    Shot("forest", DAY, 5.0, (Actor(STRANGER, 0.7, 0.7, walks=-30),), pan=-20, motes="leaves"),
    Shot("harbour", DAY, 5.0, (Actor(RIVAL, 0.4, 0.9, is_bust=True, speaks=True),)),
    Shot("workshop", MIST, 4.0, (Actor(STRANGER, 0.5, 0.86, speaks=True),), zoom=0.1),
    Shot("hills", DUSK, 5.0, (Actor(RIVAL, 0.2, 0.6, walks=36), Actor(STRANGER, 0.4, 0.6, walks=36)), pan=20),
    Shot("street", DAY, 5.0, (Actor(STRANGER, 0.6, 0.9, is_bust=True, speaks=True, is_turned=True),), motes="snow"),
)
HARBOUR_LOG = (
    Shot("harbour", MIST, 6.0, pan=36),
    Shot("harbour", DAWN, 5.0, (Actor(RIVAL, 0.7, 0.6, walks=-20),), zoom=0.12),
    Shot("harbour", DAY, 5.0, pan=-36, motes="snow"),
    Shot("workshop", DAY, 5.0, (Actor(RIVAL, 0.36, 0.9, is_bust=True, speaks=True),)),
)
