"""Where two aligned drawings agree, block by block: what `matcher.geometry.agreement` tells, as a map. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from matcher import distinctive, geometry
from matcher.closer_look import POINTS, THUMB
from matcher.geometry import Matrix
from matcher.interface import Box

Grey = NDArray[np.uint8]
AGREES, DIFFERS, PLAIN = 1, 0, -1  # PLAIN: no drawing there, or nothing to be compared


@dataclass(frozen=True)
class Blocks:
    """A grid over the part of the query that both pictures show."""

    states: NDArray[np.int8]  # (rows, columns): AGREES, DIFFERS or PLAIN
    box: tuple[float, float, float, float]  # left, top, right, bottom of the grid, as fractions of the whole query

    @property
    def agreeing(self) -> int:
        """How many blocks agree."""
        return int((self.states == AGREES).sum())

    @property
    def compared(self) -> int:
        """How many blocks have a drawing to compare."""
        return int((self.states != PLAIN).sum())


def of(
    reference: Mapping[str, Vectors], query: Mapping[str, Vectors], matrix: Matrix, areas: Sequence[Box] = ()
) -> Blocks | None:
    """Return the map of two described pictures; `matrix` lays fractions of the reference on fractions of the query.

    `areas` of the reference are not compared. None when one of the pictures came without pixels, or when they share too
    little to be cut into blocks.
    """
    if any(kind not in one for one in (reference, query) for kind in (POINTS, THUMB)):
        return None
    ours, seen = reference[THUMB].codes, query[THUMB].codes
    if not ours.size or not seen.size:
        return None
    into, out_of = _inside(query[POINTS], seen), _inside(reference[POINTS], ours)
    between = (into @ _square(matrix) @ np.linalg.inv(out_of))[:2]
    found = _compared(ours, seen, between, distinctive.mask(ours.shape, reference[POINTS].facts, areas))
    if found is None:
        return None
    states, (left, top, right, bottom) = found
    corners = np.array([[left, top, 1], [right, bottom, 1]]) @ np.linalg.inv(into).T
    (left, top), (right, bottom) = corners[:, :2].tolist()
    return Blocks(states, (left, top, right, bottom))


def _inside(points: Vectors, small: Grey) -> Matrix:
    """Return the map from fractions of the whole picture to pixels of its small copy, which lacks the plain border."""
    facts = points.facts
    across = small.shape[1] / (facts["right"] - facts["left"])
    down = small.shape[0] / (facts["bottom"] - facts["top"])
    return np.array([[across, 0, -facts["left"] * across], [0, down, -facts["top"] * down], [0, 0, 1.0]])


def _square(matrix: Matrix) -> Matrix:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def _compared(
    ours: Grey, seen: Grey, matrix: Matrix, asked: Grey
) -> tuple[NDArray[np.int8], tuple[float, float, float, float]] | None:
    """Return the states and where the grid lies in `seen`; the raster is that of `geometry.agreement`."""
    area, shape = cv2.intersectConvexConvex(_corners(seen), geometry.placed(matrix, _corners(ours)))
    if area <= 0 or shape is None:
        return None
    (left, top), (right, bottom) = shape.reshape(-1, 2).min(axis=0), shape.reshape(-1, 2).max(axis=0)
    longer, shorter = float(max(right - left, bottom - top)), float(min(right - left, bottom - top))
    if shorter < geometry.BLOCKS / 2:
        return None
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    strip = float(np.clip(longer / (2 * shorter), 1, geometry.MOST_STRIP))
    finest, coarsest = geometry.FINEST_PX * strip, geometry.COARSEST_PX * strip
    raster = float(np.clip(longer * min(1.0, 1 / zoom), coarsest, finest))
    grain, block = raster / longer, max(4, round(raster / strip / geometry.BLOCKS))
    size = (max(1, round((right - left) * grain)), max(1, round((bottom - top) * grain)))
    if min(size) < block:
        return None
    to_raster = np.array([[grain, 0.0, -left * grain], [0.0, grain, -top * grain]])
    laid = to_raster @ _square(matrix)
    inside = _drawn(asked, laid, size) > 127
    likeness = geometry.block_likeness(_drawn(seen, to_raster, size), _drawn(ours, laid, size), inside, block)
    states = np.where(np.isnan(likeness), PLAIN, np.where(likeness >= geometry.SAME_BLOCK, AGREES, DIFFERS))
    reach = (states.shape[1] * block / grain, states.shape[0] * block / grain)
    return states.astype(np.int8), (float(left), float(top), float(left + reach[0]), float(top + reach[1]))


def _drawn(picture: Grey, matrix: Matrix, size: tuple[int, int]) -> Grey:
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    source = cv2.GaussianBlur(picture, (0, 0), 0.4 / shrink) if shrink < 0.7 else picture
    return np.asarray(cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _corners(picture: Grey) -> geometry.Points:
    height, width = picture.shape
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
