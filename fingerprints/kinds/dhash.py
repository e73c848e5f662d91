"""dHash of a picture, 64 bits: which of two neighbouring areas is brighter. For exchange with partners only."""

import imagehash
import numpy as np
from PIL import Image

from fingerprints.interface import NO_PLACE, Frame, Table, Vectors


class Dhash64:
    """The difference hash of the ImageHash library, bit for bit; computed where a home or a studio asks for it.

    Positions: none of meaning (one column of 0).
    """

    name = "dhash64"
    version = 1
    may_travel = True
    table = Table(8, NO_PLACE)

    def describe(self, frame: Frame) -> Vectors:
        """Return one code of 8 bytes."""
        bits = imagehash.dhash(Image.fromarray(frame.pixels)).hash
        return Vectors(np.packbits(bits).reshape(1, -1), np.zeros((1, 1), np.float32))
