"""Straight lines through hits of two films: found by votes, fitted, and told whether they run backwards. Pure.

A line is r = speed * q + offset; it is found by voting (Hough) over a table of speeds and half-second offsets. Hits
stand in the order of the query and, within one of its frames, of the reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.silence import Asked

Seconds = NDArray[np.float64]
Line = tuple[float, float]  # speed, offset

# The speeds uploaders use, PAL's 25/24 speed-up among them; between two of them the fit finds the rest.
SPEEDS = (1.0, 0.75, 0.8, 0.85, 0.9, 0.95, 1.05, 1.06, 1.1, 1.15, 1.2, 1.25, 1.33)
BACKWARDS = tuple(-speed for speed in SPEEDS)
OTHER_SPEED_MUST_GAIN = 1.15  # held shots fit any speed, so another speed needs 15 % more votes than speed 1
BACKWARDS_MUST_GAIN = 1.5  # they fit both directions as well, and next to nobody plays a film backwards
# Short clips, each forwards but the last one first, lie on a line backwards, too. Piece by piece lines forwards then
# get 1.25 times as many votes or more; where a film is played backwards at most as many, if every shot is held.
PIECE_S, PIECES_MUST_GAIN, MOST_PIECES = 2.0, 0.85, 30
LEAST_BACKWARDS_S, LEAST_BACKWARDS_HITS, LEAST_BACKWARDS_PICTURES = 4.0, 6, 3  # fewer do not tell the direction
OFFSET_BIN_S = 0.5
FITS = 3  # rounds of least squares; the set of hits on the line is stable after that
AS_GOOD, AS_GOOD_S = 1.2, 0.02  # how much worse than the fitted line speed 1 may explain the hits
SILENCE_STEPS = 4.5  # steps without a hit, between two runs of hits on one line
OTHER_PICTURE_S = 0.6  # a frame that is not like this much of what was shown before shows another picture
LEAST_SPREAD_S = 4.0  # a shorter run of hits does not tell its speed: the table's speed is kept


@dataclass(frozen=True)
class Hits:
    """Frames of one query that look like frames of one reference; the three arrays run in parallel."""

    query_s: Seconds
    reference_s: Seconds
    weight: Seconds  # 0 to 1, what one hit is worth

    def __len__(self) -> int:
        return len(self.query_s)

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> "Hits":
        """Return the hits that `keep` names, by truth or by number."""
        return Hits(self.query_s[keep], self.reference_s[keep], self.weight[keep])


@dataclass(frozen=True)
class Manner:
    """How strictly one kind of hit is aligned."""

    step_s: float  # how far apart the frames of the query are where they are densest
    tolerance_s: float = 0.6  # how far from the line a hit may lie
    gap_s: float = 3.0  # a longer silence on the line ends the segment
    least_hits: int = 4
    least_s: float = 1.0
    most_segments: int = 6


def near(line: Line, hits: Hits, tolerance_s: float) -> NDArray[np.bool_]:
    """Say of each hit whether it lies on a line, wherever on it."""
    speed, offset = line
    return np.abs(hits.reference_s - speed * hits.query_s - offset) <= tolerance_s


def runs_on(hits: Hits, gap_s: float, asked: Asked) -> list[Hits]:
    """Return the hits in the order of the query, split where they fall silent for longer than `gap_s`."""
    silent_s = asked.silent_s(hits.query_s[:-1], hits.query_s[1:])
    splits = np.flatnonzero(silent_s > gap_s) + 1
    return [hits.only(run) for run in np.split(np.arange(len(hits)), splits)]


def during(run: Hits, every: Hits) -> Hits:
    """Return the hits, on the line of a run and beside it, in the time of the run."""
    first = int(np.searchsorted(every.query_s, run.query_s[0]))
    return every.only(np.arange(first, int(np.searchsorted(every.query_s, run.query_s[-1], "right"))))


def best_line(hits: Hits, every: Hits, manner: Manner, asked: Asked) -> Line | None:
    """Return the line with the most votes, fitted; None when no line has enough. `every`: also the hits told before."""
    if len(hits) < manner.least_hits:
        return None
    votes, forwards = _most_voted(hits, SPEEDS)
    other_votes, backwards = _most_voted(hits, BACKWARDS)
    if other_votes > BACKWARDS_MUST_GAIN * votes:
        line = _settled(hits, backwards, manner, asked)
        if line is not None and _is_backwards(line, hits, every, manner=manner, asked=asked):
            return line
    return _settled(hits, forwards, manner, asked)


def is_more_backwards(hits: Hits, speed: float) -> bool:
    """Say whether the best line of a speed has more votes than the best forwards."""
    return _most_voted(hits, (speed,))[0] > _most_voted(hits, SPEEDS)[0]


def _settled(hits: Hits, line: Line, manner: Manner, asked: Asked) -> Line | None:
    """Return a line of the table fitted to the hits, at speed 1 (or -1) when that explains them."""
    plain = 1.0 if line[0] > 0 else -1.0
    fitted = _fitted(hits, *line, manner=manner)
    if fitted is None:
        return None
    fitted = _plain_if_as_good(hits, fitted, plain, tolerance_s=manner.tolerance_s)
    return fitted if fitted[0] == plain else _plain_if_runs_are(hits, fitted, plain, manner=manner, asked=asked)


def _is_backwards(line: Line, hits: Hits, every: Hits, *, manner: Manner, asked: Asked) -> bool:
    """Say whether the heaviest run on a line shows, clearly and with several pictures, that the copy runs backwards."""
    on_line = hits.only(near(line, hits, manner.tolerance_s))
    run = max(runs_on(on_line, manner.gap_s, asked), key=lambda each: float(each.weight.sum()))
    if len(np.unique(run.query_s)) < LEAST_BACKWARDS_HITS or np.ptp(run.query_s) < LEAST_BACKWARDS_S:
        return False
    within = during(run, every)
    backwards = _most_voted(within, BACKWARDS)[0]
    return (
        backwards > BACKWARDS_MUST_GAIN * _most_voted(within, SPEEDS)[0]
        and backwards > PIECES_MUST_GAIN * _votes_piece_by_piece(within)
        and _has_several_pictures(line, run, every)
    )


def _votes_piece_by_piece(hits: Hits) -> float:
    """Return the votes of the best line at speed 1 in each piece of the query, all together."""
    start, end = hits.query_s[0], hits.query_s[-1]
    count = max(1, min(MOST_PIECES, round((end - start) / PIECE_S)))
    splits = np.searchsorted(hits.query_s, np.linspace(start, end, count + 1)[1:-1])
    pieces = [piece for piece in np.split(np.arange(len(hits)), splits) if len(piece)]
    return sum(_most_voted(hits.only(piece), SPEEDS[:1])[0] for piece in pieces)


def _has_several_pictures(line: Line, run: Hits, every: Hits) -> bool:
    """Say whether a run shows enough different pictures: a new one begins where the last one is no longer hit."""
    speed, offset = line
    frames = np.unique(run.query_s)
    for _ in range(LEAST_BACKWARDS_PICTURES - 1):
        there = speed * frames[0] + offset
        alike = every.query_s[np.abs(every.reference_s - there) <= OTHER_PICTURE_S]
        frames = frames[~np.isin(frames, alike)]
        if not len(frames):
            return False
    return True


def _most_voted(hits: Hits, speeds: Sequence[float]) -> tuple[float, Line]:
    """Return (votes, line) of the line with the most votes; the first of the speeds needs fewer than any other."""
    most, best, fullest = 0.0, speeds[0], 0
    begins = np.diff(hits.query_s, prepend=-np.inf) != 0  # of each query frame the first hit
    for speed in speeds:
        votes = _votes(_bins(hits, speed), begins, hits.weight)
        if votes.max() > most * (OTHER_SPEED_MUST_GAIN if best == speeds[0] else 1.0):
            most, best, fullest = float(votes.max()), speed, int(votes.argmax())
    bins = _bins(hits, best)
    inside = hits.only((bins >= fullest) & (bins <= fullest + 1))
    return most, (best, float(np.average(inside.reference_s - best * inside.query_s, weights=inside.weight)))


def _bins(hits: Hits, speed: float) -> NDArray[np.int64]:
    """Return which offset bin of a speed each hit lies in."""
    bins = np.floor((hits.reference_s - speed * hits.query_s) / OFFSET_BIN_S).astype(np.int64)
    return np.asarray(bins - bins.min())


def _votes(bins: NDArray[np.int64], begins: NDArray[np.bool_], weight: Seconds) -> Seconds:
    """Return the votes of each pair of neighbouring bins; a query frame votes once a bin.

    The hits stand in the order of query and reference, so whatever the speed those of one frame and bin are neighbours.
    """
    first = np.concatenate([[0], np.flatnonzero(begins[1:] | (bins[1:] != bins[:-1])) + 1])
    votes = np.bincount(bins[first], np.maximum.reduceat(weight, first)).astype(np.float64)
    return votes[:-1] + votes[1:] if len(votes) > 1 else votes


def _fitted(hits: Hits, speed: float, offset: float, *, manner: Manner) -> Line | None:
    """Return the line after a few rounds of least squares over the hits on it; None when too few are left."""
    slowest, fastest = sorted((speed * 0.88, speed * 1.12))  # over ten seconds half-second bins tell no less
    for _ in range(FITS):
        on_line = near((speed, offset), hits, manner.tolerance_s)
        if np.count_nonzero(on_line) < manner.least_hits:
            return None
        best = _best_of_each_frame(hits.only(on_line), (speed, offset))
        q, r, w = best.query_s, best.reference_s, best.weight
        middle_q, middle_r = np.average(q, weights=w), np.average(r, weights=w)
        if np.ptp(q) >= LEAST_SPREAD_S:
            spread = float(np.average((q - middle_q) ** 2, weights=w))
            slope = float(np.average((q - middle_q) * (r - middle_r), weights=w)) / spread
            speed = float(np.clip(slope, slowest, fastest))
        offset = float(middle_r - speed * middle_q)
    return (speed, offset) if near((speed, offset), hits, manner.tolerance_s).any() else None


def _best_of_each_frame(hits: Hits, line: Line) -> Hits:
    """Return the heaviest hit of each query frame; of equals the one nearest to the line.

    In a held shot every neighbour is a hit as well, and their mean would pull the line to the middle of the shot.
    """
    speed, offset = line
    away = np.abs(hits.reference_s - speed * hits.query_s - offset)
    begins = np.flatnonzero(np.diff(hits.query_s, prepend=-np.inf))  # the hits stand in the order of the query
    frame = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(hits)))
    away[hits.weight < np.maximum.reduceat(hits.weight, begins)[frame]] = np.inf
    nearest = np.flatnonzero(away == np.minimum.reduceat(away, begins)[frame])
    return hits.only(nearest[np.flatnonzero(np.diff(frame[nearest], prepend=-1))])


def _plain_if_as_good(hits: Hits, line: Line, plain: float, *, tolerance_s: float) -> Line:
    """Return the line at the plain speed, 1 or -1, when it explains the hits about as closely as the fitted one: most
    copies run at that."""
    speed, offset = line
    best = _best_of_each_frame(hits.only(near(line, hits, tolerance_s)), line)
    q, r, w = best.query_s, best.reference_s, best.weight
    at_plain = float(np.average(r - plain * q, weights=w))
    fitted_error, plain_error = (
        float(np.sqrt(np.average(error**2, weights=w))) for error in (r - speed * q - offset, r - plain * q - at_plain)
    )
    return (plain, at_plain) if plain_error <= AS_GOOD * fitted_error + AS_GOOD_S else line


def _plain_if_runs_are(hits: Hits, line: Line, plain: float, *, manner: Manner, asked: Asked) -> Line:
    """Return the line of the heaviest run alone when that runs at the plain speed: two shots of a montage, each at
    speed 1, also lie on one line of another speed, with silence between them."""
    runs = runs_on(hits.only(near(line, hits, manner.tolerance_s)), SILENCE_STEPS * manner.step_s, asked)
    if len(runs) == 1:
        return line
    heaviest = max(runs, key=lambda run: float(run.weight.sum()))
    at_plain = float(np.average(heaviest.reference_s - plain * heaviest.query_s, weights=heaviest.weight))
    within = (hits.query_s >= heaviest.query_s.min()) & (hits.query_s <= heaviest.query_s.max())
    around = hits.only(within & near((plain, at_plain), hits, manner.tolerance_s))
    alone = _fitted(around, plain, at_plain, manner=manner) if len(around) >= manner.least_hits else None
    if alone is None:
        return line
    alone = _plain_if_as_good(around, alone, plain, tolerance_s=manner.tolerance_s)
    return alone if alone[0] == plain else line
