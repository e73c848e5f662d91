"""The promises of matcher.cut_out: only time that is truly gone is called missing."""

from matcher import cut_out
from matcher.cut_out import Marked
from matcher.interface import Segment


def stretch(query: tuple[float, float], reference: tuple[float, float]) -> Segment:
    return Segment(*query, *reference, (reference[1] - reference[0]) / (query[1] - query[0]), 10.0)


def says(
    *segments: Segment, copy_s: float = 0.0, original_s: float = 600.0, marked: tuple[Marked, ...] = ()
) -> list[str]:
    return [each.says for each in cut_out.missing(segments, copy_s, original_s, marked)]


def test_a_scene_that_was_cut_out_is_missing() -> None:
    parts = stretch((0, 100), (0, 100)), stretch((100, 560), (140, 600))
    assert says(*parts, copy_s=560) == ["1:40 to 2:20 of the original is missing (40 s)."]


def test_a_scene_that_only_was_not_recognised_is_not_missing() -> None:
    parts = stretch((0, 100), (0, 100)), stretch((140, 600), (140, 600))
    assert says(*parts, copy_s=600) == []


def test_what_the_copy_shows_instead_is_counted_as_shown() -> None:
    parts = stretch((0, 100), (0, 100)), stretch((110, 570), (140, 600))
    assert says(*parts, copy_s=570) == ["30 s between 1:40 and 2:20 of the original are missing."]


def test_a_cut_head_and_tail_are_missing() -> None:
    assert says(stretch((0, 500), (30, 530)), copy_s=500) == [
        "The first 30 s of the original are missing.", "The last 70 s of the original are missing.",
    ]  # fmt: skip


def test_a_black_lead_in_or_an_unknown_length_is_not_missing() -> None:
    assert says(stretch((30, 500), (30, 500)), copy_s=600) == []
    assert says(stretch((0, 500), (0, 500))) == []


def test_a_clip_does_not_lack_the_rest_of_the_film() -> None:
    assert says(stretch((0, 60), (100, 160)), stretch((60, 120), (200, 260)), copy_s=120) == []


def test_a_second_of_doubt_is_not_told() -> None:
    assert says(stretch((0, 100), (0, 100)), stretch((100, 598.5), (101.5, 600)), copy_s=598.5) == []


def test_scenes_in_another_order_are_not_missing() -> None:
    parts = stretch((0, 300), (300, 600)), stretch((300, 600), (0, 300))
    assert says(*parts, copy_s=600) == []


def test_scenes_in_another_order_between_which_nothing_follows_say_nothing() -> None:
    parts = stretch((0, 200), (0, 200)), stretch((200, 360), (440, 600)), stretch((360, 560), (200, 400))
    assert says(*parts, copy_s=560) == []


def test_a_copy_played_backwards_is_read_from_its_end() -> None:
    assert says(Segment(0, 500, 0, 500, -1.0, 9.0), copy_s=500) == ["The last 100 s of the original are missing."]
    parts = Segment(0, 460, 140, 600, -1.0, 9.0), Segment(460, 560, 0, 100, -1.0, 9.0)
    assert says(*parts, copy_s=560) == ["1:40 to 2:20 of the original is missing (40 s)."]


def test_a_copy_played_partly_backwards_or_of_unknown_length_is_not_asked() -> None:
    assert says(Segment(0, 500, 0, 500, -1.0, 9.0)) == []
    assert says(Segment(0, 300, 0, 300, 1.0, 9.0), Segment(300, 500, 400, 600, -1.0, 9.0), copy_s=500) == []


def test_a_faster_copy_lacks_nothing_for_that() -> None:
    parts = stretch((0, 80), (0, 100)), stretch((112, 480), (140, 600))
    assert says(*parts, copy_s=480) == []


def test_a_marked_stretch_is_told_by_its_name_and_does_not_make_the_copy_a_clip() -> None:
    ending = (Marked(300, 600, "ending"),)
    assert says(stretch((0, 290), (0, 290)), copy_s=290, marked=ending) == [
        "4:50 to 10:00 of the original is left out; it is marked “ending” there."
    ]


def test_many_cuts_are_summed_up() -> None:
    parts = [stretch((at * 40, at * 40 + 40), (at * 45, at * 45 + 40)) for at in range(12)]
    told = says(*parts, copy_s=480, original_s=535)
    assert len(told) == cut_out.MOST_TOLD + 1
    assert told[-1] == "5 shorter stretches are missing as well, 25 s together."


def test_nothing_is_missing_from_nothing() -> None:
    assert says() == []
    assert says(stretch((0, 5), (0, 5)), original_s=0.0) == []
