"""A closer watch shows what a whole description would, in the same seconds; straightened, a copy looks like its
original."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from fingerprints import kinds, packing, screening, shown, watching
from fingerprints.decode import Describer
from fingerprints.interface import Laid, Vectors, Watch
from fingerprints.kinds.film_pdq import FULL
from fingerprints.packing import Misshapen
from fingerprints.sniff import Unreadable, sniff
from fingerprints.testing import drawing, same
from tests.fingerprints import clips, media
from tests.fingerprints.clips import RATE, Diary

SIZE = (320.0, 180.0)
Picture = np.ndarray


def watched(path: Path, *watches: Watch) -> list[dict[str, Vectors]]:
    form = sniff(path.read_bytes()[:4096])
    return watching.watch(path, form, media.LIMITS, watches, kinds={"diary": Diary(), **kinds.seen_kinds()})


def whole(path: Path) -> dict[str, Vectors]:
    form = sniff(path.read_bytes()[:4096])
    films = [Diary(), *kinds.SEEN_KINDS]
    found = screening.screen(path, form, media.LIMITS, films=films, sounds=(), depth="points").fingerprints
    return {name: vectors for (name, _), vectors in found.items()}


def within(vectors: Vectors, start_s: float, end_s: float) -> Vectors:
    rows = (vectors.positions[:, 0] >= start_s) & (vectors.positions[:, 0] < end_s)
    return Vectors(vectors.codes[rows], vectors.positions[rows], vectors.facts)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.flv", "a.avi"])
def test_a_stretch_is_seen_as_a_whole_description_sees_it(name: str, tmp_path):
    path = clips.clip(tmp_path / name, 14)
    spans = [(7.2, 9.6), (2.3, 4.1), (3.0, 5.5), (0.0, 1.0)]
    seen = watched(path, *(Watch(start_s, end_s, ("diary", "seen-pdq")) for start_s, end_s in spans))
    expected = whole(path)
    for (start_s, end_s), each in zip(spans, seen, strict=True):
        assert len(each["diary"].codes) == pytest.approx((end_s - start_s) * 8, abs=1)
        assert same(each["diary"], within(expected["diary"], start_s, end_s))
        assert same(each["seen-pdq"], within(expected["seen-pdq"], start_s, end_s))


def test_points_are_those_of_a_whole_description(tmp_path):
    path = media.drawn_film(tmp_path / "a.mp4", 6)
    [seen] = watched(path, Watch(2.0, 5.0, ("seen-sift",)))
    assert same(seen["seen-sift"], within(whole(path)["seen-sift"], 2.0, 5.0))


@pytest.mark.parametrize(("name", "key_every"), [("a.ts", 9999), ("a.ts", 5 * RATE), ("a.mkv", 9999), ("a.flv", 9999)])
def test_where_seeking_fails_or_ends_late_the_film_is_decoded_from_its_start(name: str, key_every: int, tmp_path):
    path = clips.clip(tmp_path / name, 15, key_every=key_every)
    [seen] = watched(path, Watch(12.6, 14.2, ("diary",)))
    assert same(seen["diary"], within(whole(path)["diary"], 12.6, 14.2))


def test_a_stretch_may_begin_before_the_film_or_end_after_it(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 4)
    early, late, beyond, empty = watched(
        path, *(Watch(*span, ("diary",)) for span in ((-5.0, 1.0), (3.0, 99.0), (50.0, 60.0), (2.0, 2.0)))
    )
    assert early["diary"].positions[:, 0].tolist() == [step / 8 for step in range(8)]
    assert late["diary"].positions[:, 0].tolist() == [3 + step / 8 for step in range(8)]
    assert len(beyond["diary"].codes) == len(empty["diary"].codes) == 0


def test_stretches_that_overlap_are_each_answered(tmp_path):
    path = clips.clip(tmp_path / "a.mp4", 6)
    one, other = watched(path, Watch(1.0, 4.0, ("diary",)), Watch(2.0, 5.0, ("diary",)))
    assert same(within(one["diary"], 2.0, 4.0), within(other["diary"], 2.0, 4.0))


def shot(path: Path, pictures: Callable[[int], Picture], seconds: int = 3) -> Path:
    height, width = pictures(0).shape[:2]
    with av.open(str(path), "w") as made:
        video = made.add_stream("libx264", rate=8, options={"preset": "superfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number in range(seconds * 8):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pictures(number)), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 8)
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
    return path


def scene(number: int) -> Picture:
    """Return the original's frame: another drawing every second, softly shaded, 640 x 360."""
    return cv2.GaussianBlur(drawing(number // 8, 640, 360), (0, 0), 2)


def inset(number: int, left: int, top: int, share: float, *, is_mirrored: bool = False) -> Picture:
    """Return the frame of a copy that shows the original small in a corner of another film."""
    small = cv2.resize(scene(number), None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    made = cv2.GaussianBlur(drawing(90 + number // 4, 640, 360), (0, 0), 2)
    height, width = small.shape[:2]
    made[top : top + height, left : left + width] = small[:, ::-1] if is_mirrored else small
    return made


def full_codes(vectors: Vectors) -> Picture:
    return np.asarray(vectors.codes[vectors.positions[:, 1] == FULL])


def bits(one: Picture, other: Picture) -> Picture:
    return np.asarray(np.bitwise_count(one ^ other).sum(axis=1))


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_picture_in_a_picture_looks_like_the_original_once_it_is_straightened(is_mirrored, tmp_path):
    original = shot(tmp_path / "original.mp4", scene)
    copy = shot(tmp_path / "copy.mp4", lambda number: inset(number, 300, 150, 0.5, is_mirrored=is_mirrored))
    # The map is told in frames of 320 px: half as large there, from 150, 75 on; mirrored, x runs the other way.
    across = (-0.5, 0.0, 310.0) if is_mirrored else (0.5, 0.0, 150.0)
    laid = Laid((across, (0.0, 0.5, 75.0)), SIZE, SIZE)
    straight, plain = watched(copy, Watch(0, 3, ("seen-pdq", "seen-sift"), laid), Watch(0, 3, ("seen-pdq",)))
    wanted = full_codes(whole(original)["seen-pdq"])
    assert bits(full_codes(straight["seen-pdq"]), wanted).max() <= 40
    assert bits(full_codes(plain["seen-pdq"]), wanted).min() > 70
    assert straight["seen-sift"].facts == {"width": 320.0, "height": 180.0}


def test_what_a_frame_does_not_show_of_the_reference_is_black():
    seen = np.full((180, 320), 200, np.uint8)
    shifted = shown.straightened(seen, Laid(((1.0, 0.0, -160.0), (0.0, 1.0, 0.0)), SIZE, SIZE))
    assert shifted.shape == (180, 320)
    assert (shifted[:, :159] == 0).all()
    assert (shifted[:, 161:] == 200).all()


def test_a_map_told_in_small_frames_is_laid_over_large_ones():
    seen = np.zeros((360, 640), np.uint8)
    seen[100:200, 200:400] = 255
    straight = shown.straightened(seen, Laid(((0.3125, 0.0, 100.0), (0.0, 50 / 180, 50.0)), SIZE, SIZE))
    assert straight.mean() > 250


def test_only_films_can_be_watched_and_only_by_kinds_there_are(tmp_path):
    still, sound = tmp_path / "a.png", media.wav(tmp_path / "a.wav")
    media.flat("red").save(still)
    for path, why in ((still, "is a still picture"), (sound, "is sound without pictures")):
        with pytest.raises(Unreadable, match=why):
            watched(path, Watch(0, 1, ("diary",)))
    with pytest.raises(Unreadable, match="'other'"):
        watched(media.drawn_film(tmp_path / "a.mp4", 1), Watch(0, 1, ("other",)))


@pytest.fixture(scope="module")
def describer() -> Iterator[Describer]:
    with Describer(replace(media.LIMITS, workers=1)) as made:
        yield made


def test_a_child_answers_every_watch_in_the_order_asked(describer: Describer, tmp_path):
    path = media.drawn_film(tmp_path / "a.mp4", 4)
    laid = Laid(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), SIZE, SIZE)
    answer = describer.watch(path, [Watch(2.0, 3.0, ("seen-pdq",)), Watch(0.0, 1.0, ("seen-pdq", "seen-sift"), laid)])
    assert answer.error is None
    assert [sorted(each) for each in answer.seen] == [["seen-pdq"], ["seen-pdq", "seen-sift"]]
    assert answer.seen[0]["seen-pdq"].positions[0, 0] == 2.0
    assert answer.seen[1]["seen-pdq"].positions[0, 0] == 0.0


def test_what_cannot_be_watched_is_one_sentence_and_the_child_goes_on(describer: Describer, tmp_path):
    words, film = tmp_path / "a.mp4", media.drawn_film(tmp_path / "b.mp4", 1)
    words.write_bytes(b"words")
    watch = [Watch(0.0, 1.0, ("seen-pdq",))]
    answers = [describer.watch(path, watch) for path in (words, tmp_path / "absent.mp4", film)]
    assert [answer.seen for answer in answers[:2]] == [(), ()]
    assert all((answer.error or "").endswith(".") for answer in answers[:2])
    assert answers[2].error is None


def test_nothing_to_watch_is_nothing_seen(describer: Describer, tmp_path):
    assert describer.watch(media.drawn_film(tmp_path / "a.mp4", 1), []).seen == ()


def test_an_answer_of_another_shape_is_refused():
    asked = [Watch(0.0, 1.0, ("seen-pdq",)), Watch(2.0, 3.0, ("seen-pdq",))]
    vectors = Vectors(np.ones((2, 32), np.uint8), np.ones((2, 4), np.float32))
    version = kinds.seen_kinds()["seen-pdq"].version
    head, blocks = packing.watched_to_message([{("seen-pdq", version): vectors}, {("seen-pdq", version): vectors}])
    body = b"".join(blocks)
    back = packing.watched_from_message(head, body, asked)
    assert all(same(each["seen-pdq"], vectors) for each in back.seen)
    rows = head["seen"]
    for wrong in (
        {}, {"seen": None}, {"seen": rows[:1]}, {"seen": [*rows, rows[0]]}, {"seen": [rows[0], []]},
        {"seen": [rows[0], [rows[1][0] | {"count": 3}]]}, {"seen": [rows[0], [rows[1][0] | {"kind": "film-pdq"}]]},
        {"seen": [rows[0], [rows[1][0] | {"columns": -1}]]}, {"seen": [rows[0], [{}]]},
        {"seen": [rows[0], [rows[1][0] | {"facts": {"width": 1}, "version": version + 1}]]},
    ):  # fmt: skip
        with pytest.raises(Misshapen):
            packing.watched_from_message({"error": None, **wrong}, body, asked)
    with pytest.raises(Misshapen):
        packing.watched_from_message(head, body[:-1], asked)


def test_a_watch_is_the_same_after_it_was_sent():
    laid = Laid(((1.0, 0.5, 0.25), (0.0, -1.0, 7.0)), SIZE, (640.0, 360.0))
    for watch in (Watch(0.5, 2.0, ("seen-pdq",)), Watch(0.5, 2.0, ("a", "b"), laid)):
        assert packing.watch_of(packing.watch_row(watch)) == watch


def test_a_kind_that_looks_at_colours_sees_them(tmp_path):
    path = media.film(tmp_path / "a.mp4", [media.pixels("red"), media.pixels("blue")])
    [seen] = watched(path, Watch(0.0, 2.0, ("diary",)))
    assert seen["diary"].positions[:, 3:].argmax(axis=1).tolist() == [0] * 8 + [2] * 8
