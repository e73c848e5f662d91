"""pHash of a picture, 64 bits: weaker than PDQ, kept because many hash lists are exchanged in it."""

import imagehash
import numpy as np
from PIL import Image

from fingerprints.borders import grey, shrunk
from fingerprints.interface import NO_PLACE, Frame, Table, Vectors

HASHED_PX = 256  # ImageHash's own shrinking costs twice the time at 512 px, and differs by 0.2 bits on average


class Phash64:
    """The perceptual hash of the ImageHash library, for exchange with others and to tell captures that are the same
    to the eye.

    Bit for bit ImageHash's own of a picture up to 256 px; of a larger one it is the hash of the picture shrunk to that,
    at most 4 bits from ImageHash's own and mostly none. Positions: none of meaning (one column of 0).
    """

    name = "phash64"
    version = 2
    may_travel = True
    table = Table(8, NO_PLACE)

    def describe(self, frame: Frame) -> Vectors:
        """Return one code of 8 bytes."""
        is_small = max(frame.pixels.shape[:2]) <= HASHED_PX
        picture = frame.pixels if is_small else shrunk(grey(frame.pixels), HASHED_PX)
        bits = imagehash.phash(Image.fromarray(picture)).hash
        return Vectors(np.packbits(bits).reshape(1, -1), np.zeros((1, 1), np.float32))
