"""Finds the parts a picture is made of: what is inside its plain border, and the cells of collages, pages and
screenshots. It reads pixels and changes nothing.

A picture is cut like paper with a guillotine: from edge to edge along a plain gutter, or along a seam where the
neighbouring lines differ nearly everywhere; then each part again. Source of the idea: recursive X-Y cuts of document
pages (Nagy and Seth 1984).
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import LOOK_PX, PLAIN_SPREAD, Box, content, shrunk

LEAST_SIDE = 0.2  # of the picture's: a smaller cell is lettering or an icon
LEAST_PART = 0.15  # of the box that is cut: nothing thinner is cut off
STEP = 10  # grey levels between two neighbouring lines, to count as a step
SEAM = 0.6  # of a line's length that must be a step
SHARP = 0.35  # of a line's length, by which a seam exceeds what lies two lines beside it: textures do not
MARGIN = 0.95  # of a part; where less is left without its plain margins, both are cells
MOST_CELLS = 12
EVEN_GRIDS = (2, 3)  # parts across, down or both
MOST_EVEN = 16
BESIDE, OFF = 10, 1  # lines on either side of an even cut that are compared with it, and how far off it may lie
CLEARER, LEAST_STEP = 1.75, 2.0  # times as large as beside it, and at least so many grey levels: a seam
MOST_CUTS = 4  # one within the other

Grey = NDArray[np.uint8]


def cells(luminance: Grey) -> list[Box]:
    """Return the parts of a picture of several, largest first, in its own pixels; none when it is one picture.

    A part that falls apart again is returned too, and a part with plain margins with and without them: a cut too many,
    or a dark edge taken for a margin, must not hide a cell.
    """
    height, width = luminance.shape
    small = shrunk(luminance, LOOK_PX)
    rows, columns = small.shape
    whole = content(small)
    least = (LEAST_SIDE * columns, LEAST_SIDE * rows)
    found = list(dict.fromkeys(_parts(small, whole, least, MOST_CUTS)))
    found.sort(key=lambda box: -_area(box))
    across, down = width / columns, height / rows
    return [
        Box(round(box.left * across), round(box.top * down), round(box.right * across), round(box.bottom * down))
        for box in found[:MOST_CELLS]
    ]


def even_parts(luminance: Grey, inside: Box) -> list[Box]:
    """Return the halves or thirds of a picture, across, down and both, where a seam runs between them: pictures put
    together in an even grid, where part of the seam lies between plain neighbours and `cells` sees none."""
    height, width = luminance.shape
    found: list[Box] = []
    for box in dict.fromkeys((Box(0, 0, width, height), inside)):
        part = box.cut(luminance)
        for count in EVEN_GRIDS:
            across, down = _has_seams(part, count), _has_seams(part.T, count)
            found += _grid(box, count, 1) if across else []
            found += _grid(box, 1, count) if down else []
            found += _grid(box, count, count) if across and down else []
    return found[:MOST_EVEN]


def _grid(box: Box, columns: int, rows: int) -> list[Box]:
    across = np.linspace(box.left, box.right, columns + 1).round().astype(int).tolist()
    down = np.linspace(box.top, box.bottom, rows + 1).round().astype(int).tolist()
    return [Box(left, top, right, bottom) for top, bottom in pairwise(down) for left, right in pairwise(across)]


def _has_seams(lines: Grey, count: int) -> bool:
    """Say whether neighbouring columns differ more where the grid would be cut than they do beside it."""
    wide = lines.shape[1]
    if wide < count * 4 * BESIDE:
        return False
    for number in range(1, count):
        middle = round(wide * number / count)
        near = lines[:, middle - BESIDE : middle + BESIDE].astype(np.int16)
        steps = np.abs(np.diff(near, axis=1)).mean(axis=0)  # of columns x and x + 1
        at = steps[BESIDE - 1 - OFF : BESIDE + OFF].max()
        beside = np.median(np.concatenate([steps[: BESIDE - 2 - OFF], steps[BESIDE + 1 + OFF :]]))
        if at < max(LEAST_STEP, CLEARER * beside):
            return False
    return True


def _parts(small: Grey, box: Box, least: tuple[float, float], cuts: int) -> Iterator[Box]:
    """Yield what the box falls into, and what that falls into; parts too small for `least` are left out."""
    inside = box.cut(small)
    across, down = (_cut(inside, least[0]), _cut(inside.T, least[1])) if cuts else (None, None)
    if across is None and down is None:
        return
    wide, tall = box.right - box.left, box.bottom - box.top
    if down is None or (across is not None and across[2] >= down[2]):
        assert across is not None
        halves = [(0, 0, across[0], tall), (across[1], 0, wide, tall)]
    else:
        halves = [(0, 0, wide, down[0]), (0, down[1], wide, tall)]
    for left, top, right, bottom in halves:
        part = Box(box.left + left, box.top + top, box.left + right, box.top + bottom)
        trimmed = _trimmed(small, part)
        if trimmed.right - trimmed.left < least[0] or trimmed.bottom - trimmed.top < least[1]:
            continue
        yield trimmed
        if _area(trimmed) < MARGIN * _area(part):
            yield part
        yield from _parts(small, trimmed, least, cuts - 1)


def _trimmed(small: Grey, part: Box) -> Box:
    inside = content(part.cut(small))
    return Box(part.left + inside.left, part.top + inside.top, part.left + inside.right, part.top + inside.bottom)


def _area(box: Box) -> int:
    return (box.right - box.left) * (box.bottom - box.top)


def _cut(lines: Grey, least: float) -> tuple[int, int, float] | None:
    """Return where to cut between columns: where the left part ends, where the right one begins, how clear it is.

    The clearest cut nearest to the middle is taken; None when there is none.
    """
    wide = lines.shape[1]
    margin = max(3, round(LEAST_PART * wide), round(least * 0.5))
    if wide < 2 * margin + 2:
        return None
    plain = np.ptp(lines, axis=0) < PLAIN_SPREAD
    best: tuple[int, int, float] | None = None
    for start, end in _runs(plain):
        if start >= margin and end <= wide - margin and end - start >= 2:
            best = _clearer(best, (start, end, 1.0 + (end - start) / wide))
    steps = (np.abs(np.diff(lines.astype(np.int16), axis=1)) >= STEP).mean(axis=0)  # between column x and x + 1
    beside = np.maximum(np.roll(steps, 2), np.roll(steps, -2))
    for x in np.flatnonzero((steps >= SEAM) & (steps - beside >= SHARP)):
        if margin <= x + 1 <= wide - margin:
            best = _clearer(best, (int(x) + 1, int(x) + 1, float(steps[x])))
    return best


def _clearer(one: tuple[int, int, float] | None, other: tuple[int, int, float]) -> tuple[int, int, float]:
    return other if one is None or other[2] > one[2] else one


def _runs(is_plain: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield start and end (exclusive) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_plain, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
