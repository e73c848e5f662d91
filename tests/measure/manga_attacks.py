"""Black-and-white manga made from colour pages, and what scanlators and readers do to a page: 8 attacks.

A print is drawn at twice the size of the page, so that every copy of it can be resampled in its own way: the moire of
a copy is never that of the registered file. Source of the recipes: two ways in which publishers' and pirates' black and
white differs, thresholded lines over ordered dots (A) and a grey scan of halftone on paper (B).
"""

from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.measure.attacks import Attack, Carriers, Picture, crop, jpeg, resized

PRINT_FACTOR = 2
SHORT_PX, LONG_PX = 620, 1000  # of the copies that travel
DOT_PITCH_PX, SCAN_PITCH_PX = 3.5, 3.1  # about 58 lines per inch on a B5 page of 1440 px
TONES = 5
Grey = NDArray[np.float32]  # (height, width), 0 to 255


def dots(picture: Picture) -> Picture:
    """Return the print A: thresholded lines over five tones of ordered dots at 45 degrees."""
    large = _enlarged_grey(picture)
    ink = cv2.GaussianBlur(large, (0, 0), 1.2) - cv2.GaussianBlur(large, (0, 0), 5.0) < -9
    tone = np.ceil(large / 255 * (TONES - 1)) / (TONES - 1)
    white = _dot_heights(large.shape, DOT_PITCH_PX) < tone
    return _grey_picture(np.where(ink | ~white, 0, 255))


def scan(picture: Picture) -> Picture:
    """Return the print B: a grey scan of a mixed halftone on rough paper, sampled down and up again."""
    large = _enlarged_grey(picture)
    dotted = np.where(_dot_heights(large.shape, SCAN_PITCH_PX) < large / 255, 255.0, 20.0)
    mixed = 0.55 * large + 0.45 * dotted.astype(np.float32)
    # The paper's own grain: one sheet for all, like one scanner's lamp.
    grain = np.random.default_rng(11).normal(scale=7, size=large.shape).astype(np.float32)
    height, width = large.shape
    low = cv2.resize(mixed + grain, None, fx=0.47, fy=0.47, interpolation=cv2.INTER_LINEAR)
    return _grey_picture(cv2.resize(low, (width, height), interpolation=cv2.INTER_CUBIC))


PRINTS = {"dots": dots, "scan": scan}


def printed(picture: Picture, method: str) -> Picture:
    """Return the page as it is ("") or as a print of twice its size."""
    return PRINTS[method](picture) if method else picture


def _enlarged_grey(picture: Picture) -> Grey:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    large = cv2.resize(grey, None, fx=PRINT_FACTOR, fy=PRINT_FACTOR, interpolation=cv2.INTER_CUBIC)
    low, high = np.percentile(large, (2, 98))
    return np.asarray(np.clip((large.astype(np.float32) - low) * (255 / max(high - low, 1.0)), 0, 255), np.float32)


def _dot_heights(shape: tuple[int, ...], pitch_px: float) -> Grey:
    """Return a field of round hills, 0 to 1: what lies below the tone stays white."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    turn = np.float32(2 * np.pi / (pitch_px * np.sqrt(2)))
    return np.asarray((2 + np.cos((x + y) * turn) + np.cos((x - y) * turn)) / 4, np.float32)


def _grey_picture(values: NDArray[Any]) -> Picture:
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def copied(master: Picture, random: Generator) -> Picture:
    """Return a copy of a page or print, as wide as readers' files are, resampled in one of the usual ways."""
    factor = float(random.uniform(SHORT_PX, SHORT_PX * 1.3)) / master.shape[1]
    how = cv2.INTER_AREA if random.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(master, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _same_width(one: Picture, other: Picture) -> Picture:
    return resized(other, one.shape[1] / other.shape[1])


def half_page(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """The upper or lower half, or the left or right one, cut with some play."""
    page = copied(master, random)
    height, width = page.shape[:2]
    share = float(random.uniform(0.45, 0.55))
    side = int(random.integers(4))
    cut = (
        page[: int(height * share)], page[int(height * (1 - share)) :],
        page[:, : int(width * share)], page[:, int(width * (1 - share)) :],
    )[side]  # fmt: skip
    return jpeg(cut, random, 40, 80)


def double_spread(master: Picture, random: Generator, pages: Carriers) -> Picture:
    """Two pages as one picture, with or without a gutter, the other page on either side."""
    page = copied(master, random)
    height, width = page.shape[:2]
    other = cv2.resize(pages(random), (width, height), interpolation=cv2.INTER_AREA)
    gutter = np.full(
        (height, int(random.integers(0, 2)) * int(width * 0.05), 3), int(random.choice([0, 255])), np.uint8
    )
    sides = [page, gutter, other] if random.random() < 0.5 else [other, gutter, page]
    return jpeg(resized(np.hstack(sides), LONG_PX / (2 * width)), random, 40, 80)


def webtoon_strip(master: Picture, random: Generator, pages: Carriers) -> Picture:
    """A tall strip cut elsewhere: the lower half of this page, the upper half of the next, and the next but one."""
    page = copied(master, random)
    half = page.shape[0] // 2
    strip = [page[half:]]
    while sum(len(part) for part in strip) < 3 * page.shape[1]:
        following = _same_width(page, pages(random))
        strip.append(following[: len(following) // 2] if len(strip) == 1 else following)
    tall = np.vstack(strip)[: int(page.shape[1] * float(random.uniform(3.0, 3.6)))]
    return jpeg(tall, random, 40, 80)


def panel_crop(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """A quarter to two fifths of the page."""
    return jpeg(crop(copied(master, random), random, float(random.uniform(0.25, 0.40))), random, 40, 80)


def rotated_scan(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """A page that lay askew on the glass: 1 to 4 degrees, paper noise, a darker fold, JPEG."""
    page = copied(master, random)
    height, width = page.shape[:2]
    angle = float(random.uniform(1, 4)) * (1 if random.random() < 0.5 else -1)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, float(random.uniform(0.94, 1.0)))
    lid = (int(random.integers(190, 256)),) * 3
    askew = cv2.warpAffine(page, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=lid).astype(np.float32)
    fold = 1 - 0.3 * np.exp(-np.arange(width, dtype=np.float32) / (0.05 * width))
    paper = np.array((255, 250, 238), np.float32) / 255  # yellowed
    aged = askew * fold[None, :, None] * paper + random.normal(scale=9, size=(height, width, 1)).astype(np.float32)
    return jpeg(np.clip(aged, 0, 255).astype(np.uint8), random, 30, 60)


def moire_rescan(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """A print sampled too coarsely: 40 to 70 % of its size without averaging, then a strong JPEG."""
    factor = float(random.uniform(0.4, 0.7)) * 1440 / master.shape[1]
    small = cv2.resize(master, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    return jpeg(np.asarray(small, np.uint8), random, 20, 50)


def re_toned(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """A copy of the print made by the other method."""
    return jpeg(copied(master, random), random, 40, 80)


def reader_screenshot(master: Picture, random: Generator, _pages: Carriers) -> Picture:
    """A manga reader on a tablet or phone: bars, a page counter, progress line, part of the page scrolled away."""
    wide, tall = (600, 900) if random.random() < 0.5 else (520, 1000)
    is_dark = random.random() < 0.6
    ground, mark = ((18, 18, 20), (185, 185, 190)) if is_dark else ((244, 244, 246), (70, 70, 76))
    out = np.full((tall, wide, 3), ground, np.uint8)
    page = copied(master, random)
    shown = resized(page, wide * float(random.uniform(0.85, 1.0)) / page.shape[1])
    room = tall - 130
    start = int(random.integers(0, max(1, len(shown) - room + 1)))
    shown = shown[start : start + room]
    left = (wide - shown.shape[1]) // 2
    out[70 : 70 + len(shown), left : left + shown.shape[1]] = shown
    cv2.putText(out, "< Chapter 12", (16, 44), cv2.FONT_HERSHEY_SIMPLEX, 0.7, mark, 2, cv2.LINE_AA)
    cv2.putText(out, "7 / 24", (wide - 120, 44), cv2.FONT_HERSHEY_SIMPLEX, 0.7, mark, 1, cv2.LINE_AA)
    cv2.line(out, (20, tall - 30), (wide - 20, tall - 30), mark, 3, cv2.LINE_AA)
    cv2.circle(out, (20 + (wide - 40) * 7 // 24, tall - 30), 9, (230, 90, 60), -1, cv2.LINE_AA)
    return jpeg(out, random, 50, 85)


PAGE_ATTACKS = (
    Attack("half page", "medium", half_page),
    Attack("rotated scan", "medium", rotated_scan),
    Attack("moire rescan", "medium", moire_rescan),
    Attack("re-toned", "medium", re_toned),
    Attack("double spread", "hard", double_spread),
    Attack("webtoon strip", "hard", webtoon_strip),
    Attack("panel crop", "hard", panel_crop),
    Attack("reader screenshot", "hard", reader_screenshot),
)
ALWAYS_PRINTED = {"moire rescan": "same", "re-toned": "other"}  # the method of the print, beside that of the reference


def print_of(attack: str, registered: str, *, coin: bool) -> str:
    """Return by which method the print is made that an attack copies, given how the page was registered."""
    wanted = ALWAYS_PRINTED.get(attack)
    if wanted is None:
        return registered
    if not registered:
        return "dots" if coin else "scan"
    return registered if wanted == "same" else next(method for method in PRINTS if method != registered)
