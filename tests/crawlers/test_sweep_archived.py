"""A real sweep as evidence: what was asked is kept with every answer, and all of it becomes a valid archive."""

from pathlib import Path

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import captures, evidence
from crawlers.captures import Capture
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, write_source
from tests.crawlers.test_warc import archive, tool, warc_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def swept(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> Home:
    """A home that saw a redirect, a busy server, pictures and a film of segments."""
    write_source(web_home.settings.sources, web, "odd", "video", ["/moved", "/busy", "/watch/2"])
    ended = mekiki("sweep", "odd")
    assert ended.returncode == 0, ended.stderr
    return web_home


def of(home: Home, path: str) -> Capture:
    with home.readers()() as session:
        return session.scalars(select(Capture).where(Capture.url.endswith(path))).one()


def test_a_capture_keeps_what_was_sent(swept: Home, web: SmallWeb) -> None:
    kept = of(swept, "/watch/2").request
    assert kept is not None
    headers = dict(kept["headers"])
    assert headers["User-Agent"] == swept.settings.crawl.user_agent
    assert headers["Accept-Language"].startswith("ja")
    assert (kept["method"], kept["url"], kept["protocol"]) == ("GET", web.url("/watch/2"), "HTTP/1.1")


def test_a_redirect_and_a_busy_server_are_kept_as_answers_of_their_own(swept: Home, web: SmallWeb) -> None:
    moved, busy = of(swept, "/moved").request, of(swept, "/busy").request
    assert moved is not None
    assert busy is not None
    (first,) = moved["before"]
    assert (first["url"], first["status"], first["ip_address"]) == (web.url("/moved"), 301, "127.0.0.1")
    assert ["Location", "/board/3"] in first["headers"]
    assert moved["url"] == web.url("/board/3")
    assert [one["status"] for one in busy["before"]] == [503]


def test_the_sweep_becomes_an_archive_that_other_tools_accept(swept: Home, tmp_path: Path) -> None:
    with swept.readers()() as session:
        assert evidence.verify(session) == []
        everything = list(session.scalars(select(Capture).order_by(Capture.id)))
        assert captures.broken_links(session, everything[0].sweep_id) == []
        path = archive(session, everything, tmp_path)
    assert "the passed WACZ is valid" in tool("wacz", "validate", "-f", path).stdout
    checked = tool("warcio.cli", "check", "-v", warc_of(path))
    assert (checked.returncode, "failed" in checked.stdout) == (0, False)
    assert any(one.parts for one in everything)
