"""What is collected about a case: the pages as shown, the pairs as seen, and how all of it came about."""

import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from config.home import Home
from crawlers import bundle_checks, chromium, sealed_zip
from dashboard import child, collect, jobs
from matcher import cases, collected
from matcher.case_rows import Case
from matcher.references import Reference
from tests import factories, writing
from tests.dashboard import seeds
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_cli_evidence import case  # noqa: F401
from tests.matcher.test_cases import run_stages

COLLECT = next(job for job in jobs.JOBS if job.name == "collect evidence")


def exported(case: str, mekiki: Mekiki, folder: Path) -> dict[str, bytes]:  # noqa: F811
    assert mekiki("evidence", "export", case, "-o", folder / "case.zip", "--by", "Aoi Mori").code == 0
    assert bundle_checks.verify(folder / "case.zip") == []
    bundle = sealed_zip.read(folder / "case.zip")
    return {name.removeprefix("collected/1/"): bundle.get(name, 1 << 30) for name in bundle.packed}


@pytest.mark.browser
@pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; run `mekiki browser install`")
def test_pages_are_shown_where_there_is_a_browser(
    case: str, mekiki: Mekiki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setenv("MEKIKI_EVIDENCE__SHOW_PAGES", "true")
    files = exported(case, mekiki, tmp_path)
    assert b"page body" in files["pages/1/dom.html"]
    assert Image.open(io.BytesIO(files["pages/1/viewport.png"])).size == (1280, 1600)
    (page,) = json.loads(files["pages.json"])
    assert (page["trouble"], page["url"]) == (None, "http://vidbox.example/page")
    assert "showed the pages without their scripts" in files["process.txt"].decode()


def test_without_a_browser_the_bundle_says_so_in_both_languages(case: str, mekiki: Mekiki, tmp_path: Path) -> None:  # noqa: F811
    files = exported(case, mekiki, tmp_path)
    assert not any(name.startswith("pages/") for name in files)
    said = files["process.txt"].decode()
    assert "No browser was opened" in said
    assert "ブラウザーは開いていません" in said
    assert json.loads(files["process.json"])["programs"]["mekiki"] == "0.1.0"


def test_the_pair_is_kept_as_seen(case: str, mekiki: Mekiki, tmp_path: Path) -> None:  # noqa: F811
    said = json.loads(exported(case, mekiki, tmp_path)["pairs.json"])
    (pair,) = said["pairs"]
    assert (pair["found"], pair["reference"], pair["score"]) == ("http://vidbox.example/media", "ep1.mp4", 0.99)
    assert said["versions_when_collected"]["pdq256"] >= 1
    assert pair["drawing"] is None  # its film was never described here
    assert pair["why_no_drawing"]


def test_a_case_is_collected_once_and_again_when_it_grows(case: str, own_home: Home) -> None:  # noqa: F811
    assert jobs.run(own_home, COLLECT) == 1
    assert jobs.run(own_home, COLLECT) == 0
    with own_home.sessions().begin() as session:
        newer = factories.finding(session, "http://vidbox.example/page?again", place="vidbox.example/page")
        film = factories.sighting(session, newer, b"another film")
        factories.match(session, film, session.scalars(select(Reference)).one(), matched_seconds=600.0)
        run_stages(session)
        case_id = session.scalars(select(Case.id)).one()
    assert jobs.run(own_home, COLLECT) == 1
    with own_home.readers()() as session:
        first, second = collected.of_case(session, case_id)
        assert first.listing != second.listing


def test_pairs_of_pictures_and_of_films_are_drawn(tmp_path: Path) -> None:
    seeded = seeds.fill(seeds.make_home(tmp_path / "seeded"), states=["draft"])
    for uuid in (seeded.film, seeded.mug):
        with seeded.home.sessions().begin() as session:
            case_id = cases.find(session, uuid).id
        with seeded.home.sessions().begin() as session:
            collect.collect_if_due(session, case_id, actor="mekiki")
            (row,) = collected.of_case(session, case_id)
        drawn = Image.open(seeded.home.blobs.path(row.files["pairs/1.png"]))
        assert drawn.width > 1500
        assert drawn.height > 600


def browser_that_runs(command: list[str], folder: Path) -> Path:
    """Return a program that stands where a browser should: it runs a command while it is waited for, and shows none."""
    path = folder / "browser"
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, subprocess, sys\n"
        f"ended = subprocess.run({command!r}, capture_output=True, text=True)\n"
        f"pathlib.Path({str(folder / 'ended')!r}).write_text(f'{{ended.returncode}} {{ended.stderr}}')\nsys.exit(1)\n"
    )
    path.chmod(0o755)
    return path


@pytest.mark.skipif(not chromium.has_driver(), reason="no playwright here")
def test_another_process_writes_while_a_browser_works(
    case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    browser = browser_that_runs(writing.command(own_home.settings.database_url), tmp_path)
    monkeypatch.setenv("MEKIKI_EVIDENCE__SHOW_PAGES", "true")
    monkeypatch.setenv("MEKIKI_CRAWL__BROWSER", str(browser))
    said = mekiki("run", "collect evidence")
    assert (tmp_path / "ended").read_text() == "0 "
    assert said.code == 0
    with own_home.readers()() as session:
        (row,) = collected.of_case(session, cases.find(session, case).id)
    assert "The browser did not finish" in own_home.blobs.get(row.files["process.txt"]).decode()


@pytest.mark.skipif(not chromium.has_driver(), reason="no playwright here")
def test_what_somebody_else_collected_meanwhile_is_not_collected_twice(
    case: str, own_home: Home, mekiki: Mekiki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    export = child.command(own_home, "evidence", "export", case, "-o", str(tmp_path / "case.zip"), "--by", "Aoi Mori")
    browser = browser_that_runs(["env", "MEKIKI_EVIDENCE__SHOW_PAGES=false", *export], tmp_path)
    monkeypatch.setenv("MEKIKI_EVIDENCE__SHOW_PAGES", "true")
    monkeypatch.setenv("MEKIKI_CRAWL__BROWSER", str(browser))
    assert mekiki("run", "collect evidence").code == 0
    assert (tmp_path / "ended").read_text().startswith("0 ")
    with own_home.readers()() as session:
        (row,) = collected.of_case(session, cases.find(session, case).id)
    assert "No browser was opened" in own_home.blobs.get(row.files["process.txt"]).decode()


def test_what_joins_a_case_while_it_is_collected_is_collected_next(case: str, own_home: Home) -> None:  # noqa: F811
    with own_home.sessions().begin() as session:
        one = cases.find(session, case)
        before = collected.newest(session, one)
        newer = factories.finding(session, "http://vidbox.example/page?again", place="vidbox.example/page")
        film = factories.sighting(session, newer, b"another film")
        factories.match(session, film, session.scalars(select(Reference)).one(), matched_seconds=600.0)
        run_stages(session)
        collected.keep(session, one, {"captures.json": b"[]"}, actor="mekiki", newest_finding_id=before)
        assert collected.pending(session, 10) == [one.id]
