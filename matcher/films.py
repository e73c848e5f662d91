"""The films we protect, on a shelf: compare one film with all of them, in time and with reasons.

Three witnesses are heard: whole frames, local points where the frames were undecided, and sound, which never decides.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import FULL
from fingerprints.quantised import CODE_BYTES
from matcher import alignment, film_looks, film_points, film_score, film_sound, film_watch, geometry
from matcher.addresses import address, lacking, reference_of
from matcher.film_looks import SETTLED_BITS, Look, Looks, Place, strongest
from matcher.film_points import Points, Shown, Sighting, asked_moments
from matcher.film_score import FilmEvidence
from matcher.film_seen import Promise, Seen
from matcher.film_sound import Heard, Sounds
from matcher.film_stretches import Stretch, decided, fused
from matcher.film_watch import INSETS, LOOKS, POINTS, Asked
from matcher.indexes.arrays import Arrays
from matcher.indexes.durable import taken_up
from matcher.indexes.film_points import Codes, FilmPoints
from matcher.indexes.snapshots import Array, Snapshots
from matcher.interface import Altered, Comparison

CLEAR_OUTLINE = 15  # points; fewer place the corners a few pixels off
GLANCED_EVERY_S = 2.0  # of a film that was described as a reference
LEAST_SURE = 0.3  # of a single stretch; below it the stretch is not reported


class FilmShelf:
    """Every registered film, ready to be compared. Not safe for several threads at once."""

    def __init__(self, *, likely_copy: float = 0.90, worth_a_look: float = 0.50, indexes: Path | None = None) -> None:
        """Open the shelf that is kept in the folder `indexes`; without one it is in memory alone."""
        self._likely_copy = likely_copy
        self._worth_a_look = worth_a_look
        self.kept = Arrays(None if indexes is None else Snapshots(indexes / "films"))  # by number; see `addresses`
        self._points = Points(None if indexes is None else Snapshots(indexes / "film-points"))
        self._looks, self._sounds = Looks(), Sounds()
        self._numbers: dict[int, int] = {}  # of the references that stand on the shelf
        self._exclusions: dict[int, alignment.Spans] = {}

    @property
    def points(self) -> FilmPoints:
        """The index of the films' local points."""
        return self._points.index

    def add(self, reference_id: int, vectors: Mapping[str, Vectors], exclusions: alignment.Spans = ()) -> None:
        """Put a film, or a recording of sound alone, on the shelf; in place of what stood there of that reference.

        `exclusions` are (start, end) seconds that prove nothing: openings, endings, stock footage.
        """
        self.remove(reference_id)
        self.add_all({address(reference_id): (vectors, exclusions)})

    def add_all(self, described: Mapping[int, tuple[Mapping[str, Vectors], alignment.Spans]]) -> None:
        """Put films on the shelf, by number: what of them is not stored yet."""
        new = {number: kept(vectors) for number, (vectors, _) in described.items()}
        self.kept.change({number: beside for number, (beside, _) in new.items() if number not in self.kept})
        self.points.change(
            {number: codes for number, (_, codes) in new.items() if len(codes) and number not in self.points}
        )
        for number, (_, exclusions) in described.items():
            self._stand(number, exclusions)

    def remove(self, reference_id: int) -> None:
        """Take a film off the shelf; unknown films are no error."""
        if reference_id in self._numbers:
            self.kept.remove(self._numbers[reference_id])
            self.points.remove(self._numbers[reference_id])
            self._fall(reference_id)

    def keep(self, wanted: Mapping[int, alignment.Spans]) -> list[int]:
        """Have the films with these numbers on the shelf, each with its exclusions, and no others; return the numbers
        of which something is not stored, to be added."""
        numbers = np.fromiter(wanted, np.int64, len(wanted))
        is_remapped = taken_up(self.kept)
        taken_up(self.points)
        for index in (self.kept, self.points):
            index.change({}, lacking(numbers, index.owners()).tolist())
        for reference_id in [each for each, number in self._numbers.items() if number not in wanted]:
            self._fall(reference_id)
        pointless = lacking(self.points.owners(), self.kept.having(film_points.PLACES))
        missing = np.union1d(lacking(self.kept.owners(), numbers), pointless)
        for number in lacking(missing, numbers).tolist():
            reference_id, exclusions = reference_of(number), tuple(wanted[number])
            if is_remapped or self._exclusions.get(reference_id) != exclusions:
                self._stand(number, exclusions)
        return [int(number) for number in missing]

    def stand_anew(self) -> None:
        """Read everything from where it is stored now: after it was written to disk, from there."""
        for reference_id, number in list(self._numbers.items()):
            self._stand(number, self._exclusions[reference_id])

    def _stand(self, number: int, exclusions: alignment.Spans) -> None:
        """Have the witnesses look at what is stored under a number."""
        reference_id, arrays = reference_of(number), self.kept.take(number) or {}
        self._numbers[reference_id], self._exclusions[reference_id] = number, tuple(exclusions)
        if film_looks.WORDS in arrays:
            self._looks.put(reference_id, arrays, exclusions)
        if film_points.PLACES in arrays:
            self._points.put(number, arrays, exclusions)
        if film_sound.CODES in arrays:
            self._sounds.put(reference_id, arrays)

    def _fall(self, reference_id: int) -> None:
        """Have the witnesses forget a film."""
        del self._numbers[reference_id], self._exclusions[reference_id]
        for witness in (self._looks, self._points, self._sounds):
            witness.remove(reference_id)

    def __len__(self) -> int:
        return len(self._exclusions)

    def promising(self, glance: Mapping[str, Vectors], duration_s: float) -> Promise:
        """Return what a film that was seen at a glance may hold, and what of it deserves a closer watch."""
        glimpses = self._looks.glimpses(glance[LOOKS]) if LOOKS in glance else {}
        settled = [(each.start_s, each.end_s) for some in glimpses.values() for each in some if each.is_settled]
        sightings = self._points.sightings(glance[POINTS], settled) if POINTS in glance else {}
        places = self._looks.insets(glance[INSETS]) if INSETS in glance else {}
        for owner, some in sightings.items():
            places.setdefault(owner, []).extend(Place(each.at_s, each.laid, each.points) for each in some)
        asked = film_watch.wanted(glimpses, places, duration_s)
        return Promise(tuple(sorted({*glimpses, *places})), sightings, tuple(asked))

    def further(
        self,
        glance: Mapping[str, Vectors],
        promise: Promise,
        watched: Sequence[Mapping[str, Vectors]],
        *,
        duration_s: float,
    ) -> tuple[Asked, ...]:
        """Return what the closer watch shows to deserve another: what whole frames leave undecided, straightened by
        what points saw of it. Nothing, for most copies."""
        seen = Seen.of(glance, promise.of_those(self._exclusions), watched)
        looks = self._looked(seen)
        places = {}
        for owner, some in self._sighted(seen, looks).items():
            told = [*decided(looks), *_of_others(looks, owner)]
            places[owner] = [
                Place(each.at_s, each.laid, each.points) for each in some if not _is_inside(each.at_s, told)
            ]
        return tuple(film_watch.again(places, promise.asked, duration_s))

    def compare(
        self, glance: Mapping[str, Vectors], promise: Promise, watched: Sequence[Mapping[str, Vectors]] = ()
    ) -> list[Comparison]:
        """Return what the film holds of the films on the shelf, surest first; nothing below `worth_a_look`.

        `watched` is what the closer watch told of each of `promise.asked`; without it the glance has to do.
        """
        seen = Seen.of(glance, promise.of_those(self._exclusions), watched)
        stretches = self.stretches(seen)
        heard = self._sounds.compare(glance["sound-bits"]) if "sound-bits" in glance else {}
        found = []
        for reference_id in sorted({*stretches, *heard}):
            comparison = self._judged(
                reference_id, stretches.get(reference_id, []), heard.get(reference_id, []), flat=seen.flat
            )
            if comparison is not None and comparison.score >= self._worth_a_look:
                found.append(comparison)
        return sorted(found, key=lambda each: -each.score)

    def compare_registered(self, looks: Vectors) -> list[Comparison]:
        """Return what a registered film holds of the films on the shelf, itself too; `looks` are its film-pdq frames.

        It was described as closely as they were, so nothing has to be decoded: a glance at one frame in two seconds
        says which of them deserve that all frames are compared.
        """
        glanced = (looks.positions[:, 0] / GLANCED_EVERY_S).astype(int)
        chosen = np.isin(np.arange(len(glanced)), np.unique(glanced, return_index=True)[1])
        chosen &= looks.positions[:, 1] == FULL
        glance = Vectors(looks.codes[chosen], looks.positions[chosen])
        promise = Promise(tuple(sorted(self._looks.glimpses(glance))), {}, ())
        return self.compare({LOOKS: looks}, promise)

    def stretches(self, seen: Seen) -> dict[int, list[Stretch]]:
        """Return, by reference, every stretch that frames or points suggest, before any judgement; surest first."""
        looks = self._looked(seen)
        shown = self._shown(seen, looks)
        return {
            reference_id: fused(looks.get(reference_id, []), shown.get(reference_id, []), seen.cuts_of(reference_id))
            for reference_id in sorted({*looks, *shown})
        }

    def _looked(self, seen: Seen) -> dict[int, list[Look]]:
        """Return, by reference, the stretches that whole frames speak of."""
        looks = self._looks.compare(seen.looks, seen.promise.owners)
        for asked, told in seen.straightened:
            if asked.reference_id is not None and asked.laid is not None and LOOKS in told:
                more = self._looks.straightened(asked.reference_id, told[LOOKS], asked.laid)
                looks.setdefault(asked.reference_id, []).extend(more)
        return {reference_id: strongest(some) for reference_id, some in looks.items() if some}

    def _sighted(self, seen: Seen, looks: Mapping[int, list[Look]]) -> dict[int, list[Sighting]]:
        """Return, by reference, the pictures that points find, where whole frames did not settle it."""
        sightings = {owner: list(some) for owner, some in seen.promise.sightings.items()}
        for pictures in seen.points:
            for owner, some in self._points.sightings(pictures, decided(looks), seen.promise.owners).items():
                sightings.setdefault(owner, []).extend(some)
        for asked, told in seen.straightened:
            if asked.reference_id is not None and asked.laid is not None and POINTS in told:
                more = self._points.straightened(asked.reference_id, told[POINTS], asked.laid)
                sightings.setdefault(asked.reference_id, []).extend(more)
        return sightings

    def _shown(self, seen: Seen, looks: Mapping[int, list[Look]]) -> dict[int, list[Shown]]:
        """Return, by reference, the stretches that points speak of."""
        always = asked_moments([*seen.points, *seen.glanced])
        straight: dict[int | None, list[Vectors]] = {}
        for asked, told in seen.straightened:
            if POINTS in told:
                straight.setdefault(asked.reference_id, []).append(told[POINTS])
        lined = {
            owner: self._points.lined_up(owner, some, np.union1d(always, asked_moments(straight.get(owner, ()))))
            for owner, some in self._sighted(seen, looks).items()
        }
        return {owner: shown for owner, shown in lined.items() if shown}

    def _judged(
        self,
        reference_id: int,
        stretches: list[Stretch],
        heard: list[Heard],
        *,
        flat: alignment.Spans,
    ) -> Comparison | None:
        """Return the comparison with one reference, or None when no stretch is sure enough to speak of."""
        sure = [each for each in stretches if film_score.probability(each.seen) >= LEAST_SURE]
        score = max((film_score.probability(each.proof) for each in sure), default=0.0)
        named = 1.0 if heard else max((film_score.probability(each.seen) for each in sure), default=0.0)
        score = max(score, min(named, film_score.NAMED_ONLY))  # an excluded stretch, or sound, is named and no more
        nothing = alignment.parts_inside([each.segment for each in sure], self._looks.flat(reference_id))
        evidence = _summed(sure, heard, self._exclusions[reference_id], [*flat, *nothing])
        if not score:
            return None
        is_copy = score >= self._likely_copy and any(film_score.shows_a_film(each.proof) for each in sure)
        segments = [replace(each.segment, altered=_altered(each)) for each in sure]
        clear = [each.altered for each in sorted(segments, key=lambda one: -one.score) if each.altered is not None]
        return Comparison(
            reference_id=reference_id,
            score=score,
            lane="copy" if is_copy else "lead",
            reasons=film_score.reasons(evidence),
            outline=clear[0].outline if clear else (),
            segments=tuple(sorted(segments or [each.segment for each in heard], key=lambda each: each.query_start_s)),
            matched_seconds=evidence.matched_s,
        )


def _of_others(looks: Mapping[int, list[Look]], owner: int) -> alignment.Spans:
    """Return where whole frames, as they are, are those of other references: no crop of this one, whose drawings may
    recur there."""
    return [
        (look.segment.query_start_s, look.segment.query_end_s)
        for other, some in looks.items()
        if other != owner
        for look in some
        if look.bits <= SETTLED_BITS
    ]


def _is_inside(at_s: float, spans: alignment.Spans) -> bool:
    return any(start <= at_s < end for start, end in spans)


def kept(vectors: Mapping[str, Vectors]) -> tuple[dict[str, Array], Codes]:
    """Return what the shelf keeps of a film, by name, and the codes of its local points."""
    found: dict[str, Array] = {}
    codes = np.zeros((0, CODE_BYTES), np.uint8)
    if "film-pdq" in vectors:
        found |= film_looks.kept(vectors["film-pdq"])
    if "film-sift" in vectors:
        beside, codes = film_points.kept(vectors["film-sift"])
        found |= beside
    if "sound-bits" in vectors:
        found |= film_sound.kept(vectors["sound-bits"])
    return found, codes


def _altered(stretch: Stretch) -> Altered | None:
    """Return what was done to the picture of a stretch; None when nothing shows that clearly."""
    shown = stretch.shown
    laid = shown.best.laid if shown is not None and shown.points >= CLEAR_OUTLINE else stretch.laid
    if laid is None:
        return None
    matrix = np.asarray(laid.matrix)
    across = -matrix[:, 0] if laid.is_mirrored else matrix[:, 0]
    return Altered(
        outline=geometry.outline(matrix, laid.reference_size, laid.seen_size),
        window=geometry.seen_region(matrix, laid.reference_size, laid.seen_size),
        is_mirrored=laid.is_mirrored,
        turn_degrees=math.degrees(math.atan2(across[1], across[0])),
    )


def _summed(
    stretches: list[Stretch], heard: list[Heard], exclusions: alignment.Spans, flat: alignment.Spans
) -> FilmEvidence:
    """Return what the reasons speak of: all sure stretches together. `flat` are the parts of the query that show next
    to nothing, of its own or of the reference: black and plain cards are nobody's work, and no second of them counts.
    """
    segments = [each.segment for each in stretches]
    proofs = [each.proof for each in stretches]
    spans = [(each.query_start_s, each.query_end_s) for each in segments]
    excluded = alignment.parts_inside(segments, exclusions)
    left_out = alignment.union_length([*excluded, *alignment.common(spans, flat)])
    surest = max(proofs, key=film_score.probability, default=FilmEvidence())
    return replace(
        surest,
        look_s=sum(each.look_s for each in proofs),
        look_pictures=sum(each.look_pictures for each in proofs),
        point_pictures=sum(each.point_pictures for each in proofs),
        points=max((each.points for each in proofs), default=0),
        matched_s=max(0.0, alignment.matched_seconds(segments) - left_out),
        excluded_s=alignment.union_length(excluded),
        sound_s=alignment.matched_seconds([each.segment for each in heard]),
        sound_bits=float(np.mean([each.wrong for each in heard])) if heard else 0.5,
    )
