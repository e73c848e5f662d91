"""What episodes share, on the command line and in the console: seen, confirmed, rejected."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from config import clock
from config.home import Home
from dashboard import app
from dashboard.cli import moment
from matcher import found_stretches
from matcher.catalogue import Work
from matcher.found_stretches import FoundStretch
from matcher.references import Exclusion, Reference
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD, Seeded
from tests.dashboard.spoken import Mekiki
from tests.matcher.drawn_episodes import described_episode, film_reference

WORK = "Lantern Road"


def opening(reference: Reference, start_s: float = 2.0, end_s: float = 12.4) -> FoundStretch:
    return FoundStretch(
        reference_id=reference.id, kind="opening", start_s=start_s, end_s=end_s, shared_with=3, found_at=clock.now()
    )


@pytest.fixture
def stretch(own_home: Home) -> str:
    """The uuid of an opening in the only film of a work."""
    with own_home.sessions().begin() as session:
        row = opening(factories.reference(session, factories.work(session, WORK)))
        session.add(row)
        session.flush()
        return row.uuid


def test_stretches_are_listed_confirmed_and_rejected(mekiki: Mekiki, stretch: str) -> None:
    assert "00:00:12.4" in mekiki("reference", "stretches", WORK).err
    assert mekiki("reference", "confirm", stretch, "--by", "Aoi Mori").code == 0
    said = mekiki("reference", "reject", stretch, "--reason", "Only this episode has it.", "--by", "Ren Sato")
    assert (said.code, "Rejected: opening, 00:00:02 to 00:00:12.4." in said.err) == (0, True)
    (row,) = mekiki("reference", "stretches", WORK, "--json").rows
    kept = ("kind", "start_s", "end_s", "shared_with", "confirmed_by", "rejected_by", "rejected_why")
    assert [row[name] for name in kept] == [
        "opening", 2.0, 12.4, 3, "Aoi Mori", "Ren Sato", "Only this episode has it.",
    ]  # fmt: skip
    assert "rejected by Ren Sato" in mekiki("reference", "stretches", WORK).err


def test_what_was_rejected_is_not_confirmed_on_the_command_line(mekiki: Mekiki, stretch: str) -> None:
    mekiki("reference", "reject", stretch, "--reason", "No.", "--by", "Ren Sato")
    said = mekiki("reference", "confirm", stretch, "--by", "Aoi Mori")
    assert (said.code, "Ren Sato rejected this stretch" in said.err) == (1, True)


def test_several_stretches_are_rejected_all_or_none(own_home: Home, mekiki: Mekiki, stretch: str) -> None:
    said = mekiki("reference", "reject", stretch, "nowhere", "--reason", "No.", "--by", "Ren Sato")
    assert (said.code, "There is no found stretch nowhere" in said.err) == (1, True)
    with own_home.readers()() as session:
        assert found_stretches.find(session, stretch).is_open


def test_a_work_whose_films_share_nothing_says_so(own_home: Home, mekiki: Mekiki) -> None:
    with own_home.sessions().begin() as session:
        factories.work(session, WORK)
    assert "No film of this work shares a stretch" in mekiki("reference", "stretches", WORK).err


def test_any_stretch_is_excluded_by_times_as_a_player_shows_them(own_home: Home, mekiki: Mekiki, stretch: str) -> None:
    with own_home.readers()() as session:
        uuid = session.scalars(select(Reference.uuid)).one()
    said = mekiki(
        "reference", "exclude", uuid, "--from", "00:01:23", "--to", "173.5", "--reason", "News.", "--by", "Aoi Mori"
    )
    assert (said.code, "From 00:01:23 to 00:02:53.5" in said.err) == (0, True)
    with own_home.readers()() as session:
        row = session.scalars(select(Exclusion)).one()
        assert (row.start_s, row.end_s) == (83.0, 173.5)


@pytest.mark.parametrize("typed", ["", "1:2:3:4", "00:60:00", "1:75", "-3", "nan", "inf", "a minute"])
def test_what_is_no_time_is_wrong_usage(mekiki: Mekiki, typed: str) -> None:
    said = mekiki("reference", "exclude", "x", f"--from={typed}", "--to", 9, "--reason", "No.", "--by", "A")
    assert (said.code, "is no moment of a film" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("typed", "seconds"), [("83", 83.0), ("1:23", 83.0), ("00:01:23", 83.0), ("01:00:00.5", 3600.5), ("0", 0.0)]
)
def test_a_time_is_read_and_written_as_players_do(typed: str, seconds: float) -> None:
    assert moment.MOMENT.convert(typed, None, None) == seconds
    assert moment.MOMENT.convert(moment.written(seconds), None, None) == seconds


def test_the_job_finds_what_registered_episodes_share(own_home: Home, mekiki: Mekiki) -> None:
    with own_home.sessions().begin() as session:
        work = factories.work(session, WORK)
        for number in (1, 2):
            film_reference(session, work, f"ep {number}.mp4", described_episode(number))
    assert mekiki("run", "learn shared stretches").code == 0
    found = [(row["asset"], row["kind"]) for row in mekiki("reference", "stretches", WORK, "--json").rows]
    assert found == [(f"ep {number}.mp4", kind) for number in (1, 2) for kind in ("opening", "ending")]


@pytest.fixture
def seeded(tmp_path: Path) -> Seeded:
    """A filled home in which the film shares its opening and a shot that somebody rejected."""
    made = seeds.fill(seeds.make_home(tmp_path / "seeded"), states=["draft"])
    with made.home.sessions().begin() as session:
        film = session.scalars(select(Reference).where(Reference.name == "ep 04 master.mp4")).one()
        rejected = opening(film, 13.0, 13.9)
        session.add_all([rejected, opening(film)])
        session.flush()
        found_stretches.reject(session, rejected, by="Ren Sato", why="<b>Only here</b>")
    return made


@pytest.fixture
def client(seeded: Seeded) -> Iterator[TestClient]:
    """Somebody who has logged in."""
    with TestClient(app.make(seeded.home), base_url="http://console.test", follow_redirects=False) as made:
        login = {"login": "aoi", "password": PASSWORD, "token": token(made.get("/login").text)}
        assert made.post("/login", data=login).status_code == 303
        yield made


def token(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def address(home: Home) -> str:
    with home.readers()() as session:
        return f"/works/{session.scalars(select(Work.uuid).where(Work.title == WORK)).one()}"


def still_open(home: Home) -> str:
    with home.readers()() as session:
        return next(row.uuid for row in session.scalars(select(FoundStretch)) if row.is_open)


def test_the_page_of_a_work_shows_each_stretch_with_its_picture(client: TestClient, seeded: Seeded) -> None:
    page = client.get(address(seeded.home)).text
    assert "2 shared stretches" in page
    assert "00:00:02 – 00:00:12" in page
    assert "&lt;b&gt;Only here&lt;/b&gt;" in page
    picture = re.search(r'class="frame" src="([^"]+)"', page)
    assert picture
    answer = client.get(picture[1])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")


def test_a_stretch_is_confirmed_and_rejected_in_the_console(client: TestClient, seeded: Seeded) -> None:
    here, uuid = address(seeded.home), still_open(seeded.home)
    proof = {"token": token(client.get(here).text)}
    assert client.post(f"/stretches/{uuid}/confirm", data=proof).headers["location"] == f"{here}#stretches"
    page = client.get(here).text
    assert "Confirmed: it names the work and proves no episode." in page
    assert f"/stretches/{uuid}/confirm" not in page
    assert client.post(f"/stretches/{uuid}/reject", data=proof | {"reason": " "}).status_code == 409
    assert client.post(f"/stretches/{uuid}/reject", data=proof | {"reason": "No."}).status_code == 303
    assert client.post(f"/stretches/{uuid}/confirm", data=proof).status_code == 409
    with seeded.home.readers()() as session:
        row = found_stretches.find(session, uuid)
        assert (row.confirmed_by, row.rejected_by, row.rejected_why) == ("Aoi Mori", "Aoi Mori", "No.")


def test_a_stretch_is_not_touched_by_a_form_of_another_site(client: TestClient, seeded: Seeded) -> None:
    uuid = still_open(seeded.home)
    for act in ("confirm", "reject"):
        assert client.post(f"/stretches/{uuid}/{act}", data={"reason": "No."}).status_code == 403
    assert still_open(seeded.home) == uuid


def test_an_unknown_stretch_is_not_here(client: TestClient, seeded: Seeded) -> None:
    proof = {"token": token(client.get(address(seeded.home)).text)}
    assert client.post("/stretches/nowhere/confirm", data=proof).status_code == 404
    assert client.get("/media/stretches/nowhere/3.jpg").status_code == 404


def test_a_japanese_reader_sees_japanese(client: TestClient, seeded: Seeded) -> None:
    proof = {"token": token(client.get("/works").text), "language": "ja", "back": "/works"}
    client.post("/language", data=proof)
    page = client.get(address(seeded.home)).text
    assert "共通の区間2件" in page
    assert "オープニング" in page


def test_a_work_without_films_has_no_such_section(client: TestClient, seeded: Seeded) -> None:
    with seeded.home.readers()() as session:
        uuid = session.scalars(select(Work.uuid).where(Work.title == "Pepper Lane")).one()
    page = client.get(f"/works/{uuid}").text
    assert 'id="stretches"' not in page
