"""Files written byte by byte, because no library would write them: rare sorts of PNG, EXIF in circles, headers that
lie, bombs, and what is no picture at all."""

import itertools
import struct
import zlib
from collections.abc import Iterator, Mapping

import numpy as np

from tests.measure.damage import PNG_MAGIC, chunk, png_chunks
from tests.measure.damage import png as png_of

WIDTH, HEIGHT = 96, 72
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG colour type (ISO/IEC 15948, 11.2.2): samples a pixel
# Adam7 (ISO/IEC 15948, 8.2): first column, first row, columns apart, rows apart
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(colours: int, depth: int, *, laced: bool = False) -> bytes:
    """Return a sound PNG of one colour type and bit depth, interlaced when asked."""
    samples = np.random.default_rng((colours, depth)).integers(0, 1 << depth, (HEIGHT, WIDTH, _CHANNELS[colours]))
    passes = [samples[top::down, left::right] for left, top, right, down in _PASSES] if laced else [samples]
    rows = b"".join(_row(row, depth) for part in passes for row in part)
    palette = [(b"PLTE", (bytes(range(256)) * 3)[: 3 << depth])] if colours == 3 else []
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colours, 0, 0, int(laced))
    return png_of([(b"IHDR", header), *palette, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def _row(samples: np.ndarray, depth: int) -> bytes:
    flat = samples.reshape(-1)
    if depth == 16:
        return b"\0" + flat.astype(">u2").tobytes()
    bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
    return b"\0" + np.packbits(bits.reshape(-1)).tobytes()


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """Return a JPEG with one more segment at its start."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", min(len(body) + 2, 0xFFFF)) + body + jpeg[2:]


def ifd(entries: list[tuple[int, int, int, bytes]], *, after: int = 0, order: str = "<") -> bytes:
    """Return a TIFF header and one directory of (tag, type, count, value or offset)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    rows = b"".join(struct.pack(order + "HHI", *row[:3]) + row[3].ljust(4, b"\0") for row in entries)
    return head + struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "I", after)


def exifs() -> dict[str, bytes]:
    """Return EXIF blocks that are odd or broken, by what is wrong with them."""
    turn = (0x0112, 3, 1, b"\6")
    huge = 0xFFFFFFFF
    return {
        "empty": b"", "no-header": b"nonsense", "half-header": b"II*\0", "offset-out": b"II*\0\xff\xff\xff\x7f",
        "no-entries": ifd([]), "circle": ifd([turn], after=8), "sound": ifd([turn]),
        "big-endian": ifd([turn], order=">"), "orientation-as-text": ifd([(0x0112, 2, 4, b"six\0")]),
        "orientation-as-bytes": ifd([(0x0112, 7, 4, b"\6")]),
        "orientation-as-fraction": ifd([(0x0112, 5, 1, b"\x1a")]) + b"\6\0\0\0\0\0\0\0",
        "orientation-as-float": ifd([(0x0112, 11, 1, struct.pack("<f", float("nan")))]),
        "orientation-infinite": ifd([(0x0112, 11, 1, struct.pack("<f", float("inf")))]),
        "orientations": ifd([(0x0112, 3, 2, b"\6\0\3\0")]), "no-orientations": ifd([(0x0112, 3, 0, b"")]),
        "huge-count": ifd([(0x0112, 3, huge, b"\6")]), "unknown-type": ifd([(0x0112, 99, 1, b"\6")]),
        "twice": ifd([turn, (0x0112, 3, 1, b"\3")]), "directory-in-itself": ifd([(0x8769, 4, 1, b"\x08"), turn]),
        "places-in-itself": ifd([(0x8825, 4, 1, b"\x08"), turn]), "entries-missing": ifd([turn])[:8] + b"\xff\xff",
        "text-out-of-file": ifd([turn, (0x010E, 2, 9999, b"\xff\xff\xff\x7f")]), "zeros": bytes(64),
        "thumbnail-out-of-file": ifd([turn], after=26) + ifd([(0x0201, 4, 1, b"\xff\xff")])[8:],
        "maker-note": ifd([turn, (0x927C, 7, 3000, b"\x1a")]) + bytes(3000),
        "header-twice": b"Exif\0\0" + ifd([turn]),
    }  # fmt: skip


def claims(whole: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Headers that claim 400 megapixels, nothing, or the most that fits, with small contents behind them."""
    sizes = (
        (20_000, 20_000),
        (0, 0),
        (1, 0xFFFF),
        (0xFFFF, 0xFFFF),
        (0, 72),
        (7070, 7070),
        (0xFFFFFFFF, 1),
        (1, 0x7FFFFFFF),
    )
    for width, height in sizes:
        name = f"{width}x{height}"
        big, low = struct.pack(">II", width, height), struct.pack("<II", width, height)
        two = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
        body = damaged_header(whole["rgb.png"], big)
        yield f"{name}.png", body
        for sort in ("baseline", "progressive", "cmyk"):
            yield f"{name}-{sort}.jpg", _jpeg_of_size(whole[f"{sort}.jpg"], two[3:1:-1] + two[1::-1])
        yield f"{name}.gif", whole["still.gif"][:6] + two + whole["still.gif"][10:]
        yield f"{name}.bmp", whole["RGB.bmp"][:18] + low + whole["RGB.bmp"][26:]
        yield f"{name}.tif", _tiff_of_size(whole["raw.tif"], width, height)
        yield f"{name}-packed.tif", _tiff_of_size(whole["tiff_lzw.tif"], width, height)
        at = whole["still.avif"].index(b"ispe") + 8
        yield f"{name}.avif", whole["still.avif"][:at] + big + whole["still.avif"][at + 8 :]
        at = whole["alpha.webp"].index(b"VP8X") + 12
        canvas = struct.pack("<I", width & 0xFFFFFF)[:3] + struct.pack("<I", height & 0xFFFFFF)[:3]
        yield f"{name}.webp", whole["alpha.webp"][:at] + canvas + whole["alpha.webp"][at + 6 :]
    upside_down = struct.pack("<ii", WIDTH, -HEIGHT)
    yield "top-down.bmp", whole["RGB.bmp"][:18] + upside_down + whole["RGB.bmp"][26:]
    for marker, sort in itertools.product(
        (0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCF), ("baseline", "progressive")
    ):
        content = whole[f"{sort}.jpg"]  # another way of coding than the data have: arithmetic, lossless, hierarchical
        yield (
            f"sof{marker:x}-{sort}.jpg",
            content.replace(b"\xff\xc0", bytes([0xFF, marker])).replace(b"\xff\xc2", bytes([0xFF, marker])),
        )
    for depth, colours in itertools.product((0, 3, 8, 32), (1, 2, 5, 7)):
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colours, 0, 0, 0)
        yield f"depth{depth}-type{colours}.png", damaged_header(whole["rgb.png"], header)


def damaged_header(content: bytes, start: bytes) -> bytes:
    """Return a PNG whose header begins with other bytes, under a right checksum."""
    (kind, header), *rest = png_chunks(content)
    return png_of([(kind, start + header[len(start) :]), *rest])


def _jpeg_of_size(content: bytes, size: bytes) -> bytes:
    at = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2")) + 5
    return content[:at] + size + content[at + 4 :]


def _tiff_of_size(content: bytes, width: int, height: int) -> bytes:
    """Return the TIFF with other values of ImageWidth and ImageLength (256, 257), wherever its directory lies."""
    at = int.from_bytes(content[4:8], "little")
    out = bytearray(content)
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(content[at : at + 2], "little"), 12):
        tag = int.from_bytes(out[entry : entry + 2], "little")
        if tag in {256, 257}:
            out[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, width if tag == 256 else height)
    return bytes(out)


def _rows(width_bytes: int, height: int) -> bytes:
    """Return zeros, packed, for as many rows, without holding them all."""
    packer = zlib.compressobj(9)
    row = bytes(width_bytes + 1)
    return b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()


def _flat(width: int, height: int, depth: int, colours: int) -> bytes:
    """Return a sound PNG of one colour, far smaller than what it holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    rows = _rows(width * depth * _CHANNELS[colours] // 8, height)
    palette = [(b"PLTE", bytes(6))] if colours == 3 else []
    return png_of([(b"IHDR", header), *palette, (b"IDAT", rows), (b"IEND", b"")])


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that become large, or take long, once they are opened."""
    small = png(2, 8)
    zeros = zlib.compress(bytes(64 << 20), 9)
    yield "400-megapixels.png", _flat(20_000, 20_000, 1, 0)
    yield "49-megapixels.png", _flat(7000, 7000, 8, 6)
    yield "scans.jpg", scan_bomb(2000)
    for kind, body in {
        "profile": (b"iCCP", b"icc\0\0" + zeros), "text": (b"zTXt", b"Comment\0\0" + zeros),
        "words": (b"iTXt", b"Comment\0\1\0\0\0" + zeros), "unknown": (b"mkKi", zeros),
    }.items():  # fmt: skip
        head, *rest = png_chunks(small)
        yield f"{kind}.png", png_of([head, body, *rest])
    yield "too-much-data.png", png_of([*png_chunks(small)[:1], (b"IDAT", zeros), (b"IEND", b"")])
    yield (
        "many-texts.png",
        png_of([*png_chunks(small)[:1], *[(b"tEXt", b"a\0" + bytes(900))] * 5000, *png_chunks(small)[1:]]),
    )
    yield (
        "many-profiles.png",
        png_of([*png_chunks(small)[:1], *[(b"iCCP", b"icc\0\0" + zeros)] * 20, *png_chunks(small)[1:]]),
    )
    yield "empty-data.png", png_of([*png_chunks(small)[:1], *[(b"IDAT", b"")] * 50_000, *png_chunks(small)[1:]])
    yield (
        "animation.png",
        png_of([*png_chunks(small)[:1], (b"acTL", struct.pack(">II", 0xFFFFFFF, 0)), *png_chunks(small)[1:]]),
    )
    yield "49-megapixels-palette.png", _flat(7000, 7000, 1, 3)
    yield "16-bit-48-megapixels.png", _flat(6900, 6900, 16, 6)


def scan_bomb(scans: int, side: int = 1600) -> bytes:
    """Return a progressive JPEG that draws the whole picture `scans` times over (the libjpeg-turbo authors' "two issues
    with the JPEG standard"): every pass is a few bytes, and costs as much time as a picture."""
    tables = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 11, 8, side, side, 1) + b"\x01\x11\x00"
    # One AC code, of one bit: a run of blocks without any coefficient (EOB14), of 16,384 if 14 bits of zero follow.
    codes = b"\xff\xc4" + struct.pack(">HB", 20, 0x10) + b"\x01" + bytes(15) + b"\xe0"
    one_dc = b"\xff\xc4" + struct.pack(">HB", 20, 0x00) + b"\x01" + bytes(15) + b"\x00"
    blocks = (side // 8) ** 2
    first = b"\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00" + bytes(blocks // 8 + 1)
    again = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00" + bytes(2 * (1 + blocks // 16384))
    return b"\xff\xd8" + tables + frame + one_dc + codes + first + again * scans + b"\xff\xd9"


def foreign() -> Iterator[tuple[str, bytes]]:
    """What is no picture, under a picture's name."""
    words = {
        "text": b"just words\n", "page": b"<!DOCTYPE html><title>404</title>",
        "page-late": b"\n\n <html><body>gone</body></html>",
        "drawing": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "drawing-xml": b"<?xml version='1.0'?><!-- a --><svg width='1e9' height='1e9'/>",
        "list": b"#EXTM3U\nfile:///etc/passwd\n",
        "entities": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>",
        "json": b'{"error": "not found"}', "script": b"push graphic-context\nfill 'url(https://127.0.0.1/\"|ls)'",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n", "pdf": b"%PDF-1.7\n", "zip": b"PK\3\4" + bytes(60),
        "rar": b"Rar!\x1a\7\0", "gzip": b"\x1f\x8b\x08\0" + bytes(20), "utf-16": "漫画".encode("utf-16"),
        "shift-jis": "海賊版".encode("shift_jis") * 20, "program": b"\x7fELF" + bytes(200),
        "windows": b"MZ\x90\0" + bytes(200), "heic": b"\0\0\0\x18ftypheic" + bytes(40),
        "jxl": b"\xff\x0a" + bytes(40), "jxl-boxed": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
        "jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), "ico": b"\0\0\1\0\1\0\x10\x10" + bytes(40),
        "psd": b"8BPS\0\1" + bytes(40), "tga": b"\0\0\2" + bytes(40), "ppm": b"P6 9 9 255\n" + bytes(243),
        "qoi": b"qoif" + bytes(40), "big-tiff": b"II+\0\x08\0\0\0" + bytes(40), "flash": b"FWS\x09" + bytes(40),
        "fonts": b"OTTO" + bytes(40), "torrent": b"d8:announce9:udp://x/ye",
    }  # fmt: skip
    for number, (name, content) in enumerate(words.items()):
        yield f"{name}.{('jpg', 'png', 'webp', 'mp4')[number % 4]}", content


def stubs() -> Iterator[tuple[str, bytes]]:
    """Nothing, and the first bytes of every format with nothing sensible behind them."""
    yield "nothing.jpg", b""
    yield "one-byte.jpg", b"\xff"
    magics = {
        "jpg": b"\xff\xd8\xff", "png": PNG_MAGIC, "gif": b"GIF89a", "webp": b"RIFF\x40\0\0\0WEBP",
        "bmp": b"BM\x40\0\0\0\0\0\0\0", "tif": b"II*\0", "tiff": b"MM\0*", "avif": b"\0\0\0\x1cftypavif",
        "mp4": b"\0\0\0\x20ftypisom", "mkv": b"\x1a\x45\xdf\xa3", "avi": b"RIFF\x40\0\0\0AVI ",
        "wav": b"RIFF\x40\0\0\0WAVE", "flv": b"FLV\1", "ogg": b"OggS", "flac": b"fLaC", "mp3": b"ID3\4",
        "wmv": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "mpg": b"\0\0\1\xba", "m2v": b"\0\0\1\xb3", "aac": b"\xff\xf1",
        "aiff": b"FORM\0\0\0\x40AIFF",
    }  # fmt: skip
    noise = np.random.default_rng(5).bytes(5000)
    tails = {"": b"", "-zeros": bytes(5000), "-ones": b"\xff" * 5000, "-noise": noise, "-chunk": chunk(b"IEND", b"")}
    for (what, tail), (extension, magic) in itertools.product(tails.items(), magics.items()):
        yield f"stub{what}.{extension}", magic + tail
