"""Do two films align in time, and where: hits of single frames in, segments on both sides out. Pure.

A hit says "second q of the query looks like second r of the reference". A copied stretch is a line r = speed * q +
offset through many hits (matcher.lines finds it), cut where it falls silent (matcher.silence). A copy that is played
backwards has a negative speed; its segment still runs from early to late on both sides, so that the query's start shows
the reference's end.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.interface import Segment
from matcher.lines import Hits as Hits
from matcher.lines import Line, best_line, during, is_more_backwards, near, runs_on
from matcher.lines import Manner as Manner
from matcher.lines import Seconds as Seconds
from matcher.silence import ALL_TIME, Asked

Spans = Sequence[tuple[float, float]]  # (start, end) in seconds
Moment = TypeVar("Moment", float, Seconds)

SAME_LINE_S = 1.0  # two segments whose lines run closer are one stretch, seen twice


def align(hits: Hits, manner: Manner, asked_s: Seconds | None = None) -> list[Segment]:
    """Return the segments that the hits support, strongest first; they do not overlap on the query's axis.

    Segments reach half a step beyond their outermost hits, because a frame stands for the time around it. `asked_s` are
    all moments of the query that were asked, in any order: silence is counted in what they stand for, not in time.
    """
    found: list[Segment] = []
    asked = Asked.at(asked_s, hits.query_s)
    hits = hits.only(np.lexsort((hits.reference_s, hits.query_s)))  # votes are counted in this order
    left = hits
    for _ in range(manner.most_segments):
        line = best_line(left, hits, manner, asked)
        if line is None:
            break
        on_line = near(line, left, manner.tolerance_s)
        found += _segments_on(line, left.only(on_line), hits, manner=manner, asked=asked)
        left = left.only(~on_line)
    return merged(found, manner.gap_s, asked)


def strongest_apart(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments, strongest first, without those that share over half of their query time with a stronger."""
    kept: list[Segment] = []
    for segment in sorted(segments, key=lambda each: -each.score):
        length = segment.query_end_s - segment.query_start_s
        if all(overlap(segment, other) <= length / 2 for other in kept):
            kept.append(segment)
    return kept


def merged(segments: Sequence[Segment], gap_s: float, asked: Asked = ALL_TIME) -> list[Segment]:
    """Return the segments, strongest first, those joined that continue a stronger one's line within `gap_s`."""
    kept: list[Segment] = []
    for segment in strongest_apart(segments):
        for number, stronger in enumerate(kept):
            both = joined(stronger, segment, gap_s=gap_s, apart_s=SAME_LINE_S, asked=asked)
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


def common(spans: Spans, others: Spans) -> Spans:
    """Return the parts that two lists of spans share; those of one list may overlap."""
    parts = [(max(start, begin), min(end, finish)) for start, end in spans for begin, finish in others]
    return [(start, end) for start, end in parts if end > start]


def inside(at_s: Seconds, spans: Spans) -> NDArray[np.bool_]:
    """Say of each moment whether it lies in one of the spans."""
    found = np.zeros(len(at_s), bool)
    for start, end in spans:
        found |= (at_s >= start) & (at_s < end)
    return found


def parts_inside(segments: Sequence[Segment], spans: Spans) -> Spans:
    """Return the parts of the query that lie on stretches of the reference that are in `spans`."""
    parts = []
    for segment in segments:
        for span in spans:
            edges = (float(np.clip(edge, segment.reference_start_s, segment.reference_end_s)) for edge in span)
            first, last = sorted(query_at(segment, edge) for edge in edges)
            parts.append((first, last))
    return parts


def seconds_inside(segments: Sequence[Segment], spans: Spans) -> float:
    """Return how many seconds of the query lie on stretches of the reference that are in `spans`."""
    return union_length(parts_inside(segments, spans))


def reference_at(segment: Segment, query_s: Moment) -> Moment:
    """Return which seconds of the reference seconds of the query show, on the segment's line and on beyond its ends."""
    first_s = segment.reference_start_s if segment.speed > 0 else segment.reference_end_s
    return first_s + segment.speed * (query_s - segment.query_start_s)


def query_at(segment: Segment, reference_s: Moment) -> Moment:
    """Return which seconds of the query show seconds of the reference, on the line and on beyond its ends."""
    first_s = segment.reference_start_s if segment.speed > 0 else segment.reference_end_s
    return segment.query_start_s + (reference_s - first_s) / segment.speed


def joined(
    segment: Segment, other: Segment, *, gap_s: float, apart_s: float, asked: Asked = ALL_TIME
) -> Segment | None:
    """Return `segment` stretched along its own line over `other`; None when they are not the same stretch.

    They are when, on the query's axis, a silence of at most `gap_s` lies between them and their lines run at most
    `apart_s` apart.
    """
    gaps = ((segment.query_end_s, other.query_start_s), (other.query_end_s, segment.query_start_s))
    if any(end > start and float(asked.silent_s(np.array([start]), np.array([end]))[0]) > gap_s for start, end in gaps):
        return None
    # Lines of one direction are compared in the middle, where fits are surest; those of two directions may only cross.
    compared = (0.5,) if segment.speed * other.speed > 0 else (0.0, 1.0)
    for share in compared:
        at_s = other.query_start_s + share * (other.query_end_s - other.query_start_s)
        if abs(reference_at(segment, at_s) - reference_at(other, at_s)) > apart_s:
            return None
    start, end = min(segment.query_start_s, other.query_start_s), max(segment.query_end_s, other.query_end_s)
    return between(segment, start, end)


def between(segment: Segment, start_s: float, end_s: float) -> Segment:
    """Return the segment's line from one second of the query to another; no second is before the reference begins."""
    begins_s = query_at(segment, 0.0)
    start_s, end_s = (max(start_s, begins_s), end_s) if segment.speed > 0 else (start_s, min(end_s, begins_s))
    first, last = sorted((reference_at(segment, start_s), reference_at(segment, end_s)))
    return replace(segment, query_start_s=start_s, query_end_s=end_s, reference_start_s=first, reference_end_s=last)


def snapped(segment: Segment, cuts: Seconds, within_s: float) -> Segment:
    """Return the segment with each end moved to the nearest cut of the query, when one is `within_s`."""
    start, end = (
        float(cuts[np.abs(cuts - edge).argmin()]) if len(cuts) and np.abs(cuts - edge).min() <= within_s else edge
        for edge in (segment.query_start_s, segment.query_end_s)
    )
    return between(segment, start, end) if end - start >= within_s else segment


def lies_on(segment: Segment, hits: Hits, tolerance_s: float) -> NDArray[np.bool_]:
    """Say of each hit whether it lies on the segment."""
    within_s = (hits.query_s >= segment.query_start_s) & (hits.query_s <= segment.query_end_s)
    return within_s & (np.abs(hits.reference_s - reference_at(segment, hits.query_s)) <= tolerance_s)


def _segments_on(line: Line, hits: Hits, every: Hits, *, manner: Manner, asked: Asked) -> list[Segment]:
    """Return the runs of hits on one line, split where the line falls silent; `every`: also the hits beside it."""
    speed, offset = line
    found = []
    runs = runs_on(hits, manner.gap_s, asked)
    for run in runs:
        frames, first = np.unique(run.query_s, return_index=True)
        weight = np.maximum.reduceat(run.weight, first)
        back, on = asked.halves(frames, manner.step_s)
        start, end = float(frames[0] - back[0]), float(frames[-1] + on[-1])
        if len(frames) < manner.least_hits or end - start < manner.least_s:
            continue
        # Beyond its clip a line backwards crosses others, and the place where it does looks like a short run on it.
        if speed < 0 and len(runs) > 1 and not is_more_backwards(during(run, every), speed):
            continue
        earliest, latest = sorted((speed * start + offset, speed * end + offset))
        whole = Segment(start, end, earliest, latest, speed, score=float((weight * (back + on)).sum()))
        found.append(between(whole, max(start, 0.0), end))
    return found
