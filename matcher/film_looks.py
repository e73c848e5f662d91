"""The first witness of a copied film: whole frames that look alike (film-pdq), aligned in time."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import CENTRE_72, CENTRE_85, FULL, MIRRORED, TRIMMED
from matcher import alignment
from matcher.indexes.film_frames import Codes, FilmFrames, Near
from matcher.interface import Segment

REFERENCE_VIEWS = (FULL, CENTRE_85, CENTRE_72, TRIMMED)
QUERY_VIEWS = (FULL, MIRRORED, TRIMMED)
LEAST_QUALITY = 50  # of 100; below it (black, flat, titles) a frame is near every other such frame
RADIUS = 90  # bits; at random two frames differ by 128 with a deviation of 8, and alignment in time removes the rest
NO_LIKENESS = 180  # bits; as evidence a frame is worth 1 - distance / NO_LIKENESS
NO_VOTE = 100  # bits; where it belongs in time, the nearest frames say more sharply than the near ones
OTHER_PICTURE = 50  # bits between two frames of one film that no longer show the same picture
CUT_BITS = 70  # bits between two frames a quarter of a second apart
MANNER = alignment.Manner(step_s=0.25)


@dataclass(frozen=True)
class Look:
    """What whole frames say of one stretch."""

    segment: Segment
    is_mirrored: bool
    bits: float  # mean distance of the frames on the line
    pictures: int  # different pictures among them; a slide shown for a minute is one
    proof_s: float  # seconds' worth of agreeing frames outside of excluded stretches
    proof_pictures: int  # different pictures among those


def cuts(vectors: Vectors) -> NDArray[np.float64]:
    """Return the seconds at which a film's picture changes from one frame to the next: inserted clips begin at one."""
    whole = vectors.positions[:, 1] == FULL
    at_s = vectors.positions[whole, 0].astype(np.float64)
    codes = vectors.codes[whole]
    changed = np.bitwise_count(codes[1:] ^ codes[:-1]).sum(axis=1) > CUT_BITS
    return np.asarray((at_s[1:][changed] + at_s[:-1][changed]) / 2)


def flat(vectors: Vectors) -> NDArray[np.float64]:
    """Return the seconds, four times a second, at which a film shows next to nothing in every view: black, one colour,
    a title on a plain card."""
    at_s, first = np.unique(vectors.positions[:, 0], return_index=True)
    if not len(at_s):
        return np.zeros(0)
    best = np.maximum.reduceat(vectors.positions[:, 2], first)  # the views of one moment stand together
    return np.asarray(at_s[best < LEAST_QUALITY], np.float64)


class Looks:
    """The whole frames of the films on a shelf."""

    def __init__(self) -> None:
        self._frames = FilmFrames()
        self._at_s: dict[int, NDArray[np.float64]] = {}
        self._codes: dict[int, Codes] = {}
        self._proves: dict[int, NDArray[np.bool_]] = {}

    def add(self, reference_id: int, vectors: Vectors, exclusions: alignment.Spans = ()) -> None:
        """Put a film's frames on the shelf; frames in `exclusions` are recognised but prove nothing."""
        keep = np.isin(vectors.positions[:, 1], REFERENCE_VIEWS) & (vectors.positions[:, 2] >= LEAST_QUALITY)
        self._frames.add(reference_id, vectors.codes[keep])
        self._codes[reference_id] = vectors.codes[keep]
        self._at_s[reference_id] = vectors.positions[keep, 0].astype(np.float64)
        self._proves[reference_id] = ~alignment.inside(self._at_s[reference_id], exclusions)

    def remove(self, reference_id: int) -> None:
        """Take a film's frames off the shelf; unknown films are no error."""
        self._frames.remove(reference_id)
        self._at_s.pop(reference_id, None)
        self._proves.pop(reference_id, None)
        self._codes.pop(reference_id, None)

    def compare(self, vectors: Vectors) -> dict[int, list[Look]]:
        """Return, by reference, the stretches that look alike; strongest first, apart on the query's axis."""
        found: dict[int, list[Look]] = {}
        for view in QUERY_VIEWS:
            asked = (vectors.positions[:, 1] == view) & (vectors.positions[:, 2] >= LEAST_QUALITY)
            at_s = vectors.positions[asked, 0].astype(np.float64)
            codes = vectors.codes[asked]
            for reference_id, near in _by_owner(self._frames.within(codes, RADIUS)).items():
                hits = alignment.Hits(at_s[near.query], self._at_s[reference_id][near.row], _votes(near))
                looks = [
                    self._look(reference_id, codes, near, segment, alignment.lies_on(segment, hits, MANNER.tolerance_s))
                    for segment in alignment.align(hits, MANNER)
                ]
                if view == MIRRORED:
                    looks = [replace(look, is_mirrored=True) for look in looks]
                found.setdefault(reference_id, []).extend(looks)
        return {reference_id: _strongest(looks) for reference_id, looks in found.items() if looks}

    def _look(self, reference_id: int, codes: Codes, near: Near, segment: Segment, on_line: NDArray[np.bool_]) -> Look:
        """Return what the pairs on one segment's line say of it; `codes` are the query's frames."""
        proof = on_line & self._proves[reference_id][near.row]
        mine = self._codes[reference_id]
        return Look(
            replace(segment, score=_worth_s(near.query[on_line], near.distance[on_line])),
            is_mirrored=False,
            bits=float(_nearest_each(near.query[on_line], near.distance[on_line]).mean()),
            pictures=min(_different(codes[near.query[on_line]]), _different(mine[near.row[on_line]])),
            proof_s=_worth_s(near.query[proof], near.distance[proof]),
            proof_pictures=min(_different(codes[near.query[proof]]), _different(mine[near.row[proof]])),
        )


def _votes(near: Near) -> NDArray[np.float64]:
    """Return what each pair says of when: in a held shot a frame is like all its neighbours and tells little."""
    crowd = np.bincount(near.query)[near.query]
    return np.asarray((1 - near.distance / NO_VOTE) / np.sqrt(crowd))


def _by_owner(near: Near) -> dict[int, Near]:
    """Return the pairs of each owner that has enough of them to align."""
    order = np.argsort(near.owner, kind="stable")
    owners, starts = np.unique(near.owner[order], return_index=True)
    groups = dict(zip(owners.tolist(), np.split(order, starts[1:]), strict=True)) if len(owners) else {}
    return {
        owner: Near(near.query[group], near.owner[group], near.row[group], near.distance[group])
        for owner, group in groups.items()
        if len(group) >= MANNER.least_hits
    }


def _worth_s(query: NDArray[np.int64], distance: NDArray[np.float64]) -> float:
    """Return how many seconds' worth of agreeing frames these pairs are."""
    return float((1 - _nearest_each(query, distance) / NO_LIKENESS).sum() * MANNER.step_s)


def _nearest_each(query: NDArray[np.int64], distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest distance of each query frame."""
    order = np.lexsort((distance, query))
    nearest: NDArray[np.float64] = distance[order][np.unique(query[order], return_index=True)[1]]
    return nearest


def _different(codes: Codes) -> int:
    """Return how many different pictures the frames show."""
    kept: Codes = codes[:0]
    for code in np.unique(codes, axis=0):
        if not len(kept) or int(np.bitwise_count(kept ^ code).sum(axis=1).min()) > OTHER_PICTURE:
            kept = np.vstack([kept, code])
    return len(kept)


def _strongest(looks: list[Look]) -> list[Look]:
    """Return the looks that the strongest segments of all views came from."""
    kept = alignment.strongest_apart([look.segment for look in looks])
    return [next(look for look in looks if look.segment is segment) for segment in kept]
