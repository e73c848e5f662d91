"""MP4 boxes (ISO/IEC 14496-12): where and when every picture of a film is, and where a fragmented film's segments are.

Pure and suspicious: every count is held against the bytes that carry it, every offset against the file. No decoder.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crawlers.reels import NotAFilm

Ints = NDArray[np.int64]
MAX_SAMPLES = 2_000_000  # nine hours at 60 frames a second; their tables take 150 MB
LONGEST_HEADER = 16  # bytes of a box before its content
_MAX_BOXES = 1_000  # side by side; a film needs a dozen
_MAX_EDITS = 64  # of one track; a film needs a handful, and decoders decode anew for each: 20,000 took a minute
_LOCKED = (b"encv", b"enca", b"drmi", b"drms")
_FULL = 4  # bytes of version and flags


@dataclass(frozen=True)
class Box:
    """One box of a file or of another box."""

    kind: bytes  # four bytes
    start: int  # of its header
    inside: int  # of its content
    end: int


def box_at(data: bytes, start: int, end: int) -> Box:
    """Return the box whose header is at `start`; it may be cut off by the end of `data`, but not lie beyond `end`.

    Raises NotAFilm when there is no header, or its size cannot be.
    """
    if start + 8 > min(end, len(data)):
        raise NotAFilm("its index is cut off")
    size, kind = struct.unpack_from(">I4s", data, start)
    header = 8
    if size == 1:
        if start + 16 > len(data):
            raise NotAFilm("its index is cut off")
        (size,) = struct.unpack_from(">Q", data, start + 8)
        header = 16
    elif size == 0:  # to the end of what holds it
        size = end - start
    if size < header or start + size > end:
        raise NotAFilm("its index names a box that does not fit its place")
    return Box(kind, start, start + header, start + size)


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes of a stretch one after the other; what is left at the end and too short for one is no fault."""
    end = min(end, len(data))
    for _ in range(_MAX_BOXES):
        if end - start < 8:
            return
        box = box_at(data, start, end)
        yield box
        start = box.end
    raise NotAFilm("its index has more boxes than any film")


def child(data: bytes, parent: Box, *path: bytes) -> Box | None:
    """Return the first box along a path of kinds below `parent`, or None."""
    found: Box | None = parent
    for kind in path:
        assert found is not None
        found = next((box for box in boxes(data, found.inside, found.end) if box.kind == kind), None)
        if found is None:
            return None
    return found


@dataclass(frozen=True)
class Track:
    """Where and when every picture of a film is, and the boxes that say how to decode them."""

    moov: bytes
    timescale: int  # ticks a second
    offsets: Ints  # of each sample in the file
    sizes: Ints
    times: Ints  # of decoding, in ticks; one more than there are samples: the last is the end
    shifts: Ints | None  # from decoding to showing, in ticks
    descriptions: Ints  # 1-based, of each sample
    keys: Ints  # places of the samples that need no other

    @property
    def seconds(self) -> float:
        """How long the film plays."""
        return float(self.times[-1]) / self.timescale


@dataclass(frozen=True)
class Subsegment:
    """A stretch of a fragmented film that can be played by itself."""

    first_byte: int
    length: int
    seconds: float


def is_fragmented(moov: bytes) -> bool:
    """Say whether the samples are listed in fragments all over the file instead of here."""
    return child(moov, box_at(moov, 0, len(moov)), b"mvex") is not None


def refuse_many_edits(moov: bytes) -> None:
    """Raise NotAFilm when an edit list has more entries than any film's: a decoder would be kept busy with them."""
    whole = box_at(moov, 0, len(moov))
    for trak in boxes(moov, whole.inside, whole.end):
        lists = _below(moov, trak, b"edts") if trak.kind == b"trak" else ()
        claimed = [content(moov, box)[_FULL : _FULL + 4] for one in lists for box in _below(moov, one, b"elst")]
        if any(int.from_bytes(count) > _MAX_EDITS for count in claimed) or len(claimed) > 1:
            raise NotAFilm("its index has more edits than any film")


def _below(data: bytes, parent: Box, kind: bytes) -> list[Box]:
    return [box for box in boxes(data, parent.inside, parent.end) if box.kind == kind]


def track(moov: bytes, file_bytes: int) -> Track:
    """Return the film's pictures from its whole `moov` box. Raises NotAFilm for an index that is broken or locked."""
    whole = box_at(moov, 0, len(moov))
    trak = next((one for one in boxes(moov, whole.inside, whole.end) if shows_pictures(moov, one)), None)
    if trak is None:
        raise NotAFilm("it has no pictures")
    stbl = needed(moov, trak, b"mdia", b"minf", b"stbl")
    _refuse_locked(moov, needed(moov, stbl, b"stsd"))
    sizes = _sizes(content(moov, needed(moov, stbl, b"stsz")))
    count = len(sizes)
    offsets, descriptions = _places(moov, stbl, sizes)
    if int((offsets + sizes).max()) > file_bytes:
        raise NotAFilm("its index points beyond its end")
    durations = _runs(content(moov, needed(moov, stbl, b"stts")), count)
    shifts = child(moov, stbl, b"ctts")
    return Track(
        moov,
        _timescale(content(moov, needed(moov, trak, b"mdia", b"mdhd"))),
        offsets,
        sizes,
        np.concatenate([np.zeros(1, np.int64), np.cumsum(durations)]),
        None
        if shifts is None
        else _runs(content(moov, shifts), count).astype(np.uint32).view(np.int32).astype(np.int64),
        descriptions,
        _keys(moov, child(moov, stbl, b"stss"), count),
    )


def shows_pictures(moov: bytes, box: Box) -> bool:
    """Say whether a box of `moov` is a track of pictures."""
    if box.kind != b"trak":
        return False
    handler = child(moov, box, b"mdia", b"hdlr")
    return handler is not None and moov[handler.inside + 8 : handler.inside + 12] == b"vide"


def needed(data: bytes, parent: Box, *path: bytes) -> Box:
    """Return the first box along a path of kinds below `parent`. Raises NotAFilm."""
    found = child(data, parent, *path)
    if found is None:
        raise NotAFilm(f'its index lacks the box "{path[-1].decode("ascii")}"')
    return found


def content(data: bytes, box: Box) -> bytes:
    """Return what a box holds."""
    return data[box.inside : box.end]


def _refuse_locked(moov: bytes, stsd: Box) -> None:
    if any(entry.kind in _LOCKED for entry in boxes(moov, stsd.inside + _FULL + 4, stsd.end)):
        raise NotAFilm("the film is locked by DRM")


def _timescale(mdhd: bytes) -> int:
    place = 20 if mdhd[:1] == b"\x01" else 12
    if len(mdhd) < place + 4:
        raise NotAFilm("its index is cut off")
    (ticks,) = struct.unpack_from(">I", mdhd, place)
    if ticks == 0:
        raise NotAFilm("its clock stands still")
    return int(ticks)


def _table(content: bytes, columns: int, *, skip: int = _FULL, width: str = ">u4") -> Ints:
    """Return the rows of a table whose length stands before it. Raises NotAFilm when the bytes for it are missing."""
    if len(content) < skip + 4:
        raise NotAFilm("its index is cut off")
    (rows,) = struct.unpack_from(">I", content, skip)
    if rows > MAX_SAMPLES or len(content) - skip - 4 < rows * columns * np.dtype(width).itemsize:
        raise NotAFilm("its index claims more entries than it holds")
    read = np.frombuffer(content, width, rows * columns, skip + 4)
    if read.dtype.itemsize == 8 and rows and int(read.max()) >= 1 << 62:
        raise NotAFilm("its index points beyond its end")
    return read.astype(np.int64).reshape(rows, columns)


def _sizes(stsz: bytes) -> Ints:
    if len(stsz) < _FULL + 8:
        raise NotAFilm("its index is cut off")
    same, count = struct.unpack_from(">II", stsz, _FULL)
    if count == 0 or count > MAX_SAMPLES:
        raise NotAFilm("its index names no pictures" if count == 0 else "its index names more pictures than a film has")
    if same:
        return np.full(count, same, np.int64)
    return _table(stsz, 1, skip=_FULL + 4)[:, 0]


def _runs(table: bytes, count: int) -> Ints:
    """Return the value of every sample from a table of (how many, value)."""
    runs = _table(table, 2)
    if int(runs[:, 0].sum()) != count:
        raise NotAFilm("its index contradicts itself")
    return np.repeat(runs[:, 1], runs[:, 0])


def _places(moov: bytes, stbl: Box, sizes: Ints) -> tuple[Ints, Ints]:
    """Return where every sample is in the file, and its description: samples lie in chunks, chunks have an offset."""
    wide = child(moov, stbl, b"co64")
    chunks = _table(content(moov, wide or needed(moov, stbl, b"stco")), 1, width=">u8" if wide else ">u4")[:, 0]
    runs = _table(content(moov, needed(moov, stbl, b"stsc")), 3)
    firsts = runs[:, 0] - 1
    if not len(chunks) or not len(runs) or firsts[0] != 0 or (np.diff(firsts) <= 0).any() or firsts[-1] >= len(chunks):
        raise NotAFilm("its index contradicts itself")
    lengths = np.diff(np.append(firsts, len(chunks)))
    per_chunk, description = (np.repeat(runs[:, column], lengths) for column in (1, 2))
    if int(per_chunk.sum()) != len(sizes):
        raise NotAFilm("its index contradicts itself")
    chunk = np.repeat(np.arange(len(chunks)), per_chunk)
    before = np.cumsum(sizes) - sizes
    first_samples = np.cumsum(per_chunk) - per_chunk
    inside = before - before[np.minimum(first_samples, len(sizes) - 1)][chunk]
    return chunks[chunk] + inside, description[chunk]


def _keys(moov: bytes, stss: Box | None, count: int) -> Ints:
    if stss is None:  # every sample is one
        return np.arange(count)
    keys = np.unique(_table(content(moov, stss), 1)[:, 0] - 1)
    if not len(keys) or keys[0] < 0 or keys[-1] >= count:
        raise NotAFilm("its index contradicts itself")
    return keys


def subsegments(sidx: bytes, follows_at: int) -> list[Subsegment]:
    """Return the stretches that a segment index names; `follows_at` is the byte of the file after the index.

    Raises NotAFilm for an index that is broken, or that only names other indexes.
    """
    box = box_at(sidx, 0, len(sidx))
    if box.kind != b"sidx" or box.end - box.inside < 24:
        raise NotAFilm("its index is none")
    form = struct.Struct(">IQQHH" if sidx[box.inside] == 1 else ">IIIHH")
    place = box.inside + 8
    if place + form.size > box.end:
        raise NotAFilm("its index is cut off")
    ticks, _earliest, skipped, _reserved, count = form.unpack_from(sidx, place)
    place += form.size
    if ticks == 0 or place + 12 * count > box.end:
        raise NotAFilm("its index claims more entries than it holds")
    found, at = [], follows_at + int(skipped)
    for number in range(count):
        length, duration, _access = struct.unpack_from(">III", sidx, place + 12 * number)
        if length >> 31:
            raise NotAFilm("its index names other indexes, which are not followed")
        if length:
            found.append(Subsegment(at, length, duration / ticks))
        at += length
    return found
