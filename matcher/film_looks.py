"""The first witness of a copied film: whole frames that look alike (film-pdq), aligned in time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Laid, Vectors
from fingerprints.kinds import seen_insets
from fingerprints.kinds.film_pdq import CENTRE_72, CENTRE_85, FULL, MIRRORED, TRIMMED
from matcher import alignment
from matcher.film_dim import Dim, carried_on
from matcher.indexes import hamming
from matcher.indexes.film_frames import FilmFrames
from matcher.indexes.hamming import Codes
from matcher.indexes.near import Near
from matcher.indexes.snapshots import Array
from matcher.interface import Segment

REFERENCE_VIEWS = (FULL, CENTRE_85, CENTRE_72, TRIMMED)
QUERY_VIEWS = (FULL, MIRRORED, TRIMMED)
LEAST_QUALITY = 50  # of 100; below it (black, flat, titles) a frame is near every other such frame
PLAIN_PERCENT = 94  # of a frame, of one grey; more is black, one colour or a card with a line of type
RADIUS = 90  # bits; at random two frames differ by 128 with a deviation of 8, and alignment in time removes the rest
NO_LIKENESS = 180  # bits; as evidence a frame is worth 1 - distance / NO_LIKENESS
NO_VOTE = 100  # bits; where it belongs in time, the nearest frames say more sharply than the near ones
OTHER_PICTURE = 50  # bits between two frames of one film that no longer show the same picture
MANNER = alignment.Manner(step_s=0.25, gap_s=1.5)
MOST_STANDS_S = 6.0  # of film that one key frame stands for
GLANCE = alignment.Manner(step_s=0.25, gap_s=12.0, least_hits=2, least_s=0.0)
LINE_PICTURES, LINE_BITS = 2, 80.0  # of key frames on one line: plain ground under a sky is near many another
ALONE_BITS = 64  # of one frame that needs no second: nearer than any two unrelated pictures that were met
INSET_MIRRORED = seen_insets.MIRRORED
INSET_WORTH = 40.0  # local points that an equal hash is worth
STRAIGHT_SIZE = (320.0, 180.0)  # pixels of the frame that an inset is straightened to
DIM_CODES, DIM_AT_S = "look_dim_codes", "look_dim_at_s"
WORDS, AT_S, FLAT = "look_words", "look_at_s", "look_flat"  # what is kept of a film; never rename, never retype
SETTLED_PICTURES, SETTLED_BITS = 4, 60.0  # key frames on one line; nobody has to look between them


@dataclass(frozen=True)
class Look:
    """What whole frames say of one stretch."""

    segment: Segment
    is_mirrored: bool
    bits: float  # mean distance of the frames on the line
    pictures: int  # different pictures among them; a slide shown for a minute is one
    proof_s: float  # seconds' worth of agreeing frames outside of excluded stretches
    proof_pictures: int  # different pictures among those
    laid: Laid | None = None  # how the reference lies in the frames, where they were straightened


@dataclass(frozen=True)
class Glimpse:
    """A stretch of a film that may show a reference."""

    start_s: float
    end_s: float
    is_settled: bool = False  # its key frames leave no doubt


@dataclass(frozen=True)
class Place:
    """A moment of a film that may show a reference, and how the reference would lie in its frame."""

    at_s: float
    laid: Laid
    weight: float  # local points that agree, or as many as a hash is worth


def qualities(vectors: Vectors) -> tuple[alignment.Seconds, NDArray[np.float32]]:
    """Return (second, quality of the best view) of every moment that a film was seen at."""
    at_s, first = np.unique(vectors.positions[:, 0].astype(np.float64), return_index=True)
    best = np.maximum.reduceat(vectors.positions[:, 2], first) if len(at_s) else np.zeros(0, np.float32)
    return at_s, best  # the views of one moment stand together


def flat_spans(vectors: Vectors) -> alignment.Spans:
    """Return when a film shows next to nothing: black, one colour, a title on a plain card."""
    at_s, first = np.unique(vectors.positions[:, 0].astype(np.float64), return_index=True)
    if not len(at_s):
        return []
    steps = np.minimum(np.diff(at_s), MOST_STANDS_S)
    starts_s = at_s - np.insert(steps, 0, MANNER.step_s) / 2  # each moment stands for half of the way to its neighbours
    ends_s = at_s + np.append(steps, MANNER.step_s) / 2
    is_flat = vectors.positions[first, 3] >= PLAIN_PERCENT
    return list(zip(starts_s[is_flat].tolist(), ends_s[is_flat].tolist(), strict=True))


def kept(vectors: Vectors) -> dict[str, Array]:
    """Return what a shelf keeps of a film's whole frames, by name: the hashes laid out, their seconds, and when it
    shows next to nothing."""
    is_ours = np.isin(vectors.positions[:, 1], REFERENCE_VIEWS)
    keep, dim = is_ours & (vectors.positions[:, 2] >= LEAST_QUALITY), is_ours & _is_dim(vectors)
    return {
        DIM_CODES: vectors.codes[dim],
        DIM_AT_S: vectors.positions[dim, 0],
        WORDS: hamming.laid_out(vectors.codes[keep]),
        AT_S: vectors.positions[keep, 0],
        FLAT: np.array(flat_spans(vectors), np.float64).reshape(-1, 2),
    }


def _is_dim(vectors: Vectors) -> NDArray[np.bool_]:
    """Say of each frame whether it shows something, too dimly to be looked for."""
    return (vectors.positions[:, 2] < LEAST_QUALITY) & (vectors.positions[:, 3] < PLAIN_PERCENT)


def _every(vectors: Vectors, view: int) -> Dim:
    """Return the frames of a film that was seen, by one view: what is written over a dim one makes it no dim one."""
    chosen = vectors.positions[:, 1] == view
    return Dim(vectors.positions[chosen, 0].astype(np.float64), vectors.codes[chosen])


class Looks:
    """The whole frames of the films on a shelf."""

    def __init__(self) -> None:
        self._frames = FilmFrames()
        self._kept: dict[int, Mapping[str, Array]] = {}
        self._exclusions: dict[int, alignment.Spans] = {}

    def put(self, reference_id: int, kept: Mapping[str, Array], exclusions: alignment.Spans = ()) -> None:
        """Put a film's frames on the shelf, as `kept` told them; they are not copied. Frames in `exclusions` are
        recognised but prove nothing."""
        self._frames.put(reference_id, kept[WORDS])
        self._kept[reference_id], self._exclusions[reference_id] = kept, exclusions

    def remove(self, reference_id: int) -> None:
        """Take a film's frames off the shelf; unknown films are no error."""
        self._frames.remove(reference_id)
        self._kept.pop(reference_id, None)
        self._exclusions.pop(reference_id, None)

    def flat(self, reference_id: int) -> alignment.Spans:
        """Return when a film on the shelf shows next to nothing."""
        spans = self._kept[reference_id][FLAT].tolist() if reference_id in self._kept else []
        return [(start_s, end_s) for start_s, end_s in spans]

    def glimpses(self, vectors: Vectors) -> dict[int, list[Glimpse]]:
        """Return, by reference, the stretches that a film seen at a glance may show: two frames that agree on when, or
        one frame that can hardly be chance."""
        found: dict[int, list[Glimpse]] = {}
        radius = min(RADIUS, self._frames.chance_bits())
        for view in QUERY_VIEWS:
            at_s, codes = _asked(vectors, view)
            for reference_id, near in _by_owner(self._frames.within(codes, radius), 1).items():
                for look in self._lined_up(reference_id, at_s, codes, near, GLANCE):
                    if look.pictures < LINE_PICTURES or look.bits > LINE_BITS:
                        continue
                    settled = look.pictures >= SETTLED_PICTURES and look.bits <= SETTLED_BITS
                    start_s, end_s = look.segment.query_start_s, look.segment.query_end_s
                    found.setdefault(reference_id, []).append(Glimpse(start_s, end_s, is_settled=settled))
                for alone in at_s[np.unique(near.query[near.distance <= ALONE_BITS])].tolist():
                    found.setdefault(reference_id, []).append(Glimpse(alone, alone))
        return found

    def insets(self, vectors: Vectors) -> dict[int, list[Place]]:
        """Return, by reference, where a smaller picture inside the frames of a glance looks like it."""
        near = self._frames.within(vectors.codes, ALONE_BITS)
        found: dict[int, list[Place]] = {}
        for row, owner, bits in zip(near.query.tolist(), near.owner.tolist(), near.distance.tolist(), strict=True):
            at_s, view, _, *sides = vectors.positions[row].tolist()
            laid = _laid_inside(*sides, is_mirrored=view == INSET_MIRRORED)
            found.setdefault(owner, []).append(Place(at_s, laid, INSET_WORTH * (1 - bits / NO_VOTE)))
        return found

    def compare(self, vectors: Vectors, owners: Collection[int]) -> dict[int, list[Look]]:
        """Return, by reference of `owners`, the stretches that look alike; strongest first."""
        found: dict[int, list[Look]] = {}
        for view in QUERY_VIEWS:
            at_s, codes = _asked(vectors, view)
            for reference_id, near in _by_owner(self._frames.within(codes, RADIUS, owners), MANNER.least_hits).items():
                looks = self._carried_on(
                    reference_id, self._lined_up(reference_id, at_s, codes, near), _every(vectors, view)
                )
                if view == MIRRORED:
                    looks = [replace(look, is_mirrored=True) for look in looks]
                found.setdefault(reference_id, []).extend(looks)
        return found

    def straightened(self, reference_id: int, vectors: Vectors, laid: Laid) -> list[Look]:
        """Return the stretches of one reference that look alike once the film's frames are straightened by how it lies
        in them."""
        at_s, codes = _asked(vectors, FULL)
        near = self._frames.within(codes, RADIUS, [reference_id])
        if len(near.query) < MANNER.least_hits:
            return []
        looks = self._carried_on(reference_id, self._lined_up(reference_id, at_s, codes, near), _every(vectors, FULL))
        return [replace(look, laid=laid, is_mirrored=laid.is_mirrored) for look in looks]

    def _carried_on(self, reference_id: int, looks: Sequence[Look], dim: Dim) -> list[Look]:
        """Return the looks, with the dim seconds beside them that agree."""
        kept = self._kept[reference_id]
        theirs = Dim(kept[DIM_AT_S].astype(np.float64), kept[DIM_CODES])
        return [replace(look, segment=carried_on(look.segment, dim, theirs)) for look in looks]

    def _lined_up(
        self, reference_id: int, at_s: alignment.Seconds, codes: Codes, near: Near, manner: alignment.Manner = MANNER
    ) -> list[Look]:
        """Return the stretches that the pairs of one reference line up to; `codes` are the film's frames at `at_s`."""
        theirs_s = self._kept[reference_id][AT_S][near.row].astype(np.float64)
        hits = alignment.Hits(at_s[near.query], theirs_s, _votes(near))
        proves = ~alignment.inside(theirs_s, self._exclusions[reference_id])
        ours = self._frames.codes_of(reference_id)
        found = []
        for segment in alignment.align(hits, manner, at_s):
            on_line = alignment.lies_on(segment, hits, manner.tolerance_s)
            proof = on_line & proves
            query, bits = near.query[on_line], near.distance[on_line]
            look = Look(
                replace(segment, score=_worth_s(query, bits)),
                is_mirrored=False,
                bits=float(_nearest_each(query, bits).mean()),
                pictures=min(_different(codes[query]), _different(ours[near.row[on_line]])),
                proof_s=_worth_s(near.query[proof], near.distance[proof]),
                proof_pictures=min(_different(codes[near.query[proof]]), _different(ours[near.row[proof]])),
            )
            found.append(look)
        return found


def _votes(near: Near) -> NDArray[np.float64]:
    """Return what each pair says of when: in a held shot a frame is like all its neighbours and tells little."""
    crowd = np.bincount(near.query)[near.query]
    return np.asarray((1 - near.distance / NO_VOTE) / np.sqrt(crowd))


def _laid_inside(left: float, top: float, right: float, bottom: float, *, is_mirrored: bool) -> Laid:
    """Return how a reference lies that fills a rectangle, its sides as fractions of the frame."""
    first, last = (right, left) if is_mirrored else (left, right)
    width, height = STRAIGHT_SIZE
    return Laid((((last - first) / width, 0.0, first), (0.0, (bottom - top) / height, top)), STRAIGHT_SIZE, (1.0, 1.0))


def _asked(vectors: Vectors, view: int) -> tuple[alignment.Seconds, Codes]:
    """Return (second, hash) of every frame of a view that shows something."""
    asked = (vectors.positions[:, 1] == view) & (vectors.positions[:, 2] >= LEAST_QUALITY)
    return vectors.positions[asked, 0].astype(np.float64), vectors.codes[asked]


def _by_owner(near: Near, least: int) -> dict[int, Near]:
    """Return the pairs of each owner that has at least so many."""
    order = np.argsort(near.owner, kind="stable")
    owners, starts = np.unique(near.owner[order], return_index=True)
    groups = dict(zip(owners.tolist(), np.split(order, starts[1:]), strict=True)) if len(owners) else {}
    return {
        owner: Near(near.query[group], near.owner[group], near.row[group], near.distance[group])
        for owner, group in groups.items()
        if len(group) >= least
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


def strongest(looks: Sequence[Look]) -> list[Look]:
    """Return the looks that the strongest segments of all views came from, strongest first, apart on the query's
    axis."""
    kept = alignment.strongest_apart([look.segment for look in looks])
    return [next(look for look in looks if look.segment is segment) for segment in kept]
