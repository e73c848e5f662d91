"""A glance decodes the key frames alone, says the same of the file as decoding all of it, and sees nothing else."""

import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from fingerprints import films, glance, screening
from fingerprints.glance import Glance
from fingerprints.interface import Depth, Description
from fingerprints.sniff import Unreadable, sniff
from tests.fingerprints import clips, media
from tests.fingerprints.clips import NO_CUTS, RATE, Diary
from tests.fingerprints.test_screening import Ear
from tests.measure.odd_films import edited

CONTAINERS = ["a.mp4", "a.mov", "a.mkv", "a.ts", "a.flv", "a.avi"]


def seen(path: Path, depth: Depth = "glance", kind: Diary | None = None) -> Description:
    form = sniff(path.read_bytes()[:4096])
    return screening.screen(path, form, media.LIMITS, films=[kind or Diary()], sounds=[Ear()], depth=depth)


def notes(description: Description) -> np.ndarray:
    return description.fingerprints["diary", 1].positions


def moments(description: Description) -> list[float]:
    return [round(float(at_s), 2) for at_s in notes(description)[:, 0]]


@pytest.mark.parametrize("name", CONTAINERS)
def test_only_key_frames_are_seen_each_at_its_own_moment(name: str, tmp_path):
    assert moments(seen(clips.clip(tmp_path / name, 9))) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize(
    ("codec", "bframes"), [("libx264", 0), ("libx264", 2), ("mpeg4", 2), ("mpeg2video", 2)], ids=str
)
def test_what_is_seen_is_what_a_full_description_sees_then(name: str, codec: str, bframes: int, tmp_path):
    if name == "a.flv" and codec != "libx264":
        pytest.skip("FLV holds no such film")
    path = clips.clip(tmp_path / name, 7, codec=codec, b=bframes)
    glimpsed, whole = notes(seen(path)), notes(seen(path, "points", Diary(RATE)))
    assert len(glimpsed) == 4
    for row in glimpsed:
        assert np.abs(whole[:, 0] - row[0]).min() < 0.01
        assert np.allclose(whole[np.abs(whole[:, 0] - row[0]).argmin(), 1:], row[1:])


@pytest.mark.parametrize("name", [*CONTAINERS, "a.webm"])
def test_a_glance_says_the_same_of_the_file(name: str, tmp_path):
    path = media.drawn_film(tmp_path / name, 5, sound=name in ("a.mkv", "a.mp4", "a.webm"))
    glimpsed, whole = seen(path), seen(path, "points")
    assert glimpsed.facts == whole.facts
    assert glimpsed.fingerprints.get(("ear", 1), None) is None or (
        glimpsed.fingerprints["ear", 1].facts == whole.fingerprints["ear", 1].facts
    )


def test_no_more_than_the_key_frames_is_decoded(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 9)
    with films.opened(path, sniff(path.read_bytes()[:4096]), media.LIMITS) as streams:
        frames = list(Glance(streams, 0.4).frames())
        assert [frame.key_frame for frame in frames] == [True] * 5
        assert streams.video.codec_context.skip_frame == "NONREF"


def test_key_frames_close_together_are_not_all_seen(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 4, key_every=1)
    often, seldom = moments(seen(path)), moments(seen(path, kind=Diary(glance_s=1.9)))
    assert min(after - before for before, after in pairwise(often)) >= 0.4
    assert len(often) == 10
    assert len(seldom) == 3


def test_a_kind_that_looks_seldom_sees_every_shot_all_the_same(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 4, key_every=RATE // 2)  # two key frames of each drawing
    often, seldom = Diary(), Diary(glance_s=1.9)
    seldom.name = "seldom"
    form = sniff(path.read_bytes()[:4096])
    found = screening.screen(path, form, media.LIMITS, films=[often, seldom], sounds=[], depth="glance").fingerprints
    assert [round(float(at_s), 2) for at_s in found["diary", 1].positions[:, 0]] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert [round(float(at_s), 2) for at_s in found["seldom", 1].positions[:, 0]] == [0, 1, 2, 3]


def test_a_long_group_of_pictures_is_sampled_evenly(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 16, key_every=8 * RATE)
    assert moments(seen(path)) == pytest.approx([0, 2.67, 5.33, 8, 10.67, 13.33], abs=0.15)


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.avi"])
def test_a_group_without_end_is_sampled_as_it_comes(name: str, tmp_path):
    path = clips.clip(tmp_path / name, 20, key_every=9999)
    found = seen(path)
    assert moments(found) == pytest.approx([0, 3, 6, 9, 12, 15, 18], abs=0.15)
    assert found.facts == seen(path, "points").facts


def test_little_of_a_group_without_end_is_held_back(tmp_path):
    path = clips.clip(tmp_path / "a.ts", 30, key_every=9999)
    with films.opened(path, sniff(path.read_bytes()[:4096]), media.LIMITS) as streams:
        look = Glance(streams, 0.4)
        held = [len(look.held) for _ in look.frames()]
    assert max(held) <= glance.MOST_HELD_S * RATE + 2


def test_a_film_whose_key_frames_are_none_is_decoded_whole(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 6, x264=f"intra-refresh=1:{NO_CUTS}")
    found = seen(path)
    assert len(notes(found)) > 10
    assert found.facts == seen(path, "points").facts


def test_so_is_one_whose_groups_are_long(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 25, key_every=250, x264=f"intra-refresh=1:{NO_CUTS}")
    glimpsed, whole = notes(seen(path)), notes(seen(path, "points", Diary(RATE)))
    assert len(glimpsed) > 40
    for row in glimpsed:
        assert np.allclose(whole[np.abs(whole[:, 0] - row[0]).argmin(), 1:], row[1:])


def test_a_film_cut_between_two_key_frames_without_coding_it_anew_is_still_glanced_at(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 16, key_every=8 * RATE)
    later = struct.pack(">II", 0, 1) + struct.pack(">Iihh", 14_000, 2 * 12288, 1, 0)  # all but the first two seconds
    path.write_bytes(edited(path.read_bytes(), b"elst", lambda _: later))
    found = seen(path)
    assert moments(found) == pytest.approx([0, 0.67, 3.33, 6, 8.67, 11.33], abs=0.15)
    assert found.facts == seen(path, "points").facts


def test_a_recording_that_begins_between_key_frames_is_seen_as_far_as_it_can_be(tmp_path):
    path = clips.clip(tmp_path / "a.ts", 8, x264=f"intra-refresh=1:{NO_CUTS}")
    content = path.read_bytes()
    path.write_bytes(content[: 3 * 188] + content[len(content) // 188 // 3 * 188 :])
    found, whole = seen(path), seen(path, "points")
    assert len(notes(found)) > 5
    assert found.facts == whole.facts


def test_damaged_key_frames_cost_only_themselves(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 9)
    with av.open(str(path)) as source:
        third = [packet.pos for packet in source.demux(video=0) if packet.is_keyframe][2]
    content = bytearray(path.read_bytes())
    content[third + 4 : third + 2000] = bytes(1996)
    path.write_bytes(content)
    found = seen(path)
    assert [moment for moment in moments(found) if not 4 <= moment < 6] == [0, 2, 6, 8]
    assert found.facts == seen(path, "points").facts


def test_what_cannot_be_decoded_makes_a_film_no_longer(tmp_path):
    path = clips.clip(tmp_path / "a.ts", 12)
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as source:
        seventh = [packet.pos for packet in source.demux(video=0) if packet.is_keyframe][3]
    head = [content[at : at + 188] for at in range(0, seventh, 188)]
    tail = [bytearray(content[at : at + 188]) for at in range(seventh, len(content), 188)]
    for packet in tail:  # the packets keep their own heads and times; what they carry is rubbish
        packet[60:] = bytes(len(packet) - 60)
    path.write_bytes(b"".join([*map(bytes, head), *map(bytes, tail)]))
    found, whole = seen(path), seen(path, "points")
    assert found.facts is not None
    assert whole.facts is not None
    assert found.facts.duration_s == pytest.approx(whole.facts.duration_s, abs=2.1)


@pytest.mark.parametrize("key_every", [2 * RATE, 9999])
@pytest.mark.parametrize("later_s", [40.0, 1e6])
def test_a_damaged_time_stamp_costs_nothing(key_every: int, later_s: float, tmp_path):
    whole, path = clips.clip(tmp_path / "whole.mkv", 20, key_every=key_every, b=0), tmp_path / "a.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size:
                packet.pts = packet.dts = packet.pts + (round(later_s * 1000) if number >= 14 * RATE else 0)
                packet.stream = stream
                made.mux(packet)
    if later_s > media.LIMITS.max_video_s:
        with pytest.raises(Unreadable, match="lasts longer"):
            seen(path)
    else:
        found = seen(path)
        assert found.facts == seen(path, "points").facts
        assert len(notes(found)) <= 12


def test_a_sound_is_the_same_at_a_glance(tmp_path):
    path = media.wav(tmp_path / "a.wav", 2.5)
    assert seen(path).facts == seen(path, "points").facts
