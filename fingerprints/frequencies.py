"""PDQ's low frequencies of a picture, on OpenCV: three times as quick as the reference library, and equal to it within
the rounding of single precision.

Source: facebook/ThreatExchange, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019): the
Jarosz filter, decimation to 64 x 64, DCT and quality. The caller asks the library itself where a bit hangs on rounding.
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Frequencies = NDArray[np.float64]  # (16, 16), those down the picture in rows

SIDE = 64
COUNT = 16  # frequencies 1 to 16 along each side; the mean is left out
CODE_BYTES = 32  # COUNT * COUNT bits
TURNS = 8
MIRRORED = TURNS // 2  # the turn that only mirrors
PASSES = 2  # of the box filter along rows and columns: together a tent
_ODD = np.where(np.arange(COUNT) % 2 == 0, -1.0, 1.0)  # the frequencies that mirroring turns around
_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def frequencies(pixels: NDArray[np.uint8]) -> tuple[Frequencies, int]:
    """Return the low frequencies of an RGB picture and PDQ's quality, 0 (flat) to 100."""
    luma = np.asarray(cv2.transform(pixels.astype(np.float32), _LUMA), np.float32)
    return grey_frequencies(luma.reshape(pixels.shape[:2]))


def grey_frequencies(luminance: NDArray[np.uint8] | Floats) -> tuple[Frequencies, int]:
    """Return the same of a grey picture; of one rounded to whole greys, a bit or two off."""
    small = _thinned(np.asarray(luminance, np.float32))
    cosines = _cosines()
    return cosines @ small.astype(np.float64) @ cosines.T, _quality(small)


def frame_frequencies(luminance: NDArray[np.uint8]) -> tuple[Frequencies, int]:
    """Return the same of a film's grey frame or a part of one, area-averaged to 64 x 64 first: a twentieth of the cost,
    and 4 to 16 bits off."""
    return grey_frequencies(np.asarray(cv2.resize(luminance, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))


def packed(found: Frequencies) -> NDArray[np.uint8]:
    """Return 32 bytes: which frequencies exceed their median, in the order everybody exchanges them."""
    values = found.ravel()[::-1]
    return np.packbits(values > np.partition(values, 127)[127])


def turned_frequencies(found: Frequencies, turn: int) -> Frequencies:
    """Return the frequencies of the picture turned left by 0 to 3 quarters (turn 0 to 3); from 4 on it is mirrored
    left-right before that. Nothing has to be hashed again."""
    if turn >= MIRRORED:
        found = found * _ODD
    for _ in range(turn % MIRRORED):
        found = (found * _ODD).T
    return found


def _thinned(luma: Floats) -> Floats:
    """Return the luminance as 64 x 64 samples of its softened self."""
    rows, columns = luma.shape
    soft = luma
    for _ in range(PASSES):
        soft = _boxed(_boxed(soft, columns, is_across=True), rows, is_across=False)
    return soft[np.ix_(_kept(rows), _kept(columns))]


def _quality(small: Floats) -> int:
    """Return how large the steps between neighbours are, as PDQ counts them."""
    steps = sum(int(np.abs(np.trunc(np.diff(small, axis=axis) * 100 / 255)).sum()) for axis in (0, 1))
    return min(100, int(steps / 90))


def _boxed(luma: Floats, length: int, *, is_across: bool) -> Floats:
    """Return the mean over a window along one axis; at the border over what is there."""
    window = (length + 2 * SIDE - 1) // (2 * SIDE)
    if window == 1:
        return luma
    before = window - (window + 2) // 2
    size, anchor = ((window, 1), (before, 0)) if is_across else ((1, window), (0, before))
    sums = cv2.boxFilter(luma, -1, size, anchor=anchor, normalize=False, borderType=cv2.BORDER_CONSTANT)
    counts = _counts(length, window, before)
    return np.asarray(sums / (counts if is_across else counts[:, None]), np.float32)


@functools.lru_cache(256)
def _counts(length: int, window: int, before: int) -> Floats:
    first = np.arange(length) - before
    return np.asarray(np.minimum(first + window, length) - np.maximum(first, 0), np.float32)


@functools.lru_cache(256)
def _kept(length: int) -> NDArray[np.intp]:
    return ((np.arange(SIDE) + 0.5) * length / SIDE).astype(np.intp)


@functools.cache
def _cosines() -> Frequencies:
    angles = np.pi / 2 / SIDE * np.arange(1, COUNT + 1)[:, None] * (2 * np.arange(SIDE) + 1)
    return np.asarray(np.sqrt(2 / SIDE) * np.cos(angles))
