"""Do two films align in time, and where: hits of single frames in, segments on both sides out. Pure.

A hit says "second q of the query looks like second r of the reference". A copied stretch is a line r = speed * q +
offset through many hits; it is found by voting (Hough) over a table of speeds and half-second offsets, and then fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.interface import Segment

Seconds = NDArray[np.float64]
Spans = Sequence[tuple[float, float]]  # (start, end) in seconds

# The speeds uploaders use, PAL's 25/24 speed-up among them; between two of them the fit finds the rest.
SPEEDS = (1.0, 0.75, 0.8, 0.85, 0.9, 0.95, 1.05, 1.06, 1.1, 1.15, 1.2, 1.25, 1.33)
OTHER_SPEED_MUST_GAIN = 1.15  # held shots fit any speed, so another speed needs 15 % more votes than speed 1
OFFSET_BIN_S = 0.5
FITS = 3  # rounds of least squares; the set of hits on the line is stable after that
SAME_LINE_S = 1.0  # two segments whose lines run closer are one stretch, seen twice
AS_GOOD, AS_GOOD_S = 1.2, 0.02  # how much worse than the fitted line speed 1 may explain the hits
SILENCE_STEPS = 4.5  # steps without a hit, between two runs of hits on one line
LEAST_SPREAD_S = 4.0  # a shorter run of hits does not tell its speed: the table's speed is kept


@dataclass(frozen=True)
class Hits:
    """Frames of one query that look like frames of one reference; the three arrays run in parallel."""

    query_s: Seconds
    reference_s: Seconds
    weight: Seconds  # 0 to 1, what one hit is worth

    def __len__(self) -> int:
        return len(self.query_s)

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> "Hits":
        """Return the hits that `keep` names, by truth or by number."""
        return Hits(self.query_s[keep], self.reference_s[keep], self.weight[keep])


@dataclass(frozen=True)
class Manner:
    """How strictly one kind of hit is aligned."""

    step_s: float  # how far apart the frames of the query are
    tolerance_s: float = 0.6  # how far from the line a hit may lie
    gap_s: float = 3.0  # a longer silence on the line ends the segment
    least_hits: int = 4
    least_s: float = 1.0
    most_segments: int = 6


def align(hits: Hits, manner: Manner) -> list[Segment]:
    """Return the segments that the hits support, strongest first; they do not overlap on the query's axis.

    Segments reach half a step beyond their outermost hits, because a frame stands for the time around it.
    """
    found: list[Segment] = []
    left = hits
    for _ in range(manner.most_segments):
        line = _best_line(left, manner)
        if line is None:
            break
        speed, offset = line
        on_line = np.abs(left.reference_s - speed * left.query_s - offset) <= manner.tolerance_s
        found += _segments_on(left.only(on_line), speed, offset, manner)
        left = left.only(~on_line)
    return merged(found, manner.gap_s)


def strongest_apart(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments, strongest first, without those that share over half of their query time with a stronger."""
    kept: list[Segment] = []
    for segment in sorted(segments, key=lambda each: -each.score):
        length = segment.query_end_s - segment.query_start_s
        if all(overlap(segment, other) <= length / 2 for other in kept):
            kept.append(segment)
    return kept


def merged(segments: Sequence[Segment], gap_s: float) -> list[Segment]:
    """Return the segments, strongest first, those joined that continue a stronger one's line within `gap_s`."""
    kept: list[Segment] = []
    for segment in strongest_apart(segments):
        for number, stronger in enumerate(kept):
            both = joined(stronger, segment, gap_s=gap_s, apart_s=SAME_LINE_S)
            if both is not None:
                kept[number] = replace(both, score=stronger.score + segment.score)
                break
        else:
            kept.append(segment)
    return kept


def overlap(one: Segment, other: Segment) -> float:
    """Return how many seconds of the query two segments share."""
    return max(0.0, min(one.query_end_s, other.query_end_s) - max(one.query_start_s, other.query_start_s))


def matched_seconds(segments: Sequence[Segment]) -> float:
    """Return how many seconds of the query lie in at least one segment."""
    return union_length([(each.query_start_s, each.query_end_s) for each in segments])


def union_length(spans: Sequence[tuple[float, float]]) -> float:
    """Return the length of the union of spans."""
    total, reached = 0.0, -np.inf
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return float(total)


def inside(at_s: Seconds, spans: Spans) -> NDArray[np.bool_]:
    """Say of each moment whether it lies in one of the spans."""
    found = np.zeros(len(at_s), bool)
    for start, end in spans:
        found |= (at_s >= start) & (at_s < end)
    return found


def seconds_inside(segments: Sequence[Segment], spans: Spans) -> float:
    """Return how many seconds of the query lie on stretches of the reference that are in `spans`."""
    parts = []
    for segment in segments:
        for start, end in spans:
            first, last = (
                _query_at(segment, float(np.clip(edge, segment.reference_start_s, segment.reference_end_s)))
                for edge in (start, end)
            )
            parts.append((first, last))
    return union_length([part for part in parts if part[1] > part[0]])


def joined(segment: Segment, other: Segment, *, gap_s: float, apart_s: float) -> Segment | None:
    """Return `segment` stretched along its own line over `other`; None when they are not the same stretch.

    They are when, on the query's axis, at most `gap_s` lies between them and their lines run at most `apart_s` apart.
    """
    if other.query_start_s - segment.query_end_s > gap_s or segment.query_start_s - other.query_end_s > gap_s:
        return None
    middle = (other.query_start_s + other.query_end_s) / 2
    there = (other.reference_start_s + other.reference_end_s) / 2
    if abs(_reference_at(segment, middle) - there) > apart_s:
        return None
    start, end = min(segment.query_start_s, other.query_start_s), max(segment.query_end_s, other.query_end_s)
    return between(segment, start, end)


def between(segment: Segment, start_s: float, end_s: float) -> Segment:
    """Return the segment's line from one second of the query to another; no second is before the reference begins."""
    start_s = max(start_s, segment.query_start_s - segment.reference_start_s / segment.speed)
    return replace(
        segment,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=_reference_at(segment, start_s),
        reference_end_s=_reference_at(segment, end_s),
    )


def snapped(segment: Segment, cuts: Seconds, within_s: float) -> Segment:
    """Return the segment with each end moved to the nearest cut of the query, when one is `within_s`."""
    start, end = (
        float(cuts[np.abs(cuts - edge).argmin()]) if len(cuts) and np.abs(cuts - edge).min() <= within_s else edge
        for edge in (segment.query_start_s, segment.query_end_s)
    )
    return between(segment, start, end) if end - start >= within_s else segment


def _reference_at(segment: Segment, query_s: float) -> float:
    return segment.reference_start_s + segment.speed * (query_s - segment.query_start_s)


def _query_at(segment: Segment, reference_s: float) -> float:
    return segment.query_start_s + (reference_s - segment.reference_start_s) / segment.speed


def lies_on(segment: Segment, hits: Hits, tolerance_s: float) -> NDArray[np.bool_]:
    """Say of each hit whether it lies on the segment."""
    within_s = (hits.query_s >= segment.query_start_s) & (hits.query_s <= segment.query_end_s)
    expected = segment.reference_start_s + segment.speed * (hits.query_s - segment.query_start_s)
    return within_s & (np.abs(hits.reference_s - expected) <= tolerance_s)


def _best_line(hits: Hits, manner: Manner) -> tuple[float, float] | None:
    """Return (speed, offset) of the line with the most votes, fitted; None when no line has enough."""
    if len(hits) < manner.least_hits:
        return None
    best_votes, best = 0.0, (1.0, 0.0)
    for speed in SPEEDS:
        offsets = hits.reference_s - speed * hits.query_s
        votes, offset = _fullest_bin(offsets, hits.query_s, hits.weight)
        if votes > best_votes * (1.0 if speed == 1.0 else OTHER_SPEED_MUST_GAIN if best[0] == 1.0 else 1.0):
            best_votes, best = votes, (speed, offset)
    line = _fitted(hits, *best, manner=manner)
    if line is None:
        return None
    line = _plain_if_as_good(hits, *line, tolerance_s=manner.tolerance_s)
    return line if line[0] == 1.0 else _plain_if_runs_are(hits, *line, manner=manner)


def _fullest_bin(offsets: Seconds, query_s: Seconds, weight: Seconds) -> tuple[float, float]:
    """Return (votes, offset) of the fullest pair of neighbouring offset bins; a query frame votes once a bin."""
    bins = np.floor(offsets / OFFSET_BIN_S).astype(np.int64)
    bins -= bins.min()
    frames = np.unique(query_s, return_inverse=True)[1]
    width = int(bins.max()) + 1
    cell = frames * width + bins
    order = np.lexsort((-weight, cell))
    first = order[np.unique(cell[order], return_index=True)[1]]
    votes = np.bincount(bins[first], weight[first], minlength=width)
    pairs = votes[:-1] + votes[1:] if width > 1 else votes
    fullest = int(pairs.argmax())
    inside = (bins >= fullest) & (bins <= fullest + 1)
    return float(pairs[fullest]), float(np.average(offsets[inside], weights=weight[inside]))


def _fitted(hits: Hits, speed: float, offset: float, *, manner: Manner) -> tuple[float, float] | None:
    """Return the line after a few rounds of least squares over the hits on it; None when too few are left."""
    slowest, fastest = speed * 0.88, speed * 1.12  # over ten seconds half-second bins tell no less
    for _ in range(FITS):
        on_line = np.abs(hits.reference_s - speed * hits.query_s - offset) <= manner.tolerance_s
        if np.count_nonzero(on_line) < manner.least_hits:
            return None
        best = _best_of_each_frame(hits.only(on_line), speed, offset)
        q, r, w = best.query_s, best.reference_s, best.weight
        middle_q, middle_r = np.average(q, weights=w), np.average(r, weights=w)
        spread = float(np.average((q - middle_q) ** 2, weights=w))
        if np.ptp(q) >= LEAST_SPREAD_S:
            slope = float(np.average((q - middle_q) * (r - middle_r), weights=w)) / spread
            speed = float(np.clip(slope, slowest, fastest))
        offset = float(middle_r - speed * middle_q)
    return speed, offset


def _best_of_each_frame(hits: Hits, speed: float, offset: float) -> Hits:
    """Return the heaviest hit of each query frame; of equals the one nearest to the line.

    In a held shot every neighbour is a hit as well, and their mean would pull the line to the middle of the shot.
    """
    away = np.abs(hits.reference_s - speed * hits.query_s - offset)
    order = np.lexsort((away, -hits.weight, hits.query_s))
    return hits.only(order[np.unique(hits.query_s[order], return_index=True)[1]])


def _plain_if_as_good(hits: Hits, speed: float, offset: float, *, tolerance_s: float) -> tuple[float, float]:
    """Return the line at speed 1 when it explains the hits about as closely as the fitted one: most copies run at 1."""
    on_line = np.abs(hits.reference_s - speed * hits.query_s - offset) <= tolerance_s
    best = _best_of_each_frame(hits.only(on_line), speed, offset)
    q, r, w = best.query_s, best.reference_s, best.weight
    plain = float(np.average(r - q, weights=w))
    fitted_error, plain_error = (
        float(np.sqrt(np.average(error**2, weights=w))) for error in (r - speed * q - offset, r - q - plain)
    )
    return (1.0, plain) if plain_error <= AS_GOOD * fitted_error + AS_GOOD_S else (speed, offset)


def _plain_if_runs_are(hits: Hits, speed: float, offset: float, *, manner: Manner) -> tuple[float, float]:
    """Return the line of the heaviest run alone when that runs at speed 1: two shots of a montage, each at speed 1,
    also lie on one line of another speed, with silence between them."""
    on_line = np.flatnonzero(np.abs(hits.reference_s - speed * hits.query_s - offset) <= manner.tolerance_s)
    order = on_line[np.argsort(hits.query_s[on_line], kind="stable")]
    runs = np.split(order, np.flatnonzero(np.diff(hits.query_s[order]) > SILENCE_STEPS * manner.step_s) + 1)
    if len(runs) == 1:
        return speed, offset
    heaviest = hits.only(max(runs, key=lambda run: float(hits.weight[run].sum())))
    at_one = float(np.average(heaviest.reference_s - heaviest.query_s, weights=heaviest.weight))
    near = np.abs(hits.reference_s - hits.query_s - at_one) <= manner.tolerance_s
    within = (hits.query_s >= heaviest.query_s.min()) & (hits.query_s <= heaviest.query_s.max())
    around = hits.only(near & within)
    if len(around) < manner.least_hits:
        return speed, offset
    alone = _fitted(around, 1.0, at_one, manner=manner)
    if alone is None:
        return speed, offset
    plain = _plain_if_as_good(around, *alone, tolerance_s=manner.tolerance_s)
    return plain if plain[0] == 1.0 else (speed, offset)


def _segments_on(hits: Hits, speed: float, offset: float, manner: Manner) -> list[Segment]:
    """Return the runs of hits on one line, split where the line falls silent."""
    frames, which = np.unique(hits.query_s, return_inverse=True)
    weight = np.zeros(len(frames))
    np.maximum.at(weight, which, hits.weight)
    runs = np.split(np.arange(len(frames)), np.flatnonzero(np.diff(frames) > manner.gap_s) + 1)
    found = []
    for run in runs:
        start, end = frames[run[0]] - manner.step_s / 2, frames[run[-1]] + manner.step_s / 2
        if len(run) < manner.least_hits or end - start < manner.least_s:
            continue
        start = max(start, 0.0, -offset / speed)
        score = float(weight[run].sum() * manner.step_s)
        found.append(Segment(float(start), float(end), speed * start + offset, speed * end + offset, speed, score))
    return found
