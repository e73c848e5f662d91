"""The third witness of a copied film: the same recording is heard (sound-bits). It never decides alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from matcher.alignment import strongest_apart
from matcher.indexes.snapshots import Array
from matcher.interface import Segment

HOP_S = 512 / 11025  # between two rows of sound-bits
WINDOW_S = 5.0  # the shortest stretch that is judged
MOST_WRONG = 0.28  # share of bits over 5 s; a noisy copy of twelve recordings stayed below, unrelated ones above .43
LEAST_WINDOWS = 2  # on one offset
BINS_PER_S = 8  # offsets are counted in eighths of a second
COMMON = 50  # a code heard more often than this in one reference is hum or noise
MOST_OFFSETS = 3  # offsets of one reference that are checked
LEAST_VOTES = 4
MOST_ASKED = 6000  # rows of a query that are looked up: five minutes of sound; of a longer one, evenly spread
CODES, AT_S, ORDER = "sound_codes", "sound_at_s", "sound_order"  # what is kept of a film; never rename, never retype
FLIPS = np.concatenate([[0], 1 << np.arange(32)]).astype(np.uint32)  # the code itself, and each with one bit wrong


@dataclass(frozen=True)
class Track:
    """The sound of one film: its codes by time, and sorted for looking up."""

    codes: NDArray[np.uint32]
    at_s: NDArray[np.float64]
    order: NDArray[np.int64] | NDArray[np.int32]

    @classmethod
    def of(cls, vectors: Vectors) -> "Track":
        """Return the track of a sound-bits fingerprint."""
        codes = np.ascontiguousarray(vectors.codes).view(">u4").ravel().astype(np.uint32)
        return cls(codes, vectors.positions[:, 0].astype(np.float64), np.argsort(codes, kind="stable"))

    @classmethod
    def shelved(cls, kept: Mapping[str, Array]) -> "Track":
        """Return the track of what a shelf keeps of a film."""
        return cls(kept[CODES], kept[AT_S].astype(np.float64), kept[ORDER])


def kept(vectors: Vectors) -> dict[str, Array]:
    """Return what a shelf keeps of a film's sound, by name."""
    track = Track.of(vectors)
    return {CODES: track.codes, AT_S: track.at_s.astype(np.float32), ORDER: track.order.astype(np.int32)}


@dataclass(frozen=True)
class Heard:
    """What the sound says of one stretch."""

    segment: Segment
    wrong: float  # share of bits that differ


class Sounds:
    """The sound of the films and recordings on a shelf."""

    def __init__(self) -> None:
        self._kept: dict[int, Mapping[str, Array]] = {}

    def put(self, reference_id: int, kept: Mapping[str, Array]) -> None:
        """Put a film's sound on the shelf, as `kept` told it; it is not copied."""
        self._kept[reference_id] = kept

    def remove(self, reference_id: int) -> None:
        """Take a film's sound off the shelf; unknown films are no error."""
        self._kept.pop(reference_id, None)

    def compare(self, vectors: Vectors) -> dict[int, list[Heard]]:
        """Return, by reference, the stretches that sound alike, clearest first."""
        query = Track.of(vectors)
        found = {reference_id: _heard(query, Track.shelved(kept)) for reference_id, kept in self._kept.items()}
        return {reference_id: heard for reference_id, heard in found.items() if heard}


def _heard(query: Track, reference: Track) -> list[Heard]:
    """Return the stretches of one reference that are heard in the query."""
    stretches = []
    for offset_s in _likely_offsets(query, reference):
        wrong, at_s = _errors(query, reference, offset_s)
        stretches += _runs(wrong, at_s, offset_s)
    kept = strongest_apart([each.segment for each in stretches])  # music repeats itself: the clearest offset is meant
    return [next(each for each in stretches if each.segment is segment) for segment in kept]


def _likely_offsets(query: Track, reference: Track) -> list[float]:
    """Return the offsets (reference minus query, seconds) that most equal or nearly equal codes agree on."""
    if not len(query.codes) or not len(reference.codes):
        return []
    sorted_codes = reference.codes[reference.order]
    step = 1 + len(query.codes) // MOST_ASKED
    asked = (query.codes[::step, None] ^ FLIPS[None, :]).ravel()
    first, last = np.searchsorted(sorted_codes, asked, "left"), np.searchsorted(sorted_codes, asked, "right")
    counts = np.where(last - first <= COMMON, last - first, 0)
    which = np.repeat(np.arange(len(asked)), counts)
    place = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    offsets = reference.at_s[reference.order[place]] - query.at_s[::step][which // len(FLIPS)]
    bins, votes = np.unique(np.rint(offsets * BINS_PER_S).astype(np.int64), return_counts=True)
    best = np.argsort(-votes, kind="stable")[:MOST_OFFSETS]
    return [float(bins[number]) / BINS_PER_S for number in best if votes[number] >= LEAST_VOTES]


def _errors(query: Track, reference: Track, offset_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (share of wrong bits, query second) of every query row that has a reference row near `offset_s`."""
    best: tuple[NDArray[np.float64], NDArray[np.float64]] = (np.zeros(0), np.zeros(0))
    lowest = 1.0
    for shift in range(-3, 4):
        wanted = query.at_s + offset_s + shift * HOP_S / 2
        place, there = nearest_rows(reference.at_s, wanted)
        if not there.any():
            continue
        wrong = np.bitwise_count(query.codes[there] ^ reference.codes[place[there]]) / 32
        # The best tenth of the rows, for the copied stretch may be short.
        level = float(np.sort(wrong)[: max(1, len(wrong) // 10)].mean())
        if level < lowest:
            lowest, best = level, (wrong.astype(np.float64), query.at_s[there])
    return best


def nearest_rows(
    at_s: NDArray[np.float64], wanted_s: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return which row (of at least two, in order of time) is nearest to each wanted second, and whether it is within
    a hop of it."""
    place = np.clip(np.searchsorted(at_s, wanted_s), 1, len(at_s) - 1)
    place = place - ((wanted_s - at_s[place - 1]) < (at_s[place] - wanted_s))
    return place, np.abs(at_s[place] - wanted_s) <= HOP_S


def _runs(wrong: NDArray[np.float64], at_s: NDArray[np.float64], offset_s: float) -> list[Heard]:
    """Return the stretches whose windows of WINDOW_S all stay below MOST_WRONG."""
    rows = round(WINDOW_S / HOP_S)
    if len(wrong) < rows + (LEAST_WINDOWS - 1) * rows // 2:
        return []
    mean = np.convolve(wrong, np.full(rows, 1 / rows), "valid")
    good = mean <= MOST_WRONG
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start < (LEAST_WINDOWS - 1) * rows // 2:  # two half-overlapping windows
            continue
        begins, ends = float(at_s[start]), float(at_s[end - 2 + rows])
        share = float(wrong[start : end - 1 + rows].mean())
        segment = Segment(begins, ends, begins + offset_s, ends + offset_s, 1.0, (ends - begins) * (1 - 2 * share))
        found.append(Heard(segment, share))
    return found
