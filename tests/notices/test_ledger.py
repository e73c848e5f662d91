"""Nothing leaves without a named person, nothing is approved incomplete, and the states are a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from config.database import AppendOnlyViolation
from config.home import Home
from matcher.case_rows import Case
from notices import draft, ledger, regimes
from notices.ledger import TRANSITIONS, NotAllowed, NotApprovable, Notice
from notices.testing import blanked
from tests.factories import NOW
from tests.notices import world

EVENTS = sorted({event for allowed in TRANSITIONS.values() for event in allowed})


def walk(chosen: list[str]) -> list[str]:
    """Return the events that could happen, in order, when these were tried."""
    happened: list[str] = []
    for event in chosen:
        if ledger.may_follow(happened[-1] if happened else "", event):
            happened.append(event)
    return happened


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_nothing_is_sent_that_was_not_approved_and_queued(chosen: list[str]) -> None:
    happened = walk(chosen)
    for position, event in enumerate(happened):
        if event == "sent":
            before = happened[:position]
            assert before[0] == "draft"
            assert before[-1] == "queued"
            assert "approved" in before


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_a_held_notice_needs_a_new_approval_before_it_is_sent(chosen: list[str]) -> None:
    happened = walk(chosen)
    for position, event in enumerate(happened):
        if event == "held" and "sent" in happened[position:]:
            assert "approved" in happened[position : happened.index("sent", position)]


@given(st.lists(st.sampled_from(EVENTS), max_size=40))
def test_a_notice_is_sent_at_most_once_and_the_end_is_the_end(chosen: list[str]) -> None:
    happened = walk(chosen)
    assert happened.count("sent") <= 1
    for final in ("withdrawn", "retracted"):
        if final in happened:
            assert set(happened[happened.index(final) :]) == {final}


@pytest.mark.parametrize("state", sorted(ledger.SENT))
def test_whatever_has_left_can_be_retracted_and_never_withdrawn(state: str) -> None:
    assert ledger.may_follow(state, "retracted")
    assert not ledger.may_follow(state, "withdrawn")


def test_every_state_a_notice_can_be_in_has_a_row() -> None:
    assert set(EVENTS) | {""} == set(TRANSITIONS)


@pytest.mark.parametrize("name", sorted(regimes.load_all()))
def test_a_notice_with_a_missing_element_cannot_be_approved_and_says_which(
    session: Session, frozen_clock: object, name: str
) -> None:
    draft.draft(session, [world.decided_case(session, name).id])
    notice = ledger.find(session, "N-2026-000001")
    whole = notice.elements
    for element in regimes.get(name).elements:
        for path in (*element.fields, *element.records):
            if element.severity == "blocker" and not element.at_approval:
                notice.elements = blanked(whole, path)
                with pytest.raises(NotApprovable) as refused:
                    ledger.approve(session, notice.id, "Aoi Mori")
                assert element.id in refused.value.elements
                assert element.citation in str(refused.value)
    assert notice.state == "draft"
    assert notice.leaves_at is None


@pytest.mark.parametrize("person", ["", "   ", "\u200b", "mekiki", "Mekiki", "---", "42"])
def test_only_a_named_person_approves(session: Session, notice: Notice, person: str) -> None:
    with pytest.raises(NotApprovable, match="named person"):
        ledger.approve(session, notice.id, person)
    assert notice.state == "draft"


def test_the_approvers_name_signs_and_the_notice_waits(session: Session, home: Home, notice: Notice) -> None:
    session.info["home"] = world.with_settings(home, notices={"outbox_delay_minutes": 30.0})
    ledger.approve(session, notice.id, "Aoi Mori")
    assert "/s/ Aoi Mori" in notice.body.splitlines()
    assert "[" not in notice.body.replace("[U+", "")
    assert notice.state == "queued"
    assert notice.leaves_at is not None
    assert (notice.leaves_at - NOW).total_seconds() == 1800
    assert [(event.event, event.by) for event in ledger.events(session, notice)] == [
        ("draft", "mekiki"), ("approved", "Aoi Mori"), ("queued", "mekiki"),
    ]  # fmt: skip


def test_a_signed_notice_is_dated_in_the_homes_own_day(session: Session, home: Home, notice: Notice) -> None:
    session.info["home"] = world.with_settings(home, schedule={"timezone": "America/Los_Angeles"})
    ledger.approve(session, notice.id, "Aoi Mori")
    assert "Executed on 2026-11-21" in notice.body  # 03:00 UTC on the 22nd


def test_a_case_that_is_no_longer_infringing_cannot_be_approved(session: Session, notice: Notice) -> None:
    world.decision(session, session.get_one(Case, notice.case_id), "fan use")
    with pytest.raises(NotApprovable, match="no longer decided"):
        ledger.approve(session, notice.id, "Aoi Mori")


def test_a_case_that_was_decided_again_is_checked_again_before_approval(session: Session, notice: Notice) -> None:
    world.decision(session, session.get_one(Case, notice.case_id), reason="For another reason.")
    with pytest.raises(NotApprovable, match="decided again"):
        ledger.approve(session, notice.id, "Aoi Mori")
    draft.redraw(session, notice.id)
    ledger.approve(session, notice.id, "Aoi Mori")
    assert notice.elements["decision"]["reason"] == "For another reason."


def test_a_character_no_font_can_show_blocks_approval_with_a_sentence(session: Session, notice: Notice) -> None:
    notice.elements = {**notice.elements, "sender": {**notice.elements["sender"], "organisation": "𓀀 Office"}}
    with pytest.raises(NotApprovable, match="reword"):
        ledger.approve(session, notice.id, "Aoi Mori")


def test_an_approved_notice_cannot_be_approved_again(session: Session, notice: Notice) -> None:
    ledger.approve(session, notice.id, "Aoi Mori")
    with pytest.raises(NotAllowed, match="queued"):
        ledger.approve(session, notice.id, "Ren Abe")


def test_a_withdrawn_notice_stays_withdrawn(session: Session, notice: Notice) -> None:
    ledger.approve(session, notice.id, "Aoi Mori")
    ledger.withdraw(session, notice.id, "Ren Abe", "licensed after all")
    assert (notice.state, notice.leaves_at) == ("withdrawn", None)
    with pytest.raises(NotAllowed):
        ledger.approve(session, notice.id, "Aoi Mori")


def test_a_held_notice_may_be_approved_again(session: Session, notice: Notice) -> None:
    ledger.approve(session, notice.id, "Aoi Mori")
    ledger.hold(session, notice.id, by="mekiki", reason="A licence was added.")
    ledger.approve(session, notice.id, "Ren Abe")
    assert "/s/ Ren Abe" in notice.body.splitlines()


def test_what_happened_to_a_notice_cannot_be_rewritten(session: Session, notice: Notice) -> None:
    ledger.events(session, notice)[0].by = "somebody else"
    with pytest.raises(AppendOnlyViolation):
        session.flush()


def test_a_number_nobody_gave_is_refused(session: Session) -> None:
    with pytest.raises(ledger.NoSuchNotice, match="notice list"):
        ledger.find(session, "N-2026-999999")
