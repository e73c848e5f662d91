"""What counts as found: segments by the VCSL product formula, films at zero false positives, errors of the ends.

Source: VCSL (He et al., CVPR 2022), metric.py: precision is the product of the two axes' shares of predicted length
that is true; recall the same with the roles swapped. Lengths are summed over all pairs before the ratio.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from matcher.alignment import union_length
from matcher.interface import Segment


@dataclass(frozen=True)
class Claim:
    """What one method says of one query and one reference."""

    query: str
    attack: str
    reference: str
    score: float
    segments: tuple[Segment, ...]
    truth: tuple[Segment, ...]  # empty: a false claim


@dataclass
class Lengths:
    """Sums of the formula: predicted, true and common length on both axes."""

    predicted: list[float] = field(default_factory=lambda: [0.0, 0.0])
    true: list[float] = field(default_factory=lambda: [0.0, 0.0])
    common_predicted: list[float] = field(default_factory=lambda: [0.0, 0.0])
    common_true: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def add(self, predicted: Sequence[Segment], truth: Sequence[Segment]) -> None:
        for axis in (0, 1):
            self.predicted[axis] += sum(_length(each, axis) for each in predicted)
            self.true[axis] += sum(_length(each, axis) for each in truth)
            self.common_predicted[axis] += sum(_covered(each, truth, axis) for each in predicted)
            self.common_true[axis] += sum(_covered(each, predicted, axis) for each in truth)

    def precision(self) -> float:
        return float(np.prod([c / p if p else 0.0 for c, p in zip(self.common_predicted, self.predicted, strict=True)]))

    def recall(self) -> float:
        return float(np.prod([c / t if t else 0.0 for c, t in zip(self.common_true, self.true, strict=True)]))

    def f1(self) -> float:
        both = self.precision() + self.recall()
        return 2 * self.precision() * self.recall() / both if both else 0.0


def _ends(segment: Segment, axis: int) -> tuple[float, float]:
    if axis == 0:
        return segment.query_start_s, segment.query_end_s
    early_s, late_s = sorted((segment.reference_start_s, segment.reference_end_s))  # played backwards, ends may be too
    return early_s, late_s


def _length(segment: Segment, axis: int) -> float:
    start, end = _ends(segment, axis)
    return end - start


def _covered(segment: Segment, others: Sequence[Segment], axis: int) -> float:
    """Return how much of a segment the boxes of others cover, on one axis; a box must meet it on both."""
    parts = []
    for other in others:
        common = [_common(segment, other, each) for each in (0, 1)]
        if all(end > start for start, end in common):
            parts.append(common[axis])
    return union_length(parts)


def _common(one: Segment, other: Segment, axis: int) -> tuple[float, float]:
    (start, end), (begin, finish) = _ends(one, axis), _ends(other, axis)
    return max(start, begin), min(end, finish)


def segment_scores(claims: Sequence[Claim], wanted: Sequence[Claim], threshold: float) -> Lengths:
    """Return the sums for claims from `threshold` up; `wanted` holds one claim a true pair, with its truth."""
    lengths = Lengths()
    made = {(claim.query, claim.reference): claim for claim in claims if claim.score >= threshold}
    pairs = {(claim.query, claim.reference): claim.truth for claim in wanted}
    for pair in {*made, *pairs}:
        lengths.add(made[pair].segments if pair in made else (), pairs.get(pair, ()))
    return lengths


def ends(claims: Sequence[Claim], threshold: float) -> tuple[list[float], list[float]]:
    """Return (errors of the ends in seconds, errors of the speed) of the true segments that were found."""
    errors, speeds = [], []
    for claim in claims:
        for true in claim.truth if claim.score >= threshold else ():
            near = [each for each in claim.segments if _covered(true, [each], 0) > 0.5 * _length(true, 0)]
            if near:
                best = max(near, key=lambda each: _covered(true, [each], 0))
                errors += [abs(best.query_start_s - true.query_start_s), abs(best.query_end_s - true.query_end_s)]
                speeds.append(abs(abs(best.speed) - abs(true.speed)))  # which way it ran is not asked here
    return errors, speeds


def found_share(claims: Sequence[Claim], wanted: Sequence[Claim], threshold: float) -> float:
    """Return the share of true pairs whose claim, above `threshold`, meets the truth in time."""
    pairs = {(claim.query, claim.reference) for claim in wanted}
    hit = {
        (claim.query, claim.reference)
        for claim in claims
        if claim.score > threshold and any(_covered(each, claim.truth, 0) > 0 for each in claim.segments)
    }
    return len(hit & pairs) / len(pairs) if pairs else 0.0
