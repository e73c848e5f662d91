"""The still pictures we protect, on a shelf: compare one picture with all of them, with geometry and reasons."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from matcher import geometry, score, votes
from matcher.addresses import address, lacking, reference_of
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
from matcher.indexes.arrays import Arrays, Numbers
from matcher.indexes.durable import taken_up
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.sift_ivf import SiftIvf
from matcher.indexes.snapshots import Array, Snapshots
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
# What is kept of a picture beside the indexes; never rename, never retype.
FEATURES = "features"  # (points, 4) uint16: x, y, size, angle in steps of FINENESS
BOXES = "boxes"  # (hashes, 4) float32: left, top, right, bottom of what each indexed hash saw
FACTS = "facts"  # width, height of the points' frame; its left, top, right, bottom in the picture

Load = Callable[[int], Described]  # a reference's vectors, asked for only when a closer look is due


@dataclass(frozen=True)
class _New:
    """What goes on the shelf of one reference."""

    kept: Mapping[str, Array]  # beside the indexes
    hashes: NDArray[np.uint8]
    points: NDArray[np.uint8]


class PictureShelf:
    """Every registered picture, ready to be compared: the indexes only, the rest is loaded when it is needed."""

    def __init__(self, *, likely_copy: float = 0.90, worth_a_look: float = 0.50, indexes: Path | None = None) -> None:
        """Open the shelf that is kept in the folder `indexes`; without one it is in memory alone."""
        self._likely_copy = likely_copy
        self._worth_a_look = worth_a_look
        # All by number; see `addresses`.
        self.kept = Arrays(None if indexes is None else Snapshots(indexes / "pictures"))
        self.hashes = HashIndex(None if indexes is None else Snapshots(indexes / "picture-hashes"))
        self.points = SiftIvf(None if indexes is None else Snapshots(indexes / "picture-points"))
        self._numbers: dict[int, int] = {}  # of the references that stand on the shelf
        self._areas: dict[int, tuple[Box, ...]] = {}  # of those that have some

    def add(self, reference_id: int, vectors: Described, areas: Sequence[Box] = ()) -> None:
        """Put a reference on the shelf, in place of what stood there of it; found when this returns.

        What lies inside `areas` is not distinctive: it is neither looked for nor counted.
        """
        self.remove(reference_id)
        self.add_all({address(reference_id): (vectors, tuple(areas))})

    def add_all(self, described: Mapping[int, tuple[Described, tuple[Box, ...]]]) -> None:
        """Put references on the shelf, by number: what of them is not stored yet."""
        new = {number: _new(vectors, areas) for number, (vectors, areas) in described.items()}
        self.kept.change({number: each.kept for number, each in new.items() if number not in self.kept})
        self.hashes.change(
            {number: each.hashes for number, each in new.items() if len(each.hashes) and number not in self.hashes}
        )
        self.points.change(
            {number: each.points for number, each in new.items() if len(each.points) and number not in self.points}
        )
        self._stand({number: areas for number, (_, areas) in described.items() if FACTS in new[number].kept})

    def remove(self, reference_id: int) -> None:
        """Take a reference off the shelf; an unknown one is no error."""
        number = self._numbers.pop(reference_id, None)
        if number is None:
            return
        self._areas.pop(reference_id, None)
        self.kept.remove(number)
        self.hashes.remove(number)
        self.points.remove(number)

    def keep(self, wanted: Mapping[int, tuple[Box, ...]]) -> list[int]:
        """Have the references with these numbers on the shelf, each with its areas, and no others; return the numbers
        of which something is not stored, to be added."""
        numbers = np.fromiter(wanted, np.int64, len(wanted))
        for index in (self.kept, self.hashes, self.points):
            taken_up(index)
            index.change({}, lacking(numbers, index.owners()).tolist())
        for reference_id in [each for each, number in self._numbers.items() if number not in wanted]:
            del self._numbers[reference_id]
            self._areas.pop(reference_id, None)
        missing = self._missing(numbers)
        self._stand({number: wanted[number] for number in lacking(missing, self.kept.having(FACTS)).tolist()})
        return [int(number) for number in missing]

    def _missing(self, numbers: Numbers) -> Numbers:
        """Return the numbers that some index lacks."""
        unhashed = lacking(self.hashes.owners(), self.kept.having(BOXES))
        pointless = lacking(self.points.owners(), self.kept.having(FEATURES))
        return np.union1d(lacking(self.kept.owners(), numbers), np.union1d(unhashed, pointless))

    def _stand(self, standing: Mapping[int, tuple[Box, ...]]) -> None:
        """Answer with these numbers from now on."""
        self._numbers.update((reference_of(number), number) for number in standing)
        self._areas.update((reference_of(number), areas) for number, areas in standing.items() if areas)

    def __len__(self) -> int:
        return len(self._numbers)

    def bytes_held(self) -> int:
        """Return the bytes of memory that the references take in the indexes, without what is shipped."""
        return self.points.bytes_held() + self.hashes.bytes_held() + self.kept.bytes_held()

    def _kept_of(self, reference_id: int) -> Mapping[str, Array]:
        found = self.kept.take(self._numbers[reference_id])
        if found is None:
            raise KeyError(reference_id)
        return found

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
            areas = self._areas.get(candidate.reference_id, ())
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
        near = self.hashes.within(hashes.codes[rows], score.HASH_FAR, most=HASH_NEIGHBOURS)
        columns = (rows[near.query], near.owner, near.row, near.distance)
        for row, number, place, bits in zip(*(column.tolist() for column in columns), strict=True):
            owner = reference_of(number)
            known = found.get(owner)
            if known and (known.hash_bits or 0) <= bits:
                continue
            kept = self._kept_of(owner)
            box = kept[BOXES][place]
            into = _unit(kept[FACTS].tolist(), box)
            out_of = _unit(_facts(query[POINTS]), hashes.positions[row, 2:6])
            matrix = _laid_over(into, out_of, int(turns[row]))
            share = max(_area(box), _area(hashes.positions[row, 2:6]))
            found[owner] = Candidate(owner, matrix, int(bits), share)
        return found

    def _by_points(self, query: Vectors, by_hash: dict[int, Candidate]) -> Iterator[Candidate]:
        """Yield the references that many of the query's points, or of its mirror image's, fit in one shape."""
        ballots: list[tuple[Ballot, bool]] = []
        for is_mirrored in (False, True):
            codes = mirrored(query.codes[:MIRRORED_POINTS]) if is_mirrored else query.codes
            ballots += [(each, is_mirrored) for each in votes.counted(*self.points.nearest(codes, NEIGHBOURS))]
        ballots.sort(key=lambda each: (-each[0].weight, each[0].owner, each[1]))
        features = [_features(query, is_mirrored=is_mirrored) for is_mirrored in (False, True)]
        for ballot, is_mirrored in ballots[:MOST_ALIGNED]:
            owner = reference_of(ballot.owner)
            reference = (self._kept_of(owner)[FEATURES][ballot.pairs[:, 1]] / FINENESS).astype(np.float32)
            aligned = geometry.consensus(reference, features[is_mirrored][ballot.pairs[:, 0]])
            if aligned is None:
                continue
            matrix = geometry.unmirrored(aligned.matrix, query.facts["width"]) if is_mirrored else aligned.matrix
            known = by_hash.get(owner, Candidate(owner, matrix))
            yield Candidate(owner, matrix, known.hash_bits, known.hash_share)

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


def _new(vectors: Described, areas: Sequence[Box]) -> _New:
    """Return what goes on the shelf of a picture; nothing when it was described by other kinds or versions only, for
    then there is nothing to lay over a query."""
    none = np.zeros((0, 0), np.uint8)
    if POINTS not in vectors:
        return _New({}, none, none)
    distinctive = without(vectors, areas)
    points, hashes = distinctive[POINTS], distinctive.get(HASHES)
    boxes, codes = np.empty((0, 4), np.float32), none
    if hashes is not None and len(hashes.codes):
        indexed = (hashes.positions[:, 0] == 0) & (hashes.positions[:, 6] == 0)  # upright, and no part of a grid
        boxes, codes = hashes.positions[indexed, 2:6], hashes.codes[indexed]
    steps = np.rint(points.positions[:, :4] * FINENESS)
    features = np.clip(steps, 1, np.iinfo(np.uint16).max).astype(np.uint16)
    kept = {FEATURES: features, BOXES: boxes, FACTS: np.array(_facts(points), np.float64)}
    return _New(kept, codes, points.codes)


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


def _unit(facts: Sequence[float], box: NDArray[np.float32]) -> Matrix:
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
