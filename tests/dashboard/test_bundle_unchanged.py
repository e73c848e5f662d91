"""A case on what a server only said had not changed: its bundle holds the exchange that brought the bytes."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from config.home import Home
from crawlers import bundle_checks, captures, evidence, settle
from crawlers.captures import Fetched, FindingRow
from matcher.case_rows import Case
from tests import factories
from tests.dashboard.spoken import Mekiki
from tests.dashboard.test_cli_evidence import other_archive, rewrite
from tests.matcher.test_cases import run_stages

FILM, PAGE = "http://vidbox.example/film.mp4", "http://vidbox.example/watch"
BODY = b"the film" * 40
UNCHANGED = (("ETag", '"1"'), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"))


@pytest.fixture
def case(own_home: Home) -> str:
    """A case on a page that is new, and on a film that an earlier sweep brought and the page's own only confirmed."""
    with own_home.sessions().begin() as session:

        def fetched(url: str, body: bytes, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Fetched:
            return Fetched(
                url=url, final_url=url, status=status, headers=headers, mime="text/html", blob=own_home.blobs.put(body),
                size_bytes=len(body), fetched_at=factories.NOW, ip_address="192.0.2.7",
            )  # fmt: skip

        earlier, later = factories.sweep(session), factories.sweep(session)
        for sweep in (earlier, later):
            robots = fetched(settle.robots_url("http://vidbox.example"), b"User-agent: *")
            captures.keep(session, sweep.id, "robots", robots)
        brought = captures.keep(session, earlier.id, "media", fetched(FILM, BODY))
        page = captures.keep(session, later.id, "page", fetched(PAGE, b"another page"))
        answer = captures.confirming(brought, fetched(FILM, b"", 304, UNCHANGED))
        confirmed = captures.keep(session, later.id, "media", answer)
        finding = FindingRow(
            capture_id=page.id, source="vidbox", kind="video", url=PAGE, place="vidbox.example/watch", title="Film",
            text="", provenance={}, found_at=factories.NOW, is_commercial=True,
        )  # fmt: skip
        session.add(finding)
        session.flush()
        (film,) = captures.store_sightings(session, [(finding.id, confirmed, "video", 0)])
        factories.match(session, film, factories.reference(session, factories.work(session)), matched_seconds=600.0)
        run_stages(session)
        for sweep in (earlier, later):
            evidence.collected(session, sweep)
        return session.scalars(select(Case.uuid)).one()


@pytest.fixture
def bundle(case: str, mekiki: Mekiki, tmp_path: Path) -> Path:
    """The bundle of that case."""
    exported = mekiki("evidence", "export", case, "-o", tmp_path / "case.zip", "--by", "Aoi Mori")
    assert exported.code == 0, exported.err
    return tmp_path / "case.zip"


def said(bundle: Path) -> list[dict[str, Any]]:
    with zipfile.ZipFile(bundle) as packed:
        found: list[dict[str, Any]] = json.loads(packed.read("captures.json"))
    return found


def archive(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as packed:
        packed.extract("captured.wacz", folder)
    with zipfile.ZipFile(folder / "captured.wacz") as packed:
        return Path(packed.extract("archive/captured.warc", folder))


def test_the_exchange_that_brought_the_bytes_goes_along_with_its_sweep(bundle: Path) -> None:
    rows = {row["hash"]: row for row in said(bundle)}
    (confirmed,) = [row for row in rows.values() if row["status"] == 304]
    brought = rows[confirmed["confirms"]]
    assert (brought["status"], brought["url"], brought["body_sha256"]) == (200, FILM, confirmed["body_sha256"])
    assert [row["sweep_id"] for row in rows.values() if row["kind"] == "robots"] == [
        brought["sweep_id"], confirmed["sweep_id"]
    ]  # fmt: skip
    assert bundle_checks.verify(bundle) == []


def test_the_archive_leads_from_the_confirmation_to_the_answer_it_confirms(bundle: Path, tmp_path: Path) -> None:
    records = {}
    with archive(bundle, tmp_path).open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            headers = dict(record.rec_headers.headers)
            records[headers["WARC-Record-ID"]] = (
                record.rec_type,
                headers,
                record.http_headers,
                record.raw_stream.read(),
            )
    (revisit,) = [one for one in records.values() if one[0] == "revisit"]
    kind, original, _, body = records[revisit[1]["WARC-Refers-To"]]
    assert (kind, body) == ("response", BODY)
    assert original["WARC-Target-URI"] == revisit[1]["WARC-Refers-To-Target-URI"] == FILM
    assert original["WARC-Date"] == revisit[1]["WARC-Refers-To-Date"]
    assert original["WARC-Payload-Digest"] == revisit[1]["WARC-Payload-Digest"]
    assert revisit[1]["WARC-Profile"].endswith("/server-not-modified")
    assert (revisit[2].get_statuscode(), revisit[2].get_header("ETag"), revisit[3]) == ("304", '"1"', b"")


def test_the_tools_of_web_archives_accept_it(bundle: Path, tmp_path: Path) -> None:
    path = archive(bundle, tmp_path)
    for words in (("wacz", "validate", "-f", tmp_path / "captured.wacz"), ("warcio.cli", "check", "-v", path)):
        ended = subprocess.run([sys.executable, "-m", *map(str, words)], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
        assert "fail" not in ended.stdout.lower()


def test_a_confirmation_of_something_else_is_found_out(bundle: Path, mekiki: Mekiki, tmp_path: Path) -> None:
    (page,) = [row["hash"] for row in said(bundle) if row["url"] == PAGE]
    (film,) = [row["confirms"] for row in said(bundle) if row["status"] == 304]
    forged = rewrite(
        bundle, tmp_path / "forged.zip", "captures.json", lambda held: held.replace(
            f'"confirms": "{film}"'.encode(), f'"confirms": "{page}"'.encode()
        )
    )  # fmt: skip
    told = mekiki("evidence", "verify", forged)
    assert (told.code, "it confirms a capture of something else" in told.err) == (1, True)


def test_an_archive_of_another_form_says_with_what_it_is_verified(bundle: Path, mekiki: Mekiki, tmp_path: Path) -> None:
    older = lambda held: other_archive(held, tmp_path, b"writer: 2", b"writer: 1")  # noqa: E731
    told = mekiki("evidence", "verify", rewrite(bundle, tmp_path / "older.zip", "captured.wacz", older))
    assert (told.code, "verify it with the version of mekiki that exported it" in told.err) == (1, True)
