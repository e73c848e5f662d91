"""Real local descriptors for the tests of indexes, drawn from seeds: noise has no lists."""

import functools

import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import shrunk
from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from tests.measure.drawings import drawing

Codes = NDArray[np.uint8]


@functools.cache
def descriptors(seed: int) -> Codes:
    """Return the descriptors of one small drawing, (count, 128), about 200."""
    return RootSift().describe(Frame(shrunk(drawing(np.random.default_rng(seed)), 320))).codes


def shaken(codes: Codes, seed: int, by: int = 8) -> Codes:
    """Return descriptors as a copy would have them."""
    off = np.random.default_rng(seed).integers(-by, by + 1, codes.shape)
    return np.clip(codes + off, 0, 255).astype(np.uint8)
