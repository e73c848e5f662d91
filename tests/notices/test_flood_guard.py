"""A poisoned reference is quarantined before its tenth case, and no notice leaves; a real flood goes on in one act."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers.captures import FindingRow
from matcher import assess, cases, flood_verdicts, holds, kept, look_back, match, quarantines
from matcher.case_rows import Case
from matcher.catalogue import Asset, Work
from matcher.quarantines import NotQuarantined, QuarantineEvent
from matcher.references import Reference
from notices import draft, ledger, send
from notices.ledger import NotApprovable, Notice
from tests import factories
from tests.factories import NOW
from tests.matcher import drawn_logos, stages
from tests.notices import mail_server, world
from tests.notices.mail_server import Mailbox

pytestmark = pytest.mark.usefixtures("frozen_clock")
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def post(session: Session, home: Home) -> Iterator[Mailbox]:
    """The door is open: what is approved leaves by mail after half an hour."""
    mailbox = Mailbox()
    with mail_server.running(mailbox, None) as port:
        session.info["home"] = world.with_settings(
            home, notices={"channel": "smtp", "outbox_delay_minutes": 30.0},
            smtp={"host": "127.0.0.1", "port": port, "starttls": False},
        )  # fmt: skip
        yield mailbox


@pytest.fixture
def poison(session: Session) -> Reference:
    """A logo that somebody registered on purpose."""
    return drawn_logos.reference(session, factories.work(session, creator="Aoi Mori"))


def run_stages(session: Session) -> None:
    """Match, assess and open until nothing is pending; a stage that stays pending would never end."""
    for stage, verb in (
        (kept.pending, kept.keep),
        (look_back.pending, look_back.look),
        (match.pending, match.compare),
        (assess.pending, assess.assess),
        (cases.pending, cases.open_cases),
    ):
        turns = 0
        while ids := stage(session, 8):
            verb(session, ids)
            turns += 1
            assert turns < 20
    stages.remember(session)


def show(session: Session, *numbers: int) -> None:
    """Let these places show the logo, and mekiki find it there."""
    for number in numbers:
        drawn_logos.sighting(session, number)
    run_stages(session)


def sign(session: Session) -> None:
    """Let people decide all open cases as infringing, and sign every letter."""
    for case in session.scalars(select(Case).where(Case.state == "open")).all():
        cases.decide(session, case.id, person="Yui Sato", verdict="infringing", reason="It looks the same.")
    draft.draft(session, list(draft.pending(session, 20)))
    for notice in session.scalars(select(Notice).where(Notice.state == "draft")).all():
        ledger.approve(session, notice.id, "Aoi Mori")


def try_to_send(session: Session) -> None:
    """Open the door when every wait is over, and push each queued notice through it as well."""
    send.send(session, list(send.pending(session, 50)))
    send.send(session, session.scalars(select(Notice.id).where(Notice.state == "queued")).all())


def opened(session: Session) -> list[Case]:
    return list(session.scalars(select(Case).order_by(Case.id)))


def test_a_poisoned_reference_is_quarantined_before_its_tenth_case_and_nothing_leaves(
    session: Session, post: Mailbox, poison: Reference
) -> None:
    show(session, *range(6))
    sign(session)
    show(session, *range(6, 12))
    assert len(opened(session)) == 8
    ((reference, event),) = quarantines.current(session)
    assert (reference.id, event.by, len(session.scalars(select(QuarantineEvent)).all())) == (poison.id, "mekiki", 1)
    assert "Found at 9 places, and nobody confirmed any before; up to 8 pass." in event.says
    assert set(holds.of(session, [case.id for case in opened(session)])) == {case.id for case in opened(session)}
    with clock.frozen(LATER):
        try_to_send(session)
    assert post.messages == []
    undecided = next(case for case in opened(session) if case.state == "open")
    with pytest.raises(holds.Held, match=r"nothing but logo\.png speaks for this case"):
        cases.decide(session, undecided.id, person="Yui Sato", verdict="infringing", reason="It looks the same.")


def test_a_draft_of_a_held_case_is_neither_drawn_up_nor_signed(session: Session, poison: Reference) -> None:
    show(session, *range(8))
    first, second = opened(session)[:2]
    for case in (first, second):
        cases.decide(session, case.id, person="Yui Sato", verdict="infringing", reason="It looks the same.")
    draft.draft(session, [first.id])
    show(session, 8)
    assert (list(draft.pending(session, 9)), draft.draft(session, [second.id])) == ([], None)
    (notice,) = session.scalars(select(Notice)).all()
    with pytest.raises(NotApprovable, match="in quarantine"):
        ledger.approve(session, notice.id, "Aoi Mori")


def test_a_real_flood_goes_on_in_one_act(session: Session, post: Mailbox, poison: Reference) -> None:
    show(session, *range(6))
    sign(session)
    show(session, *range(6, 12))
    flood_verdicts.release(session, poison.uuid, by="Ren Abe", reason="The new episode leaked.")
    assert (len(opened(session)), holds.of(session, [case.id for case in opened(session)])) == (12, {})
    assert quarantines.current(session) == []
    with clock.frozen(LATER):
        try_to_send(session)
        show(session, *range(12, 30))
    assert len(post.messages) == 6
    assert (len(opened(session)), quarantines.current(session)) == (30, [])


def test_what_a_disabled_reference_opened_leaves_the_queue_and_what_waited_never_opens(
    session: Session, post: Mailbox, poison: Reference
) -> None:
    show(session, *range(4))
    sign(session)
    show(session, *range(4, 12))
    flood_verdicts.disable(session, poison.uuid, by="Ren Abe", reason="It is a distributor's logo.")
    assert cases.queue(session) == []
    with clock.frozen(LATER):
        run_stages(session)
        try_to_send(session)
    assert (len(opened(session)), cases.queue(session), post.messages) == (8, [], [])
    said = [(event.event, event.by) for event in quarantines.events(session, poison.id)]
    assert said == [("quarantined", "mekiki"), ("disabled", "Ren Abe")]


def with_a_page(session: Session, poison: Reference) -> tuple[Case, Reference]:
    """Return the case of a place that shows the logo and, in another picture, a page of the same work."""
    work = session.get_one(Work, session.get_one(Asset, poison.asset_id).work_id)
    page = factories.reference(session, work, "page 7.png")
    found = session.get_one(FindingRow, drawn_logos.sighting(session, 50).finding_id)
    factories.match(session, factories.sighting(session, found, b"page", kind="image", position=1), page)
    run_stages(session)
    return session.scalars(select(Case).where(Case.place == found.place)).one(), page


def test_a_letter_names_nothing_that_is_in_quarantine(session: Session, poison: Reference) -> None:
    case, _page = with_a_page(session, poison)
    show(session, *range(9))
    assert holds.of(session, [case.id]) == {}
    cases.decide(session, case.id, person="Yui Sato", verdict="infringing", reason="Page 7 is there.")
    draft.draft(session, [case.id])
    (notice,) = session.scalars(select(Notice)).all()
    assert [match["asset"] for copy in notice.elements["copies"] for match in copy["matches"]] == ["page 7.png"]


def test_a_letter_signed_before_does_not_leave_while_it_names_what_is_in_quarantine(
    session: Session, post: Mailbox, poison: Reference
) -> None:
    case, _page = with_a_page(session, poison)
    sign(session)
    show(session, *range(9))
    with clock.frozen(LATER):
        try_to_send(session)
    (notice,) = session.scalars(select(Notice).where(Notice.case_id == case.id)).all()
    assert (post.messages, notice.state) == ([], "held")
    assert "names logo.png, which proves nothing now" in ledger.events(session, notice)[-1].note["says"]
    draft.redraw(session, notice.id)
    ledger.approve(session, notice.id, "Aoi Mori")
    with clock.frozen(LATER + timedelta(hours=1)):
        try_to_send(session)
    assert (len(post.messages), notice.state) == (1, "sent")


def test_two_workers_raise_one_alert(home: Home) -> None:
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with home.sessions().begin() as session:
        poison = drawn_logos.reference(session, factories.work(session))
        for number in range(10):
            factories.match(session, drawn_logos.sighting(session, number), poison)
        while ids := assess.pending(session, 20):
            assess.assess(session, ids)
        *first, ninth, tenth = cases.pending(session, 20)
        cases.open_cases(session, first)

    def open_one(assessment_id: int) -> None:
        with home.sessions().begin() as session:
            cases.open_cases(session, [assessment_id])

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(open_one, (ninth, tenth)))
    with home.readers()() as session:
        assert (len(opened(session)), len(session.scalars(select(QuarantineEvent)).all())) == (8, 1)


def test_only_a_named_person_with_a_reason_lets_a_reference_out(session: Session, poison: Reference) -> None:
    with pytest.raises(NotQuarantined, match="is not in quarantine"):
        flood_verdicts.release(session, poison.uuid, by="Ren Abe", reason="Real.")
    show(session, *range(9))
    with pytest.raises(NotQuarantined, match="give both"):
        flood_verdicts.release(session, poison.uuid, by=" ", reason="Real.")
    assert len(quarantines.current(session)) == 1
