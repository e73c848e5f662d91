"""The peers of the film measure, as kinds of the decoding child, and how they find segments.

Neither vPDQ nor a perceptual hash has an alignment in time of its own. Both get the same simple one here: runs of query
frames that have a near reference frame; the video recall is the column that is theirs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from fingerprints.borders import shrunk
from fingerprints.interface import (
    QUALITY,
    SECOND,
    Column,
    FilmKind,
    FilmPass,
    Frame,
    PictureKind,
    SoundKind,
    Table,
    Tier,
    Vectors,
)
from matcher.interface import Segment

GAP_S = 2.5
LEAST_QUALITY = 50
FLAT = 12.0  # grey levels of deviation
FLAT_LEVELS, FLAT_SHARE = 8, 0.94  # a frame nearly all of which is of one grey: black, flat, or a line of type on it


class VpdqLike:
    """PDQ of whole frames at 1 fps, as ThreatExchange's vPDQ does."""

    name = "peer-vpdq"
    version = 1
    may_travel = False
    table = Table(32, (SECOND, QUALITY))
    glance_s = 0.0  # a peer is put nothing but whole films
    tier: Tier = "hashes"
    frames_per_second = 1.0
    radius = 31  # bits; ThreatExchange's own

    def begin(self) -> FilmPass:
        return _Hashes(_pdq)


class PhashFilm:
    """imagehash's 64-bit perceptual hash at 1 fps."""

    name = "peer-phash"
    version = 1
    may_travel = False
    table = Table(8, (SECOND, QUALITY))
    glance_s = 0.0  # a peer is put nothing but whole films
    tier: Tier = "hashes"
    frames_per_second = 1.0
    radius = 8  # bits; usual for 64

    def begin(self) -> FilmPass:
        return _Hashes(_phash)


def _pdq(frame: Frame) -> tuple[NDArray[np.uint8], float]:
    bits, quality = pdqhash.compute(np.ascontiguousarray(shrunk(frame.pixels, 512)))
    return np.packbits(np.asarray(bits, np.uint8)), float(quality)


def _phash(frame: Frame) -> tuple[NDArray[np.uint8], float]:
    drawn = 100.0 if frame.pixels.std() > FLAT else 0.0  # without this, black frames decide everything
    return np.packbits(imagehash.phash(Image.fromarray(frame.pixels)).hash.ravel()), drawn


class _Hashes:
    def __init__(self, hashed: Callable[[Frame], tuple[NDArray[np.uint8], float]]) -> None:
        self._hashed = hashed
        self._rows: list[tuple[NDArray[np.uint8], float, float]] = []

    def see(self, frame: Frame) -> None:
        code, quality = self._hashed(frame)
        self._rows.append((code, frame.at_s, quality))

    def finish(self) -> Vectors:
        positions = np.array([(at_s, quality) for _, at_s, quality in self._rows], np.float32).reshape(-1, 2)
        return Vectors(np.array([code for code, _, _ in self._rows], np.uint8), positions)


PEERS = (VpdqLike(), PhashFilm())


class FlatFrames:
    """Which frames are black, of one colour or a title card; measured here, whatever the matcher thinks of them.

    Positions: second; share of the frame within FLAT_LEVELS of its middle grey. No codes worth the name.
    """

    name = "measure-flat"
    version = 1
    may_travel = False
    table = Table(1, (SECOND, Column("share", 0, 1)))
    glance_s = 0.0  # a peer is put nothing but whole films
    tier: Tier = "hashes"
    frames_per_second = 4.0

    def begin(self) -> FilmPass:
        return _Flatness()


class _Flatness:
    def __init__(self) -> None:
        self._rows: list[tuple[float, float]] = []

    def see(self, frame: Frame) -> None:
        grey = frame.luminance.astype(np.int16)
        self._rows.append((frame.at_s, float((np.abs(grey - np.median(grey)) <= FLAT_LEVELS).mean())))

    def finish(self) -> Vectors:
        return Vectors(np.zeros((len(self._rows), 1), np.uint8), np.array(self._rows, np.float32).reshape(-1, 2))


def flat_spans(vectors: Vectors) -> list[tuple[float, float]]:
    """Return the stretches of a film that are black, of one colour or a title card, to a quarter of a second."""
    step_s = 1 / FlatFrames.frames_per_second
    return [(float(at_s), float(at_s) + step_s) for at_s, share in vectors.positions if share >= FLAT_SHARE]


@dataclass(frozen=True)
class Found:
    """What a peer says of one reference."""

    reference: str
    score: float  # matched seconds
    segments: tuple[Segment, ...]


def compare(vectors: Vectors, references: Mapping[str, Vectors], radius: int) -> list[Found]:
    """Return the runs of near frames in each reference."""
    found = []
    good = vectors.positions[:, 1] >= LEAST_QUALITY
    for name, reference in references.items():
        usable = reference.positions[:, 1] >= LEAST_QUALITY
        if not good.any() or not usable.any():
            continue
        bits = np.bitwise_count(vectors.codes[good][:, None] ^ reference.codes[usable][None]).sum(axis=2)
        best = bits.argmin(axis=1)
        near = bits[np.arange(len(bits)), best] <= radius
        query_s = vectors.positions[good, 0][near].astype(float)
        reference_s = reference.positions[usable, 0][best[near]].astype(float)
        runs = np.split(np.arange(len(query_s)), np.flatnonzero(np.diff(query_s) > GAP_S) + 1)
        segments = tuple(
            Segment(
                query_s[run[0]], query_s[run[-1]] + 1, reference_s[run].min(), reference_s[run].max() + 1, 1.0, len(run)
            )
            for run in runs
            if len(run)
        )
        if segments:
            found.append(Found(name, float(len(query_s)), segments))
    return found


def picture_kinds() -> Mapping[str, PictureKind]:
    return {}


def film_kinds() -> Mapping[str, FilmKind]:
    return {kind.name: kind for kind in (FlatFrames(), *PEERS)}


def seen_kinds() -> Mapping[str, FilmKind]:
    return {}


def sound_kinds() -> Mapping[str, SoundKind]:
    return {}
