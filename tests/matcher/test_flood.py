"""What the flood guard promises: history is what people confirmed, and company is no crime."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Flood
from matcher import assess, cases, holds, quarantines
from matcher.case_rows import Case
from matcher.catalogue import Work
from matcher.flood import Carried, judge
from matcher.references import Reference
from tests import factories
from tests.factories import NOW
from tests.matcher import stages

FLOOD = Flood(new_places=8, times=5.0, window_hours=24.0, history_days=28.0)


def carried(count: int, hours_ago: float, *, is_confirmed: bool = False) -> list[Carried]:
    return [Carried(NOW - timedelta(hours=hours_ago), is_confirmed)] * count


@pytest.mark.parametrize(("before", "is_flood"), [(7, False), (8, True)])
def test_a_new_reference_opens_a_small_number_of_cases(before: int, is_flood: bool) -> None:
    assert judge(carried(before, 1.0), FLOOD, now=NOW).is_flood is is_flood


def test_matches_that_nobody_confirmed_are_no_history_however_old() -> None:
    assert judge(carried(8, 24.0 * 20), FLOOD, now=NOW).is_flood
    assert judge(carried(8, 1.0, is_confirmed=True), FLOOD, now=NOW).is_flood  # confirmed in the very flood


def test_a_reference_with_a_history_may_get_many_times_its_busiest_day() -> None:
    history = carried(3, 30.0, is_confirmed=True) + carried(2, 60.0, is_confirmed=True)
    figures = judge(history + carried(14, 2.0), FLOOD, now=NOW)
    assert (figures.places, figures.usual, figures.limit, figures.is_flood) == (15, 3, 15, False)
    assert judge(history + carried(15, 2.0), FLOOD, now=NOW).is_flood
    assert judge(carried(3, 24.0 * 40, is_confirmed=True) + carried(15, 2.0), FLOOD, now=NOW).limit == 8


def test_a_wave_over_the_whole_work_is_no_flood_of_a_reference_that_has_a_history() -> None:
    waves = carried(1, 30.0, is_confirmed=True) + carried(30, 2.0)
    assert judge(waves, FLOOD, now=NOW).is_flood
    assert not judge(waves, FLOOD, now=NOW, siblings=20.0).is_flood
    assert judge(carried(30, 2.0), FLOOD, now=NOW, siblings=20.0).is_flood  # a new one is no safer for it


def test_what_a_person_let_pass_is_history() -> None:
    assert not judge(carried(40, 1.0), FLOOD, now=NOW, released=12).is_flood
    assert judge(carried(60, 1.0), FLOOD, now=NOW, released=12).is_flood


def test_the_figures_are_told_in_sentences() -> None:
    history = carried(3, 30.0, is_confirmed=True)
    assert judge(history + carried(60, 1.0), FLOOD, now=NOW, siblings=1.5).says(24.0) == (
        "Found at 61 places within 24 hours; 3 was the most before, up to 15 pass. "
        "The other references of the work: 1.5 each."
    )


def open_everything(session: Session) -> None:
    while ids := assess.pending(session, 10):
        assess.assess(session, ids)
    while ids := cases.pending(session, 10):
        cases.open_cases(session, ids)
    stages.remember(session)


def place_showing(session: Session, number: int, *references: Reference) -> None:
    """A place with one picture for each reference."""
    page = factories.finding(session, f"http://scans.example/{number}")
    for position, reference in enumerate(references):
        seen = factories.sighting(session, page, f"{number} {position}".encode(), kind="image", position=position)
        factories.match(session, seen, reference)


@pytest.fixture
def work(session: Session) -> Work:
    return factories.work(session)


@pytest.mark.usefixtures("frozen_clock")
def test_a_volume_copied_as_a_whole_is_no_flood_of_its_pages(session: Session, work: Work) -> None:
    pages = [factories.reference(session, work, f"page {number}.png") for number in (1, 2, 3)]
    for number in range(15):
        place_showing(session, number, *pages)
    open_everything(session)
    assert quarantines.current(session) == []
    assert len(session.scalars(select(Case)).all()) == 15


@pytest.mark.usefixtures("frozen_clock")
def test_two_poisoned_references_that_find_the_same_places_do_not_cover_each_other(
    session: Session, work: Work
) -> None:
    twins = [factories.reference(session, work, name) for name in ("black 1.png", "black 2.png")]
    for number in range(12):
        page = factories.finding(session, f"http://scans.example/{number}")
        seen = factories.sighting(session, page, f"black {number}".encode(), kind="image")
        for twin in twins:
            factories.match(session, seen, twin)
    open_everything(session)
    assert {reference.name for reference, _event in quarantines.current(session)} == {"black 1.png", "black 2.png"}
    assert len(session.scalars(select(Case)).all()) == 8


@pytest.mark.usefixtures("frozen_clock")
def test_a_case_that_stands_on_other_references_as_well_is_not_held(session: Session, work: Work) -> None:
    black, page = (factories.reference(session, work, name) for name in ("black.png", "page.png"))
    place_showing(session, 99, black, page)
    for number in range(12):
        place_showing(session, number, black)
    open_everything(session)
    place_showing(session, 100, black, page)
    open_everything(session)
    every = session.scalars(select(Case)).all()
    free = sorted(case.place for case in every if case.id not in holds.of(session, [case.id for case in every]))
    assert (len(every), free) == (10, ["scans.example/100", "scans.example/99"])
