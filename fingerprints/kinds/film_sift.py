"""film-sift and seen-sift: the local points of a film's pictures; a held picture is described once, with its span."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import shrunk
from fingerprints.interface import SECOND, Column, FilmPass, Frame, Table, Tier, Vectors
from fingerprints.keypoints import Detector, Keypoints, place_columns
from fingerprints.quantised import CODE_BYTES, packed

LONG_SIDE_PX = 320
# Fainter points than SIFT's own .04 and 10: silhouettes and flat cel colours have few others.
DETECTOR = Detector(most=400, contrast=0.01, edge=25)
STRONGEST, LARGE, LARGE_PX = 30, 100, 5.0  # large points outlive a copy a third as large
HELD_SIZE = (32, 18)
STEPS = np.array([4, 4, 4, 0.5], np.float32)  # of a pixel, and of a degree: what places are rounded to, for storage
HELD_DIFFERENCE = 2.0  # mean grey levels on 32 x 18; less is the same drawing still on screen


class FilmSift:
    """RootSIFT (Lowe 2004, Arandjelovic and Zisserman 2012) of each new picture of a reference, 16 bytes a point (Jegou
    2011), for crops, frames and turned copies; the 30 strongest points and the 100 strongest large ones of the others,
    at most 12 MB an hour.

    Positions: second of the picture; for how many seconds it is held; x, y, size (pixels) and angle (degrees) in the
    frame shrunk to 320 px. Facts: width and height of that frame. Limited animation holds its drawings: those seconds
    cost nothing.
    """

    name = "film-sift"
    version = 3
    may_travel = True
    table = Table(
        CODE_BYTES,
        (SECOND, Column("held", 0, SECOND.most), *place_columns(LONG_SIDE_PX)),
        (Column("width", 1, LONG_SIDE_PX), Column("height", 1, LONG_SIDE_PX)),
    )
    frames_per_second = 1.0
    glance_s = 1.9
    tier: Tier = "points"
    is_choosy = True  # keeps the telling points alone

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass(1 / self.frames_per_second, is_choosy=self.is_choosy)


class SeenSift(FilmSift):
    """RootSIFT of a film that was seen, as film-sift: of its key frames, and twice a second where it is watched. Up to
    400 points a picture: a small copy has few of them in a busy frame.

    Positions and facts as film-sift. A key frame is taken to be held for half a second unless later ones show the same.
    """

    name = "seen-sift"
    version = 1
    frames_per_second = 2.0
    is_choosy = False


class _Pass:
    def __init__(self, step_s: float, *, is_choosy: bool) -> None:
        self._step_s = step_s
        self._is_choosy = is_choosy
        self._codes: list[NDArray[np.uint8]] = []
        self._places: list[NDArray[np.float32]] = []
        self._spans: list[tuple[float, float]] = []  # first and last moment each picture was seen
        self._held: NDArray[np.float32] | None = None
        self._facts: dict[str, float] = {}

    def see(self, frame: Frame) -> None:
        """Describe the frame, unless it only holds the last one."""
        luminance = frame.luminance
        tiny = np.asarray(cv2.resize(luminance, HELD_SIZE, interpolation=cv2.INTER_AREA), np.float32)
        if self._held is not None and float(np.abs(tiny - self._held).mean()) < HELD_DIFFERENCE:
            self._spans[-1] = (self._spans[-1][0], frame.at_s)
            return
        self._held = tiny
        small = shrunk(luminance, LONG_SIDE_PX)
        self._facts = {"width": float(small.shape[1]), "height": float(small.shape[0])}
        points = DETECTOR.detect(small)
        points = _telling(points) if self._is_choosy else points
        self._codes.append(packed(points.descriptors))
        self._places.append(np.asarray(np.rint(points.places * STEPS) / STEPS, np.float32))
        self._spans.append((frame.at_s, frame.at_s))

    def finish(self) -> Vectors:
        """Return the points of every kept picture, in order of time; a picture without points leaves no row."""
        if not self._spans:
            return Vectors(np.empty((0, CODE_BYTES), np.uint8), np.empty((0, 6), np.float32))
        begun, last = np.array(self._spans).T
        spans = np.column_stack([begun, last - begun + self._step_s]).astype(np.float32)
        counts = [len(codes) for codes in self._codes]
        positions = np.hstack([np.repeat(spans, counts, axis=0), np.concatenate(self._places)])
        return Vectors(np.concatenate(self._codes), positions, self._facts)


def _telling(points: Keypoints) -> Keypoints:
    """Return the strongest points, and the strongest large ones of the others."""
    is_large = points.places[:, 2] >= LARGE_PX
    is_large[:STRONGEST] = False
    rows = np.concatenate([np.arange(min(STRONGEST, len(is_large))), np.flatnonzero(is_large)[:LARGE]])
    return Keypoints(points.descriptors[rows], points.places[rows])
