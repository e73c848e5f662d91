"""What of a reference tells it apart: its fingerprints without the areas that somebody marked or that works share.
Pure."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from matcher.interface import Box

Described = Mapping[str, Vectors]  # by kind
MOST_COVERED = 0.5  # of what was hashed: a hash that sees more of an area than of the drawing proves nothing


def without(reference: Described, areas: Sequence[Box]) -> Described:
    """Return the fingerprints of a picture without the points inside the areas and the hashes that mostly see them."""
    if not areas:
        return reference
    kept = dict(reference)
    if "rootsift" in kept:
        kept["rootsift"] = _chosen(kept["rootsift"], ~_points_inside(kept["rootsift"], areas))
    if "pdq256" in kept:
        kept["pdq256"] = _chosen(kept["pdq256"], _covered(kept["pdq256"].positions[:, 2:6], areas) <= MOST_COVERED)
    return kept


def mask(size: tuple[int, int], facts: Mapping[str, float], areas: Sequence[Box]) -> NDArray[np.uint8]:
    """Return 255 where a small picture (height, width) of what lies inside the border shows no area, 0 elsewhere."""
    height, width = size
    inside = np.full(size, 255, np.uint8)
    across, down = facts["right"] - facts["left"], facts["bottom"] - facts["top"]
    for area in areas:
        left, right = ((side - facts["left"]) / across * width for side in (area.left, area.right))
        top, bottom = ((side - facts["top"]) / down * height for side in (area.top, area.bottom))
        inside[_from(top) : _from(bottom), _from(left) : _from(right)] = 0
    return inside


def _from(side: float) -> int:
    return max(0, round(side))


def _chosen(vectors: Vectors, rows: NDArray[np.bool_]) -> Vectors:
    return Vectors(vectors.codes[rows], vectors.positions[rows], vectors.facts)


def _points_inside(points: Vectors, areas: Sequence[Box]) -> NDArray[np.bool_]:
    facts = points.facts
    x = facts["left"] + points.positions[:, 0] / facts["width"] * (facts["right"] - facts["left"])
    y = facts["top"] + points.positions[:, 1] / facts["height"] * (facts["bottom"] - facts["top"])
    inside = np.zeros(len(x), bool)
    for area in areas:
        inside |= (x >= area.left) & (x <= area.right) & (y >= area.top) & (y <= area.bottom)
    return inside


def _covered(boxes: NDArray[np.float32], areas: Sequence[Box]) -> NDArray[np.float64]:
    """Return, per box, how much of it the areas cover; areas that overlap count twice, which errs on the safe side."""
    left, top, right, bottom = boxes.T.astype(np.float64)
    total = np.zeros(len(boxes))
    for area in areas:
        wide = np.clip(np.minimum(right, area.right) - np.maximum(left, area.left), 0, None)
        tall = np.clip(np.minimum(bottom, area.bottom) - np.maximum(top, area.top), 0, None)
        total += wide * tall
    return np.asarray(total / np.maximum((right - left) * (bottom - top), 1e-9))
