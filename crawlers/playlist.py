"""HLS: what a playlist names of one film. Lowest rendition; an encrypted one is left alone; it fetches no segment."""

import math
from functools import partial

import m3u8
from scrapy.http import Response

from crawlers import reels, sniff, urls
from crawlers.reels import Fetch, Film, NotAFilm, Part, Piece, Segment

LONGEST_SEGMENT_S = 600.0  # a claim beyond it is taken for no claim


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


def film(text: str, url: str) -> Film:
    """Return the film's segments in order; without EXT-X-ENDLIST it is endless (RFC 8216, 4.3.3.4). Raises NotAFilm."""
    if text.count("#EXTINF") > reels.MAX_LISTED:  # asked before the parser spends a second on every fifty thousand
        raise NotAFilm("the playlist names more segments than any film has")
    media = _parsed(text, url)
    if any(key is not None and key.method not in (None, "NONE") for key in media.keys):
        raise NotAFilm("the playlist is encrypted")
    if not media.segments:
        raise NotAFilm("the playlist names no segments")
    segments: list[Segment] = []
    ends: dict[str, int] = {}  # where the last range of a file ended; "BYTERANGE:n" without "@" goes on there
    for segment in media.segments:
        section = segment.init_section
        start = None if section is None else _piece(section.absolute_uri, section.byterange, ends)
        piece = _piece(segment.absolute_uri, segment.byterange, ends)
        segments.append(Segment(piece, _seconds(segment.duration), start))
    return Film(tuple(segments), is_endless=not media.is_endlist)


def _seconds(claimed: float | None) -> float:
    if claimed is None or not math.isfinite(claimed) or not 0 < claimed <= LONGEST_SEGMENT_S:
        return 0.0
    return float(claimed)


def _piece(address: str, byterange: str | None, ends: dict[str, int]) -> Piece:
    url = urls.canonical(address)
    if url is None:
        raise NotAFilm("the playlist names a segment that is no web address")
    if not byterange:
        return Piece(url)
    length, _, offset = byterange.partition("@")
    try:
        piece = Piece(url, int(offset) if offset else ends.get(url, 0), int(length))
    except ValueError as wrong:
        raise NotAFilm("the playlist names a byte range that is none") from wrong
    assert piece.first_byte is not None
    assert piece.length is not None
    if piece.first_byte < 0 or piece.length <= 0:
        raise NotAFilm("the playlist names a byte range that is none")
    ends[url] = piece.first_byte + piece.length
    return piece


def _parsed(text: str, url: str) -> m3u8.M3U8:
    try:
        return reels.briefly(partial(m3u8.loads, text, uri=url))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as broken:  # the parser's own, on broken lines
        raise NotAFilm("the playlist cannot be read") from broken


async def read(response: Response, fetch: Fetch, parts: list[Part]) -> tuple[Film, Response]:
    """Return the film a playlist leads to and the response that names its segments. Raises NotAFilm."""
    text = _text(response, parts)
    lower = rendition(text, response.url)
    if lower is not None:
        response = await fetch(lower, {})
        text = _text(response, parts)
        if rendition(text, response.url) is not None:
            raise NotAFilm("the playlist leads to another list of renditions")
    return film(text, response.url), response


def _text(response: Response, parts: list[Part]) -> str:
    return reels.playlist_body(response, sniff.PLAYLIST, parts).decode("utf-8", errors="replace")
