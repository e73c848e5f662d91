"""Brings pictures to the form the kinds work on: grey, small, of full contrast, without the plain border that a
re-poster adds. It never changes the pixels it is given."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LOOK_PX = 256  # borders are looked for on a picture of this long side: enough for 1 %, and quick
PLAIN_SPREAD = 24  # grey levels within one border line; JPEG ringing of a plain bar stays below
SAME_BORDER = 16  # grey levels between two lines of one border
MOST_STRIP = 10  # times as long as an ordinary picture
FAINT_TAIL = 0.005  # of the pixels at either end of the greys; they do not count
LEAST_SPREAD, FAINT_SPREAD = 5, 120  # grey levels between the ends: below, blank; from there on, nothing is faint
MOST_GAIN = 8.0  # beyond it the noise of compression would be drawn out
LEAST_LEFT = 0.1  # of a side: less than this left over is no picture in a frame but a nearly blank picture


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the pixels inside the box; a view, not a copy."""
        return pixels[self.top : self.bottom, self.left : self.right]


def shrunk(pixels: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    """Return the picture with its long side at most `long_side`, averaged over areas; a smaller one stays as it is."""
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def fitted(pixels: NDArray[np.uint8], long_side: int) -> NDArray[np.uint8]:
    """Return the picture shrunk to `long_side`; a strip more than twice as long as wide keeps half of that as its
    short side, up to MOST_STRIP times the long side: shrunk like a page, nothing of it could be recognised."""
    longer, shorter = max(pixels.shape[:2]), min(pixels.shape[:2])
    strip = min(longer * long_side / 2 / shorter, MOST_STRIP * long_side)
    return shrunk(pixels, max(long_side, round(strip)))


def faintness(luminance: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the darkest grey of a faint picture, and by how much its contrast can be stretched; (0, 1) for any other,
    and for a nearly blank one."""
    counts = np.cumsum(cv2.calcHist([luminance], [0], None, [256], [0, 256]).ravel())
    low, high = np.searchsorted(counts, (counts[-1] * FAINT_TAIL, counts[-1] * (1 - FAINT_TAIL))).tolist()
    spread = high - low
    if not LEAST_SPREAD <= spread < FAINT_SPREAD:
        return 0.0, 1.0
    return float(low), min(MOST_GAIN, 255 / spread)


def stretched(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a faint picture at full contrast, and any other as it is; a nearly blank one stays blank."""
    low, gain = faintness(luminance)
    if gain == 1.0:
        return luminance
    table = np.clip((np.arange(256) - low) * gain, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(luminance, table), np.uint8)


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luminance of an RGB picture."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def content(luminance: NDArray[np.uint8]) -> Box:
    """Return the part of the picture inside its plain borders; the whole picture when there are none."""
    height, width = luminance.shape
    small = shrunk(luminance, LOOK_PX)
    rows, columns = small.shape
    top, bottom = _plain_lines(small), rows - _plain_lines(small[::-1])
    left, right = _plain_lines(small.T), columns - _plain_lines(small.T[::-1])
    if bottom - top < LEAST_LEFT * rows or right - left < LEAST_LEFT * columns:
        return Box(0, 0, width, height)
    across, down = width / columns, height / rows
    return Box(
        int(np.ceil(left * across)), int(np.ceil(top * down)),
        max(int(right * across), 1), max(int(bottom * down), 1),
    )  # fmt: skip


def _plain_lines(lines: NDArray[np.uint8]) -> int:
    """Return how many lines, from the first on, are plain and of one grey."""
    spread = np.ptp(lines, axis=1)
    level = lines.mean(axis=1)
    is_border = (spread < PLAIN_SPREAD) & (np.abs(level - level[0]) < SAME_BORDER)
    return int(np.argmin(is_border)) if not is_border.all() else len(lines)
