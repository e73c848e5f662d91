"""How much of a picture is left and how much of the copy's frame it takes, from how the one lies in the other. Pure."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher import geometry
from matcher.interface import Altered, Transform

Corners = Sequence[tuple[float, float]]
WHOLE: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def lies(transform: Transform) -> Altered | None:
    """Return what a still picture's map says was done to it; None when the map is flat and says nothing."""
    matrix = np.array(transform.matrix, dtype=np.float64)
    linear = matrix[:, :2]
    if not np.isfinite(matrix).all() or abs(float(np.linalg.det(linear))) < 1e-9:
        return None
    outline = geometry.outline(matrix, transform.reference_size, transform.query_size)
    window = geometry.seen_region(matrix, transform.reference_size, transform.query_size)
    upright = np.diag([-1.0, 1.0]) @ linear if transform.is_mirrored else linear
    turn = math.degrees(math.atan2(upright[1, 0] - upright[0, 1], upright[0, 0] + upright[1, 1]))
    return Altered(outline, window, transform.is_mirrored, turn)


def window_share(altered: Altered) -> float:
    """Return how much of the original picture the copy shows, 0 to 1."""
    return _clipped(altered.window) if len(altered.window) >= 3 else 1.0


def frame_share(altered: Altered) -> float:
    """Return how much of the copy's frame the original takes, 0 to 1."""
    return _clipped(altered.outline) if len(altered.outline) >= 3 else 1.0


def corners(altered: Altered | None) -> NDArray[np.float32]:
    """Return where the original's four corners (from its top left, clockwise) lie in the copy, as fractions, (4, 2);
    the copy's own corners when nobody saw how it lies. A mirrored picture's corners run the other way round."""
    if altered is None or len(altered.outline) != 4:
        return np.array(WHOLE, np.float32)
    given = np.array(altered.outline, np.float32)
    runs_back = cv2.contourArea(given, oriented=True) < 0
    if runs_back != altered.is_mirrored:  # an outline noted in the mirror image
        given = given[[1, 0, 3, 2]]
    return given


def _clipped(polygon: Corners) -> float:
    """Return the area of the part of a convex polygon that lies in the unit square."""
    shape = cv2.convexHull(np.array(polygon, np.float32))
    area, _ = cv2.intersectConvexConvex(shape, np.array(WHOLE, np.float32))
    return min(1.0, float(area))
