"""Colour hash of a picture, 42 bits: how much of it is black, grey and of each hue. For exchange with partners only."""

import imagehash
import numpy as np
from PIL import Image

from fingerprints.interface import NO_PLACE, Frame, Table, Vectors

FILLING = np.zeros(6, np.bool_)  # in front, so that the code in hex reads like ImageHash's own with one 0 before it


class ColorHash42:
    """The colour hash of the ImageHash library, bit for bit, behind six bits of 0; computed where a home or a studio
    asks for it. It knows no shapes, so it never matches by itself.

    Positions: none of meaning (one column of 0).
    """

    name = "colorhash42"
    version = 1
    may_travel = True
    table = Table(6, NO_PLACE)

    def describe(self, frame: Frame) -> Vectors:
        """Return one code of 6 bytes."""
        bits = imagehash.colorhash(Image.fromarray(frame.pixels)).hash.ravel()
        return Vectors(np.packbits(np.concatenate([FILLING, bits])).reshape(1, -1), np.zeros((1, 1), np.float32))
