"""Films that are not one file within the limits: put together from a playlist, or sampled by byte ranges.

No decoder ever sees a playlist or an address; every byte comes through the guarded road.
"""

import re
import tempfile
from dataclasses import dataclass, field, replace

from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response

from config.blobs import BlobStore
from crawlers import dash, excerpt, mp4, playlist, reels, road, sniff
from crawlers.captures import Fetched
from crawlers.reels import Fetch, Film, NotAFilm, Part, Piece, Segment
from crawlers.sources import Limits

PLAYLISTS = (sniff.PLAYLIST, sniff.MPD)
HEAD_BYTES = 64 << 10  # of the first request; mostly holds a short film's whole index
RANGE_BYTES = 8 << 20  # of one request, so that never more than it is held in memory twice
MAX_INDEX_BYTES = 32 << 20
MAX_TOP_BOXES = 16  # before the index
_CONTENT_RANGE = re.compile(rb"^bytes (\d{1,18})-(\d{1,18})/(\d{1,18})$")


async def assemble(url: str, response: Response, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Fetched:
    """Return the film of a playlist as one capture whose parts are the playlists and segments it came from.

    Raises NotAFilm; a network error of a segment goes up as it is, so that the film is tried again as a whole.
    """
    parts: list[Part] = []
    read = dash.read if sniff.mime(response.body) == sniff.MPD else playlist.read
    film, last = await read(response, fetch, parts)
    return await _film(url, last, film, parts, _Road(fetch, blobs, limits))


async def sample(url: str, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Fetched:
    """Return a capture of a medium that is too large for one response, fetched by byte ranges: whole where it fits the
    limit, else stretches spread evenly over an MP4.

    A decoder sees a normal film whose pictures have their own times. Raises NotAFilm, also when the server does not
    keep to ranges; a network error goes up as it is.
    """
    file = await _Remote.opened(url, fetch)
    if file.size <= limits.max_media_bytes:
        return await _whole(url, file, blobs)
    ftyp, moov, end = await _index(file)
    mp4.refuse_many_edits(moov)
    here = _Road(fetch, blobs, limits)
    if mp4.is_fragmented(moov):
        return await _film(url, file.first, await _fragments(file, end), file.parts, here)
    film = mp4.track(moov, file.size)
    kept = excerpt.stretches(film, most=limits.max_stretches, max_bytes=limits.max_media_bytes)
    opening = excerpt.opening(ftyp, sum(one.length for one in kept))
    ending = excerpt.index(film, kept, len(opening))
    with tempfile.TemporaryFile(dir=reels.scratch(blobs)) as media:
        media.write(opening)
        for one in kept:
            media.write(await file.read(one.first_byte, one.length))
        media.write(ending)
        size = media.tell()
        media.seek(0)
        blob = blobs.put_chunks(iter(lambda: media.read(reels.CHUNK_BYTES), b""))
    says = (
        f"{len(kept)} stretches, {excerpt.seconds(film, kept):.0f} s of {film.seconds:.0f} s, spread evenly: "
        f"the whole, {file.size} bytes, is larger than the limit of {limits.max_media_bytes}"
    )
    said = reels.marked(file.parts, says)
    return replace(road.described(url, file.first), mime=sniff.mime(opening), blob=blob, size_bytes=size, parts=said)


async def _whole(url: str, file: "_Remote", blobs: BlobStore) -> Fetched:
    """Return a medium put together from ranges, never more than one of them in memory."""
    kind = sniff.mime(file.first.body)
    if sniff.media_kind(kind) is None:
        raise NotAFilm(f"it is {kind}, no picture, film or sound")
    with tempfile.TemporaryFile(dir=reels.scratch(blobs)) as media:
        media.write(file.first.body)
        while media.tell() < file.size:
            media.write(await file.read(media.tell(), RANGE_BYTES))
        media.seek(0)
        blob = blobs.put_chunks(iter(lambda: media.read(reels.CHUNK_BYTES), b""))
    return replace(road.described(url, file.first), mime=kind, blob=blob, size_bytes=file.size, parts=tuple(file.parts))


@dataclass(frozen=True)
class _Road:
    fetch: Fetch
    blobs: BlobStore
    limits: Limits


async def _film(url: str, response: Response, film: Film, parts: list[Part], here: _Road) -> Fetched:
    whole = await reels.gather(film, here.fetch, here.blobs, here.limits)
    return replace(
        road.described(url, response),
        mime=whole.mime,
        blob=whole.blob,
        size_bytes=whole.size_bytes,
        parts=reels.marked([*parts, *whole.parts], whole.sample),
    )


@dataclass
class _Remote:
    """A file that is read by byte ranges, each of them checked to be what was asked for."""

    url: str  # after redirects, so that they are walked once
    fetch: Fetch
    first: Response
    size: int
    parts: list[Part] = field(default_factory=list)

    @classmethod
    async def opened(cls, url: str, fetch: Fetch) -> "_Remote":
        """Return the file with its first bytes read. Raises NotAFilm when the server does not keep to ranges."""
        piece = Piece(url, 0, HEAD_BYTES)
        first = await _part(piece, fetch)
        made = cls(first.url, fetch, first, _size(first, piece))
        made.parts.append(reels.part(replace(piece, url=first.url, length=len(first.body)).named(), first.body))
        return made

    async def peek(self, at: int) -> bytes:
        """Return what is known of the file from a byte on, at least a box's header. Raises NotAFilm."""
        known: bytes = self.first.body[at:]
        return known if len(known) >= mp4.LONGEST_HEADER else await self.read(at, HEAD_BYTES)

    async def read(self, first_byte: int, length: int) -> bytes:
        """Return bytes of the file; fewer where it ends. Raises NotAFilm."""
        length = min(length, self.size - first_byte)
        if first_byte < 0 or length <= 0:
            raise NotAFilm("its index points beyond its end")
        known: bytes = self.first.body
        if first_byte + length <= len(known):
            return known[first_byte : first_byte + length]
        found = bytearray()
        while len(found) < length:
            found += await self._range(first_byte + len(found), min(RANGE_BYTES, length - len(found)))
        return bytes(found)

    async def _range(self, first_byte: int, length: int) -> bytes:
        piece = Piece(self.url, first_byte, length)
        answer = await _part(piece, self.fetch)
        if _size(answer, piece) != self.size or len(answer.body) != length:
            raise NotAFilm("the file changed while it was read")
        self.parts.append(reels.part(piece.named(), answer.body))
        return bytes(answer.body)

    async def whole(self, at: int, box: mp4.Box, header: bytes) -> bytes:
        """Return all of a box at a byte of the file, of which the beginning is known. Raises NotAFilm."""
        missing = box.end - len(header)
        return header + await self.read(at + len(header), missing) if missing > 0 else header[: box.end]


async def _part(piece: Piece, fetch: Fetch) -> Response:
    try:
        answer = await fetch(piece.url, piece.headers(), piece.length)
    except DownloadCancelledError as whole:  # it began to send more than was asked for
        raise NotAFilm("the server does not keep to byte ranges") from whole
    if answer.status >= 400:
        raise NotAFilm(f"the server answered {answer.status} for a part of it")
    return answer


def _size(answer: Response, piece: Piece) -> int:
    """Return how large the whole file is. Raises NotAFilm when this is not the part that was asked for."""
    found = _CONTENT_RANGE.match(answer.headers.get("Content-Range") or b"")
    if answer.status != 206 or found is None or int(found[1]) != piece.first_byte:
        raise NotAFilm("the server does not keep to byte ranges")
    if int(found[2]) - int(found[1]) + 1 != len(answer.body):
        raise NotAFilm("the server does not keep to byte ranges")
    return int(found[3])


async def _index(file: _Remote) -> tuple[bytes, bytes, int]:
    """Return a film's `ftyp` and `moov`, at its head or behind its media, and where `moov` ends. Raises NotAFilm."""
    ftyp, at = excerpt.PLAIN_FTYP, 0
    if sniff.mime(file.first.body) != "video/mp4":
        raise NotAFilm("only an MP4 can be sampled")
    for _ in range(MAX_TOP_BOXES):
        if at + 8 > file.size:
            raise NotAFilm("it has no index")
        header = await file.peek(at)
        box = mp4.box_at(header, 0, file.size - at)  # media reach far beyond what was read
        if box.kind == b"ftyp" and box.end <= len(header):
            ftyp = header[: box.end]
        if box.kind == b"moov":
            if box.end > MAX_INDEX_BYTES:
                raise NotAFilm("its index is far too large")
            return ftyp, await file.whole(at, box, header), at + box.end
        at += box.end
    raise NotAFilm("it has no index")


async def _fragments(file: _Remote, at: int) -> Film:
    """Return the segments that an index behind `moov` names."""
    if at + 8 > file.size:
        raise NotAFilm("it has no index")
    header = await file.peek(at)
    box = mp4.box_at(header, 0, file.size - at)
    if box.kind != b"sidx" or box.end > MAX_INDEX_BYTES:
        raise NotAFilm("its pictures are listed all over the file, which cannot be sampled")
    sidx = await file.whole(at, box, header)
    start = Piece(file.url, 0, at)
    return Film(
        tuple(
            Segment(Piece(file.url, one.first_byte, one.length), one.seconds, start)
            for one in mp4.subsegments(sidx, at + box.end)
        )
    )
