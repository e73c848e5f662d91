"""Finds a film that is shown small inside another one, by the straight borders that stay while the pictures change.

It looks at grey frames of a short series and answers with boxes; it never asks what is inside them.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import Box, shrunk

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Places = NDArray[np.intp]

# Thresholds were set on films of the corpus laid into each other, with and without an edge, at 20 to 60 % of the width.
LOOK_PX = 320  # long side of the frames that are searched; the sides found are then refined on the whole frames
LEAST_LOOK_PX = 96  # short side; below, a film inside would be a few pixels

ALONG_PX = 5  # an edge is averaged over so much of its own length: texture fades, a straight border stays
FAINT, CLEAR = 2, 5  # grey levels across an edge; a faint one counts half
STANDS_OUT = 0.6  # of the strongest edge within two pixels: less is the slope beside a stronger edge
CHANGED_STEP = 6  # grey levels across an edge, between two frames
HELD_EDGE = 0.8  # counts an edge that never changes: it is more often the carrier's own

LINE_RUNS_PX = (24, 48, 96)  # along a line; the longer the run, the more a line stands out
LINE_SHARE = 0.5  # of a run that is an edge, over all frames: as much is found in any busy picture
MOST_LINES = 32  # candidates for borders, in each direction

LEAST_WIDE, MOST_WIDE = 0.17, 0.86  # of the frame's width
LEAST_ASPECT, MOST_ASPECT = 1.15, 2.6  # width over height
FREE_SIDE = 0.52  # counts a side on the frame's own border, where no edge can be seen
MOST_FREE = 2  # of four sides
CONTINUED = 0.25  # weight of what is wrong at the corners: an inset's borders reach them and end there
BEYOND_CORNER, LEAST_BEYOND_PX = 0.25, 6  # how far beyond a corner is looked, of the side's length
CORNER_PX, CORNER = 6, 0.4  # a side's own end, and its share of the weight above
LEAST_SIDE, LEAST_STRENGTH = 0.4, 0.6  # of one side and of all four: 1 is an edge in every frame, with clean corners
LEAST_CHANGED = 0.03  # of the pixels inside: what never changes is a window or a door, and no film
CHANGED_GREYS = 8  # between two frames
LIVELY = 0.1  # counts a rectangle all of which changes: of two, the one with less still ground inside comes first
SAME_BOX = 0.9  # of two boxes' union that both cover
MOST_FRAME_PX, INNER_EDGE = 6, 0.5  # a thin frame drawn around a picture; its inner edge, against its outer one
LEAST_SIDES = 8  # times as long as its frame is thick is every side


@dataclass(frozen=True)
class Inset:
    """A rectangle that stays where it is while the pictures change."""

    box: Box  # pixels of the frames
    strength: float  # 0 to 1: how much of its sides is a lasting edge that ends at the corners


class Look:
    """One frame and its straight edges; made once, however many series the frame is part of."""

    def __init__(self, luminance: Grey) -> None:
        self.luminance = luminance
        self.small = shrunk(luminance, LOOK_PX)

    @cached_property
    def upright(self) -> "Edges":
        """The edges between columns."""
        return _edges(self.small)

    @cached_property
    def level(self) -> "Edges":
        """The edges between rows, of the picture turned on its side."""
        return _edges(np.ascontiguousarray(self.small.T))


@dataclass(frozen=True)
class Edges:
    """The straight edges of one frame between each column and the next, (rows, columns - 1)."""

    clear: Grey  # 2 where an edge is clear, 1 where it is faint, 0 where there is none
    steps: NDArray[np.int16]  # grey levels from one column to the next


def insets(frames: Sequence[Grey], most: int = 3) -> list[Inset]:
    """Return up to `most` rectangles of 3 to 6 frames that follow each other, the strongest first; none is usual."""
    return lasting([Look(frame) for frame in frames], most)


def lasting(looks: Sequence[Look], most: int = 3) -> list[Inset]:
    """Return the same of frames that have been looked at. Frames of several sizes hold none."""
    if len({look.luminance.shape for look in looks}) != 1 or min(looks[0].small.shape) < LEAST_LOOK_PX:
        return []
    return [Inset(_refined(box, looks), strength) for strength, box in _rectangles(looks, most)]


def overlap(one: Box, other: Box) -> float:
    """Return how much of the two boxes' union both cover."""
    sides = [np.array([box.left, box.top, box.right, box.bottom]) for box in (one, other)]
    return float(_overlap(sides[0], sides[1]))


def _overlap(boxes: Places, other: Places) -> Floats:
    """Return the same of many boxes, (4, count), and another."""
    across = np.minimum(boxes[2], other[2]) - np.maximum(boxes[0], other[0])
    down = np.minimum(boxes[3], other[3]) - np.maximum(boxes[1], other[1])
    both = np.maximum(across, 0) * np.maximum(down, 0)
    areas = [(each[2] - each[0]) * (each[3] - each[1]) for each in (boxes, other)]
    return np.asarray(both / (areas[0] + areas[1] - both), np.float32)


def _edges(small: Grey) -> Edges:
    """Return where a column differs from the next, and more than its neighbours do."""
    along = cv2.blur(small, (1, ALONG_PX))
    size = cv2.absdiff(along[:, 1:], along[:, :-1])
    strongest = cv2.dilate(size, np.ones((1, 5), np.uint8))
    stands_out = size >= STANDS_OUT * strongest.astype(np.float32)
    clear = stands_out * ((size >= FAINT).astype(np.uint8) + (size >= CLEAR))
    return Edges(
        np.asarray(clear, np.uint8), np.asarray(cv2.subtract(along[:, 1:], along[:, :-1], dtype=cv2.CV_16S), np.int16)
    )


@dataclass(frozen=True)
class _Borders:
    """Candidates for two opposite borders of a rectangle: all pairs of lines in one direction."""

    first: Places  # of each pair: the number of the line
    second: Places
    at: Places  # of each line: the pixel it lies before
    is_free: NDArray[np.bool_]  # of each line: the frame's own border
    edges: Floats  # (length of the frame along the lines + 1, lines): how much edge there is up to here


def _borders(seen: Sequence[Edges], least: float, most: float) -> _Borders:
    """Return the lines along which there is most lasting edge and both borders of the frame, and the pairs of them that
    are `least` to `most` pixels apart; the frame's own borders may be farther."""
    clear = np.sum([edges.clear for edges in seen], axis=0, dtype=np.uint8)
    lasts = np.asarray(clear * np.float32(1 / (2 * len(seen))), np.float32)
    steps = [edges.steps for edges in seen]
    changes = np.maximum.reduce(steps) - np.minimum.reduce(steps) >= CHANGED_STEP
    changes = cv2.dilate(changes.astype(np.uint8), np.ones((1, 5), np.uint8)) > 0
    length, end = lasts.shape[0], lasts.shape[1] + 1
    worth = lasts * np.where(changes, np.float32(1), np.float32(HELD_EDGE))
    runs = np.maximum.reduce([_longest(worth, run) for run in LINE_RUNS_PX if run <= length])
    is_peak = runs >= cv2.dilate(runs[None], np.ones((1, 3), np.uint8)).ravel()
    peaks = np.flatnonzero(is_peak & (runs > 0))
    peaks = np.sort(peaks[np.argsort(-runs[peaks], kind="stable")[:MOST_LINES]])
    beside = np.stack([np.maximum(peaks - 1, 0), peaks, np.minimum(peaks + 1, end - 2)])
    edges = np.zeros((length + 1, len(peaks) + 2), np.float32)
    np.cumsum(lasts[:, beside].max(axis=1), axis=0, out=edges[1:, 1:-1])
    at = np.concatenate([[0], peaks + 1, [end]])
    first, second = np.triu_indices(len(at), 1)
    apart = at[second] - at[first]
    is_pair = (apart >= least) & ((apart <= most) | (apart == end))
    return _Borders(first[is_pair], second[is_pair], at, (at == 0) | (at == end), edges)


def _longest(worth: Floats, run: int) -> Floats:
    """Return of every line how far its best run of this length stands out, the longer the more."""
    best = cv2.blur(worth, (1, run), borderType=cv2.BORDER_CONSTANT).max(axis=0)
    return np.asarray((best - LINE_SHARE) * run**0.5, np.float32)


def _sides(lines: _Borders, ends: _Borders) -> Floats:
    """Return, by line and by pair of ends, how well the line is a side with corners there: how much of it is an edge
    between the ends, less what goes on beyond them and what is missing at the corners."""
    begin, end = ends.at[ends.first], ends.at[ends.second]
    length = end - begin
    reach = np.maximum(LEAST_BEYOND_PX, (length * BEYOND_CORNER).astype(np.intp))
    edges, last = lines.edges, len(lines.edges) - 1
    sides = (edges[end] - edges[begin]) / length[:, None]
    for corner, inwards in ((begin, 1), (end, -1)):
        near, far = np.clip(corner - inwards, 0, last), np.clip(corner - inwards * (1 + reach), 0, last)
        beyond = np.abs(edges[far] - edges[near]) / np.maximum(np.abs(far - near), 1)[:, None]
        missing = 1 - np.abs(edges[np.clip(corner + inwards * CORNER_PX, 0, last)] - edges[corner]) / CORNER_PX
        is_border = ((corner == 0) | (corner == last))[:, None]  # nothing lies beyond
        sides -= CONTINUED * np.where(is_border, missing, beyond / 2 + CORNER * missing)
    sides[:, lines.is_free] = FREE_SIDE
    return np.asarray(sides.T, np.float32)


def _rectangles(looks: Sequence[Look], most: int) -> list[tuple[float, Box]]:
    """Return the strongest rectangles, in pixels of the small frames, that do not cover each other."""
    changed = _changed(looks)
    height, width = changed.shape
    least, most_wide = LEAST_WIDE * width, MOST_WIDE * width
    across = _borders([look.upright for look in looks], least, most_wide)
    down = _borders([look.level for look in looks], least / MOST_ASPECT, width / LEAST_ASPECT)
    strength, boxes = _strengths(across, down, is_upright=height > width)
    lively = _inside(np.asarray(cv2.integral(changed), np.int32), boxes)
    worth = np.where(lively >= LEAST_CHANGED, strength + LIVELY * lively, 0)
    found: list[tuple[float, Box]] = []
    while len(found) < most and worth.any():
        best = int(worth.argmax())
        found.append((float(strength[best]), Box(*boxes[:, best].tolist())))
        worth = np.where(_overlap(boxes, boxes[:, best]) < SAME_BOX, worth, 0)
    return found


def _strengths(across: _Borders, down: _Borders, *, is_upright: bool) -> tuple[Floats, Places]:
    """Return the strengths of rectangles between these lines that may be insets, and their boxes, (4, count)."""
    upright, level = _sides(across, down), _sides(down, across)
    sums = upright[across.first] + upright[across.second]  # (pairs of upright lines, pairs of level lines)
    sums += (level[down.first] + level[down.second]).T
    x, y = np.nonzero((sums >= 4 * LEAST_STRENGTH) & _fit(across, down, is_upright=is_upright))
    left, right, top, bottom = across.first[x], across.second[x], down.first[y], down.second[y]
    weakest = np.minimum.reduce([upright[left, y], upright[right, y], level[top, x], level[bottom, x]])
    boxes = np.stack([across.at[left], down.at[top], across.at[right], down.at[bottom]])
    is_whole = weakest >= LEAST_SIDE
    return sums[x, y][is_whole] / 4, boxes[:, is_whole]


def _fit(across: _Borders, down: _Borders, *, is_upright: bool) -> NDArray[np.bool_]:
    """Return which pairs of upright lines and pairs of level lines together have the form of an inset."""
    wide = (across.at[across.second] - across.at[across.first]).astype(np.float32)
    tall = (down.at[down.second] - down.at[down.first]).astype(np.float32)
    free_x = across.is_free[across.first].astype(np.uint8) + across.is_free[across.second]
    free_y = down.is_free[down.first].astype(np.uint8) + down.is_free[down.second]
    # Beside pillars a film is as tall as a broad frame, or as wide as an upright one; the other way round it has bars.
    free_x[free_x > 1] = 2 if is_upright else MOST_FREE + 1
    free_y[free_y > 1] = MOST_FREE + 1 if is_upright else 2
    is_fit = (wide[:, None] >= (LEAST_ASPECT * tall)[None]) & (wide[:, None] <= (MOST_ASPECT * tall)[None])
    is_fit &= free_x[:, None] + free_y[None] <= MOST_FREE
    return np.asarray(is_fit)


def _changed(looks: Sequence[Look]) -> Grey:
    """Return 1 for the pixels that change from one frame to another, 0 for the others."""
    changed = np.zeros(looks[0].small.shape, np.uint8)
    for one, other in itertools.pairwise(looks):
        changed |= (cv2.absdiff(one.small, other.small) > CHANGED_GREYS).astype(np.uint8)
    return changed


def _inside(sums: NDArray[np.int32], boxes: Places) -> Floats:
    """Return what share of each box changes."""
    left, top, right, bottom = boxes
    total = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(total / ((right - left) * (bottom - top)), np.float32)


def _refined(box: Box, looks: Sequence[Look]) -> Box:
    """Return the box in pixels of the whole frames, without the thin frame that may be drawn around the picture."""
    height, width = looks[0].luminance.shape
    rows, columns = looks[0].small.shape
    across, down = width / columns, height / rows
    whole = Box(round(box.left * across), round(box.top * down), round(box.right * across), round(box.bottom * down))
    upright = [look.luminance[whole.top : whole.bottom] for look in looks]
    level = [look.luminance[:, whole.left : whole.right].T for look in looks]
    thick_x = min(MOST_FRAME_PX, (whole.right - whole.left) // LEAST_SIDES)
    thick_y = min(MOST_FRAME_PX, (whole.bottom - whole.top) // LEAST_SIDES)
    slack = math.ceil(max(across, down)) + 1
    return Box(
        _inner(upright, whole.left, slack, thick_x), _inner(level, whole.top, slack, thick_y),
        width - _inner([each[:, ::-1] for each in upright], width - whole.right, slack, thick_x),
        height - _inner([each[:, ::-1] for each in level], height - whole.bottom, slack, thick_y),
    )  # fmt: skip


def _inner(strips: Sequence[Grey], at: int, slack: int, thick: int) -> int:
    """Return the column where the picture right of a border begins: the border lies `slack` columns from `at` at most,
    and may be that of a frame up to `thick` columns wide."""
    begin, end = max(0, at - slack - 1), min(strips[0].shape[1], at + slack + thick + 2)
    if at == 0 or end - begin < 2:
        return at
    steps = np.zeros(end - begin - 1)
    for strip in strips:
        along = cv2.blur(np.ascontiguousarray(strip[:, begin:end]), (1, 2 * ALONG_PX - 1))
        steps += cv2.absdiff(along[:, 1:], along[:, :-1]).mean(axis=0)
    border = int(steps[: at + slack - begin].argmax())
    for inner in range(min(border + thick, len(steps) - 2), border, -1):
        is_peak = steps[inner] >= steps[inner - 1 : inner + 2].max() or inner == border + 1
        if is_peak and steps[inner] >= INNER_EDGE * steps[border]:
            border = inner
            break
    return begin + border + 1
