"""The same content registered by two owners: one conflict, no notice for it, and people settle whose it is."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher import (
    assess,
    cases,
    find_overlaps,
    holds,
    learn_stretches,
    lives,
    overlaps,
    references,
    retrieve,
    shared_areas,
)
from matcher.case_rows import Case
from matcher.catalogue import Work
from matcher.match import Match
from matcher.overlaps import BadSettlement, Overlap
from matcher.references import Reference
from tests import factories
from tests.matcher import stages
from tests.matcher.drawn_cards import card_reference
from tests.matcher.drawn_episodes import LENGTH_S, described_episode, described_stranger, film_reference
from tests.matcher.drawn_pictures import reference

pytestmark = pytest.mark.usefixtures("frozen_clock")


@pytest.fixture
def ours(session: Session) -> Work:
    return factories.work(session, "Lantern Road")


@pytest.fixture
def theirs(session: Session) -> Work:
    return factories.work(session, "Harbour Lights", of=factories.owner(session, "Atelier Sora"))


def look(session: Session) -> list[Overlap]:
    """Learn what is shared and look for overlaps until nothing is pending; return the conflicts."""
    for stage, verb in (
        (shared_areas.pending, shared_areas.learn), (learn_stretches.pending, learn_stretches.learn),
        (find_overlaps.pending, find_overlaps.look),
    ):  # fmt: skip
        while ids := stage(session, 2):
            verb(session, ids)
    return list(session.scalars(select(Overlap).order_by(Overlap.id)))


def test_the_same_picture_of_two_owners_is_one_conflict(session: Session, ours: Work, theirs: Work) -> None:
    first, _other = reference(session, ours, 11), reference(session, ours, 12)
    second = reference(session, theirs, 11, bank="goods")
    (conflict,) = look(session)
    assert (conflict.older_id, conflict.newer_id, conflict.seconds) == (first.id, second.id, 0.0)
    assert conflict.share > 0.9
    (told,) = overlaps.listed(session, ours)
    assert told.says.startswith("page 11 works.png of Studio Kiri holds ")
    assert [each.overlap.id for each in overlaps.listed(session, theirs)] == [conflict.id]
    assert look(session) == [conflict]


def test_the_same_film_of_two_owners_is_one_conflict(session: Session, ours: Work, theirs: Work) -> None:
    first = film_reference(session, ours, "ep 1.mp4", described_episode(1))
    film_reference(session, ours, "other.mp4", described_stranger())
    look(session)
    second = film_reference(session, theirs, "harbour 1.mp4", described_episode(1))
    (conflict,) = look(session)
    assert (conflict.older_id, conflict.newer_id) == (first.id, second.id)
    assert conflict.seconds > 0.8 * LENGTH_S
    assert conflict.share == pytest.approx(conflict.seconds / LENGTH_S)


def test_what_is_excluded_or_known_to_be_shared_is_no_conflict(session: Session, ours: Work, theirs: Work) -> None:
    for number in (1, 2):  # of one series: the opening and the ending are found to be shared
        film_reference(session, ours, f"ep {number}.mp4", described_episode(number))
    film_reference(session, theirs, "harbour.mp4", described_episode(3))  # has the same opening and ending
    assert look(session) == []


def test_an_interval_that_people_excluded_is_no_conflict(session: Session, ours: Work, theirs: Work) -> None:
    mine = film_reference(session, ours, "ep 1.mp4", described_episode(1))
    references.exclude(session, mine.uuid, start_s=0.0, end_s=LENGTH_S, reason="Stock footage.", by="Aoi Mori")
    film_reference(session, theirs, "harbour 1.mp4", described_episode(1))
    assert look(session) == []


@pytest.mark.parametrize("bank", ["licensed", "negative", "provisional"])
def test_other_banks_claim_nothing(session: Session, ours: Work, theirs: Work, bank: str) -> None:
    reference(session, ours, 11)
    reference(session, theirs, 11, bank=bank)
    assert look(session) == []


def test_works_of_one_owner_and_cards_of_one_design_are_no_conflict(session: Session, ours: Work, theirs: Work) -> None:
    reference(session, ours, 11)
    reference(session, factories.work(session, "Second", of=owner_of(session, ours)), 11, bank="goods")
    card_reference(session, ours, 2, 20)
    card_reference(session, theirs, 2, 21)
    assert look(session) == []


def owner_of(session: Session, work: Work) -> overlaps.Owner:
    return session.get_one(overlaps.Owner, work.owner_id)


def case_on(session: Session, *shown: Reference, number: int = 1) -> Case:
    """Open the case of a place that shows these references' own pictures."""
    page = factories.finding(session, f"http://scans.example/{number}")
    for position, each in enumerate(shown):
        seen = factories.sighting(session, page, f"{number} {position}".encode(), kind="image", position=position)
        factories.match(session, seen, each)
    for stage, verb in ((assess.pending, assess.assess), (cases.pending, cases.open_cases)):
        while ids := stage(session, 5):
            verb(session, ids)
    stages.remember(session)
    return session.scalars(select(Case).order_by(Case.id.desc())).first() or pytest.fail("no case")


def test_while_a_conflict_is_open_neither_claim_leads_to_a_notice(session: Session, ours: Work, theirs: Work) -> None:
    mine, page = reference(session, ours, 11), reference(session, ours, 12)
    other = reference(session, theirs, 11, bank="goods")
    (conflict,) = look(session)
    claims = [case_on(session, mine, number=1), case_on(session, other, number=2)]
    also = case_on(session, mine, page, number=3)
    for case in claims:
        with pytest.raises(holds.Held, match="another owner claims too"):
            cases.decide(session, case.id, person="Yui Sato", verdict="infringing", reason="It is the same.")
    assert holds.of(session, [also.id]) == {}
    overlaps.settle(session, conflict, "newer", by="Ren Abe", reason="Their contract of 2024.")
    assert set(holds.of(session, [case.id for case in claims])) == {claims[0].id}
    overlaps.settle(session, conflict, "older", by="Ren Abe", reason="That contract had ended.")
    assert set(holds.of(session, [case.id for case in claims])) == {claims[1].id}
    overlaps.settle(session, conflict, "shared", by="Ren Abe", reason="A joint production.")
    assert holds.of(session, [case.id for case in claims]) == {}
    assert overlaps.listed(session, only_open=True) == []


def test_a_side_that_is_disabled_claims_nothing(session: Session, ours: Work, theirs: Work) -> None:
    mine, other = reference(session, ours, 11), reference(session, theirs, 11)
    look(session)
    case = case_on(session, mine)
    lives.disable(session, other.uuid, by="Ren Abe", reason="It is not ours.")
    assert (overlaps.listed(session), holds.of(session, [case.id])) == ([], {})


def test_a_settlement_names_a_person_and_a_reason(session: Session, ours: Work, theirs: Work) -> None:
    reference(session, ours, 11), reference(session, theirs, 11)
    (conflict,) = look(session)
    for by, reason in ((" ", "Ours."), ("Ren Abe", "")):
        with pytest.raises(BadSettlement, match="give both"):
            overlaps.settle(session, conflict, "older", by=by, reason=reason)
    assert len(overlaps.listed(session, only_open=True)) == 1


def match(**changes: object) -> Match:
    values: dict[str, object] = {"segments": [], "transform": None} | changes
    return Match(**values)


def test_only_what_lies_within_the_disputed_part_is_in_its_way() -> None:
    def film(start: float, end: float) -> Match:
        return match(segments=[{"query": [0.0, end - start], "reference": [start, end]}])

    assert holds.is_within(film(100.0, 160.0), [[90.0, 170.0]])
    assert holds.is_within(film(100.0, 160.0), [[90.0, 140.0], [140.0, 157.0]])
    assert not holds.is_within(film(100.0, 160.0), [[90.0, 140.0]])
    corners = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]
    assert holds.is_within(match(transform={"reference_outline": corners}), [[0.1, 0.1, 0.42, 0.42]])
    assert not holds.is_within(match(transform={"reference_outline": corners}), [[0.3, 0.3, 1.0, 1.0]])
    assert holds.is_within(match(), [[0.0, 0.0, 1.0, 1.0]])


def test_the_shelf_finds_the_very_film_by_its_own_frames(session: Session, ours: Work) -> None:
    row = film_reference(session, ours, "ep 1.mp4", described_episode(1))
    (found,) = retrieve.shelf(session).compare_registered(described_episode(1))
    assert (found.reference_id, found.lane) == (row.id, "copy")
