"""film-pdq: what a film looks like four times a second, as PDQ hashes of a few views of each frame.

Source: PDQ of facebook/ThreatExchange ("The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm",
2019), run on an area-averaged 64 x 64 luminance picture: that is what PDQ itself reduces a frame to, so the bits nearly
agree (4 to 16 of 256 differ) at a twentieth of the cost.
"""

import cv2
import numpy as np
import pdqhash
from numpy.typing import NDArray

from fingerprints.borders import content, grey
from fingerprints.interface import FilmPass, Frame, Vectors

Grey = NDArray[np.uint8]

# Views, as they stand in the positions' second column. A reference is sought by FULL, the two centre crops and TRIMMED;
# a query asks with FULL, MIRRORED and TRIMMED. One kind stores them all, so that any film can play either part.
FULL, CENTRE_85, CENTRE_72, MIRRORED, TRIMMED = range(5)
SIDE_PX = 64  # what PDQ works on
LEAST_TRIM = 0.03  # of the area: below this the trimmed view would only repeat the full one
LEAST_LEFT = 0.25  # of the area: less than this left over is a dark frame with one light, not a frame with bars
CODE_BYTES = 32


class FilmPdq:
    """PDQ (Facebook, 2019) four times a second, so that a copied stretch is found to a quarter of a second.

    Positions: second in the film; view (0 full, 1 and 2 its centre at 85 and 72 %, 3 mirrored, 4 without bars);
    quality (0 to 100; flat frames score low and prove nothing).
    """

    name = "film-pdq"
    version = 1
    may_travel = True
    frames_per_second = 4.0

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass()


class _Pass:
    def __init__(self) -> None:
        self._codes: list[NDArray[np.uint8]] = []
        self._positions: list[tuple[float, int, int]] = []

    def see(self, frame: Frame) -> None:
        """Hash every view of the frame."""
        for view, small in _views(grey(frame.pixels)):
            bits, quality = pdqhash.compute(np.repeat(small[:, :, None], 3, axis=2))
            self._codes.append(np.packbits(np.asarray(bits, np.uint8)))
            self._positions.append((frame.at_s, view, quality))

    def finish(self) -> Vectors:
        """Return the hashes in order of time, the views of one frame together."""
        codes = np.array(self._codes, np.uint8).reshape(-1, CODE_BYTES)
        return Vectors(codes, np.array(self._positions, np.float32).reshape(-1, 3))


def _views(luminance: Grey) -> list[tuple[int, Grey]]:
    """Return (view, 64 x 64 luminance) of one frame; TRIMMED only where the frame has bars."""
    full = _small(luminance)
    views = [
        (FULL, full),
        (CENTRE_85, _small(_centre(luminance, 0.85))),
        (CENTRE_72, _small(_centre(luminance, 0.72))),
        (MIRRORED, np.ascontiguousarray(full[:, ::-1])),
    ]
    inside = content(luminance).cut(luminance)
    if LEAST_LEFT <= inside.size / luminance.size <= 1 - LEAST_TRIM:
        views.append((TRIMMED, _small(inside)))
    return views


def _centre(luminance: Grey, share: float) -> Grey:
    height, width = luminance.shape
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    return luminance[top : height - top, left : width - left]


def _small(luminance: Grey) -> Grey:
    return np.asarray(cv2.resize(luminance, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8)
