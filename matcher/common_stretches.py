"""What films of one owner have in common: openings, endings, recaps, previews, stock shots. Pure.

Episodes are cut from one master, so what they share runs at speed 1: of a line of hits only the offset is unknown, and
voting over offsets (Hough) finds it. No slope is fitted, because held shots would tilt it (measured: 1.1 for an
opening that ran at 1). Along a line that was voted for, every frame is then compared with its counterpart, which places
the ends to a quarter of a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import FULL
from matcher.film_looks import LEAST_QUALITY
from matcher.indexes.film_frames import FilmFrames

Kind = Literal["opening", "ending", "recap", "preview", "stock shot"]
KINDS: tuple[Kind, ...] = ("opening", "ending", "recap", "preview", "stock shot")

STEPS_PER_S = 4
CUT_BITS = 70  # bits between two frames a quarter of a second apart
HIT_BITS = 64  # of 256 between two frames: they vote for an offset; unrelated frames differ by 128, give or take 8
LINE_BITS = 80  # the same on a line that was voted for: credits differ by episode, and lie over the picture
STORED_EVERY = 4  # steps: one stored frame a second is met by a frame of the query on any line
LEAST_VOTES = 2  # what two seconds are sure of
MOST_LINES = 100  # tried for one pair of films; lines that come to nothing are mostly shots that are alike
MOST_OTHER = STEPS_PER_S // 2  # steps of other pictures within one stretch: a slip of the sampling, no other shot
MOST_SILENT = 3 * STEPS_PER_S  # steps of nothing to compare within one stretch: a slow fade through black
LEAST_STEPS = 2 * STEPS_PER_S  # of a stock shot
SNAP_STEPS = 2  # an edge this near to a cut, or to the film's own end, is meant to be there
LEAST_NAMED_STEPS = 8 * STEPS_PER_S - SNAP_STEPS  # of an opening, an ending, a recap, a preview; a fade hides its ends
GAP_STEPS = 3 * STEPS_PER_S  # within an opening or a recap: the title card, which every episode has of its own
EDGE = 0.2  # of a film: an opening starts in its first fifth, an ending ends in its last
ONE_FILM_TWICE = 0.7  # of the shorter film: the same episode in another edition, not two episodes

Codes = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Film:
    """A film as a row of frames, one a quarter of a second; a frame that was left out stands as the one before it."""

    reference_id: int
    number: int  # its place among the owner's films: later episodes have higher ones
    codes: Codes  # (steps, 4): the 256 bits of each frame
    tells: Flags  # (steps,): neither black nor flat

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class Side:
    """A stretch of one film, in steps; `end` is no part of it."""

    reference_id: int
    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """What two films share: the same pictures for the same time."""

    one: Side
    other: Side


@dataclass(frozen=True)
class _Votes:
    """Frames of two films that look alike; the three arrays run in parallel."""

    mine: Steps
    theirs: Steps
    likeness: NDArray[np.float64]  # 0 to 1: in a slow shot the frames around the true one look alike too, but less

    def best(self) -> int | None:
        """Return the offset from one film to the other that most speaks for; None when too little speaks for any."""
        offsets, which, counts = np.unique(self.theirs - self.mine, return_inverse=True, return_counts=True)
        worth = np.bincount(which, self.likeness) * (counts >= LEAST_VOTES)
        return int(offsets[worth.argmax()]) if worth.any() else None

    def within(self, one: Side, other: Side) -> Flags:
        """Say of each pair whether both frames lie in these stretches."""
        is_mine = (self.mine >= one.start) & (self.mine < one.end)
        return np.asarray(is_mine & (self.theirs >= other.start) & (self.theirs < other.end))


@dataclass(frozen=True)
class Stretch:
    """A stretch of a film that proves nothing, and which other films share it."""

    reference_id: int
    kind: Kind
    start_s: float
    end_s: float
    shared_with: frozenset[int]  # reference ids


def film(reference_id: int, number: int, vectors: Vectors) -> Film:
    """Return a film from its film-pdq fingerprints (positions: second, view, quality, percent of one grey)."""
    whole = vectors.positions[:, 1] == FULL
    at_s, quality = vectors.positions[whole, 0].astype(np.float64), vectors.positions[whole, 2]
    codes = np.ascontiguousarray(vectors.codes[whole]).view(np.uint64)
    if not len(at_s):
        return Film(reference_id, number, codes, np.zeros(0, bool))
    steps = np.arange(int(at_s[-1] * STEPS_PER_S + 0.5) + 1)
    # The film's own frame follows the step by up to one frame's time.
    shown = np.clip(np.searchsorted(at_s, (steps + 0.49) / STEPS_PER_S) - 1, 0, None)
    return Film(reference_id, number, codes[shown], quality[shown] >= LEAST_QUALITY)


class Films:
    """The films of one owner that are known already."""

    def __init__(self) -> None:
        self.known: dict[int, Film] = {}
        self._index = FilmFrames()
        self._steps: dict[int, Steps] = {}

    def add(self, new: Film) -> None:
        """Take up a film, in place of what stood under its reference."""
        steps = np.arange(0, len(new), STORED_EVERY)
        steps = steps[new.tells[steps]]
        self.known[new.reference_id], self._steps[new.reference_id] = new, steps
        self._index.add(new.reference_id, new.codes[steps].view(np.uint8))

    def shared(self, new: Film) -> list[Piece]:
        """Return what a film shares with each of the known ones, itself left out; nothing with one that is the same
        film in another edition."""
        asked = np.flatnonzero(new.tells)
        near = self._index.within(new.codes[asked].view(np.uint8), HIT_BITS)
        found: list[Piece] = []
        for owner in np.unique(near.owner).tolist():
            if owner != new.reference_id:
                hits = near.owner == owner
                likeness = 1 - near.distance[hits] / (HIT_BITS + 1)
                votes = _Votes(asked[near.query[hits]], self._steps[owner][near.row[hits]], likeness)
                pieces = _pieces(new, self.known[owner], votes)
                found += [] if _is_one_film_twice(new, self.known[owner], pieces) else pieces
        return found


def named(pieces: Sequence[Piece], films: Mapping[int, Film]) -> list[Stretch]:
    """Return the stretches that these pieces make up, on both sides, by film and time.

    What an episode tells again, and what it announces, is a stretch there and none where it comes from: those seconds
    do prove the episode that they were made for.
    """
    sides = [pair for piece in pieces for pair in ((piece.one, piece.other), (piece.other, piece.one))]
    by_role: dict[Kind | None, list[tuple[Side, Side]]] = {}
    for mine, other in sides:
        by_role.setdefault(_role(mine, other, films), []).append((mine, other))
    found: list[Stretch] = []
    for kind in KINDS[:-1]:  # openings first: what one shows of an episode is no recap
        outside = [pair for pair in by_role.get(kind, []) if not _is_within(pair[0], found)]
        found += _joined(kind, outside, films)
    retold = [each for each in found if each.kind in ("recap", "preview")]
    stock = [
        (mine, other)
        for mine, other in sides
        if not _is_within(mine, found) and not (_role(mine, other, films) is None and _is_within(other, retold))
    ]
    found += _joined("stock shot", stock, films)
    return sorted(found, key=lambda each: (each.reference_id, each.start_s))


def _role(mine: Side, other: Side, films: Mapping[int, Film]) -> Kind | None:
    """Return what a piece is for the first film, by where it lies in both; None where the other film has it from."""
    one, two = films[mine.reference_id], films[other.reference_id]
    is_head, other_is_head = mine.start < EDGE * len(one), other.start < EDGE * len(two)
    is_tail, other_is_tail = mine.end > (1 - EDGE) * len(one), other.end > (1 - EDGE) * len(two)
    is_later = one.number > two.number
    rules: tuple[tuple[bool, Kind | None], ...] = (
        (is_head and other_is_head, "opening"),
        (is_tail and other_is_tail, "ending"),
        (is_head and is_later, "recap"),
        (other_is_head and not is_later, None),
        (is_tail and not is_later, "preview"),
        (other_is_tail and is_later, None),
    )
    return next((role for applies, role in rules if applies), "stock shot")


def _joined(kind: Kind, pairs: Sequence[tuple[Side, Side]], films: Mapping[int, Film]) -> list[Stretch]:
    """Return what the pieces of one kind make up on the first of each two sides, if it is long enough to be that."""
    gap, least = (0, LEAST_STEPS) if kind == "stock shot" else (GAP_STEPS, LEAST_NAMED_STEPS)
    found = []
    for cluster in _clusters(pairs, gap):
        own = films[cluster[0][0].reference_id]
        start, end = cluster[0][0].start, max(mine.end for mine, _ in cluster)
        covered = np.zeros(end - start, bool)
        for mine, _ in cluster:
            covered[mine.start - start : mine.end - start] = True
        if int(covered.sum()) >= least:
            start_s, end_s = (_second(own, _snapped(own, edge)) for edge in (start, end))
            others = frozenset(other.reference_id for _, other in cluster)
            found.append(Stretch(own.reference_id, kind, start_s, end_s, others))
    return found


def _clusters(pairs: Sequence[tuple[Side, Side]], gap: int) -> Iterator[list[tuple[Side, Side]]]:
    """Yield the pieces of one film that overlap, or lie at most `gap` steps apart."""
    cluster: list[tuple[Side, Side]] = []
    reached = 0
    for mine, other in sorted(pairs, key=lambda pair: (pair[0].reference_id, pair[0].start)):
        if cluster and (cluster[0][0].reference_id != mine.reference_id or mine.start - reached > gap):
            yield cluster
            cluster = []
        reached = max(reached, mine.end) if cluster else mine.end
        cluster.append((mine, other))
    if cluster:
        yield cluster


def _is_within(side: Side, stretches: Sequence[Stretch]) -> bool:
    """Say whether more than half of it lies in stretches of its film."""
    steps = np.arange(side.start, side.end) / STEPS_PER_S
    within = np.zeros(len(steps), bool)
    for each in stretches:
        if each.reference_id == side.reference_id:
            within |= (steps >= each.start_s) & (steps < each.end_s)
    return float(within.mean()) > 0.5


def _second(own: Film, edge: int) -> float:
    """Return the second of an edge, which lies between two frames; the film's own ends are not between any."""
    if edge <= 0:
        return 0.0
    return edge / STEPS_PER_S if edge >= len(own) else (edge - 0.5) / STEPS_PER_S


def _snapped(own: Film, edge: int) -> int:
    """Return the edge at the film's own end or at its nearest cut, if there is one close by."""
    near = range(max(0, edge - SNAP_STEPS), min(len(own), edge + SNAP_STEPS) + 1)
    for end in (0, len(own)):
        if end in near:
            return end
    cuts = [step for step in near if int(np.bitwise_count(own.codes[step] ^ own.codes[step - 1]).sum()) > CUT_BITS]
    return min(cuts, key=lambda cut: abs(cut - edge), default=edge)


def _pieces(new: Film, known: Film, votes: _Votes) -> list[Piece]:
    """Return the stretches that two films share; the best supported line first."""
    found: list[Piece] = []
    for _ in range(MOST_LINES):
        offset = votes.best()
        if offset is None:
            break
        left = votes.theirs - votes.mine != offset
        for start, end in _runs(new, known, offset):
            one = Side(new.reference_id, start, end)
            other = Side(known.reference_id, start + offset, end + offset)
            found.append(Piece(one, other))
            left &= ~votes.within(one, other)  # a shot that is held is on every line through it; it has been told
        votes = _Votes(votes.mine[left], votes.theirs[left], votes.likeness[left])
    return found


def _runs(new: Film, known: Film, offset: int) -> list[tuple[int, int]]:
    """Return (first step, step after the last) of each stretch on which both films show the same, in steps of `new`."""
    first, last = max(0, -offset), min(len(new), len(known) - offset)
    steps = np.arange(first, last)
    bits = np.full(len(steps), 256, np.int64)
    for slip in (-1, 0, 1):  # two editions are sampled at moments of their own
        there = np.clip(steps + offset + slip, 0, len(known) - 1)
        bits = np.minimum(bits, np.bitwise_count(new.codes[steps] ^ known.codes[there]).sum(axis=1, dtype=np.int64))
    tells, known_tells = new.tells[steps], known.tells[steps + offset]
    is_same = (bits <= LINE_BITS) & tells & known_tells
    is_other = ~is_same & (tells | known_tells)
    same, others = np.flatnonzero(is_same), np.cumsum(is_other)
    if not len(same):
        return []
    ends = np.flatnonzero((np.diff(others[same]) > MOST_OTHER) | (np.diff(same) > MOST_SILENT)) + 1
    runs = [(first + int(run[0]), first + int(run[-1]) + 1) for run in np.split(same, ends)]
    return [(start, end) for start, end in runs if end - start >= LEAST_STEPS]


def _is_one_film_twice(one: Film, other: Film, pieces: Sequence[Piece]) -> bool:
    """Say whether two films share so much that they are one, registered twice, or one is a clip of the other."""
    shorter = min(one, other, key=len)
    shared = np.zeros(len(shorter), bool)
    for piece in pieces:
        side = piece.one if piece.one.reference_id == shorter.reference_id else piece.other
        shared[side.start : side.end] = True
    return int(shared.sum()) > ONE_FILM_TWICE * len(shorter)
