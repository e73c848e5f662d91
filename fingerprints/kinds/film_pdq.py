"""film-pdq and seen-pdq: what a film looks like four times a second, as PDQ hashes of a few views of each frame.

Source: PDQ of facebook/ThreatExchange ("The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm",
2019), run on an area-averaged 64 x 64 luminance picture: that is what PDQ itself reduces a frame to, so the bits nearly
agree (4 to 16 of 256 differ) at a twentieth of the cost.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints import frequencies
from fingerprints.borders import Box
from fingerprints.frequencies import CODE_BYTES, Frequencies, frame_frequencies, packed, turned_frequencies
from fingerprints.interface import QUALITY, SECOND, Column, FilmPass, Frame, Table, Tier, Vectors

# Views, as they stand in the positions' second column.
FULL, CENTRE_85, CENTRE_72, MIRRORED, TRIMMED = range(5)
CENTRES = {CENTRE_85: 0.85, CENTRE_72: 0.72}  # of each side
LEAST_TRIM = 0.03  # of the area: below this the trimmed view would only repeat the full one
LEAST_LEFT = 0.25  # of the area: less than this left over is a dark frame with one light, not a frame with bars
ONE_GREY = 8  # levels around the frame's middle grey that are one grey to a viewer


class FilmPdq:
    """PDQ (Facebook, 2019) of a reference four times a second, so that a copied stretch is found to a quarter of a
    second; three codes a frame, 1.5 MB an hour.

    Positions: second in the film; view (0 full, 1 and 2 its centre at 85 and 72 %, 4 without bars); quality (0 to 100;
    flat frames score low and prove nothing); percent of the whole frame that is of one grey (of a dim scene few, of
    black or a card nearly all, whatever their quality). A frame with bars has the views 0, 4 and 1: the centre is then
    that of the picture between the bars.
    """

    name = "film-pdq"
    version = 3
    may_travel = True
    table = Table(CODE_BYTES, (SECOND, Column("view", FULL, TRIMMED), QUALITY, Column("one grey", 0, 100)))
    frames_per_second = 4.0
    glance_s = 0.4
    tier: Tier = "hashes"
    plain: tuple[int, ...] = (FULL, CENTRE_85, CENTRE_72)  # the views of a frame
    barred: tuple[int, ...] = (FULL, TRIMMED, CENTRE_85)  # and of one with bars

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass(self._rows)

    def _rows(self, frame: Frame) -> list[tuple[int, Frequencies, int]]:
        """Return (view, frequencies, quality) of one frame."""
        luminance = frame.luminance
        inside = frame.inside
        area = (inside.right - inside.left) * (inside.bottom - inside.top) / luminance.size
        has_bars = LEAST_LEFT <= area <= 1 - LEAST_TRIM
        whole = inside if has_bars else Box(0, 0, luminance.shape[1], luminance.shape[0])
        full, quality = frame_frequencies(luminance)
        rows = []
        for view in self.barred if has_bars else self.plain:
            if view == FULL:
                rows.append((view, full, quality))
            elif view == MIRRORED:
                rows.append((view, turned_frequencies(full, frequencies.MIRRORED), quality))
            else:
                part = whole if view == TRIMMED else _centre(whole, CENTRES[view])
                rows.append((view, *frame_frequencies(part.cut(luminance))))
        return rows


class SeenPdq(FilmPdq):
    """PDQ (Facebook, 2019) of a film that was seen: of its key frames, and four times a second where it is watched.

    Positions: second in the film; view (0 full, 3 mirrored, 4 without bars); quality (0 to 100); percent of one grey.
    The copy's own crop is among the centres of the reference, so a sighting brings no centres.
    """

    name = "seen-pdq"
    version = 2
    plain = (FULL, MIRRORED)
    barred = (FULL, MIRRORED, TRIMMED)


class _Pass:
    def __init__(self, rows: Callable[[Frame], list[tuple[int, Frequencies, int]]]) -> None:
        self._rows = rows
        self._codes: list[NDArray[np.uint8]] = []
        self._positions: list[tuple[float, int, int, int]] = []

    def see(self, frame: Frame) -> None:
        """Hash every view of the frame."""
        plain = one_grey(frame.luminance)
        for view, found, quality in self._rows(frame):
            self._codes.append(packed(found))
            self._positions.append((frame.at_s, view, quality, plain))

    def finish(self) -> Vectors:
        """Return the hashes in order of time, the views of one frame together."""
        codes = np.array(self._codes, np.uint8).reshape(-1, CODE_BYTES)
        return Vectors(codes, np.array(self._positions, np.float32).reshape(-1, 4))


def one_grey(luminance: NDArray[np.uint8]) -> int:
    """Return the percent of a picture, rounded down, that lie within ONE_GREY levels of its middle grey."""
    sums = np.cumsum(cv2.calcHist([luminance], [0], None, [256], [0, 256]).ravel(), dtype=np.int64)
    middle = int(np.searchsorted(sums, (luminance.size + 1) // 2))
    low = sums[middle - ONE_GREY - 1] if middle > ONE_GREY else 0
    return int(100 * (sums[min(255, middle + ONE_GREY)] - low) // luminance.size)


def _centre(box: Box, share: float) -> Box:
    """Return the middle of a box, `share` of each side."""
    off = (1 - share) / 2
    across, down = round((box.right - box.left) * off), round((box.bottom - box.top) * off)
    return Box(box.left + across, box.top + down, box.right - across, box.bottom - down)
