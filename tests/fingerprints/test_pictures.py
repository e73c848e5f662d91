"""Pictures come out upright, in RGB, small, and what they claim is checked before they are opened."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fingerprints.interface import Frame, MediaFacts
from fingerprints.pictures import read_picture
from fingerprints.sniff import Unreadable, sniff
from fingerprints.testing import drawing
from tests.fingerprints import media


def read(content: bytes, tmp_path: Path) -> tuple[MediaFacts, Frame]:
    path = tmp_path / "picture"
    path.write_bytes(content)
    return read_picture(path, sniff(content), media.LIMITS)


def saved(picture: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def test_a_large_picture_is_scaled_down_and_keeps_its_shape(tmp_path):
    facts, frame = read(media.jpeg(Image.fromarray(drawing(1, 3000, 1500))), tmp_path)
    assert (facts.width, facts.height) == (3000, 1500)
    assert frame.pixels.shape == (512, 1024, 3)


def test_a_small_picture_is_never_enlarged(tmp_path):
    assert read(media.jpeg(media.flat("red", 30, 20)), tmp_path)[1].pixels.shape == (20, 30, 3)


def test_a_picture_taken_sideways_is_turned_upright(tmp_path):
    picture = media.flat("white", 80, 40)
    picture.paste("black", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it a quarter clockwise
    facts, frame = read(media.jpeg(picture, exif=exif), tmp_path)
    assert (facts.width, facts.height) == (40, 80)
    assert frame.pixels.shape == (80, 40, 3)
    assert frame.pixels[:35].mean() < 20
    assert frame.pixels[45:].mean() > 235


def test_what_is_transparent_shows_white(tmp_path):
    half = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert (read(saved(half, "PNG"), tmp_path)[1].pixels == 255).all()
    palette = half.convert("P")
    assert read(saved(palette, "GIF", transparency=palette.getpixel((0, 0))), tmp_path)[1].pixels.min() == 255


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "I;16", "I", "F", "LAB"])
def test_every_colour_mode_becomes_rgb(mode: str, tmp_path):
    grey = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None], 64, axis=0))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        picture = Image.new("LAB", grey.size) if mode == "LAB" else grey.convert(mode)
    pixels = read(saved(picture, "TIFF"), tmp_path)[1].pixels
    assert pixels.shape == (64, 256, 3)
    assert pixels.dtype == np.uint8
    if mode not in {"1", "LAB"}:
        assert np.abs(pixels[10, :, 1].astype(int) - np.arange(256)).max() <= 3


def test_of_an_animation_the_first_picture_is_seen(tmp_path):
    content = saved(media.flat("red"), "GIF", save_all=True, append_images=[media.flat("blue")], duration=100)
    assert (read(content, tmp_path)[1].pixels[0, 0] == (255, 0, 0)).all()


def test_a_picture_that_claims_400_megapixels_is_not_opened(tmp_path):
    with pytest.raises(Unreadable, match=r"more than 50,000,000 pixels \(decode.max_pixels\)"):
        read(media.png_that_claims(20_000, 20_000), tmp_path)


def test_a_picture_that_is_broken_off_is_refused(tmp_path):
    whole = media.jpeg(Image.fromarray(drawing(1, 800, 600)))
    with pytest.raises(Unreadable, match="JPEG picture is damaged or broken off"):
        read(whole[: len(whole) // 2], tmp_path)


def test_random_damage_never_raises_anything_else(tmp_path):
    random = np.random.default_rng(7)
    for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        whole = np.frombuffer(saved(Image.fromarray(drawing(2, 90, 70)), form), np.uint8)
        for _ in range(30):
            broken = whole.copy()
            places = random.integers(16, len(broken), 6)
            broken[places] = random.integers(0, 256, 6)
            try:
                frame = read(broken.tobytes(), tmp_path)[1]
            except Unreadable:
                continue
            assert max(frame.pixels.shape[:2]) <= 1024
