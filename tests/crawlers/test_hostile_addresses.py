"""No address that leads inside is reached, by no road: plain HTTP, redirects, media, playlists, or a browser.

Every road is also tried with one address inside that the settings allow: it must be reached by all of them, or the
table would prove nothing.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright
from sqlalchemy import select

from config import settings
from config.home import Home
from config.settings import Crawl
from crawlers import browser, chromium, egress
from crawlers.captures import Capture
from crawlers.egress import Caps
from crawlers.frontier import FrontierEntry
from crawlers.guard import Guard
from tests.crawlers import hostile, lures
from tests.crawlers.conftest import ROOT
from tests.crawlers.hostile import NAMES, Inside
from tests.crawlers.small_web import SmallWeb, write_source

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
with_and_without_leave = pytest.mark.parametrize("is_allowed", [False, True], ids=["hostile", "allowed"])
needs_chromium = pytest.mark.skipif(chromium.find() is None, reason="no Chromium here; `make browser` gets one")
in_browser = (pytest.mark.browser, needs_chromium)
CONTROL = "http://127.0.0.1:{p}/"
ROADS = {"redirect", "chain", "image", "video", "medium", "segment", "map", "variant", "dash"}


@pytest.fixture
def inside(web: SmallWeb) -> Iterator[Inside]:
    """Services inside, which nobody may reach."""
    with hostile.inside(web.port) as made:
        yield made


@pytest.fixture
def addresses(web: SmallWeb, inside: Inside, is_allowed: bool) -> list[str]:
    """The table; or, as the control, one plain address inside that the settings allow."""
    table = hostile.table(inside.port, web.port)
    assert len(table) >= 60
    return [CONTROL.replace("{p}", str(inside.port))] if is_allowed else table


@pytest.fixture
def allowed(web: SmallWeb, inside: Inside, is_allowed: bool) -> list[str]:
    """What the settings name: the small web, and the service inside only for the control."""
    outside = [f"web.test:{web.port}", f"127.0.0.1:{web.port}"]
    return [*outside, f"127.0.0.1:{inside.port}"] if is_allowed else outside


def crawl(folder: Path, allowed: Sequence[str]) -> Crawl:
    read = settings.load(folder, environment={}).crawl
    pinned = {"web.test": "127.0.0.1"}
    return read.model_copy(
        update={"delay_s": 0.0, "timeout_s": 3.0, "allow_addresses": tuple(allowed), "pinned_hosts": pinned}
    )


def raw(asked: Crawl, urls: Sequence[str], *, in_browser: bool) -> list[str]:
    """Ask for addresses as they are, without any of the sweep's sieves before, and return what became of each."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crawlers.lured", "--raw"],
        input=json.dumps({"crawl": asked.model_dump(mode="json"), "urls": list(urls), "in_browser": in_browser}),
        capture_output=True, text=True, cwd=ROOT, timeout=280, check=True,
    )  # fmt: skip
    became: list[str] = json.loads(ended.stdout)
    assert len(became) == len(urls), became
    return became


def nobody_came(inside: Inside, said: Sequence[str]) -> None:
    assert inside.came == []
    assert [one for one in said if "SECRET" in one or "root:" in one] == []


@with_and_without_leave
def test_plain_requests_stay_outside(
    tmp_path: Path, inside: Inside, addresses: list[str], allowed: list[str], is_allowed: bool
) -> None:
    said = raw(crawl(tmp_path, allowed), lures.by("http", addresses), in_browser=False)

    if is_allowed:
        assert inside.columns() == {"http"}
    else:
        nobody_came(inside, said)


@pytest.mark.browser
@needs_chromium
@with_and_without_leave
def test_no_page_at_a_hostile_address_is_shown(
    tmp_path: Path, inside: Inside, addresses: list[str], allowed: list[str], is_allowed: bool
) -> None:
    said = raw(crawl(tmp_path, allowed), lures.by("page", addresses), in_browser=True)

    if is_allowed:
        assert inside.columns() == {"page"}
    else:
        nobody_came(inside, said)


@sqlite_only
@with_and_without_leave
def test_redirects_media_and_playlists_of_a_sweep_stay_outside(
    web: SmallWeb, web_home: Home, inside: Inside, addresses: list[str], allowed: list[str], is_allowed: bool
) -> None:
    seed = lures.road(web, addresses)
    hosts = '\nhosts = ["127.0.0.1"]' if is_allowed else ""

    sweep(web, web_home, [seed], allowed, extra=f"max_depth = 1{hosts}")

    assert {web.count(f"/{road}/{n}{end}") for n in range(len(addresses)) for road, end in (
        ("to", ""), ("hop", ""), ("medium", ""), ("segment", ".m3u8"), ("variant", ".m3u8"), ("dash", ".mpd"),
    )} == {1}  # fmt: skip
    if is_allowed:
        assert inside.columns() >= ROADS
        return
    with web_home.readers()() as session:
        bodies = [web_home.blobs.get(sha256) for sha256 in session.scalars(select(Capture.body_sha256))]
        reasons = session.scalars(select(FrontierEntry.reason).where(FrontierEntry.url.contains("/medium/"))).all()
    nobody_came(inside, [body.decode("latin-1") for body in bodies])
    assert all(reasons)


@pytest.mark.browser
@needs_chromium
@sqlite_only
@with_and_without_leave
def test_scripts_of_a_page_in_a_sweeps_browser_stay_outside(
    web: SmallWeb, web_home: Home, inside: Inside, addresses: list[str], allowed: list[str], is_allowed: bool
) -> None:
    seeds = lures.scripts(web, addresses, inside, awaited=lures.LET_OUT if is_allowed else ())

    sweep(web, web_home, seeds, allowed, extra='max_depth = 0\n[fetch]\nrender = "browser"')

    assert {web.count(seed) for seed in seeds} == {1}
    if is_allowed:
        assert inside.columns() >= lures.LET_OUT
    else:
        assert inside.came == []


def sweep(web: SmallWeb, home: Home, seeds: list[str], allowed: Sequence[str], *, extra: str) -> None:
    """Run `mekiki sweep` where names lead as the table says."""
    listed = ", ".join(f'"{one}"' for one in allowed)
    file = home.path / "mekiki.toml"
    text = file.read_text().replace(f'["web.test:{web.port}"]', f"[{listed}]")
    file.write_text(text.replace("max_page_bytes = 200000", "max_page_bytes = 400000"))
    write_source(home.settings.sources, web, "lures", "page", seeds, extra)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crawlers.lured", "--home", str(home.path), "sweep", "lures"],
        capture_output=True, text=True, cwd=ROOT, timeout=280, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


@pytest.mark.browser
@needs_chromium
@with_and_without_leave
def test_a_browser_that_nobody_watches_over_stays_outside_behind_the_egress_alone(
    web: SmallWeb, inside: Inside, addresses: list[str], allowed: list[str], is_allowed: bool
) -> None:
    turns: dict[str, int] = {}

    async def look_up(host: str, port: int) -> Sequence[str]:
        answers = NAMES.get(host.lower())
        if answers is None:
            return await egress.system_look_up(host, port)
        turn = turns[host] = turns.get(host, -1) + 1
        return answers[min(turn, len(answers) - 1)]

    pages = lures.scripts(web, addresses, inside)
    path = chromium.find()
    assert path is not None
    guard = Guard(allowed, {"web.test": "127.0.0.1"})
    caps = Caps(connection_bytes=4_000_000, total_bytes=400_000_000)
    with egress.serving(guard, caps, look_up=look_up) as proxy, sync_playwright() as playwright:
        started = playwright.chromium.launch(
            **browser.launch_options(path, server=proxy.server, username=egress.USER, password=proxy.token)
        )
        context = started.new_context(service_workers="block", accept_downloads=False)
        page = context.new_page()
        for at in pages:
            page.goto(web.url(at), wait_until="domcontentloaded", timeout=20_000)
            with contextlib.suppress(Error):
                page.wait_for_load_state("networkidle", timeout=4_000)
        for url in lures.by("goto", addresses):
            with contextlib.suppress(Error):
                page.goto(url, wait_until="load", timeout=4_000)
        started.close()

    assert {web.count(at) for at in pages} == {1}
    if is_allowed:
        assert inside.columns() >= {*lures.TECHNIQUES, "goto"} - {"rtc"}
    else:
        assert inside.came == []
