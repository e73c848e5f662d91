"""Lays out two films as two bars, with a ribbon from each stretch of the copy to the stretch of ours it shows; pure.

The console's players, its list of stretches and the drawn page of a match all use these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from matcher import alignment, alterations
from matcher.cut_out import clock_time as clock_time
from matcher.interface import Altered, Segment

WIDTH, FOUND_Y, OURS_Y, BAR_Y = 1000.0, 0, 50, 14  # units of the drawing, which is stretched to the page
THINNEST = 5.0  # a second in two hours must still be seen
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # between two marks of a bar
MOST_MARKS = 12


@dataclass(frozen=True)
class Stretch:
    """One matching stretch, seconds on both sides."""

    found: tuple[float, float]
    ours: tuple[float, float]  # what is shown first and last: when the copy runs backwards, the later second first
    speed: float  # seconds of ours per second of the copy; negative when the copy runs backwards
    score: float = 0.0
    altered: Altered | None = None
    says: tuple[str, ...] = ()  # what was done to it

    @property
    def length_s(self) -> float:
        """How long it is in the copy."""
        return self.found[1] - self.found[0]

    @property
    def spans(self) -> tuple[str, str]:
        """When it is played, in the copy and in ours, as people write it."""
        found, ours = (f"{clock_time(start_s)}–{clock_time(end_s)}" for start_s, end_s in (self.found, self.ours))
        return found, ours

    @property
    def is_backwards(self) -> bool:
        """Whether the copy plays it backwards."""
        return self.speed < 0

    def ours_at(self, found_s: float) -> float:
        """Return the second of ours that a second of the copy shows."""
        return self.ours[0] + (found_s - self.found[0]) * self.speed

    def moments(self, count: int) -> tuple[float, ...]:
        """Return seconds of the copy, evenly spread; none at the very ends, which may lie half in the next scene."""
        return tuple(self.found[0] + self.length_s * (at + 0.5) / count for at in range(count))


@dataclass(frozen=True)
class Ribbon:
    """Where a stretch lies on both bars, and the ribbon between them."""

    found_x: float
    found_width: float
    ours_x: float
    ours_width: float
    points: str


@dataclass(frozen=True)
class Timeline:
    """Two bars of the same length, each standing for one whole film."""

    found_s: float
    ours_s: float
    ribbons: tuple[Ribbon, ...]


def stretch(segment: Segment, *, is_seen: bool = True) -> Stretch:
    """Return a segment as it is shown; of two sounds, without pictures, only the speed is told (`is_seen`)."""
    told = alterations.told(segment.altered, segment.speed)
    says = tuple(one.says for one in told if is_seen or one.signal == "speed")
    first, last = (alignment.reference_at(segment, at_s) for at_s in (segment.query_start_s, segment.query_end_s))
    return Stretch(
        (segment.query_start_s, segment.query_end_s), (first, last),
        segment.speed, segment.score, segment.altered, says,
    )  # fmt: skip


def of_stored(rows: Sequence[Mapping[str, Any]], *, is_seen: bool = True) -> tuple[Stretch, ...]:
    """Return the segments of a stored match as they are shown, in the order they are played."""
    return in_order([alterations.segment(one) for one in rows], is_seen=is_seen)


def in_order(segments: Sequence[Segment], *, is_seen: bool = True) -> tuple[Stretch, ...]:
    """Return segments as they are shown, in the order they are played."""
    played = sorted(segments, key=lambda one: (one.query_start_s, one.reference_start_s))
    return tuple(stretch(one, is_seen=is_seen) for one in played)


def strongest(stretches: Sequence[Stretch], most: int) -> tuple[int, ...]:
    """Return the numbers of at most so many stretches, those with the most evidence, in the order they are played."""
    ranked = sorted(range(len(stretches)), key=lambda at: (-stretches[at].score, -stretches[at].length_s, at))
    return tuple(sorted(ranked[:most]))


def marks(length_s: float) -> tuple[float, ...]:
    """Return the seconds to be written along a bar: round ones, and not too many."""
    step = next((step for step in STEPS_S if length_s / step <= MOST_MARKS), max(STEPS_S[-1], length_s / MOST_MARKS))
    return tuple(takewhile(lambda at: at <= length_s, (number * step for number in range(MOST_MARKS + 1))))


def lay_out(stretches: Sequence[Stretch], found_s: float, ours_s: float) -> Timeline:
    """Return the drawing; a film whose length is not known is taken to end with its last stretch."""
    found_s = max([found_s, *(one.found[1] for one in stretches), 0.001])
    ours_s = max([ours_s, *(max(one.ours) for one in stretches), 0.001])
    return Timeline(found_s, ours_s, tuple(_ribbon(one, found_s, ours_s) for one in stretches))


def _ribbon(one: Stretch, found_s: float, ours_s: float) -> Ribbon:
    found_x, found_width = _span(one.found, found_s)
    ours_x, ours_width = _span(one.ours, ours_s)
    top, bottom = FOUND_Y + BAR_Y, OURS_Y
    ends = [(ours_x + ours_width, bottom), (ours_x, bottom)]
    if one.is_backwards:
        ends.reverse()  # what runs backwards is a ribbon turned over
    corners = ((found_x, top), (found_x + found_width, top), *ends)
    return Ribbon(found_x, found_width, ours_x, ours_width, " ".join(f"{x:.1f},{y}" for x, y in corners))


def _span(part: tuple[float, float], whole_s: float) -> tuple[float, float]:
    start_s, end_s = sorted(part)
    width = max((end_s - start_s) / whole_s * WIDTH, THINNEST)
    return round(min(start_s / whole_s * WIDTH, WIDTH - width), 1), round(width, 1)
