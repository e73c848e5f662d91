"""The promises of cases: one work at one place, ordered by the time left, decided by a person with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.captures import FindingRow
from matcher import assess, cases, catalogue, licences, lives
from matcher.cases import AllowedUse, Assessment, Case, Decision, NotDecidable
from matcher.catalogue import Work
from matcher.licences import Grant
from matcher.negatives import Negative
from matcher.references import Reference
from tests import factories
from tests.matcher import stages

pytestmark = pytest.mark.usefixtures("frozen_clock")
LONG = {"segments": [{"query": [0.0, 600.0], "reference": [0.0, 600.0], "speed": 1.0, "score": 500.0}]}


def seen_at(session: Session, work: Work, url: str = "http://vidbox.example/watch/1", **changes: object) -> FindingRow:
    """A page that shows ten minutes of the work."""
    finding = factories.finding(session, url, **changes)
    sighting = factories.sighting(session, finding, body=f"{url} {finding.id}".encode())
    name = f"{sighting.blob[:8]}.mp4"
    factories.match(session, sighting, factories.reference(session, work, name), matched_seconds=600.0, **LONG)
    return finding


def run_stages(session: Session) -> None:
    """Assess and open until nothing is pending; twice, because a stage that runs twice must do nothing more."""
    for _round in range(2):
        while ids := assess.pending(session, 10):
            assess.assess(session, ids)
        while ids := cases.pending(session, 10):
            cases.open_cases(session, ids)
        stages.remember(session)


def only_case(session: Session) -> Case:
    return session.scalars(select(Case)).one()


def test_a_copy_becomes_one_open_case_with_24_hours(session: Session) -> None:
    finding = seen_at(session, factories.work(session))
    run_stages(session)
    case = only_case(session)
    assert (case.state, case.place, case.lane) == ("open", finding.place, "copy")
    assert case.due_at - finding.found_at == timedelta(hours=24)


def test_a_licensed_site_never_opens_a_case(session: Session) -> None:
    work = factories.work(session)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    licences.add(session, Grant("Vidbox", "vidbox.example"), owner=owner, work=work, by="Aoi Mori")
    seen_at(session, work)
    run_stages(session)
    assert session.scalars(select(Case)).all() == []
    assert session.scalars(select(Assessment.outcome)).all() == ["allowed"]


def test_a_licence_registered_late_releases_the_open_case(session: Session) -> None:
    work = factories.work(session)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    seen_at(session, work)
    run_stages(session)
    with clock.frozen(factories.NOW + timedelta(hours=1)):
        licences.add(session, Grant("Vidbox", "vidbox.example"), owner=owner, work=work, by="Aoi Mori")
    with clock.frozen(factories.NOW + timedelta(hours=2)):
        run_stages(session)
    assert only_case(session).state == "closed"


def test_a_case_that_rests_on_a_disabled_reference_is_released(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    case = only_case(session)
    with clock.frozen(factories.NOW + timedelta(hours=1)):
        lives.disable(session, session.scalars(select(Reference.uuid)).one(), by="Aoi Mori")
    with clock.frozen(factories.NOW + timedelta(hours=2)):
        run_stages(session)
    assert case.state == "closed"


def test_a_reference_disabled_a_moment_ago_supports_no_verdict(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    lives.disable(session, session.scalars(select(Reference.uuid)).one(), by="Aoi Mori")
    with pytest.raises(AllowedUse, match="Nothing here matches the work any more"):
        cases.decide(session, only_case(session).id, person="Aoi Mori", verdict="infringing", reason="Whole episode.")


def test_the_same_work_seen_again_at_the_place_joins_its_case(session: Session) -> None:
    work = factories.work(session)
    seen_at(session, work)
    run_stages(session)
    seen_at(session, work, found_at=factories.NOW + timedelta(hours=5))
    run_stages(session)
    assert [row.findings for row in cases.queue(session)] == [2]
    assert only_case(session).detected_at == factories.NOW


def test_the_queue_begins_with_the_least_time_left_then_harm_then_score(session: Session) -> None:
    work = factories.work(session)
    seen_at(session, work, "http://a.example/late", found_at=factories.NOW + timedelta(hours=1))
    seen_at(session, work, "http://a.example/film")
    seen_at(session, work, "http://a.example/shop", kind="marketplace")
    run_stages(session)
    assert [row.place for row in cases.queue(session)] == ["a.example/shop", "a.example/film", "a.example/late"]


def test_a_decision_needs_a_person_and_a_reason(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    case = only_case(session)
    with pytest.raises(NotDecidable):
        cases.decide(session, case.id, person=" ", verdict="infringing", reason="It is the whole episode.")
    with pytest.raises(NotDecidable):
        cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="")
    assert session.scalars(select(Decision)).all() == []


def test_a_use_that_became_allowed_cannot_be_called_infringing(session: Session) -> None:
    work = factories.work(session)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    seen_at(session, work)
    run_stages(session)
    licences.add(session, Grant("Vidbox", "vidbox.example"), owner=owner, work=None, by="Aoi Mori")
    with pytest.raises(AllowedUse, match="Licensed to Vidbox"):
        cases.decide(session, only_case(session).id, person="Aoi Mori", verdict="infringing", reason="Whole episode.")


def test_a_no_is_remembered_and_the_place_is_not_asked_about_again(session: Session) -> None:
    work = factories.work(session)
    finding = seen_at(session, work)
    run_stages(session)
    cases.decide(session, only_case(session).id, person="Aoi Mori", verdict="licensed", reason="Signed last week.")
    seen_at(session, work, finding.url)
    run_stages(session)
    assert only_case(session).state == "decided"
    assert cases.queue(session) == []


def test_undoing_opens_the_case_again_and_forgets_the_no(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    case = only_case(session)
    said = cases.decide(session, case.id, person="Aoi Mori", verdict="not a match", reason="Another film.")
    undone = cases.undo(session, case.id, person="Aoi Mori", reason="Looked at the wrong tab.")
    assert (case.state, undone.undoes_id) == ("open", said.id)
    assert cases.newest_decision(session, case.id) is None
    assert session.scalars(select(Negative.restored_at)).one() is not None


def test_two_people_cannot_both_decide(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    case = only_case(session)
    cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="Whole episode.")
    with pytest.raises(NotDecidable, match="Aoi Mori has already decided"):
        cases.decide(session, case.id, person="Ren Sato", verdict="fan use", reason="Short.")


def test_a_decision_of_another_process_is_seen_before_ours_is_taken(home: Home) -> None:
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with home.sessions().begin() as session:
        seen_at(session, factories.work(session))
        run_stages(session)
    with home.sessions()() as ours, home.sessions()() as theirs:
        case = only_case(ours)
        cases.decide(theirs, case.id, person="Ren Sato", verdict="fan use", reason="Short.")
        theirs.commit()
        with pytest.raises(NotDecidable, match="Ren Sato has already decided"):
            cases.decide(ours, case.id, person="Aoi Mori", verdict="infringing", reason="Whole episode.")


def test_unsure_leaves_the_case_for_somebody_else(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    cases.decide(session, only_case(session).id, person="Aoi Mori", verdict="unsure", reason="Cannot tell.")
    assert [row.said for row in cases.queue(session)] == ["unsure"]


@pytest.mark.parametrize(("ending", "state"), [("closed", "open"), ("infringing", "decided")])
def test_a_new_sighting_reopens_only_a_case_whose_place_was_gone(session: Session, ending: str, state: str) -> None:
    work = factories.work(session)
    finding = seen_at(session, work)
    run_stages(session)
    case = only_case(session)
    cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="Whole episode.")
    if ending == "closed":
        cases.close(session, case.id)
    seen_at(session, work, finding.url, found_at=factories.NOW + timedelta(days=3))
    run_stages(session)
    assert case.state == state


def test_a_fan_use_that_grew_is_asked_about_again(session: Session) -> None:
    work = factories.work(session)
    finding = seen_at(session, work)
    run_stages(session)
    case = only_case(session)
    with clock.frozen(factories.NOW - timedelta(days=1)):  # the factories' captures are all of NOW: a day later
        cases.decide(session, case.id, person="Aoi Mori", verdict="fan use", reason="A review.")
    grown = factories.finding(session, finding.url)
    sighting = factories.sighting(session, grown, body=b"the whole film now")
    factories.match(session, sighting, factories.reference(session, work, "whole.mp4"), **LONG)
    run_stages(session)
    assert case.state == "open"


def test_the_detail_of_a_case_shows_what_matched_and_what_was_checked(session: Session) -> None:
    seen_at(session, factories.work(session))
    run_stages(session)
    detail = cases.case_detail(session, only_case(session).uuid)
    (finding,) = detail.findings
    assert [match.score for medium in finding.seen for match, _reference in medium.matches] == [0.99]
    assert "licence" in {answer["allowance"] for answer in detail.assessment.answers}
    assert (detail.owner.name, detail.decision) == ("Studio Kiri", None)
