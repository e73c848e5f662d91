"""HLS: a playlist becomes one film. Lowest rendition, every segment fetched by the guarded road, all of it bounded."""

import hashlib
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import m3u8
from scrapy.http import Response

from config.blobs import BlobStore
from config.errors import MekikiError
from crawlers import road, sniff, urls
from crawlers.captures import Fetched
from crawlers.sources import Limits

Fetch = Callable[[str, dict[str, str]], Awaitable[Response]]
MAX_SEGMENTS = 3_000  # a film of five hours in segments of six seconds; a live stream never ends
MAX_PLAYLIST_BYTES = 4 << 20


class NotAFilm(MekikiError):
    """A playlist that cannot become a film; the message says why."""


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
        return {"Range": f"bytes={self.first_byte}-{self.first_byte + self.length - 1}"}

    def cut(self, response: Response) -> bytes:
        """Return the stretch, also from a server that ignored the range and sent the whole file."""
        if self.first_byte is None or self.length is None or response.status == 206:
            return response.body
        return response.body[self.first_byte : self.first_byte + self.length]

    def named(self) -> str:
        """Return the piece as it is written into the capture."""
        return self.url if self.first_byte is None else f"{self.url}#bytes={self.first_byte}+{self.length}"


def rendition(text: str, url: str) -> str | None:
    """Return the address of a master playlist's lowest rendition; None when the playlist itself holds the segments.

    The lowest is enough: fingerprints look at small pictures, and the site's bandwidth is not ours to spend.
    """
    variants = [variant for variant in _parsed(text, url).playlists if variant.uri]
    if not variants:
        return None
    films = [one for one in variants if not _is_sound_only(one.stream_info.codecs)] or variants
    lowest = min(films, key=lambda one: one.stream_info.bandwidth or 0)
    return urls.canonical(lowest.absolute_uri)


def _is_sound_only(codecs: str | None) -> bool:
    return codecs is not None and all(
        codec.strip().startswith(("mp4a", "ac-3", "ec-3", "opus")) for codec in codecs.split(",")
    )


def pieces(text: str, url: str) -> list[Piece]:
    """Return the film's pieces in order, initialisation sections before their segments. Raises NotAFilm."""
    media = _parsed(text, url)
    if any(key is not None and key.method not in (None, "NONE") for key in media.keys):
        raise NotAFilm("the playlist is encrypted")
    if not media.segments:
        raise NotAFilm("the playlist names no segments")
    found: list[Piece] = []
    ends: dict[str, int] = {}  # where the last range of a file ended; "BYTERANGE:n" without "@" goes on there
    section: Piece | None = None
    for segment in media.segments[:MAX_SEGMENTS]:
        if segment.init_section is not None:
            start = _piece(segment.init_section.absolute_uri, segment.init_section.byterange, ends)
            if start != section:
                section = start
                found.append(start)
        found.append(_piece(segment.absolute_uri, segment.byterange, ends))
    return found


def _piece(address: str, byterange: str | None, ends: dict[str, int]) -> Piece:
    url = urls.canonical(address)
    if url is None:
        raise NotAFilm("the playlist names a segment that is no web address")
    if not byterange:
        return Piece(url)
    length, _, offset = byterange.partition("@")
    try:
        first = int(offset) if offset else ends.get(url, 0)
        piece = Piece(url, first, int(length))
    except ValueError as wrong:
        raise NotAFilm("the playlist names a byte range that is none") from wrong
    ends[url] = first + int(length)
    return piece


def _parsed(text: str, url: str) -> m3u8.M3U8:
    try:
        return m3u8.loads(text, uri=url)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as broken:  # the parser's own, on broken lines
        raise NotAFilm("the playlist cannot be read") from broken


async def assemble(url: str, response: Response, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Fetched:
    """Return the film of a playlist as one capture whose parts are the playlists and segments it came from.

    Raises NotAFilm; a network error of a segment goes up as it is, so that the film is tried again as a whole.
    """
    parts: list[tuple[str, str, int]] = []
    text = _text(response, parts)
    lower = rendition(text, response.url)
    where = response.url
    if lower is not None:
        response = await fetch(lower, {})
        where = response.url
        text = _text(response, parts)
        if rendition(text, where) is not None:
            raise NotAFilm("the playlist leads to another list of renditions")
    with tempfile.TemporaryFile(dir=_scratch(blobs)) as film:
        size = 0
        for piece in pieces(text, where):
            answer = await fetch(piece.url, piece.headers())
            if answer.status >= 400:
                raise NotAFilm(f"the server answered {answer.status} for a segment")
            body = piece.cut(answer)
            size += len(body)
            if size > limits.max_media_bytes:
                raise NotAFilm(f"the film is larger than the limit of {limits.max_media_bytes} bytes")
            parts.append((piece.named(), hashlib.sha256(body).hexdigest(), len(body)))
            film.write(body)
        film.seek(0)
        blob = blobs.put_chunks(iter(lambda: film.read(1 << 20), b""))
        film.seek(0)
        head = film.read(4096)
    return replace(road.described(url, response), mime=sniff.mime(head), blob=blob, size_bytes=size, parts=tuple(parts))


def _scratch(blobs: BlobStore) -> Path:
    blobs.root.mkdir(parents=True, exist_ok=True)  # beside the blobs: the system's own may be small, or memory
    return blobs.root


def _text(response: Response, parts: list[tuple[str, str, int]]) -> str:
    """Return the text of a playlist and write it down as a part. Raises NotAFilm."""
    if response.status >= 400:
        raise NotAFilm(f"the server answered {response.status} for the playlist")
    body = response.body
    if sniff.mime(body) != sniff.PLAYLIST or len(body) > MAX_PLAYLIST_BYTES:
        raise NotAFilm("what the playlist leads to is no playlist")
    parts.append((response.url, hashlib.sha256(body).hexdigest(), len(body)))
    return body.decode("utf-8", errors="replace")
