"""Pictures come out upright, in RGB, small, and what they claim is checked before they are opened."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fingerprints.interface import Frame, MediaFacts
from fingerprints.pictures import frame_size, read_picture
from fingerprints.sniff import Unreadable, sniff
from fingerprints.testing import drawing
from tests.fingerprints import media
from tests.measure import damage, odd_files


def read(content: bytes, tmp_path: Path, **more: int) -> tuple[MediaFacts, Frame]:
    path = tmp_path / "picture"
    path.write_bytes(content)
    return read_picture(path, sniff(content), media.LIMITS, **more)


def saved(picture: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()


def test_a_large_picture_is_scaled_down_and_keeps_its_shape(tmp_path):
    facts, frame = read(media.jpeg(Image.fromarray(drawing(1, 3000, 1500))), tmp_path)
    assert (facts.width, facts.height) == (3000, 1500)
    assert frame.pixels.shape == (256, 512, 3)


@pytest.mark.parametrize(
    ("size", "frame"),
    [
        ((1155, 866), (512, 384)),
        ((800, 12_000), (256, 3840)),
        ((12_000, 800), (3840, 256)),
        ((400, 40_000), (82, 8192)),
        ((100, 8000), (100, 8000)),
        ((1, 16_000), (1, 8192)),
    ],
)
def test_a_scrolled_comic_keeps_its_detail(size, frame, tmp_path):
    facts, found = read(media.jpeg(Image.new("L", size)), tmp_path)
    assert (facts.width, facts.height) == size
    assert found.pixels.shape == (frame[1], frame[0], 3)


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_a_frame_is_never_larger_than_the_picture_and_keeps_its_shape(width, height):
    wide, high = frame_size(width, height)
    assert wide / high == pytest.approx(width / height)
    assert wide <= width
    assert max(wide, high) <= 8192.0001
    assert max(wide, high) >= min(512, max(width, height)) - 0.0001


@pytest.mark.parametrize("size", [(3000, 1500), (800, 12_000), (1023, 1024), (640, 480)])
def test_a_preview_has_the_long_side_it_was_asked_for(size, tmp_path):
    frame = read(media.jpeg(Image.new("L", size)), tmp_path, long_side_px=700)[1]
    assert max(frame.pixels.shape[:2]) == min(700, max(size))


def test_a_picture_decoded_at_half_its_size_looks_like_the_whole(tmp_path):
    drawn = Image.fromarray(drawing(1, 1155, 866))
    at_half, whole = (read(content, tmp_path)[1].pixels for content in (media.jpeg(drawn), saved(drawn, "PNG")))
    assert np.abs(at_half.astype(int) - whole).mean() < 3


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


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_eight_ways_to_hold_a_camera_show_the_same(form, tmp_path):
    upright = Image.fromarray(drawing(1, 96, 64))
    as_taken = {
        1: upright, 2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 3: upright.rotate(180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM), 5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.rotate(90, expand=True), 7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.rotate(-90, expand=True),
    }  # fmt: skip
    for orientation, taken in as_taken.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        facts, frame = read(saved(taken, form, exif=exif), tmp_path)
        assert (facts.width, facts.height) == (96, 64)
        assert np.abs(frame.pixels.astype(int) - np.asarray(upright)).mean() < 12


@pytest.mark.parametrize("exif", odd_files.exifs().values(), ids=odd_files.exifs().keys())
def test_broken_exif_hides_no_picture(exif, tmp_path):
    facts, _ = read(media.jpeg(media.flat("white", 80, 40), exif=b"Exif\0\0" + exif), tmp_path)
    assert {facts.width, facts.height} == {80, 40}


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


def test_a_picture_that_lacks_only_its_last_bytes_is_seen_as_browsers_show_it(tmp_path):
    whole = media.jpeg(Image.fromarray(drawing(1, 800, 600)))
    sound = read(whole, tmp_path)[1].pixels
    for missing in (1, 2, 30, len(whole) // 50):
        seen = read(whole[:-missing], tmp_path)[1].pixels
        assert (seen[:340] == sound[:340]).all()
    grey_below = Image.fromarray(np.vstack([drawing(1, 400, 300), np.full((300, 400, 3), 128, np.uint8)]))
    assert read(media.jpeg(grey_below) + bytes(5000), tmp_path)[1].pixels.shape == (512, 341, 3)
    with pytest.raises(Unreadable, match=r"9[0-9]% of it is missing"):
        read(whole[: len(whole) // 15], tmp_path)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_bomb_beside_the_pixels_neither_goes_off_nor_hides_the_picture(kind, tmp_path):
    head, *rest = damage.png_chunks(saved(media.flat("red"), "PNG"))
    bomb = b"a\0" + (b"\1\0\0\0" if kind == b"iTXt" else b"\0") + zlib.compress(bytes(64 << 20))
    assert (read(damage.png([head, (kind, bomb), *rest]), tmp_path)[1].pixels == (255, 0, 0)).all()


def test_a_jpeg_of_endless_passes_is_not_opened(tmp_path):
    with pytest.raises(Unreadable, match="more than 500 passes"):
        read(odd_files.scan_bomb(501, 512), tmp_path)
    assert read(odd_files.scan_bomb(400, 512), tmp_path)[1].pixels.shape == (512, 512, 3)


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
            assert max(frame.pixels.shape[:2]) <= 512
