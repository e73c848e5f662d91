"""seen-insets: what a film that was seen shows small inside its frames, as PDQ hashes of the rectangles that stay.

Local points miss a small film on a busy ground; its straight borders do not hide. A rectangle that is none costs a few
hashes that match nothing.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fingerprints import frequencies
from fingerprints.borders import Box, content
from fingerprints.frequencies import CODE_BYTES, frame_frequencies, packed, turned_frequencies
from fingerprints.insets import Look, lasting, overlap
from fingerprints.interface import BOX, QUALITY, SECOND, Column, FilmPass, Frame, Table, Tier, Vectors

AS_IS, MIRRORED = 0, 1  # views, as they stand in the positions' second column
SERIES = 3  # frames that show together which rectangles stay
LEAST_APART_S = 2.0  # between them: in less, an ordinary shot hardly changes and much of it stays
LEAST_QUALITY = 50  # of PDQ: below, a hash proves nothing
SAME_BOX = 0.93  # of two boxes' union that both cover: their hashes would be the same
COLUMNS = 7


class SeenInsets:
    """PDQ (Facebook, 2019) of rectangles that stay where they are over a few seconds, as an inset film's do.

    Positions: second in the film; view (0 as it is, 1 mirrored); quality (50 to 100); left, top, right and bottom of
    the rectangle, as fractions of the frame. Usually none: most films show nothing inside their frames.
    """

    name = "seen-insets"
    version = 1
    may_travel = False
    table = Table(CODE_BYTES, (SECOND, Column("view", AS_IS, MIRRORED), QUALITY, *BOX))
    frames_per_second = 1.0
    glance_s = 1.0
    tier: Tier = "hashes"

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass()


@dataclass
class _Shown:
    """A frame since the series began."""

    at_s: float
    look: Look
    hashed: list[Box] = field(default_factory=list)

    @cached_property
    def inside(self) -> Box:
        return content(self.look.luminance)


class _Pass:
    def __init__(self) -> None:
        self._shown: list[_Shown] = []
        self._series: list[_Shown] = []
        self._boxes: list[Box] = []
        self._codes: list[NDArray[np.uint8]] = []
        self._positions: list[tuple[float, ...]] = []

    def see(self, frame: Frame) -> None:
        """Remember the frame; once a series is whole, hash what its rectangles show in every frame since it began."""
        newest = _Shown(frame.at_s, Look(frame.luminance))
        self._shown.append(newest)
        if self._series and newest.at_s < self._series[-1].at_s + LEAST_APART_S:
            self._hash(newest)
            return
        self._series.append(newest)
        if len(self._series) < SERIES:
            return
        self._boxes = [inset.box for inset in lasting([shown.look for shown in self._series])]
        for shown in self._shown:
            self._hash(shown)
        self._series = self._series[1:]
        self._shown = [shown for shown in self._shown if shown.at_s >= self._series[0].at_s]

    def _hash(self, shown: _Shown) -> None:
        """Hash what the frame shows in the newest rectangles; not twice, nor what seen-pdq finds inside plain bars."""
        if shown.look.luminance.shape != self._series[-1].look.luminance.shape:
            return
        for box in self._boxes:
            if all(overlap(box, other) < SAME_BOX for other in (shown.inside, *shown.hashed)):
                shown.hashed.append(box)
                self._keep(shown, box)

    def _keep(self, shown: _Shown, box: Box) -> None:
        luminance = shown.look.luminance
        height, width = luminance.shape
        found, quality = frame_frequencies(box.cut(luminance))
        if quality < LEAST_QUALITY:
            return
        place = (box.left / width, box.top / height, box.right / width, box.bottom / height)
        for view, seen in ((AS_IS, found), (MIRRORED, turned_frequencies(found, frequencies.MIRRORED))):
            self._codes.append(packed(seen))
            self._positions.append((shown.at_s, view, quality, *place))

    def finish(self) -> Vectors:
        """Return the hashes in order of time, both views of one rectangle together."""
        codes = np.array(self._codes, np.uint8).reshape(-1, CODE_BYTES)
        positions = np.array(self._positions, np.float32).reshape(-1, COLUMNS)
        order = np.argsort(positions[:, 0], kind="stable")
        return Vectors(codes[order], positions[order])
