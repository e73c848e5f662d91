"""Damages the bytes of a picture, in every way that came to mind: the same random numbers, the same damage."""

import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

Random = np.random.Generator
HUGE = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)  # what a length field may claim
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with a right checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return (kind, body) of every chunk of a sound PNG."""
    found, at = [], len(PNG_MAGIC)
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def png(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the PNG of these chunks."""
    return PNG_MAGIC + b"".join(chunk(kind, body) for kind, body in chunks)


def parts(content: bytes) -> list[bytes]:
    """Return the parts a format is made of, which together are the content; thirty equal parts of one that has none."""
    if content.startswith(PNG_MAGIC):
        places = [0, *itertools.accumulate((12 + len(body) for _, body in png_chunks(content)), initial=8)]
    elif content.startswith(b"\xff\xd8"):
        places = [0, *(found.start() for found in re.finditer(rb"\xff[\xc0-\xfe]", content))]
    elif content.startswith(b"RIFF"):
        places = [0, *_riff_places(content)]
    elif content[4:8] == b"ftyp":
        places = [
            0,
            *(found.start() - 4 for found in re.finditer(rb"ftyp|meta|mdat|hdlr|pitm|iloc|iinf|iprp", content)),
        ]
    else:
        places = list(range(0, len(content), max(1, len(content) // 30)))
    ends = [*places[1:], len(content)]
    return [content[start:end] for start, end in zip(places, ends, strict=True) if end > start]


def _riff_places(content: bytes) -> Iterator[int]:
    at = 12
    while at + 8 <= len(content):
        yield at
        at += 8 + (int.from_bytes(content[at + 4 : at + 8], "little") + 1) // 2 * 2


def cut_anywhere(content: bytes, random: Random) -> bytes:
    """Break the file off at any byte."""
    return content[: random.integers(0, len(content))]


def cut_at_a_part(content: bytes, random: Random) -> bytes:
    """Break the file off where a part begins or just behind that."""
    pieces = parts(content)
    kept = b"".join(pieces[: random.integers(1, len(pieces) + 1)])
    return kept + content[len(kept) : len(kept) + int(random.integers(0, 13))]


def cut_at_the_end(content: bytes, random: Random) -> bytes:
    """Take the last few bytes away."""
    return content[: -int(random.integers(1, 24))]


def flip_bits(content: bytes, random: Random) -> bytes:
    """Flip one to sixteen bits."""
    out = bytearray(content)
    for place in random.integers(0, len(out), int(2 ** random.uniform(0, 4))):
        out[place] ^= 1 << int(random.integers(0, 8))
    return bytes(out)


def flip_header_bits(content: bytes, random: Random) -> bytes:
    """Flip bits where sizes, tables and offsets are."""
    return flip_bits(content[:200], random) + content[200:]


def overwrite(content: bytes, random: Random) -> bytes:
    """Write random bytes over a stretch."""
    size = int(random.integers(1, 64))
    start = int(random.integers(2, len(content)))
    return content[:start] + random.bytes(min(size, len(content) - start)) + content[start + size :]


def insert(content: bytes, random: Random) -> bytes:
    """Push random bytes in between."""
    place = int(random.integers(2, len(content)))
    return content[:place] + random.bytes(int(random.integers(1, 300))) + content[place:]


def leave_out(content: bytes, random: Random) -> bytes:
    """Leave a stretch out."""
    start = int(random.integers(2, len(content)))
    return content[:start] + content[start + int(random.integers(1, 1 + len(content) // 2)) :]


def repeat(content: bytes, random: Random) -> bytes:
    """Write one stretch many times."""
    start, end = sorted(random.integers(0, len(content), 2))
    return content[:end] + content[start:end] * int(random.integers(1, 9)) + content[end:]


def claim_lengths(content: bytes, random: Random) -> bytes:
    """Let up to three fields of one, two or four bytes claim something huge, or nothing."""
    out = bytearray(content)
    for _ in range(random.integers(1, 4)):
        size = int(random.choice([1, 2, 4]))
        place = int(random.integers(2, max(3, min(len(out), 600) - size)))
        value = int(random.choice(HUGE)) & ((1 << 8 * size) - 1)
        out[place : place + size] = value.to_bytes(size, str(random.choice(["big", "little"])))  # type: ignore[arg-type]
    return bytes(out)


def shuffle_parts(content: bytes, random: Random) -> bytes:
    """Drop, repeat or swap parts; the first one stays, or nobody would open the file."""
    first, *rest = parts(content)
    for _ in range(random.integers(1, 4)):
        if len(rest) < 2:
            break
        one, other = (int(place) for place in random.integers(0, len(rest), 2))
        match random.integers(0, 4):
            case 0:
                rest[one], rest[other] = rest[other], rest[one]
            case 1:
                rest.insert(one, rest[other])
            case 2:
                del rest[one]
            case _:
                rest = [rest[place] for place in random.permutation(len(rest))]
    return first + b"".join(rest)


def mend_checksums(content: bytes, random: Random) -> bytes:
    """Damage a PNG inside its chunks and mend the checksums, so that the damage reaches deeper code."""
    if not content.startswith(PNG_MAGIC):
        return claim_lengths(content, random)
    chunks = png_chunks(content)
    place = int(random.integers(0, len(chunks)))
    kind, body = chunks[place]
    if kind == b"IDAT" and random.random() < 0.7:  # what is packed inside, not the packing
        body = zlib.compress(flip_bits(zlib.decompress(b"".join(b for k, b in chunks if k == b"IDAT")), random), 1)
        chunks = [each for each in chunks if each[0] != b"IDAT"]
        place = len(chunks) - 1
        chunks.insert(place, (kind, b""))
    elif body:
        body = (flip_bits if random.random() < 0.5 else claim_lengths)(body, random)
    chunks[place] = (kind, body)
    return png(chunks)


DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "cut anywhere": cut_anywhere,
    "cut at a part": cut_at_a_part,
    "cut at the end": cut_at_the_end,
    "flipped bits": flip_bits,
    "flipped header bits": flip_header_bits,
    "overwritten": overwrite,
    "inserted": insert,
    "left out": leave_out,
    "repeated": repeat,
    "claimed lengths": claim_lengths,
    "shuffled parts": shuffle_parts,
    "mended checksums": mend_checksums,
}
