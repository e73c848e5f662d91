"""What the console shows is made in a child: a JPEG, or a film that browsers play."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from fingerprints.preview import Unreadable, preview, proxy
from fingerprints.testing import drawing
from tests.fingerprints import media


def shown(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    assert image.format == "JPEG"
    return image


def test_a_preview_of_a_picture_is_a_small_jpeg(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(drawing(1, 800, 400)).save(path)
    assert shown(preview(path, media.LIMITS, long_side_px=200)).size == (200, 100)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.ts", "a.avi", "a.flv"])
def test_a_preview_of_a_film_shows_the_moment_asked_for(tmp_path, name):
    path = media.film(tmp_path / name, [media.pixels(colour) for colour in ("red", "lime", "blue")])
    for at_s, channel in ((0.0, 0), (0.8, 0), (1.5, 1), (2.5, 2), (99.0, 2)):
        seen = np.asarray(shown(preview(path, media.LIMITS, at_s=at_s)))
        assert seen.mean(axis=(0, 1)).argmax() == channel, at_s


def test_a_proxy_is_a_small_webm_of_the_same_length(tmp_path):
    path = media.drawn_film(tmp_path / "a.mkv", 3, sound=True)
    proxy(path, tmp_path / "out.webm", media.LIMITS, long_side_px=160)
    with av.open(str(tmp_path / "out.webm")) as made:
        assert made.format.name == "matroska,webm"
        assert made.streams.video[0].codec_context.name == "vp8"
        assert "opus" in made.streams.audio[0].codec_context.name
        assert (made.streams.video[0].width, made.streams.video[0].height) == (160, 120)
        assert made.duration / av.time_base == pytest.approx(3.0, abs=0.2)
        pictures = sum(1 for _ in made.decode(video=0))
    assert pictures == 36
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".part")] == []


def test_a_film_without_sound_and_a_sound_without_film_have_proxies(tmp_path):
    proxy(media.drawn_film(tmp_path / "silent.mp4", 1), tmp_path / "silent.webm", media.LIMITS)
    proxy(media.wav(tmp_path / "a.wav"), tmp_path / "sound.webm", media.LIMITS)
    with av.open(str(tmp_path / "silent.webm")) as silent, av.open(str(tmp_path / "sound.webm")) as sound:
        assert (len(silent.streams.video), len(silent.streams.audio)) == (1, 0)
        assert (len(sound.streams.video), len(sound.streams.audio)) == (0, 1)


def test_what_cannot_be_shown_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "words.mp4").write_text("words")
    picture = tmp_path / "a.jpg"
    picture.write_bytes(media.jpeg(media.flat("red")))
    with pytest.raises(Unreadable, match="it is text"):
        preview(tmp_path / "words.mp4", media.LIMITS)
    with pytest.raises(Unreadable, match="there is no film to play"):
        proxy(picture, tmp_path / "out.webm", media.LIMITS)
    assert not (tmp_path / "out.webm").exists()
    assert {file.name for file in tmp_path.iterdir()} == {"words.mp4", "a.jpg"}
