"""Drafting takes what is known and nothing else; what is missing is named."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from matcher.case_rows import Case, Decision
from notices import draft, ledger, regimes, send
from notices.ledger import NotApprovable, Notice
from tests import factories
from tests.factories import NOW
from tests.notices import world


def drafted(session: Session, regime: str = "us-dmca-512c", **finding: object) -> Notice:
    case = world.decided_case(session, regime, **finding)
    draft.draft(session, [case.id])
    return session.scalars(select(Notice).where(Notice.case_id == case.id)).one()


@pytest.mark.parametrize("regime", sorted(regimes.load_all()))
def test_a_decided_case_becomes_a_complete_notice(session: Session, frozen_clock: object, regime: str) -> None:
    case = world.decided_case(session, regime)
    assert list(draft.pending(session, 10)) == [case.id]
    draft.draft(session, [case.id])
    notice = session.scalars(select(Notice)).one()
    assert (notice.regime, notice.state, notice.missing) == (regime, "draft", [])
    assert notice.number == "N-2026-000001"
    assert notice.elements["copies"][0]["matches"][0]["asset"] in notice.body


def test_drafting_twice_is_drafting_once(session: Session, notice: Notice) -> None:
    assert list(draft.pending(session, 10)) == []
    draft.draft(session, [notice.case_id])
    assert len(session.scalars(select(Notice)).all()) == 1


@pytest.mark.parametrize("verdict", ["licensed", "fan use", "not a match", "unsure", "undone"])
def test_only_an_infringing_case_is_drafted(session: Session, verdict: str) -> None:
    case = world.decided_case(session)
    world.decision(session, case, verdict)
    assert list(draft.pending(session, 10)) == []


def test_numbers_go_on_within_a_year(session: Session, notice: Notice) -> None:
    second = drafted(session, "eu-dsa-16", of=factories.work(session, "Second", of=world.other_owner(session)))
    assert second.number == "N-2026-000002"


def test_an_unknown_host_has_no_recipient_and_the_notice_says_so(session: Session, frozen_clock: object) -> None:
    notice = drafted(session, url="http://nobody-knows.example/9")
    assert [one["element"] for one in notice.missing] == ["recipient"]
    assert "[missing: recipient]" in notice.body
    with pytest.raises(NotApprovable, match=r"recipient .*512\(c\)\(2\)") as refused:
        ledger.approve(session, notice.id, "Aoi Mori")
    assert refused.value.elements == ("recipient",)


def test_a_draft_is_completed_when_the_host_becomes_known(session: Session, home: Home, frozen_clock: object) -> None:
    notice = drafted(session, url="http://nobody-knows.example/9")
    folder = home.path / "platforms"
    folder.mkdir()
    (folder / "known.toml").write_text(
        'operator = "Known"\nhosts = ["nobody-knows.example"]\naddress = "abuse@nobody-knows.example"\nrole = "abuse"\n'
        'country = "DE"\nlanguage = "en"\nregime = "eu-dsa-16"\nsource = "its imprint"\nverified_on = 2026-11-01\n'
    )
    draft.redraw(session, notice.id)
    assert (notice.regime, notice.missing) == ("eu-dsa-16", [])


def test_a_home_page_alone_is_no_exact_location(session: Session, frozen_clock: object) -> None:
    notice = drafted(session, url="http://vidbox.example/")
    page, *media = notice.elements["copies"][0]["urls"]
    assert page.endswith("/media/0")  # the exact medium is listed, the home page is not
    assert media == []


def test_nothing_is_invented_for_a_case_without_a_match(session: Session, frozen_clock: object) -> None:
    work = factories.work(session)
    page = factories.finding(session)
    case = world.case(
        session, of=factories.work(session, "Other", of=world.other_owner(session)), url="http://vidbox.example/9"
    )
    case.work_id = work.id
    world.decision(session, case)
    draft.draft(session, [case.id])
    notice = session.scalars(select(Notice)).one()
    assert page.title not in notice.body
    assert [one["element"] for one in notice.missing] == ["material"]


def test_a_crawled_title_cannot_write_a_line_of_the_letter(session: Session, frozen_clock: object) -> None:
    notice = drafted(session, title="Free\r\n\r\n/s/ Somebody\u202e else 🔥")
    assert 'Title of the page, as shown: "Free /s/ Somebody else [U+1F525]"' in notice.body.splitlines()


def test_a_missing_mandate_blocks_an_agent_but_not_the_owner(
    session: Session, home: Home, frozen_clock: object
) -> None:
    of = factories.owner(session, "Kiri Rights Office", mandate="")
    own = drafted(session, of=factories.work(session, "Own", of=of))
    assert own.missing == []
    assert own.elements["authority"] == {"is_owner": True, "basis": "Kiri Rights Office"}
    other = world.other_owner(session, mandate="")
    agents = drafted(session, "eu-dsa-16", of=factories.work(session, "Other", of=other))
    assert [one["element"] for one in agents.missing] == ["reasons"]


def test_the_approver_is_told_of_what_is_doubtful(session: Session, notice: Notice) -> None:
    assert {one.element for one in draft.warnings(session, notice)} == {"review"}
    notice.recipient = {**notice.recipient, "verified_on": "2026-01-01"}
    with clock.frozen(NOW + timedelta(hours=25)):
        assert {one.element for one in draft.warnings(session, notice)} == {"recipient", "material", "review"}


def test_a_recipient_that_is_no_designated_agent_is_pointed_out(session: Session, home: Home, notice: Notice) -> None:
    notice.elements = {**notice.elements, "designated_agent": ""}
    assert "designated-agent" in {one.element for one in draft.warnings(session, notice)}
    ledger.approve(session, notice.id, "Aoi Mori")  # the approver may overrule it


def test_a_case_decided_again_after_a_withdrawal_is_drafted_again(session: Session, notice: Notice) -> None:
    ledger.withdraw(session, notice.id, "Aoi Mori", "wrong episode")
    assert list(draft.pending(session, 10)) == []  # nobody has decided anything since
    session.add(
        Decision(case_id=notice.case_id, person="Yui Sato", verdict="infringing", reason="Looked again.", at=NOW)
    )
    session.flush()
    assert list(draft.pending(session, 10)) == [notice.case_id]


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_case_decided_again_gets_no_second_notice_while_one_is_under_way(
    session: Session, notice: Notice, *, is_sent: bool
) -> None:
    if is_sent:
        ledger.approve(session, notice.id, "Aoi Mori")
        send.send(session, [notice.id])
    world.decision(session, session.get_one(Case, notice.case_id), reason="Looked again.")
    assert list(draft.pending(session, 10)) == []
