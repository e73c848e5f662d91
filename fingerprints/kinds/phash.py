"""pHash of a picture, 64 bits: weaker than PDQ, kept because many hash lists are exchanged in it."""

import imagehash
import numpy as np
from PIL import Image

from fingerprints.interface import Frame, Vectors


class Phash64:
    """The perceptual hash of the ImageHash library, bit for bit, for exchange with others; matching does not use it.

    Positions: none of meaning (one column of 0).
    """

    name = "phash64"
    version = 1
    may_travel = True

    def describe(self, frame: Frame) -> Vectors:
        """Return one code of 8 bytes."""
        bits = imagehash.phash(Image.fromarray(frame.pixels)).hash
        return Vectors(np.packbits(bits).reshape(1, -1), np.zeros((1, 1), np.float32))
