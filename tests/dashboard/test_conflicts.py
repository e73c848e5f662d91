"""Content that two owners registered, on the command line and in the console: shown on both works, and settled."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from config import clock
from config.home import Home
from dashboard import app
from matcher import overlaps
from matcher.catalogue import Work
from matcher.overlaps import Overlap
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD
from tests.dashboard.spoken import Mekiki
from tests.matcher.drawn_pictures import reference


def disputed(home: Home) -> str:
    """Register one picture for two owners, with the conflict that mekiki finds, and return its uuid."""
    with home.sessions().begin() as session:
        first = reference(session, factories.work(session, "Night Ferry", of=factories.owner(session, "Kai")), 11)
        second = reference(session, factories.work(session, "Harbour", of=factories.owner(session, "Sora")), 11)
        row = Overlap(
            newer_id=second.id, older_id=first.id, score=0.99, share=0.97, seconds=0.0,
            parts={"newer": [[0.0, 0.0, 1.0, 0.97]], "older": [[0.0, 0.0, 1.0, 1.0]]}, found_at=clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.uuid


def test_the_job_finds_a_conflict_and_a_command_settles_it(own_home: Home, mekiki: Mekiki) -> None:
    with own_home.sessions().begin() as session:
        for owner, title in (("Kai", "Night Ferry"), ("Sora", "Harbour")):
            reference(session, factories.work(session, title, of=factories.owner(session, owner)), 11)
    assert mekiki("run", "learn shared areas").code == 0
    assert mekiki("run", "find overlaps").code == 0
    (row,) = mekiki("reference", "overlaps", "--work", "Harbour", "--json").rows
    assert (row["older"]["owner"], row["newer"]["owner"], row["settled"]) == ("Kai", "Sora", None)
    said = mekiki("reference", "settle", row["uuid"], "older", "--reason", "First drawn.", "--by", "Aoi Mori")
    assert (said.code, "Settled" in said.err) == (0, True)
    (row,) = mekiki("reference", "overlaps", "--json").rows
    assert (row["settled"]["whose"], row["settled"]["by"]) == ("older", "Aoi Mori")
    assert "older, says Aoi Mori" in mekiki("reference", "overlaps").err


def test_an_unknown_conflict_is_told_where_to_look(mekiki: Mekiki) -> None:
    said = mekiki("reference", "settle", "nowhere", "shared", "--reason", "No.", "--by", "Aoi Mori")
    assert (said.code, "`mekiki reference overlaps` shows them" in said.err) == (1, True)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A filled home with one conflict."""
    made = seeds.fill(seeds.make_home(tmp_path / "seeded"), states=["draft"]).home
    disputed(made)
    return made


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    """Somebody who has logged in."""
    with TestClient(app.make(home), base_url="http://console.test", follow_redirects=False) as made:
        login = {"login": "aoi", "password": PASSWORD, "token": token(made.get("/login").text)}
        assert made.post("/login", data=login).status_code == 303
        yield made


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_both_works_and_the_morning_show_one_conflict(client: TestClient, home: Home) -> None:
    with home.readers()() as session:
        uuids = session.scalars(select(Work.uuid).where(Work.title.in_(("Night Ferry", "Harbour")))).all()
    says = "page 11 works.png of Kai holds 97 percent of page 11 works.png of Sora."
    pages = [client.get(path).text for path in ("/morning", "/conflicts", *(f"/works/{uuid}" for uuid in uuids))]
    assert [page.count(says) for page in pages] == [1, 1, 1, 1]
    assert 'href="/conflicts">1 conflict<' in client.get("/works").text


def test_a_person_settles_it_with_a_reason_and_may_take_it_back(client: TestClient, home: Home) -> None:
    page = client.get("/conflicts").text
    address = re.findall(r'action="(/conflicts/[^"]+/settle)"', page)[0]
    proof = {"token": token(page)}
    assert client.post(address, data=proof | {"verdict": "older", "reason": " "}).status_code == 409
    assert client.post(address, data=proof | {"verdict": "mine", "reason": "Ours."}).status_code == 409
    assert client.post(address, data={"verdict": "older", "reason": "Ours."}).status_code == 403
    for verdict, whose in (("older", "Kai"), ("shared", "both")):
        assert client.post(address, data=proof | {"verdict": verdict, "reason": "<b>Ours</b>"}).status_code == 303
        page = client.get("/conflicts").text
        assert f"settled: {whose}" in page
    assert "Aoi Mori: &lt;b&gt;Ours&lt;/b&gt;" in page
    assert "two claims" not in client.get("/morning").text
    with home.readers()() as session:
        assert overlaps.listed(session, only_open=True) == []


def test_a_conflict_is_told_in_japanese(client: TestClient) -> None:
    proof = {"token": token(client.get("/works").text), "language": "ja", "back": "/works"}
    client.post("/language", data=proof)
    assert "97％を含んでいます" in client.get("/conflicts").text
