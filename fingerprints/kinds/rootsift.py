"""RootSIFT of a picture: local points that survive crops, collages, screenshots, rotation and small copies."""

import numpy as np

from fingerprints.borders import MOST_STRIP, fitted, stretched
from fingerprints.interface import BOX, Column, Frame, Table, Vectors
from fingerprints.keypoints import DESCRIPTOR_BYTES, Detector, place_columns

LOOKED_AT_PX = 256  # as good as 320 px on every kind of copy, at 60 % of the time
FRAME_PX = 320  # the frame positions are told in, so that tolerances mean the same for every version
MOST_PX = 1 << 20  # of a side of a picture; no decoder yields more
POINTS, MOST_POINTS = 250, 1500  # of an ordinary picture, and of a strip ten times as long
# SIFT's own contrast is .04; drawn art has soft shading that still tells pictures apart, and faint parts beside bold.
CONTRAST, FAINT, EDGE = 0.01, 0.00125, 15


class RootSift:
    """The 250 strongest SIFT points (Lowe 2004) and faint ones where there are few of them, as RootSIFT (Arandjelovic
    and Zisserman 2012), one byte a component.

    Positions: x, y, size (pixels) and angle (degrees) in the picture without its plain border, shrunk to 320 px; of a
    strip more than twice as long as wide, the short side is 160 px and there are more points. Faint drawing is
    stretched to full contrast first. Facts: width and height of that frame; left, top, right, bottom of it as fractions
    of the whole picture, whose own size is picture_width and picture_height.
    """

    name = "rootsift"
    version = 3
    may_travel = True
    table = Table(
        DESCRIPTOR_BYTES,
        place_columns(FRAME_PX * MOST_STRIP),
        (
            Column("width", 1, FRAME_PX * MOST_STRIP), Column("height", 1, FRAME_PX * MOST_STRIP), *BOX,
            Column("picture_width", 1, MOST_PX), Column("picture_height", 1, MOST_PX),
        ),
    )  # fmt: skip

    def describe(self, frame: Frame) -> Vectors:
        """Return codes of 128 bytes, strongest first: 1500 at most and the faint ones."""
        height, width = frame.luminance.shape
        box = frame.inside
        small = stretched(fitted(box.cut(frame.luminance), LOOKED_AT_PX))
        most = min(MOST_POINTS, round(POINTS * max(1.0, max(small.shape) / LOOKED_AT_PX)))
        points = Detector(most=most, contrast=CONTRAST, edge=EDGE, faint=FAINT).detect(small)
        scale = FRAME_PX / LOOKED_AT_PX
        places = points.places * np.array([scale, scale, scale, 1], np.float32)
        facts = {
            "width": small.shape[1] * scale, "height": small.shape[0] * scale,
            "left": box.left / width, "top": box.top / height,
            "right": box.right / width, "bottom": box.bottom / height,
            "picture_width": float(width), "picture_height": float(height),
        }  # fmt: skip
        return Vectors(points.descriptors, places, facts)
