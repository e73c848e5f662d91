"""ZIP files of which every byte is accounted for: nothing is compressed, every header follows from the files packed.

So a reader makes each header anew and compares, and no byte of the file can be changed without being noticed. What
unpacks ZIP files unpacks these. Refuses what is not written exactly like that.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from config.errors import MekikiError

# APPNOTE.TXT of PKWARE, 4.3.7 (before each file), 4.3.12 (the list at the end), 4.3.14 to 4.3.16 (its end).
_LOCAL, _LISTED, _END = (
    struct.Struct("<4sHHHHHLLLHH"),
    struct.Struct("<4sHHHHHHLLLHHHHHLL"),
    struct.Struct("<4sHHHHLLH"),
)
_END64, _LOCATOR = struct.Struct("<4sQHHLLQQQQ"), struct.Struct("<4sLQL")
_PLAIN, _LARGE = 20, 45  # the version of the format that is needed to read it
_UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_DAY = 0x800, 0, 0, 0x21  # no time of packing: the contents say when
_UNIX, _READ_ONLY = 3 << 8, 0o100440 << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
MAX_NAME_BYTES = 400
SHOWN_CHARACTERS = 100  # of a name, where it is told: it may be anything
CHUNK_BYTES = 1 << 20


class NotSealed(MekikiError):
    """A file is no ZIP file of this kind, or its structure is too damaged to be read on."""


@dataclass(frozen=True)
class Packed:
    """One file of the ZIP file."""

    name: str
    size: int
    crc: int
    offset: int  # of its header, within the ZIP file
    start: int  # of its bytes, within the file that was read
    sha256: str


@dataclass
class Writer:
    """Writes a sealed ZIP file; call `close` at the end."""

    out: BinaryIO  # opened for writing, at its beginning
    large: int = _FULL32  # sizes and offsets from here on are written as 64 bits
    packed: list[Packed] = field(default_factory=list)

    def add(self, name: str, content: bytes | Path) -> Packed:
        """Add a file and return what was packed; a path is read in pieces, so it may be larger than memory."""
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        offset = self.out.tell()
        self.out.write(_header(name, size, 0, self.large))
        start, crc, digest = self.out.tell(), 0, hashlib.sha256()
        for chunk in _chunks(content):
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)
            self.out.write(chunk)
        end = self.out.tell()
        if end - start != size:
            raise NotSealed(f"{name} changed while it was packed; run it again.")
        self.out.seek(offset)
        self.out.write(_header(name, size, crc, self.large))
        self.out.seek(end)
        self.packed.append(Packed(name, size, crc, offset, start, digest.hexdigest()))
        return self.packed[-1]

    def close(self) -> None:
        """Write the list of files, without which the file is not whole."""
        self.out.write(_closing(self.packed, self.out.tell(), self.large))


@dataclass(frozen=True)
class Reader:
    """A sealed ZIP file that was read once from its first byte to its last."""

    path: Path
    packed: dict[str, Packed]
    faults: tuple[str, ...]  # what of its own structure was changed, one sentence each

    def get(self, name: str, at_most: int) -> bytes:
        """Return a packed file. Raises KeyError when there is none, ValueError when it is larger than `at_most`."""
        one = self.packed[name]
        if one.size > at_most:
            raise ValueError(f"{name} is too large")
        with self.path.open("rb") as file:
            file.seek(one.start)
            return file.read(one.size)


def read(path: Path, large: int = _FULL32) -> Reader:
    """Read a sealed ZIP file and return its files with what was changed of its structure.

    Raises NotSealed when it is none, or so damaged that what follows the damage cannot be told apart.
    """
    try:
        return _read(path, 0, path.stat().st_size, large)
    except OSError as refused:
        raise NotSealed(str(refused)) from refused


def read_within(outer: Reader, name: str) -> Reader:
    """Read a sealed ZIP file that is packed in another one. Raises NotSealed, KeyError."""
    one = outer.packed[name]
    return _read(outer.path, one.start, one.start + one.size, _FULL32)


def _read(path: Path, base: int, end: int, large: int) -> Reader:
    packed: dict[str, Packed] = {}
    faults: list[str] = []
    with path.open("rb") as file:
        file.seek(base)
        while (one := _next(file, base, end, faults, large)) is not None:
            if one.name in packed:
                faults.append(f"{one.name} is in it twice.")
            packed[one.name] = one
        if not packed:
            raise NotSealed("it does not begin as one")
        faults += _listing_differs(file, list(packed.values()), base, end, large)
    return Reader(path, packed, tuple(faults))


def _next(file: BinaryIO, base: int, end: int, faults: list[str], large: int) -> Packed | None:
    """Read the next file, or None where the list of files begins."""
    offset = file.tell()  # from here on within `path`; within the ZIP file it begins at `base`
    raw = file.read(_LOCAL.size)
    if len(raw) < _LOCAL.size or raw[:4] in (b"PK\x01\x02", b"PK\x06\x06", b"PK\x05\x06"):
        file.seek(offset)
        return None
    if offset == base and sum(one == other for one, other in zip(raw, b"PK\x03\x04", strict=False)) < 2:
        return None  # not even damaged: something else
    *_, crc, size, _full, name_bytes, more_bytes = _LOCAL.unpack(raw)
    name_raw, more = file.read(min(name_bytes, MAX_NAME_BYTES)), file.read(more_bytes if more_bytes == 20 else 0)
    if size == _FULL32 and len(more) == 20:
        size = struct.unpack_from("<Q", more, 4)[0]
    name = name_raw.decode("utf-8", "replace")
    start = offset + _LOCAL.size + len(name_raw) + len(more)
    wanted, found = _header(name, size, crc, large), raw + name_raw + more
    if wanted != found:
        at = offset + _first_difference(wanted, found)
        raise NotSealed(f"its structure was changed at byte {at}, in the header of {name[:SHOWN_CHARACTERS]!r}")
    if start + size > end:
        raise NotSealed(f"its structure was changed at byte {offset}, or {name[:SHOWN_CHARACTERS]!r} was cut off")
    digest, found_crc, left = hashlib.sha256(), 0, size
    while left:
        chunk = file.read(min(CHUNK_BYTES, left))
        digest.update(chunk)
        found_crc = zlib.crc32(chunk, found_crc)
        left -= len(chunk)
    if found_crc != crc:
        faults.append(f"{name} was changed: its bytes do not agree with their checksum.")
    return Packed(name, size, crc, offset - base, start, digest.hexdigest())


def _listing_differs(file: BinaryIO, packed: Sequence[Packed], base: int, end: int, large: int) -> Iterator[str]:
    at = file.tell()
    wanted = _closing(packed, at - base, large)
    found = file.read(min(len(wanted) + 1, end - at))
    if wanted != found or at + len(wanted) != end:
        where = at + _first_difference(wanted, found)
        yield f"The ZIP file's structure was changed at byte {where}, in the list of files at its end."


def _first_difference(one: bytes, other: bytes) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _header(name: str, size: int, crc: int, large: int) -> bytes:
    raw = name.encode()
    is_large = size >= large
    more = struct.pack("<HHQQ", 1, 16, size, size) if is_large else b""
    shown = _FULL32 if is_large else size
    return _LOCAL.pack(
        b"PK\x03\x04", _LARGE if is_large else _PLAIN, _UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_DAY, crc, shown, shown,
        len(raw), len(more),
    ) + raw + more  # fmt: skip


def _listed(one: Packed, large: int) -> bytes:
    raw = one.name.encode()
    wide = [value for value in (one.size, one.size, one.offset) if value >= large]
    more = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, offset = (_FULL32 if value >= large else value for value in (one.size, one.offset))
    version = _LARGE if wide else _PLAIN
    return _LISTED.pack(
        b"PK\x01\x02", _UNIX | version, version, _UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_DAY, one.crc, size, size,
        len(raw), len(more), 0, 0, 0, _READ_ONLY, offset,
    ) + raw + more  # fmt: skip


def _closing(packed: Sequence[Packed], start: int, large: int) -> bytes:
    listing = b"".join(_listed(one, large) for one in packed)
    count, size = len(packed), len(listing)
    large_end = b""
    if start >= large or size >= large or count >= _FULL16:
        large_end = _END64.pack(
            b"PK\x06\x06", _END64.size - 12, _UNIX | _LARGE, _LARGE, 0, 0, count, count, size, start
        )
        large_end += _LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1)
        count, size, start = _FULL16, _FULL32, _FULL32
    return listing + large_end + _END.pack(b"PK\x05\x06", 0, 0, count, count, size, start, 0)


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
