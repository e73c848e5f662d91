"""A small grey picture, to check block by block that two aligned pictures really show the same."""

import numpy as np

from fingerprints.borders import MOST_STRIP, fitted, stretched
from fingerprints.interface import Column, Frame, Table, Vectors

LONG_SIDE_PX = 192
LONGEST_PX = LONG_SIDE_PX * MOST_STRIP


class Thumb:
    """The picture without its plain border, grey, long side 192 px (of a strip, short side 96): one row of pixels is
    one code. Faint drawing is stretched to full contrast.

    Positions: the row's number. It shows the picture, so it never leaves the studio.
    """

    name = "thumb"
    version = 2
    may_travel = False
    table = Table(None, (Column("row", 0, LONGEST_PX),))

    def describe(self, frame: Frame) -> Vectors:
        """Return the rows of the small picture, from top to bottom."""
        small = stretched(fitted(frame.inside.cut(frame.luminance), LONG_SIDE_PX))
        rows = np.arange(len(small), dtype=np.float32).reshape(-1, 1)
        return Vectors(np.ascontiguousarray(small), rows)
