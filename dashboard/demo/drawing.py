"""The pencil box: smooth curves, tapered ink, gradients, clouds, grain, screentone, lettering. It knows no story."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Colour = tuple[int, int, int]
INK: Colour = (38, 30, 46)
PAPER: Colour = (252, 250, 244)


def shade(colour: Colour, by: float) -> Colour:
    """Return the colour lightened (`by` > 0, towards white) or darkened (`by` < 0, towards black)."""
    target = 255 if by > 0 else 0
    red, green, blue = (round(part + (target - part) * abs(by)) for part in colour)
    return red, green, blue


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour that lies `share` (0 to 1) of the way from `one` to `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def smooth(points: Sequence[Point], *, is_closed: bool = False, steps: int = 8) -> list[Point]:
    """Return a Catmull-Rom curve through the points, as a polyline."""
    knots = np.asarray(points, dtype=np.float64)
    if len(knots) < 3:
        return [(float(x), float(y)) for x, y in knots]
    padded = (
        np.vstack([knots[-1:], knots, knots[:2]]) if is_closed else np.vstack([knots[:1], knots, knots[-1:]])
    )  # every stretch needs a neighbour on both sides
    share = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    parts = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(
            0.5
            * (
                2 * start
                + (end - before) * share
                + (2 * before - 5 * start + 4 * end - after) * share**2
                + (3 * start - before - 3 * end + after) * share**3
            )
        )
    curve = np.vstack(parts if is_closed else [*parts, knots[-1:]])
    return [(float(x), float(y)) for x, y in curve]


def oval(centre: Point, radii: Point, *, start: float = 0.0, end: float = 360.0, tilt: float = 0.0) -> list[Point]:
    """Return the points of an ellipse or of an arc of it; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 28))
    across, down = radii[0] * np.cos(angles), radii[1] * np.sin(angles)
    turn = np.radians(tilt)
    xs = centre[0] + across * np.cos(turn) - down * np.sin(turn)
    ys = centre[1] + across * np.sin(turn) + down * np.cos(turn)
    return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


class Sheet:
    """A transparent sheet that is drawn larger than it will be, so that every edge comes out smooth."""

    def __init__(self, size: tuple[int, int], *, fineness: int = 2, paper: Image.Image | None = None) -> None:
        self.size = size
        self.fineness = fineness
        large = (size[0] * fineness, size[1] * fineness)
        self.image = Image.new("RGBA", large, (0, 0, 0, 0)) if paper is None else paper.convert("RGBA").resize(large)
        self._draw = ImageDraw.Draw(self.image)

    def fill(self, points: Sequence[Point], colour: Colour, *, alpha: int = 255) -> None:
        """Fill a closed shape; less than full alpha is laid over what is there."""
        where = self._scaled(points)
        if alpha == 255:
            self._draw.polygon(where, (*colour, 255))
            return
        left, top = (int(min(p[axis] for p in where)) - 1 for axis in (0, 1))
        right, bottom = (int(max(p[axis] for p in where)) + 2 for axis in (0, 1))
        if right <= 0 or bottom <= 0 or left >= self.image.width or top >= self.image.height:
            return
        glaze = Image.new("RGBA", (max(right - left, 1), max(bottom - top, 1)), (0, 0, 0, 0))
        ImageDraw.Draw(glaze).polygon([(x - left, y - top) for x, y in where], (*colour, alpha))
        corner = (max(left, 0), max(top, 0))
        inside = glaze.crop((corner[0] - left, corner[1] - top, glaze.width, glaze.height))
        self.image.alpha_composite(inside, corner)

    def ink(self, points: Sequence[Point], width: float, colour: Colour = INK, *, tapers: bool = True) -> None:
        """Draw a brush stroke along the points, thin at both ends when it tapers."""
        line = np.asarray(self._scaled(points))
        if len(line) < 2:
            return
        along = np.gradient(line, axis=0)
        length = np.hypot(along[:, 0], along[:, 1])
        along /= np.where(length > 0, length, 1.0)[:, None]
        across = np.column_stack([-along[:, 1], along[:, 0]])
        share = np.linspace(0.0, 1.0, len(line))
        half = width * self.fineness / 2 * (np.sin(np.pi * (0.12 + 0.76 * share)) if tapers else np.ones(len(line)))
        left, right = line + across * half[:, None], line - across * half[:, None]
        outline = np.vstack([left, right[::-1]])
        self._draw.polygon([(float(x), float(y)) for x, y in outline], (*colour, 255))

    def patch(self, points: Sequence[Point], colour: Colour, width: float = 2.0, *, line: Colour = INK) -> None:
        """Fill a closed shape and ink its outline."""
        self.fill(points, colour)
        if width > 0:
            self.ink([*points, points[0]], width, line, tapers=False)

    def write(self, words: str, at: Point, size: float, colour: Colour = INK, *, weight: int = 600) -> None:
        """Letter one or several lines of horizontal text, centred on `at`."""
        font = lettering(round(size * self.fineness), weight)
        x, y = self._scaled([at])[0]
        self._draw.multiline_text((x, y), words, (*colour, 255), font=font, anchor="mm", align="center", spacing=4)

    def write_down(self, words: str, at: Point, size: float, colour: Colour = INK, *, weight: int = 600) -> None:
        """Letter Japanese from top to bottom in columns from right to left, centred on `at`."""
        font = lettering(round(size * self.fineness), weight)
        step = size * self.fineness * 1.12
        columns = words.split("\n")
        x, y = self._scaled([at])[0]
        for number, column in enumerate(columns):
            left = x + ((len(columns) - 1) / 2 - number) * step
            top = y - (max(len(each) for each in columns) - 1) / 2 * step
            for row, character in enumerate(column):
                turned = {"ー": "︱", "…": "︙", "！": "！"}.get(character, character)  # upright forms
                self._draw.text((left, top + row * step), turned, (*colour, 255), font=font, anchor="mm")

    def lay(self, picture: Image.Image, corner: Point) -> None:
        """Lay a picture with its transparency on the sheet; parts outside the sheet are cut off."""
        x, y = (round(part * self.fineness) for part in corner)
        grown = picture.convert("RGBA").resize((picture.width * self.fineness, picture.height * self.fineness))
        self.image.alpha_composite(
            grown.crop((max(-x, 0), max(-y, 0), grown.width, grown.height)), (max(x, 0), max(y, 0))
        )

    def finished(self) -> Image.Image:
        """Return the picture in its final size, RGBA."""
        return self.image if self.fineness == 1 else self.image.reduce(self.fineness)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.fineness, y * self.fineness) for x, y in points]


@cache
def lettering(pixels: int, weight: int = 600) -> ImageFont.FreeTypeFont:
    """Return Noto Sans JP, which the dependencies bring along, in a size and a weight (100 to 900)."""
    package = find_spec("justmytype_intl_cjk")
    folder = Path(str(package.origin)).parent if package else Path()
    font = ImageFont.truetype(str(folder / "fonts" / "ofl" / "notosansjp" / "NotoSansJP[wght].ttf"), pixels)
    font.set_variation_by_axes([weight])
    return font


def gradient(size: tuple[int, int], *stops: Colour) -> Image.Image:
    """Return a picture that runs from the first colour at the top to the last at the bottom."""
    rows = np.linspace(0, len(stops) - 1, size[1])
    table = np.asarray(stops, dtype=np.float64)
    columns = [np.interp(rows, np.arange(len(stops)), table[:, part]) for part in range(3)]
    strip = np.stack(columns, axis=1).astype(np.uint8)[:, None, :]
    return Image.fromarray(np.repeat(strip, size[0], axis=1))


def clouds(size: tuple[int, int], seed: int, *, octaves: int = 5, coarse: int = 4) -> NDArray[np.float32]:
    """Return smooth noise between 0 and 1, (height, width): coarse shapes with ever finer ones on top."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    for octave in range(octaves):
        cells = coarse * 2**octave
        grid = rng.random((max(2, cells * size[1] // size[0] + 2), cells + 2), dtype=np.float32)
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC) * 0.5**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def painted(image: Image.Image, seed: int, *, strength: float = 0.22) -> Image.Image:
    """Return the picture with brush mottling and paper grain, as gouache dries unevenly."""
    size = image.size
    rng = np.random.default_rng(seed)
    mottle = clouds(size, seed, octaves=6, coarse=5) - 0.5
    fibres = cv2.GaussianBlur(rng.standard_normal((size[1], size[0]), dtype=np.float32), (0, 0), 0.8) * 0.10
    lit = 1.0 + strength * (mottle + fibres)
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32) * lit[:, :, None]
    result = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A"))
    return result


def glow(image: Image.Image, at: Point, radius: float, colour: Colour, strength: float = 0.8) -> Image.Image:
    """Return the picture with a soft light at a point."""
    ys, xs = np.mgrid[0 : image.height, 0 : image.width].astype(np.float32)
    distance = ((xs - at[0]) ** 2 + (ys - at[1]) ** 2) / radius**2
    light = strength * np.exp(-2.2 * distance)
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    screen = 255 - (255 - pixels) * (1 - light[:, :, None] * np.asarray(colour, dtype=np.float32) / 255)
    return Image.fromarray(np.clip(screen, 0, 255).astype(np.uint8))


def screentone(image: Image.Image, *, pitch: float = 6.0, angle: float = 45.0) -> Image.Image:
    """Return a grey drawing as print: black stays, white stays, greys become dots of a rotated screen."""
    grey = np.asarray(image.convert("L"), dtype=np.float32) / 255
    ys, xs = np.mgrid[0 : image.height, 0 : image.width].astype(np.float32)
    turn = np.radians(angle)
    u = (xs * np.cos(turn) + ys * np.sin(turn)) * 2 * np.pi / pitch
    v = (-xs * np.sin(turn) + ys * np.cos(turn)) * 2 * np.pi / pitch
    screen = 0.5 + 0.25 * (np.cos(u) + np.cos(v))
    dots = np.where(grey > screen * 0.78 + 0.12, 255, 24)
    kept = np.where(grey < 0.16, 24, np.where(grey > 0.93, 255, dots))
    return Image.fromarray(kept.astype(np.uint8))
