"""A browser is opened for pages that scripts make, and only for those; the crawl works without one."""

import hashlib
import json
import os

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import captures, chromium, glance, recheck, sources
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from crawlers.glance import Target
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, picture, write_source

pytestmark = pytest.mark.browser
needs_chromium = pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; `make browser` gets one")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
AUTO = '[fetch]\nrender = "auto"\n'
APP = """
fetch("/api/post.json").then((answer) => answer.json()).then((post) => {
  document.querySelector("#root").innerHTML =
    `<h1>${post.title}</h1><p>by <span class="uploader">${post.by}</span></p>` +
    post.images.map((path) => `<a href="${path}"><img src="${path}" width="640" height="640"></a>`).join("");
});
"""
SHELL = html('<div id="root"></div><script src="/app.js"></script>')
PLAYER = html(
    "<h1>Episode 3</h1><video controls></video><script>"
    "const at = ['hls', 'master'].join('/'); fetch('/' + at + '.m3' + 'u8').then((a) => a.text());"
    "</script>"
)


@pytest.fixture
def scripted(web: SmallWeb) -> SmallWeb:
    """The small web with pages that scripts make."""
    post = {"title": "Scripted post", "by": "kiri", "images": ["/photo/1.png", "/photo/2.png"]}
    web.changed |= {
        "/spa": SHELL,
        "/app.js": Answer(APP.encode(), kind="text/javascript"),
        "/api/post.json": Answer(json.dumps(post).encode(), kind="application/json"),
        "/player": PLAYER,
        "/about": html("<h1>About</h1><script>var counted = 1;</script><p>We draw.</p>"),
    }
    return web


@needs_chromium
def test_a_page_that_scripts_make_is_read_as_the_browser_shows_it(
    scripted: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, scripted, "app", "image_board", ["/spa"], AUTO)

    ended = mekiki("sweep", "app", "--json")

    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report | {"pages": 1, "media": 2, "findings": 1, "rendered": 1, "unrendered": 0} == report
    with web_home.readers()() as session:
        found = session.scalars(select(FindingRow)).one()
        assert (found.title, found.uploader) == ("Scripted post", "kiri")
        assert len(session.scalars(select(Sighting)).all()) == 2
        page = session.scalars(select(Capture).where(Capture.kind == "page")).one()
        assert b"Scripted post" in web_home.blobs.get(page.body_sha256)
        assert page.parts is not None
        (sent_name, sent, _), (shown_name, shown, _) = page.parts
        assert sent_name.endswith("#as-sent")
        assert web_home.blobs.get(sent) == SHELL.body
        assert shown == page.body_sha256
        assert "Chromium" in shown_name
        assert f"sandbox {'off' if os.geteuid() == 0 else 'on'}" in shown_name
        assert page.ip_address == "127.0.0.1"
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
    assert scripted.count("/spa") == 1  # the browser is handed what was fetched, it does not ask again
    assert scripted.agents == {web_home.settings.crawl.user_agent}


@needs_chromium
@sqlite_only
def test_the_film_that_a_player_asks_for_is_found(scripted: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, scripted, "player", "video", ["/player"], AUTO)

    ended = mekiki("sweep", "player", "--json")

    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        film = session.scalars(select(Sighting)).one()
        assert (film.kind, film.url) == ("video", scripted.url("/hls/master.m3u8"))
        said = session.scalars(select(FindingRow)).one()
        assert (said.title, said.provenance["video"]) == ("Episode 3", "the player's requests")


@needs_chromium
@sqlite_only
def test_manners_hold_for_what_a_page_loads_in_the_browser(scripted: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    scripted.robots = "User-agent: *\nDisallow: /api/\nCrawl-delay: 0.6\n"
    write_source(web_home.settings.sources, scripted, "app", "image_board", ["/spa"], AUTO)

    assert mekiki("sweep", "app").returncode == 0

    assert scripted.count("/api/post.json") == 0  # its script wanted it; robots.txt does not
    at = {path: when for when, path in scripted.asked}
    assert at["/app.js"] - at["/spa"] >= 0.6  # the browser waits for the host's turn


@needs_chromium
@sqlite_only
def test_what_a_page_does_in_the_browser_has_limits(scripted: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    swollen = "addEventListener('load', () => { document.body.append('x'.repeat(3e6)); })"
    scripted.changed |= {
        "/swollen": html(f"<div id=root></div><script>{swollen}</script>"),
        "/flood": html("<div id=root></div><script src='/endless'></script>"),
        "/leave": html("<div id=root></div><script>location = 'http://elsewhere.example/'</script>"),
        "/restless": html(
            "<div id=root></div><script>setInterval(() => location = '/restless?' + Date.now())</script>"
        ),
        "/windows": html("<div id=root></div><script>for (let n = 0; n < 9; n++) open('/board/' + n)</script>"),
    }
    write_source(
        web_home.settings.sources, scripted, "odd", "page", ["/swollen", "/flood", "/leave", "/windows", "/restless"],
        '[fetch]\nrender = "browser"\n',
    )  # fmt: skip

    ended = mekiki("--verbose", "sweep", "odd", "--json")

    assert ended.returncode == 0, ended.stderr
    assert "its scripts made it larger than the limit" in ended.stderr
    assert "sends more than the limit of" in ended.stderr
    with web_home.readers()() as session:
        kept = session.scalars(select(Capture).where(Capture.kind == "page")).all()
        assert {len(web_home.blobs.get(page.body_sha256)) < 200_000 for page in kept} == {True}
        assert len(kept) == 5
    assert [path for _, path in scripted.asked if path.startswith("/board/")] == []
    assert len([path for _, path in scripted.asked if path.startswith("/restless?")]) <= 3


@needs_chromium
@sqlite_only
def test_what_a_browser_did_not_help_with_is_not_opened_again(
    scripted: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, scripted, "still", "page", ["/about"], AUTO)

    reports = [json.loads(mekiki("sweep", "still", "--json").stdout) for _ in range(3)]

    assert [report["rendered"] for report in reports] == [1, 1, 0]
    with web_home.readers()() as session:
        kept = session.scalars(select(Capture).where(Capture.kind == "page")).first()
        assert kept is not None
        assert b"We draw" in web_home.blobs.get(kept.body_sha256)


@needs_chromium
@sqlite_only
def test_a_source_is_tried_on_the_page_as_the_browser_shows_it(
    scripted: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    file = write_source(web_home.settings.sources, scripted, "app", "image_board", ["/spa"], AUTO)
    player = write_source(web_home.settings.sources, scripted, "player", "video", ["/player"], AUTO)

    tried = mekiki("source", "test", str(file), scripted.url("/spa"))
    film = json.loads(mekiki("source", "test", str(player), scripted.url("/player"), "--json").stdout)
    missed = mekiki("source", "test", str(file), scripted.url("/spa"), env={**os.environ, "MEKIKI_CHROMIUM": "/none"})

    assert "Scripted post" in tried.stderr
    assert "Shown by Chromium" in tried.stderr
    assert [link["url"] for link in film["media"]] == [scripted.url("/hls/master.m3u8")]
    assert "Scripted post" not in missed.stderr
    assert "mekiki browser install" in missed.stderr


@needs_chromium
@sqlite_only
def test_a_watched_page_that_scripts_make_is_never_called_gone_unseen(
    scripted: SmallWeb, web_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources.load(write_source(web_home.settings.sources, scripted, "app", "image_board", ["/spa"], AUTO))
    target = Target(scripted.url("/spa"), (scripted.url("/photo/old.png"),), source)
    blobs = [hashlib.sha256(picture(1)).hexdigest()]

    (seen,) = glance.glance(web_home.settings.crawl, [target])
    monkeypatch.setenv("MEKIKI_CHROMIUM", "/nowhere/chromium")
    (unseen,) = glance.glance(web_home.settings.crawl, [target])

    moved = recheck.judge(seen, blobs=blobs, before=None)
    assert (moved.outcome, moved.moved_to) == ("moved", scripted.url("/photo/1.png"))
    nobody_knows = recheck.judge(unseen, blobs=blobs, before=None)
    assert nobody_knows.outcome == "unreachable"
    assert "mekiki browser install" in nobody_knows.says


@needs_chromium
@sqlite_only
def test_the_browser_is_shown_and_a_slip_of_the_pen_is_said(mekiki: Mekiki) -> None:
    shown = json.loads(mekiki("browser", "show", "--json").stdout)
    wrong = mekiki("browser", "install", env={**os.environ, "MEKIKI_CHROMIUM": "/nowhere/chromium"})

    assert shown["path"] == str(chromium.find())
    assert int(shown["version"].split(".")[0]) > 100
    assert shown["is_sandboxed"] is (os.geteuid() != 0)
    assert wrong.returncode == 1
    assert "There is no browser at /nowhere/chromium" in wrong.stderr


@sqlite_only
def test_without_a_browser_the_sweep_works_and_says_what_it_missed(
    scripted: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, scripted, "app", "image_board", ["/spa", "/board/3"], AUTO)

    ended = mekiki("sweep", "app", env={**os.environ, "MEKIKI_CHROMIUM": "/nowhere/chromium"})

    assert ended.returncode == 0, ended.stderr
    assert "1 pages need a browser" in ended.stderr
    assert "mekiki browser install" in ended.stderr
    with web_home.readers()() as session:
        assert session.scalars(select(FindingRow.title)).all() == ["Post 3"]
