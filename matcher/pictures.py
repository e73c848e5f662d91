"""The still pictures we protect, on a shelf: compare one picture with all of them, with geometry and reasons."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from matcher import geometry, score, votes
from matcher.closer_look import (
    POINTS,
    THUMB,
    Candidate,
    Fitted,
    look,
    outlines,
    picture_size,
    whole_picture_matrix,
)
from matcher.distinctive import Described, without
from matcher.geometry import Matrix
from matcher.indexes.binary_flat import BinaryFlat
from matcher.indexes.sift_ivf import SiftIvf
from matcher.interface import Box, Comparison, Transform
from matcher.votes import Ballot

HASHES = "pdq256"
SEARCHED = (HASHES, POINTS)  # what the indexes hold
KINDS = (*SEARCHED, THUMB)  # what a closer look needs
HASH_LIMIT = 80  # bits, for a closer look; unrelated pictures are 128 apart, and the pixels decide
HASH_NEIGHBOURS = 20
NEIGHBOURS = 8  # of one descriptor
MIRRORED_POINTS = 150  # the strongest; half of the search, and mirrored copies are found all the same
MOST_ALIGNED = 20  # references, the picture and its mirror image together
MIRRORED_TURN = 4  # from here on the query was mirrored before it was turned
FEW_POINTS = 120  # a query with fewer is also asked for by the hashes of its quarter turns; points turn by themselves
FINENESS = np.array([16, 16, 16, 180], np.float32)  # steps of a pixel, and of a degree, in which points are kept


Load = Callable[[int], Described]  # a reference's vectors, asked for only when a closer look is due


@dataclass(frozen=True)
class _Kept:
    """What the shelf keeps of a reference beside the indexes."""

    features: NDArray[np.uint16]  # (points, 4): x, y, size, angle in steps of FINENESS
    boxes: NDArray[np.float32]  # (hashes, 4): left, top, right, bottom of what each indexed hash saw
    facts: tuple[float, ...]  # width, height of the points' frame; its left, top, right, bottom in the picture
    areas: tuple[Box, ...]


class PictureShelf:
    """Every registered picture, ready to be compared: the indexes only, the rest is loaded when it is needed."""

    def __init__(self, *, likely_copy: float = 0.90, worth_a_look: float = 0.50) -> None:
        self._likely_copy = likely_copy
        self._worth_a_look = worth_a_look
        self._hashes = BinaryFlat()
        self._points = SiftIvf()
        self._shelved: dict[int, _Kept] = {}

    def add(self, reference_id: int, vectors: Described, areas: Sequence[Box] = ()) -> None:
        """Put a reference on the shelf, in place of what stood there under that number; found when this returns.

        What lies inside `areas` is not distinctive: it is neither looked for nor counted.
        """
        self.remove(reference_id)
        if POINTS not in vectors:
            return  # described by other kinds or versions only: there is nothing to lay over a query
        distinctive = without(vectors, areas)
        points, hashes = distinctive[POINTS], distinctive.get(HASHES)
        self._points.add(reference_id, points.codes)
        boxes = np.empty((0, 4), np.float32)
        if hashes is not None and len(hashes.codes):
            indexed = (hashes.positions[:, 0] == 0) & (hashes.positions[:, 6] == 0)  # upright, and no part of a grid
            self._hashes.add(reference_id, hashes.codes[indexed])
            boxes = hashes.positions[indexed, 2:6]
        steps = np.rint(points.positions[:, :4] * FINENESS)
        features = np.clip(steps, 1, np.iinfo(np.uint16).max).astype(np.uint16)
        self._shelved[reference_id] = _Kept(features, boxes, _facts(points), tuple(areas))

    def remove(self, reference_id: int) -> None:
        """Take a reference off the shelf; an unknown one is no error."""
        if self._shelved.pop(reference_id, None) is None:
            return
        self._hashes.remove(reference_id)
        self._points.remove(reference_id)

    def __len__(self) -> int:
        return len(self._shelved)

    def bytes_held(self) -> int:
        """Return the bytes of memory that the references take in the indexes, without what is shipped."""
        kept = sum(each.features.nbytes + each.boxes.nbytes for each in self._shelved.values())
        return self._points.bytes_held() + self._hashes.bytes_held() + kept

    def compare(self, vectors: Described, load: Load) -> list[Comparison]:
        """Return every reference worth a person's look, best first."""
        found = [
            self._comparison(fitted, load(fitted.reference_id)[POINTS], vectors[POINTS])
            for fitted in self.looks(vectors, load)
            if score.probability(fitted.evidence) >= self._worth_a_look
        ]
        return sorted(found, key=lambda comparison: (-comparison.score, comparison.reference_id))

    def looks(self, vectors: Described, load: Load) -> list[Fitted]:
        """Return the closer look at every candidate, likely or not: one a reference, the likeliest."""
        if POINTS not in vectors:
            return []
        best: dict[int, Fitted] = {}
        for candidate in self._candidates(vectors):
            areas = self._shelved[candidate.reference_id].areas
            fitted = look(candidate, load(candidate.reference_id), vectors, areas)
            known = best.get(candidate.reference_id)
            if known is None or score.probability(fitted.evidence) > score.probability(known.evidence):
                best[candidate.reference_id] = fitted
        return list(best.values())

    def _candidates(self, query: Described) -> Iterator[Candidate]:
        by_hash = self._by_hash(query)
        for candidate in by_hash.values():
            if candidate.hash_bits is not None and candidate.hash_bits <= HASH_LIMIT:
                yield candidate
        yield from self._by_points(query[POINTS], by_hash)

    def _by_hash(self, query: Described) -> dict[int, Candidate]:
        """Return, per reference near by PDQ, the nearest of its codes as a place in the query."""
        hashes = query.get(HASHES)
        if hashes is None or not len(hashes.codes):
            return {}
        turns = hashes.positions[:, 0]
        asked = np.ones(len(turns), bool) if len(query[POINTS].codes) < FEW_POINTS else turns % MIRRORED_TURN == 0
        rows = np.flatnonzero(asked)
        found: dict[int, Candidate] = {}
        for row, near in zip(rows, self._hashes.search(hashes.codes[rows], HASH_NEIGHBOURS), strict=True):
            for hit in near:
                known = found.get(hit.owner)
                if hit.distance > score.HASH_FAR or (known and (known.hash_bits or 0) <= hit.distance):
                    continue
                kept = self._shelved[hit.owner]
                into = _unit(kept.facts, kept.boxes[hit.row])
                out_of = _unit(_facts(query[POINTS]), hashes.positions[row, 2:6])
                matrix = _laid_over(into, out_of, int(turns[row]))
                share = max(_area(kept.boxes[hit.row]), _area(hashes.positions[row, 2:6]))
                found[hit.owner] = Candidate(hit.owner, matrix, int(hit.distance), share)
        return found

    def _by_points(self, query: Vectors, by_hash: dict[int, Candidate]) -> Iterator[Candidate]:
        """Yield the references that many of the query's points, or of its mirror image's, fit in one shape."""
        ballots: list[tuple[Ballot, bool]] = []
        for is_mirrored in (False, True):
            codes = mirrored(query.codes[:MIRRORED_POINTS]) if is_mirrored else query.codes
            ballots += [(each, is_mirrored) for each in votes.counted(*self._points.nearest(codes, NEIGHBOURS))]
        ballots.sort(key=lambda each: (-each[0].weight, each[0].owner, each[1]))
        features = [_features(query, is_mirrored=is_mirrored) for is_mirrored in (False, True)]
        for ballot, is_mirrored in ballots[:MOST_ALIGNED]:
            reference = (self._shelved[ballot.owner].features[ballot.pairs[:, 1]] / FINENESS).astype(np.float32)
            aligned = geometry.consensus(reference, features[is_mirrored][ballot.pairs[:, 0]])
            if aligned is None:
                continue
            matrix = geometry.unmirrored(aligned.matrix, query.facts["width"]) if is_mirrored else aligned.matrix
            known = by_hash.get(ballot.owner, Candidate(ballot.owner, matrix))
            yield Candidate(ballot.owner, matrix, known.hash_bits, known.hash_share)

    def _comparison(self, fitted: Fitted, reference: Vectors, query: Vectors) -> Comparison:
        chance = score.probability(fitted.evidence)
        lies, seen = outlines(fitted, reference, query)
        first, second = whole_picture_matrix(fitted.matrix, reference, query).tolist()
        return Comparison(
            reference_id=fitted.reference_id,
            score=chance,
            lane="copy" if chance >= self._likely_copy and score.may_be_copy(fitted.evidence) else "lead",
            reasons=score.reasons(fitted.evidence),
            transform=Transform(
                fitted.evidence.is_mirrored, (tuple(first), tuple(second)), picture_size(query), picture_size(reference)
            ),
            outline=lies,
            reference_outline=seen,
        )


def _facts(points: Vectors) -> tuple[float, ...]:
    return tuple(points.facts[name] for name in ("width", "height", "left", "top", "right", "bottom"))


def _features(points: Vectors, *, is_mirrored: bool) -> geometry.Features:
    """Return the points of a picture, or of its mirror image, with their sizes and angles."""
    features = np.array(points.positions[:, :4], np.float32)
    return geometry.mirrored(features, points.facts["width"]) if is_mirrored else features


def _area(box: NDArray[np.float32]) -> float:
    """Return how much of the picture a part takes."""
    left, top, right, bottom = box.tolist()
    return float((right - left) * (bottom - top))


def _laid_over(into_unit: Matrix, query_into_unit: Matrix, turn: int) -> Matrix:
    """Return where the reference lies when its hash is that of the query turned by `turn`: the two unit squares are
    laid over each other."""
    mirror = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) if turn >= MIRRORED_TURN else np.eye(3)
    left_quarter = np.array([[0.0, 1, 0], [-1, 0, 1], [0, 0, 1]])  # (x, y) goes to (y, 1 - x)
    turned = np.linalg.matrix_power(left_quarter, turn % MIRRORED_TURN) @ mirror
    return np.asarray((np.linalg.inv(query_into_unit) @ np.linalg.inv(turned) @ into_unit)[:2], dtype=np.float64)


def _unit(facts: tuple[float, ...], box: NDArray[np.float32]) -> Matrix:
    """Return the map from the points' frame to the unit square of the part that was hashed.

    `facts` are width, height, left, top, right, bottom of the frame, `box` the part's sides; all but the first two as
    fractions of the whole picture.
    """
    width, height, left, top, right, bottom = facts
    x, y, x_end, y_end = box.astype(np.float64)
    wide, tall = x_end - x, y_end - y
    return np.array(
        [
            [(right - left) / width / wide, 0, (left - x) / wide],
            [0, (bottom - top) / height / tall, (top - y) / tall],
            [0, 0, 1.0],
        ]
    )
