"""Opens a still picture inside a decoding child and yields one upright RGB frame. Refuses a picture of too many pixels
by its header, before anything is decoded."""

import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fingerprints.interface import Frame, MediaFacts
from fingerprints.limits import Limits
from fingerprints.sniff import Format, Unreadable

LONG_SIDE_PX = 1024  # of the frame the kinds see
_WIDE_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")  # grey with more than eight bits
_DAMAGE = (  # what Pillow's readers raise on damaged files
    OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error,
)  # fmt: skip


def read_picture(
    path: Path, form: Format, limits: Limits, *, long_side_px: int = LONG_SIDE_PX
) -> tuple[MediaFacts, Frame]:
    """Return the facts (original size, as displayed) and the frame, scaled down to fit. Raises Unreadable."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = limits.max_pixels
    with path.open("rb") as file:
        try:
            return _read(file, form, limits, long_side_px)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
            raise _too_large(form, limits) from bomb
        except MemoryError as full:
            raise Unreadable(f"This {form.name} picture needs more memory than a decoder may use.") from full
        except _DAMAGE as broken:
            raise Unreadable(f"This {form.name} picture is damaged or broken off{_reason(broken)}.") from broken


def _reason(broken: Exception) -> str:
    """Return Pillow's own words in brackets, unless they only repeat the name of the file."""
    if isinstance(broken, UnidentifiedImageError) or not str(broken):
        return ""
    return f" ({str(broken).splitlines()[0][:100].rstrip('.')})"


def _read(file: BinaryIO, form: Format, limits: Limits, long_side_px: int) -> tuple[MediaFacts, Frame]:
    with Image.open(file, formats=[form.decoder]) as image:
        width, height = image.size
        if width * height > limits.max_pixels:
            raise _too_large(form, limits)
        image.draft("RGB", (long_side_px, long_side_px))  # a JPEG is decoded at 1/2, 1/4 or 1/8 when that is enough
        upright = ImageOps.exif_transpose(image)
        if (upright.width >= upright.height) != (width >= height):
            width, height = height, width
        return MediaFacts("image", width, height), Frame(shrink(_rgb(upright), long_side_px))


def shrink(pixels: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """Return the pixels scaled down so that the long side fits; smaller ones as they are."""
    height, width = pixels.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Return eight-bit RGB; what is transparent shows white, as on most pages."""
    if image.mode in _WIDE_MODES:
        grey = np.asarray(image).astype(np.int64)
        deep = grey >> 8 if grey.max(initial=0) > 255 else grey
        return np.repeat(deep.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode == "F":
        return np.repeat(_stretched(np.asarray(image))[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, "white")
        return np.asarray(Image.alpha_composite(white, over).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _stretched(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return floating-point grey stretched over 0 to 255; its scale is nowhere defined."""
    known = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = known.min(initial=0.0), known.max(initial=0.0)
    return np.asarray((known - low) * (255 / max(high - low, 1e-12)), np.uint8)


def _too_large(form: Format, limits: Limits) -> Unreadable:
    return Unreadable(
        f"This {form.name} picture has more than {limits.max_pixels:,} pixels (decode.max_pixels); it was not opened."
    )
