"""Furniture that many pictures share, drawn by code: cards, screens, icons, credits pages, balloon layouts.

A design is a number: the same number draws the same furniture. What changes with the content are the picture inside and
the few words that name it, as in the real things: two cards of one game are not copies of each other.
"""

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.random import Generator

from matcher.interface import Box
from matcher.shared_parts import GRID, merged
from tests.measure.attacks import Picture, resized
from tests.measure.drawings import cloud, colour, gradient, shapes

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
SYLLABLES = ("ka", "mi", "ro", "ten", "shi", "no", "ha", "ru", "to", "en", "ly", "dra", "gon", "ar", "ve", "sol")
Tone = tuple[int, int, int]
SAME_TONE = 24  # grey levels between two fillings of one design
MOSTLY = 0.75  # of a cell


def words(random: Generator, count: int) -> list[str]:
    return ["".join(random.choice(SYLLABLES, int(random.integers(2, 5)))) for _ in range(count)]


def text(
    out: Picture, random: Generator, at: tuple[int, int], tone: Tone, *, lines: Sequence[str], size: float
) -> None:
    """Write lines of type, one below the other."""
    font = int(random.choice(FONTS))
    for number, line in enumerate(lines):
        where = (at[0], at[1] + round(number * size * 38))
        cv2.putText(out, line, where, font, size, tone, 1 if size < 0.9 else 2, cv2.LINE_AA)


def filling(picture: Picture, width: int, height: int) -> Picture:
    """Return the middle of the picture, as large as it can be, in exactly this size."""
    large = resized(picture, max(width / picture.shape[1], height / picture.shape[0]))
    large = np.asarray(cv2.resize(large, (max(width, large.shape[1]), max(height, large.shape[0]))), np.uint8)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return large[top : top + height, left : left + width]


def inset(out: Picture, picture: Picture, box: tuple[int, int, int, int]) -> None:
    """Put the picture into the box: left, top, width, height."""
    left, top, width, height = box
    out[top : top + height, left : left + width] = filling(picture, width, height)


def card(picture: Picture, design: Generator, content: Generator) -> Picture:
    """A trading card: textured frame, name bar, art window, symbols, rules and numbers."""
    width, height = 500, 700
    out = cloud(design, height, width)
    out = np.asarray(cv2.addWeighted(out, 0.5, gradient(design, height, width), 0.5, 0), np.uint8)
    rim, ink, bar = colour(design), (20, 20, 24), tuple(int(c) for c in design.integers(180, 250, 3))
    cv2.rectangle(out, (0, 0), (width - 1, height - 1), (15, 15, 15), 22)
    ornaments = int(design.integers(10, 24))
    for number in range(ornaments):
        y = 40 + number * (height - 80) // ornaments
        for x in (24, width - 24):
            cv2.circle(out, (x, y), 9, rim, -1, cv2.LINE_AA)
            cv2.circle(out, (x, y), 9, (0, 0, 0), 2, cv2.LINE_AA)
    window_top, window = int(design.integers(90, 110)), int(design.integers(300, 350))
    cv2.rectangle(out, (40, 36), (width - 40, 80), bar, -1)
    cv2.rectangle(out, (40, 36), (width - 40, 80), (0, 0, 0), 3)
    inset(out, picture, (48, window_top, width - 96, window))
    cv2.rectangle(out, (46, window_top - 3), (width - 46, window_top + window + 3), rim, 7)
    below = window_top + window + 18
    cv2.rectangle(out, (40, below), (width - 40, height - 44), (238, 230, 208), -1)
    cv2.rectangle(out, (40, below), (width - 40, height - 44), (0, 0, 0), 3)
    text(out, design, (54, 68), ink, lines=[" ".join(words(content, 2)).title()], size=0.8)
    kind = [f"{words(design, 1)[0].title()} - common"]
    text(out, design, (54, below + 28), ink, lines=kind, size=0.6)
    rules = [" ".join(words(design, 4)) for _ in range(2)] + [" ".join(words(content, 4)) for _ in range(2)]
    text(out, design, (54, below + 60), ink, lines=rules, size=0.5)
    for number in range(int(design.integers(3, 6))):
        cv2.circle(out, (width - 64 - number * 34, 58), 14, colour(design), -1, cv2.LINE_AA)
        cv2.circle(out, (width - 64 - number * 34, 58), 14, (0, 0, 0), 2, cv2.LINE_AA)
    text(
        out, design, (width - 120, height - 56), ink, lines=[f"{content.integers(9)} / {content.integers(9)}"], size=0.9
    )
    text(out, design, (56, height - 16), (230, 230, 230), lines=[f"(c) {words(design, 2)[0]} games"], size=0.45)
    return out


def screen(picture: Picture, design: Generator, content: Generator) -> Picture:
    """A phone or browser: bars, tabs, avatars, buttons, other people's words; the picture is the post."""
    width, height = (600, 1000) if design.random() < 0.5 else (1000, 700)
    is_dark = design.random() < 0.5
    ground, mark = ((22, 24, 28), (205, 205, 210)) if is_dark else ((248, 248, 250), (50, 50, 58))
    accent = colour(design)
    out = np.full((height, width, 3), ground, np.uint8)
    cv2.rectangle(out, (0, 0), (width, 86), accent, -1)
    text(out, design, (24, 56), (255, 255, 255), lines=[words(design, 1)[0].title()], size=1.2)
    for number in range(4):
        at = (width - 50 - 60 * number, 44)
        shapes_at(out, design, at, 20)
    left, wide = (0, width) if width < height else (250, 460)
    if left:
        for row in range(9):
            cv2.rectangle(out, (20, 110 + row * 62), (56, 146 + row * 62), colour(design), -1)
            text(out, design, (72, 136 + row * 62), mark, lines=words(design, 1), size=0.7)
        for row in range(4):  # what else there is: the same thumbnails beside every post
            out[110 + row * 140 : 230 + row * 140, 740:960] = filling(cloud(design, 60, 90), 220, 120)
            text(out, design, (744, 244 + row * 140), mark, lines=[" ".join(words(design, 2))], size=0.45)
    cv2.circle(out, (left + 50, 132), 28, colour(design), -1, cv2.LINE_AA)
    text(out, design, (left + 92, 128), mark, lines=words(content, 1), size=0.7)
    tall = min(int(wide * 0.9), height - 420)
    inset(out, picture, (left, 176, wide, tall))
    for number in range(4):
        shapes_at(out, design, (left + 40 + number * 70, 210 + tall), 18)
    said = [" ".join(words(design, 4)) for _ in range(3)] + [" ".join(words(content, 3))]
    text(out, design, (left + 24, 264 + tall), mark, lines=said, size=0.65)
    if not left:
        for number in range(5):
            shapes_at(out, design, (60 + number * 120, height - 40), 22)
    return out


def shapes_at(out: Picture, design: Generator, at: tuple[int, int], radius: int) -> None:
    """Draw a little symbol, such as a heart, star or arrow."""
    count = int(design.integers(3, 11))
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False) + design.uniform(0, 1)
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1) * design.uniform(0.35, 1, (count, 1)) * radius
    corners = np.rint(np.array(at) + around).astype(np.int32).reshape(-1, 1, 2)
    cv2.fillPoly(out, [corners], colour(design), cv2.LINE_AA)
    cv2.polylines(out, [corners], True, (30, 30, 30), 2, cv2.LINE_AA)


def icon(picture: Picture, design: Generator, content: Generator) -> Picture:
    """An app's icon or a badge: thick ornate ring or rounded square, ribbon, gloss, a mark in the corner."""
    side = 512
    ground = np.full((side, side, 3), int(design.choice([255, 245, 30])), np.uint8)
    mixed = cv2.addWeighted(gradient(design, side, side), 0.6, cloud(design, side, side), 0.4, 0)
    frame = np.asarray(mixed, np.uint8)
    shapes(design, frame)
    outer, inner = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    if design.random() < 0.5:
        cv2.circle(outer, (256, 256), 246, 255, -1, cv2.LINE_AA)
        cv2.circle(inner, (256, 256), int(design.integers(170, 195)), 255, -1, cv2.LINE_AA)
    else:
        cv2.rectangle(outer, (14, 14), (498, 498), 255, -1)
        rim = int(design.integers(60, 86))
        cv2.rectangle(inner, (rim, rim), (side - rim, side - rim), 255, -1)
    out = np.where(outer[..., None] > 127, frame, ground)
    out = np.where(inner[..., None] > 127, filling(picture, side, side), out).astype(np.uint8)
    contours, _ = cv2.findContours(inner, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(out, contours, -1, colour(design), 9, cv2.LINE_AA)
    ribbon = colour(design)
    cv2.fillPoly(out, [np.array([(60, 400), (452, 400), (480, 466), (32, 466)], np.int32)], ribbon, cv2.LINE_AA)
    cv2.polylines(out, [np.array([(60, 400), (452, 400), (480, 466), (32, 466)], np.int32)], True, (0, 0, 0), 4)
    text(out, design, (110, 446), (255, 255, 255), lines=[words(design, 2)[0].upper()], size=1.3)
    shapes_at(out, design, (432, 84), 60)
    text(out, design, (412, 98), (255, 255, 255), lines=[str(content.integers(10, 99))], size=1.0)
    return out


def credits(picture: Picture, design: Generator, content: Generator) -> Picture:  # noqa: A001  the page's own name
    """A credits or legal page: logo in the corner, walls of small type, one small picture."""
    width, height = 700, 1000
    paper, ink = ((250, 248, 240), (40, 40, 40)) if design.random() < 0.7 else ((16, 16, 18), (225, 225, 225))
    out = np.full((height, width, 3), paper, np.uint8)
    cv2.rectangle(out, (24, 24), (width - 24, height - 24), ink, 2)
    logo = gradient(design, 110, 180)
    shapes(design, logo)
    out[height - 150 : height - 40, width - 220 : width - 40] = logo
    text(out, design, (width - 210, height - 80), (255, 255, 255), lines=[words(design, 1)[0].upper()], size=1.1)
    text(out, design, (60, 90), ink, lines=[words(design, 1)[0].title(), "all rights reserved"], size=1.0)
    inset(out, picture, (60, 170, width - 120, 200))
    for column in range(3):
        names = [" ".join(words(content, 2)) for _ in range(6)] + [" ".join(words(design, 2)) for _ in range(16)]
        text(out, design, (60 + column * 200, 410), ink, lines=names, size=0.5)
    legal = [" ".join(words(design, 5)) for _ in range(5)]
    text(out, design, (60, height - 140), ink, lines=legal, size=0.45)
    return out


def balloons(picture: Picture, design: Generator, content: Generator) -> Picture:
    """A page of panels with empty balloons, the same on every page; the panels show parts of the picture."""
    width, height = 700, 1000
    out = np.full((height, width, 3), 255, np.uint8)
    rows = int(design.integers(2, 4))
    cuts = np.linspace(16, height - 16, rows + 1).astype(int)
    balloon: list[tuple[int, int, int]] = []
    for top, bottom in pairwise(cuts):
        split = int(width * design.uniform(0.35, 0.65))
        for left, right in ((16, split), (split, width - 16)):
            box = (left + 5, int(top) + 5, right - left - 10, int(bottom - top) - 10)
            zoom = float(content.uniform(0.5, 0.9))
            tall, wide = (max(8, int(length * zoom)) for length in picture.shape[:2])
            y = int(content.integers(0, picture.shape[0] - tall + 1))
            x = int(content.integers(0, picture.shape[1] - wide + 1))
            inset(out, np.ascontiguousarray(picture[y : y + tall, x : x + wide]), box)
            cv2.rectangle(out, box[:2], (box[0] + box[2], box[1] + box[3]), (0, 0, 0), 4)
            size = int(design.integers(46, 84))
            balloon.append(
                (int(design.integers(left + 20, right - 20)), int(design.integers(top + 40, bottom - 40)), size)
            )
    for x, y, size in balloon:
        tail = np.array([(x - 14, y), (x + 14, y), (x + int(design.integers(-70, 70)), y + size + 40)], np.int32)
        for tone, line in (((0, 0, 0), 6), ((255, 255, 255), -1)):
            cv2.drawContours(out, [tail.reshape(-1, 1, 2)], -1, tone, line, cv2.LINE_AA)
            cv2.ellipse(out, (x, y), (int(size * 1.3), size), 0, 0, 360, tone, line, cv2.LINE_AA)
    return out


LAYOUTS: dict[str, Callable[[Picture, Generator, Generator], Picture]] = {
    "card": card, "screen": screen, "icon": icon, "credits": credits, "balloons": balloons,
}  # fmt: skip
MOSTLY_FURNITURE = ("screen", "credits")


def framed(picture: Picture, layout: str, design: int) -> Picture:
    """Return the picture inside a piece of shared furniture; the same for the same picture and design."""
    content = np.random.default_rng(zlib.crc32(np.ascontiguousarray(picture).tobytes()))
    return np.asarray(LAYOUTS[layout](picture, np.random.default_rng(design), content), np.uint8)


def furniture(layout: str, design: int) -> tuple[Box, ...]:
    """Return what a rights holder would mark of a design as not distinctive: the cells that no content changes."""
    random = np.random.default_rng(design)
    one, other = (framed(random.integers(0, 256, (640, 480, 3), np.uint8), layout, design) for _ in range(2))
    is_same = np.abs(one.astype(np.int16) - other).max(axis=2) < SAME_TONE
    share = cv2.resize(is_same.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return tuple(merged(share >= MOSTLY))
