"""A reference in quarantine, on the command line and in the console: one alert, let out or disabled in one act."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from config.home import Home
from dashboard import app
from matcher import assess, cases
from matcher.case_rows import Case
from matcher.catalogue import Owner, Work
from notices.ledger import Notice
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD
from tests.dashboard.spoken import Mekiki
from tests.matcher import drawn_logos

PLACES = 12


@pytest.fixture
def poison(own_home: Home) -> str:
    """The uuid of a logo that a dozen places show."""
    return poisoned(own_home)


def poisoned(home: Home) -> str:
    """Register the logo, let a dozen places show it, open their cases, and return its uuid."""
    with home.sessions().begin() as session:
        reference = drawn_logos.reference(session, factories.work(session, "Poison Road", of=seeds_owner(session)))
        for number in range(PLACES):
            home.blobs.put(drawn_logos.saved(number))
            factories.match(session, drawn_logos.sighting(session, number), reference)
        while ids := assess.pending(session, 20):
            assess.assess(session, ids)
        cases.open_cases(session, list(cases.pending(session, 20)))
        return reference.uuid


def seeds_owner(session: Session) -> Owner:
    return session.scalar(select(Owner).order_by(Owner.id).limit(1)) or factories.owner(session)


def states(home: Home) -> list[str]:
    with home.readers()() as session:
        return list(session.scalars(select(Case.state)))


def test_the_list_tells_in_a_second_what_it_is(mekiki: Mekiki, poison: str) -> None:
    assert "logo.png" in mekiki("reference", "quarantine", "list").err
    (row,) = mekiki("reference", "quarantine", "list", "--json").rows
    assert (row["uuid"], row["reference"], row["work"], row["places"]) == (poison, "logo.png", "Poison Road", PLACES)
    assert row["why"].startswith("Found at 9 places, and nobody confirmed any before; up to 8 pass.")
    assert row["plain"].startswith("Plain: ")
    assert row["figures"]["limit"] == 8


def test_one_command_lets_a_real_flood_go_on(own_home: Home, mekiki: Mekiki, poison: str) -> None:
    assert states(own_home) == ["open"] * 8
    said = mekiki("reference", "quarantine", "release", poison, "--reason", "It leaked.", "--by", "Aoi Mori")
    assert (said.code, "Released at 12 places" in said.err) == (0, True)
    assert states(own_home) == ["open"] * PLACES
    assert mekiki("reference", "quarantine", "list", "--json").rows == []


def test_one_command_clears_the_queue_of_poison(own_home: Home, mekiki: Mekiki, poison: str) -> None:
    said = mekiki("reference", "quarantine", "disable", poison, "--reason", "A logo.", "--by", "Aoi Mori")
    assert (said.code, states(own_home)) == (0, ["closed"] * 8)
    again = mekiki("reference", "quarantine", "release", poison, "--reason", "No.", "--by", "Aoi Mori")
    assert (again.code, "logo.png is not in quarantine" in again.err) == (1, True)


@pytest.fixture
def seeded(tmp_path: Path) -> Home:
    """A filled home in which a logo that was registered floods the queue."""
    home = seeds.fill(seeds.make_home(tmp_path / "seeded"), states=["queued", "draft"]).home
    poisoned(home)
    return home


@pytest.fixture
def client(seeded: Home) -> Iterator[TestClient]:
    """Somebody who has logged in."""
    with TestClient(app.make(seeded), base_url="http://console.test", follow_redirects=False) as made:
        login = {"login": "aoi", "password": PASSWORD, "token": token(made.get("/login").text)}
        assert made.post("/login", data=login).status_code == 303
        yield made


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def poison_cases(home: Home, state: str = "open") -> list[str]:
    with home.readers()() as session:
        rows = select(Case.uuid).join(Work, Work.id == Case.work_id).where(Work.title == "Poison Road")
        return list(session.scalars(rows.where(Case.state == state).order_by(Case.id)))


def test_the_morning_shows_one_alert_with_pictures_and_figures(client: TestClient) -> None:
    page = client.get("/morning").text
    assert page.count("A real flood: release") == 1
    assert "Found at 9 places, and nobody confirmed any before" in page
    assert "<b>12 places by now.</b>" in page
    assert "Plain: " in page
    found = re.findall(r'class="shot" src="(/media/[^"]+)"', page)
    assert len(found) == 5
    assert client.get(found[0]).headers["content-type"] == "image/jpeg"
    assert client.get("/works").text.count('href="/quarantine">1 in quarantine') == 1


def test_a_held_case_says_why_and_cannot_become_a_notice(client: TestClient, seeded: Home) -> None:
    uuid = poison_cases(seeded)[0]
    page = client.get(f"/cases/{uuid}").text
    assert "nothing but logo.png speaks for this case" in page
    form = {"token": token(page), "seen": "", "reason": "It looks the same."}
    answer = client.post(f"/cases/{uuid}/decide", data=form | {"verdict": "infringing"})
    assert (answer.status_code, "in quarantine" in answer.text) == (409, True)
    with seeded.readers()() as session:
        assert (
            session.scalars(select(Notice).join(Case, Case.id == Notice.case_id).where(Case.uuid == uuid)).all() == []
        )
    assert uuid not in client.get("/cases/next").headers["location"]


def test_a_real_flood_is_let_out_with_one_button(client: TestClient, seeded: Home) -> None:
    alert = client.get("/quarantine").text
    uuid = re.findall(r"/quarantine/([^/]+)/release", alert)[0]
    proof = {"token": token(alert)}
    assert client.post(f"/quarantine/{uuid}/release", data=proof | {"reason": " "}).status_code == 409
    assert client.post(f"/quarantine/{uuid}/release", data={"reason": "Real."}).status_code == 403
    assert client.post(f"/quarantine/{uuid}/release", data=proof | {"reason": "Real."}).status_code == 303
    assert "Released at 12 places: what was held goes on." in client.get("/quarantine").text
    assert len(poison_cases(seeded)) == PLACES


def test_poison_is_disabled_with_one_button(client: TestClient, seeded: Home) -> None:
    alert = client.get("/quarantine").text
    uuid = re.findall(r"/quarantine/([^/]+)/release", alert)[0]
    answer = client.post(f"/quarantine/{uuid}/disable", data={"token": token(alert), "reason": "A logo."})
    assert (answer.status_code, poison_cases(seeded)) == (303, [])
    assert "No reference is in quarantine." in client.get("/quarantine").text


def test_the_alert_is_told_in_japanese(client: TestClient) -> None:
    proof = {"token": token(client.get("/works").text), "language": "ja", "back": "/works"}
    client.post("/language", data=proof)
    page = client.get("/quarantine").text
    assert "9か所で一致しました" in page
    assert "単純な画像" in page
    assert "本物の大量流出" in page
