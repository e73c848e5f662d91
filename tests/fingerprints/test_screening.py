"""A film is shown at regular moments, upright and small; what is damaged is described as far as it goes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fingerprints.interface import (
    NO_PLACE,
    Depth,
    Description,
    FilmKind,
    FilmPass,
    Frame,
    Sound,
    SoundKind,
    Table,
    Vectors,
)
from fingerprints.limits import Limits
from fingerprints.screening import screen
from fingerprints.sniff import Unreadable, sniff
from fingerprints.testing import drawing
from tests.fingerprints import media
from tests.fingerprints.clips import Diary, DiaryPage


class Ear:
    """A sound kind that notes how long and how loud it was."""

    name, version, may_travel, table = "ear", 1, True, Table(1, NO_PLACE)

    def describe(self, sound: Sound) -> Vectors:
        """Return the notes as facts."""
        loud = float(np.abs(sound.samples).max(initial=0))
        facts = {"seconds": len(sound.samples) / sound.rate_hz, "rate": float(sound.rate_hz), "loud": loud}
        return Vectors(np.zeros((0, 1), np.uint8), np.zeros((0, 1), np.float32), facts)


def watched(
    path: Path,
    *,
    films: Sequence[FilmKind] = (Diary(4.0),),
    sounds: Sequence[SoundKind] = (),
    limits: Limits = media.LIMITS,
    depth: Depth = "points",
) -> Description:
    return screen(path, sniff(path.read_bytes()[:4096]), limits, films=films, sounds=sounds, depth=depth)


def notes(description: Description) -> np.ndarray:
    return description.fingerprints["diary", 1].positions


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.mov", "a.avi", "a.flv", "a.ts"])
def test_every_container_is_shown_at_regular_moments(name: str, tmp_path):
    description = watched(media.drawn_film(tmp_path / name, 3))
    assert description.facts is not None
    assert (description.facts.medium, description.facts.width, description.facts.height) == ("video", 320, 240)
    assert description.facts.duration_s == pytest.approx(3.0, abs=0.1)
    assert description.facts.frames_per_second == pytest.approx(12, abs=0.1)
    assert not description.facts.has_sound
    assert notes(description)[:, 0].tolist() == [step / 4 for step in range(12)]


def test_a_kind_sees_what_is_on_screen_at_its_moment(tmp_path):
    path = media.film(tmp_path / "a.mp4", [media.pixels("red"), media.pixels("lime"), media.pixels("blue")])
    rows = notes(watched(path, films=[Diary(1.0)]))
    assert rows[:, 3:].argmax(axis=1).tolist() == [0, 1, 2]


def test_a_film_of_few_frames_gives_the_same_moments_as_one_of_many(tmp_path):
    shots = [drawing(seed) for seed in range(3)]
    few = notes(watched(media.film(tmp_path / "few.mp4", shots, rate=2)))
    many = notes(watched(media.film(tmp_path / "many.mp4", shots, rate=30)))
    assert few[:, 0].tolist() == many[:, 0].tolist()
    assert np.abs(few[:, 3:] - many[:, 3:]).max() < 4


def test_frames_are_small_and_keep_their_shape(tmp_path):
    path = media.film(tmp_path / "a.mp4", [drawing(1, 1280, 720)], rate=4)
    assert notes(watched(path))[0, 1:3].tolist() == [360, 640]


def test_a_film_taken_sideways_is_turned_upright(tmp_path):
    picture = media.pixels("white", 128, 64).copy()
    picture[:, :64] = 0  # left half dark
    path = media.film(tmp_path / "a.mp4", [picture])
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)  # to be shown a quarter clockwise
    content[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in quarter)
    path.write_bytes(content)

    class Halves(Diary):
        def begin(self) -> FilmPass:
            return _Halves()

    class _Halves(DiaryPage):
        def see(self, frame: Frame) -> None:
            self.rows.append((frame.at_s, frame.pixels[:50].mean(), frame.pixels[78:].mean(), 0, 0, 0))

    description = watched(path, films=[Halves(1.0)])
    assert description.facts is not None
    assert (description.facts.width, description.facts.height) == (64, 128)
    top, bottom = notes(description)[0, 1:3]
    assert top < 30
    assert bottom > 225


def test_the_sound_of_a_film_is_heard_in_mono(tmp_path):
    description = watched(media.drawn_film(tmp_path / "a.mkv", 3, sound=True), sounds=[Ear()])
    heard = description.fingerprints["ear", 1].facts
    assert description.facts is not None
    assert description.facts.has_sound
    assert heard["rate"] == 11025
    assert heard["seconds"] == pytest.approx(3.0, abs=0.1)
    assert heard["loud"] > 0.3


def test_a_sound_file_is_heard(tmp_path):
    description = watched(media.wav(tmp_path / "a.wav", 2.5), sounds=[Ear()])
    assert description.facts is not None
    assert description.facts.medium == "audio"
    assert description.facts.duration_s == pytest.approx(2.5, abs=0.01)
    assert set(description.fingerprints) == {("ear", 1)}


def test_a_film_that_is_broken_off_is_described_as_far_as_it_goes(tmp_path):
    path = media.film(tmp_path / "a.mp4", [drawing(seed) for seed in range(8)], fragmented=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 5 // 8])
    description = watched(path)
    assert description.facts is not None
    assert 2 <= description.facts.duration_s < 7


def test_a_film_without_its_table_of_contents_is_refused(tmp_path):
    path = media.drawn_film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-2000])  # the table stands at the end
    with pytest.raises(Unreadable, match="MP4 file is damaged or broken off"):
        watched(path)


def test_a_film_of_rubbish_frames_is_refused(tmp_path):
    path = media.drawn_film(tmp_path / "a.mp4", 1)
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="No picture of this MP4 film can be decoded"):
        watched(path)


def test_frames_of_too_many_pixels_are_refused(tmp_path):
    path = media.drawn_film(tmp_path / "a.mp4", 1)
    with pytest.raises(Unreadable, match=r"more than 50,000 pixels"):
        watched(path, limits=replace(media.LIMITS, max_pixels=50_000))


@pytest.mark.parametrize("name", ["a.mp4", "a.ts"])  # the one says how long it lasts, the other does not
def test_a_film_that_lasts_too_long_is_refused(name: str, tmp_path):
    path = media.drawn_film(tmp_path / name, 3)
    with pytest.raises(Unreadable, match=r"lasts longer than 2 s \(decode.max_video_s\)"):
        watched(path, limits=replace(media.LIMITS, max_video_s=2))


def test_random_damage_never_raises_anything_else(tmp_path):
    random = np.random.default_rng(5)
    for name in ("a.mp4", "a.webm", "a.avi", "a.ts", "a.flv"):
        whole = np.frombuffer(media.drawn_film(tmp_path / name, 1, sound=name == "a.webm").read_bytes(), np.uint8)
        for _ in range(8):
            broken = whole.copy()
            places = random.integers(16, len(broken), 12)
            broken[places] = random.integers(0, 256, 12)
            (tmp_path / name).write_bytes(broken.tobytes())
            try:
                description = watched(tmp_path / name, sounds=[Ear()])
            except Unreadable:
                continue
            assert description.facts is not None
