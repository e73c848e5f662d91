"""What mekiki learns when the episodes of a series are registered, and what people say of it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fingerprints.interface import Vectors
from matcher import found_stretches, learn_stretches
from matcher.catalogue import Owner, Work
from matcher.found_stretches import BadStretch, FoundStretch, UnknownStretch
from matcher.learn_stretches import StretchLook
from matcher.references import Reference
from tests import factories
from tests.matcher.drawn_episodes import (
    ENDING,
    ENDS_AT,
    LENGTH_S,
    OPENING,
    OPENING_S,
    OPENS_AT,
    described_episode,
    described_stranger,
    film_reference,
    frames,
)
from tests.matcher.drawn_films import clip, drawn


def series(session: Session, numbers: Sequence[int] = (1, 2), *, of: Owner | None = None) -> list[Reference]:
    work = factories.work(session, "Lantern Road", of=of)
    return [film_reference(session, work, f"ep {number}.mp4", described_episode(number)) for number in numbers]


def work_of(session: Session, row: Reference) -> Work:
    (work,) = session.scalars(select(Work))
    return work


def work_through(session: Session) -> None:
    while ids := learn_stretches.pending(session, 4):
        learn_stretches.learn(session, ids)


def rows_of(session: Session, row: Reference) -> list[FoundStretch]:
    found = select(FoundStretch).where(FoundStretch.reference_id == row.id)
    return list(session.scalars(found.order_by(FoundStretch.start_s)))


def told(session: Session, row: Reference) -> list[tuple[str, int]]:
    return [(each.kind, each.shared_with) for each in rows_of(session, row)]


def test_registered_episodes_get_their_opening_and_ending(session: Session) -> None:
    rows = series(session, (1, 2, 3))
    work_through(session)
    assert [told(session, row) for row in rows] == [[("opening", 2), ("ending", 2)]] * 3
    for number, row in enumerate(rows, start=1):
        opening, ending = found_stretches.in_force(session, [row.id])[row.id]
        assert opening == pytest.approx((OPENS_AT[number], OPENS_AT[number] + OPENING_S), abs=1)
        assert ending[0] == pytest.approx(ENDS_AT[number], abs=1)


def test_an_episode_that_comes_later_learns_from_those_before_it(session: Session) -> None:
    first, second = series(session)
    work_through(session)
    third = film_reference(session, work_of(session, first), "ep 3.mp4", described_episode(3))
    assert learn_stretches.pending(session, 4) == [third.id]
    work_through(session)
    assert [told(session, row) for row in (first, second, third)] == [[("opening", 2), ("ending", 2)]] * 3


def test_learning_twice_changes_nothing(session: Session) -> None:
    rows = series(session)
    work_through(session)
    before = [(row.uuid, row.start_s, row.shared_with) for row in session.scalars(select(FoundStretch))]
    learn_stretches.learn(session, [row.id for row in rows])
    assert [(row.uuid, row.start_s, row.shared_with) for row in session.scalars(select(FoundStretch))] == before
    assert session.scalar(select(func.count(StretchLook.id))) == 2
    assert learn_stretches.pending(session, 4) == []


def test_the_order_of_episodes_is_that_of_their_names_and_not_of_their_coming(session: Session) -> None:
    work = factories.work(session)
    again = frames(clip(drawn(1), drawn(4), start_s=20, at_s=1, length_s=9))
    tenth = film_reference(session, work, "ep 10.mp4", again)
    second = film_reference(session, work, "ep 2.mp4", described_episode(1))
    work_through(session)
    assert (told(session, tenth), told(session, second)) == ([("recap", 1)], [])


def test_works_of_another_owner_teach_nothing(session: Session) -> None:
    series(session, (1,))
    series(session, (2,), of=factories.owner(session, "Studio Hoshi"))
    work_through(session)
    assert found_stretches.in_force(session) == {}


def test_another_work_of_the_same_owner_may_share_an_opening(session: Session) -> None:
    owner = factories.owner(session)
    (first,) = series(session, (1,), of=owner)
    work = factories.work(session, "Lantern Road II", of=owner)
    second = film_reference(session, work, "season 2 ep 1.mp4", described_episode(2))
    work_through(session)
    assert told(session, first) == told(session, second) == [("opening", 1), ("ending", 1)]


@pytest.mark.parametrize("changes", [{"disabled_at": factories.NOW}, {"bank": "negative"}])
def test_a_film_that_protects_nothing_teaches_nothing(session: Session, changes: dict[str, object]) -> None:
    (first,) = series(session, (1,))
    work = work_of(session, first)
    other = film_reference(session, work, "ep 2.mp4", described_episode(2), **changes)
    assert learn_stretches.pending(session, 4) == [first.id]
    learn_stretches.learn(session, [first.id, other.id])
    assert found_stretches.in_force(session) == {}


def test_a_film_disabled_after_it_was_looked_at_teaches_nothing_more(session: Session) -> None:
    (first,) = series(session, (1,))
    work_through(session)
    first.disabled_at = factories.NOW
    film_reference(session, work_of(session, first), "ep 2.mp4", described_episode(2))
    work_through(session)
    assert found_stretches.in_force(session) == {}


def test_unrelated_films_of_one_owner_share_nothing(session: Session) -> None:
    (first,) = series(session, (1,))
    film_reference(session, work_of(session, first), "stranger.mp4", described_stranger())
    work_through(session)
    assert found_stretches.in_force(session) == {}


def test_a_rejected_stretch_proves_its_episode_and_does_not_come_back(session: Session) -> None:
    first, second = series(session)
    work_through(session)
    opening, ending = rows_of(session, first)
    found_stretches.reject(session, opening, by="Aoi Mori", why="Only this episode has it.")
    assert found_stretches.in_force(session, [first.id]) == {first.id: ((ending.start_s, ending.end_s),)}
    film_reference(session, work_of(session, first), "ep 3.mp4", described_episode(3))
    work_through(session)
    assert [row.uuid for row in rows_of(session, first)] == [opening.uuid, ending.uuid]
    assert len(found_stretches.in_force(session)[first.id]) == 1
    assert told(session, second) == [("opening", 2), ("ending", 2)]


def test_a_confirmed_stretch_stays_as_it_was_confirmed(session: Session) -> None:
    first, _second = series(session)
    work_through(session)
    opening, _ending = rows_of(session, first)
    found_stretches.confirm(session, opening, by="Aoi Mori")
    before = opening.start_s, opening.end_s
    film_reference(session, work_of(session, first), "ep 3.mp4", longer_opening())
    work_through(session)
    assert (opening.start_s, opening.end_s, opening.confirmed_by) == (*before, "Aoi Mori")


def longer_opening() -> Vectors:
    """Return a third episode that goes on after the opening as the first one does."""
    film = clip(OPENING, drawn(3), start_s=0, at_s=0, length_s=OPENING_S)
    film = clip(drawn(1), film, start_s=OPENING_S, at_s=OPENING_S, length_s=3.8)
    return frames(clip(ENDING, film, start_s=0, at_s=38, length_s=8.8), LENGTH_S)


def test_a_stretch_that_nobody_spoke_of_grows_with_what_a_later_episode_shows(session: Session) -> None:
    first, second = series(session)
    work_through(session)
    (opening, _ending), signed = rows_of(session, first), found_stretches.sign(session)
    film_reference(session, work_of(session, first), "ep 3.mp4", longer_opening())
    work_through(session)
    assert (opening.start_s, opening.end_s) == pytest.approx((0, OPENING_S + 3.8), abs=0.5)
    assert told(session, first) == told(session, second) == [("opening", 2), ("ending", 2)]
    assert found_stretches.sign(session) != signed


def test_rejecting_changes_the_sign_of_what_is_in_force_and_confirming_does_not(session: Session) -> None:
    first, _second = series(session)
    work_through(session)
    opening, ending = rows_of(session, first)
    signed = found_stretches.sign(session)
    found_stretches.confirm(session, ending, by="Aoi Mori")
    assert found_stretches.sign(session) == signed
    found_stretches.reject(session, opening, by="Aoi Mori", why="No.")
    assert found_stretches.sign(session) != signed


def test_what_was_rejected_cannot_be_confirmed_and_what_was_confirmed_can_be_rejected(session: Session) -> None:
    first, _second = series(session)
    work_through(session)
    opening, ending = rows_of(session, first)
    found_stretches.confirm(session, ending, by="Aoi Mori")
    found_stretches.reject(session, ending, by="Ren Sato", why="It is the last scene.")
    assert (ending.confirmed_by, ending.rejected_by) == ("Aoi Mori", "Ren Sato")
    found_stretches.reject(session, opening, by="Ren Sato", why="No.")
    with pytest.raises(BadStretch, match="Ren Sato rejected this stretch"):
        found_stretches.confirm(session, opening, by="Aoi Mori")


def test_what_a_person_says_carries_a_name_and_a_reason(session: Session) -> None:
    first, _second = series(session)
    work_through(session)
    opening, _ending = rows_of(session, first)
    with pytest.raises(BadStretch):
        found_stretches.confirm(session, opening, by=" ")
    with pytest.raises(BadStretch):
        found_stretches.reject(session, opening, by="Aoi Mori", why=" ")
    with pytest.raises(UnknownStretch):
        found_stretches.find(session, "nowhere")
    assert opening.is_open


def test_the_list_of_a_work_leaves_out_what_protects_nothing(session: Session) -> None:
    first, second = series(session)
    work_through(session)
    work = work_of(session, first)
    listed = found_stretches.listed(session, work)
    assert [(asset.name, each.kind) for asset, _, each in listed][:2] == [
        ("ep 1.mp4", "opening"),
        ("ep 1.mp4", "ending"),
    ]
    second.disabled_at = factories.NOW
    session.flush()
    assert len(found_stretches.listed(session, work)) == 2
