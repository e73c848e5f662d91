"""The stretches of one reference in one film: what frames and points saw, told once and to the frame. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fingerprints.interface import Laid
from matcher import alignment, film_score
from matcher.film_looks import Look
from matcher.film_points import Shown
from matcher.film_score import FilmEvidence
from matcher.interface import Segment

DECIDED_S, DECIDED_PICTURES = 4.0, 3  # from here on the whole frames need no second witness
SAME_LINE_S = 1.5  # two witnesses speak of one stretch when their lines run this close
SAME_SHOT_S = 4.0
GAP_S = 1.5
FRAMES_SNAP_S = 0.2  # frames see four times a second
MOST_BRIDGED_S, BRIDGED_SHARE = 8.0, 0.5  # of a silence within one stretch; and of the shorter part beside it
SNAP_S = 0.75  # local points see once a second: so far an end that they found may be moved to a cut


@dataclass(frozen=True)
class Stretch:
    """One segment with what the witnesses say of it."""

    segment: Segment
    seen: FilmEvidence  # everything: is this the reference at all?
    proof: FilmEvidence  # without excluded stretches: does it prove a copy?
    shown: Shown | None = None
    laid: Laid | None = None  # how the reference lies, as whole frames say once they are straightened


def _is_settled(look_s: float, pictures: int) -> bool:
    """Say whether whole frames settle a stretch alone."""
    return look_s >= DECIDED_S and pictures >= DECIDED_PICTURES


def decided(looks: Mapping[int, list[Look]]) -> list[tuple[float, float]]:
    """Return the stretches of the query that whole frames already settle."""
    return [
        (look.segment.query_start_s, look.segment.query_end_s)
        for mine in looks.values()
        for look in mine
        if _is_settled(look.segment.score, look.pictures)
    ]


def fused(looks: Sequence[Look], shown: Sequence[Shown], changes: alignment.Seconds) -> list[Stretch]:
    """Return the stretches of one reference, what both witnesses saw told once; they begin and end at `changes` of the
    picture that are near."""
    stretches = [_looked(look, changes) for look in looks]
    for each in shown:
        segment = alignment.snapped(each.segment, changes, SNAP_S)
        for number, stretch in enumerate(stretches):
            both = _one_stretch(stretch, replace(each, segment=segment), changes)
            if both is not None:
                both = _between_others(both, stretch.segment, [other.segment for other in stretches])
                stretches[number] = Stretch(both, *_with_points(stretch.seen, stretch.proof, each), each, stretch.laid)
                break
        else:
            alone = FilmEvidence(speed=segment.speed, is_mirrored=each.best.laid.is_mirrored)
            stretches.append(Stretch(segment, *_with_points(alone, alone, each), each))
    return _bridged(_apart(stretches))


def _one_stretch(stretch: Stretch, points: Shown, changes: alignment.Seconds) -> Segment | None:
    """Return the stretch that frames and points both speak of, or None when they speak of two.

    In a slow shot points find the picture but hardly its second; then the frames' line holds, and is not stretched,
    unless only a few frames of a longer stretch look alike. Where the frames' line ends with a shot, it takes as many
    pictures to go on into the next shot as it takes to speak of a film: one picture more is a shared background.
    """
    look, shown = stretch.segment, points.segment
    both = alignment.joined(look, shown, gap_s=GAP_S, apart_s=SAME_LINE_S)
    if both is not None:
        whole = changes if points.pictures < film_score.DISTINCT_PICTURES else changes[:0]
        start, end = (
            look_s if look_s in whole else _end(look_s, both_s)
            for look_s, both_s in ((look.query_start_s, both.query_start_s), (look.query_end_s, both.query_end_s))
        )
        return alignment.between(look, start, end)
    shorter = min(look.query_end_s - look.query_start_s, shown.query_end_s - shown.query_start_s)
    is_near = alignment.joined(look, shown, gap_s=0.0, apart_s=SAME_SHOT_S) is not None
    if not is_near or alignment.overlap(look, shown) <= shorter / 2:
        return None
    return shown if stretch.seen.look_s < (shown.query_end_s - shown.query_start_s) / 4 else look


def _between_others(both: Segment, look: Segment, others: Sequence[Segment]) -> Segment:
    """Return what frames and points saw, without what points add where frames saw another stretch: one on a line of its
    own, for of one scene frames may see only pieces."""
    others = [each for each in others if alignment.joined(look, each, gap_s=math.inf, apart_s=SAME_LINE_S) is None]
    before = [each.query_end_s for each in others if each.query_end_s <= look.query_start_s + FRAMES_SNAP_S]
    after = [each.query_start_s for each in others if each.query_start_s >= look.query_end_s - FRAMES_SNAP_S]
    start_s = max([both.query_start_s, *(min(edge, look.query_start_s) for edge in before)])
    end_s = min([both.query_end_s, *(max(edge, look.query_end_s) for edge in after)])
    return alignment.between(both, start_s, end_s)


def _end(look_s: float, both_s: float) -> float:
    """Return where a stretch ends: frames say it four times as finely as points, which move it only when they go on."""
    return look_s if abs(look_s - both_s) <= SNAP_S else both_s


def _looked(look: Look, changes: alignment.Seconds) -> Stretch:
    """Return the stretch that whole frames saw."""
    seen = FilmEvidence(
        look_s=look.segment.score, look_pictures=look.pictures, look_bits=look.bits, speed=look.segment.speed,
        is_mirrored=look.is_mirrored,
    )  # fmt: skip
    proof = replace(seen, look_s=look.proof_s, look_pictures=look.proof_pictures)
    return Stretch(alignment.snapped(look.segment, changes, FRAMES_SNAP_S), seen, proof, laid=look.laid)


def _with_points(seen: FilmEvidence, proof: FilmEvidence, shown: Shown) -> tuple[FilmEvidence, FilmEvidence]:
    """Return both evidences with what local points add to them."""
    return (
        replace(seen, point_pictures=shown.pictures, points=shown.points),
        replace(proof, point_pictures=shown.proof_pictures, points=shown.points if shown.proof_pictures else 0),
    )


def _apart(stretches: list[Stretch]) -> list[Stretch]:
    """Return the surest stretches; of two on the same seconds of the query only the surer."""
    kept: list[Stretch] = []
    for each in sorted(stretches, key=lambda one: -film_score.probability(one.seen)):
        length = each.segment.query_end_s - each.segment.query_start_s
        if all(alignment.overlap(each.segment, other.segment) <= length / 2 for other in kept):
            kept.append(each)
    return kept


def _bridged(stretches: list[Stretch]) -> list[Stretch]:
    """Return the stretches, those joined that go on along one line after a silence that is short beside both: a dark or
    a spoiled moment of one copied scene, and not what lies between two shots of a montage."""
    kept: list[Stretch] = []
    for each in sorted(stretches, key=lambda one: one.segment.query_start_s):
        for number, before in enumerate(kept):
            both = _across(before.segment, each.segment)
            if both is not None:
                evidence = _both(before.seen, each.seen), _both(before.proof, each.proof)
                kept[number] = Stretch(both, *evidence, _clearer(before.shown, each.shown), before.laid or each.laid)
                break
        else:
            kept.append(each)
    return sorted(kept, key=lambda one: -film_score.probability(one.seen))


def _across(one: Segment, other: Segment) -> Segment | None:
    """Return one segment over both and the silence between them; None when they are not one."""
    shorter = min(each.query_end_s - each.query_start_s for each in (one, other))
    gap_s = min(MOST_BRIDGED_S, BRIDGED_SHARE * shorter)
    both = alignment.joined(one, other, gap_s=gap_s, apart_s=SAME_LINE_S)
    if both is None or other.speed * one.speed < 0:
        return None
    reached = alignment.joined(other, one, gap_s=gap_s, apart_s=SAME_LINE_S)
    return None if reached is None else replace(both, score=one.score + other.score)


def _both(one: FilmEvidence, other: FilmEvidence) -> FilmEvidence:
    """Return the evidence of two stretches together."""
    clearest = min((one, other), key=lambda each: each.look_bits)
    return replace(
        clearest,
        look_s=one.look_s + other.look_s,
        look_pictures=one.look_pictures + other.look_pictures,
        point_pictures=one.point_pictures + other.point_pictures,
        points=max(one.points, other.points),
    )


def _clearer(one: Shown | None, other: Shown | None) -> Shown | None:
    return max((each for each in (one, other) if each is not None), key=lambda each: each.points, default=None)
