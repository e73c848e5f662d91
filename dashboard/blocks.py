"""Where two aligned drawings agree, block by block: what `matcher.geometry.agreement` tells, as a map. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    found = geometry.block_map(ours, seen, between, distinctive.mask(ours.shape, reference[POINTS].facts, areas))
    if not found.likeness.size:
        return None
    alike = np.where(found.likeness >= geometry.SAME_BLOCK, AGREES, DIFFERS)
    states = np.where(np.isnan(found.likeness), PLAIN, alike).astype(np.int8)
    left, top, right, bottom = found.box
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
