"""What films of one owner share is found where it is, and named as what it is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from fingerprints.interface import Vectors
from matcher import common_stretches
from matcher.common_stretches import Films, Stretch
from matcher.films import FilmShelf
from tests.matcher.drawn_episodes import (
    ENDING_S,
    ENDS_AT,
    LENGTH_S,
    OPENING_S,
    OPENS_AT,
    SHOT_S,
    described_episode,
    described_stranger,
    episode,
    frames,
)
from tests.matcher.drawn_films import clip, compared, described, drawn
from tests.measure import films_corpus

WITHIN_S = 0.5


def learned(films: Mapping[int, Vectors]) -> list[Stretch]:
    """Return what these films share; their numbers are their places in the series, and they come in this order."""
    known, pieces = Films(), []
    for number, vectors in films.items():
        new = common_stretches.film(number, number, vectors)
        pieces += known.shared(new)
        known.add(new)
    return common_stretches.named(pieces, known.known)


def told(stretches: Sequence[Stretch], number: int) -> list[tuple[str, float, float]]:
    return [(each.kind, each.start_s, each.end_s) for each in stretches if each.reference_id == number]


def about(kind: str, start_s: float, end_s: float, within_s: float = WITHIN_S) -> tuple[object, ...]:
    return kind, pytest.approx(start_s, abs=within_s), pytest.approx(end_s, abs=within_s)


def of_series(number: int) -> list[tuple[object, ...]]:
    opens, ends = OPENS_AT[number], ENDS_AT[number]
    return [about("opening", opens, opens + OPENING_S), about("ending", ends, ends + ENDING_S)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_opening_and_ending_are_found_in_every_episode_whichever_comes_first(order: tuple[int, ...]) -> None:
    found = learned({number: described_episode(number) for number in order})
    for number in order:
        assert told(found, number) == of_series(number)
    assert {len(each.shared_with) for each in found} == {2}


def test_films_that_share_nothing_have_no_stretches() -> None:
    assert learned({1: described_episode(1), 2: described_stranger()}) == []


def test_flat_and_black_frames_are_shared_by_nobody() -> None:
    dark = frames(lambda _: np.full((180, 320, 3), 8, np.uint8), 20)
    assert learned({1: dark, 2: dark}) == []


def test_what_an_episode_tells_again_is_a_recap_there_and_proves_the_episode_that_it_was_made_for() -> None:
    later = frames(clip(drawn(1), drawn(4), start_s=20, at_s=1, length_s=9))
    found = learned({1: described_episode(1), 4: later})
    assert told(found, 4) == [about("recap", 1, 10)]
    assert told(found, 1) == []


def test_a_recap_of_many_short_shots_is_one_recap() -> None:
    film = drawn(4)
    for number, start_s in enumerate((31.2, 13.1, 23.4, 18.2)):
        film = clip(drawn(1), film, start_s=start_s, at_s=1 + 2.5 * number, length_s=2.5)
    found = learned({1: described_episode(1), 4: frames(film)})
    assert told(found, 4) == [about("recap", 1, 11)]
    assert told(found, 1) == []


def test_what_the_next_episode_will_bring_is_a_preview() -> None:
    earlier = frames(clip(drawn(1), drawn(4), start_s=18, at_s=39, length_s=9))
    found = learned({0: earlier, 1: described_episode(1)})
    assert told(found, 0) == [about("preview", 39, 48)]
    assert told(found, 1) == []


def test_a_short_shot_that_is_used_twice_proves_neither_episode() -> None:
    reused = frames(clip(drawn(1), drawn(4), start_s=15.6, at_s=27, length_s=SHOT_S))
    found = learned({1: described_episode(1), 4: reused})
    assert told(found, 4) == [about("stock shot", 27, 30)]
    assert told(found, 1) == [about("stock shot", 15.6, 18.6)]


def test_a_shot_that_the_opening_borrows_does_not_prove_its_episode() -> None:
    """It would be found in a copy of the opening, which every episode has."""
    borrowed = frames(clip(drawn(100), drawn(5), start_s=0, at_s=20, length_s=SHOT_S))
    opened = [frames(clip(drawn(100), drawn(number), start_s=0, at_s=0, length_s=9)) for number in (6, 7)]
    found = learned({5: borrowed, 6: opened[0], 7: opened[1]})
    assert told(found, 5) == [about("stock shot", 20, 23)]
    assert [told(found, number) for number in (6, 7)] == [[about("opening", 0, 9)]] * 2


def test_one_film_in_two_editions_shares_nothing_with_itself() -> None:
    other_edition = frames(lambda at_s: episode(1)(max(0.0, at_s - 1.5)))
    assert learned({1: described_episode(1), 2: other_edition}) == []


def test_a_clip_of_an_episode_takes_nothing_from_it() -> None:
    assert learned({1: described_episode(1), 2: frames(lambda at_s: drawn(1)(at_s + 15), 20)}) == []


def test_a_film_without_frames_is_no_error() -> None:
    nothing = Vectors(np.zeros((0, 32), np.uint8), np.zeros((0, 4), np.float32))
    assert learned({1: described_episode(1), 2: nothing, 3: nothing}) == []


def shelf(of: Mapping[int, Mapping[str, Vectors]], stretches: Sequence[Stretch]) -> FilmShelf:
    made = FilmShelf()
    for number, vectors in of.items():
        made.add(number, vectors, [(start, end) for _, start, end in told(stretches, number)])
    return made


def test_an_episode_that_nobody_registered_names_no_episode_by_its_opening_and_ending() -> None:
    registered = {number: described(episode(number), LENGTH_S) for number in (1, 2)}
    found = learned({number: vectors["film-pdq"] for number, vectors in registered.items()})
    bare = compared(shelf(registered, []), episode(3), LENGTH_S)
    assert "copy" in {each.lane for each in bare}  # else this test proves nothing
    assert {each.lane for each in compared(shelf(registered, found), episode(3), LENGTH_S)} == {"lead"}
    body = compared(shelf(registered, found), clip(drawn(1), drawn(9), start_s=12, at_s=5, length_s=14), 24)
    assert [(each.reference_id, each.lane) for each in body] == [(1, "copy")]


@pytest.mark.usefixtures("corpus")
def test_the_opening_and_ending_of_real_episodes_are_found() -> None:
    names = ("pc_motion_ep1", "pc_motion_ep2", "sintel_c_203-211")
    films = films_corpus.described_films(list(names))
    found = learned({number: films[name]["film-pdq"] for number, name in enumerate(names)})
    (opening, ending) = films_corpus.SHARED["pc_motion_ep1"]
    for number in (0, 1):
        assert told(found, number) == [about("opening", *opening, within_s=1), about("ending", *ending, within_s=1)]
    assert told(found, 2) == []
