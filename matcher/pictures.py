"""The still pictures we protect, on a shelf: compare one picture with all of them, with geometry and reasons."""

from collections.abc import Callable, Iterator

import numpy as np

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from matcher import geometry, score, votes
from matcher.closer_look import (
    POINTS,
    THUMB,
    Candidate,
    Described,
    Fitted,
    look,
    outlines,
    picture_size,
    side,
    whole_picture_matrix,
)
from matcher.geometry import Matrix
from matcher.indexes.binary_flat import BinaryFlat
from matcher.indexes.sift_ivf import SiftIvf
from matcher.interface import Comparison, Transform

HASHES = "pdq256"
SEARCHED = (HASHES, POINTS)  # what the indexes hold
KINDS = (*SEARCHED, THUMB)  # what a closer look needs
HASH_LIMIT = 60  # bits: 415 of 950 altered copies and no false one in our own measurement
HASH_NEIGHBOURS = 20
NEIGHBOURS = 8  # of one descriptor
TURNS = 4  # quarters; from here on the query was mirrored before it was turned


Load = Callable[[int], Described]  # a reference's vectors, asked for only when a closer look is due


class PictureShelf:
    """Every registered picture, ready to be compared: the indexes only, the rest is loaded when it is needed."""

    def __init__(self, *, likely_copy: float = 0.90, worth_a_look: float = 0.50) -> None:
        self._likely_copy = likely_copy
        self._worth_a_look = worth_a_look
        self._hashes = BinaryFlat()
        self._points = SiftIvf()
        self._shelved: set[int] = set()

    def add(self, reference_id: int, vectors: Described) -> None:
        """Put a reference on the shelf, in place of what stood there under that number; found when this returns."""
        self.remove(reference_id)
        if POINTS not in vectors:
            return  # described by other kinds or versions only: there is nothing to lay over a query
        self._shelved.add(reference_id)
        self._points.add(reference_id, vectors[POINTS].codes)
        hashes = vectors.get(HASHES)
        if hashes is not None and len(hashes.codes):
            self._hashes.add(reference_id, hashes.codes[hashes.positions[:, 0] == 0])

    def remove(self, reference_id: int) -> None:
        """Take a reference off the shelf; an unknown one is no error."""
        if reference_id not in self._shelved:
            return
        self._shelved.discard(reference_id)
        self._hashes.remove(reference_id)
        self._points.remove(reference_id)

    def __len__(self) -> int:
        return len(self._shelved)

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
        for candidate in self._candidates(vectors, load):
            fitted = look(candidate, load(candidate.reference_id), vectors)
            known = best.get(candidate.reference_id)
            if known is None or score.probability(fitted.evidence) > score.probability(known.evidence):
                best[candidate.reference_id] = fitted
        return list(best.values())

    def _candidates(self, query: Described, load: Load) -> Iterator[Candidate]:
        by_hash = self._by_hash(query, load)
        for candidate in by_hash.values():
            if candidate.hash_bits is not None and candidate.hash_bits <= HASH_LIMIT:
                yield candidate
        for is_mirrored in (False, True):
            yield from self._by_points(query[POINTS], load, by_hash, is_mirrored=is_mirrored)

    def _by_hash(self, query: Described, load: Load) -> dict[int, Candidate]:
        """Return, per reference near by PDQ, the nearest of its codes as a place in the query."""
        hashes = query.get(HASHES)
        if hashes is None or not len(hashes.codes):
            return {}
        found: dict[int, Candidate] = {}
        for row, near in enumerate(self._hashes.search(hashes.codes, HASH_NEIGHBOURS)):
            turn, is_trimmed = int(hashes.positions[row, 0]), bool(hashes.positions[row, 1])
            for hit in near:
                known = found.get(hit.owner)
                if hit.distance > score.HASH_FAR or (known and (known.hash_bits or 0) <= hit.distance):
                    continue
                reference = load(hit.owner)[POINTS]
                matrix = _laid_over(reference, query[POINTS], turn, whole=(hit.row == 0, not is_trimmed))
                found[hit.owner] = Candidate(hit.owner, matrix, int(hit.distance))
        return found

    def _by_points(
        self, query: Vectors, load: Load, by_hash: dict[int, Candidate], *, is_mirrored: bool
    ) -> Iterator[Candidate]:
        """Yield the references that many of the query's points, or of its mirror image's, fit in one shape."""
        codes = mirrored(query.codes) if is_mirrored else query.codes
        places = side(query, is_mirrored=is_mirrored).places
        for reference_id, ballot in votes.counted(self._points.search(codes, NEIGHBOURS)).items():
            rows = np.array(ballot.pairs)
            reference = load(reference_id)[POINTS].positions[rows[:, 1], :2]
            aligned = geometry.align(np.ascontiguousarray(reference), places[rows[:, 0]])
            if aligned is None:
                continue
            matrix = geometry.unmirrored(aligned.matrix, query.facts["width"]) if is_mirrored else aligned.matrix
            known = by_hash.get(reference_id)
            yield Candidate(reference_id, matrix, known.hash_bits if known else None)

    def _comparison(self, fitted: Fitted, reference: Vectors, query: Vectors) -> Comparison:
        chance = score.probability(fitted.evidence)
        lies, seen = outlines(fitted, reference, query)
        first, second = whole_picture_matrix(fitted.matrix, reference, query).tolist()
        return Comparison(
            reference_id=fitted.reference_id,
            score=chance,
            lane="copy" if chance >= self._likely_copy else "lead",
            reasons=score.reasons(fitted.evidence),
            transform=Transform(
                fitted.evidence.is_mirrored, (tuple(first), tuple(second)), picture_size(query), picture_size(reference)
            ),
            outline=lies,
            reference_outline=seen,
        )


def _laid_over(reference: Vectors, query: Vectors, turn: int, *, whole: tuple[bool, bool]) -> Matrix:
    """Return where the reference lies when its whole-picture hash is that of the query turned by `turn`.

    `whole` says of the reference and of the query whether the picture was hashed with its border.
    """
    into_unit = _unit(reference, is_whole=whole[0])
    out_of_unit = np.linalg.inv(_unit(query, is_whole=whole[1]))
    mirror = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) if turn >= TURNS else np.eye(3)
    left_quarter = np.array([[0.0, 1, 0], [-1, 0, 1], [0, 0, 1]])  # (x, y) goes to (y, 1 - x)
    turned = np.linalg.matrix_power(left_quarter, turn % TURNS) @ mirror
    return np.asarray((out_of_unit @ np.linalg.inv(turned) @ into_unit)[:2], dtype=np.float64)


def _unit(points: Vectors, *, is_whole: bool) -> Matrix:
    """Return the map from the points' frame to the unit square of the picture, with or without its border."""
    facts = points.facts
    left, top, right, bottom = (
        (facts["left"], facts["top"], facts["right"], facts["bottom"]) if is_whole else (0.0, 0.0, 1.0, 1.0)
    )
    return np.array(
        [[(right - left) / facts["width"], 0, left], [0, (bottom - top) / facts["height"], top], [0, 0, 1.0]]
    )
