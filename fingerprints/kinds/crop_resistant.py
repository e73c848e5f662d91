"""Crop-resistant hash of a picture: a dHash of each large bright or dark area. For exchange with partners only.

Source: Steinebach, Liu and Yannikov, "Efficient Cropping-Resistant Robust Image Hashing" (ARES 2014), as the ImageHash
library does it. The library grows each area pixel by pixel in Python (a sixth of a second a picture); here OpenCV
labels them, and the codes stay the library's own.
"""

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from fingerprints.interface import BOX, Frame, Table, Vectors

SEGMENTED_PX = 300  # both sides: areas are looked for in a square, whatever the picture's shape
BRIGHT = 128  # grey level above which a pixel is on a hill, and not in a valley
LEAST_PIXELS = 500  # of the 90,000: an area that has no more is left out
CODE_BYTES = 8
_ALL = SEGMENTED_PX * SEGMENTED_PX
_FRAME = 4 * SEGMENTED_PX  # ImageHash counts these pixels around the square as done before it begins
_Area = tuple[int, int, int, int]  # left, top, right, bottom in the square; right and bottom are exclusive


class CropResistant:
    """The crop-resistant hash of the ImageHash library, bit for bit and in its order: one code an area.

    Computed where a home or a studio asks for it. Positions: left, top, right, bottom of the area, as fractions of the
    picture. A picture over which ImageHash itself stumbles, a fine chequered one, has none.
    """

    name = "crop-resistant"
    version = 1
    may_travel = True
    table = Table(CODE_BYTES, BOX)

    def describe(self, frame: Frame) -> Vectors:
        """Return at most 179 codes of 8 bytes, one an area; hills before valleys, each from top to bottom."""
        luminance = Image.fromarray(frame.pixels).convert("L")
        areas = _areas(luminance)
        parts = [luminance.crop(_box(area, luminance.size)) for area in areas]
        codes = np.array([np.packbits(imagehash.dhash(part).hash) for part in parts], np.uint8)
        places = np.array(areas, np.float32) / np.float32(SEGMENTED_PX)
        return Vectors(codes.reshape(-1, CODE_BYTES), places.reshape(-1, 4))


def _areas(luminance: Image.Image) -> list[_Area]:
    """Return the areas in ImageHash's order; none when ImageHash runs out of areas before it believes to be done."""
    square = luminance.resize((SEGMENTED_PX, SEGMENTED_PX), Image.Resampling.LANCZOS)
    smooth = square.filter(ImageFilter.GaussianBlur()).filter(ImageFilter.MedianFilter())
    is_hill = np.asarray(smooth) > BRIGHT
    hills, valleys = _connected(is_hill), _connected(~is_hill)
    found = [area for area, size in hills if size > LEAST_PIXELS]
    done = _FRAME + sum(map(_counted, (size for _, size in hills)))
    for area, size in valleys:
        if done >= _ALL:  # so the last valleys may be left out, as ImageHash leaves them out
            break
        found += [area] if size > LEAST_PIXELS else []
        done += _counted(size)
    if done < _ALL:
        return []
    return found or [(0, 0, SEGMENTED_PX, SEGMENTED_PX)]


def _counted(size: int) -> int:
    """Return how many pixels ImageHash counts of an area: it forgets one that stands alone."""
    return size if size > 1 else 0


def _connected(mask: NDArray[np.bool_]) -> list[tuple[_Area, int]]:
    """Return every area of the mask with its size in pixels, in the order of their first pixels, row after row."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    first = np.zeros(count, np.int64)
    backwards = np.arange(_ALL)[::-1]
    first[labels.ravel()[backwards]] = backwards  # of equal labels the last one written stays: their first pixel
    ordered = stats[1:][np.argsort(first[1:])].tolist()  # 0 is what lies outside the mask
    return [((left, top, left + wide, top + high), size) for left, top, wide, high, size in ordered]


def _box(area: _Area, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the area in pixels of the picture; `crop` rounds it, as for ImageHash."""
    across, down = size[0] / SEGMENTED_PX, size[1] / SEGMENTED_PX
    left, top, right, bottom = area
    return left * across, top * down, right * across, bottom * down
