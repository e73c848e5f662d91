"""The films we protect, on a shelf: compare one film with all of them, in time and with reasons.

Three witnesses are heard: whole frames, local points where the frames were undecided, and sound, which never decides.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from matcher import alignment, film_score, geometry
from matcher.film_looks import MANNER, Look, Looks, cuts, flat
from matcher.film_points import Points, Shown
from matcher.film_score import FilmEvidence
from matcher.film_sound import Heard, Sounds
from matcher.interface import Altered, Comparison, Segment

DECIDED_S, DECIDED_PICTURES = 4.0, 3  # from here on the whole frames need no second witness
SAME_LINE_S = 1.5  # two witnesses speak of one stretch when their lines run this close
SAME_SHOT_S = 4.0
GAP_S = 3.0
SNAP_S = 0.75  # local points see once a second: so far an end that they found may be moved to a cut
CLEAR_OUTLINE = 15  # points; fewer place the corners a few pixels off
LEAST_SURE = 0.3  # of a single stretch; below it the stretch is not reported


@dataclass(frozen=True)
class Stretch:
    """One segment with what the witnesses say of it."""

    segment: Segment
    seen: FilmEvidence  # everything: is this the reference at all?
    proof: FilmEvidence  # without excluded stretches: does it prove a copy?
    shown: Shown | None = None


class FilmShelf:
    """Every registered film, ready to be compared. Not safe for several threads at once."""

    def __init__(self, *, likely_copy: float = 0.90, worth_a_look: float = 0.50) -> None:
        self._likely_copy = likely_copy
        self._worth_a_look = worth_a_look
        self._looks, self._points, self._sounds = Looks(), Points(), Sounds()
        self._exclusions: dict[int, alignment.Spans] = {}

    def add(self, reference_id: int, vectors: Mapping[str, Vectors], exclusions: alignment.Spans = ()) -> None:
        """Put a film, or a recording of sound alone, on the shelf; in place of what stood there under that number.

        `exclusions` are (start, end) seconds that prove nothing: openings, endings, stock footage.
        """
        self.remove(reference_id)
        self._exclusions[reference_id] = tuple(exclusions)
        if "film-pdq" in vectors:
            self._looks.add(reference_id, vectors["film-pdq"], exclusions)
        if "film-sift" in vectors:
            self._points.add(reference_id, vectors["film-sift"], exclusions)
        if "sound-bits" in vectors:
            self._sounds.add(reference_id, vectors["sound-bits"])

    def remove(self, reference_id: int) -> None:
        """Take a film off the shelf; unknown films are no error."""
        self._exclusions.pop(reference_id, None)
        for witness in (self._looks, self._points, self._sounds):
            witness.remove(reference_id)

    def __len__(self) -> int:
        return len(self._exclusions)

    def compare(self, vectors: Mapping[str, Vectors]) -> list[Comparison]:
        """Return what the film holds of the films on the shelf, surest first; nothing below `worth_a_look`."""
        seen = self.stretches(vectors)
        heard = self._sounds.compare(vectors["sound-bits"]) if "sound-bits" in vectors else {}
        empty = flat(vectors["film-pdq"]) if "film-pdq" in vectors else np.zeros(0)
        found = []
        for reference_id in sorted({*seen, *heard}):
            comparison = self._judged(
                reference_id, seen.get(reference_id, []), heard.get(reference_id, []), vectors=vectors, empty=empty
            )
            if comparison is not None and comparison.score >= self._worth_a_look:
                found.append(comparison)
        return sorted(found, key=lambda each: -each.score)

    def stretches(self, vectors: Mapping[str, Vectors]) -> dict[int, list[Stretch]]:
        """Return, by reference, every stretch that frames or points suggest, before any judgement; surest first."""
        looks = self._looks.compare(vectors["film-pdq"]) if "film-pdq" in vectors else {}
        shown = self._points.compare(vectors["film-sift"], _decided(looks)) if "film-sift" in vectors else {}
        changes = cuts(vectors["film-pdq"]) if "film-pdq" in vectors else np.zeros(0)
        return {
            reference_id: _fused(looks.get(reference_id, []), shown.get(reference_id, []), changes)
            for reference_id in sorted({*looks, *shown})
        }

    def _judged(
        self,
        reference_id: int,
        stretches: list[Stretch],
        heard: list[Heard],
        *,
        vectors: Mapping[str, Vectors],
        empty: NDArray[np.float64],
    ) -> Comparison | None:
        """Return the comparison with one reference, or None when no stretch is sure enough to speak of."""
        sure = [each for each in stretches if film_score.probability(each.seen) >= LEAST_SURE]
        score = max((film_score.probability(each.proof) for each in sure), default=0.0)
        named = 1.0 if heard else max((film_score.probability(each.seen) for each in sure), default=0.0)
        score = max(score, min(named, film_score.NAMED_ONLY))  # an excluded stretch, or sound, is named and no more
        evidence = _summed(sure, heard, self._exclusions[reference_id], empty)
        if not score:
            return None
        is_copy = score >= self._likely_copy and any(film_score.shows_a_film(each.proof) for each in sure)
        lying = [self._altered(reference_id, each.shown, vectors) for each in sure]
        clear = [(each.shown.points, lies) for each, lies in zip(sure, lying, strict=True) if each.shown and lies]
        segments = [replace(each.segment, altered=lies) for each, lies in zip(sure, lying, strict=True)]
        return Comparison(
            reference_id=reference_id,
            score=score,
            lane="copy" if is_copy else "lead",
            reasons=film_score.reasons(evidence),
            outline=max(clear, key=lambda each: each[0])[1].outline if clear else (),
            segments=tuple(sorted(segments or [each.segment for each in heard], key=lambda each: each.query_start_s)),
            matched_seconds=evidence.matched_s,
        )

    def _altered(self, reference_id: int, shown: Shown | None, vectors: Mapping[str, Vectors]) -> Altered | None:
        """Return what was done to the picture of a stretch; None when no picture shows that clearly."""
        if shown is None or shown.points < CLEAR_OUTLINE:
            return None
        facts, best = vectors["film-sift"].facts, shown.best
        size, ours = (facts["width"], facts["height"]), self._points.size_of(reference_id)
        matrix = geometry.unmirrored(best.matrix, size[0]) if best.is_mirrored else best.matrix
        turn = math.degrees(math.atan2(best.matrix[1, 0], best.matrix[0, 0]))
        return Altered(
            outline=geometry.outline(matrix, ours, size),
            window=geometry.seen_region(matrix, ours, size),
            is_mirrored=best.is_mirrored,
            turn_degrees=-turn if best.is_mirrored else turn,
        )


def _is_settled(look_s: float, pictures: int) -> bool:
    """Say whether whole frames settle a stretch alone."""
    return look_s >= DECIDED_S and pictures >= DECIDED_PICTURES


def _decided(looks: Mapping[int, list[Look]]) -> list[tuple[float, float]]:
    """Return the stretches of the query that whole frames already settle."""
    return [
        (look.segment.query_start_s, look.segment.query_end_s)
        for mine in looks.values()
        for look in mine
        if _is_settled(look.segment.score, look.pictures)
    ]


def _fused(looks: list[Look], shown: list[Shown], changes: NDArray[np.float64]) -> list[Stretch]:
    """Return the stretches of one reference, what both witnesses saw told once."""
    stretches = [_looked(look) for look in looks]
    for each in shown:
        segment = alignment.snapped(each.segment, changes, SNAP_S)
        for number, stretch in enumerate(stretches):
            both = _one_stretch(stretch.segment, segment)
            if both is not None and _is_settled(stretch.seen.look_s, stretch.seen.look_pictures):
                stretches[number] = replace(stretch, shown=each)  # asked only for how the copy lies
                break
            if both is not None:
                stretches[number] = Stretch(both, *_with_points(stretch.seen, stretch.proof, each), each)
                break
        else:
            alone = FilmEvidence(speed=segment.speed, is_mirrored=each.best.is_mirrored)
            stretches.append(Stretch(segment, *_with_points(alone, alone, each), each))
    return _apart(stretches)


def _one_stretch(look: Segment, shown: Segment) -> Segment | None:
    """Return the stretch that frames and points both speak of, or None when they speak of two.

    In a slow shot points find the picture but hardly its second; then the frames' line holds, and is not stretched.
    """
    both = alignment.joined(look, shown, gap_s=GAP_S, apart_s=SAME_LINE_S)
    if both is not None:
        start = _end(look.query_start_s, both.query_start_s)
        return alignment.between(look, start, _end(look.query_end_s, both.query_end_s))
    shorter = min(look.query_end_s - look.query_start_s, shown.query_end_s - shown.query_start_s)
    is_near = alignment.joined(look, shown, gap_s=0.0, apart_s=SAME_SHOT_S) is not None
    return look if is_near and alignment.overlap(look, shown) > shorter / 2 else None


def _end(look_s: float, both_s: float) -> float:
    """Return where a stretch ends: frames say it four times as finely as points, which move it only when they go on."""
    return look_s if abs(look_s - both_s) <= SNAP_S else both_s


def _looked(look: Look) -> Stretch:
    """Return the stretch that whole frames saw."""
    seen = FilmEvidence(
        look_s=look.segment.score, look_pictures=look.pictures, look_bits=look.bits, speed=look.segment.speed,
        is_mirrored=look.is_mirrored,
    )  # fmt: skip
    proof = replace(seen, look_s=look.proof_s, look_pictures=look.proof_pictures)
    return Stretch(look.segment, seen, proof)


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


def _summed(
    stretches: list[Stretch], heard: list[Heard], exclusions: alignment.Spans, empty: NDArray[np.float64]
) -> FilmEvidence:
    """Return what the reasons speak of: all sure stretches together. `empty` are the query's flat moments: black and
    plain cards are nobody's work, and no second of them is counted."""
    segments = [each.segment for each in stretches]
    proofs = [each.proof for each in stretches]
    excluded_s = alignment.seconds_inside(segments, exclusions)
    spans = [(each.query_start_s, each.query_end_s) for each in segments]
    flat_s = float(np.count_nonzero(alignment.inside(empty, spans))) * MANNER.step_s
    surest = max(proofs, key=film_score.probability, default=FilmEvidence())
    return replace(
        surest,
        look_s=sum(each.look_s for each in proofs),
        look_pictures=sum(each.look_pictures for each in proofs),
        point_pictures=sum(each.point_pictures for each in proofs),
        points=max((each.points for each in proofs), default=0),
        matched_s=max(0.0, alignment.matched_seconds(segments) - excluded_s - flat_s),
        excluded_s=excluded_s,
        sound_s=alignment.matched_seconds([each.segment for each in heard]),
        sound_bits=float(np.mean([each.wrong for each in heard])) if heard else 0.5,
    )
