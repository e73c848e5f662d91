"""Brings the two pictures of a match together: at one scale, the same part of both, one laid over the other. Pure."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from dashboard.sheet import PAPER, Colour
from matcher.geometry import Matrix
from matcher.interface import Box, Transform

Pixels = NDArray[np.uint8]  # (height, width, 3), RGB
Corners = Sequence[tuple[float, float]]  # fractions of a picture's width and height
Size = tuple[int, int]  # width, height

MOST_APART = 5.0  # times as large as the other a picture is shown at most; beyond that, the small one is enlarged
AROUND = 0.03  # of the matched part, shown around it


def in_fractions(transform: Transform) -> Matrix:
    """Return the map from fractions of the reference to fractions of the query, which holds for copies of any size."""
    of_query, of_reference = transform.query_size, transform.reference_size
    matrix = np.array(transform.matrix, dtype=np.float64)
    into = np.diag([1 / of_query[0], 1 / of_query[1]])
    return np.column_stack([into @ matrix[:, :2] @ np.diag([*of_reference]), into @ matrix[:, 2]])


def between(fractions: Matrix, reference: tuple[float, float], query: tuple[float, float]) -> Matrix:
    """Return the map from pixels of one copy of the reference to pixels of one copy of the query."""
    into, out_of = np.diag([query[0], query[1]]), np.diag([1 / reference[0], 1 / reference[1]])
    return np.column_stack([into @ fractions[:, :2] @ out_of, into @ fractions[:, 2]])


def zoom(fractions: Matrix, reference: Size, query: Size) -> float:
    """Return how many pixels of the query one pixel of the reference takes, so that both can be shown at one scale."""
    found = math.sqrt(abs(float(np.linalg.det(between(fractions, reference, query)[:, :2]))))
    if not math.isfinite(found) or found <= 0:
        return max(query) / max(reference)
    apart = max(reference) * found / max(query)
    return found * min(MOST_APART, max(1 / MOST_APART, apart)) / apart


def part(outline: Corners) -> Box:
    """Return the upright part of the query around the reference's outline, cut off where the query ends."""
    if len(outline) < 3:
        return Box(0.0, 0.0, 1.0, 1.0)
    xs, ys = [min(1.0, max(0.0, x)) for x, _ in outline], [min(1.0, max(0.0, y)) for _, y in outline]
    across, down = max(xs) - min(xs), max(ys) - min(ys)
    if across <= 0 or down <= 0:
        return Box(0.0, 0.0, 1.0, 1.0)
    around = AROUND * max(across, down)
    return Box(
        max(0.0, min(xs) - around), max(0.0, min(ys) - around), min(1.0, max(xs) + around), min(1.0, max(ys) + around)
    )  # fmt: skip


def view(box: Box, query: Size, size: Size) -> Matrix:
    """Return the map from pixels of the query to pixels of a drawing of that part of it."""
    across = size[0] / ((box.right - box.left) * query[0])
    down = size[1] / ((box.bottom - box.top) * query[1])
    return np.array([[across, 0.0, -box.left * query[0] * across], [0.0, down, -box.top * query[1] * down]])


def drawn(picture: Pixels, matrix: Matrix, size: Size) -> tuple[Pixels, NDArray[np.bool_]]:
    """Return the picture drawn through the map on paper, and where it lies; averaged, not thinned out, when shrunk."""
    shrink = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    if shrink < 0.9:
        small = resized(picture, (round(picture.shape[1] * shrink), round(picture.shape[0] * shrink)))
        shrunk_by = np.array([small.shape[1] / picture.shape[1], small.shape[0] / picture.shape[0]])
        picture, matrix = small, np.column_stack([matrix[:, :2] / shrunk_by, matrix[:, 2]])
    # OpenCV counts from the middles of pixels, the map from their corners.
    half = matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    matrix = np.column_stack([matrix[:, :2], matrix[:, 2] + half])
    laid = cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=PAPER
    )
    inside = cv2.warpAffine(np.full(picture.shape[:2], 255, np.uint8), matrix, size) > 127
    return np.asarray(laid, np.uint8), inside


def resized(picture: Pixels, size: Size) -> Pixels:
    """Return the picture at another size."""
    size = (max(1, size[0]), max(1, size[1]))
    how = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def overlay(seen: Pixels, ours: Pixels, inside: NDArray[np.bool_]) -> Pixels:
    """Return the reference in red over the query in cyan, in greys of equal strength: what is the same turns grey."""
    under, over = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in (seen, ours))
    if inside.any():
        spread = float(over[inside].std())
        gain = float(under[inside].std()) / spread if spread > 1 else 1.0
        over = (over - over[inside].mean()) * min(4.0, max(0.25, gain)) + under[inside].mean()
    red = np.where(inside, over, under)
    return np.dstack([red, under, under]).clip(0, 255).astype(np.uint8)


def outlined(picture: Pixels, corners: Corners, colour: Colour) -> Pixels:
    """Return the picture with an outline on it, light underneath so that it shows on any ground."""
    if len(corners) < 3:
        return picture
    height, width = picture.shape[:2]
    points = np.array([[(x * width, y * height) for x, y in corners]])
    shape = np.rint(np.clip(points, -4 * max(width, height), 5 * max(width, height)) * 16).astype(np.int32)
    out = picture.copy()
    cv2.polylines(out, shape, True, (255, 255, 255), 6, cv2.LINE_AA, 4)
    cv2.polylines(out, shape, True, colour, 3, cv2.LINE_AA, 4)
    return out
