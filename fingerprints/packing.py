"""Vectors as plain bytes and numbers, for the pipe, the database and the package. Refuses bytes that do not fit their
shape: they may come from a hostile file or from a child that a hostile file took over. Never pickles."""

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from config.errors import MekikiError
from fingerprints import kinds
from fingerprints.interface import Description, Laid, MediaFacts, Vectors, Watch, Watched

MAX_FACTS = 64
LEVEL = 6  # of zlib; 9 takes three times as long for a hundredth
_MEDIA = ("image", "video", "audio")


class Misshapen(MekikiError):
    """Packed vectors whose bytes and shape do not agree."""


@dataclass(frozen=True)
class Shape:
    """The numbers that turn bytes back into vectors."""

    count: int
    width: int  # bytes of one code
    columns: int  # of one position

    @property
    def codes_bytes(self) -> int:
        """How many bytes the codes take."""
        return self.count * self.width

    @property
    def positions_bytes(self) -> int:
        """How many bytes the positions take."""
        return self.count * self.columns * 4


def shape(vectors: Vectors) -> Shape:
    """Return the shape of well-formed vectors. Raises Misshapen."""
    codes, positions = vectors.codes, vectors.positions
    if codes.ndim != 2 or positions.ndim != 2 or len(codes) != len(positions):
        raise Misshapen("Codes and positions must be tables with one row a vector; correct the fingerprint kind.")
    if codes.dtype != np.uint8 or positions.dtype != np.float32:
        raise Misshapen("Codes must be uint8 and positions float32; correct the fingerprint kind.")
    return Shape(len(codes), codes.shape[1], positions.shape[1])


def codes_bytes(vectors: Vectors) -> bytes:
    """Return the codes, row after row."""
    return np.ascontiguousarray(vectors.codes).tobytes()


def positions_bytes(vectors: Vectors) -> bytes:
    """Return the positions, row after row, little-endian float32."""
    return np.ascontiguousarray(vectors.positions, dtype="<f4").tobytes()


def squeezed_positions(vectors: Vectors) -> bytes:
    """Return the positions in a fifth of their bytes, for the database: column by column, equal bytes together."""
    columns = np.ascontiguousarray(vectors.positions, dtype="<f4").view(np.uint8).reshape(*vectors.positions.shape, 4)
    return zlib.compress(columns.transpose(1, 2, 0).tobytes(), LEVEL)


def unsqueezed_positions(shape: Shape, squeezed: bytes) -> bytes:
    """Return the positions row after row; bytes that were never squeezed come back as they are. Raises Misshapen."""
    if len(squeezed) == shape.positions_bytes:
        return squeezed
    try:
        flat = zlib.decompressobj().decompress(squeezed, shape.positions_bytes + 1)
    except zlib.error as wrong:
        raise Misshapen("These fingerprints are damaged; make them again.") from wrong
    if len(flat) != shape.positions_bytes:
        raise Misshapen("These fingerprints are shorter or longer than they say; make them again.")
    return np.frombuffer(flat, np.uint8).reshape(shape.columns, 4, shape.count).transpose(2, 0, 1).tobytes()


def vectors(shape: Shape, codes: bytes, positions: bytes, facts: Mapping[str, Any]) -> Vectors:
    """Return the vectors that were packed. Raises Misshapen."""
    if min(shape.count, shape.width, shape.columns) < 0:
        raise Misshapen("These fingerprints have a negative size; make them again.")
    if len(codes) != shape.codes_bytes or len(positions) != shape.positions_bytes:
        raise Misshapen("These fingerprints are shorter or longer than they say; make them again.")
    return Vectors(
        np.frombuffer(codes, np.uint8).reshape(shape.count, shape.width),
        np.frombuffer(positions, "<f4").astype(np.float32).reshape(shape.count, shape.columns),
        finite(facts),
    )


def checked(kind: str, version: int, vectors: Vectors) -> Vectors:
    """Return vectors that look as those of their kind do. Raises Misshapen.

    A kind or version that is not known here is nobody's to judge, and nobody computes with it.
    """
    table = kinds.tables().get((kind, version))
    if table is not None and not table.fits(vectors):
        raise Misshapen(f"These {kind} fingerprints are not what that kind makes; make them again.")
    return vectors


def finite(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return facts as plain finite numbers. Raises Misshapen."""
    numbers = {str(name): float(value) for name, value in facts.items() if isinstance(value, int | float)}
    if len(numbers) != len(facts) or len(facts) > MAX_FACTS or not all(map(math.isfinite, numbers.values())):
        raise Misshapen("The facts of a fingerprint must be finite numbers; make it again.")
    return numbers


def facts_row(facts: MediaFacts) -> dict[str, Any]:
    """Return media facts as a JSON object."""
    return dict(vars(facts))


def media_facts(row: Mapping[str, Any]) -> MediaFacts:
    """Return the media facts of a JSON object from outside. Raises Misshapen."""
    try:
        facts = MediaFacts(
            medium=row["medium"], width=int(row["width"]), height=int(row["height"]),
            duration_s=float(row["duration_s"]), frames_per_second=float(row["frames_per_second"]),
            has_sound=bool(row["has_sound"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as wrong:
        raise Misshapen("The facts of a medium are incomplete; make its fingerprints again.") from wrong
    numbers = (facts.width, facts.height, facts.duration_s, facts.frames_per_second)
    if facts.medium not in _MEDIA or not all(math.isfinite(n) and 0 <= n < 2**31 for n in numbers):
        raise Misshapen("The facts of a medium are impossible; make its fingerprints again.")
    return facts


def to_message(description: Description) -> tuple[dict[str, Any], list[bytes]]:
    """Return a description as a JSON object and the byte strings that follow it."""
    rows, blocks = _rows(description.fingerprints)
    facts = None if description.facts is None else facts_row(description.facts)
    return {"facts": facts, "error": description.error, "fingerprints": rows}, blocks


def from_message(head: Mapping[str, Any], body: bytes) -> Description:
    """Return the description of a message. Raises Misshapen."""
    if head.get("error") is not None:
        return Description(None, {}, str(head["error"]))
    with _as_sentence():
        return Description(media_facts(head["facts"]), _tables(head["fingerprints"], body, 0)[0])


def watched_to_message(
    seen: Sequence[Mapping[tuple[str, int], Vectors]],
) -> tuple[dict[str, Any], list[bytes]]:
    """Return what was seen of each watch as a JSON object and the byte strings that follow it."""
    packed = [_rows(each) for each in seen]
    return {"error": None, "seen": [rows for rows, _ in packed]}, [block for _, blocks in packed for block in blocks]


def watched_from_message(head: Mapping[str, Any], body: bytes, asked: Sequence[Watch]) -> Watched:
    """Return what was seen of each watch that was asked for. Raises Misshapen."""
    if head.get("error") is not None:
        return Watched(str(head["error"]), ())
    seen: list[Mapping[str, Vectors]] = []
    versions = {name: kind.version for name, kind in kinds.seen_kinds().items()}
    at = 0
    with _as_sentence():
        for rows, each in zip(head["seen"], asked, strict=True):
            tables, at = _tables(rows, body, at)
            # Whatever version the child says: what it made is taken for that of the kind that was asked for.
            seen.append({name: checked(name, versions.get(name, said), of) for (name, said), of in tables.items()})
            if set(seen[-1]) != set(each.kinds):
                raise ValueError("other kinds than were asked for")
    return Watched(None, tuple(seen))


def watch_row(watch: Watch) -> dict[str, Any]:
    """Return a watch as a JSON object."""
    return asdict(watch)


def watch_of(row: Mapping[str, Any]) -> Watch:
    """Return the watch of a JSON object from our own parent."""
    laid = row["laid"]
    if laid is not None:
        matrix, reference, seen = laid["matrix"], laid["reference_size"], laid["seen_size"]
        laid = Laid((tuple(matrix[0]), tuple(matrix[1])), tuple(reference), tuple(seen))
    return Watch(row["start_s"], row["end_s"], tuple(row["kinds"]), laid)


def _rows(found: Mapping[tuple[str, int], Vectors]) -> tuple[list[dict[str, Any]], list[bytes]]:
    rows: list[dict[str, Any]] = []
    blocks: list[bytes] = []
    for (kind, version), each in found.items():
        rows.append({"kind": kind, "version": version, "facts": finite(each.facts), **vars(shape(each))})
        blocks += [codes_bytes(each), positions_bytes(each)]
    return rows, blocks


def _tables(rows: Sequence[Mapping[str, Any]], body: bytes, at: int) -> tuple[dict[tuple[str, int], Vectors], int]:
    """Return the tables that begin at this byte, and where they end."""
    found: dict[tuple[str, int], Vectors] = {}
    for row in rows:
        size = Shape(int(row["count"]), int(row["width"]), int(row["columns"]))
        middle = at + size.codes_bytes
        end = middle + size.positions_bytes
        kind, version = str(row["kind"]), int(row["version"])
        unpacked = vectors(size, body[at:middle], body[middle:end], row["facts"])
        found[kind, version] = checked(kind, version, unpacked)
        at = end
    return found, at


@contextmanager
def _as_sentence() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
        raise Misshapen("A decoding child answered with something that is no description.") from wrong
