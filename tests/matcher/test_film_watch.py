"""What the two passes promise: a glance asks for what deserves a closer watch, and the watch tells it to the frame."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pytest

from fingerprints.interface import Laid, Vectors, Watch, Watched
from fingerprints.kinds.film_sift import SeenSift
from fingerprints.kinds.seen_insets import SeenInsets
from matcher import film_again, film_watch
from matcher.film_looks import Place
from matcher.film_seen import Promise
from matcher.films import FilmShelf
from matcher.interface import Comparison, Segment
from tests.matcher.drawn_films import (
    HEIGHT,
    WIDTH,
    Film,
    Picture,
    altered,
    clip,
    compared,
    described,
    drawn,
    glanced,
    shelved,
    watched,
)

WORK, OTHER_WORK, HOUR_LONG = 11, 12, 13
LENGTH_S = 40
FRAME_S = 1 / 24
HOUR_S = 3600.0
OURS, STRANGER = drawn(1), drawn(9)
LEFT, TOP, RIGHT, BOTTOM = 180, 100, 300, 168  # where the small inset stands


@pytest.fixture(scope="module")
def references() -> Mapping[int, Mapping[str, Vectors]]:
    return {WORK: described(OURS, LENGTH_S), OTHER_WORK: described(drawn(2), LENGTH_S)}


@pytest.fixture
def shelf(references: Mapping[int, Mapping[str, Vectors]]) -> FilmShelf:
    return shelved(references)


def the_only(comparisons: list[Comparison]) -> Comparison:
    (found,) = comparisons
    return found


def spans(segments: Sequence[Segment]) -> list[object]:
    """Return where the segments lie in the query, to the frame."""
    return [(each.query_start_s, each.query_end_s) for each in segments]


def about(*ends_s: tuple[float, float]) -> list[object]:
    return [pytest.approx(each, abs=FRAME_S) for each in ends_s]


def watches(promise: Promise) -> list[Watch]:
    return [each.watch for each in promise.asked]


def black(_at_s: float) -> Picture:
    return np.full((HEIGHT, WIDTH, 3), 6, np.uint8)


def small_inset(at_s: float) -> Picture:
    picture = STRANGER(at_s)
    size = (RIGHT - LEFT, BOTTOM - TOP)
    picture[TOP:BOTTOM, LEFT:RIGHT] = cv2.resize(OURS(at_s), size, interpolation=cv2.INTER_AREA)
    return picture


def test_a_film_that_shows_nothing_of_ours_asks_for_no_closer_watch(shelf: FilmShelf) -> None:
    promise = shelf.promising(glanced(STRANGER, 30), 30)
    assert promise.asked == ()
    assert promise.owners == ()


def hashes(at_s: np.ndarray, codes: np.ndarray) -> Vectors:
    """Return clear whole frames at these seconds."""
    views, quality = np.zeros(len(at_s)), np.full(len(at_s), 100)
    return Vectors(codes, np.column_stack([at_s, views, quality, np.zeros(len(at_s))]).astype(np.float32))


def test_a_settled_hour_long_copy_is_watched_only_near_its_ends() -> None:
    shots = np.random.default_rng(3).integers(0, 256, (int(HOUR_S / 2), 32)).astype(np.uint8)
    frames = np.arange(0, HOUR_S, 0.25)
    shelf = FilmShelf()
    shelf.add(HOUR_LONG, {"film-pdq": hashes(frames, shots[(frames // 2).astype(int)])})
    glance = {"seen-pdq": hashes(100 + np.arange(0, HOUR_S, 2.0), shots)}
    asked = watches(shelf.promising(glance, HOUR_S + 200))
    assert len(asked) == 2
    first, last = asked
    assert first.start_s < 100 < first.end_s < 120
    assert HOUR_S + 80 < last.start_s < HOUR_S + 100 < last.end_s < HOUR_S + 120


def test_a_small_inset_is_found_by_its_rectangle_and_told_where_it_lies(shelf: FilmShelf) -> None:
    glance = {name: told for name, told in glanced(small_inset, 14).items() if name != SeenSift.name}
    promise = shelf.promising(glance, 14)  # no point may help: the rectangle alone has to find it
    straightened = [each for each in promise.asked if each.reference_id == WORK]
    assert straightened
    assert promise.sightings == {}
    found = the_only(shelf.compare(glance, promise, watched(small_inset, 14, watches(promise)).seen))
    assert (found.reference_id, found.lane) == (WORK, "copy")
    (segment,) = found.segments
    assert segment.altered is not None
    corners = [(LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM)]
    assert np.allclose(segment.altered.outline, [(x / WIDTH, y / HEIGHT) for x, y in corners], atol=0.02)


HELD_S = 6.0


def held(at_s: float) -> Picture:
    """Return what is on screen of a film that holds every drawing for six seconds."""
    return OURS(at_s // HELD_S * HELD_S + 1)


@pytest.fixture(scope="module")
def limited() -> FilmShelf:
    return shelved({WORK: described(held, LENGTH_S)})


def test_a_glance_at_a_held_drawing_does_not_hide_how_long_it_is_held(limited: FilmShelf) -> None:
    """The key frame at second 4 shows as many points as the watch finds there, and cannot tell how long."""
    found = the_only(compared(limited, clip(held, STRANGER, start_s=13, at_s=4, length_s=2), 12))
    assert spans(found.segments) == about((4, 6))


@pytest.mark.parametrize(("share", "is_asked"), [(0.2, True), (0.5, True), (0.9, False)])
def test_points_are_asked_of_straightened_frames_where_the_copy_is_small(share: float, *, is_asked: bool) -> None:
    asked = film_watch.wanted({}, {WORK: [Place(5.0, in_the_middle(share), 9.0)]}, 20.0)
    (straightened,) = [each.watch for each in asked if each.reference_id == WORK]
    assert (film_watch.POINTS in straightened.kinds) is is_asked


def test_what_seems_to_show_everything_at_once_is_straightened_within_a_budget() -> None:
    laid = in_the_middle(0.3)
    places = {number: [Place(at_s, laid, 9.0) for at_s in np.arange(0, 3600, 10.0)] for number in range(40)}
    asked = film_watch.wanted({}, places, HOUR_S)
    assert [each.watch for each in asked if each.reference_id is None] == [
        Watch(0.0, HOUR_S, (film_watch.LOOKS, film_watch.POINTS, film_watch.CUTS))
    ]
    straightened = [each.watch.end_s - each.watch.start_s for each in asked if each.reference_id is not None]
    assert sum(straightened) == film_watch.MOST_STRAIGHTENED_S


def beside_the_middle(share: float, off: float) -> Laid:
    """Return how a reference lies that is cropped to `share` of each side, its window `off` beside the middle."""
    begin = -((1 - share) / 2 + off) / share
    return Laid(((1 / share, 0.0, begin), (0.0, 1 / share, begin)), (1.0, 1.0), (1.0, 1.0))


def test_of_a_crop_as_large_a_part_of_the_middle_is_hashed_as_it_shows() -> None:
    hashed = {}
    for share in (0.94, 0.84, 0.8, 0.6):
        laid = beside_the_middle(share, 0.0)
        asked = film_watch.wanted({}, {1: [Place(5.0, laid, 30.0)]}, 10.0)
        straightened = [each for each in asked if each.reference_id == 1]
        assert all(each.laid == laid for each in straightened)
        hashed[share] = [each.watch.laid for each in straightened if film_watch.LOOKS in each.watch.kinds]
    laid = {share: beside_the_middle(share, 0.0) for share in hashed}
    assert hashed[0.94] == [laid[0.94]]
    assert hashed[0.84] == [film_watch.middle(laid[0.84], 0.85)]
    assert hashed[0.8] == [film_watch.middle(laid[0.8], 0.72)]
    assert hashed[0.6] == []  # too little is left for any hash that a reference has


def test_the_middle_of_a_frame_lies_where_the_frame_has_it() -> None:
    laid = beside_the_middle(0.8, 0.05)
    whole, middle = film_watch.corners(laid), film_watch.corners(film_watch.middle(laid, 0.72))
    expected = whole.mean(axis=0) + 0.72 * (whole - whole.mean(axis=0))
    assert np.allclose(middle, expected)


def test_a_crop_is_straightened_as_the_still_shots_have_it_and_not_as_a_pan_does() -> None:
    still = [Place(float(at_s), beside_the_middle(0.8, 0.0), 20.0) for at_s in range(0, 30, 5)]
    panned = [Place(float(at_s), beside_the_middle(0.8, 0.018 + at_s / 5000), 25.0) for at_s in (0, 60, 120)]
    asked = film_watch.wanted({}, {1: [*panned, *still]}, 240.0)
    ways = {each.laid for each in asked if each.reference_id == 1}
    assert ways == {beside_the_middle(0.8, 0.0)}


def test_what_a_glance_told_badly_is_straightened_again_as_the_closer_watch_has_it() -> None:
    told_badly = film_watch.wanted({}, {1: [Place(5.0, beside_the_middle(0.8, 0.03), 9.0)]}, 40.0)
    seen = [Place(float(at_s), beside_the_middle(0.8, 0.0), 25.0) for at_s in (5, 6, 7)]
    further = film_watch.again({1: seen}, told_badly, 40.0)
    assert {(each.reference_id, each.laid) for each in further} == {(1, beside_the_middle(0.8, 0.0))}
    assert {(each.watch.start_s, each.watch.end_s) for each in further} == {(0.0, 19.0)}
    assert film_watch.again({1: seen}, [*told_badly, *further], 40.0) == []  # it was asked for by now


def test_what_was_told_well_or_lies_as_it_is_is_not_straightened_again() -> None:
    seen = [Place(5.0, beside_the_middle(0.8, 0.001), 25.0)]
    assert film_watch.again({1: seen, 2: []}, film_watch.wanted({}, {1: seen}, 40.0), 40.0) == []
    assert film_watch.again({1: [Place(5.0, beside_the_middle(1.0, 0.0), 25.0)]}, [], 40.0) == []


def test_where_frames_show_one_work_as_it_is_no_crop_of_another_is_looked_for() -> None:
    def closer(picture: Picture) -> Picture:
        part = picture[HEIGHT // 10 : -HEIGHT // 10, WIDTH // 10 : -WIDTH // 10]
        return np.asarray(cv2.resize(part, (WIDTH, HEIGHT)), np.uint8)

    sibling = altered(OURS, closer)  # it uses the same drawings elsewhere
    both = shelved({WORK: described(OURS, 12), OTHER_WORK: described(sibling, 12)})
    asked = (film_watch.Asked(Watch(0.0, 3.0, (film_watch.LOOKS, film_watch.POINTS, film_watch.CUTS))),)
    seen = watched(OURS, 3, [each.watch for each in asked]).seen

    def further(*owners: int) -> set[int | None]:
        found = both.further(glanced(OURS, 3), Promise(owners, {}, asked), seen, duration_s=3)
        return {each.reference_id for each in found}

    assert further(OTHER_WORK) == {OTHER_WORK}
    assert further(WORK, OTHER_WORK) == set()


def test_a_film_that_can_be_watched_no_more_is_judged_by_what_was_seen() -> None:
    further = film_watch.again({1: [Place(5.0, beside_the_middle(0.8, 0.0), 25.0)]}, [], 40.0)
    before = Promise((1,), {}, ()), Watched(None, ())
    gone = Watched("The file is gone.", ())
    assert film_again.watched_again(*before, further, lambda _: gone) == before
    promise, watched = film_again.watched_again(*before, further, lambda watches: Watched(None, ({},) * len(watches)))
    assert (promise.asked, len(watched.seen)) == (tuple(further), len(further))


def in_the_middle(share: float) -> Laid:
    """Return how a reference lies that is shown small in the middle."""
    begin = (1 - share) / 2
    return Laid(((share, 0.0, begin), (0.0, share, begin)), (1.0, 1.0), (1.0, 1.0))


def test_without_its_rectangle_and_points_a_small_inset_is_not_even_promising(shelf: FilmShelf) -> None:
    glance = glanced(small_inset, 14)
    bare = {name: told for name, told in glance.items() if name not in (SeenSift.name, SeenInsets.name)}
    assert shelf.promising(bare, 14).asked == ()


def test_an_inset_is_told_from_the_very_frame_that_it_appears_in(shelf: FilmShelf) -> None:
    """The whole frame changes too little there to be a cut; the straightened one changes altogether."""
    film: Film = lambda at_s: small_inset(at_s) if 7.25 <= at_s < 16.75 else STRANGER(at_s)  # noqa: E731
    found = the_only(compared(shelf, film, 24))
    assert spans(found.segments) == about((7.25, 16.75))


def test_the_closer_watch_finds_what_lies_between_two_key_frames(shelf: FilmShelf) -> None:
    film = clip(OURS, STRANGER, start_s=8, at_s=6.1, length_s=4)
    film = clip(OURS, film, start_s=20.05, at_s=12.05, length_s=1.9)  # key frames stand at 12 and at 14
    glance = glanced(film, 20)
    promise = shelf.promising(glance, 20)
    found = the_only(shelf.compare(glance, promise, watched(film, 20, watches(promise)).seen))
    assert spans(found.segments) == about((6.1, 10.1), (12.05, 13.95))
    unwatched = shelf.compare(glance, promise)
    assert all(each.query_end_s <= 12 for found in unwatched for each in found.segments)


def test_a_reference_taken_off_the_shelf_meanwhile_is_not_named(shelf: FilmShelf) -> None:
    film = clip(OURS, STRANGER, start_s=8, at_s=5, length_s=12)
    film = clip(drawn(2), film, start_s=4, at_s=20, length_s=10)
    glance = glanced(film, 34)
    promise = shelf.promising(glance, 34)
    told = watched(film, 34, watches(promise)).seen
    assert {each.reference_id for each in shelf.compare(glance, promise, told)} == {WORK, OTHER_WORK}
    shelf.remove(WORK)
    assert [each.reference_id for each in shelf.compare(glance, promise, told)] == [OTHER_WORK]


def test_an_inset_reference_taken_off_the_shelf_meanwhile_breaks_nothing(shelf: FilmShelf) -> None:
    glance = glanced(small_inset, 14)
    promise = shelf.promising(glance, 14)
    told = watched(small_inset, 14, watches(promise)).seen
    shelf.remove(WORK)
    assert shelf.compare(glance, promise, told) == []


def test_a_film_played_backwards_is_told_so(shelf: FilmShelf) -> None:
    found = the_only(compared(shelf, lambda at_s: OURS(30 - at_s), 24))
    assert found.lane == "copy"
    (segment,) = found.segments
    assert segment.speed == pytest.approx(-1, abs=0.01)
    assert any("played backwards" in each.says for each in found.reasons)


def test_two_shots_of_a_montage_on_one_line_are_not_joined_over_what_lies_between_them(shelf: FilmShelf) -> None:
    film = clip(OURS, STRANGER, start_s=2, at_s=2, length_s=4)
    film = clip(OURS, film, start_s=11, at_s=11, length_s=4)
    found = the_only(compared(shelf, film, 20))
    assert spans(found.segments) == about((2, 6), (11, 15))
    assert found.matched_seconds == pytest.approx(8, abs=0.1)


def test_a_dark_second_within_one_scene_is_bridged_and_not_counted(shelf: FilmShelf) -> None:
    film = clip(OURS, STRANGER, start_s=4, at_s=4, length_s=12)
    found = the_only(compared(shelf, clip(black, film, start_s=0, at_s=9, length_s=1), 20))
    assert spans(found.segments) == about((4, 16))
    assert found.matched_seconds == pytest.approx(11, abs=0.1)


def test_what_the_reference_shows_as_black_is_not_counted_even_under_a_subtitle() -> None:
    ours = clip(black, OURS, start_s=0, at_s=12, length_s=3)
    shelf = shelved({WORK: described(ours, LENGTH_S)})

    def subtitled(picture: Picture) -> Picture:
        written = picture.copy()
        for number, word in enumerate(("somebody", "speaks", "aloud", "here")):
            cv2.putText(written, word, (10, 30 + 55 * number), cv2.FONT_HERSHEY_DUPLEX, 2.0, (250, 250, 250), 4)
        return written

    film = altered(clip(ours, STRANGER, start_s=4, at_s=4, length_s=20), subtitled)
    found = the_only(compared(shelf, film, 28))
    assert spans(found.segments) == about((4, 24))
    assert found.matched_seconds == pytest.approx(17, abs=0.3)


def test_a_spoiled_moment_that_is_short_beside_the_scene_is_bridged(shelf: FilmShelf) -> None:
    film = clip(OURS, STRANGER, start_s=2, at_s=2, length_s=22)
    spoiled = clip(drawn(30), film, start_s=0, at_s=12, length_s=2.5)
    assert spans(the_only(compared(shelf, spoiled, 28)).segments) == about((2, 24))


def rising(at_s: float) -> Picture:
    """Return a film of which every shot of three seconds rises from black within one."""
    return np.asarray(OURS(at_s) * min(1.0, at_s % 3), np.uint8)


def test_a_short_clip_that_rises_from_black_is_found_all_the_same() -> None:
    shelf = shelved({WORK: described(rising, LENGTH_S)})
    film = clip(rising, STRANGER, start_s=12, at_s=4, length_s=1.9)  # its only key frame is black
    assert shelf.promising(glanced(film, 12), 12).asked == ()
    (segment,) = the_only(compared(shelf, film, 12)).segments
    assert 4 <= segment.query_start_s < 5
    assert segment.query_end_s == pytest.approx(5.9, abs=FRAME_S)


def test_what_a_glance_saw_nothing_of_is_looked_at_again_and_not_more_often_than_that() -> None:
    at_s = np.arange(0, 600, 2.0)
    dark, light = np.zeros(len(at_s)), np.full(len(at_s), 100)
    codes = np.zeros((len(at_s), 32), np.uint8)

    def glance(quality: np.ndarray) -> Mapping[str, Vectors]:
        return {film_watch.LOOKS: Vectors(codes, np.column_stack([at_s, dark, quality]).astype(np.float32))}

    assert film_again.unseen(glance(light), 600) == []
    one = light.copy()
    one[7] = 20
    assert film_again.unseen(glance(one), 600) == [Watch(15.0, 15.5, (film_watch.LOOKS,))]
    asked = film_again.unseen(glance(dark), 600)
    assert len(asked) == 600 / film_again.ONE_IN_S
    assert (asked[0].start_s, asked[-1].start_s) == (1.0, 599.0)
