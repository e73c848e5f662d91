"""The only door out: a letter leaves whole and once, and stays when anything speaks against it by then."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.captures import FindingRow, Sighting
from crawlers.custody import CustodyEntry
from crawlers.recheck import Watch
from matcher import assess, cases, licences, lives
from matcher.case_rows import Assessment, Case, CaseFinding, Decision
from matcher.catalogue import Owner, Work
from matcher.references import Reference
from notices import draft, ledger, send
from notices.ledger import Notice
from tests import factories
from tests.factories import NOW
from tests.notices import mail_server, world
from tests.notices.mail_server import Mailbox


@pytest.fixture
def approved(session: Session, notice: Notice) -> Notice:
    return ledger.approve(session, notice.id, "Aoi Mori")


def work_of(session: Session, notice: Notice) -> Work:
    return session.get_one(Work, session.get_one(Case, notice.case_id).work_id)


def newest_says(session: Session, notice: Notice) -> str:
    return str(ledger.events(session, notice)[-1].note["says"])


def left(home: Home) -> list[Path]:
    return sorted(home.settings.outbox.glob("*.eml"))


def test_what_left_is_kept_watched_and_in_the_custody_log(session: Session, home: Home, approved: Notice) -> None:
    send.send(session, [approved.id])
    assert approved.message_sha256 is not None
    assert home.blobs.get(approved.message_sha256) == left(home)[0].read_bytes()
    watch = session.scalars(select(Watch)).one()
    assert (watch.subject, watch.url) == (f"notice:{approved.uuid}", world.PLACES["us-dmca-512c"])
    acts = session.scalars(select(CustodyEntry)).all()
    assert [act.action for act in acts] == ["attached to a notice"] * 2  # the page and the film
    assert {act.note["notice"] for act in acts} == {approved.number}


def test_the_ledger_says_that_it_was_a_dry_run(session: Session, approved: Notice) -> None:
    send.send(session, [approved.id])
    event = ledger.events(session, approved)[-1]
    assert (event.event, event.note["channel"], event.note["is_dry_run"]) == ("sent", "outbox", True)


def test_sending_twice_is_sending_once(session: Session, home: Home, approved: Notice) -> None:
    send.send(session, [approved.id, approved.id])
    send.send(session, [approved.id])
    assert len(left(home)) == len(session.scalars(select(Watch)).all()) == 1


def test_a_send_that_was_killed_before_it_was_recorded_leaves_the_same_bytes(
    session: Session, home: Home, approved: Notice
) -> None:
    savepoint = session.begin_nested()
    send.send(session, [approved.id])
    (first,) = [file.read_bytes() for file in left(home)]
    savepoint.rollback()
    session.expire_all()
    with clock.frozen(NOW + timedelta(minutes=5)):
        send.send(session, [approved.id])
    assert [file.read_bytes() for file in left(home)] == [first]


def test_a_draft_never_leaves(session: Session, home: Home, notice: Notice) -> None:
    assert list(send.pending(session, 10)) == []
    send.send(session, [notice.id])
    assert (notice.state, left(home)) == ("draft", [])


def test_an_approved_notice_waits_for_its_time(session: Session, home: Home, notice: Notice) -> None:
    session.info["home"] = world.with_settings(home, notices={"outbox_delay_minutes": 30.0})
    ledger.approve(session, notice.id, "Aoi Mori")
    assert list(send.pending(session, 10)) == []
    send.send(session, [notice.id])
    assert left(home) == []
    with clock.frozen(NOW + timedelta(minutes=30)):
        assert list(send.pending(session, 10)) == [notice.id]


def test_a_licence_added_while_the_letter_waited_holds_it(session: Session, home: Home, approved: Notice) -> None:
    work = work_of(session, approved)
    grant = licences.Grant(grantee="Vidbox Inc.", place="vidbox.example")
    licences.add(session, grant, owner=session.get_one(Owner, work.owner_id), work=work, by="Yui Sato")
    send.send(session, [approved.id])
    assert (approved.state, approved.leaves_at, left(home)) == ("held", None, [])
    assert "Vidbox Inc." in newest_says(session, approved)


def test_a_letter_whose_reference_was_disabled_while_it_waited_does_not_leave(
    session: Session, home: Home, approved: Notice
) -> None:
    lives.disable(session, session.scalars(select(Reference.uuid)).one(), by="Yui Sato")
    send.send(session, [approved.id])
    assert (approved.state, left(home)) == ("held", [])
    assert newest_says(session, approved).startswith("What the letter rests on matches no more")


def test_one_of_two_references_that_the_letter_names_is_enough_to_hold_it(
    session: Session, home: Home, frozen_clock: object
) -> None:
    case = world.decided_case(session)
    (seen,) = session.scalars(select(Sighting)).all()
    second = factories.reference(session, session.get_one(Work, case.work_id), "Episode 2")
    factories.match(session, seen, second, matched_seconds=90.0)
    draft.draft(session, [case.id])
    notice = ledger.approve(session, ledger.find(session, "N-2026-000001").id, "Aoi Mori")
    with clock.frozen(NOW + timedelta(seconds=1)):
        lives.disable(session, second.uuid, by="Yui Sato")
        send.send(session, [notice.id])
    assert (notice.state, left(home)) == ("held", [])


@pytest.mark.parametrize("verdict", ["licensed", "fan use", "not a match", "unsure", "undone"])
def test_a_decision_that_changed_while_the_letter_waited_holds_it(
    session: Session, home: Home, approved: Notice, verdict: str
) -> None:
    world.decision(session, session.get_one(Case, approved.case_id), verdict)
    send.send(session, [approved.id])
    assert (approved.state, left(home)) == ("held", [])
    assert "no longer decided as infringing" in newest_says(session, approved)


@pytest.mark.parametrize(
    "change",
    [
        {"body": "One demand.\n"},
        {"subject": "Pay"},
        {"recipient": {"address": "somebody@else.example"}},
        {"pdf_sha256": "0" * 64},
        {"elements": {"copies": []}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_letter_that_was_changed_after_approval_is_held(
    session: Session, home: Home, approved: Notice, change: dict[str, Any]
) -> None:
    for field, value in change.items():
        setattr(approved, field, getattr(approved, field) | value if isinstance(value, dict) else value)
    send.send(session, [approved.id])
    assert (approved.state, left(home)) == ("held", [])
    assert "not the one that was approved" in newest_says(session, approved)


def test_an_open_question_nobody_answered_holds_the_letter(session: Session, home: Home, approved: Notice) -> None:
    territory = licences.Grant(grantee="Vidbox Inc.", place="vidbox.example", territory="US")
    work = work_of(session, approved)
    licences.add(session, territory, owner=session.get_one(Owner, work.owner_id), work=work, by="Yui Sato")
    send.send(session, [approved.id])
    assert (approved.state, left(home)) == ("held", [])
    assert newest_says(session, approved).startswith("A person must look again:")


def test_a_question_the_deciding_person_had_before_them_is_answered(
    session: Session, home: Home, frozen_clock: object
) -> None:
    case = world.case(session)
    work = session.get_one(Work, case.work_id)
    territory = licences.Grant(grantee="Vidbox Inc.", place="vidbox.example", territory="US")
    licences.add(session, territory, owner=session.get_one(Owner, work.owner_id), work=work, by="Yui Sato")
    page = session.scalars(select(FindingRow)).one()
    check = assess.assess_use(session, finding_id=page.id, work_id=work.id, moment="deciding")
    assert check.outcome == "person"
    world.decision(session, case, assessment_id=check.id)
    draft.draft(session, [case.id])
    notice = ledger.find(session, "N-2026-000001")
    ledger.approve(session, notice.id, "Aoi Mori")
    send.send(session, [notice.id])
    assert notice.state == "sent"


def test_a_case_that_was_closed_meanwhile_holds_the_letter(session: Session, home: Home, approved: Notice) -> None:
    cases.close(session, approved.case_id)
    send.send(session, [approved.id])
    assert (approved.state, left(home)) == ("held", [])


def test_the_newest_look_at_the_page_is_assessed_too(session: Session, home: Home, approved: Notice) -> None:
    case = session.get_one(Case, approved.case_id)
    again = factories.finding(session, world.PLACES["us-dmca-512c"])
    factories.sighting(session, again, body=world.PLACES["us-dmca-512c"].encode())
    session.add(
        CaseFinding(case_id=case.id, finding_id=again.id, assessment_id=session.scalars(select(Assessment)).one().id)
    )
    session.flush()
    send.send(session, [approved.id])
    leaving = session.scalars(select(Assessment.finding_id).where(Assessment.moment == "leaving"))
    assert again.id in leaving.all()


def test_every_allowance_is_checked_again_when_the_letter_leaves(session: Session, approved: Notice) -> None:
    send.send(session, [approved.id])
    assert [row.moment for row in session.scalars(select(Assessment).order_by(Assessment.id))][-1] == "leaving"


@pytest.fixture
def post(session: Session, home: Home, tmp_path: Path) -> Iterator[Mailbox]:
    """The home sends for real, to a server on loopback without TLS."""
    mailbox = Mailbox()
    with mail_server.running(mailbox, None) as port:
        session.info["home"] = world.with_settings(
            home, notices={"channel": "smtp"}, smtp={"host": "127.0.0.1", "port": port, "starttls": False}
        )
        yield mailbox


def test_an_operator_who_switched_it_on_sends_real_mail(session: Session, post: Mailbox, approved: Notice) -> None:
    send.send(session, [approved.id])
    (came,) = post.messages
    assert message_from_bytes(came, policy=policy.SMTP)["To"] == "copyright@vidbox.example"
    event = ledger.events(session, approved)[-1]
    assert (event.event, event.note["is_dry_run"]) == ("sent", False)


def test_a_mailbox_that_does_not_exist_holds_the_notice(session: Session, post: Mailbox, approved: Notice) -> None:
    post.answer = "550 5.1.1 no such mailbox"
    send.send(session, [approved.id])
    assert approved.state == "held"
    assert "no such mailbox" in newest_says(session, approved)


def test_a_busy_server_is_tried_again_later(session: Session, post: Mailbox, approved: Notice) -> None:
    post.answer = "451 4.3.0 later please"
    send.send(session, [approved.id])
    assert approved.state == "queued"
    assert list(send.pending(session, 10)) == []
    post.answer = "250 OK"
    with clock.frozen(NOW + timedelta(minutes=16)):
        send.send(session, list(send.pending(session, 10)))
    assert (approved.state, len(post.messages)) == ("sent", 1)


def test_the_decision_the_letter_rests_on_is_kept_with_it(session: Session, approved: Notice) -> None:
    assert session.get_one(Decision, approved.decision_id).uuid == approved.elements["decision"]["uuid"]
