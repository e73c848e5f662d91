"""What the page of a film match promises: the right frames beside each other, every stretch and what was done to it."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from config import clock
from config.home import Home
from dashboard import dictionary, explain, explained, film_exhibit, timeline
from dashboard.cli import match
from dashboard.explain import Named
from dashboard.explained import Found
from dashboard.film_exhibit import FilmExhibit, Moment
from fingerprints.interface import Description, MediaFacts
from fingerprints.store import Medium
from matcher import alterations
from matcher.interface import Altered, Comparison, Reason, Segment
from tests.dashboard import seeds

NAMED = Named("clip.mp4", "ランタンロード", "第1話", "ep1.mp4", ("SHA-256 " + "0" * 64,))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
CORNER = ((0.5, 0.5), (0.9, 0.5), (0.9, 0.9), (0.5, 0.9))
MIDDLE = ((0.1, 0.0), (0.9, 0.0), (0.9, 1.0), (0.1, 1.0))
INSET = Altered(CORNER, WHOLE, False, 0.0)
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def compared(*segments: Segment) -> Comparison:
    return Comparison(1, 0.97, "copy", (Reason("frames", 12, "12 pictures agree."),), segments=segments)


def shown(*segments: Segment, is_held: bool = True) -> FilmExhibit:
    """Return an exhibit of grey films."""
    stretches = timeline.in_order(segments)
    grey = np.full((90, 160, 3), 128, np.uint8)
    moments = {
        at: (Moment(stretches[at].found[0], stretches[at].ours[0], grey, grey if is_held else None),) * 3
        for at in timeline.strongest(stretches, film_exhibit.MOST_SHOWN)
    }
    return FilmExhibit(compared(*segments), stretches, (95.0, 1440.0), moments, is_held)


def opened(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def count(pixels: NDArray[np.uint8], colour: Sequence[int]) -> int:
    return int((pixels == np.array(colour)).all(axis=2).sum())


def test_both_bars_show_what_matches() -> None:
    drawn = np.asarray(film_exhibit.bars(shown(Segment(10, 42.5, 301.2, 333.7, 1, 30)), 1500))
    for top, colour, length_s in (
        (film_exhibit.FOUND_Y, film_exhibit.FOUND, 95.0),
        (film_exhibit.OURS_Y, film_exhibit.OURS, 1440.0),
    ):
        bar = drawn[top : top + film_exhibit.BAR_PX]
        assert count(bar, colour) == pytest.approx(bar.shape[0] * 1500 * 32.5 / length_s, rel=0.1)


@pytest.mark.parametrize(
    ("altered", "is_outlined"), [(INSET, True), (Altered(WHOLE, WHOLE, False, 0.0), False), (None, False)]
)
def test_the_rectangle_that_shows_ours_is_outlined_where_there_is_one(
    altered: Altered | None, is_outlined: bool
) -> None:
    one = shown(Segment(10, 42, 301, 333, 1, 30, altered))
    plain = film_exhibit.stretch(shown(Segment(10, 42, 301, 333, 1, 30)), 0, 1500)
    drawn = film_exhibit.stretch(one, 0, 1500)
    columns = slice(plain.width // 3, None)  # beside the words
    more = count(np.asarray(drawn)[:, columns], film_exhibit.FOUND) - count(
        np.asarray(plain)[:, columns], film_exhibit.FOUND
    )
    assert (more > 200) == is_outlined


def test_a_reference_without_pixels_leaves_the_frames_of_the_copy_and_says_so() -> None:
    segment = Segment(10, 42, 301, 333, 1, 30, INSET)
    held, absent = (film_exhibit.stretch(shown(segment, is_held=each), 0, 1500) for each in (True, False))
    assert absent.height < held.height
    assert count(np.asarray(absent), (128, 128, 128)) == pytest.approx(
        count(np.asarray(held), (128, 128, 128)) / 2, rel=0.2
    )


def test_only_the_strongest_stretches_are_shown_one_by_one_in_the_order_they_are_played() -> None:
    many = shown(*(Segment(9 * at, 9 * at + 3, 90 * at, 90 * at + 3, 1, score=at % 7) for at in range(10)))
    assert many.strongest == (2, 3, 4, 5, 6, 9)
    assert all(many.stretches[at].score >= 2 for at in many.strongest)
    assert opened(explain.films(many, NAMED)).shape[1] == explain.PAGE_PX + 2 * explain.MARGIN_PX


def test_sounds_are_explained_without_frames_and_without_a_word_on_pictures() -> None:
    stretches = timeline.in_order([Segment(1, 9, 4, 12, 1, 5), Segment(9, 13, 20, 25, 1.25, 5)], is_seen=False)
    assert [one.says for one in stretches] == [(), ("Runs at 1.25 times the speed.",)]
    exhibit = FilmExhibit(compared(), stretches, (20.0, 60.0), {}, False)
    assert opened(explain.films(exhibit, NAMED)).shape[1] == explain.PAGE_PX + 2 * explain.MARGIN_PX


@pytest.mark.parametrize("size", [(9, 16), (400, 30), (30, 400), (1, 1)])
def test_frames_of_any_shape_fit(size: tuple[int, int]) -> None:
    one = shown(Segment(0, 2, 5, 7, 1, 1, INSET))
    frame = np.full((size[1], size[0], 3), 90, np.uint8)
    moments = {0: (Moment(0.1, 5.1, frame, None), Moment(1.0, 6.0, None, frame))}
    assert film_exhibit.stretch(replace(one, moments=moments), 0, 1500).width <= 1500


def test_the_frames_of_both_films_are_those_of_the_same_moment(own_home: Home, tmp_path: Path) -> None:
    ours, clip = seeds.film(8), tmp_path / "clip.mp4"
    clip.write_bytes(seeds.film(4, first=3))
    blob = own_home.blobs.put(ours)
    comparison = compared(Segment(0.5, 3.5, 3.5, 6.5, 1.0, 9, INSET))
    with own_home.sessions().begin() as session:
        session.add(Medium(blob=blob, kind="video", width=320, height=180, duration_s=8.0, described_at=clock.now()))
        session.flush()
        found = Found(clip, (320, 180), "0" * 64, {}, blob, comparison)
        exhibit = explained.film_exhibit(session, found, MediaFacts("video", 320, 180, 4.0, 12.0))
        clip.write_bytes(b"no film any more")
        broken = explained.film_exhibit(session, found, MediaFacts("video", 320, 180, 4.0, 12.0))
    moments = exhibit.moments[0]
    assert len(moments) == 5
    for each in moments:
        assert each.found is not None
        assert each.ours is not None
        assert each.ours_s - each.found_s == pytest.approx(3.0)
        assert np.abs(each.found.astype(int) - each.ours.astype(int)).mean() < 4
    assert not np.array_equal(moments[0].found, moments[-1].found)
    assert [each.found for each in broken.moments[0]] == [None] * 5
    assert broken.moments[0][0].ours is not None


def test_the_moments_of_a_stretch_follow_its_speed() -> None:
    stretch = timeline.stretch(Segment(10, 20, 100, 112.5, 1.25, 3))
    assert stretch.moments(4) == pytest.approx((11.25, 13.75, 16.25, 18.75))
    assert [stretch.ours_at(at_s) for at_s in (10, 20)] == pytest.approx([100, 112.5])
    backwards = timeline.stretch(Segment(10, 20, 100, 110, -1, 3))
    assert [backwards.ours_at(at_s) for at_s in (10, 20)] == [110, 100]
    assert backwards.spans == ("0:10–0:20", "1:50–1:40")
    assert backwards.says[-1] == "Played backwards."
    assert timeline.lay_out([backwards], 30, 200).ribbons[0].ours_width == pytest.approx(50)


def test_what_is_stored_is_shown_in_the_order_it_is_played() -> None:
    altered = {"outline": CORNER, "window": WHOLE, "mirrored": True, "turn_degrees": 0.0}
    stretches = timeline.of_stored([
        {"query": [30.0, 40.0], "reference": [3.0, 13.0], "speed": 1.0, "score": 8.0, "altered": altered},
        {"query": [2.0, 9.0], "reference": [50.0, 57.0]},
    ])  # fmt: skip
    assert [one.spans for one in stretches] == [("0:02–0:09", "0:50–0:57"), ("0:30–0:40", "0:03–0:13")]
    assert stretches[1].says[-1] == alterations.MIRRORED.says


@given(st.floats(0.01, 400_000))
def test_the_marks_of_a_bar_are_few_and_lie_on_it(length_s: float) -> None:
    marks = timeline.marks(length_s)
    assert 1 <= len(marks) <= timeline.MOST_MARKS + 1
    assert max(marks) <= length_s


def test_times_are_written_as_people_write_them() -> None:
    assert [timeline.clock_time(each) for each in (42.4, 59.6, 3725)] == ["0:42", "1:00", "1:02:05"]
    assert [timeline.clock_time(each, has_tenths=True) for each in (4.56, 59.96)] == ["0:04.6", "1:00.0"]


@pytest.mark.parametrize("altered", [
    INSET, None, Altered(WHOLE, WHOLE, False, 0.0), Altered(WHOLE, MIDDLE, True, 7.0),
    Altered(WHOLE, ((0.2, 0), (0.8, 0), (1, 0.2), (1, 0.8), (0.8, 1), (0.2, 1), (0, 0.8), (0, 0.2)), True, -7.0),
    *(Altered(((a, b), (c, b), (c, d), (a, d)), WHOLE, False, 0.0) for a, b, c, d in (
        (0, 0.1, 1, 0.9), (0.1, 0, 0.9, 1), (0, 0.1, 1, 1), (0, 0, 1, 0.9), (0.1, 0, 1, 1), (0, 0, 0.9, 1),
        (0.1, 0.1, 0.95, 0.95),
    )),
])  # fmt: skip
@pytest.mark.parametrize("speed", [1.0, 1.25, -1.0, -1.25])
def test_what_was_done_is_told_in_japanese_too(altered: Altered | None, speed: float) -> None:
    for one in alterations.told(altered, speed):
        said = dictionary.of("ja").retell(one.says)
        assert JAPANESE.search(said)
        assert not re.search(r"[A-Za-z(]", said)


def test_programs_read_what_was_done_to_each_stretch(tmp_path: Path) -> None:
    comparison = compared(Segment(1, 9, 4, 12, 1, 5, INSET), Segment(9, 13, 20, 24, 1, 5))
    named = match.Named(1, "Lantern Road", "ep 1", "ep1.mp4", "works", "0" * 64)
    line = match.as_line(match.Outcome(tmp_path, Description(MediaFacts("video"), {}), 1.0, ((named, comparison),)))
    first, second = line["matches"][0]["segments"]
    assert set(first) == {"query", "reference", "speed", "altered"}
    assert first["altered"] == {
        "outline": [list(corner) for corner in CORNER], "window": [list(corner) for corner in WHOLE],
        "mirrored": False, "turn_degrees": 0.0,
    }  # fmt: skip
    assert second["altered"] is None
