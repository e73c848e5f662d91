"""Says whether the edit lists of an MP4 are longer than any film's. Reads the boxes around the pictures, never the
pictures.

The libavformat inside demuxes the whole track anew for each edit: a list of 20,000 keeps it busy for a minute.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

MOST_EDITS = 64  # of one list; a film needs a handful
MOST_BOXES = 250_000  # side by side; hours of live fragments have fewer
PIECE_BYTES = 1 << 20
LAP_BYTES = 32  # of two pieces that follow each other: no box's head is cut in both
HEAD_BYTES, HEAD_64_BYTES = 8, 16  # of a box; where its size does not fit into 32 bits (ISO/IEC 14496-12, 4.2)
LIST_HEAD_BYTES = 8  # version, flags, count (8.6.6)
EDIT_BYTES, EDIT_64_BYTES = 12, 20  # in version 0, and in version 1


def has_many_edits(file: BinaryIO) -> bool:
    """Say whether a list has more than MOST_EDITS edits, or nobody can tell; the file is then at its start again.

    A list counts wherever it stands, and by its size, whatever number it claims: the demuxer takes it so.
    """
    try:
        return any(_many(piece) for start, end in _around_pictures(file) for piece in _pieces(file, start, end))
    except _TooManyBoxes:
        return True
    finally:
        file.seek(0)


class _TooManyBoxes(Exception):
    """The file is made of so many boxes that looking at each would take longer than any edits."""


def _around_pictures(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where each of the outermost boxes begins and ends, but for those of pictures and sound."""
    file_end = file.seek(0, os.SEEK_END)
    at = 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(HEAD_64_BYTES)
        if len(head) < HEAD_BYTES:
            return
        size, head_bytes = _size(head, 0)
        end = file_end if size == 0 else min(at + size, file_end)
        if end < at + head_bytes:
            return  # no box: the demuxer reads no further either
        if head[4:8] != b"mdat":
            yield at, end
        at = end
    raise _TooManyBoxes


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Return the size of the box that begins here, 0 for all that follows, and how much of it is its head."""
    size = int.from_bytes(data[at : at + 4])
    if size == 1:
        return int.from_bytes(data[at + HEAD_BYTES : at + HEAD_64_BYTES]), HEAD_64_BYTES
    return size, HEAD_BYTES


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, PIECE_BYTES - LAP_BYTES):
        file.seek(at)
        yield file.read(min(PIECE_BYTES, end - at))


def _many(piece: bytes) -> bool:
    """Say whether a list that begins in this piece is too long, or an index is compressed, so that nobody can tell."""
    # A box is looked for by its name alone: a name in a text that looks like a long list costs only the edits.
    is_hidden = any(piece[at + 8 : at + 12] == b"dcom" for at in _all(piece, b"cmov"))
    return is_hidden or any(_edits(piece, at - 4) > MOST_EDITS for at in _all(piece, b"elst") if at >= 4)


def _all(piece: bytes, name: bytes) -> Iterator[int]:
    at = piece.find(name)
    while at >= 0:
        yield at
        at = piece.find(name, at + 1)


def _edits(piece: bytes, at: int) -> float:
    size, head_bytes = _size(piece, at)
    if size == 0:
        return float("inf")
    version = piece[at + head_bytes : at + head_bytes + 1]
    return (size - head_bytes - LIST_HEAD_BYTES) // (EDIT_64_BYTES if version == b"\1" else EDIT_BYTES)
