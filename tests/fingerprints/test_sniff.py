"""What a file is, by its first bytes."""

import pytest

from fingerprints.sniff import Unreadable, sniff
from fingerprints.testing import drawing
from tests.fingerprints import media

REFUSED = (
    (b"", "empty"),
    (b"only words, whatever the name says\n", "it is text"),
    ("目利き\n".encode() * 200, "it is text"),
    ("words".encode("utf-16"), "it is text"),
    (b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1/secret\n", "playlist"),
    (b"ffconcat version 1.0\nfile /etc/passwd\n", "playlist"),
    (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    (b"<!DOCTYPE html><html></html>", "HTML"),
    (b'<?xml version="1.0"?><MPD profiles="x"/>', "playlist"),
    (b"%PDF-1.7\n", "PDF"),
    (b"PK\x03\x04" + bytes(30), "zip"),
    (b"\x00\x00\x00\x20ftypheic" + bytes(30), "HEIC"),
    (b"\xff\x0a" + bytes(30), "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"8BPS\x00\x01", "Photoshop"),
    (bytes(300), "no format"),
    (b"\x7fELF\x02\x01\x01" + bytes(300), "no format"),
)
KNOWN = (
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WebP"),
    (b"GIF89a" + bytes(10), "GIF"),
    (b"\x00\x00\x00\x20ftypavif", "AVIF"),
    (b"\x00\x00\x00\x20ftypisom", "MP4"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"RIFF\x00\x00\x00\x00AVI LIST", "AVI"),
    (b"G" + bytes(187) + b"G" + bytes(187) + b"G", "MPEG transport stream"),
    (bytes(4) + b"G" + bytes(191) + b"G" + bytes(191), "MPEG transport stream"),
    (b"ID3\x04\x00" + bytes(10), "MP3"),
    (b"\xff\xfb\x90\x00", "MP3"),
    (b"\xff\xf1\x50\x80", "AAC"),
    (b"OggS\x00\x02", "Ogg"),
    (b"fLaC\x00", "FLAC"),
)


@pytest.mark.parametrize(("head", "why"), REFUSED)
def test_what_is_no_medium_is_refused_in_one_sentence(head: bytes, why: str):
    with pytest.raises(Unreadable, match=why) as refused:
        sniff(head)
    assert str(refused.value).endswith(".")
    assert str(refused.value).count(". ") == 0


@pytest.mark.parametrize(("head", "name"), KNOWN)
def test_media_are_known_by_their_bytes(head: bytes, name: str):
    assert sniff(head).name == name


def test_real_files_are_known_whatever_their_name(tmp_path):
    path = media.drawn_film(tmp_path / "a.mkv", 1)
    assert sniff(path.read_bytes()[:4096]).name == "Matroska or WebM"
    assert sniff(media.wav(tmp_path / "a.wav").read_bytes()).name == "WAV"
    assert sniff(media.png_that_claims(3, 3)).name == "PNG"
    assert sniff(media.jpeg(media.Image.fromarray(drawing()))).name == "JPEG"
