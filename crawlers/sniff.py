"""What bytes are, read off the bytes: a header or a file name is a claim, and copies lie about it."""

import codecs
import re

from crawlers.interface import MediaKind

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\x00\x00\x00\x0cJXL ", "image/jxl"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),  # Matroska's too; both are opened by the same decoder
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"mif1": "image/heic",
           b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}  # fmt: skip
_MARKUP = re.compile(rb"<(?:!doctype html|html|head|body|title|script|div|p|h1|a|meta|!--)\b", re.IGNORECASE)
TS_PACKET_BYTES = 188
PLAYLIST = "application/vnd.apple.mpegurl"
MPD = "application/dash+xml"
_MANIFEST = re.compile(rb"<(?:[\w.-]{1,40}:)?MPD[\s>]|<!DOCTYPE\s+MPD\b")


def mime(body: bytes) -> str:
    """Return what the bytes are; "application/octet-stream" when nothing tells."""
    head = body[:4096]
    if not head:
        return "application/x-empty"
    if head[4:8] in (b"ftyp", b"styp", b"moov", b"moof"):
        return _BRANDS.get(head[8:12], "video/mp4") if head[4:8] == b"ftyp" else "video/mp4"
    for offset, magic, name in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:1] == b"\x47" and body[TS_PACKET_BYTES : TS_PACKET_BYTES + 1] in (b"\x47", b""):
        return "video/mp2t"
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2:  # MPEG audio layer III, or II
        return "audio/mpeg"
    return _text(head, is_cut=len(body) > len(head))


def _text(head: bytes, *, is_cut: bool) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"#EXTM3U"):
        return PLAYLIST
    if (_MANIFEST.search if start.startswith(b"<?xml") else _MANIFEST.match)(start):
        return MPD
    if start.lower().startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in head):
        return "image/svg+xml"
    if _MARKUP.search(head):
        return "text/html"
    if start.startswith(b"<?xml"):
        return "application/xml"
    if start[:1] in (b"{", b"["):
        return "application/json"
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=not is_cut)  # a cut may split the last character
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def media_kind(mime_type: str) -> MediaKind | None:
    """Return which kind of medium a sniffed type is; None for anything that is no picture, film or sound.

    SVG is markup that may run scripts, so it is no picture here.
    """
    if mime_type == "image/svg+xml":
        return None
    for kind in ("image", "video", "audio"):
        if mime_type.startswith(f"{kind}/"):
            return kind
    return None
