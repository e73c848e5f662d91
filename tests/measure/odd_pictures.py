"""Draws the odd, broken and hostile pictures of `tests.measure.hostile` from one seed; nothing is taken from anywhere.

Two sorts: families, which hold each odd file that has a name, and the damages of `tests.measure.damage`, of which there
is no end. Everything is small, except what has to be large to be hostile.
"""

import gzip
import io
import itertools
import struct
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from fingerprints.testing import drawing
from tests.measure import damage, odd_files

T = TypeVar("T")
SEED = 20261122
SIZE = (96, 72)
FORMATS = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF", "tif": "TIFF", "bmp": "BMP"}


@dataclass(frozen=True)
class Odd:
    """One odd file."""

    family: str
    name: str  # of the file, with an extension that may lie
    content: bytes


def picture(mode: str = "RGB", size: tuple[int, int] = SIZE, seed: int = 1) -> Image.Image:
    """Return a drawing in one of Pillow's modes."""
    drawn = Image.fromarray(drawing(seed, *size))
    if mode == "I;16":
        return Image.fromarray(np.asarray(drawn.convert("L")).astype(np.uint16) * 257)
    if mode in {"RGBA", "LA"}:
        drawn.putalpha(Image.linear_gradient("L").resize(size))
    return drawn.convert(mode)


def saved(made: Image.Image, extension: str, **more: Any) -> bytes:
    """Return a picture as a file, in the format of an extension or in one of Pillow's."""
    out = io.BytesIO()
    made.save(out, FORMATS.get(extension, extension), **more)
    return out.getvalue()


def _animated(extension: str, mode: str = "RGB", **more: Any) -> bytes:
    rest = [picture(mode, seed=seed) for seed in (2, 3)]
    return saved(picture(mode), extension, save_all=True, append_images=rest, duration=80, **more)


def _jpegs() -> dict[str, bytes]:
    grey, cmyk = picture("L"), saved(picture("CMYK"), "jpg")
    return {
        "baseline.jpg": saved(picture(), "jpg"),
        "progressive.jpg": saved(picture(), "jpg", progressive=True),
        "several.jpg": _animated("MPO"),
        "cmyk.jpg": cmyk,
        "ycck.jpg": cmyk.replace(b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2"),
        "grey.jpg": saved(grey, "jpg"),
        "grey-progressive.jpg": saved(grey, "jpg", progressive=True),
        "coarse.jpg": saved(picture(), "jpg", quality=1),
        "fine.jpg": saved(picture(), "jpg", quality=100, subsampling=0),
        "422.jpg": saved(picture(), "jpg", subsampling=1),
        "rgb.jpg": saved(picture(), "jpg", keep_rgb=True),
        "restarts.jpg": saved(picture(), "jpg", restart_marker_blocks=1),
        "large.jpg": saved(picture(size=(1155, 866)), "jpg"),
    }


def _pngs() -> dict[str, bytes]:
    made = {
        "palette-alpha.png": saved(picture("P"), "png", transparency=bytes(range(256))),
        "moving.png": _animated("png"),
        "alpha.png": saved(picture("RGBA"), "png"),
        "rgb.png": saved(picture(), "png"),
        "grey-alpha.png": saved(picture("LA"), "png"),
        "palette.png": saved(picture("P"), "png"),
        "palette-clear.png": saved(picture("P"), "png", transparency=3),
        "key.png": saved(picture(), "png", transparency=(255, 0, 0)),
        "grey-key.png": saved(picture("L"), "png", transparency=9),
        "deep.png": saved(picture("I;16"), "png"),
        "line.png": saved(picture("1"), "png"),
    }
    for colours, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            made[f"type{colours}-{depth}bit.png"] = odd_files.png(colours, depth)
            made[f"type{colours}-{depth}bit-laced.png"] = odd_files.png(colours, depth, laced=True)
    return made


def _gifs() -> dict[str, bytes]:
    return {
        "still.gif": saved(picture(), "gif"),
        "moving-clear.gif": _animated("gif", "RGBA", disposal=2),
        "moving.gif": _animated("gif"),
        "clear.gif": saved(picture("P"), "gif", transparency=7),
        "grey.gif": saved(picture("L"), "gif"),
        "rows.gif": saved(picture(), "gif", interlace=0),
        "line.gif": saved(picture("1"), "gif"),
    }


def _webps() -> dict[str, bytes]:
    return {
        "lossy.webp": saved(picture(), "webp"),
        "moving-alpha.webp": _animated("webp", "RGBA"),
        "lossless.webp": saved(picture(), "webp", lossless=True),
        "alpha.webp": saved(picture("RGBA"), "webp"),
        "moving.webp": _animated("webp"),
    }


def _avifs() -> dict[str, bytes]:
    return {
        "still.avif": saved(picture(), "avif", speed=10),
        "alpha.avif": saved(picture("RGBA"), "avif", speed=10),
        "moving.avif": _animated("avif", speed=10),
        "444.avif": saved(picture(), "avif", subsampling="4:4:4", speed=10),
    }


def _tiffs() -> dict[str, bytes]:
    packings = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")
    modes = ("I;16", "F", "CMYK", "L", "LA", "RGBA", "P", "I", "YCbCr")
    return {
        "pages.tif": _animated("tif"),
        **{f"{packing}.tif": saved(picture(), "tif", compression=packing) for packing in packings},
        **{f"{fax}.tif": saved(picture("1"), "tif", compression=fax) for fax in ("group3", "group4", "tiff_ccitt")},
        **{f"{mode.replace(';', '')}.tif": saved(picture(mode), "tif") for mode in modes},
    }


def _bmps() -> dict[str, bytes]:
    return {f"{mode}.bmp": saved(picture(mode), "bmp") for mode in ("P", "RGBA", "1", "L", "RGB")}


@cache
def whole() -> Mapping[str, bytes]:
    """Return every sort of sound picture that is opened here, by the name of its file; the formats take turns."""
    formats = (_jpegs(), _pngs(), _gifs(), _webps(), _avifs(), _tiffs(), _bmps())
    return dict(_in_turn([iter(made.items()) for made in formats]))


def turned() -> Iterator[tuple[str, bytes]]:
    """Every EXIF orientation in every format that holds EXIF, and orientations that there are none of."""
    for orientation, extension in itertools.product((*range(10), 255, 65535), ("jpg", "png", "webp", "tif", "avif")):
        exif = Image.Exif()
        exif[0x0112] = orientation
        more = {"speed": 10} if extension == "avif" else {}
        if extension != "avif" or 1 <= orientation <= 8:
            yield f"turned{orientation}.{extension}", saved(picture(), extension, exif=exif, **more)


def broken_exif() -> Iterator[tuple[str, bytes]]:
    """EXIF that leads nowhere, in circles or out of the file."""
    for (name, exif), extension in itertools.product(odd_files.exifs().items(), ("jpg", "png", "webp")):
        yield f"{name}.{extension}", saved(picture(), extension, exif=b"Exif\0\0" + exif)


def thin() -> Iterator[tuple[str, bytes]]:
    """Pictures of one pixel, of one line and of one long strip."""
    long = (2, 9, 640, 16383)
    sizes = [(1, 1), (2, 2), (3, 5000), (100, 8000), *((1, side) for side in long)]
    for (width, height), extension in itertools.product(sizes, FORMATS):
        for size in {(width, height), (height, width)}:
            more = {"speed": 10} if extension == "avif" else {}
            yield f"{size[0]}x{size[1]}.{extension}", saved(picture(size=size), extension, **more)
    for mode, size in itertools.product(("1", "L", "P", "RGBA", "I;16"), ((1, 1), (1, 30_000), (200_000, 1))):
        yield f"{mode.replace(';', '')}-{size[0]}x{size[1]}.png", saved(picture(mode, size), "png")


def wrong_name() -> Iterator[tuple[str, bytes]]:
    """Sound pictures under the name of another format."""
    endings = (*FORMATS, "mp4", "txt", "html", "svg", "", "jpg.exe", "JPEG", "漫画")
    for (name, content), ending in itertools.product(list(whole().items())[::9], endings):
        yield f"{name.replace('.', '-')}.{ending}", content


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Pictures that are something else as well."""
    page, script = b"<html><script>alert(1)</script></html>", b"/*"
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as packed:
        packed.writestr(zipfile.ZipInfo("inner.jpg"), whole()["baseline.jpg"])  # of 1980: the same bytes every day
    tails = {
        "zip": box.getvalue(),
        "html": page,
        "php": b"<?php system($_GET[0]); ?>",
        "zeros": bytes(9999),
        "pdf": b"%PDF-1.7",
    }
    for (name, content), (what, tail) in itertools.product(list(whole().items())[::5], tails.items()):
        yield f"then-{what}-{name}", content + tail
        yield f"after-{what}-{name}", tail + content
    for name in ("baseline.jpg", "rgb.png", "still.gif", "lossy.webp"):
        yield f"twice-{name}", whole()[name] * 2
    yield (
        "comment.jpg",
        whole()["baseline.jpg"][:2]
        + b"\xff\xfe"
        + struct.pack(">H", 2 + len(page))
        + page
        + whole()["baseline.jpg"][2:],
    )
    yield "script.gif", b"GIF89a" + script + whole()["still.gif"][8:] + b"*/=1;alert(1)"


def nested() -> Iterator[tuple[str, bytes]]:
    """Pictures inside something else, which nobody asked for to be unpacked."""
    for name in ("baseline.jpg", "rgb.png", "still.gif", "lossy.webp", "still.avif"):
        content = whole()[name]
        yield f"gzip-{name}", gzip.compress(content, mtime=0)
        yield f"zlib-{name}", zlib.compress(content)
        yield f"base64-{name}", b64encode(content)
        yield f"url-{name}", b"data:image/jpeg;base64," + b64encode(content)
        yield f"http-{name}", b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + content
        yield f"mail-{name}", b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + content + b"\r\n--x--"
        yield f"thumbnail-{name}", odd_files.with_segment(whole()["baseline.jpg"], 0xE1, b"Exif\0\0" + content[:60_000])
        yield (
            f"chunk-{name}",
            damage.png([*damage.png_chunks(whole()["rgb.png"])[:-1], (b"prVt", content), (b"IEND", b"")]),
        )
        yield f"pushed-{name}", b"\r\n" + content
        yield f"marked-{name}", b"\xef\xbb\xbf" + content
        yield f"text-{name}", content.decode("latin-1").encode("utf-8")


FAMILIES: dict[str, Callable[[], Iterator[tuple[str, bytes]]]] = {
    "sound": lambda: iter(whole().items()),
    "turned": turned,
    "broken EXIF": broken_exif,
    "thin": thin,
    "wrong name": wrong_name,
    "polyglots": polyglots,
    "nested": nested,
    "claims": lambda: odd_files.claims(whole()),
    "bombs": odd_files.bombs,
    "foreign": odd_files.foreign,
    "stubs": odd_files.stubs,
}


def _damaged(family: str, seed: int, number: int) -> Odd:
    """Return one damaged picture; every third one has been damaged twice, in two ways."""
    random = np.random.default_rng((seed, zlib.crc32(family.encode()), number))
    names = list(whole())
    name = names[int(random.integers(len(names)))]
    content = damage.DAMAGES[family](whole()[name], random)
    if number % 3 == 0 and len(content) > 64:
        content = damage.flip_bits(content, random)
    return Odd(family, f"{number}-{name}", content)


def _spliced(seed: int, number: int) -> Odd:
    """Return the beginning of one picture and the end of another."""
    random = np.random.default_rng((seed, number))
    names = list(whole())
    one, other = (names[int(place)] for place in random.integers(0, len(names), 2))
    head, tail = whole()[one], whole()[other]
    content = head[: int(random.integers(3, len(head)))] + tail[int(random.integers(0, len(tail))) :]
    return Odd("spliced", f"{number}-{one}", content)


def _fuzzed_exif(seed: int, number: int) -> Odd:
    random = np.random.default_rng((seed, number))
    exifs = list(odd_files.exifs().values())
    exif = damage.claim_lengths(exifs[number % len(exifs)] + random.bytes(40), random)
    extension = ("jpg", "png", "webp")[number % 3]
    return Odd("fuzzed EXIF", f"{number}.{extension}", saved(picture(), extension, exif=b"Exif\0\0" + exif))


def odd_pictures(count: int, seed: int = SEED) -> Iterator[Callable[[], Odd]]:
    """Yield makers of odd pictures, to be called by whoever has time: some of each family for a small count, all of
    them for a large one, and the rest damaged pictures without end."""
    rows: dict[str, Iterator[Callable[[], Odd]]] = {name: _family(name) for name in FAMILIES}
    for family in damage.DAMAGES:
        rows[family] = _endless(partial(_damaged, family, seed))
    rows["spliced"] = _endless(partial(_spliced, seed))
    rows["fuzzed EXIF"] = _endless(partial(_fuzzed_exif, seed))
    named = [rows[name] for name in FAMILIES]
    yield from itertools.islice(_in_turn([*named, *rows.values()]), count)


def _family(name: str) -> Iterator[Callable[[], Odd]]:
    for file, content in FAMILIES[name]():
        yield partial(Odd, name, file, content)


def _endless(make: Callable[[int], Odd]) -> Iterator[Callable[[], Odd]]:
    return (partial(make, number) for number in itertools.count())


def _in_turn(rows: list[Iterator[T]]) -> Iterator[T]:
    """Yield one of each row, again and again, until every row is at its end."""
    while rows:
        for row in list(rows):
            try:
                yield next(row)
            except StopIteration:
                rows = [other for other in rows if other is not row]
