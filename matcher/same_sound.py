"""Whether a copy still sounds as the original does where it shows the same pictures. Pure.

Where the pictures agree, the second of the original is known, so that the sound needs no search: only the bits there
are compared (sound-bits, Haitsma and Kalker 2002).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from matcher.alignment import reference_at
from matcher.film_sound import HOP_S, nearest_rows
from matcher.interface import Segment

WINDOW_S = 5.0
MOST_WINDOWS = 24  # of one match, evenly spread
ASKEW_S = 0.75  # how far the sound may lie from the pictures: their ends are found to within that
MOST_SPEED = 0.015  # from 1; a sound played faster or backwards has other bits, which proves nothing
LEAST_ROWS = 0.8  # of a window: silence leaves no rows, and says nothing
# Copies of twelve recordings differed in at most 28 % of the bits of a window, ten unrelated recordings in at least
# 45 % at the best of all shifts. Between these lines nothing is said.
SAME, OTHER = 0.33, 0.40


@dataclass(frozen=True)
class Hearing:
    """What comparing the sound gave."""

    compared_s: float  # of the copy, where it can be said
    agreeing_s: float

    @property
    def share(self) -> float:
        """How much of what was compared agrees; 1 of nothing."""
        return self.agreeing_s / self.compared_s if self.compared_s else 1.0


def hear(copy: Vectors, original: Vectors, segments: Sequence[Segment]) -> Hearing:
    """Compare the sound of both films along the segments; both `Vectors` are of the kind sound-bits."""
    windows = [
        (start, segment)
        for segment in segments
        if abs(segment.speed - 1) <= MOST_SPEED
        for start in np.arange(segment.query_start_s, segment.query_end_s - WINDOW_S + 1e-6, WINDOW_S).tolist()
    ]
    chosen = windows[:: -(-len(windows) // MOST_WINDOWS)] if windows else []
    wrong = [share for start, segment in chosen for share in _wrong(copy, original, start, segment)]
    same, other = sum(share <= SAME for share in wrong), sum(share >= OTHER for share in wrong)
    return Hearing((same + other) * WINDOW_S, same * WINDOW_S)


def _wrong(copy: Vectors, original: Vectors, start_s: float, segment: Segment) -> Iterator[float]:
    """Yield the share of bits that differ in the window from `start_s` on; nothing when either is too silent there."""
    at_s, theirs = copy.positions[:, 0].astype(np.float64), original.positions[:, 0].astype(np.float64)
    inside = (at_s >= start_s) & (at_s < start_s + WINDOW_S)
    least = LEAST_ROWS * WINDOW_S / HOP_S
    if inside.sum() < least or len(theirs) < least:
        return
    wanted = reference_at(segment, at_s[inside])
    shifts = np.arange(-ASKEW_S, ASKEW_S, HOP_S / 2)
    found = [_differing(copy.codes[inside], original.codes, theirs, wanted + shift, least) for shift in shifts.tolist()]
    known = [share for share in found if share is not None]
    if known:
        yield min(known)


def _differing(
    codes: NDArray[np.uint8],
    others: NDArray[np.uint8],
    at_s: NDArray[np.float64],
    wanted_s: NDArray[np.float64],
    least: float,
) -> float | None:
    place, is_there = nearest_rows(at_s, wanted_s)
    if is_there.sum() < least:
        return None
    return float(np.bitwise_count(codes[is_there] ^ others[place[is_there]]).sum(axis=1).mean()) / 32
