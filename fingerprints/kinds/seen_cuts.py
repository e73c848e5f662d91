"""seen-cuts: when the picture of a film changes at once, to the frame: a copied clip begins and ends there."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import SECOND, FilmPass, Frame, Table, Tier, Vectors

SIZE = (32, 18)
CHANGED = 24.0  # grey levels by which a spot of the picture changes between two frames
LEAST_SHARE = 0.2  # of the picture that changes, in a cut; a pan or a person in front of it changes less
MOST_SHARE_BEFORE = 0.5  # of what changes in a cut, that changed from the frame before as well: then it is motion
LEAST_HELD_S = 0.2  # a picture on screen for longer ends what moved before it; slow drawings show each for 4 / 24 s


class SeenCuts:
    """The moments at which a film's picture changes from one frame to the next, of stretches that are watched.

    Codes: one byte, which share of the picture changed (255: all). Positions: second of the first new frame.
    """

    name = "seen-cuts"
    version = 1
    may_travel = False
    table = Table(1, (SECOND,))
    frames_per_second = 24.0
    glance_s = math.inf  # nobody can say when between two key frames a picture changed
    tier: Tier = "hashes"

    def begin(self) -> FilmPass:
        """Start on a new film."""
        return _Pass()


class _Pass:
    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._shares: list[tuple[float, float]] = []  # second, share that changed since the frame before

    def see(self, frame: Frame) -> None:
        """Note how much of the picture changed; a frame that is shown twice has not."""
        tiny = np.asarray(cv2.resize(frame.luminance, SIZE, interpolation=cv2.INTER_AREA), np.float32)
        if self._last is not None:
            change = np.abs(tiny - self._last)
            share = float((change > CHANGED).mean())
            if change.max() > 1.0:  # else the same frame is still on screen
                self._shares.append((frame.at_s, share))
        self._last = tiny

    def finish(self) -> Vectors:
        """Return the cuts in order of time."""
        at_s = np.array([at for at, _ in self._shares], np.float32)
        share = np.array([each for _, each in self._shares], np.float32)
        before = np.concatenate([[0.0], share[:-1] * (np.diff(at_s) < LEAST_HELD_S)])[: len(share)]
        is_cut = (share >= LEAST_SHARE) & (before <= MOST_SHARE_BEFORE * share)
        codes = np.rint(share[is_cut] * 255).astype(np.uint8).reshape(-1, 1)
        return Vectors(codes, at_s[is_cut].reshape(-1, 1))
