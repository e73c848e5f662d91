"""Writes a smaller MP4: stretches of a film, every picture at its own time, so that a decoder sees a normal film.

Pure. Nothing of the original's index is believed again: places are written anew, and no other file can be named.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crawlers import mp4
from crawlers.mp4 import Box, Ints, Track
from crawlers.reels import NotAFilm

MAX_STRETCH_S = 10.0  # a longer group of pictures is cut
MAX_STRETCH_BYTES = 32 << 20
PLAIN_FTYP = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0x200)  # for a film that begins without one
_MAX_COPIED_BYTES = 1 << 20  # of a box that is copied unread
_MOST_TICKS = 0xFFFFFFFF  # that one sample may last
_SELF_CONTAINED = struct.pack(">I4sI", 12, b"url ", 1)  # the samples are in this very file, and in no other


@dataclass(frozen=True)
class Stretch:
    """Samples in a row, from one that needs no other, and the bytes that hold them."""

    first: int  # sample
    end: int  # the sample after the last
    first_byte: int
    length: int


def stretches(film: Track, *, most: int, max_bytes: int) -> list[Stretch]:
    """Return at most `most` stretches of at most `max_bytes` together, spread evenly over the film.

    Each begins with a picture that needs no other and ends before the next such picture. The first begins with the
    film, because times in an MP4 are counted from its first sample. Raises NotAFilm when not even one fits.
    """
    keys = film.keys if film.keys[0] == 0 else np.append(0, film.keys)
    ends = np.append(keys[1:], len(film.sizes))
    while most >= 1:
        chosen = np.unique(np.linspace(0, len(keys) - 1, min(most, len(keys))).round().astype(np.int64))
        found = [one for number in chosen if (one := _stretch(film, int(keys[number]), int(ends[number]))) is not None]
        if found and found[0].first == 0 and sum(one.length for one in found) <= max_bytes:
            return found
        most //= 2
    raise NotAFilm("not even one stretch of it fits the limit")


def _stretch(film: Track, first: int, end: int) -> Stretch | None:
    latest = film.times[first] + int(MAX_STRETCH_S * film.timescale)
    end = min(end, max(first + 1, int(np.searchsorted(film.times, latest))))
    starts = np.minimum.accumulate(film.offsets[first:end])
    stops = np.maximum.accumulate(film.offsets[first:end] + film.sizes[first:end])
    fitting = int(np.searchsorted(stops - starts, MAX_STRETCH_BYTES, side="right"))
    if fitting == 0:
        return None
    low, high = int(starts[fitting - 1]), int(stops[fitting - 1])
    return Stretch(first, first + fitting, low, high - low) if high > low else None


def seconds(film: Track, kept: Sequence[Stretch]) -> float:
    """Return how long the stretches play together."""
    return sum(float(film.times[one.end] - film.times[one.first]) for one in kept) / film.timescale


def opening(ftyp: bytes, media_bytes: int) -> bytes:
    """Return what stands before the media of the smaller film."""
    return ftyp + struct.pack(">I4sQ", 1, b"mdat", 16 + media_bytes)


def index(film: Track, kept: Sequence[Stretch], media_starts_at: int) -> bytes:
    """Return the `moov` of a film that holds only these stretches, one after the other from `media_starts_at`.

    Every sample keeps its time: the one before a gap lasts until the next that is there. Sound is left out.
    """
    samples = np.concatenate([np.arange(one.first, one.end) for one in kept])
    begins = media_starts_at + np.cumsum([0, *(one.length for one in kept[:-1])])
    places = np.concatenate([
        film.offsets[one.first : one.end] - one.first_byte + begin for one, begin in zip(kept, begins, strict=True)
    ])  # fmt: skip
    until = np.append(film.times[samples[1:]], film.times[-1])
    tables = [
        _full(b"stts", 0, _rows(_runs(np.minimum(until - film.times[samples], _MOST_TICKS)))),
        _full(b"stss", 0, _rows(np.flatnonzero(np.isin(samples, film.keys)) + 1)),
        _full(b"stsc", 0, _rows(_chunks(film.descriptions[samples]))),
        _full(b"stsz", 0, struct.pack(">I", 0), _rows(film.sizes[samples])),
        _full(b"co64", 0, _rows(places, ">u8")),
    ]
    if film.shifts is not None:
        tables.append(_full(b"ctts", 1, _rows(_runs(film.shifts[samples]), ">i4")))
    return _moov(film.moov, tables)


def _runs(values: Ints) -> Ints:
    """Return a table of (how many, value)."""
    firsts = np.flatnonzero(np.append(True, np.diff(values) != 0))
    return np.stack([np.diff(np.append(firsts, len(values))), values[firsts]], axis=1)


def _chunks(descriptions: Ints) -> Ints:
    """Return a table of (first chunk, samples in each, description) where every sample is a chunk of its own."""
    firsts = np.flatnonzero(np.append(True, np.diff(descriptions) != 0))
    return np.stack([firsts + 1, np.ones_like(firsts), descriptions[firsts]], axis=1)


def _rows(table: Ints, width: str = ">u4") -> bytes:
    """Return a table with its length before it."""
    return struct.pack(">I", len(table)) + table.astype(width).tobytes()


def _moov(moov: bytes, tables: Sequence[bytes]) -> bytes:
    """Return the film's head with new tables; what describes picture and codec is copied, the rest is left out."""
    whole = mp4.box_at(moov, 0, len(moov))
    trak = next(box for box in mp4.boxes(moov, whole.inside, whole.end) if mp4.shows_pictures(moov, box))
    mdia = mp4.needed(moov, trak, b"mdia")
    minf = mp4.needed(moov, mdia, b"minf")
    stbl = _box(b"stbl", _copy(moov, mp4.needed(moov, minf, b"stbl", b"stsd")), *tables)
    dinf = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _SELF_CONTAINED))
    return _box(
        b"moov",
        _copy(moov, mp4.needed(moov, whole, b"mvhd")),
        _box(
            b"trak",
            _copy(moov, mp4.needed(moov, trak, b"tkhd")),
            _copy(moov, mp4.child(moov, trak, b"edts")),
            _box(
                b"mdia",
                _copy(moov, mp4.needed(moov, mdia, b"mdhd")),
                _copy(moov, mp4.needed(moov, mdia, b"hdlr")),
                _box(b"minf", _copy(moov, mp4.child(moov, minf, b"vmhd")), dinf, stbl),
            ),
        ),
    )


def _copy(moov: bytes, box: Box | None) -> bytes:
    if box is None:
        return b""
    if box.end - box.start > _MAX_COPIED_BYTES:
        raise NotAFilm("its index holds a box that is far too large")
    return moov[box.start : box.end]


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24), *content)
