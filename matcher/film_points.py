"""The second witness of a copied film: pictures that share local points in one arrangement (film-sift).

It sees what whole frames cannot: strong crops, picture in picture, turned and framed copies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.keypoints import DESCRIPTOR_BYTES, mirrored
from fingerprints.quantised import unpacked
from matcher import alignment, geometry
from matcher.indexes.film_frames import Codes, Near
from matcher.indexes.film_points import FilmPoints
from matcher.interface import Segment

REFERENCE_POINTS = 130  # of a picture; a query brings more, for a small copy has few of them in a busy frame
COARSE_POINTS, COARSE_PX = 100, 5.0  # of those, how many are at least so large: they outlive a copy a third as large
NEIGHBOURS = 10  # stored descriptors asked for each
FAR = 330  # L2 between packed descriptors of norm 512; beyond, a neighbour is chance
CANDIDATES = 6  # reference pictures whose geometry is checked for one query picture
LEAST_VOTES = 5  # shared descriptors before geometry is worth checking
LEAST_POINTS = 8  # distinct points in one arrangement; unrelated pictures reach 4 to 6
CLEAR_POINTS = 25  # so many settle it: the mirror image need not be tried
MANY_POINTS = 40  # more points make a picture no surer
MANNER = alignment.Manner(step_s=1.0, tolerance_s=0.8, gap_s=3.5, least_hits=2)
SPARSE_S = 3.0  # a long query is first asked at this distance, and every second only where that finds something
LONG_S = 90.0
FEW = 4  # pictures of a decided stretch that are looked at all the same
BLOCK = 256  # query pictures searched at a time; bounds the memory of a long film

# A station's logo recurs all over a film: a point that looks the same at the same place in so many pictures far apart
# in time is part of an overlay, and would make every film with that logo a copy.
OVERLAY_PICTURES = 4
OVERLAY_APART_S = 15.0
OVERLAY_LIKE = 150.0  # L2
OVERLAY_CELL_PX = 8


@dataclass(frozen=True)
class Pictures:
    """A film's kept pictures and the points on them."""

    begins_s: NDArray[np.float64]
    held_s: NDArray[np.float64]
    picture: NDArray[np.int64]  # of each point, which picture it is on
    places: NDArray[np.float32]  # of each point, x, y, size and angle
    codes: Codes  # 16 bytes a point as stored; 128 unpacked
    size: tuple[float, float]  # width and height of the frame the places refer to


@dataclass(frozen=True)
class Sighting:
    """One query picture that shows one reference picture."""

    picture: int
    reference_picture: int
    points: int
    matrix: NDArray[np.float64]  # reference to query, in the query's 320-px frame
    is_mirrored: bool


@dataclass(frozen=True)
class Shown:
    """What local points say of one stretch."""

    segment: Segment
    pictures: int  # different pictures, of the query and of the reference, that agree in it
    proof_pictures: int  # of those, the ones outside of excluded stretches
    points: int  # most points that one of them shares
    best: Sighting


class Points:
    """The pictures of the films on a shelf, by their local points."""

    def __init__(self) -> None:
        self._index = FilmPoints()
        self._films: dict[int, Pictures] = {}
        self._proves: dict[int, NDArray[np.bool_]] = {}

    def add(self, reference_id: int, vectors: Vectors, exclusions: alignment.Spans = ()) -> None:
        """Put a film's pictures on the shelf, without the points of overlays that recur all over it.

        Pictures in `exclusions` are recognised but prove nothing.
        """
        film = _telling(_pictures(vectors))
        film = _only(film, ~_is_overlay(film))
        self._index.add(reference_id, film.codes)
        self._films[reference_id] = film
        self._proves[reference_id] = ~alignment.inside(film.begins_s, exclusions)

    def remove(self, reference_id: int) -> None:
        """Take a film's pictures off the shelf; unknown films are no error."""
        self._index.remove(reference_id)
        self._films.pop(reference_id, None)
        self._proves.pop(reference_id, None)

    def size_of(self, reference_id: int) -> tuple[float, float]:
        """Return width and height of the frame that a film's points refer to."""
        return self._films[reference_id].size

    def compare(self, vectors: Vectors, decided: list[tuple[float, float]]) -> dict[int, list[Shown]]:
        """Return, by reference, the stretches that show it; of seconds that are `decided` already only a few pictures
        are looked at, for how the copy lies."""
        film = _unpacked(_pictures(vectors))
        open_ = np.array([not any(a <= t < b for a, b in decided) for t in film.begins_s], bool)
        asked = np.union1d(np.flatnonzero(open_), _few_inside(film.begins_s, decided))
        if film.begins_s[asked].size and np.ptp(film.begins_s[asked]) > LONG_S:
            first = asked[np.unique(film.begins_s[asked] // SPARSE_S, return_index=True)[1]]
            if not self._sightings(film, first):
                return {}
        sightings = self._sightings(film, asked)
        found = {owner: self._aligned(owner, film, seen) for owner, seen in sightings.items()}
        return {owner: shown for owner, shown in found.items() if shown}

    def _sightings(self, film: Pictures, asked: NDArray[np.int64]) -> dict[int, list[Sighting]]:
        """Return, by reference, which of the asked pictures show it."""
        found: dict[int, list[Sighting]] = {}
        clear: set[int] = set()
        for is_mirrored in (False, True):
            left = np.array([number for number in asked.tolist() if number not in clear], np.int64)
            for start in range(0, len(left), BLOCK):
                part = _only(film, np.isin(film.picture, left[start : start + BLOCK]))
                near = self._index.nearest(mirrored(part.codes) if is_mirrored else part.codes, NEIGHBOURS)
                for owner, sighting in self._checked(part, near, is_mirrored=is_mirrored):
                    found.setdefault(owner, []).append(sighting)
                    if sighting.points >= CLEAR_POINTS:
                        clear.add(sighting.picture)
        return found

    def _checked(self, part: Pictures, near: Near, *, is_mirrored: bool) -> list[tuple[int, Sighting]]:
        """Return (reference, sighting) of every candidate whose points lie in one arrangement."""
        close = near.distance < FAR
        query, owner, row = near.query[close], near.owner[close], near.row[close]
        worth = _worth(near)[close]
        owners, place = np.unique(owner, return_inverse=True)
        stored = np.zeros(len(row), np.int64)
        for number, one in enumerate(owners.tolist()):
            stored[place == number] = self._films[one].picture[row[place == number]]
        # One number for a pair of query picture and reference picture: rows of three sort ten times as slowly.
        shape = (int(part.picture.max(initial=0)) + 1, max(len(owners), 1), int(stored.max(initial=0)) + 1)
        pairs, which = np.unique(np.ravel_multi_index((part.picture[query], place, stored), shape), return_inverse=True)
        asked, whose, shown = np.unravel_index(pairs, shape)
        counts, votes = np.bincount(which).astype(np.int64), np.bincount(which, worth).astype(np.float64)
        order = np.argsort(which, kind="stable")
        groups = np.split(order, np.cumsum(counts)[:-1]) if len(pairs) else []
        found = []
        for number in _candidates(asked, counts, votes):
            picture, reference_id, reference_picture = (
                int(asked[number]),
                int(owners[whose[number]]),
                int(shown[number]),
            )
            group = groups[number]
            there = self._films[reference_id].places[row[group]]
            here = part.places[query[group]]
            lies = geometry.consensus(there, geometry.mirrored(here, part.size[0]) if is_mirrored else here)
            if lies is not None and lies.distinct >= LEAST_POINTS:
                found.append(
                    (reference_id, Sighting(picture, reference_picture, lies.distinct, lies.matrix, is_mirrored))
                )
        return found

    def _aligned(self, reference_id: int, film: Pictures, seen: list[Sighting]) -> list[Shown]:
        """Return the stretches of one reference that the sightings line up to."""
        hits, source = _hits(film, self._films[reference_id], seen)
        found = []
        for segment in alignment.align(hits, MANNER):
            on_line = np.unique(source[alignment.lies_on(segment, hits, MANNER.tolerance_s)])
            support = [seen[number] for number in on_line]
            if not support:
                continue
            best = max(support, key=lambda each: each.points)
            proves = self._proves[reference_id]
            proof = [each for each in support if proves[each.reference_picture]]
            found.append(Shown(segment, _different(support), _different(proof), best.points, best))
        return found


def _few_inside(begins_s: NDArray[np.float64], spans: list[tuple[float, float]]) -> NDArray[np.int64]:
    """Return FEW pictures of each span, evenly spread."""
    found = []
    for start, end in spans:
        within = np.flatnonzero((begins_s >= start) & (begins_s < end))
        if len(within):
            found.append(within[np.unique(np.linspace(0, len(within) - 1, FEW).round().astype(np.int64))])
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def _worth(near: Near) -> NDArray[np.float64]:
    """Return what each neighbour's vote is worth: by how much nearer it is than the farthest of its query's (Jegou
    2011: a descriptor with many equally near neighbours says little)."""
    crowd = np.ones(int(near.query.max(initial=0)) + 1)
    np.maximum.at(crowd, near.query, near.distance)
    return np.asarray(1 - (near.distance / crowd[near.query]) ** 2)


def _different(sightings: list[Sighting]) -> int:
    """Return how many different pictures agree: one still matches many like it, and many stills match one."""
    return min(len({each.picture for each in sightings}), len({each.reference_picture for each in sightings}))


def _candidates(asked: NDArray[np.int64], counts: NDArray[np.int64], votes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the most voted pairs of each asked picture."""
    enough = np.flatnonzero(counts >= LEAST_VOTES)
    order = enough[np.lexsort((-votes[enough], asked[enough]))]
    if not len(order):
        return order
    starts = np.unique(asked[order], return_index=True)[1]
    rank = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    return order[rank < CANDIDATES]


def _hits(film: Pictures, reference: Pictures, seen: list[Sighting]) -> tuple[alignment.Hits, NDArray[np.int64]]:
    """Return a hit for every second that both pictures are held, and which sighting each hit came from."""
    per_picture: dict[int, int] = {}
    for each in seen:
        per_picture[each.picture] = per_picture.get(each.picture, 0) + 1
    rows = []
    for number, each in enumerate(seen):
        sureness = 0.25 + 0.75 * min(each.points, MANY_POINTS) / MANY_POINTS
        here = film.begins_s[each.picture] + np.arange(max(1, round(film.held_s[each.picture])))
        there_s = reference.held_s[each.reference_picture]
        there = reference.begins_s[each.reference_picture] + np.arange(max(1, round(there_s)))
        q, r = (grid.ravel() for grid in np.meshgrid(here, there))
        # A picture that is found in many places, or held on screen, tells little about when.
        weight = np.full(len(q), sureness / np.sqrt(per_picture[each.picture] * len(there)))
        rows.append(np.column_stack([q, r, weight, np.full(len(q), number)]))
    table = np.concatenate(rows) if rows else np.zeros((0, 4))
    return alignment.Hits(table[:, 0], table[:, 1], table[:, 2]), table[:, 3].astype(np.int64)


def _pictures(vectors: Vectors) -> Pictures:
    """Return the pictures of a film-sift fingerprint."""
    begins, first, picture = np.unique(vectors.positions[:, 0], return_index=True, return_inverse=True)
    return Pictures(
        begins.astype(np.float64),
        vectors.positions[first, 1].astype(np.float64),
        picture.ravel().astype(np.int64),
        vectors.positions[:, 2:6],
        vectors.codes,
        (vectors.facts.get("width", 0.0), vectors.facts.get("height", 0.0)),
    )


def _telling(film: Pictures) -> Pictures:
    """Return the film with REFERENCE_POINTS points of each picture: the strongest, and the strongest large ones."""
    coarse = film.places[:, 2] >= COARSE_PX
    first = _rank(film.picture, np.ones(len(coarse), bool)) < REFERENCE_POINTS - COARSE_POINTS
    chosen = first | (coarse & (_rank(film.picture, coarse & ~first) < COARSE_POINTS))
    return _only(film, chosen)


def _rank(picture: NDArray[np.int64], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, of each point, how many of its picture's points that are `among` come before it."""
    before: NDArray[np.int64] = np.cumsum(among) - among
    first = np.unique(picture, return_index=True)[1]
    return np.asarray(before - before[first][np.searchsorted(picture[first], picture)])


def _unpacked(film: Pictures) -> Pictures:
    """Return the film with descriptors of 128 bytes."""
    codes = film.codes if film.codes.shape[1] == DESCRIPTOR_BYTES else unpacked(film.codes)
    return Pictures(film.begins_s, film.held_s, film.picture, film.places, codes, film.size)


def _only(film: Pictures, keep: NDArray[np.bool_]) -> Pictures:
    """Return the film with only some of its points; the pictures stay as they are numbered."""
    return Pictures(film.begins_s, film.held_s, film.picture[keep], film.places[keep], film.codes[keep], film.size)


def _is_overlay(film: Pictures) -> NDArray[np.bool_]:
    """Say of each point whether it recurs, alike and in place, all over the film."""
    overlay = np.zeros(len(film.codes), bool)
    cell = np.floor(film.places[:, :2] / OVERLAY_CELL_PX).astype(np.int64) @ np.array([1, 1 << 20])
    order = np.argsort(cell, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1) if len(order) else []:
        if len(group) <= OVERLAY_PICTURES:
            continue
        codes = unpacked(film.codes[group]).astype(np.float32)
        at_s = film.begins_s[film.picture[group]]
        squared = (codes**2).sum(axis=1)
        alike = squared[:, None] + squared[None, :] - 2 * codes @ codes.T < OVERLAY_LIKE**2
        apart = np.abs(at_s[:, None] - at_s[None, :]) > OVERLAY_APART_S
        overlay[group] = (alike & apart).sum(axis=1) >= OVERLAY_PICTURES
    return overlay
