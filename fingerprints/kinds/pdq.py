"""PDQ of a picture and of its parts: 256 bits that survive recompression, resizing, lettering and colour changes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pdqhash
from numpy.typing import NDArray

from fingerprints.borders import Box, faintness, shrunk
from fingerprints.frequencies import (
    CODE_BYTES,
    TURNS,
    Frequencies,
    frequencies,
    grey_frequencies,
    packed,
    turned_frequencies,
)
from fingerprints.interface import BOX, QUALITY, Column, Frame, Table, Vectors
from fingerprints.regions import cells, even_parts

STANDARD_PX = 512  # PDQ's reference program shrinks larger pictures to this before it hashes them
PART_PX = 256  # for cells: a seventh of the time, a few bits off
LEAST_QUALITY = 50  # of 100: the PDQ paper's own gate; a flat picture is near every other flat picture
LEAST_TRIM = 0.02  # of the area: below this the trimmed picture would only repeat the whole one
UPRIGHT, MIRRORED = 0, 4  # the turns in which a cell is hashed: collages are mirrored, hardly ever turned
ROUNDING = 1e-4  # of the largest frequency; the two ways to compute them differ by at most a sixth of that, measured


class Pdq256:
    """PDQ (Facebook 2019) of the whole picture, of what is inside its plain border, of its cells and of the parts of an
    even grid, turned and mirrored.

    Positions: turn (0 to 7, 0 as it is), quality (0 to 100), left, top, right, bottom of what was hashed as fractions
    of the picture, and 1 for a part of an even grid. The first code is standard PDQ of the whole picture, for exchange
    with others; a flat picture has none. References are indexed by turn 0 alone and without the grid's parts: the query
    brings those.
    """

    name = "pdq256"
    version = 3
    may_travel = True
    table = Table(CODE_BYTES, (Column("turn", 0, 7), QUALITY, *BOX, Column("is even", 0, 1)))

    def describe(self, frame: Frame) -> Vectors:
        """Return eight codes of 32 bytes for the whole and for the inside, and two for each cell and part."""
        rows = [row for part in _parts(frame) for row in _hashed(frame, part)]
        if not rows:
            return Vectors(np.empty((0, CODE_BYTES), np.uint8), np.empty((0, len(self.table.columns)), np.float32))
        return Vectors(np.array([code for code, _ in rows]), np.array([place for _, place in rows], np.float32))


@dataclass(frozen=True)
class _Part:
    """A part of the picture, and how it is hashed."""

    box: Box
    long_side_px: int
    turns: tuple[int, ...]
    is_even: bool = False


def standard(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Return the 32 bytes everybody exchanges, of a picture of at most 512 px, and its quality (0 to 100)."""
    found, quality = exact_frequencies(pixels)
    return packed(found), quality


def exact_frequencies(pixels: NDArray[np.uint8]) -> tuple[Frequencies, int]:
    """Return frequencies whose bits are those of the reference library, and PDQ's quality."""
    found, quality = frequencies(pixels)
    values = np.sort(found, axis=None)
    if min(values[128] - values[127], values[127] - values[126]) > ROUNDING * np.abs(values).max():
        return found, quality
    told, quality = pdqhash.compute_float(np.ascontiguousarray(pixels))  # a bit hangs on rounding: its word counts
    return np.asarray(told, np.float64)[::-1].reshape(found.shape), int(quality)


def _parts(frame: Frame) -> Iterator[_Part]:
    height, width = frame.luminance.shape
    every, inside = tuple(range(TURNS)), frame.inside
    yield _Part(Box(0, 0, width, height), STANDARD_PX, every)
    if (inside.right - inside.left) * (inside.bottom - inside.top) < (1 - LEAST_TRIM) * frame.luminance.size:
        yield _Part(inside, PART_PX, every)
    for cell in cells(frame.luminance):
        yield _Part(cell, PART_PX, (UPRIGHT, MIRRORED))
    for part in even_parts(frame.luminance, inside):
        yield _Part(part, PART_PX, (UPRIGHT, MIRRORED), is_even=True)


def _hashed(frame: Frame, part: _Part) -> Iterator[tuple[NDArray[np.uint8], tuple[float, ...]]]:
    """Yield each turn's code with its position; nothing when the part is too flat to be told apart."""
    height, width = frame.luminance.shape
    if part.long_side_px == STANDARD_PX:
        found, quality = exact_frequencies(shrunk(part.box.cut(frame.pixels), STANDARD_PX))
    else:
        found, quality = grey_frequencies(shrunk(part.box.cut(frame.luminance), part.long_side_px))
    if quality < LEAST_QUALITY and quality * faintness(part.box.cut(frame.luminance))[1] < LEAST_QUALITY:
        return  # a faint drawing is no flat picture: its bits are those it has at full contrast
    box = part.box
    place = (box.left / width, box.top / height, box.right / width, box.bottom / height)
    for turn in part.turns:
        yield packed(turned_frequencies(found, turn)), (turn, quality, *place, part.is_even)
