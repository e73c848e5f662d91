"""The evidence page: what stands for a case and who did what to it; it is held, released and taken along there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from config import clock, settings
from config.home import Home
from crawlers import bundle_checks, chromium, custody
from crawlers.captures import Capture
from crawlers.custody import CustodyEntry
from dashboard import app, jobs
from matcher import collected
from matcher.case_rows import Case
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD
from tests.dashboard.test_cli_evidence import case  # noqa: F401
from tests.dashboard.test_collect import COLLECT
from tests.dashboard.test_conflicts import token


@pytest.fixture
def client(case: str, own_home: Home) -> Iterator[TestClient]:  # noqa: F811
    """Somebody who has logged in to a home whose case rests on captured bytes."""
    with own_home.sessions().begin() as session:
        seeds.person(session, "aoi", "Aoi Mori", may_approve=True)
    with TestClient(app.make(own_home), base_url="http://console.test", follow_redirects=False) as made:
        login = {"login": "aoi", "password": PASSWORD, "token": token(made.get("/login").text)}
        assert made.post("/login", data=login).status_code == 303
        yield made


def acts(home: Home) -> list[str]:
    with home.readers()() as session:
        return list(session.scalars(select(CustodyEntry.action).order_by(CustodyEntry.id)))


def test_the_page_shows_captures_and_log_and_is_on_it(client: TestClient, case: str, own_home: Home) -> None:  # noqa: F811
    jobs.run(own_home, COLLECT)
    for _ in range(2):
        page = client.get(f"/cases/{case}/evidence")
        assert page.status_code == 200
    assert "http://vidbox.example/media" in page.text
    assert re.search(r"\d documents", page.text)
    assert "No time-stamping authority is named" in page.text
    assert page.text.count("Viewed") == 1  # once a person and day
    assert acts(own_home) == ["collected", "collected", "viewed"]
    assert f'href="/cases/{case}/evidence"' in client.get(f"/cases/{case}").text


def test_a_case_is_held_and_released_with_a_reason(client: TestClient, case: str, own_home: Home) -> None:  # noqa: F811
    proof = {"token": token(client.get(f"/cases/{case}/evidence").text)}
    address = f"/cases/{case}/evidence"
    assert client.post(f"{address}/hold", data={"reason": "A court."}).status_code == 403
    assert client.post(f"{address}/hold", data=proof | {"reason": " "}).status_code == 422
    assert client.post(f"{address}/hold", data=proof | {"reason": "<b>A court.</b>"}).status_code == 303
    assert "&lt;b&gt;A court.&lt;/b&gt;" in client.get(address).text
    assert client.post(f"{address}/hold", data=proof | {"reason": "Again."}).status_code == 409
    assert client.post(f"{address}/release", data=proof | {"reason": "Settled."}).status_code == 303
    with own_home.readers()() as session:
        assert custody.hold_of(session, f"case:{case}") is None


def test_the_bundle_is_taken_along_whole(client: TestClient, case: str, own_home: Home, tmp_path: Path) -> None:  # noqa: F811
    proof = {"token": token(client.get(f"/cases/{case}/evidence").text)}
    answer = client.post(f"/cases/{case}/export", data=proof)
    assert answer.headers["content-type"] == "application/zip"
    (tmp_path / "case.zip").write_bytes(answer.content)
    assert bundle_checks.verify(tmp_path / "case.zip") == []
    assert acts(own_home)[-1] == "exported"
    assert not list(own_home.path.glob(".bundle-*"))


def test_the_page_can_be_read_in_japanese(client: TestClient, case: str) -> None:  # noqa: F811
    proof = {"token": token(client.get("/works").text), "language": "ja", "back": "/works"}
    client.post("/language", data=proof)
    assert "取扱記録" in client.get(f"/cases/{case}/evidence").text


def test_checking_finds_all_whole_and_afterwards_what_was_changed(
    client: TestClient, case: str, own_home: Home  # noqa: F811
) -> None:  # fmt: skip
    jobs.run(own_home, COLLECT)
    address = f"/cases/{case}/evidence"
    whole = client.get(f"{address}?check=now").text
    assert "2 captures, 4 collected documents and 0 timestamps are what they were" in whole

    with own_home.sessions().begin() as session:
        page, film = session.scalars(select(Capture).order_by(Capture.id))
        session.execute(text("UPDATE captures SET status = 404 WHERE id = :id"), {"id": page.id})
        own_home.blobs.path(film.body_sha256).unlink()
        entry = session.scalars(select(CustodyEntry.id).order_by(CustodyEntry.id).limit(1)).one()
        session.execute(text("UPDATE custody SET actor = 'nobody' WHERE id = :id"), {"id": entry})
    assert "changed since" in client.get(address).text  # at first sight, without reading the bytes
    changed = client.get(f"{address}?check=now").text
    assert "3 things are not what they were" in changed
    assert re.search(r"http://vidbox.example/media</span> its stored bytes, blob \w+, are gone", changed)


def test_the_log_tells_how_much_was_done_and_not_what_befell_other_cases(
    client: TestClient, case: str, own_home: Home  # noqa: F811
) -> None:  # fmt: skip
    jobs.run(own_home, COLLECT)
    with own_home.sessions().begin() as session:
        sweep = session.scalars(select(CustodyEntry.subject).order_by(CustodyEntry.id)).first()
        assert sweep
        note = {"captures": {"another capture": "0" * 64}, "why": "retention", "keep_days": 30.0}
        custody.record(session, actor="mekiki", action=custody.DELETED, subject=sweep, note=note)
    page = client.get(f"/cases/{case}/evidence").text
    assert "Captured by a sweep of vidbox, with 2 answers" in page
    assert "Collected for the case: 4 documents" in page
    assert "Bytes deleted" not in page


def test_how_the_evidence_came_about_can_be_read(client: TestClient, case: str, own_home: Home) -> None:  # noqa: F811
    address = f"/cases/{case}/evidence/process.txt"
    assert client.get(address).status_code == 404
    jobs.run(own_home, COLLECT)
    told = client.get(address)
    assert told.headers["content-type"].startswith("text/plain")
    assert "ブラウザーは開いていません" in told.text


@pytest.mark.browser
@pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; run `mekiki browser install`")
def test_the_page_is_seen_as_it_was_captured_until_its_bytes_are_deleted(
    client: TestClient, case: str, own_home: Home, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setenv("MEKIKI_EVIDENCE__SHOW_PAGES", "true")
    shown = Home(settings.load(own_home.path), own_home.engine)
    jobs.run(shown, COLLECT)
    page = client.get(f"/cases/{case}/evidence").text
    pictures = re.findall(rf"/media/cases/{case}/\w+/(?:large|whole).jpg", page)
    assert len(pictures) == 2
    for address in pictures:
        answer = client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.content.startswith(b"\xff\xd8")
    assert pictures[0] in client.get(f"/cases/{case}").text  # beside what the page says, too
    with own_home.sessions().begin() as session:
        row = session.scalars(select(Case)).one()
        other = factories.finding(session, "http://vidbox.example/other")
        assert client.get(pictures[0].replace(case, other.uuid)).status_code == 404
        page_body = session.scalars(select(Capture.body_sha256).order_by(Capture.id)).first()
        assert client.get(f"/media/cases/{case}/{page_body}/large.jpg").status_code == 404  # never what was crawled
        with clock.frozen(clock.now() + timedelta(days=3)):
            collected.forget(session, row, why={"why": "retention", "keep_days": 30.0}, is_over=lambda _: True)
    assert list((own_home.path / "previews").iterdir()) == []  # nor what was made of them
    assert client.get(pictures[0]).status_code == 404
    assert "/media/cases/" not in client.get(f"/cases/{case}/evidence").text
