"""What people mark as not distinctive counts no more, from the next comparison on, and stays on record."""

import math

import pytest
from sqlalchemy.orm import Session

from config.home import Home
from fingerprints import store
from fingerprints.interface import Description, MediaFacts
from matcher import retrieve, stop_areas
from matcher.interface import Box
from matcher.references import Reference
from matcher.retrieve import Shelf
from matcher.stop_areas import BadArea, StopArea, UnknownArea
from tests import factories
from tests.matcher.drawn_pictures import described_drawing, reference, vectors

TOP, BOTTOM = Box(0, 0, 1, 0.6), Box(0, 0.6, 1, 1)


def marked(session: Session, row: Reference, box: Box = TOP) -> StopArea:
    return stop_areas.mark(session, row, box, by="Aoi Mori", reason="The publisher's cover design.")


def found(session: Session, seed: int, shelf: Shelf | None = None) -> list[int]:
    taken = retrieve.shelf(session) if shelf is None else shelf
    taken.refresh(session)
    return [each.reference_id for each in taken.compare(session, vectors(described_drawing(seed)))]


def test_what_is_marked_counts_no_more_and_what_is_withdrawn_counts_again(session: Session) -> None:
    row = reference(session, factories.work(session), 11)
    assert found(session, 11) == [row.id]
    areas = [marked(session, row, box) for box in (TOP, BOTTOM)]
    assert found(session, 11) == []
    stop_areas.withdraw(session, areas[0], by="Aoi Mori")
    assert found(session, 11) == [row.id]


def test_the_rest_of_a_marked_picture_is_still_found(session: Session) -> None:
    row = reference(session, factories.work(session), 11)
    marked(session, row)
    assert found(session, 11) == [row.id]


def test_only_the_marked_reference_changes(session: Session) -> None:
    work = factories.work(session)
    row, other = reference(session, work, 11), reference(session, work, 13)
    marked(session, row, TOP), marked(session, row, BOTTOM)
    assert (found(session, 11), found(session, 13)) == ([], [other.id])


def test_what_another_process_marks_is_taken_up_at_the_next_question(home: Home) -> None:
    with home.sessions().begin() as session:
        number = reference(session, factories.work(session), 11).id
    shelf = Shelf(home.settings.matching)
    with home.readers()() as reading:
        assert found(reading, 11, shelf) == [number]
    with home.sessions().begin() as elsewhere:
        row = elsewhere.get_one(Reference, number)
        marked(elsewhere, row, TOP), marked(elsewhere, row, BOTTOM)
    with home.readers()() as reading:
        assert found(reading, 11, shelf) == []


def test_an_area_in_place_of_one_that_was_rolled_back_is_taken_up(home: Home) -> None:
    shelf = Shelf(home.settings.matching)
    with home.sessions().begin() as session:
        row = reference(session, factories.work(session), 11)
        marked(session, row, TOP)
    for box, expected in ((BOTTOM, []), (Box(0, 0, 0.1, 0.1), [row.id])):  # SQLite gives both the same id
        with home.sessions()() as session:
            marked(session, session.get_one(Reference, row.id), box)
            assert found(session, 11, shelf) == expected
            session.rollback()


def test_areas_are_told_per_reference_without_the_withdrawn(session: Session) -> None:
    work = factories.work(session)
    first, second, third = (reference(session, work, seed) for seed in (10, 11, 13))
    marked(session, first), marked(session, first, BOTTOM), marked(session, third)
    stop_areas.withdraw(session, marked(session, second), by="Aoi Mori")
    assert stop_areas.areas_of(session) == {first.id: (TOP, BOTTOM), third.id: (TOP,)}
    assert stop_areas.areas_of(session, [second.id, third.id]) == {third.id: (TOP,)}


def test_who_withdrew_an_area_first_stays_on_record(session: Session) -> None:
    area = marked(session, reference(session, factories.work(session), 11))
    stop_areas.withdraw(session, area, by="Aoi Mori")
    at = area.withdrawn_at
    stop_areas.withdraw(session, area, by="Ben")
    assert (area.withdrawn_by, area.withdrawn_at) == ("Aoi Mori", at)
    assert [row.uuid for row in stop_areas.ever_of(session, area.reference_id)] == [area.uuid]


@pytest.mark.parametrize(
    "box",
    [
        Box(0.5, 0, 0.5, 1), Box(0.9, 0, 0.1, 1), Box(0, 0.9, 1, 0.1), Box(-0.1, 0, 1, 0.5), Box(0, 0, 1.1, 0.5),
        Box(0, 0, 1, math.nan), Box(0, 0, 1, math.inf), Box(0, 0, 1, 1),
    ],
)  # fmt: skip
def test_an_area_that_no_picture_has_is_refused(session: Session, box: Box) -> None:
    row = reference(session, factories.work(session), 11)
    with pytest.raises(BadArea):
        marked(session, row, box)
    assert stop_areas.areas_of(session) == {}


@pytest.mark.parametrize(("by", "reason"), [(" ", "A frame."), ("Aoi Mori", "")])
def test_an_area_says_why_and_who(session: Session, by: str, reason: str) -> None:
    row = reference(session, factories.work(session), 11)
    with pytest.raises(BadArea, match="give both"):
        stop_areas.mark(session, row, TOP, by=by, reason=reason)


def test_a_film_is_told_to_use_exclusions(session: Session) -> None:
    row = factories.reference(session, factories.work(session))
    store.save(session, row.blob, Description(MediaFacts("video", 640, 360, 90.0), {}))
    with pytest.raises(BadArea, match="reference exclude"):
        marked(session, row)


def test_an_unknown_area_is_one_sentence(session: Session) -> None:
    with pytest.raises(UnknownArea, match="reference areas"):
        stop_areas.find(session, "nothing")
