"""Opens a still picture inside a decoding child and yields one upright RGB frame. Refuses a picture of too many pixels
by its header, before anything is decoded. Opens what browsers show, for that is what people see, and no more."""

import contextlib
import re
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile

from fingerprints.interface import Frame, MediaFacts
from fingerprints.limits import Limits
from fingerprints.sniff import Format, Unreadable

# The frame the kinds see has this long side ...
LONG_SIDE_PX = 512
# ... but keeps this much of its short side: a scrolled comic (webtoon) is ten times as high as wide, and nothing could
# be told apart in a ribbon of 51 pixels ...
SHORT_SIDE_PX = 256
# ... until its long side reaches this.
MOST_LONG_SIDE_PX = 8192

# Down to this scale, mixing four pixels is as good as averaging areas, in a fifth of the time: PDQ and SIFT of 30
# pictures differ nearly as little from those of a Lanczos copy.
NEARLY = 1.2
MOST_SCANS = 500  # of one JPEG: ten are usual; each may cost as much time as a picture and take up but a few bytes
MOST_LOST = 0.1  # of a JPEG that is broken off: a browser shows it, and what is left is still that picture
_START_OF_SCAN = b"\xff\xda\x00"  # ITU-T T.81, table B.1, and the high byte of the header's length
_UNDRAWN = (126, 130)  # grey: what libjpeg leaves where it has no data

_WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # grey with more than eight bits
_TURNS = {  # EXIF orientation (CIPA DC-008, 4.6.5.1.6): how to set the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})
_DAMAGE = (  # what Pillow's readers raise on damaged files
    OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error,
    AssertionError, AttributeError,
)  # fmt: skip


def read_picture(
    path: Path, form: Format, limits: Limits, *, long_side_px: int | None = None
) -> tuple[MediaFacts, Frame]:
    """Return the facts (original size, as displayed) and the frame, never enlarged. Raises Unreadable.

    Without `long_side_px` the frame is the one the kinds see, `frame_size`; else its long side is at most that.
    """
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    with path.open("rb") as file:
        try:
            return _read(file, form, limits, long_side_px)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
            raise _too_large(form, limits) from bomb
        except MemoryError as full:
            raise Unreadable(
                f"This {form.name} picture needs more memory than a decoder may use (decode.memory_mb)."
            ) from full
        except _DAMAGE as broken:
            raise Unreadable(
                f"This {form.name} picture is damaged or broken off{_reason(broken)}; fetch it again or save it anew."
            ) from broken


def frame_size(width: int, height: int) -> tuple[float, float]:
    """Return the size, in fractions of pixels, of the frame the kinds see of a picture of this size."""
    long, short = max(width, height), min(width, height)
    scale = min(1.0, max(LONG_SIDE_PX / long, SHORT_SIDE_PX / short), MOST_LONG_SIDE_PX / long)
    return width * scale, height * scale


def _fitted(width: int, height: int, long_side_px: int) -> tuple[float, float]:
    scale = min(1.0, long_side_px / max(width, height))
    return width * scale, height * scale


def _reason(broken: Exception) -> str:
    """Return in brackets what is the matter, where Pillow says more than that it failed."""
    words = str(broken).partition("\n")[0][:100]
    if "truncated" in words.lower():
        return " (it ends too early)"
    is_telling = words.isprintable() and re.match(r"Unsupported \w|\d+% of it is missing", words)
    return f" ({words})" if is_telling else ""


def _read(file: BinaryIO, form: Format, limits: Limits, long_side_px: int | None) -> tuple[MediaFacts, Frame]:
    if form.name != "JPEG":
        return _decoded(file, form, limits, long_side_px)
    _refuse_endless_passes(file)
    try:
        return _decoded(file, form, limits, long_side_px)
    except OSError as broken:
        if "is truncated" not in str(broken):
            raise
        return _decoded(file, form, limits, long_side_px, is_cut=True)


def _refuse_endless_passes(file: BinaryIO) -> None:
    if file.read().count(_START_OF_SCAN) > MOST_SCANS:
        raise Unreadable(
            f"This JPEG picture is drawn in more than {MOST_SCANS} passes, as a trap is; it was not opened."
        )


def _decoded(
    file: BinaryIO, form: Format, limits: Limits, long_side_px: int | None, *, is_cut: bool = False
) -> tuple[MediaFacts, Frame]:
    file.seek(0)
    with _forgiving():  # what stands around the pixels may be broken: a text, a checksum, a profile
        image = Image.open(file, formats=[form.decoder])
    with image:
        width, height = image.size
        if width * height > limits.max_pixels:
            raise _too_large(form, limits)
        size = frame_size(width, height) if long_side_px is None else _fitted(width, height, long_side_px)
        # A JPEG is decoded at 1/2, 1/4 or 1/8 when that is enough. Rounded down, so that half is enough for a half.
        image.draft("RGB", (max(1, int(size[0])), max(1, int(size[1]))))
        with _forgiving() if is_cut else contextlib.nullcontext():
            image.load()
        if is_cut and (lost := _lost(image)) > MOST_LOST:
            raise OSError(f"{lost:.0%} of it is missing")
        turn = _orientation(image)
        pixels = _shrunk(image, turn, (max(1, round(size[0])), max(1, round(size[1]))))
    if turn in _SIDEWAYS:
        width, height = height, width
    return MediaFacts("image", width, height), Frame(pixels)


@contextlib.contextmanager
def _forgiving() -> Iterator[None]:
    """Let Pillow go on where the data are broken or end."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _lost(image: Image.Image) -> float:
    """Return which share of a picture's lines, from below, was never drawn."""
    lines = np.asarray(image).reshape(image.height, -1)
    is_drawn = (lines.min(axis=1) < _UNDRAWN[0]) | (lines.max(axis=1) > _UNDRAWN[1])
    return float(np.argmax(is_drawn[::-1])) / image.height if is_drawn.any() else 1.0


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded picture; 1, upright, when it has none or its EXIF is broken, as browsers
    show it."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _DAMAGE:
        return 1


def _shrunk(image: Image.Image, orientation: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the upright RGB pixels of a loaded picture, scaled down to `size`, which is given as the file lies."""
    small = _plain(image)
    factor = max(1, min(image.width // size[0], image.height // size[1]))
    if factor > 1:  # whole steps first, and before anything else: the fewer pixels, the less there is to convert
        small = small.reduce(factor)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    if small.mode != "RGB":
        small = small.convert("RGB")
    if orientation in _TURNS:
        small = small.transpose(_TURNS[orientation])
        size = size[::-1] if orientation in _SIDEWAYS else size
    pixels = np.asarray(small)
    if small.size != size:
        how = cv2.INTER_LINEAR if small.width <= NEARLY * size[0] else cv2.INTER_AREA
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)
    return pixels


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture with eight bits a channel: grey, RGB, or RGBA when it may show through."""
    if image.mode in _WIDE_MODES:
        grey = np.asarray(image)
        return Image.fromarray((grey >> 8 if grey.max(initial=0) > 255 else grey).clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        return Image.fromarray(_stretched(np.asarray(image)))
    if image.has_transparency_data:  # shown on white, as on most pages
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return floating-point grey stretched over 0 to 255; its scale is nowhere defined."""
    known = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = known.min(initial=0.0), known.max(initial=0.0)
    return np.asarray((known - low) * (255 / max(high - low, 1e-12)), np.uint8)


def _too_large(form: Format, limits: Limits) -> Unreadable:
    return Unreadable(
        f"This {form.name} picture has more than {limits.max_pixels:,} pixels (decode.max_pixels); it was not opened."
    )
