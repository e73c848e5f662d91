"""film-sift: the local points of a film's pictures once a second; a held picture is described once, with its span."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import grey, shrunk
from fingerprints.interface import FilmPass, Frame, Vectors
from fingerprints.keypoints import Detector
from fingerprints.quantised import CODE_BYTES, packed

LONG_SIDE_PX = 320
# Fainter points than SIFT's own .04 and 10: silhouettes and flat cel colours have few others.
DETECTOR = Detector(most=400, contrast=0.01, edge=25)
HELD_SIZE = (32, 18)
STEPS = np.array([4, 4, 4, 0.5], np.float32)  # of a pixel, and of a degree: what places are rounded to, for storage
HELD_DIFFERENCE = 2.0  # mean grey levels on 32 x 18; less is the same drawing still on screen


class FilmSift:
    """RootSIFT (Lowe 2004, Arandjelovic and Zisserman 2012) of each new picture, 16 bytes a point (Jegou 2011),
    for crops, frames and turned copies.

    Positions: second of the picture; for how many seconds it is held; x, y, size (pixels) and angle (degrees) in the
    frame shrunk to 320 px. Facts: width and height of that frame. Limited animation holds its drawings: those seconds
    cost nothing.
    """

    name = "film-sift"
    version = 2
    may_travel = True
    frames_per_second = 1.0

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass()


class _Pass:
    def __init__(self) -> None:
        self._codes: list[NDArray[np.uint8]] = []
        self._places: list[NDArray[np.float32]] = []
        self._begun_s: list[float] = []
        self._last_s = 0.0
        self._held: NDArray[np.float32] | None = None
        self._facts: dict[str, float] = {}

    def see(self, frame: Frame) -> None:
        """Describe the frame, unless it only holds the last one."""
        luminance = grey(frame.pixels)
        self._last_s = frame.at_s
        tiny = np.asarray(cv2.resize(luminance, HELD_SIZE, interpolation=cv2.INTER_AREA), np.float32)
        if self._held is not None and float(np.abs(tiny - self._held).mean()) < HELD_DIFFERENCE:
            return
        self._held = tiny
        small = shrunk(luminance, LONG_SIDE_PX)
        self._facts = {"width": float(small.shape[1]), "height": float(small.shape[0])}
        points = DETECTOR.detect(small)
        self._codes.append(packed(points.descriptors))
        self._places.append(np.asarray(np.rint(points.places * STEPS) / STEPS, np.float32))
        self._begun_s.append(frame.at_s)

    def finish(self) -> Vectors:
        """Return the points of every kept picture, in order of time; a picture without points leaves no row."""
        if not self._begun_s:
            return Vectors(np.empty((0, CODE_BYTES), np.uint8), np.empty((0, 6), np.float32))
        ends = np.array([*self._begun_s[1:], self._last_s + 1 / FilmSift.frames_per_second])
        spans = np.column_stack([self._begun_s, ends - np.array(self._begun_s)]).astype(np.float32)
        counts = [len(codes) for codes in self._codes]
        positions = np.hstack([np.repeat(spans, counts, axis=0), np.concatenate(self._places)])
        return Vectors(np.concatenate(self._codes), positions, self._facts)
