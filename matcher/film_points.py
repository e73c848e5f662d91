"""The second witness of a copied film: pictures that share local points in one arrangement (film-sift, seen-sift).

It sees what whole frames cannot: strong crops, picture in picture, turned and framed copies.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Laid, Vectors
from fingerprints.keypoints import mirrored
from fingerprints.quantised import CODE_BYTES
from matcher import alignment, geometry
from matcher.addresses import reference_of, references_of
from matcher.film_pictures import Pictures
from matcher.indexes.film_points import Codes, FilmPoints
from matcher.indexes.near import Near
from matcher.indexes.snapshots import Array, Snapshots
from matcher.interface import Segment

NEIGHBOURS = 10  # stored descriptors asked for each
FAR = 330  # L2 between packed descriptors of norm 512; beyond, a neighbour is chance
CANDIDATES = 6  # reference pictures whose geometry is checked for one query picture
LEAST_VOTES = 5  # shared descriptors before geometry is worth checking
LEAST_POINTS = 8  # distinct points in one arrangement; unrelated pictures reach 4 to 6
CLEAR_POINTS = 25  # so many settle it: the mirror image need not be tried
MANY_POINTS = 40  # more points make a picture no surer
MANNER = alignment.Manner(step_s=0.5, tolerance_s=0.8, gap_s=2.0, least_hits=2)
REFERENCE_STEP_S = 1.0  # between two pictures of a reference
# Points of a picture asked of everybody on a large shelf. Measured: the 200 a reference would keep, looked for in twice
# as many lists, find more copies than all 400 did, small insets too, for a sixth less time.
MOST_IN_A_CROWD = 200
FEW = 4  # pictures of a decided stretch that are looked at all the same
BLOCK = 256  # query pictures searched at a time; bounds the memory of a long film

# A straightened frame shows the reference where the reference has it: pairs that do not lie so are chance.
STRAIGHT_PX = 16.0  # of 320; the map it was straightened by is a few pixels off
STRAIGHT_GROWTH, STRAIGHT_TURN = 1.6, 25.0  # times, degrees
STRAIGHT_POINTS = 5  # distinct points in one arrangement; so few do, as chance has hardly a pair there

# What is kept of a film beside the index, as Pictures names it; never rename, never retype.
PLACES, PICTURE, SIZE = "point_places", "point_picture", "point_size"
BEGINS_S, HELD_S = "point_begins_s", "point_held_s"


@dataclass(frozen=True)
class Sighting:
    """One query picture that shows one reference picture."""

    at_s: float  # of the query picture
    held_s: float
    reference_picture: int
    points: int
    laid: Laid


@dataclass(frozen=True)
class Shown:
    """What local points say of one stretch."""

    segment: Segment
    pictures: int  # different pictures, of the query and of the reference, that agree in it
    proof_pictures: int  # of those, the ones outside of excluded stretches
    points: int  # most points that one of them shares
    best: Sighting


def kept(vectors: Vectors) -> tuple[dict[str, Array], Codes]:
    """Return what a shelf keeps of a film's pictures, by name, and the codes for the index: without the points of
    overlays that recur all over it."""
    film = Pictures.of(vectors).without_overlays()
    beside: dict[str, Array] = {
        PLACES: film.places, PICTURE: film.picture.astype(np.int32), SIZE: np.array(film.size, np.float64),
        BEGINS_S: film.begins_s, HELD_S: film.held_s,
    }  # fmt: skip
    return beside, film.codes


class Points:
    """The pictures of the films on a shelf, by their local points."""

    def __init__(self, snapshots: Snapshots | None = None) -> None:
        """Open the index that is kept there; without a place it is in memory alone."""
        self.index = FilmPoints(snapshots)  # by number; see `addresses`
        self._numbers: dict[int, int] = {}
        self._films: dict[int, Pictures] = {}
        self._exclusions: dict[int, alignment.Spans] = {}

    def put(self, number: int, kept: Mapping[str, Array], exclusions: alignment.Spans = ()) -> None:
        """Put the pictures of a film, whose codes are in the index under this number, on the shelf, as `kept` told
        them; they are not copied. Pictures in `exclusions` are recognised but prove nothing."""
        reference_id, (width, height) = reference_of(number), kept[SIZE].tolist()
        nothing = np.zeros((0, CODE_BYTES), np.uint8)  # the index has the codes
        self._films[reference_id] = Pictures(
            kept[BEGINS_S], kept[HELD_S], kept[PICTURE], kept[PLACES], nothing, (width, height)
        )
        self._numbers[reference_id], self._exclusions[reference_id] = number, exclusions

    def remove(self, reference_id: int) -> None:
        """Take a film's pictures off the shelf; unknown films are no error."""
        for known in (self._numbers, self._films, self._exclusions):
            known.pop(reference_id, None)

    def sightings(
        self, vectors: Vectors, decided: alignment.Spans = (), owners: Collection[int] | None = None
    ) -> dict[int, list[Sighting]]:
        """Return, by reference, of `owners` or of all, what the pictures of a film show; of seconds that are `decided`
        already only a few pictures are looked at, for how the copy lies."""
        film = Pictures.of(vectors)
        if owners is None and self.index.is_crowded:
            film = film.most_telling(MOST_IN_A_CROWD)
        is_open = ~alignment.inside(film.begins_s, decided)
        asked = np.union1d(np.flatnonzero(is_open), _few_inside(film.begins_s, decided))
        found: dict[int, list[Sighting]] = {}
        clear: set[float] = set()
        for is_mirrored in (False, True):
            left = np.array([number for number in asked.tolist() if film.begins_s[number] not in clear], np.int64)
            for start in range(0, len(left), BLOCK):
                part = film.only(np.isin(film.picture, left[start : start + BLOCK])).unpacked()
                # Everybody's points are asked, for a descriptor that is nearer to a stranger's says nothing.
                near = self._nearest(mirrored(part.codes) if is_mirrored else part.codes)
                near = near if owners is None else _narrowed(near, np.isin(near.owner, list(owners)))
                for owner, sighting in self._checked(part, near, least=LEAST_POINTS, is_mirrored=is_mirrored):
                    found.setdefault(owner, []).append(sighting)
                    if sighting.points >= CLEAR_POINTS:
                        clear.add(sighting.at_s)
        return found

    def straightened(self, reference_id: int, vectors: Vectors, laid: Laid) -> list[Sighting]:
        """Return what the pictures of a film show of one reference, once straightened by how it lies in them."""
        if reference_id not in self._films or not len(vectors.codes):
            return []
        film = Pictures.of(vectors).unpacked()
        near = self._nearest(film.codes, owners=[reference_id])
        there = self._films[reference_id].places[near.row] * _growth(self._films[reference_id].size, film.size)
        here = film.places[near.query]
        off_px = np.hypot(there[:, 0] - here[:, 0], there[:, 1] - here[:, 1])
        growth = np.abs(np.log(here[:, 2] / there[:, 2])) <= np.log(STRAIGHT_GROWTH)
        turn = np.abs((here[:, 3] - there[:, 3] + 180) % 360 - 180) <= STRAIGHT_TURN
        near = _narrowed(near, (off_px <= STRAIGHT_PX) & growth & turn)
        return [
            replace(each, laid=after(laid, each.laid))
            for _, each in self._checked(film, near, least=STRAIGHT_POINTS, is_mirrored=False)
        ]

    def _nearest(self, codes: Codes, owners: Collection[int] | None = None) -> Near:
        """Return what the index says of descriptors, by reference."""
        numbers = None if owners is None else [self._numbers[owner] for owner in owners]
        near = self.index.nearest(codes, NEIGHBOURS, numbers)
        return replace(near, owner=references_of(near.owner))

    def _checked(self, part: Pictures, near: Near, *, least: int, is_mirrored: bool) -> list[tuple[int, Sighting]]:
        """Return (reference, sighting) of every candidate with `least` points in one arrangement."""
        worth, near = _worth(near)[near.distance < FAR], _narrowed(near, near.distance < FAR)
        owners, place = np.unique(near.owner, return_inverse=True)
        stored = np.zeros(len(near.row), np.int64)
        for number, one in enumerate(owners.tolist()):
            stored[place == number] = self._films[one].picture[near.row[place == number]]
        # One number for a pair of query picture and reference picture: rows of three sort ten times as slowly.
        shape = (int(part.picture.max(initial=0)) + 1, max(len(owners), 1), int(stored.max(initial=0)) + 1)
        numbers = np.ravel_multi_index((part.picture[near.query], place, stored), shape)
        pairs, which = np.unique(numbers, return_inverse=True)
        asked, whose, shown = np.unravel_index(pairs, shape)
        counts, votes = np.bincount(which).astype(np.int64), np.bincount(which, worth).astype(np.float64)
        order = np.argsort(which, kind="stable")
        groups = np.split(order, np.cumsum(counts)[:-1]) if len(pairs) else []
        found = []
        for number in _candidates(asked, counts, votes, min(least, LEAST_VOTES)):
            reference_id, group = int(owners[whose[number]]), groups[number]
            theirs = self._films[reference_id]
            there, here = theirs.places[near.row[group]], part.places[near.query[group]]
            lies = geometry.consensus(there, geometry.mirrored(here, part.size[0]) if is_mirrored else here)
            if lies is not None and lies.distinct >= least:
                matrix = geometry.unmirrored(lies.matrix, part.size[0]) if is_mirrored else lies.matrix
                picture = int(asked[number])
                at_s, held_s = float(part.begins_s[picture]), float(part.held_s[picture])
                laid = laid_by(matrix, theirs.size, part.size)
                found.append((reference_id, Sighting(at_s, held_s, int(shown[number]), lies.distinct, laid)))
        return found

    def lined_up(self, reference_id: int, seen: Sequence[Sighting], asked_s: alignment.Seconds) -> list[Shown]:
        """Return the stretches of one reference that the sightings line up to; `asked_s`: of which moments of the
        query there was a picture."""
        if reference_id not in self._films:  # a work of which hashes alone are kept
            return []
        seen = _clearest_of_each_pair(seen)
        film, found = self._films[reference_id], []
        hits, source = _hits(film, seen)
        proves = ~alignment.inside(film.begins_s, self._exclusions[reference_id])
        for segment in alignment.align(hits, MANNER, asked_s):
            on_line = np.unique(source[alignment.lies_on(segment, hits, MANNER.tolerance_s)])
            support = [seen[number] for number in on_line]
            if not support:
                continue
            best = max(support, key=lambda each: each.points)
            proof = [each for each in support if proves[each.reference_picture]]
            found.append(Shown(segment, _different(support), _different(proof), best.points, best))
        return found


def laid_by(matrix: NDArray[np.float64], reference: tuple[float, float], seen: tuple[float, float]) -> Laid:
    """Return how a reference lies, given the map between frames of these sizes."""
    (a, b, x), (c, d, y) = matrix.tolist()
    return Laid(((a, b, x), (c, d, y)), reference, seen)


def after(outer: Laid, inner: Laid) -> Laid:
    """Return how a reference lies in the frames as they were, given how it lies once `outer` straightened them."""
    whole = np.array([*inner.matrix, (0.0, 0.0, 1.0)])
    return laid_by(np.asarray(outer.matrix) @ whole, inner.reference_size, outer.seen_size)


def asked_moments(films: Collection[Vectors]) -> alignment.Seconds:
    """Return the moments of which there was a picture, every half second of those that were held."""
    moments = [np.zeros(0)]
    for vectors in films:
        film = Pictures.of(vectors)
        moments += [_held(begin, held) for begin, held in zip(film.begins_s, film.held_s, strict=True)]
    return np.unique(np.concatenate(moments))


def _held(begins_s: float, held_s: float) -> alignment.Seconds:
    """Return the moments, half a second apart, at which a picture is on screen."""
    return np.asarray(begins_s + MANNER.step_s * np.arange(max(1, round(held_s / MANNER.step_s))))


def _growth(ours: tuple[float, float], theirs: tuple[float, float]) -> NDArray[np.float32]:
    """Return what x, y, size and angle are multiplied by between frames of two sizes."""
    return np.array([theirs[0] / ours[0], theirs[1] / ours[1], theirs[0] / ours[0], 1.0], np.float32)


def _few_inside(begins_s: NDArray[np.float64], spans: alignment.Spans) -> NDArray[np.int64]:
    """Return FEW pictures of each span, evenly spread."""
    found = []
    for start, end in spans:
        within = np.flatnonzero((begins_s >= start) & (begins_s < end))
        if len(within):
            found.append(within[np.unique(np.linspace(0, len(within) - 1, FEW).round().astype(np.int64))])
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def _narrowed(near: Near, keep: NDArray[np.bool_]) -> Near:
    return Near(near.query[keep], near.owner[keep], near.row[keep], near.distance[keep])


def _worth(near: Near) -> NDArray[np.float64]:
    """Return what each neighbour's vote is worth: by how much nearer it is than the farthest of its query's (Jegou
    2011: a descriptor with many equally near neighbours says little)."""
    crowd = np.ones(int(near.query.max(initial=0)) + 1)
    np.maximum.at(crowd, near.query, near.distance)
    return np.asarray(1 - (near.distance / crowd[near.query]) ** 2)


def _different(sightings: Sequence[Sighting]) -> int:
    """Return how many different pictures agree: one still matches many like it, and many stills match one."""
    return min(len({each.at_s for each in sightings}), len({each.reference_picture for each in sightings}))


def _clearest_of_each_pair(seen: Sequence[Sighting]) -> list[Sighting]:
    """Return of each pair of moment and reference picture the sighting with the most points, held for as long as any of
    them knows: a frame may have been seen at a glance, which cannot tell how long, and watched, straightened or not."""
    best: dict[tuple[float, int], Sighting] = {}
    for each in seen:
        pair = (each.at_s, each.reference_picture)
        other = best.get(pair, each)
        clearest = max(other, each, key=lambda one: one.points)
        best[pair] = replace(clearest, held_s=max(other.held_s, each.held_s))
    return list(best.values())


def _candidates(
    asked: NDArray[np.int64], counts: NDArray[np.int64], votes: NDArray[np.float64], least: int
) -> NDArray[np.int64]:
    """Return the most voted pairs of each asked picture."""
    enough = np.flatnonzero(counts >= least)
    order = enough[np.lexsort((-votes[enough], asked[enough]))]
    if not len(order):
        return order
    starts = np.unique(asked[order], return_index=True)[1]
    rank = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    return order[rank < CANDIDATES]


def _hits(reference: Pictures, seen: Sequence[Sighting]) -> tuple[alignment.Hits, NDArray[np.int64]]:
    """Return a hit for every moment that both pictures are held, and which sighting each hit came from."""
    per_picture: Mapping[float, int] = _counted([each.at_s for each in seen])
    clearest = {each.at_s: each.points for each in sorted(seen, key=lambda one: one.points)}
    rows = []
    for number, each in enumerate(seen):
        # Drawings of one series have much in common: a picture that is much more like another one says little of when.
        likeness = each.points / clearest[each.at_s]
        sureness = likeness * (0.25 + 0.75 * min(each.points, MANY_POINTS) / MANY_POINTS)
        there_s = reference.held_s[each.reference_picture]
        there = reference.begins_s[each.reference_picture] + REFERENCE_STEP_S * np.arange(max(1, round(there_s)))
        q, r = (grid.ravel() for grid in np.meshgrid(_held(each.at_s, each.held_s), there))
        # A picture that is found in many places, or held on screen, tells little about when.
        weight = np.full(len(q), sureness / np.sqrt(per_picture[each.at_s] * len(there)))
        rows.append(np.column_stack([q, r, weight, np.full(len(q), number)]))
    table = np.concatenate(rows) if rows else np.zeros((0, 4))
    return alignment.Hits(table[:, 0], table[:, 1], table[:, 2]), table[:, 3].astype(np.int64)


def _counted(moments: Sequence[float]) -> dict[float, int]:
    counts: dict[float, int] = {}
    for each in moments:
        counts[each] = counts.get(each, 0) + 1
    return counts
