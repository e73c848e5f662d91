"""How long a line through two films falls silent, told by the moments of the query that were asked. Pure.

A film is not asked evenly: in one part every key frame is looked up, in another four frames a second, and black or flat
frames are not asked at all. Where nobody asked, nobody can have been silent.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]

SAME_MOMENT_S = 0.005  # times travel as 32-bit floats; at an hour they are that coarse
STANDS_FOR_S = 6.0  # one moment that was asked stands for no more, however far its neighbours are
UNASKED_S = 40.0  # two hits with nothing asked between them for longer are not one stretch


@dataclass(frozen=True)
class Asked:
    """The moments of a query that were asked; where nobody noted them, all time counts as asked."""

    at_s: Seconds | None  # rising, every hit of the query among them

    @classmethod
    def at(cls, asked_s: Seconds | None, hits_s: Seconds) -> "Asked":
        """Return the moments that were asked, in any order, with those at which there was a hit."""
        if asked_s is None:
            return cls(None)
        moments = np.sort(np.concatenate([asked_s, hits_s]).astype(np.float64))
        return cls(moments[np.diff(moments, prepend=-np.inf) > SAME_MOMENT_S])

    def silent_s(self, starts_s: Seconds, ends_s: Seconds) -> Seconds:
        """Return of each span how long it was silent, when no moment strictly inside of it was a hit.

        A moment stands for half of the way to each of its neighbours. A span in which nothing was asked for very long
        is silent for ever.
        """
        if self.at_s is None or not len(self.at_s):
            return np.maximum(ends_s - starts_s, 0.0)
        stands_for, voids = self._sums
        first = np.searchsorted(self.at_s, starts_s + SAME_MOMENT_S)
        beyond = np.maximum(np.searchsorted(self.at_s, ends_s - SAME_MOMENT_S), first)
        last = len(self.at_s) - 1
        has_void = voids[np.minimum(beyond, last)] > voids[np.clip(first - 1, 0, last)]
        return np.where(has_void & (ends_s > starts_s), np.inf, stands_for[beyond] - stands_for[first])

    def halves(self, moments_s: Seconds, step_s: float) -> tuple[Seconds, Seconds]:
        """Return how far each moment reaches back and on: half a step, or half of the way to a nearer neighbour."""
        half = np.full(len(moments_s), step_s / 2)
        if self.at_s is None or not len(self.at_s):
            return half, half
        before, after = self._distances
        which = np.minimum(np.searchsorted(self.at_s, moments_s - 2 * SAME_MOMENT_S), len(self.at_s) - 1)
        return np.minimum(half, before[which] / 2), np.minimum(half, after[which] / 2)

    @cached_property
    def _sums(self) -> tuple[Seconds, NDArray[np.int64]]:
        """Return how long all moments before each stand for, one more than there are moments, and how often nothing was
        asked for very long before each."""
        before, after = self._distances
        stands_for = np.minimum((before + after) / 2, STANDS_FOR_S)
        return np.cumsum(np.append(0.0, stands_for)), np.cumsum(before > UNASKED_S) - 1  # none is before the first

    @cached_property
    def _distances(self) -> tuple[Seconds, Seconds]:
        """Return how far it is from each moment to the one before and to the one after; at the outermost, no end."""
        assert self.at_s is not None
        steps = np.diff(self.at_s)
        return np.concatenate([[np.inf], steps]), np.concatenate([steps, [np.inf]])


ALL_TIME = Asked(None)
