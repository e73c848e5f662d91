"""Do these two pictures align? From matched points to one shape, and from that shape to pixels that agree. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # (count, 2), x and y
Matrix = NDArray[np.float64]  # (2, 3), reference to query
Outline = tuple[tuple[float, float], ...]

TOLERANCE_PX = 6.0  # in the 320-px frame, so perspective of a photographed page still fits an affine map
ROUNDS = 500
SEED = 20261122  # RANSAC draws the same samples in every run and on every machine
LEAST_POINTS = 4  # three always fit an affine map
GRID_PX = 4.0  # points closer than this, in either picture, count once
MOST_SKEW = 3.0  # ratio of the two axes: a copy is not squeezed further
MOST_SCALE = 12.0
BLOCKS = 8  # along the longer side of the region that both pictures show
FINEST_PX, COARSEST_PX = 128, 48  # of that region's longer side when blocks are compared
SAME_BLOCK = 0.6  # normalised cross-correlation
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


def is_plausible(matrix: Matrix) -> bool:
    """Say whether a copy could lie like this: not mirrored (mirroring is handled apart), not crushed to a line."""
    large, small = np.linalg.svd(matrix[:, :2], compute_uv=False)
    return bool(
        np.linalg.det(matrix[:, :2]) > 0
        and large <= MOST_SKEW * small
        and small >= 1 / MOST_SCALE
        and large <= MOST_SCALE
    )


def distinct(reference: Points, query: Points) -> int:
    """Return how many of the matched points lie at places of their own, in both pictures."""
    return min(len(np.unique(np.floor(points / GRID_PX), axis=0)) for points in (reference, query)) if len(query) else 0


def placed(matrix: Matrix, points: Points) -> Points:
    """Return where the map puts the points."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], dtype=np.float32)


def unmirrored(matrix: Matrix, width: float) -> Matrix:
    """Return the map into the query as it is, given the one into its mirror image of this width."""
    mirror = np.array([[-1.0, 0.0], [0.0, 1.0]])
    return np.asarray(mirror @ matrix + np.array([[0.0, 0.0, width], [0.0, 0.0, 0.0]]), dtype=np.float64)


def scaled(matrix: Matrix, reference: float, query: float) -> Matrix:
    """Return the map between the pictures after both were resized by these factors."""
    return np.column_stack([matrix[:, :2] * (query / reference), matrix[:, 2] * query])


def agreement(reference: NDArray[np.uint8], query: NDArray[np.uint8], matrix: Matrix) -> Agreement:
    """Return how many blocks of the two grey pictures correlate once the reference is laid over the query.

    The region both show is drawn twice at one size, the sharper picture softened to the other's resolution, and cut
    into blocks; a redrawn panel or a shared page frame leaves blocks that do not correlate.
    """
    left, top, right, bottom, coverage = _shared(reference, query, matrix)
    if right - left < BLOCKS / 2 or bottom - top < BLOCKS / 2:
        return Agreement(0.0, 0, coverage)
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))  # query pixels per reference pixel
    longer = max(right - left, bottom - top)
    raster = float(np.clip(longer * min(1.0, 1 / zoom), COARSEST_PX, FINEST_PX))
    grain = raster / longer
    size = (max(1, round((right - left) * grain)), max(1, round((bottom - top) * grain)))
    to_raster = np.array([[grain, 0.0, -left * grain], [0.0, grain, -top * grain]])
    whole = np.vstack([matrix, [0.0, 0.0, 1.0]])
    one = _drawn(query, to_raster, size)
    other = _drawn(reference, to_raster @ whole, size)
    inside = _drawn(np.full(reference.shape, 255, np.uint8), to_raster @ whole, size) > 127
    share, blocks = _agreeing(one, other, inside, max(4, round(raster / BLOCKS)))
    return Agreement(share, blocks, coverage)


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


def _drawn(picture: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the picture laid into a raster; softened first when it shrinks, so that fine lines do not flicker."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    source = cv2.GaussianBlur(picture, (0, 0), 0.4 / shrink) if shrink < 0.7 else picture
    return np.asarray(cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _agreeing(
    one: NDArray[np.uint8], other: NDArray[np.uint8], inside: NDArray[np.bool_], block: int
) -> tuple[float, int]:
    """Return the share of blocks whose correlation reaches SAME_BLOCK, and how many blocks were compared."""
    rows, columns = one.shape[0] // block, one.shape[1] // block

    def cut(raster: NDArray[np.generic]) -> NDArray[np.float32]:
        part = raster[: rows * block, : columns * block].reshape(rows, block, columns, block)
        return part.transpose(0, 2, 1, 3).reshape(rows * columns, block * block).astype(np.float32)

    if not rows or not columns:
        return 0.0, 0
    weight = cut(inside)
    usable = weight.mean(axis=1) >= LEAST_INSIDE
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    first, second = cut(one), cut(other)
    first = (first - (first * weight).sum(axis=1, keepdims=True) / total) * weight
    second = (second - (second * weight).sum(axis=1, keepdims=True) / total) * weight
    spread = np.sqrt((first**2).sum(axis=1) / total[:, 0]), np.sqrt((second**2).sum(axis=1) / total[:, 0])
    usable &= np.maximum(*spread) >= FLAT_BLOCK
    correlation = (first * second).sum(axis=1) / np.maximum(spread[0] * spread[1] * total[:, 0], 1e-6)
    compared = int(usable.sum())
    return (float((correlation[usable] >= SAME_BLOCK).mean()) if compared else 0.0), compared
