"""RootSIFT of a picture: local points that survive crops, collages, screenshots, rotation and small copies."""

from fingerprints.borders import content, grey, shrunk
from fingerprints.interface import Frame, Vectors
from fingerprints.keypoints import Detector

LONG_SIDE_PX = 320  # with 300 points as good as 512 px and 500 points on pages and art, at 40 % of the time
# Contrast: half of SIFT's own .04; drawn art has soft shading that still tells pictures apart.
DETECTOR = Detector(most=300, contrast=0.01, edge=15)


class RootSift:
    """The 300 strongest SIFT points (Lowe 2004) as RootSIFT (Arandjelovic and Zisserman 2012), one byte a component.

    Positions: x, y, size (pixels) and angle (degrees) in the picture without its plain border, shrunk to 320 px.
    Facts: width and height of that frame; left, top, right, bottom of it as fractions of the whole picture, whose own
    size is picture_width and picture_height.
    """

    name = "rootsift"
    version = 1
    may_travel = True

    def describe(self, frame: Frame) -> Vectors:
        """Return up to 300 codes of 128 bytes, strongest first."""
        luminance = grey(frame.pixels)
        height, width = luminance.shape
        box = content(luminance)
        small = shrunk(box.cut(luminance), LONG_SIDE_PX)
        points = DETECTOR.detect(small)
        facts = {
            "width": float(small.shape[1]), "height": float(small.shape[0]),
            "left": box.left / width, "top": box.top / height,
            "right": box.right / width, "bottom": box.bottom / height,
            "picture_width": float(width), "picture_height": float(height),
        }  # fmt: skip
        return Vectors(points.descriptors, points.places, facts)
