"""Local points of a grey picture and how each looks: RootSIFT, one byte a component."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

DESCRIPTOR_BYTES = 128
SCALE = 512  # RootSIFT has norm 1; times 512 its components fill a byte


@dataclass(frozen=True)
class Keypoints:
    """The points of one picture, strongest first; the two arrays run in parallel."""

    descriptors: NDArray[np.uint8]  # (count, 128)
    places: NDArray[np.float32]  # (count, 4): x, y, size in pixels, angle in degrees


@dataclass(frozen=True)
class Detector:
    """How many points are taken, and how faint they may be. Source: SIFT, Lowe 2004, sections 4 and 4.1."""

    most: int
    contrast: float
    edge: float

    def detect(self, luminance: NDArray[np.uint8]) -> Keypoints:
        """Return the strongest points as RootSIFT (Arandjelovic and Zisserman 2012); a flat picture has none."""
        sift = cv2.SIFT.create(nfeatures=self.most, contrastThreshold=self.contrast, edgeThreshold=self.edge)
        points, descriptors = sift.detectAndCompute(np.ascontiguousarray(luminance), None)
        if descriptors is None or not len(points):
            return Keypoints(np.empty((0, DESCRIPTOR_BYTES), np.uint8), np.empty((0, 4), np.float32))
        # OpenCV may return more than it was asked for when points share their strength.
        strongest = np.argsort([-point.response for point in points], kind="stable")[: self.most]
        places = np.array([(*point.pt, point.size, point.angle) for point in points], np.float32)
        return Keypoints(_rooted(np.asarray(descriptors[strongest], np.float32)), places[strongest])


def _rooted(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return RootSIFT: the Hellinger distance between histograms becomes plain L2."""
    sums = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    return np.asarray(np.minimum(np.rint(np.sqrt(descriptors / sums) * SCALE), 255), np.uint8)


def mirrored(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what the descriptors of the mirrored picture would be, by reordering their 4 x 4 x 8 cells.

    Mirroring turns a patch's rows around and its gradient directions the other way; nothing has to be seen again.
    """
    cells = descriptors.reshape(-1, 4, 4, 8)[:, ::-1, :, :]
    return np.ascontiguousarray(cells[..., (-np.arange(8)) % 8].reshape(-1, DESCRIPTOR_BYTES))
