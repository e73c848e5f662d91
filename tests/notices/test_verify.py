"""After sending the place is watched: gone, still there, moved, back again; what does not answer is not gone."""

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.recheck import Watch, WatchLook
from matcher.case_rows import Case
from matcher.catalogue import Work
from notices import draft, ledger, retract, send, verify
from notices.ledger import NotAllowed, NotApprovable, Notice
from tests.factories import NOW
from tests.notices import world


@pytest.fixture
def sent(session: Session, notice: Notice) -> Notice:
    ledger.approve(session, notice.id, "Aoi Mori")
    send.send(session, [notice.id])
    return notice


def look(session: Session, outcome: str, **changes: Any) -> WatchLook:
    watch = session.scalars(select(Watch)).one()
    values: dict[str, Any] = {"status": 200, "says": f"It is {outcome}.", "at": NOW, "moved_to": None}
    row = WatchLook(watch_id=watch.id, outcome=outcome, **(values | changes))
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("gone", "removed"), ("still there", "still there"), ("moved", "moved"), ("back again", "back again")],
)
def test_what_a_look_saw_happens_to_the_notice(session: Session, sent: Notice, outcome: str, state: str) -> None:
    seen = look(session, outcome, moved_to="http://elsewhere.example/1" if outcome == "moved" else None)
    assert list(verify.pending(session, 10)) == [seen.id]
    verify.verify(session, [seen.id])
    assert sent.state == state
    assert ledger.events(session, sent)[-1].note["says"] == seen.says


def test_verifying_twice_is_verifying_once(session: Session, sent: Notice) -> None:
    seen = look(session, "gone")
    verify.verify(session, [seen.id])
    verify.verify(session, [seen.id])
    assert [event.event for event in ledger.events(session, sent)].count("removed") == 1
    assert list(verify.pending(session, 10)) == []


def test_a_place_that_does_not_answer_is_never_called_removed(session: Session, sent: Notice) -> None:
    seen = look(session, "unreachable", status=None)
    assert list(verify.pending(session, 10)) == []
    verify.verify(session, [seen.id])
    assert sent.state == "sent"


@pytest.mark.parametrize(("outcome", "state"), [("gone", "closed"), ("still there", "decided"), ("moved", "decided")])
def test_a_case_is_closed_only_when_its_place_is_gone(session: Session, sent: Notice, outcome: str, state: str) -> None:
    verify.verify(session, [look(session, outcome).id])
    assert session.get_one(Case, sent.case_id).state == state


def test_a_copy_that_comes_back_is_told_apart_from_one_that_never_left(session: Session, sent: Notice) -> None:
    for outcome in ("gone", "back again"):
        verify.verify(session, [look(session, outcome).id])
    assert [event.event for event in ledger.events(session, sent)][-2:] == ["removed", "back again"]


def test_a_retraction_goes_to_the_same_recipient_through_the_same_door(
    session: Session, home: Home, sent: Notice
) -> None:
    retract.retract(session, sent.id, "Ren Abe", "The page shows the work with our licence.")
    assert list(send.pending(session, 10)) == [sent.id]
    send.send(session, [sent.id])
    letter = message_from_bytes((home.settings.outbox / f"{sent.number}-R.eml").read_bytes(), policy=policy.SMTP)
    notice = message_from_bytes((home.settings.outbox / f"{sent.number}.eml").read_bytes(), policy=policy.SMTP)
    assert letter["To"] == notice["To"]
    assert letter["In-Reply-To"] == letter["References"] == notice["Message-ID"]
    assert "with our licence" in letter.get_body().get_content()  # type: ignore[attr-defined]
    assert list(send.pending(session, 10)) == []
    assert sent.retraction_sha256 is not None


def test_a_retraction_closes_the_watch(session: Session, sent: Notice) -> None:
    retract.retract(session, sent.id, "Ren Abe", "Licensed.")
    assert session.scalars(select(Watch)).one().next_due is None
    look(session, "gone")  # a look that was under way
    assert list(verify.pending(session, 10)) == []


def test_a_retraction_holds_its_siblings_and_nobody_else(session: Session, sent: Notice) -> None:
    work = session.get_one(Work, session.get_one(Case, sent.case_id).work_id)
    sibling = world.decided_case(session, of=work, url="http://vidbox.example/watch/2")
    elsewhere = world.decided_case(session, of=work, url="https://scanhaven.example/read/3")
    draft.draft(session, [sibling.id, elsewhere.id])
    retract.retract(session, sent.id, "Ren Abe", "Licensed.")
    states = {row.case_id: row.state for row in session.scalars(select(Notice))}
    assert (states[sibling.id], states[elsewhere.id]) == ("held", "draft")


def test_a_reason_no_font_can_show_still_leaves(session: Session, home: Home, sent: Notice) -> None:
    retract.retract(session, sent.id, "Ren Abe", "Our mistake 🔥")
    send.send(session, [sent.id])
    assert (home.settings.outbox / f"{sent.number}-R.eml").is_file()


def test_a_retraction_needs_a_person_a_reason_and_a_letter_that_left(session: Session, sent: Notice) -> None:
    with pytest.raises(NotApprovable, match="named person"):
        retract.retract(session, sent.id, "mekiki", "Licensed.")
    with pytest.raises(NotApprovable, match="why"):
        retract.retract(session, sent.id, "Ren Abe", " ")
    retract.retract(session, sent.id, "Ren Abe", "Licensed.")
    with pytest.raises(NotAllowed):
        retract.retract(session, sent.id, "Ren Abe", "Licensed.")


def test_a_notice_that_has_not_left_is_withdrawn_not_retracted(session: Session, notice: Notice) -> None:
    with pytest.raises(NotAllowed, match="has left"):
        retract.retract(session, notice.id, "Ren Abe", "Licensed.")


def test_a_retracted_case_is_not_asked_about_again(session: Session, sent: Notice) -> None:
    with clock.frozen(NOW + timedelta(days=1)):
        retract.retract(session, sent.id, "Ren Abe", "Licensed.")
        assert list(draft.pending(session, 10)) == []
