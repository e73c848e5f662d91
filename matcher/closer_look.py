"""A closer look at one query and one reference: where would it lie, which points and pixels agree? Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from matcher import distinctive, geometry
from matcher.distinctive import Described
from matcher.geometry import Matrix, Outline, Points
from matcher.interface import Box
from matcher.score import Evidence

POINTS, THUMB = "rootsift", "thumb"
NEAR_PX = 6.0  # a point of the reference must be found this near to where the shape puts it
SAME_POINT = 260.0  # L2 of two RootSIFT descriptors of norm 512; unrelated ones are 400 apart
SAME_SIZE = 2.0  # ratio of the sizes of two points, after the scale of the shape is taken out
FEW_PAIRS = 12  # below, the place that a hash tells may fit better than the shape of the points
ROUNDS = 3  # of finding pairs and fitting the shape to them


@dataclass(frozen=True)
class Candidate:
    """A reference that may be in the query, and where: the map from its points' frame into that of the query."""

    reference_id: int
    matrix: Matrix  # mirrored when its determinant is negative
    hash_bits: int | None = None
    hash_share: float = 1.0  # of the reference or of the query, whichever is more, that the hash saw


@dataclass(frozen=True)
class Fitted:
    """A candidate after every point and pixel of both pictures was asked."""

    reference_id: int
    matrix: Matrix
    evidence: Evidence
    pairs: NDArray[np.float32]  # (points, 4): x, y in the reference's frame, x, y in the query's


@dataclass(frozen=True)
class Side:
    """One picture's points."""

    places: Points
    sizes: NDArray[np.float32]
    codes: NDArray[np.float32]
    width: float
    height: float


def side(vectors: Vectors, *, is_mirrored: bool = False) -> Side:
    """Return the points of a picture, or of its mirror image, which need not be described again."""
    codes, places = vectors.codes, vectors.positions[:, :2].astype(np.float32)
    width, height = vectors.facts["width"], vectors.facts["height"]
    if is_mirrored:
        codes = mirrored(codes)
        places = np.column_stack([width - places[:, 0], places[:, 1]]).astype(np.float32)
    return Side(places, vectors.positions[:, 2], codes.astype(np.float32), width, height)


def look(candidate: Candidate, reference: Described, query: Described, areas: Sequence[Box] = ()) -> Fitted:
    """Return the candidate with its shape fitted to every point of both pictures, and what speaks for it.

    Asking all points again, instead of counting the index's neighbours, makes the evidence independent of what else is
    registered: with 50 translations of one page in the index, each would see only a few of the neighbours. What lies
    inside `areas` of the reference is not asked.
    """
    reference = distinctive.without(reference, areas)
    is_mirrored = bool(np.linalg.det(candidate.matrix[:, :2]) < 0)
    one, other = side(reference[POINTS]), side(query[POINTS], is_mirrored=is_mirrored)
    given = geometry.unmirrored(candidate.matrix, other.width) if is_mirrored else candidate.matrix
    matrix, rows = _refined(one, other, given)
    agreed = _agreement(reference, query, _as_seen(matrix, other, is_mirrored=is_mirrored), areas)
    if candidate.hash_bits is not None and agreed is not None and len(rows) < FEW_PAIRS:  # the hash may know better
        by_hash = _agreement(reference, query, candidate.matrix, areas)
        if by_hash is not None and by_hash.share * by_hash.blocks > agreed.share * agreed.blocks:
            matrix, agreed, rows = given, by_hash, _pairs(one, other, given, NEAR_PX)
    pairs_one, pairs_other = one.places[rows[:, 0]], other.places[rows[:, 1]]
    points, possible = geometry.distinct(pairs_one, pairs_other), _possible(one, other, matrix)
    if is_mirrored:
        pairs_other = np.column_stack([other.width - pairs_other[:, 0], pairs_other[:, 1]])
    matrix = _as_seen(matrix, other, is_mirrored=is_mirrored)
    evidence = Evidence(
        points=points,
        possible=possible,
        agreement=None if agreed is None else agreed.share,
        blocks=0 if agreed is None else agreed.blocks,
        coverage=0.0 if agreed is None else agreed.coverage,
        differing=0.0 if agreed is None else agreed.differing,
        hash_bits=candidate.hash_bits,
        hash_share=candidate.hash_share,
        turn_degrees=math.degrees(math.atan2(matrix[1, 0], matrix[0, 0] * (-1 if is_mirrored else 1))),
        is_mirrored=is_mirrored,
    )
    return Fitted(candidate.reference_id, matrix, evidence, np.hstack([pairs_one, pairs_other]).astype(np.float32))


def _as_seen(matrix: Matrix, query: Side, *, is_mirrored: bool) -> Matrix:
    """Return the map into the query as it is, given the one into what `side` returned."""
    return geometry.unmirrored(matrix, query.width) if is_mirrored else matrix


def outlines(fitted: Fitted, reference: Vectors, query: Vectors) -> tuple[Outline, Outline]:
    """Return the reference's outline in the query and the seen region of the reference, as fractions of each."""
    sizes = [(facts["width"], facts["height"]) for facts in (reference.facts, query.facts)]
    lies = geometry.outline(fitted.matrix, sizes[0], sizes[1])
    seen = geometry.seen_region(fitted.matrix, sizes[0], sizes[1])
    return _of_whole(lies, query.facts), _of_whole(seen, reference.facts)


def whole_picture_matrix(matrix: Matrix, reference: Vectors, query: Vectors) -> Matrix:
    """Return the map between the whole pictures, borders included, in pixels of their described frames."""
    into, out_of = _to_picture(query.facts), _to_picture(reference.facts)
    return np.asarray((_square(into) @ _square(matrix) @ np.linalg.inv(_square(out_of)))[:2], dtype=np.float64)


def picture_size(vectors: Vectors) -> tuple[float, float]:
    """Return width and height of the whole picture as it was described."""
    return vectors.facts["picture_width"], vectors.facts["picture_height"]


def agreeing_points(whole: Matrix, reference: Described, query: Described) -> NDArray[np.float64]:
    """Return the points that agree under a map between the whole pictures: (count, 4), x and y in the reference, then
    in the query, as fractions of each."""
    one, other = reference[POINTS], query[POINTS]
    into, out_of = _square(_to_picture(other.facts)), _square(_to_picture(one.facts))
    matrix = (np.linalg.inv(into) @ _square(whole) @ out_of)[:2]
    pairs = look(Candidate(0, matrix), reference, query).pairs
    places = [
        geometry.placed(_to_picture(points.facts), half) / picture_size(points)
        for points, half in ((one, pairs[:, :2]), (other, pairs[:, 2:]))
    ]
    return np.hstack(places).astype(np.float64)


def _square(matrix: Matrix) -> Matrix:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def _to_picture(facts: Mapping[str, float]) -> Matrix:
    across = (facts["right"] - facts["left"]) * facts["picture_width"] / facts["width"]
    down = (facts["bottom"] - facts["top"]) * facts["picture_height"] / facts["height"]
    return np.array(
        [[across, 0.0, facts["left"] * facts["picture_width"]], [0.0, down, facts["top"] * facts["picture_height"]]]
    )


def _of_whole(outline: Outline, facts: Mapping[str, float]) -> Outline:
    across, down = facts["right"] - facts["left"], facts["bottom"] - facts["top"]
    return tuple((facts["left"] + x * across, facts["top"] + y * down) for x, y in outline)


def _refined(one: Side, other: Side, matrix: Matrix) -> tuple[Matrix, NDArray[np.intp]]:
    """Return the shape fitted to all pairs it explains, and those pairs as rows of both sides."""
    if not len(one.places) or not len(other.places):
        return matrix, np.empty((0, 2), np.intp)
    rows = _pairs(one, other, matrix, 2 * NEAR_PX)
    for _ in range(ROUNDS):
        better = geometry.align(one.places[rows[:, 0]], other.places[rows[:, 1]])
        if better is None:
            break
        fresh = _pairs(one, other, better.matrix, NEAR_PX)
        if len(fresh) < len(rows) * 0.5:
            break
        matrix, rows = better.matrix, fresh
    return matrix, _pairs(one, other, matrix, NEAR_PX)


def _pairs(one: Side, other: Side, matrix: Matrix, near_px: float) -> NDArray[np.intp]:
    """Return the pairs of points that lie where the shape puts them, look alike and have a fitting size.

    Each point is in one pair at most, with the one of its own best likeness.
    """
    put = geometry.placed(matrix, one.places)
    apart = (put[:, :1] - other.places[:, 0]) ** 2 + (put[:, 1:] - other.places[:, 1]) ** 2
    rows, columns = np.nonzero(apart <= near_px**2)
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    ratio = one.sizes[rows] * scale / other.sizes[columns]
    fits = (ratio <= SAME_SIZE) & (ratio >= 1 / SAME_SIZE)
    rows, columns = rows[fits], columns[fits]
    off = one.codes[rows] - other.codes[columns]
    unlike = np.sqrt(np.einsum("ij,ij->i", off, off))
    fits = unlike <= SAME_POINT
    rows, columns, unlike = rows[fits], columns[fits], unlike[fits]
    order = np.argsort(unlike, kind="stable")
    rows, columns = rows[order], columns[order]
    is_best = np.zeros(len(order), bool)
    is_best[np.unique(rows, return_index=True)[1]] = True
    best_column = np.zeros(len(order), bool)
    best_column[np.unique(columns, return_index=True)[1]] = True
    mutual = is_best & best_column
    return np.column_stack([rows[mutual], columns[mutual]])


def _possible(one: Side, other: Side, matrix: Matrix) -> int:
    """Return how many pairs there could be: the fewer of both sides' points in the region that both show."""
    inside_other = _inside(geometry.placed(matrix, one.places), other)
    inside_one = _inside(geometry.placed(geometry.inverse(matrix), other.places), one)
    return min(inside_other, inside_one)


def _inside(places: Points, frame: Side) -> int:
    x, y = places[:, 0], places[:, 1]
    return int(((x >= 0) & (y >= 0) & (x < frame.width) & (y < frame.height)).sum())


def _agreement(
    reference: Described, query: Described, matrix: Matrix, areas: Sequence[Box]
) -> geometry.Agreement | None:
    """Return what the pixels say; None when the reference came without any."""
    if THUMB not in reference or THUMB not in query:
        return None
    one, other = reference[THUMB].codes, query[THUMB].codes
    if not one.size or not other.size:
        return None
    facts = reference[POINTS].facts
    small = geometry.scaled(matrix, one.shape[1] / facts["width"], other.shape[1] / query[POINTS].facts["width"])
    return geometry.agreement(one, other, small, distinctive.mask(one.shape, facts, areas))
