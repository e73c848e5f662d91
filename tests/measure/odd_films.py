"""Odd, broken and hostile films, made from small sound ones byte by byte: what a site serves when it means harm, or
when an upload went wrong. Everything is made here; nothing is a recording of a real attack.

Each is answered by a description or by one sentence (tests/measure/hostile.py says what a good answer is).
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from fingerprints.testing import drawing
from tests.fingerprints import media
from tests.measure.odd_pictures import Odd

SECONDS = 2
MANY_EDITS = 20_000  # followed, they would keep a decoder busy for a minute
CUTS = 6  # places at which every film is broken off
PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts", b"moof", b"traf")
MKV_SIZE_ANY, MKV_SIZE_MOST = b"\x01" + b"\xff" * 7, b"\x01" + b"\xff" * 6 + b"\xfe"  # EBML: unknown, and 64 petabytes
Edit = Callable[[bytes], bytes]  # of the body of a box


def sound_films(folder: Path) -> dict[str, bytes]:
    """Return small films that nothing is wrong with, by name."""
    made = {}
    for extension in ("mp4", "mkv", "webm", "ts", "avi", "flv", "mov"):
        has_sound = extension in ("mp4", "mkv", "webm")
        path = media.drawn_film(folder / f"whole.{extension}", SECONDS, sound=has_sound)
        made[path.name] = path.read_bytes()
    shots = [drawing(seed) for seed in range(SECONDS)]
    made["pieces.mp4"] = media.film(folder / "pieces.mp4", shots, fragmented=True).read_bytes()
    made["melody.wav"] = media.wav(folder / "melody.wav").read_bytes()
    return made


def odd_films(folder: Path, port: int) -> list[Odd]:
    """Return every odd film; those that name an address name a loopback one, at `port`."""
    whole = sound_films(folder)
    made = [Odd("sound", name, content) for name, content in whole.items()]
    made += [Odd("broken off", name, content) for name, content in _broken_off(whole)]
    for family, makers in _FAMILIES.items():
        made += [Odd(family, name, content) for name, content in makers(whole)]
    return made + [
        Odd("names others", name, content) for name, content in names_others(whole["whole.mp4"], port, folder)
    ]


def _broken_off(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    for name, content in whole.items():
        for cut in range(1, CUTS):
            yield f"{cut}-of-{CUTS}-{name}", content[: len(content) * cut // CUTS]
    content = whole["pieces.mp4"]
    for box in (b"ftyp", b"moov", b"moof", b"mdat"):  # in the middle of a box's own head
        yield f"in-{box.decode()}.mp4", content[: content.index(box) + 6]


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, body) of the boxes of an MP4 (ISO/IEC 14496-12, 4.2), as far as they make sense."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            return
        yield kind, content[at + 8 : at + size]
        at += size


def box(kind: bytes, body: bytes) -> bytes:
    """Return one box."""
    return struct.pack(">I", len(body) + 8) + kind + body


def edited(content: bytes, kind: bytes, edit: Edit) -> bytes:
    """Return the MP4 with every box of a kind edited, and the sizes of the boxes around it put right."""
    out = []
    for name, body in boxes(content):
        if name == kind:
            out.append(box(name, edit(body)))
        else:
            out.append(box(name, edited(body, kind, edit) if name in PARENTS else body))
    return b"".join(out)


def with_box(content: bytes, parent: bytes, more: bytes) -> bytes:
    """Return the MP4 with one more box at the start of each parent of a kind; the pictures must come before `moov`."""
    return edited(content, parent, lambda body: more + body)


def _put(at: int, value: bytes) -> Edit:
    return lambda body: body[:at] + value + body[at + len(value) :]


def _always(body: bytes) -> Edit:
    return lambda _: body


def _durations(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Headers that lie about how long the film is, or what a second is."""
    content = whole["whole.mp4"]
    for name, value in {"nothing": 0, "a-day": 86_400_000, "most": 0xFFFFFFFF, "negative": 0x80000000}.items():
        packed = struct.pack(">I", value)
        for kind, at in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):  # version 0
            yield f"{kind.decode()}-lasts-{name}.mp4", edited(content, kind, _put(at, packed))
    for name, value in {"zero": 0, "one": 1, "most": 0xFFFFFFFF}.items():
        packed = struct.pack(">I", value)
        for kind in (b"mvhd", b"mdhd"):
            yield f"{kind.decode()}-seconds-of-{name}.mp4", edited(content, kind, _put(12, packed))


def _sizes(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Frames that claim to be 16,000 pixels wide and high, or nothing at all."""
    for side in (0, 1, 16_000, 65_535):
        two = struct.pack(">HH", side, side)
        at = whole["whole.mp4"].index(b"avc1") + 4 + 24
        yield f"{side}-entry.mp4", whole["whole.mp4"][:at] + two + whole["whole.mp4"][at + 4 :]
        fixed = struct.pack(">II", side << 16, side << 16)
        yield f"{side}-track.mp4", edited(whole["whole.mp4"], b"tkhd", _put(76, fixed))
        content = bytearray(whole["whole.webm"])
        for name in (b"\xb0", b"\xba"):  # PixelWidth, PixelHeight, of two bytes each
            found = content.find(name + b"\x82")
            if found >= 0:
                content[found + 2 : found + 4] = struct.pack(">H", side)
        yield f"{side}-track.webm", bytes(content)
        key = whole["whole.webm"].index(b"\x9d\x01\x2a") + 3  # VP8's start of a keyframe (RFC 6386, 9.1): the real size
        yield (
            f"{side}-frame.webm",
            whole["whole.webm"][:key]
            + struct.pack("<HH", side & 0x3FFF, side & 0x3FFF)
            + (whole["whole.webm"][key + 4 :]),
        )


def _times(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Time stamps that stand still, go back or leap, and edit lists that make no sense."""
    content = whole["whole.mp4"]
    for name, delta in {"still": 0, "leap": 0x7FFFFFFF, "back": 0xFFFFFF00, "most": 0xFFFFFFFF}.items():
        yield f"stts-{name}.mp4", edited(content, b"stts", _put(12, struct.pack(">I", delta)))
    offsets = struct.pack(">II", 0x01000000, 1) + struct.pack(">Ii", 36, -2_000_000)
    yield "ctts-back.mp4", edited(content, b"ctts", _always(offsets))
    lists = {
        "beyond": [(1000, 10_000_000, 1)], "before": [(1000, -5, 1)], "empty": [(0, 0, 1)],
        "backwards": [(1000, 500, -1)],
        "stopped": [(1000, 0, 0)], "most": [(0xFFFFFFFF, 0x7FFFFFFF, 1)], "gap": [(0xFFFFFFFF, -1, 1), (1000, 0, 1)],
        "many": [(1, number % 900, 1) for number in range(MANY_EDITS)],
    }  # fmt: skip
    bare = edited(content, b"edts", _always(b""))
    for name, rows in lists.items():
        body = struct.pack(">II", 0, len(rows)) + b"".join(struct.pack(">Iihh", *row, 0) for row in rows)
        yield f"elst-{name}.mp4", edited(bare, b"edts", _always(box(b"elst", body)))
    yield "elst-too-few.mp4", edited(bare, b"edts", _always(box(b"elst", struct.pack(">II", 0, 0xFFFFFFF))))
    packets = [whole["whole.ts"][at : at + 188] for at in range(0, len(whole["whole.ts"]), 188)]
    yield "packets-backwards.ts", b"".join([*packets[:3], *packets[:2:-1]])
    yield "twice.ts", whole["whole.ts"] * 2  # the clock begins again


def _tables(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Films of no frames, of too many, and tables that point out of the file."""
    content = whole["whole.mp4"]
    none = {b"stts": struct.pack(">II", 0, 0), b"stsz": struct.pack(">III", 0, 0, 0), b"stco": struct.pack(">II", 0, 0)}
    empty = content
    for kind, body in none.items():
        empty = edited(empty, kind, _always(body))
        yield f"no-{kind.decode()}.mp4", edited(content, kind, _always(body))
    yield "no-frames.mp4", empty
    yield "no-pictures-at-all.mp4", b"".join(box(*each) for each in boxes(content) if each[0] != b"mdat")
    yield "no-tracks.mp4", edited(content, b"trak", _always(b""))
    yield "frames-of-4-GB.mp4", edited(content, b"stsz", _put(4, struct.pack(">II", 0xFFFFFFF0, 0x7FFFFFFF)))
    yield "many-frames.mp4", edited(content, b"stsz", _put(4, struct.pack(">II", 1, 0x0FFFFFFF)))
    yield "chunks-out.mp4", edited(content, b"stco", _put(8, b"\xff\xff\xff\xf0"))
    yield "box-in-itself.mp4", with_box(content, b"trak", struct.pack(">I", 1) + b"trak" + b"\0" * 8)
    yield "deep.mp4", content + _deep(2000)
    yield "without-sound.mp4", whole["pieces.mp4"]
    yield "only-sound.mp4", whole["melody.wav"]
    silent = edited(content, b"hdlr", lambda body: body.replace(b"vide", b"soun"))
    yield "pictures-called-sound.mp4", silent


def _deep(levels: int) -> bytes:
    body = b""
    for _ in range(levels):
        body = box(b"moov", body)
    return body


def _matroska(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """EBML elements that claim to be petabytes, to end nowhere, or to lie inside themselves."""
    content = whole["whole.mkv"]
    elements = {"segment": b"\x18\x53\x80\x67", "tracks": b"\x16\x54\xae\x6b", "cluster": b"\x1f\x43\xb6\x75",
                "info": b"\x15\x49\xa9\x66", "seek": b"\x11\x4d\x9b\x74"}  # fmt: skip
    for name, mark in elements.items():
        at = content.find(mark)
        if at < 0:
            continue
        size = _size_bytes(content[at + 4])
        for title, huge in {"any": MKV_SIZE_ANY, "most": MKV_SIZE_MOST, "none": b"\x80"}.items():
            yield f"{name}-{title}.mkv", content[: at + 4] + huge + content[at + 4 + size :]
    block = content.find(b"\xa3", content.find(elements["cluster"]))  # SimpleBlock
    yield "block-most.mkv", content[: block + 1] + MKV_SIZE_MOST + content[block + 2 :]
    yield "private-data-most.mkv", content.replace(b"\x63\xa2", b"\x63\xa2" + MKV_SIZE_MOST, 1)
    yield (
        "segments-in-segments.mkv",
        content[: content.index(elements["segment"])] + ((elements["segment"] + MKV_SIZE_ANY) * 3000),
    )
    yield "void.mkv", content[: content.index(elements["segment"])] + b"\xec" + MKV_SIZE_MOST + bytes(500)
    yield "head-alone.mkv", b"\x1a\x45\xdf\xa3" + MKV_SIZE_MOST


def _size_bytes(first: int) -> int:
    """Return how many bytes an EBML size has, by its first byte."""
    return 9 - first.bit_length() if first else 8


_FAMILIES: dict[str, Callable[[Mapping[str, bytes]], Iterator[tuple[str, bytes]]]] = {
    "durations": _durations, "sizes": _sizes, "times": _times, "tables": _tables, "matroska": _matroska,
}  # fmt: skip


def names_others(film: bytes, port: int, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield playlists under a film's name, and films whose pictures lie elsewhere: in a file, or behind an address."""
    web, file = f"http://127.0.0.1:{port}/a.ts", f"file://{folder}/whole.ts"
    for title, url in {"web": web, "file": file, "path": f"{folder}/whole.ts", "data": "data:text/plain,x"}.items():
        lists = {
            "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n",
            "hls-late": f"\n\n \n#EXTM3U\n#EXTINF:9,\n{url}\n", "hls-mark": f"\ufeff#EXTM3U\n#EXTINF:9,\n{url}\n",
            "hls-key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:9,\n{url}\n',
            "hls-map": f'#EXTM3U\n#EXT-X-MAP:URI="{url}"\n#EXTINF:9,\n{url}\n',
            "concat": f"ffconcat version 1.0\nfile '{url}'\n", "pls": f"[playlist]\nFile1={url}\n",
            "dash": f"<?xml version='1.0'?><MPD><BaseURL>{url}</BaseURL></MPD>",
            "smil": f"<smil><body><video src='{url}'/></body></smil>", "sdp": f"v=0\nu={url}\nc=IN IP4 127.0.0.1\n",
            "asx": f"<asx version='3.0'><entry><ref href='{url}'/></entry></asx>", "ram": f"{url}\n",
        }  # fmt: skip
        for name, content in lists.items():
            yield f"{name}-{title}.mp4", content.encode()
        elsewhere = _elsewhere(url.encode() + b"\0")
        yield f"pictures-elsewhere-{title}.mp4", edited(film, b"dref", _always(elsewhere))
        yield f"list-in-a-film-{title}.mp4", box(b"ftyp", b"isom\0\0\2\0isom") + lists["hls"].encode()
        yield f"list-behind-a-tag-{title}.mp3", b"ID3\4\0\0\0\0\0\0" + lists["hls"].encode()
        yield f"list-behind-packets-{title}.ts", b"G" + bytes(187) + b"G" + lists["hls"].encode()


def _elsewhere(url: bytes) -> bytes:
    """Return a data reference box that is not "in this file" (ISO/IEC 14496-12, 8.7.2)."""
    return (
        struct.pack(">II", 0, 2)
        + box(b"url ", struct.pack(">I", 0) + url)
        + box(b"alis", struct.pack(">I", 0) + struct.pack(">IH", 0, 140) + url.ljust(140, b"\0"))
    )
