"""Local points of a grey picture and how each looks: RootSIFT, one byte a component."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Column

DESCRIPTOR_BYTES = 128
LAYERS = 3  # of an octave, OpenCV's own; a point's strength is told as its contrast divided by them
PART_PX = 64  # side of the squares in which points are counted
FEW_IN_PART, FILLED_PART = 9, 18  # strong points, below which a part brings faint ones, and how many it then has
LEAST_SIZE_PX = 0.25
SCALE = 512  # RootSIFT has norm 1; times 512 its components fill a byte


def place_columns(longest_px: float) -> tuple[Column, ...]:
    """Return what places are told in, of pictures whose longer side has at most so many pixels."""
    x, y = (Column(name, -1, longest_px + 1) for name in ("x", "y"))  # a blob may be centred just outside
    return x, y, Column("size", LEAST_SIZE_PX, longest_px), Column("angle", 0, 360)


@dataclass(frozen=True)
class Keypoints:
    """The points of one picture, strongest first; the two arrays run in parallel."""

    descriptors: NDArray[np.uint8]  # (count, 128)
    places: NDArray[np.float32]  # (count, 4): x, y, size in pixels, angle in degrees


@dataclass(frozen=True)
class Detector:
    """How many points are taken, and how faint they may be. Source: SIFT, Lowe 2004, sections 4 and 4.1.

    The strongest points alone would all lie in what is bold: a title, a neighbour in a collage. So a part of the
    picture that has few of them also brings its strongest faint ones.
    """

    most: int
    contrast: float
    edge: float
    faint: float | None = None  # contrast from which a part with few points brings more; None: it stays with few

    def detect(self, luminance: NDArray[np.uint8]) -> Keypoints:
        """Return the points as RootSIFT (Arandjelovic and Zisserman 2012), strongest first; a flat picture has none."""
        picture = np.ascontiguousarray(luminance)
        sift = self._sift()
        if self.faint is None:
            points, descriptors = sift.detectAndCompute(picture, None)  # quicker, and enough for the strongest alone
        elif points := self._chosen(sorted(sift.detect(picture, None), key=lambda point: -point.response)):
            points, descriptors = sift.compute(picture, points)
        if not len(points):
            return Keypoints(np.empty((0, DESCRIPTOR_BYTES), np.uint8), np.empty((0, 4), np.float32))
        # OpenCV may return more than it was asked for when points share their strength, and in an order of its own.
        order = np.argsort([-point.response for point in points], kind="stable")
        order = order[: self.most] if self.faint is None else order
        places = np.array([(*point.pt, point.size, point.angle) for point in points], np.float32)
        return Keypoints(_rooted(np.asarray(descriptors, np.float32)[order]), places[order])

    def _sift(self) -> cv2.SIFT:
        if self.faint is None:
            return cv2.SIFT.create(nfeatures=self.most, contrastThreshold=self.contrast, edgeThreshold=self.edge)
        return cv2.SIFT.create(nfeatures=0, contrastThreshold=self.faint, edgeThreshold=self.edge)

    def _chosen(self, points: list[cv2.KeyPoint]) -> list[cv2.KeyPoint]:
        """Return the strongest points and what the parts with few of them bring; all in the order they came in."""
        if not points:
            return []
        strength = np.array([point.response for point in points])
        column, row = (np.array([point.pt for point in points]) // PART_PX).astype(np.intp).T
        part = row * (column.max() + 1) + column
        taken = (np.arange(len(points)) < self.most) & (strength >= self.contrast / LAYERS)
        counts = np.bincount(part[taken], minlength=part.max() + 1)
        for each in np.flatnonzero(counts < FEW_IN_PART).tolist():
            left = np.flatnonzero(~taken & (part == each))
            taken[left[: FILLED_PART - counts[each]]] = True
        return [points[each] for each in np.flatnonzero(taken)]


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
