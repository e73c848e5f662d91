"""The promises of matcher.degradation: what is less is told in plain figures, and nothing that was not measured."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprints.interface import MediaFacts, Sound, Vectors
from fingerprints.kinds.sound_bits import SoundBits
from matcher import degradation, figures, lying, same_sound
from matcher.burnt_in import Area
from matcher.cut_out import Marked
from matcher.degradation import Side
from matcher.interface import Altered, Box, Segment, Transform
from matcher.same_sound import Hearing
from tests.matcher.burnt import LOGO

FILM = MediaFacts("video", 1920, 1080, 1440.0, 24.0, has_sound=True)
ORIGINAL = Side(FILM, 1_440 * 500_000)  # 4 Mbit a second
WHOLE = Altered(lying.WHOLE, lying.WHOLE, is_mirrored=False, turn_degrees=0.0)


def film(**changes: float | bool) -> Side:
    return Side(replace(FILM, **changes), ORIGINAL.size_bytes)  # type: ignore[arg-type]


def stretch(query: tuple[float, float], reference: tuple[float, float], altered: Altered | None = WHOLE) -> Segment:
    speed = (reference[1] - reference[0]) / (query[1] - query[0])
    return Segment(*query, *reference, speed, 10.0, altered)


ALL = stretch((0, 1440), (0, 1440))


def told(copy: Side, *segments: Segment, original: Side | None = ORIGINAL, **more: object) -> dict[str, str]:
    harms = degradation.report(copy, original, segments or (ALL,), None, **more)  # type: ignore[arg-type]
    return {harm.name: harm.says for harm in harms}


def test_a_copy_like_the_original_spoils_nothing() -> None:
    assert told(film()) == {}
    assert told(film(width=3840, height=2160, frames_per_second=60.0)) == {}


def test_lost_pixels_are_told() -> None:
    assert told(film(width=640, height=360)) == {"resolution": "1920x1080 became 640x360: 11% of the pixels are left."}


def test_pixels_around_the_picture_do_not_count() -> None:
    inset = replace(WHOLE, outline=((0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)))
    assert told(film(), stretch((0, 1440), (0, 1440), inset)) == {
        "resolution": "1920x1080 became 1920x1080: 25% of the pixels are left.",
        "room": "The original takes 25% of the copy's picture; the rest was put around it.",
    }


def test_less_data_and_fewer_frames_are_told() -> None:
    poor = Side(replace(FILM, frames_per_second=12.0), 1_440 * 50_000)
    assert told(poor) == {
        "bitrate": "4.0 Mbit of data a second became 400 kbit: 10% are left.",
        "frame rate": "24 frames a second became 12.",
    }


def test_nothing_is_said_of_a_figure_that_is_not_known() -> None:
    unknown = Side(MediaFacts("video"))
    assert told(film(has_sound=False), original=unknown) == {}
    assert told(unknown, original=replace(ORIGINAL, facts=replace(FILM, has_sound=False))) == {}
    assert told(film(width=64, height=36), original=None) == {}
    assert degradation.report(film(), ORIGINAL, (), None) == ()


def test_what_was_cut_off_is_told() -> None:
    window = ((0.1, 0.0), (0.9, 0.0), (0.9, 1.0), (0.1, 1.0))
    cropped = replace(WHOLE, window=window)
    assert told(film(), stretch((0, 1440), (0, 1440), cropped)) == {
        "crop": "80% of the original picture is left; the rest is cut off."
    }
    both = stretch((0, 720), (0, 720)), stretch((720, 1440), (720, 1440), cropped)
    assert told(film(), *both)["crop"] == ("Between 80% and 100% of the original picture is left; the rest is cut off.")


def test_mirror_and_turn_are_told_with_how_long_they_last() -> None:
    mirrored, turned = replace(WHOLE, is_mirrored=True), replace(WHOLE, turn_degrees=-10.0)
    assert told(film(), stretch((0, 1440), (0, 1440), mirrored)) == {"mirrored": "The picture is mirrored."}
    parts = stretch((0, 400), (0, 400), mirrored), stretch((400, 1440), (400, 1440), turned)
    assert told(film(), *parts) == {
        "mirrored": "The picture is mirrored in 400 s of 1440 s.",
        "turned": "The picture is turned 10° anticlockwise in 1040 s of 1440 s.",
    }


def test_speed_is_told() -> None:
    fast = Side(replace(FILM, duration_s=1152.0), 1_152 * 500_000)
    assert told(fast, stretch((0, 1152), (0, 1440))) == {"speed": "It runs at 1.25 times the original's speed."}
    varied = stretch((0, 720), (0, 720)), stretch((720, 1296), (720, 1440))
    assert told(film(), *varied)["speed"] == "It runs at 1 to 1.25 times the original's speed."
    backwards = Segment(0, 30, 0, 30, -1.0, 9.0)
    assert told(film(), backwards)["backwards"] == "It is played backwards."
    on = Segment(30, 120, 30, 120, 1.0, 9.0)
    assert told(film(), backwards, on)["backwards"] == "It is played backwards in 30 s of 120 s."


def test_sound_that_is_gone_or_another_is_told() -> None:
    assert told(film(has_sound=False)) == {"sound missing": "The sound is missing."}
    assert told(film(), hearing=Hearing(60.0, 0.0)) == {
        "sound replaced": "The sound is not the original's: it differs in all 60 s that were compared."
    }
    assert told(film(), hearing=Hearing(60.0, 20.0)) == {
        "sound replaced": "The sound differs from the original's in 40 s of 60 s that were compared."
    }
    assert told(film(), hearing=Hearing(60.0, 60.0)) == {}
    assert told(film(), hearing=Hearing(5.0, 0.0)) == {}  # too little was compared


def test_what_is_missing_is_told_and_a_marked_opening_by_its_name() -> None:
    parts = stretch((0, 60), (0, 60)), stretch((60, 1380), (120, 1440))
    assert told(film(duration_s=1380.0), *parts) == {"missing": "1:00 to 2:00 of the original is missing (60 s)."}
    opening = (Marked(58.0, 121.0, "opening"),)
    assert told(film(duration_s=1380.0), *parts, marked=opening) == {
        "left out": "1:00 to 2:00 of the original is left out; it is marked “opening” there."
    }


@pytest.mark.parametrize(
    ("matrix", "mirrored", "names"),
    [
        (((0.5, 0.0, 0.0), (0.0, 0.5, 0.0)), False, {"resolution"}),
        (((-0.5, 0.0, 400.0), (0.0, 0.5, 0.0)), True, {"resolution", "mirrored"}),
        (((1.0, 0.0, -100.0), (0.0, 1.0, 0.0)), False, {"resolution", "crop"}),
        (((0.0, -0.5, 400.0), (0.5, 0.0, 0.0)), False, {"resolution", "turned", "crop", "room"}),
    ],
)
def test_still_pictures_are_told_by_their_map(
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]], mirrored: bool, names: set[str]
) -> None:
    size = (400.0, 600.0)
    transform = Transform(mirrored, matrix, size, (800.0, 1200.0))
    copy, original = Side(MediaFacts("image", 400, 600)), Side(MediaFacts("image", 800, 1200))
    harms = {harm.name: harm for harm in degradation.report(copy, original, (), transform)}
    assert set(harms) == names
    if "turned" in names:
        assert harms["turned"].says == "The picture is turned 90° clockwise."


def test_a_collapsed_map_says_nothing() -> None:
    flat = Transform(False, ((0.0, 0.0, 5.0), (0.0, 0.0, 5.0)), (10.0, 10.0), (10.0, 10.0))
    assert lying.lies(flat) is None


def test_what_was_burnt_in_is_told_with_its_place() -> None:
    logo, text = degradation.burnt((Area("logo", LOGO), Area("subtitles", Box(0.2, 0.85, 0.8, 0.95))))
    assert logo.says == (
        "A mark lies over the picture throughout, 72% from its left edge and 8% from its top: 24% wide and 9% high."
    )
    assert text.says == "Changing text lies over the picture, from 85% to 95% of its height and 60% wide."


@pytest.mark.parametrize(("share", "says"), [(0.111, "11%"), (0.004, "0.4%"), (0.0001, "0.1%"), (1.0, "100%")])
def test_what_is_left_is_never_told_as_nothing(share: float, says: str) -> None:
    assert figures.percent(share) == says


def tones(seed: int, seconds: float) -> Sound:
    """Return sound like a tune: a new chord four times a second."""
    chance, rate = np.random.default_rng(seed), 11025
    at_s = np.arange(int(rate * 0.25)) / rate
    parts = [
        np.sum([np.sin(2 * np.pi * hertz * at_s) for hertz in chance.uniform(300, 2000, 6)], axis=0)
        for _ in range(int(seconds * 4))
    ]
    return Sound((np.concatenate(parts) / 8).astype(np.float32), rate)


def bits(sound: Sound) -> Vectors:
    return SoundBits().describe(sound)


def test_the_same_sound_is_heard_although_it_is_noisy_and_a_little_late() -> None:
    original = tones(1, 60)
    noise = np.random.default_rng(0).normal(0, 0.05, len(original.samples)).astype(np.float32)
    late = Sound(np.concatenate([np.zeros(3300, np.float32), original.samples + noise]), original.rate_hz)
    heard = same_sound.hear(bits(late), bits(original), [stretch((0, 60), (0, 60))])
    assert heard.compared_s >= 40
    assert heard.share == 1.0


@pytest.mark.parametrize("seed", range(2, 6))
def test_another_sound_is_heard_as_another(seed: int) -> None:
    heard = same_sound.hear(bits(tones(seed, 60)), bits(tones(1, 60)), [stretch((0, 60), (0, 60))])
    assert heard.compared_s >= 40
    assert heard.agreeing_s == 0


def test_nothing_is_heard_of_silence_or_of_another_speed() -> None:
    silent = bits(Sound(np.zeros(11025 * 60, np.float32), 11025))
    assert same_sound.hear(silent, bits(tones(1, 60)), [stretch((0, 60), (0, 60))]) == Hearing(0.0, 0.0)
    assert same_sound.hear(bits(tones(1, 60)), bits(tones(1, 60)), [stretch((0, 40), (0, 50))]) == Hearing(0.0, 0.0)
