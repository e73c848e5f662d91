"""The promises of the archives: other people's tools accept them, and what was captured comes out byte for byte."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from warcio.archiveiterator import ArchiveIterator

import config.home
from crawlers import captures, wacz, warc
from crawlers.captures import Capture, Fetched
from tests import factories

PAGE = "<title>絵</title>".encode()
ASKED: dict[str, Any] = {
    "method": "GET", "url": "http://a.test/new?q=1", "protocol": "HTTP/1.1",
    "sent_at": "2026-11-22T02:59:59.500+00:00", "headers": [["Accept", "text/html"]],
    "before": [{"url": "http://a.test/old", "at": "2026-11-22T02:59:58.000+00:00", "status": 302,
                "ip_address": "192.0.2.7", "headers": [["Location", "/new?q=1"]]}],
}  # fmt: skip


@pytest.fixture
def captured(session: Session) -> list[Capture]:
    """A page that came packed after a redirect, its picture, and a film put together from a playlist."""
    blobs, sweep = config.home.of(session).blobs, factories.sweep(session)
    kept = [
        ("page", "http://a.test/old", "http://a.test/new?q=1", PAGE, "text/html", ASKED, None,
         (("Content-Type", "text/html"), ("Content-Encoding", "gzip"), ("Content-Length", "11"), ("X-Odd", "é\r\nx"))),
        ("media", "http://a.test/1.jpg", "http://a.test/1.jpg", b"\xff\xd8picture", "image/jpeg", None, None,
         (("Content-Type", "image/jpeg"), ("Content-Length", "9"))),
        ("media", "http://a.test/f.m3u8", "http://a.test/f.m3u8", b"film" * 1000, "video/mp2t", None,
         (("http://a.test/1.ts", "ab" * 32, 2000), ("http://a.test/2.ts", "cd" * 32, 2000)), ()),
    ]  # fmt: skip
    return [
        captures.keep(session, sweep.id, kind, Fetched(  # type: ignore[arg-type]
            url=url, final_url=final, status=200, headers=headers, mime=mime, blob=blobs.put(body),
            size_bytes=len(body), fetched_at=factories.NOW, ip_address="192.0.2.7", parts=parts, request=request,
        ))
        for kind, url, final, body, mime, request, parts, headers in kept
    ]  # fmt: skip


def archive(session: Session, captured: list[Capture], folder: Path) -> Path:
    pages = [wacz.Page(captured[0].uuid, captured[0].final_url, "絵", captured[0].fetched_at)]
    blobs = config.home.of(session).blobs
    bodies = lambda sha256: blobs.path(sha256).open("rb")  # noqa: E731
    wacz.write(folder / "a.wacz", captured, bodies, pages=pages, title="A case", at=factories.NOW)
    return folder / "a.wacz"


def warc_of(path: Path) -> Path:
    with zipfile.ZipFile(path) as packed:
        return Path(packed.extract(wacz.ARCHIVE, path.parent))


def tool(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *map(str, words)], capture_output=True, text=True, check=False)


def test_the_tools_of_web_archives_accept_it(session: Session, captured: list[Capture], tmp_path: Path) -> None:
    path = archive(session, captured, tmp_path)
    validated = tool("wacz", "validate", "-f", path)
    assert (validated.returncode, "the passed WACZ is valid" in validated.stdout) == (0, True), validated.stdout
    checked = tool("warcio.cli", "check", "-v", warc_of(path))
    assert checked.returncode == 0, checked.stdout
    assert "failed" not in checked.stdout
    assert checked.stdout.count("digest pass") == 7


def test_bodies_come_out_byte_for_byte(session: Session, captured: list[Capture], tmp_path: Path) -> None:
    found = {}
    with warc_of(archive(session, captured, tmp_path)).open("rb") as file:
        for record in ArchiveIterator(file, check_digests="raise"):
            if record.rec_type in ("response", "resource"):
                found[record.rec_headers["WARC-Target-URI"]] = record.content_stream().read()
    assert found == {
        "http://a.test/old": b"", "http://a.test/new?q=1": PAGE, "http://a.test/1.jpg": b"\xff\xd8picture",
        "http://a.test/f.m3u8": b"film" * 1000,
    }  # fmt: skip


def test_request_answers_and_the_servers_address_are_told(
    session: Session, captured: list[Capture], tmp_path: Path
) -> None:
    with warc_of(archive(session, captured, tmp_path)).open("rb") as file:
        records = [(record.rec_type, dict(record.rec_headers.headers), record.http_headers) for record in
                   ArchiveIterator(file)]  # fmt: skip
    kinds = [kind for kind, _, _ in records]
    assert kinds == ["warcinfo", "response", "request", "response", "response", "resource", "metadata"]
    (_, redirect, head), (_, request, asked), (_, response, answer) = records[1:4]
    assert (redirect["WARC-Target-URI"], head.get_statuscode()) == ("http://a.test/old", "302")
    assert (asked.protocol, asked.get_header("Host")) == ("GET", "a.test")
    assert response["WARC-IP-Address"] == "192.0.2.7"
    assert response["WARC-Payload-Digest"] == f"sha256:{hashlib.sha256(PAGE).hexdigest()}"
    assert request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    # What described the packed body is kept under another name, and no header brings a line of its own.
    assert answer.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    assert answer.get_header("Content-Length") == str(len(PAGE))
    assert answer.get_header("X-Odd") == "é x"


def test_the_index_leads_to_every_record(session: Session, captured: list[Capture], tmp_path: Path) -> None:
    path = archive(session, captured, tmp_path)
    raw = warc_of(path).read_bytes()
    with zipfile.ZipFile(path) as packed:
        lines = packed.read("indexes/index.cdx").decode().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == 4
    for line in lines:
        fields = json.loads(line.split(" ", 2)[2])
        record = raw[int(fields["offset"]) :][: int(fields["length"])]
        assert record.startswith(b"WARC/1.1\r\n")
        assert fields["url"].encode() in record


def test_writing_it_again_gives_the_same_bytes(session: Session, captured: list[Capture], tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = (archive(session, captured, folder) for folder in (tmp_path, tmp_path / "again"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.a.test/B?c=D", "test,a,www)/b?c=d"),
        ("https://a.test:8443", "test,a:8443)/"),
        ("http://a.test:80/x", "test,a)/x"),
    ],
)
def test_addresses_are_sorted_as_web_archives_sort_them(url: str, key: str) -> None:
    assert warc.surt(url) == key


def test_a_rendered_page_is_an_answer_and_beside_it_what_a_browser_showed(session: Session, tmp_path: Path) -> None:
    blobs, sweep = config.home.of(session).blobs, factories.sweep(session)
    sent, shown = b"<div id=app></div>", b"<div id=app>film</div>"
    parts = (("http://a.test/#as-sent", blobs.put(sent), len(sent)), ("http://a.test/#shown: Chromium", "ab" * 32, 22))
    page = captures.keep(session, sweep.id, "page", Fetched(
        url="http://a.test/", final_url="http://a.test/", status=200, headers=(), mime="text/html",
        blob=blobs.put(shown), size_bytes=len(shown), fetched_at=factories.NOW, parts=parts,
    ))  # fmt: skip
    with warc_of(archive(session, [page], tmp_path)).open("rb") as file:
        found = {
            record.rec_headers["WARC-Target-URI"]: (record.rec_type, record.content_stream().read())
            for record in ArchiveIterator(file, check_digests="raise") if record.rec_type in ("response", "resource")
        }  # fmt: skip
    assert found == {"http://a.test/": ("response", sent), "urn:mekiki:shown:http://a.test/": ("resource", shown)}


def test_an_answer_without_a_body_of_its_own_brings_none(session: Session, tmp_path: Path) -> None:
    blobs, sweep = config.home.of(session).blobs, factories.sweep(session)
    again = captures.keep(session, sweep.id, "page", Fetched(
        url="http://a.test/", final_url="http://a.test/", status=304, headers=(("ETag", '"1"'),), mime="text/html",
        blob=blobs.put(PAGE), size_bytes=len(PAGE), fetched_at=factories.NOW,
    ))  # fmt: skip
    with warc_of(archive(session, [again], tmp_path)).open("rb") as file:
        (said,) = [(record.http_headers.get_statuscode(), record.content_stream().read()) for record in
                   ArchiveIterator(file, check_digests="raise") if record.rec_type == "response"]  # fmt: skip
    assert said == ("304", b"")
