"""Who may see what is not released: to everybody but those named, a leak answers like something that is not there."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from config.home import Home
from crawlers.captures import FindingRow
from dashboard import people, staff, standing
from dashboard.pages import evidence
from matcher import cases, collected, lives, match
from matcher.cases import Case, UnknownCase
from matcher.catalogue import Work
from matcher.match import Match
from matcher.references import Reference
from notices import draft, ledger
from notices.ledger import Notice
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import Seeded
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_console import act, enter, visitor
from tests.matcher.drawn_pictures import described_drawing, reference
from tests.matcher.test_cases import run_stages, seen_at
from tests.matcher.test_lives import no_film

NOWHERE = "01900000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Leak:
    """A decided leak with a letter that was approved, which Aoi may see and Ren may not."""

    seeded: Seeded
    work: str
    number: str
    notice: str
    match: str
    reference: str
    original: str  # blob
    copy: str  # blob


@pytest.fixture
def leak(tmp_path: Path) -> Leak:
    seeded = seeds.fill(seeds.make_home(tmp_path / "own"), states=["draft"])
    with seeded.home.sessions().begin() as session:
        case = cases.find(session, seeded.film)
        work = session.get_one(Work, case.work_id)
        staff.remove(session, work, people.find(session, "ren"), by="Aoi Mori")
        cases.decide(session, case.id, person="Aoi Mori", verdict="infringing", reason="A leak.")
        draft.draft(session, [case.id])
        notice = session.scalars(select(Notice).where(Notice.case_id == case.id)).one()
        ledger.approve(session, notice.id, "Aoi Mori")
        held = session.scalars(select(Match).join(Reference, Reference.id == Match.reference_id)
                               .where(Reference.bank == "provisional")).one()  # fmt: skip
        original = session.get_one(Reference, held.reference_id)
        return Leak(seeded, work.uuid, notice.number, notice.uuid, held.uuid, original.uuid, original.blob, held.blob)


@pytest.fixture
def aoi(leak: Leak) -> Iterator[TestClient]:
    with visitor(leak.seeded.home) as client:
        yield enter(client)


@pytest.fixture
def ren(leak: Leak) -> Iterator[TestClient]:
    with visitor(leak.seeded.home) as client:
        yield enter(client, "ren")


def paths(leak: Leak) -> list[tuple[str, str]]:
    """Return every address that would tell of the leak, each beside the same one of something that is not there."""
    case = leak.seeded.film
    return [
        (f"/cases/{case}/evidence", f"/cases/{NOWHERE}/evidence"),
        (f"/cases/{case}", f"/cases/{NOWHERE}"), (f"/api/cases/{case}", f"/api/cases/{NOWHERE}"),
        (f"/notices/{leak.notice}", f"/notices/{NOWHERE}"),
        (f"/notices/{leak.notice}/letter.pdf", f"/notices/{NOWHERE}/letter.pdf"),
        (f"/spoiled/{leak.match}", f"/spoiled/{NOWHERE}"),
        (f"/media/matches/{leak.match}/page.png", f"/media/matches/{NOWHERE}/page.png"),
        (f"/media/{leak.original}/thumb.jpg", f"/media/{'0' * 64}/thumb.jpg"),
        (f"/media/{leak.original}/film.webm", f"/media/{'0' * 64}/film.webm"),
        (f"/media/{leak.copy}/thumb.jpg", f"/media/{'0' * 64}/thumb.jpg"),
        (f"/find?q={case}", f"/find?q={NOWHERE}"), (f"/find?q={leak.number}", "/find?q=N-2001-000001"),
        ("/find?q=nightowl", "/find?q=nobody-of-this-name"),
    ]  # fmt: skip


def told(client: TestClient, path: str, leak: Leak) -> tuple[int, str]:
    """Return what an address answers, with what was asked for left out."""
    answer = client.get(path)
    asked = [leak.seeded.film, leak.notice, leak.match, leak.number, NOWHERE, "N-2001-000001", "nightowl",
             "nobody-of-this-name"]  # fmt: skip
    text = answer.text
    for name in asked:
        text = text.replace(name, "…")
    return answer.status_code, text


def test_what_is_not_for_somebody_answers_like_what_is_not_there(ren: TestClient, leak: Leak) -> None:
    differing = [secret for secret, nothing in paths(leak) if told(ren, secret, leak) != told(ren, nothing, leak)]
    assert differing == []


def test_the_people_named_see_all_of_it(aoi: TestClient, leak: Leak) -> None:
    answers = {secret: aoi.get(secret).status_code for secret, _nothing in paths(leak)}
    drawing = f"/media/matches/{leak.match}/page.png"  # films have none
    assert {path for path, status in answers.items() if status not in (200, 202, 303)} == {drawing}


def test_a_picture_of_a_page_that_also_shows_the_leak_is_for_the_people_named(
    aoi: TestClient, ren: TestClient, leak: Leak
) -> None:
    home, uuid = leak.seeded.home, leak.seeded.mug
    picture = seeds.jpeg(seeds.drawn(77))
    with home.sessions().begin() as session:
        case = cases.find(session, uuid)
        (page,) = evidence.pages(session, case, 1)
        listed = [{"url": page.url, "files": ["pages/1/viewport.png"], "clipped_at_px": None, "trouble": None}]
        documents = {"pages.json": json.dumps(listed).encode(), "pages/1/viewport.png": picture}
        collected.keep(session, case, documents, actor="mekiki", newest_finding_id=page.id)
    address = f"/media/cases/{uuid}/{hashlib.sha256(picture).hexdigest()}/large.jpg"
    assert {who.get(address).status_code for who in (aoi, ren)} == {200}

    with home.sessions().begin() as session:
        film = home.blobs.get(leak.copy)
        factories.sighting(session, session.get_one(FindingRow, page.id), film, position=5)
    for path in (f"/cases/{uuid}", f"/cases/{uuid}/evidence"):
        assert address in aoi.get(path).text
        assert address not in ren.get(path).text
        assert f"/media/{leak.copy}" not in ren.get(path).text
    assert (aoi.get(address).status_code, ren.get(address).status_code) == (200, 404)


@pytest.mark.parametrize("path", ["/queue", "/notices?tab=waiting", "/outbox", "/works", "/morning", "/api/queue"])
def test_no_list_names_it(ren: TestClient, leak: Leak, path: str) -> None:
    shown = ren.get(path).text
    for secret in (leak.seeded.film, leak.notice, leak.number, leak.original, leak.copy, "nightowl"):
        assert secret not in shown


def test_the_page_of_its_work_shows_neither_the_reference_nor_who_may_see_it(
    aoi: TestClient, ren: TestClient, leak: Leak
) -> None:
    page = f"/works/{leak.work}"
    assert "ep 04 master.mp4" in aoi.get(page).text
    assert 'id="staff"' in aoi.get(page).text
    assert "ep 04 master.mp4" not in ren.get(page).text
    assert 'id="staff"' not in ren.get(page).text


@pytest.mark.parametrize("what", ["decide", "undo", "claim", "keep", "release"])
def test_nobody_acts_on_a_case_they_may_not_see(ren: TestClient, leak: Leak, what: str) -> None:
    form = {"verdict": "unsure", "seen": ""}
    refused = act(ren, f"/cases/{leak.seeded.film}/{what}", "/works", **form)
    nothing = act(ren, f"/cases/{NOWHERE}/{what}", "/works", **form)
    assert refused[0] == nothing[0] == 404
    assert re.sub(leak.seeded.film, NOWHERE, refused[1]) == nothing[1]


@pytest.mark.parametrize("what", ["hold", "withdraw", "retract"])
def test_nobody_acts_on_a_notice_they_may_not_see(ren: TestClient, leak: Leak, what: str) -> None:
    assert act(ren, f"/notices/{leak.notice}/{what}", "/works", reason="Mine.")[0] == 404
    with leak.seeded.home.readers()() as session:
        assert ledger.find(session, leak.number).state == "queued"


@pytest.mark.parametrize("what", ["disable", "promote"])
def test_nobody_acts_on_a_reference_they_may_not_see(ren: TestClient, leak: Leak, what: str) -> None:
    assert act(ren, f"/references/{leak.reference}/{what}", "/works")[0] == 404


def test_counts_leave_it_out(leak: Leak) -> None:
    def counts(login: str) -> dict[str, int]:
        with leak.seeded.home.readers()() as session:
            facts = standing.facts(staff.limit(session, people.find(session, login).id))
        return {name: facts[name] for name in ("references", "matches", "notices_waiting_to_leave")}

    one_less = {name: count - 1 for name, count in counts("aoi").items()}
    assert counts("ren") == one_less


def test_the_next_notice_gets_a_number_of_its_own_whoever_decides(ren: TestClient, leak: Leak) -> None:
    page = f"/cases/{leak.seeded.mug}"
    assert act(ren, f"{page}/decide", page, verdict="infringing", seen="")[0] == 303
    with leak.seeded.home.readers()() as session:
        numbers = list(session.scalars(select(Notice.number)))
    assert len(numbers) == len(set(numbers)) == 3


def test_once_it_is_promoted_everybody_sees_it(ren: TestClient, leak: Leak) -> None:
    with leak.seeded.home.sessions().begin() as session:
        lives.promote(session, leak.reference, by="Aoi Mori")
    assert ren.get(f"/cases/{leak.seeded.film}").status_code == 200


def test_only_who_is_named_names_others_and_those_see_it_at_once(aoi: TestClient, ren: TestClient, leak: Leak) -> None:
    page = f"/works/{leak.work}"
    assert act(ren, f"{page}/staff", page, login="ren", act="add")[0] == 403
    assert ren.get(f"/cases/{leak.seeded.film}").status_code == 404
    assert act(aoi, f"{page}/staff", page, login="ren", act="add")[0] == 303
    assert ren.get(f"/cases/{leak.seeded.film}").status_code == 200
    assert act(ren, f"{page}/staff", page, login="ren", act="remove")[0] == 303
    assert ren.get(f"/cases/{leak.seeded.film}").status_code == 404


def test_who_was_named_by_whom_and_when_it_ended_stays_on_record(session: Session, frozen_clock: object) -> None:
    work = factories.work(session)
    aoi = seeds.person(session, "aoi", "Aoi Mori")
    staff.name(session, work, aoi, by="Ren Sato")
    staff.name(session, work, aoi, by="Somebody else")
    staff.remove(session, work, aoi, by="Ren Sato")
    staff.remove(session, work, aoi, by="Somebody else")
    (row,) = session.scalars(select(staff.WorkStaff)).all()
    assert (row.added_by, row.added_at, row.removed_by, row.removed_at) == (
        "Ren Sato", factories.NOW, "Ren Sato", factories.NOW,
    )  # fmt: skip


def test_a_limited_session_leaves_out_the_case_on_both_databases(home: Home) -> None:
    with home.sessions().begin() as session:
        work = factories.work(session)
        seen_at(session, work)
        session.scalars(select(Reference)).one().bank = "provisional"
        run_stages(session)
        uuid = session.scalars(select(Case.uuid)).one()
        aoi = seeds.person(session, "aoi", "Aoi Mori").id
        staff.name(session, work, people.find(session, "aoi"), by="Aoi Mori")
    for person, seen in ((aoi, 1), (None, 0)):
        with home.readers()() as reading:
            staff.limit(reading, person)
            assert len(cases.queue(reading)) == seen
            assert reading.scalar(select(func.count()).select_from(Match)) == seen
            if not seen:
                with pytest.raises(UnknownCase):
                    cases.case_detail(reading, uuid)


def test_a_provisional_work_that_nobody_sees_is_told_to_the_operator(session: Session) -> None:
    work = factories.work(session)
    row = factories.reference(session, work, bank="provisional")
    aoi = seeds.person(session, "aoi", "Aoi Mori")
    assert staff.unseen_works(session) == ["Lantern Road"]
    staff.name(session, work, aoi, by="Aoi Mori")
    assert staff.unseen_works(session) == []
    people.disable(session, "aoi")
    assert staff.unseen_works(session) == ["Lantern Road"]
    row.bank = "works"
    session.flush()
    assert staff.unseen_works(session) == []


def test_comparing_a_file_tells_only_the_people_named(session: Session, home: Home) -> None:
    work = factories.work(session, provisional_until=None)
    row = reference(session, work, 11, bank="provisional")
    session.commit()
    with home.readers()() as reading:
        staff.limit(reading, None)
        assert match.compare_description(reading, described_drawing(11), no_film) == []
    with home.readers()() as reading:
        (found,) = match.compare_description(reading, described_drawing(11), no_film)
    assert found.reference_id == row.id


def test_the_command_line_shows_it_to_who_says_they_are_named(own_home: Home, mekiki: Mekiki, tmp_path: Path) -> None:
    with own_home.sessions().begin() as session:
        finding = seen_at(session, factories.work(session))
        for blob in (b"page", f"{finding.url} {finding.id}".encode()):
            own_home.blobs.put(blob)
        session.scalars(select(Reference)).one().bank = "provisional"
        run_stages(session)
        uuid = session.scalars(select(Case.uuid)).one()
        seeds.person(session, "aoi", "Aoi Mori", may_approve=True)
    assert "nobody" in mekiki("work", "staff", "Lantern Road").err
    assert mekiki("work", "staff", "Lantern Road", "--add", "aoi", "--by", "Ren Sato").code == 0
    decide = ("case", "decide", uuid, "infringing", "--reason", "A leak.", "--by")
    export = ("evidence", "export", uuid, "-o", tmp_path / "case.zip", "--by")
    assert mekiki("case", "list", "--json").rows == []
    for hidden in (("case", "show", uuid), ("evidence", "show", uuid), (*export, "Ren Sato"), (*decide, "Ren Sato")):
        said = mekiki(*hidden)
        assert (said.code, f"There is no case {uuid}" in said.err) == (1, True), hidden
    assert not (tmp_path / "case.zip").exists()
    assert mekiki(*export, "Aoi Mori").code == 0
    assert mekiki(*decide, "aoi").code == 0
