"""Do these two pictures align? From matched points to one shape, and from that shape to pixels that agree. Pure."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # (count, 2), x and y
Features = NDArray[np.float32]  # (count, 4), x, y, size in pixels and angle in degrees of local points
Matrix = NDArray[np.float64]  # (2, 3), reference to query
Outline = tuple[tuple[float, float], ...]

TOLERANCE_PX = 6.0  # in the 320-px frame, so perspective of a photographed page still fits an affine map
ROUNDS = 500
SEED = 20261122  # RANSAC draws the same samples in every run and on every machine
LEAST_POINTS = 4  # three always fit an affine map
LOOSE_PX = 14.0  # of what a single pair of points predicts: its size and angle are rough
SAME_TURN, SAME_GROWTH = 0.8, 2.0  # cosine of two turns, ratio of two growths, for two pairs to tell of one shape
TRIES, REFITS = 3, 3  # pairs whose shape is fitted, and how often
GRID_PX = 4.0  # points closer than this, in either picture, count once
MOST_SKEW = 3.0  # ratio of the two axes: a copy is not squeezed further
MOST_SCALE = 12.0
BLOCKS = 8  # along the longer side of the region that both pictures show
FINEST_PX, COARSEST_PX = 128, 48  # of that region's longer side when blocks are compared; of a strip's, up to
MOST_STRIP = 4.0  # times as much, so that there are blocks across it too
SAME_BLOCK, OTHER_BLOCK = 0.6, 0.3  # normalised cross-correlation: the same drawing from there on; another one below
FLAT_BLOCK = 3.0  # grey levels; a block without drawing says nothing
LEAST_INSIDE = 0.7  # of a block's pixels


@dataclass(frozen=True)
class Alignment:
    """One shape that many matched points agree on."""

    matrix: Matrix
    inliers: NDArray[np.bool_]  # which of the given matches
    distinct: int  # inliers at places of their own, in both pictures


@dataclass(frozen=True)
class Agreement:
    """What the pixels say after alignment."""

    share: float  # of the compared blocks, 0 to 1
    blocks: int  # blocks compared, those without drawing left out
    coverage: float  # of the query's area, how much the reference takes
    differing: float = 0.0  # of the compared blocks, the largest rectangle that shows another drawing, 0 to 1


@dataclass(frozen=True)
class BlockMap:
    """The region that both pictures show, cut into blocks."""

    likeness: NDArray[np.float32]  # (rows, columns), correlation; nan: nothing to compare; empty: too little is shared
    box: tuple[float, float, float, float]  # left, top, right, bottom of the blocks, in pixels of the query
    coverage: float  # of the query's area, how much the reference takes


def align(reference: Points, query: Points) -> Alignment | None:
    """Return the affine map most matches agree on; None when no plausible one has LEAST_POINTS distinct inliers."""
    if len(reference) < LEAST_POINTS:
        return None
    cv2.setRNGSeed(SEED)
    fit = cv2.estimateAffine2D(reference, query, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE_PX, maxIters=ROUNDS)
    matrix, mask = np.array(fit[0], dtype=np.float64), np.array(fit[1])
    if matrix.shape != (2, 3) or not is_plausible(matrix):  # OpenCV found none: another shape altogether
        return None
    inliers = mask.ravel().astype(bool)
    count = distinct(reference[inliers], query[inliers])
    return Alignment(matrix, inliers, count) if count >= LEAST_POINTS else None


def consensus(reference: Features, query: Features) -> Alignment | None:
    """Return the shape that most matched points agree on, beginning with the shape that each pair predicts alone, by
    how much larger and how far turned its point is (Philbin 2007, fast spatial matching; Lowe 2004, section 7.3).

    Nothing is drawn by chance, and four right pairs are found among hundreds of wrong ones. None when no plausible
    shape has LEAST_POINTS distinct pairs.
    """
    if len(reference) < LEAST_POINTS:
        return None
    near = _predicted(reference, query)
    counts = near.sum(axis=1)
    best: Alignment | None = None
    for first in np.argsort(-counts, kind="stable")[:TRIES].tolist():
        if counts[first] < max(LEAST_POINTS, best.distinct if best else 0):
            break
        found = _refitted(reference[:, :2], query[:, :2], near[first])
        if found is not None and (best is None or found.distinct > best.distinct):
            best = found
    return best


def _predicted(reference: Features, query: Features) -> NDArray[np.bool_]:
    """Return, per pair, which pairs lie where it predicts, (pairs, pairs)."""
    growth = np.log(query[:, 2] / reference[:, 2])
    turn = np.radians(query[:, 3] - reference[:, 3])
    by = np.exp(growth + 1j * turn)  # complex: a shape that turns and grows is one multiplication
    one, other = (points[:, 0] + 1j * points[:, 1] for points in (reference, query))
    off = np.abs(by[:, None] * (one[None] - one[:, None]) - (other[None] - other[:, None]))
    is_alike = np.abs(growth[:, None] - growth[None]) <= np.log(SAME_GROWTH)
    return np.asarray((off <= LOOSE_PX) & is_alike & (np.cos(turn[:, None] - turn[None]) >= SAME_TURN))


def _refitted(reference: Points, query: Points, rows: NDArray[np.bool_]) -> Alignment | None:
    """Return the shape fitted to these pairs and then, again and again, to all that it explains."""
    found: Alignment | None = None
    for _ in range(REFITS):
        matrix = _fitted(reference[rows], query[rows])
        if matrix is None:
            break
        rows = ((placed(matrix, reference) - query) ** 2).sum(axis=1) <= TOLERANCE_PX**2
        count = distinct(reference[rows], query[rows])
        if count < LEAST_POINTS or (found and count < found.distinct):
            break
        found = Alignment(matrix, rows, count)
    return found


def _fitted(reference: Points, query: Points) -> Matrix | None:
    """Return the affine map of least squares; one that only moves, turns and grows when the affine is implausible."""
    middle, goal = reference.mean(axis=0, dtype=np.float64), query.mean(axis=0, dtype=np.float64)
    one, other = reference - middle, query - goal
    spread = one.T @ one
    linear = np.linalg.solve(spread, one.T @ other).T if np.linalg.det(spread) > 1 else np.zeros((2, 2))
    if not is_plausible(linear):
        total = float((one**2).sum())
        if total < 1:
            return None
        same = float((one * other).sum()) / total
        across = float((one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum()) / total
        linear = np.array([[same, -across], [across, same]])
        if not is_plausible(linear):
            return None
    return np.column_stack([linear, goal - linear @ middle])


def is_plausible(matrix: Matrix) -> bool:
    """Say whether a copy could lie like this: not mirrored (mirroring is handled apart), not crushed to a line."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    area, total = a * d - b * c, a * a + b * b + c * c + d * d
    if not 0 < area < math.inf:
        return False
    root = math.sqrt(max(0.0, total * total - 4 * area * area))  # of the squared axes' quadratic
    large, small = math.sqrt((total + root) / 2), math.sqrt(max(0.0, (total - root) / 2))
    return large <= MOST_SKEW * small and small >= 1 / MOST_SCALE and large <= MOST_SCALE


def distinct(reference: Points, query: Points) -> int:
    """Return how many of the matched points lie at places of their own, in both pictures."""
    return min(len(set(map(tuple, (points // GRID_PX).tolist()))) for points in (reference, query)) if len(query) else 0


def placed(matrix: Matrix, points: Points) -> Points:
    """Return where the map puts the points."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)


def mirrored(features: Features, width: float) -> Features:
    """Return where the points lie in the mirror image of a picture of this width, and how they are turned there."""
    out = np.array(features, np.float32)
    out[:, 0] = width - out[:, 0]
    out[:, 3] = 180 - out[:, 3]
    return out


def unmirrored(matrix: Matrix, width: float) -> Matrix:
    """Return the map into the query as it is, given the one into its mirror image of this width."""
    mirror = np.array([[-1.0, 0.0], [0.0, 1.0]])
    return np.asarray(mirror @ matrix + np.array([[0.0, 0.0, width], [0.0, 0.0, 0.0]]), dtype=np.float64)


def scaled(matrix: Matrix, reference: float, query: float) -> Matrix:
    """Return the map between the pictures after both were resized by these factors."""
    return np.column_stack([matrix[:, :2] * (query / reference), matrix[:, 2] * query])


def agreement(
    reference: NDArray[np.uint8], query: NDArray[np.uint8], matrix: Matrix, asked: NDArray[np.uint8] | None = None
) -> Agreement:
    """Return how many blocks of the two grey pictures correlate once the reference is laid over the query.

    A redrawn panel or a shared page frame leaves blocks that do not. `asked` as for `block_map`.
    """
    found = block_map(reference, query, matrix, asked)
    compared = int(np.isfinite(found.likeness).sum())
    if not compared:
        return Agreement(0.0, 0, found.coverage)
    share = float((found.likeness >= SAME_BLOCK).sum()) / compared
    return Agreement(share, compared, found.coverage, _largest_rectangle(found.likeness < OTHER_BLOCK) / compared)


def block_map(
    reference: NDArray[np.uint8], query: NDArray[np.uint8], matrix: Matrix, asked: NDArray[np.uint8] | None = None
) -> BlockMap:
    """Return how alike the two grey pictures are, block by block, once the reference is laid over the query.

    The region both show is drawn twice at one size, the sharper picture softened to the other's resolution, and cut
    into blocks. `asked` is 255 where the reference is to be compared, of its shape; None: everywhere.
    """
    left, top, right, bottom, coverage = _shared(reference, query, matrix)
    if right - left < BLOCKS / 2 or bottom - top < BLOCKS / 2:
        return BlockMap(np.empty((0, 0), np.float32), (left, top, right, bottom), coverage)
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # query pixels per reference pixel
    longer = max(right - left, bottom - top)
    strip = float(np.clip(longer / (2 * min(right - left, bottom - top)), 1, MOST_STRIP))
    raster = float(np.clip(longer * min(1.0, 1 / zoom), COARSEST_PX * strip, FINEST_PX * strip))
    grain, block = raster / longer, max(4, round(raster / strip / BLOCKS))
    size = (max(1, round((right - left) * grain)), max(1, round((bottom - top) * grain)))
    to_raster = np.array([[grain, 0.0, -left * grain], [0.0, grain, -top * grain]])
    laid = to_raster @ np.vstack([matrix, [0.0, 0.0, 1.0]])
    asked = np.full(reference.shape, 255, np.uint8) if asked is None else asked
    inside = drawn(asked, laid, size) > 127
    likeness = _block_likeness(drawn(query, to_raster, size), drawn(reference, laid, size), inside, block)
    rows, columns = likeness.shape
    return BlockMap(likeness, (left, top, left + columns * block / grain, top + rows * block / grain), coverage)


def outline(matrix: Matrix, reference: tuple[float, float], query: tuple[float, float]) -> Outline:
    """Return the reference's four corners in the query, as fractions of its width and height."""
    corners = _corners(*reference)
    return tuple((float(x / query[0]), float(y / query[1])) for x, y in placed(matrix, corners))


def seen_region(matrix: Matrix, reference: tuple[float, float], query: tuple[float, float]) -> Outline:
    """Return the part of the reference that the query shows, as fractions of the reference; clockwise."""
    seen = placed(inverse(matrix), _corners(*query))
    area, polygon = cv2.intersectConvexConvex(_corners(*reference), seen)
    if area <= 0 or polygon is None:
        return ()
    return tuple((float(x / reference[0]), float(y / reference[1])) for x, y in polygon.reshape(-1, 2))


def inverse(matrix: Matrix) -> Matrix:
    """Return the map from the query back into the reference."""
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def _corners(width: float, height: float) -> Points:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)


def _shared(
    reference: NDArray[np.uint8], query: NDArray[np.uint8], matrix: Matrix
) -> tuple[float, float, float, float, float]:
    """Return the bounding box, in the query, of what both pictures show, and the reference's share of the query."""
    height, width = query.shape
    area, polygon = cv2.intersectConvexConvex(
        _corners(width, height), placed(matrix, _corners(reference.shape[1], reference.shape[0]))
    )
    if area <= 0 or polygon is None:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    (left, top), (right, bottom) = polygon.reshape(-1, 2).min(axis=0), polygon.reshape(-1, 2).max(axis=0)
    return float(left), float(top), float(right), float(bottom), float(area / (width * height))


def drawn(picture: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the picture laid into a raster; softened first when it shrinks, so that fine lines do not flicker."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    source = cv2.GaussianBlur(picture, (0, 0), 0.4 / shrink) if shrink < 0.7 else picture
    return np.asarray(cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _block_likeness(
    one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_], block: int
) -> NDArray[np.float32]:
    """Return the correlation of each block, (rows, columns); nan where there is no drawing, or too little is inside."""
    rows, columns = one.shape[0] // block, one.shape[1] // block

    def cut(raster: NDArray[np.generic]) -> NDArray[np.float32]:
        part = raster[: rows * block, : columns * block].reshape(rows, block, columns, block)
        return part.transpose(0, 2, 1, 3).reshape(rows * columns, block * block).astype(np.float32)

    if not rows or not columns:
        return np.empty((0, 0), np.float32)
    weight = cut(inside)
    usable = weight.mean(axis=1) >= LEAST_INSIDE
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    first, second = cut(one), cut(other)
    first = (first - (first * weight).sum(axis=1, keepdims=True) / total) * weight
    second = (second - (second * weight).sum(axis=1, keepdims=True) / total) * weight
    spread = np.sqrt((first**2).sum(axis=1) / total[:, 0]), np.sqrt((second**2).sum(axis=1) / total[:, 0])
    usable &= np.maximum(*spread) >= FLAT_BLOCK
    correlation = (first * second).sum(axis=1) / np.maximum(spread[0] * spread[1] * total[:, 0], 1e-6)
    return np.where(usable, correlation, np.nan).astype(np.float32).reshape(rows, columns)


def _largest_rectangle(is_set: NDArray[np.bool_]) -> int:
    """Return how many blocks the largest rectangle of set blocks has."""
    best = 0
    heights = np.zeros(is_set.shape[1], np.intp)
    for row in is_set:
        heights = np.where(row, heights + 1, 0)
        for height in np.unique(heights[heights > 0]).tolist():
            runs = np.diff(np.flatnonzero(np.concatenate([[True], heights < height, [True]]))) - 1
            best = max(best, int(height * runs.max()))
    return best
