"""What two pictures share though they are not the same picture: a card's frame, a logo, window furniture. Pure.

One picture is laid over the other. Where points and pixels agree while the drawing elsewhere clearly differs, both were
made from one template. Where nothing differs it is one picture, registered twice, and no template at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher import distinctive, geometry
from matcher.closer_look import POINTS, THUMB, Fitted
from matcher.distinctive import Described
from matcher.geometry import Matrix
from matcher.interface import Box

GRID = 8  # cells along each side of a picture: the bars of a frame are shared, not the art that they surround
LEAST_POINTS = 8  # agreeing ones at places of their own, before two pictures share anything
LEAST_IN_CELL = 2  # agreeing points; a single one may be chance
MOST_OF_CELL = 0.5  # of its drawing agrees: shared too, for each picture keeps only its strongest points
LEAST_LEFT = 25  # points of a picture outside its areas: it must still be found
WINDOW_PX = 15  # of the thumb, around every pixel that is compared
FLAT, DRAWN = 3.0, 6.0  # grey levels in the window: below, plain paper; from there on, drawing
ALIKE, OTHER = 0.8, 0.3  # correlation of two windows: the same drawing from there on; another drawing below
# The largest block of cells with another drawing, two pictures of one card, icon or screen design: 6 to 32 cells. One
# picture recompressed, shrunk, blurred, recoloured or seen in a screenshot: 4 at most; re-lettered: 6 in one of twenty.
LEAST_OTHER = 6  # cells
MOSTLY_OTHER = 0.5  # of a cell's drawing
LEAST_DRAWN = 0.3  # of a cell, to say anything of it

Places = NDArray[np.float64]  # (count, 2): x and y as fractions of the whole picture
Mask = NDArray[np.bool_]  # one value a pixel of a thumb
Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Laid:
    """What shows on one picture's thumb, pixel by pixel, where another picture is laid over it."""

    is_drawn: Mask  # in either
    is_alike: Mask
    is_other: Mask

    def only(self, where: Mask) -> "Laid":
        """Return the same with nothing alike but what lies there."""
        return Laid(self.is_drawn, self.is_alike & where, self.is_other)


def laid_over(under: Grey, over: Grey, matrix: Matrix) -> Laid:
    """Return what shows when `over` is laid upon `under` by the map between the two thumbs."""
    height, width = under.shape
    covered = geometry.drawn(np.full(over.shape, 255, np.uint8), matrix, (width, height)) > 127
    one, other = under.astype(np.float32), geometry.drawn(over, matrix, (width, height)).astype(np.float32)
    one_mean, other_mean = _mean(one), _mean(other)
    one_spread = np.sqrt(np.maximum(_mean(one**2) - one_mean**2, 0))
    other_spread = np.sqrt(np.maximum(_mean(other**2) - other_mean**2, 0))
    together = _mean(one * other) - one_mean * other_mean
    is_plain = np.minimum(one_spread, other_spread) < FLAT
    likeness = np.where(is_plain, 0, together / np.maximum(one_spread * other_spread, FLAT**2))
    is_drawn = covered & (np.maximum(one_spread, other_spread) >= DRAWN)
    return Laid(is_drawn, covered & (likeness >= ALIKE), is_drawn & (likeness < OTHER))


def _mean(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(pixels, -1, (WINDOW_PX, WINDOW_PX)), np.float32)


@dataclass(frozen=True)
class Half:
    """One of two pictures that share something, with the other one laid over it."""

    positions: NDArray[np.float32]  # (points, 2), x and y in the frame of its points: those that agree, in pixels too
    laid: Laid
    matrix: Matrix  # from the other picture's thumb onto this one's


def halves(fitted: Fitted, reference: Described, query: Described) -> tuple[Half, Half] | None:
    """Return the reference's half and the query's; None when they share too few points, or the pixels of one are not
    held: screentone and foliage make points that agree by chance, and only pixels tell."""
    if len(fitted.pairs) < LEAST_POINTS or not (_has_pixels(reference) and _has_pixels(query)):
        return None
    under, over = query[THUMB].codes, reference[THUMB].codes
    into = geometry.scaled(fitted.matrix, _grain(reference), _grain(query))
    laid = laid_over(under, over, into)
    pairs = fitted.pairs[_at(laid.is_alike, fitted.pairs[:, 2:] * _grain(query))]
    if geometry.distinct(pairs[:, :2], pairs[:, 2:]) < LEAST_POINTS:
        return None
    back = geometry.inverse(into)
    return Half(pairs[:, :2], laid_over(over, under, back), back), Half(pairs[:, 2:], laid, into)


def are_two(halves: tuple[Half, Half], reference: Described, query: Described) -> bool:
    """Say whether these are two pictures: in each of them, a large block shows another drawing than the other picture.

    What differs between two editions of a page (tone, lettering, a logo) is scattered or small.
    """
    return all(
        _largest(_cells_with_another_drawing(half.laid, picture[POINTS].facts)) >= LEAST_OTHER
        for half, picture in zip(halves, (reference, query), strict=True)
    )


def _cells_with_another_drawing(laid: Laid, facts: dict[str, float]) -> Mask:
    drawn = _per_cell(_of_whole(_middles(laid.is_drawn), facts))
    other = _per_cell(_of_whole(_middles(laid.is_other), facts))
    of_whole = (facts["right"] - facts["left"]) * (facts["bottom"] - facts["top"])
    whole_cell = laid.is_drawn.size / of_whole / GRID**2  # pixels
    return np.asarray((drawn >= LEAST_DRAWN * whole_cell) & (other >= MOSTLY_OTHER * drawn))


def _largest(cells: Mask) -> int:
    """Return how many cells the largest rectangle of them has."""
    return max((_size(sides) for sides in _rectangles(cells)), default=0)


def _size(sides: tuple[int, int, int, int]) -> int:
    top, bottom, first, last = sides
    return (bottom - top) * (last - first)


def within(half: Half, picture: Described, other: Described, areas: Sequence[Box]) -> Half:
    """Return of a picture's half only what shows these areas of the other picture."""
    size = picture[THUMB].codes.shape[1], picture[THUMB].codes.shape[0]
    outside = distinctive.mask(other[THUMB].codes.shape, other[POINTS].facts, areas)
    where = geometry.drawn(255 - outside, half.matrix, size) > 127
    positions = half.positions[_at(where, half.positions * _grain(picture))]
    return Half(positions, half.laid.only(where), half.matrix)


def _grain(picture: Described) -> float:
    """Return how many pixels of the thumb one of the points' frame is."""
    return float(picture[THUMB].codes.shape[1] / picture[POINTS].facts["width"])


def _has_pixels(described: Described) -> bool:
    return POINTS in described and THUMB in described and bool(described[THUMB].codes.size)


def _at(mask: Mask, positions: NDArray[np.float32]) -> Mask:
    """Return the mask's values at these x and y."""
    height, width = mask.shape
    columns, rows = np.rint(positions).astype(np.intp).T
    return np.asarray(mask[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)])


def shared_boxes(half: Half, picture: Described, known: Sequence[Box]) -> list[Box]:
    """Return where a picture is not distinctive, in few boxes: cells of a grid whose points or drawing agree.

    `known` are its areas so far, which are not returned again. A box that would leave too little to find the picture by
    is left out.
    """
    facts, laid = picture[POINTS].facts, half.laid
    frame = np.array([facts["width"], facts["height"]])
    found = _per_cell(_of_whole(half.positions / frame, facts)) >= LEAST_IN_CELL
    drawn = _per_cell(_of_whole(_middles(laid.is_drawn), facts))
    alike = _per_cell(_of_whole(_middles(laid.is_drawn & laid.is_alike), facts))
    found |= (drawn > 0) & (alike >= MOST_OF_CELL * drawn) & (alike >= WINDOW_PX)
    boxes = merged(found & ~_covered(known))
    kept: list[Box] = []
    for box in boxes:  # the largest first; a little of a frame left over is better than all of it
        if len(distinctive.without(picture, [*known, *kept, box])[POINTS].codes) >= LEAST_LEFT:
            kept.append(box)
    return kept


def _of_whole(fractions: Places, facts: dict[str, float]) -> Places:
    """Return fractions of a picture inside its plain border as fractions of the whole picture."""
    origin = np.array([facts["left"], facts["top"]])
    return np.asarray(origin + fractions * (np.array([facts["right"], facts["bottom"]]) - origin))


def _middles(mask: Mask) -> Places:
    """Return the middles of the pixels that are set, as fractions."""
    rows, columns = np.nonzero(mask)
    return np.asarray((np.column_stack([columns, rows]) + 0.5) / np.array([mask.shape[1], mask.shape[0]]))


def _per_cell(places: Places) -> NDArray[np.int_]:
    """Return how many places each cell of the grid holds, (rows, columns)."""
    cells = np.clip(np.floor(places * GRID).astype(np.intp), 0, GRID - 1)
    counts = np.zeros((GRID, GRID), np.int_)
    np.add.at(counts, (cells[:, 1], cells[:, 0]), 1)
    return counts


def _covered(boxes: Sequence[Box]) -> Mask:
    """Say of each cell whether its middle lies in one of the boxes."""
    middles = (np.arange(GRID) + 0.5) / GRID
    covered = np.zeros((GRID, GRID), bool)
    for box in boxes:
        covered |= np.outer(
            (middles >= box.top) & (middles <= box.bottom), (middles >= box.left) & (middles <= box.right)
        )
    return covered


def merged(cells: Mask) -> list[Box]:
    """Return the cells as boxes that do not overlap, each as large as it can be."""
    boxes, left = list[Box](), cells.copy()
    while left.any():
        top, bottom, first, last = max(
            _rectangles(left), key=lambda sides: (sides[1] - sides[0]) * (sides[3] - sides[2])
        )
        boxes.append(Box(first / GRID, top / GRID, last / GRID, bottom / GRID))
        left[top:bottom, first:last] = False
    return boxes


def _rectangles(cells: Mask) -> Iterator[tuple[int, int, int, int]]:
    """Yield top, bottom, left, right (the second of each exclusive) of every rectangle of nothing but these cells."""
    for top, first in np.argwhere(cells).tolist():
        most = GRID
        for bottom in range(top + 1, GRID + 1):
            row = cells[bottom - 1, first:most]
            most = first + (len(row) if row.all() else int(np.argmin(row)))
            if most == first:
                break
            yield top, bottom, first, most
