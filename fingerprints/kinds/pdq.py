"""PDQ of a whole picture: 256 bits that survive recompression, resizing, lettering and colour changes."""

import numpy as np
import pdqhash
from numpy.typing import NDArray

from fingerprints.borders import content, grey, shrunk
from fingerprints.interface import Frame, Vectors

HASHED_PX = 128  # the same recipe on both sides; PDQ itself works on 64 x 64
LEAST_QUALITY = 50  # of 100: the PDQ paper's own gate; a flat picture is near every other flat picture
LEAST_TRIM = 0.02  # of the area: below this the trimmed picture would only repeat the whole one
TURNS = 8
CODE_BYTES = 32


class Pdq256:
    """PDQ (Facebook 2019) in its eight turned and mirrored variants, of the picture with and without its plain border.

    Positions: turn (0 to 7, 0 as it is), trimmed (1: without border), quality (0 to 100). A flat picture has none.
    References are indexed by turn 0 alone; the query brings all eight.
    """

    name = "pdq256"
    version = 1
    may_travel = True

    def describe(self, frame: Frame) -> Vectors:
        """Return 0, 8 or 16 codes of 32 bytes."""
        luminance = grey(frame.pixels)
        box = content(luminance)
        inside = box.cut(frame.pixels)
        views = [frame.pixels]
        if inside.shape[0] * inside.shape[1] < (1 - LEAST_TRIM) * luminance.size:
            views.append(inside)
        rows = [_hashed(view, trimmed) for trimmed, view in enumerate(views)]
        kept = [row for row in rows if row is not None]
        if not kept:
            return Vectors(np.empty((0, CODE_BYTES), np.uint8), np.empty((0, 3), np.float32))
        return Vectors(np.concatenate([codes for codes, _ in kept]), np.concatenate([where for _, where in kept]))


def _hashed(view: NDArray[np.uint8], trimmed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]] | None:
    """Return the eight codes of one view with their positions; None when the view is too flat to be told apart."""
    small = shrunk(view, HASHED_PX)
    bits, quality = pdqhash.compute(np.ascontiguousarray(small))
    if quality < LEAST_QUALITY:
        return None
    # Not pdqhash.compute_dihedral: on drawn art its turned codes are 11 to 33 bits off those of the turned picture.
    others = [pdqhash.compute(np.ascontiguousarray(turned(small, turn)))[0] for turn in range(1, TURNS)]
    codes = np.packbits(np.array([bits, *others], dtype=np.uint8), axis=1)
    where = np.array([(turn, trimmed, quality) for turn in range(TURNS)], dtype=np.float32)
    return codes, where


def turned(pixels: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """Return the picture turned left by 0 to 3 quarters (turn 0 to 3); from 4 on mirrored left-right before that."""
    return np.rot90(pixels[:, ::-1] if turn >= TURNS // 2 else pixels, turn % (TURNS // 2))
