"""A film in pieces: what a playlist or an index names, and how the pieces become one file within the limits.

It knows no format. Every piece comes through the guarded road; what does not fit the limits is sampled, and says so.
"""

import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, TypeVar

from scrapy.http import Response

from config.blobs import BlobStore
from config.errors import MekikiError
from crawlers import alarm, sniff
from crawlers.alarm import TooSlow
from crawlers.sources import Limits

MAX_SEGMENTS = 3_000  # requests for one film: five hours in segments of six seconds
MAX_LISTED = 100_000  # segments of one playlist; a day in segments of a second
MAX_PLAYLIST_BYTES = 4 << 20
READING_S = 2.0  # of processor time; a day in segments of a second takes less
CHUNK_BYTES = 1 << 20
_SAMPLE = "#sample="
_EXPIRED = (404, 410)  # a live stream forgets its oldest segments while we read its newest

T = TypeVar("T")
Part = tuple[str, str, int]  # address, sha256 and bytes of what was fetched


class Fetch(Protocol):
    """The guarded road, as the spiders offer it."""

    def __call__(self, url: str, headers: dict[str, str], max_bytes: int | None = None) -> Awaitable[Response]:
        """Return the response; a body larger than `max_bytes`, or the limit for media, is a network error."""


class NotAFilm(MekikiError):
    """A playlist or file that cannot become a film; the message says why."""


def briefly(read: Callable[[], T]) -> T:
    """Return what a playlist names. Raises NotAFilm when that takes too long, for everything else waits meanwhile."""
    try:
        return alarm.within(READING_S, read)
    except TooSlow as slow:
        raise NotAFilm(f"reading the playlist takes more than {READING_S:g} s of processor time") from slow


@dataclass(frozen=True)
class Piece:
    """One stretch of bytes of the film."""

    url: str
    first_byte: int | None = None  # of a byte range
    length: int | None = None

    def headers(self) -> dict[str, str]:
        """Return what asks for the stretch."""
        if self.first_byte is None or self.length is None:
            return {}
        last_byte = self.first_byte + self.length - 1
        return {"Range": f"bytes={self.first_byte}-{last_byte}", "Accept-Encoding": "identity"}

    def cut(self, response: Response) -> bytes:
        """Return the stretch, also from a server that ignored the range and sent the whole file."""
        if self.first_byte is None or self.length is None or response.status == 206:
            return response.body
        return response.body[self.first_byte : self.first_byte + self.length]

    def named(self) -> str:
        """Return the piece as it is written into the capture."""
        return self.url if self.first_byte is None else f"{self.url}#bytes={self.first_byte}+{self.length}"


@dataclass(frozen=True)
class Segment:
    """A piece that plays for a while."""

    piece: Piece
    seconds: float = 0.0  # as its playlist claims
    start: Piece | None = None  # the initialisation section that must stand before it


@dataclass(frozen=True)
class Film:
    """Everything a playlist names of one rendition, in the order it plays."""

    segments: tuple[Segment, ...]
    is_endless: bool = False  # more segments will come; those named are the newest
    choice: str | None = None  # what of the playlist this is, when it is not all


@dataclass(frozen=True)
class Gathered:
    """The pieces of a film as one blob."""

    blob: str
    size_bytes: int
    mime: str
    parts: tuple[Part, ...]
    sample: str | None  # what of the film this is, when it is not all


def part(name: str, body: bytes) -> Part:
    """Return how fetched bytes are written into the capture."""
    return name, hashlib.sha256(body).hexdigest(), len(body)


def marked(parts: Sequence[Part], sample: str | None) -> tuple[Part, ...]:
    """Return the parts with the sentence about the sample on the first: an address says what was taken of it."""
    if sample is None or not parts:
        return tuple(parts)
    (name, sha256, size), *others = parts
    return ((f"{name}{_SAMPLE}{sample}", sha256, size), *others)


def led(first: Part, parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return the parts behind another one; what the first of them said of the sample is now said on that one."""
    (name, sha256, size), *others = parts
    plain, _, sample = name.partition(_SAMPLE)
    return marked([first, (plain, sha256, size), *others], sample or None)


def sample_of(parts: Iterable[Sequence[object]] | None) -> str | None:
    """Return what of its film a capture holds ("live: 60 s of an endless stream"); None when it holds all of it."""
    first = next(iter(parts or ()), None)
    return str(first[0]).partition(_SAMPLE)[2] or None if first else None


def playlist_body(response: Response, mime: str, parts: list[Part]) -> bytes:
    """Return the bytes of a playlist of this type and write it down as a part. Raises NotAFilm."""
    if response.status >= 400:
        raise NotAFilm(f"the server answered {response.status} for the playlist")
    body = response.body
    if sniff.mime(body) != mime or len(body) > MAX_PLAYLIST_BYTES:
        raise NotAFilm("what the playlist leads to is no playlist")
    parts.append(part(response.url, body))
    return body


def scattered(count: int) -> list[int]:
    """Return 0 to count - 1 in an order of which every beginning is spread evenly (van der Corput's sequence, base 2).

    Fetched in this order a film may be broken off anywhere and is a fair sample of the whole. The beginning of the film
    comes first and is in every sample: decoders count time from the first picture they see.
    """
    bits = max(1, (count - 1).bit_length())
    backwards = (int(f"{number:0{bits}b}"[::-1], 2) for number in range(1 << bits))
    return [number for number in backwards if number < count]


def newest(segments: Sequence[Segment], most_s: float) -> list[int]:
    """Return the places of the last segments that play for at most `most_s` together, the last one in any case."""
    first, seconds = len(segments), 0.0
    while first > 0:
        length_s = max(segments[first - 1].seconds, 1.0)  # a segment that claims no length must not be free
        if first < len(segments) and seconds + length_s > most_s:
            break
        first, seconds = first - 1, seconds + length_s
    return list(range(first, len(segments)))


def scratch(blobs: BlobStore) -> Path:
    """Return the folder for a film in the making: beside the blobs, the system's own may be small, or memory."""
    blobs.root.mkdir(parents=True, exist_ok=True)
    return blobs.root


async def gather(film: Film, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Gathered:
    """Return the film as one blob: all of it, or what the limits allow, spread evenly; of an endless one the newest.

    Raises NotAFilm; a network error of a segment goes up as it is, so that the film is tried again as a whole.
    """
    if not film.segments:
        raise NotAFilm("the playlist names no segments")
    order = newest(film.segments, limits.max_live_s) if film.is_endless else scattered(len(film.segments))
    with tempfile.TemporaryFile(dir=scratch(blobs)) as file:
        store = _Store(file, fetch, limits.max_media_bytes, may_miss=film.is_endless)
        kept: list[int] = []
        for number in order[:MAX_SEGMENTS]:
            if await store.takes(film.segments[number]):
                kept.append(number)
            elif store.is_full:
                break
        if not kept:
            raise NotAFilm(
                f"the film is larger than the limit of {limits.max_media_bytes} bytes"
                if store.is_full
                else "the server has none of its segments any more"
            )
        segments = [film.segments[number] for number in sorted(kept)]
        pieces = _in_order(segments)
        size = sum(store.length(piece) for piece in pieces)
        if size > limits.max_media_bytes:  # initialisation sections that alternate are written again and again
            raise NotAFilm(f"the film is larger than the limit of {limits.max_media_bytes} bytes")
        mime = sniff.mime(store.read(pieces[0])[:CHUNK_BYTES])
        blob = blobs.put_chunks(store.chunks(pieces))
    parts = tuple(store.parts[piece] for piece in dict.fromkeys(pieces))
    return Gathered(blob, size, mime, parts, _sample(film, segments, limits))


def _sample(film: Film, kept: Sequence[Segment], limits: Limits) -> str | None:
    if film.is_endless:
        return f"live: {sum(segment.seconds for segment in kept):.0f} s of an endless stream"
    count = len(film.segments)
    if len(kept) == count:
        return film.choice
    limit = f"{limits.max_media_bytes} bytes" if count <= MAX_SEGMENTS else f"{MAX_SEGMENTS} segments"
    says = f"{len(kept)} of {count} segments, spread evenly: the whole is larger than the limit of {limit}"
    return says if film.choice is None else f"{film.choice}; {says}"


def _in_order(segments: Sequence[Segment]) -> list[Piece]:
    """Return the pieces of a file, initialisation sections before their segments, once for those in a row."""
    pieces: list[Piece] = []
    start: Piece | None = None
    for segment in segments:
        if segment.start is not None and segment.start != start:
            start = segment.start
            pieces.append(start)
        pieces.append(segment.piece)
    return pieces


@dataclass
class _Store:
    """The fetched pieces in one file, in the order they came."""

    file: IO[bytes]
    fetch: Fetch
    limit: int  # bytes
    may_miss: bool  # a segment that is gone is left out
    parts: dict[Piece, Part] = field(default_factory=dict)
    is_full: bool = False
    _places: dict[Piece, int] = field(default_factory=dict)
    _stored: int = 0  # bytes of the file
    _size: int = 0  # bytes of the film, where a piece may stand more than once
    _whole: tuple[str, Response] | None = None  # the last file of a server that ignores ranges; cut, not asked again

    async def takes(self, segment: Segment) -> bool:
        """Fetch a segment and what must stand before it; False when it is gone or does not fit any more."""
        is_new_start = segment.start is not None and segment.start not in self.parts
        wanted = [segment.start, segment.piece] if is_new_start else [segment.piece]
        for piece in filter(None, wanted):
            if piece not in self.parts and not await self._fetched(piece):
                return False
            self._size += self.length(piece)
        if self._size > self.limit:
            self.is_full = True
        return not self.is_full

    async def _fetched(self, piece: Piece) -> bool:
        answer = await self._answer(piece)
        if self.may_miss and answer.status in _EXPIRED:
            return False
        if answer.status >= 400:
            raise NotAFilm(f"the server answered {answer.status} for a segment")
        body = piece.cut(answer)
        if self._stored + len(body) > self.limit:
            self.is_full = True
            return False
        self.file.seek(self._stored)
        self.file.write(body)
        self._places[piece] = self._stored
        self._stored += len(body)
        self.parts[piece] = part(piece.named(), body)
        return True

    async def _answer(self, piece: Piece) -> Response:
        if self._whole is not None and self._whole[0] == piece.url and piece.first_byte is not None:
            return self._whole[1]
        answer = await self.fetch(piece.url, piece.headers())
        if piece.first_byte is not None and answer.status == 200:
            self._whole = piece.url, answer
        return answer

    def length(self, piece: Piece) -> int:
        """Return the bytes of a fetched piece."""
        return self.parts[piece][2]

    def read(self, piece: Piece) -> bytes:
        """Return a fetched piece."""
        self.file.seek(self._places[piece])
        return self.file.read(self.length(piece))

    def chunks(self, pieces: Iterable[Piece]) -> Iterator[bytes]:
        """Yield the pieces one after the other."""
        for piece in pieces:
            yield self.read(piece)
