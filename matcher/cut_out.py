"""What of the original's running time a copy leaves out, though it shows what is before and after. Pure.

Only copies that are mostly whole are asked: a clip of a minute does not "lack" the rest of the film. Time that the copy
spends on something else counts as shown, for it may be the same scene, altered beyond recognition.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from matcher.alignment import union_length
from matcher.figures import seconds_of
from matcher.interface import Segment

MOSTLY_WHOLE = 0.6  # of the original that is not marked, shown by the copy
LEAST_CUT_S = 2.0  # ends of segments are right to within a second
NO_TIME_S = 1.0  # between two segments of the copy: nothing else is shown there
MOSTLY_MARKED = 0.8  # of what is missing, for it to be called by the mark's name
MOST_TOLD = 6


@dataclass(frozen=True)
class Marked:
    """A stretch of the original that its owner named: an opening, an ending, a recap."""

    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True)
class Missing:
    """A stretch of the original that the copy leaves out."""

    name: str  # "missing", or "left out" when it is a marked stretch
    seconds: float
    says: str


@dataclass(frozen=True)
class _Gap:
    """Between these seconds of the original, so many are missing."""

    start_s: float
    end_s: float
    seconds: float

    @property
    def is_exact(self) -> bool:
        """Whether all of it is missing."""
        return self.seconds >= self.end_s - self.start_s - NO_TIME_S


def missing(
    segments: Sequence[Segment], copy_s: float, original_s: float, marked: Sequence[Marked] = ()
) -> tuple[Missing, ...]:
    """Return what is missing, in the original's order, and last the sum of what is too short to be told one by one.

    `copy_s` and `original_s` are how long both films last; 0, not known, leaves the tail out. A film played backwards
    is read from its end; one played partly backwards, or in another order, is not asked.
    """
    runs = sorted(_read_on(segments, copy_s), key=lambda each: each.reference_start_s)
    if not runs or any(each.speed <= 0 for each in runs) or not _is_mostly_whole(runs, original_s, marked):
        return ()
    gaps = [gap for gap in _gaps(runs, copy_s, original_s) if gap.seconds >= LEAST_CUT_S]
    told = sorted(sorted(gaps, key=lambda gap: -gap.seconds)[:MOST_TOLD], key=lambda gap: gap.start_s)
    found = [_told(gap, original_s, marked) for gap in told]
    if rest := [gap.seconds for gap in gaps if gap not in told]:
        says = f"{len(rest)} shorter stretches are missing as well, {seconds_of(sum(rest))} together."
        found.append(Missing("missing", sum(rest), says))
    return tuple(found)


def _read_on(segments: Sequence[Segment], copy_s: float) -> list[Segment]:
    """Return the segments of a film played backwards as they are when the copy is read from its end; others as they
    are."""
    if copy_s <= 0 or any(each.speed > 0 for each in segments):
        return list(segments)
    return [
        replace(
            each, query_start_s=copy_s - each.query_end_s, query_end_s=copy_s - each.query_start_s, speed=-each.speed
        )
        for each in segments
    ]


def _is_mostly_whole(runs: Sequence[Segment], original_s: float, marked: Sequence[Marked]) -> bool:
    shown = [(each.reference_start_s, each.reference_end_s) for each in runs]
    names = [(each.start_s, min(each.end_s, original_s)) for each in marked]
    of_its_own = original_s - union_length(names)
    # What is shown of the marked stretches does not count on either side.
    alone = union_length([*shown, *names]) - union_length(names)
    return original_s > 0 and alone >= MOSTLY_WHOLE * max(of_its_own, 1.0)


def _gaps(runs: Sequence[Segment], copy_s: float, original_s: float) -> Iterator[_Gap]:
    first, last = runs[0], runs[-1]
    if first is min(runs, key=lambda each: each.query_start_s):
        yield _Gap(0.0, first.reference_start_s, first.reference_start_s - first.query_start_s * first.speed)
    furthest = first
    for _, after in pairwise(runs):
        shown_s = (after.query_start_s - furthest.query_end_s) * after.speed
        # In the copy it may come elsewhere: two stretches that do not follow each other there say nothing.
        if after.reference_start_s > furthest.reference_end_s and _follows(furthest, after, runs):
            gap_s = after.reference_start_s - furthest.reference_end_s
            yield _Gap(furthest.reference_end_s, after.reference_start_s, gap_s - max(0.0, shown_s))
        furthest = max(furthest, after, key=lambda each: each.reference_end_s)
    if copy_s > 0 and last is furthest and last is max(runs, key=lambda each: each.query_end_s):
        rest_s = max(0.0, copy_s - last.query_end_s) * last.speed
        yield _Gap(last.reference_end_s, original_s, original_s - last.reference_end_s - rest_s)


def _follows(before: Segment, after: Segment, runs: Sequence[Segment]) -> bool:
    """Say whether `after` comes right behind `before` in the copy."""
    if after.query_start_s < before.query_end_s - NO_TIME_S:
        return False
    return not any(before.query_end_s <= each.query_start_s < after.query_start_s for each in runs)


def _told(gap: _Gap, original_s: float, marked: Sequence[Marked]) -> Missing:
    start, end, seconds = clock_time(gap.start_s), clock_time(gap.end_s), seconds_of(gap.seconds)
    for each in marked:
        if union_length([(max(gap.start_s, each.start_s), min(gap.end_s, each.end_s))]) >= MOSTLY_MARKED * gap.seconds:
            says = f"{start} to {end} of the original is left out; it is marked “{each.name}” there."
            return Missing("left out", gap.seconds, says)
    if not gap.is_exact:
        says = f"{seconds} between {start} and {end} of the original are missing."
    elif gap.start_s == 0:
        says = f"The first {seconds} of the original are missing."
    elif gap.end_s == original_s:
        says = f"The last {seconds} of the original are missing."
    else:
        says = f"{start} to {end} of the original is missing ({seconds})."
    return Missing("missing", gap.seconds, says)


def clock_time(seconds: float, *, has_tenths: bool = False) -> str:
    """Return seconds as m:ss or h:mm:ss, or m:ss.s where pictures stand closer than a second."""
    tenths = round(seconds * 10) if has_tenths else round(seconds) * 10
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest / 10:04.1f}" if has_tenths else f"{rest // 10:02}"
    return f"{hours}:{minutes:02}:{second}" if hours else f"{minutes}:{second}"
