"""A case is one person's at a time, and nobody's for ever."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from config import clock
from dashboard import claims
from dashboard.people import Person
from matcher.cases import Case
from tests import factories


@pytest.fixture
def case(session: Session, frozen_clock: object) -> Case:
    work = factories.work(session)
    row = Case(
        work_id=work.id, place="a.example/1", detected_at=clock.now(), due_at=clock.now(), score=0.9, lane="copy",
        harm=0, state="open",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def people(session: Session, frozen_clock: object) -> tuple[int, int]:
    rows = [Person(login=name, name=name.title(), password_hash="x", added_at=clock.now()) for name in ("aoi", "ren")]
    session.add_all(rows)
    session.flush()
    return rows[0].id, rows[1].id


def test_two_people_never_hold_the_same_case(session: Session, case: Case, people: tuple[int, int]) -> None:
    claims.take(session, case.id, people[0])
    with pytest.raises(claims.Claimed, match="Aoi is working on this case"):
        claims.take(session, case.id, people[1])
    assert claims.holders(session, [case.id])[case.id].name == "Aoi"


def test_taking_again_prolongs_ones_own_claim(session: Session, case: Case, people: tuple[int, int]) -> None:
    first = claims.take(session, case.id, people[0])
    with clock.frozen(clock.now() + timedelta(minutes=4)):
        assert claims.take(session, case.id, people[0]) == first + timedelta(minutes=4)


def test_a_claim_that_ran_out_is_anybodys(session: Session, case: Case, people: tuple[int, int]) -> None:
    claims.take(session, case.id, people[0])
    with clock.frozen(clock.now() + claims.LEASE):
        assert claims.holders(session, [case.id]) == {}
        assert claims.keep(session, case.id, people[0]) is None
        claims.take(session, case.id, people[1])
        assert claims.holders(session, [case.id])[case.id].person_id == people[1]


def test_only_ones_own_claim_can_be_given_back(session: Session, case: Case, people: tuple[int, int]) -> None:
    claims.take(session, case.id, people[0])
    claims.release(session, case.id, people[1])
    assert case.id in claims.holders(session, [case.id])
    claims.release_all(session, people[0])
    assert claims.holders(session, [case.id]) == {}
