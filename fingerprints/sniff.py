"""Says what a file is by its first bytes, never by its name. Refuses everything that is not one picture, film or sound
in one file: text, pages, drawings made of markup, and playlists, which would make the decoder open other files."""

import re
from dataclasses import dataclass
from typing import Literal

from config.errors import MekikiError

HEAD_BYTES = 4096
PACKET_BYTES = 188  # of an MPEG transport stream (ISO/IEC 13818-1)


class Unreadable(MekikiError):
    """The file cannot be decoded; the message says why in one sentence."""


@dataclass(frozen=True)
class Format:
    """What the first bytes say."""

    family: Literal["picture", "film or sound"]
    name: str  # for people
    decoder: str  # Pillow's name of the format, or the libavformat demuxers that may open it, by commas


def _picture(name: str, decoder: str = "") -> Format:
    return Format("picture", name, decoder or name)


def _stream(name: str, demuxers: str) -> Format:
    return Format("film or sound", name, demuxers)


_MP4 = _stream("MP4", "mov")
_MP3 = _stream("MP3", "mp3")
_TRANSPORT = _stream("MPEG transport stream", "mpegts")

# Magic numbers in the order they are tried; "." is any byte.
_FORMATS: tuple[tuple[bytes, Format], ...] = (
    (rb"\xff\xd8\xff", _picture("JPEG")),
    (rb"\x89PNG\r\n\x1a\n", _picture("PNG")),
    (rb"GIF8[79]a", _picture("GIF")),
    (rb"RIFF....WEBP", _picture("WebP", "WEBP")),
    (rb"BM....\x00\x00\x00\x00", _picture("BMP")),
    (rb"II\*\x00|MM\x00\*", _picture("TIFF")),
    (rb"....ftyp(avif|avis)", _picture("AVIF")),
    (rb"....(ftyp|moov|mdat|moof|styp|sidx|free|skip|wide|pnot)", _MP4),
    (rb"\x1a\x45\xdf\xa3", _stream("Matroska or WebM", "matroska")),
    (rb"RIFF....AVI ", _stream("AVI", "avi")),
    (rb"RIFF....WAVE|RF64....WAVE", _stream("WAV", "wav")),
    (rb"FORM....AIF[FC]", _stream("AIFF", "aiff")),
    (rb"FLV\x01", _stream("FLV", "flv")),
    (rb"OggS", _stream("Ogg", "ogg")),
    (rb"fLaC", _stream("FLAC", "flac")),
    (rb"ID3", _stream("MP3", "mp3,aac,flac")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _stream("Windows Media", "asf")),
    (rb"\x00\x00\x01\xba", _stream("MPEG program stream", "mpeg")),
    (rb"\x00\x00\x01\xb3", _stream("MPEG video", "mpegvideo")),
    (rb"G.{187}(G|$)", _TRANSPORT),
    (rb"....G.{191}(G|$)", _TRANSPORT),  # with a time stamp of four bytes before each packet, as cameras write it
    (rb"\xff[\xf0\xf1\xf8\xf9]", _stream("AAC", "aac")),
    (rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xfd]", _MP3),
)
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (rb"....ftyp(heic|heix|hevc|mif1|msf1)", "it is a HEIC picture, which is not supported; convert it to JPEG or PNG"),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "it is a JPEG XL picture, which is not supported; convert it to JPEG or PNG"),
    (
        rb"\xff\x4f\xff\x51|\x00\x00\x00\x0cjP  ",
        "it is a JPEG 2000 picture, which is not supported; convert it to JPEG or PNG",
    ),
    (rb"8BPS", "it is a Photoshop document; save it as PNG"),
    (rb"\s*#EXTM3U", "it is a playlist, which only names other files; give those files"),
    (rb"\s*ffconcat\b", "it is a playlist, which only names other files; give those files"),
    (rb"\s*\[playlist\]", "it is a playlist, which only names other files; give those files"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg\b", "it is an SVG drawing, which is markup"),
    (rb"\s*(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body|script)\b", "it is an HTML page"),
    (rb"\s*<MPD\b|\s*<\?xml[^>]*>\s*<MPD\b", "it is a playlist, which only names other files; give those files"),
    (rb"%PDF-", "it is a PDF document; give its pages as pictures"),
    (rb"PK\x03\x04", "it is a zip archive; unpack it first"),
    (rb"Rar!\x1a\x07", "it is a RAR archive; unpack it first"),
    (rb"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive; unpack it first"),
    (rb"\x1f\x8b", "it is a gzip archive; unpack it first"),
)


def sniff(head: bytes) -> Format:
    """Return what a file is by its first HEAD_BYTES bytes. Raises Unreadable."""
    if not head:
        raise Unreadable("The file is empty.")
    for magic, why in _REFUSED:
        if re.match(magic, head, re.DOTALL | re.IGNORECASE):
            raise Unreadable(f"This is not a picture, film or sound: {why}.")
    for magic, found in _FORMATS:
        if re.match(magic, head, re.DOTALL):
            return found
    what = "it is text" if _is_text(head) else "its first bytes belong to no format that is known here"
    raise Unreadable(f"This is not a picture, film or sound: {what}.")


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16 with its mark
    try:
        head[:-3].decode("utf-8")  # the last character may be cut
    except UnicodeDecodeError:
        return not any(byte < 9 for byte in head)
    return True
