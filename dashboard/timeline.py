"""Lays out two films as two bars, with a ribbon from each stretch of the copy to the stretch of ours it shows; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, FOUND_Y, OURS_Y, BAR_Y = 1000.0, 0, 50, 14  # units of the drawing, which is stretched to the page
THINNEST = 5.0  # a second in two hours must still be seen


@dataclass(frozen=True)
class Stretch:
    """One matching stretch, seconds on both sides."""

    found: tuple[float, float]
    ours: tuple[float, float]
    speed: float


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


def lay_out(stretches: Sequence[Stretch], found_s: float, ours_s: float) -> Timeline:
    """Return the drawing; a film whose length is not known is taken to end with its last stretch."""
    found_s = max([found_s, *(one.found[1] for one in stretches), 0.001])
    ours_s = max([ours_s, *(one.ours[1] for one in stretches), 0.001])
    return Timeline(found_s, ours_s, tuple(_ribbon(one, found_s, ours_s) for one in stretches))


def _ribbon(one: Stretch, found_s: float, ours_s: float) -> Ribbon:
    found_x, found_width = _span(one.found, found_s)
    ours_x, ours_width = _span(one.ours, ours_s)
    top, bottom = FOUND_Y + BAR_Y, OURS_Y
    corners = ((found_x, top), (found_x + found_width, top), (ours_x + ours_width, bottom), (ours_x, bottom))
    return Ribbon(found_x, found_width, ours_x, ours_width, " ".join(f"{x:.1f},{y}" for x, y in corners))


def _span(part: tuple[float, float], whole_s: float) -> tuple[float, float]:
    width = max((part[1] - part[0]) / whole_s * WIDTH, THINNEST)
    return round(min(part[0] / whole_s * WIDTH, WIDTH - width), 1), round(width, 1)
