"""The evidence page: what stands for a case and who did what to it; it is held, released and taken along there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from config.home import Home
from crawlers import bundle_checks, custody
from crawlers.custody import CustodyEntry
from dashboard import app, jobs
from tests.dashboard import seeds
from tests.dashboard.seeds import PASSWORD
from tests.dashboard.test_cli_evidence import case  # noqa: F401
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
    jobs.run(own_home, next(job for job in jobs.JOBS if job.name == "collect evidence"))
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
