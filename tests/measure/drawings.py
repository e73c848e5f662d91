"""Pictures drawn by code alone, so that what is learned from them is nobody's: textures, ink, tone, type, faces."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
WORDS = ("KRAK!", "...what?", "chapter 12", "to be continued", "no way", "WHOOSH", "run!", "the end", "episode", "sale")


def colour(random: Generator) -> tuple[int, int, int]:
    red, green, blue = random.integers(0, 256, 3).tolist()
    return red, green, blue


def cloud(random: Generator, height: int, width: int) -> Picture:
    """Noise in several octaves, like water, stone, foliage or a painted sky."""
    layers = np.zeros((height, width, 3), np.float32)
    roughness = random.uniform(0.4, 0.95)
    for octave in range(2, 8):
        size = (min(width, 2**octave), min(height, 2**octave))
        noise = random.normal(size=(size[1], size[0], 3)).astype(np.float32)
        layers += roughness**octave * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    mixed = layers @ random.normal(size=(3, 3)).astype(np.float32)
    mixed -= mixed.min()
    return np.asarray(mixed / mixed.max() * 255, dtype=np.uint8)


def gradient(random: Generator, height: int, width: int) -> Picture:
    """A soft two-colour background."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    ramp = (x * np.cos(angle) + y * np.sin(angle)) / (height + width) + 0.5
    start, end = np.array(colour(random), np.float32), np.array(colour(random), np.float32)
    return np.asarray(np.clip(start + (end - start) * ramp[..., None], 0, 255), dtype=np.uint8)


def ink(random: Generator, picture: Picture) -> None:
    """Curved pen strokes of changing width."""
    height, width = picture.shape[:2]
    tone = (0, 0, 0) if random.random() < 0.6 else colour(random)
    for _ in range(int(random.integers(10, 90))):
        start = random.uniform((0, 0), (width, height))
        bend = np.cumsum(np.cumsum(random.normal(scale=random.uniform(0.3, 4), size=(40, 2)), axis=0), axis=0)
        points = np.rint(start + bend).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(picture, [points], bool(random.random() < 0.2), tone, int(random.integers(1, 5)), cv2.LINE_AA)


def shapes(random: Generator, picture: Picture) -> None:
    """Filled polygons and ellipses with outlines: cel-shaded things, buildings, clip art."""
    height, width = picture.shape[:2]
    for _ in range(int(random.integers(5, 45))):
        centre = random.uniform((0, 0), (width, height))
        radius = random.uniform(5, width / 4)
        count = int(random.integers(3, 9))
        turns = np.sort(random.uniform(0, 2 * np.pi, count))
        around = np.stack([np.cos(turns), np.sin(turns)], axis=1) * random.uniform(0.4, 1, (count, 1))
        corners = np.rint(centre + radius * around).astype(np.int32).reshape(-1, 1, 2)
        if random.random() < 0.4:
            axes = (int(radius), int(radius * random.uniform(0.3, 1)))
            middle = (int(centre[0]), int(centre[1]))
            cv2.ellipse(picture, middle, axes, random.uniform(0, 180), 0, 360, colour(random), -1, cv2.LINE_AA)
        else:
            cv2.fillPoly(picture, [corners], colour(random), cv2.LINE_AA)
            cv2.polylines(picture, [corners], True, (0, 0, 0), int(random.integers(1, 4)), cv2.LINE_AA)


def screentone(random: Generator, picture: Picture) -> None:
    """Dots or hatching over parts of the picture, as printed manga has."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(random.integers(1, 5))):
        pitch, angle = random.uniform(3, 12), random.uniform(0, np.pi)
        along = np.cos((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / pitch)
        across = np.cos((y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / pitch)
        mask = np.zeros((height, width), np.uint8)
        centre = (int(random.integers(width)), int(random.integers(height)))
        axes = (int(random.integers(20, width)), int(random.integers(20, height)))
        cv2.ellipse(mask, centre, axes, random.uniform(0, 180), 0, 360, 255, -1)
        dots = along + (across if random.random() < 0.7 else 0) > random.uniform(0.2, 1.4)
        picture[dots & (mask > 0)] = 0 if random.random() < 0.8 else 255


def lettering(random: Generator, picture: Picture) -> None:
    """Type, and marks built like kanji: a few strokes in a square."""
    height, width = picture.shape[:2]
    for _ in range(int(random.integers(2, 14))):
        x, y = int(random.integers(width)), int(random.integers(height))
        tone = (0, 0, 0) if random.random() < 0.7 else colour(random)
        if random.random() < 0.5:
            word = WORDS[int(random.integers(len(WORDS)))]
            font = int(random.choice([0, 2, 3, 4, 6]))
            cv2.putText(
                picture, word, (x, y), font, random.uniform(0.4, 2), tone, int(random.integers(1, 4)), cv2.LINE_AA
            )
            continue
        size = int(random.integers(8, 40))
        for number in range(int(random.integers(2, 9))):
            corner = (x, y + number * size * 5 // 4)
            for _stroke in range(int(random.integers(3, 10))):
                ends = random.integers(0, size, 4) // (size // 4 or 1) * (size // 4 or 1)
                start, end = (
                    (corner[0] + int(ends[0]), corner[1] + int(ends[1])),
                    (corner[0] + int(ends[2]), corner[1] + int(ends[1] if random.random() < 0.5 else ends[3])),
                )
                cv2.line(picture, start, end, tone, max(1, size // 12), cv2.LINE_AA)


def face(random: Generator, picture: Picture) -> None:
    """A drawn head: hair, face, eyes with highlights, mouth."""
    height, width = picture.shape[:2]
    size = random.uniform(0.08, 0.35) * min(height, width)
    x, y = random.uniform((size, size), (max(width - size, size + 1), max(height - size, size + 1)))
    skin, hair, iris = colour(random), colour(random), colour(random)
    turn = random.uniform(-25, 25)

    def oval(dx: float, dy: float, across: float, down: float, tone: tuple[int, int, int], line: int = -1) -> None:
        middle = (int(x + dx * size), int(y + dy * size))
        cv2.ellipse(
            picture,
            middle,
            (max(1, int(across * size)), max(1, int(down * size))),
            turn,
            0,
            360,
            tone,
            line,
            cv2.LINE_AA,
        )

    oval(0, -0.15, 1.1, 1.2, hair)
    oval(0, 0.1, 0.85, 1.0, skin)
    oval(0, 0.1, 0.85, 1.0, (0, 0, 0), 2)
    for side in (-1, 1):
        oval(side * 0.38, 0.05, 0.2, 0.28, (255, 255, 255))
        oval(side * 0.38, 0.08, 0.14, 0.22, iris)
        oval(side * 0.38, 0.1, 0.07, 0.12, (0, 0, 0))
        oval(side * 0.38 - 0.06, 0.0, 0.05, 0.06, (255, 255, 255))
    oval(0, 0.62, random.uniform(0.08, 0.3), random.uniform(0.02, 0.15), (120, 20, 30))
    for _ in range(int(random.integers(4, 14))):
        tip = (int(x + random.uniform(-1, 1) * size), int(y - random.uniform(0.1, 1.2) * size))
        cv2.line(picture, (int(x), int(y - 1.2 * size)), tip, tuple(channel // 2 for channel in hair), 2, cv2.LINE_AA)


MARKS: tuple[Callable[[Generator, Picture], None], ...] = (ink, shapes, screentone, lettering, face, face, shapes)


def scene(random: Generator, height: int, width: int) -> Picture:
    """One panel's worth of drawing."""
    ground = random.random()
    if ground < 0.4:
        picture = cloud(random, height, width)
    elif ground < 0.75:
        picture = gradient(random, height, width)
    else:
        picture = np.full((height, width, 3), int(random.choice([255, 255, 240, 0])), np.uint8)
    for number in random.permutation(len(MARKS))[: int(random.integers(1, 5))]:
        MARKS[number](random, picture)
    return picture


def drawing(random: Generator) -> Picture:
    """One picture: a single scene, or a page of panels; sometimes in grey, sometimes soft."""
    height, width = random.integers(320, 800, 2).tolist()
    if random.random() < 0.6:
        picture = scene(random, height, width)
    else:
        picture = np.full((height, width, 3), 255, np.uint8)
        rows, columns = random.integers(1, 5), random.integers(1, 4)
        for row in range(int(rows)):
            for column in range(int(columns)):
                top, left = row * height // rows + 6, column * width // columns + 6
                bottom, right = (row + 1) * height // rows - 6, (column + 1) * width // columns - 6
                picture[top:bottom, left:right] = scene(random, int(bottom - top), int(right - left))
                cv2.rectangle(picture, (int(left), int(top)), (int(right), int(bottom)), (0, 0, 0), 2)
    if random.random() < 0.35:
        picture = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if random.random() < 0.4:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 1.8))
    return np.asarray(picture, dtype=np.uint8)
