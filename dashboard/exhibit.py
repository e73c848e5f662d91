"""The drawings that show a match of two pictures: points joined by lines, the same part of both, a map of agreement.

Takes pixels that a decoding child made; no words are drawn here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboard import laid_over, sheet
from dashboard.blocks import AGREES, DIFFERS, Blocks
from dashboard.laid_over import Pixels, Size
from matcher.geometry import Matrix
from matcher.interface import Comparison

SEEN, OURS, JOINED = sheet.SEAL, sheet.MOSS, sheet.INDIGO  # the colours of both outlines and of the lines
AGREEING, DIFFERING = (46, 140, 82), (206, 58, 42)
TINT = 0.5  # of a block's colour over the picture
ABSENT = (240, 236, 227)
GAP_PX = 28
RING_PX, SMALL_RING_PX, NARROW_PX = 5, 3, 300  # the rings at the ends of a line; small ones in a narrow picture
MOST_LINES = 70  # points joined; more would hide the pictures
SPREAD = 9  # cells along each side, from which lines are taken in turn
MOST_ENLARGED = 3.0
STACK_WHEN = 1.8  # times as large one above the other: then they stand like that
Pairs = NDArray[np.float64]  # (count, 4): x, y in the reference, x, y in the query, fractions of each


@dataclass(frozen=True)
class Exhibit:
    """Everything that can be shown of one match."""

    seen: Pixels
    ours: Pixels | None  # None: its pixels never left the studio
    comparison: Comparison
    pairs: Pairs
    blocks: Blocks | None  # None: nothing to compare block by block

    @property
    def matrix(self) -> Matrix:
        """The map from fractions of the reference to fractions of the query."""
        assert self.comparison.transform is not None
        return laid_over.in_fractions(self.comparison.transform)

    @property
    def ours_size(self) -> Size:
        """Width and height of the reference as far as they are known here."""
        if self.ours is not None:
            return self.ours.shape[1], self.ours.shape[0]
        assert self.comparison.transform is not None
        width, height = self.comparison.transform.reference_size
        return max(1, round(width)), max(1, round(height))

    @property
    def seen_size(self) -> Size:
        """Width and height of what was seen, as it is held here."""
        return self.seen.shape[1], self.seen.shape[0]


@dataclass(frozen=True)
class Standing:
    """How two pictures stand together: their sizes, and whether one is above the other."""

    seen: Size
    ours: Size
    is_stacked: bool
    scale: float  # of what was seen


def standing(exhibit: Exhibit, room: Size) -> Standing:
    """Return how both pictures fill the room best at one scale; beside each other, unless they are very wide."""
    width, height = exhibit.seen_size
    zoom = laid_over.zoom(exhibit.matrix, exhibit.ours_size, exhibit.seen_size)
    other = (exhibit.ours_size[0] * zoom, exhibit.ours_size[1] * zoom)
    flat = min((room[0] - GAP_PX) / (width + other[0]), room[1] / max(height, other[1]), MOST_ENLARGED)
    tall = min(room[0] / max(width, other[0]), (room[1] - GAP_PX) / (height + other[1]), MOST_ENLARGED)
    is_stacked = tall > STACK_WHEN * flat
    scale = tall if is_stacked else flat
    sizes = [(max(1, int(w * scale)), max(1, int(h * scale))) for w, h in ((width, height), other)]
    return Standing(sizes[0], sizes[1], is_stacked, scale)


def joined(exhibit: Exhibit, room: Size) -> Image.Image:
    """Return both pictures at one scale, each with the other's outline, and lines between the points both have."""
    stands = standing(exhibit, room)
    left = laid_over.outlined(laid_over.resized(exhibit.seen, stands.seen), exhibit.comparison.outline, SEEN)
    right = laid_over.outlined(_ours(exhibit, stands.ours), exhibit.comparison.reference_outline, OURS)
    if stands.is_stacked:
        at = (0, left.shape[0] + GAP_PX)
        size = (max(left.shape[1], right.shape[1]), at[1] + right.shape[0])
    else:
        at = (left.shape[1] + GAP_PX, 0)
        size = (at[0] + right.shape[1], max(left.shape[0], right.shape[0]))
    page = np.full((size[1], size[0], 3), sheet.PAPER, np.uint8)
    for (x, y), picture in (((0, 0), left), (at, right)):
        high, wide = picture.shape[:2]
        page[y : y + high, x : x + wide] = picture
        cv2.rectangle(page, (x, y), (x + wide - 1, y + high - 1), sheet.LINE, 1)
    chosen = spread(exhibit.pairs, MOST_LINES)
    ends = np.hstack([chosen[:, 2:] * stands.seen, chosen[:, :2] * stands.ours + at])
    return Image.fromarray(
        _lines(page, ends, SMALL_RING_PX if min(*stands.seen, *stands.ours) < NARROW_PX else RING_PX)
    )


def spread(pairs: Pairs, most: int) -> Pairs:
    """Return at most so many pairs, from all over the query: in turn one of each cell of a grid."""
    if len(pairs) <= most:
        return pairs
    cells = (np.clip((pairs[:, 2:] * SPREAD).astype(int), 0, SPREAD - 1) * (1, SPREAD)).sum(axis=1)
    turns = np.zeros(len(pairs), int)  # how many of the same cell come before
    for cell in np.unique(cells):
        turns[cells == cell] = np.arange((cells == cell).sum())
    return pairs[np.sort(np.argsort(turns, kind="stable")[:most])]


@dataclass(frozen=True)
class SamePart:
    """The same part of both pictures, drawn alike."""

    seen: Image.Image
    ours: Image.Image | None
    overlay: Image.Image | None
    agreement: Image.Image | None


def shape_of_part(exhibit: Exhibit) -> float:
    """Return how wide the matched part of the query is, for a height of 1."""
    box = laid_over.part(exhibit.comparison.outline)
    return (box.right - box.left) * exhibit.seen_size[0] / ((box.bottom - box.top) * exhibit.seen_size[1])


def same_part(exhibit: Exhibit, size: Size) -> SamePart:
    """Return the part of the query that holds the reference, and the reference laid exactly so."""
    look = laid_over.view(laid_over.part(exhibit.comparison.outline), exhibit.seen_size, size)
    seen, _ = laid_over.drawn(exhibit.seen, look, size)
    agreement = None if exhibit.blocks is None else Image.fromarray(_mapped(seen, exhibit, look, exhibit.blocks))
    if exhibit.ours is None:
        return SamePart(Image.fromarray(seen), None, None, agreement)
    into = laid_over.between(exhibit.matrix, exhibit.ours_size, exhibit.seen_size)
    ours, inside = laid_over.drawn(exhibit.ours, look @ np.vstack([into, [0.0, 0.0, 1.0]]), size)
    over = Image.fromarray(laid_over.overlay(seen, ours, inside))
    return SamePart(Image.fromarray(seen), Image.fromarray(ours), over, agreement)


def mapped_whole(exhibit: Exhibit, room: Size) -> Image.Image | None:
    """Return the part of the query with the map of agreement on it; None when nothing could be compared."""
    if exhibit.blocks is None:
        return None
    shape = shape_of_part(exhibit)
    across = min(room[0], room[1] * shape)
    return same_part(exhibit, (max(1, round(across)), max(1, round(across / shape)))).agreement


def _ours(exhibit: Exhibit, size: Size) -> Pixels:
    if exhibit.ours is None:
        return np.full((size[1], size[0], 3), ABSENT, np.uint8)
    return laid_over.resized(exhibit.ours, size)


def _lines(page: Pixels, ends: NDArray[np.float64], ring_px: int) -> Pixels:
    """Return the page with a thin line a pair, see-through so that the pictures stay in view, and rings at its ends."""
    fixed = np.rint(ends * 16).astype(int)  # OpenCV draws between pixels when it is told sixteenths
    lines = page.copy()
    for x, y, u, v in fixed.tolist():
        cv2.line(lines, (x, y), (u, v), (255, 255, 255), 3, cv2.LINE_AA, 4)
    for x, y, u, v in fixed.tolist():
        cv2.line(lines, (x, y), (u, v), JOINED, 1, cv2.LINE_AA, 4)
    out = cv2.addWeighted(lines, 0.55, page, 0.45, 0)
    for x, y, u, v in fixed.tolist():
        for end in ((x, y), (u, v)):
            cv2.circle(out, end, ring_px * 16, (255, 255, 255), 3, cv2.LINE_AA, 4)
            cv2.circle(out, end, ring_px * 16, JOINED, 2 if ring_px == RING_PX else 1, cv2.LINE_AA, 4)
    return np.asarray(out, np.uint8)


def _mapped(seen: Pixels, exhibit: Exhibit, look: Matrix, blocks: Blocks) -> Pixels:
    """Return the part in pale grey, with each block that was compared in the colour of its answer."""
    grey = cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY)
    pale = np.dstack([(grey * 0.72 + 70).clip(0, 255).astype(np.uint8)] * 3)
    out = pale.copy()
    rows, columns = blocks.states.shape
    left, top, right, bottom = blocks.box
    xs = np.linspace(left, right, columns + 1) * exhibit.seen_size[0] * look[0, 0] + look[0, 2]
    ys = np.linspace(top, bottom, rows + 1) * exhibit.seen_size[1] * look[1, 1] + look[1, 2]
    for row, column in np.ndindex(rows, columns):
        corner, far = (round(xs[column]), round(ys[row])), (round(xs[column + 1]) - 1, round(ys[row + 1]) - 1)
        state = blocks.states[row, column]
        if state in (AGREES, DIFFERS):
            cv2.rectangle(out, corner, far, AGREEING if state == AGREES else DIFFERING, -1)
    out = np.asarray(cv2.addWeighted(out, TINT, pale, 1 - TINT, 0), np.uint8)
    for row, column in np.ndindex(rows, columns):
        corner, far = (round(xs[column]), round(ys[row])), (round(xs[column + 1]) - 1, round(ys[row + 1]) - 1)
        cv2.rectangle(out, corner, far, (255, 255, 255), 1)
        if blocks.states[row, column] == DIFFERS:  # crossed too, for who sees no red and for printers without ink
            cv2.line(out, corner, far, (255, 255, 255), 1, cv2.LINE_AA)
            cv2.line(out, (corner[0], far[1]), (far[0], corner[1]), (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(out, np.uint8)
