"""Films that only yt-dlp finds: asked for addresses behind the fence, fetched by our own road, kept like any medium."""

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import captures, egress, evidence, site_films, sources, urls
from crawlers.captures import Capture, Sighting
from crawlers.egress import Caps
from crawlers.frontier import FrontierEntry, Sweep
from crawlers.glance import Target, glance
from crawlers.guard import Guard
from crawlers.reels import NotAFilm
from crawlers.site_films import Answer, Way
from tests.crawlers import films
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer as Served
from tests.crawlers.small_web import SmallWeb, html, write_source

pytest.importorskip("yt_dlp")
ROOT = Path(__file__).parents[2]
CAPS = Caps(connection_bytes=64 << 20, total_bytes=256 << 20)
SECONDS = {"video": 12, "shared": 20, "player": 16, "stream": 24}
GENERIC = '[extract]\nitem = "a.film"\n[media]\nextractors = ["generic"]\n'


def small_site(web: SmallWeb, folder: Path) -> None:
    """Serve four pages that show their film in four ways."""
    for name in ("video", "shared", "player"):
        films.write(folder / f"{name}.mp4", SECONDS[name], movflags="+faststart")
        web.changed[f"/f/{name}.mp4"] = Served((folder / f"{name}.mp4").read_bytes(), kind="video/mp4", ranges=True)
    films.write(folder / "stream.m3u8", SECONDS["stream"], form="hls", hls_time="4", hls_list_size="0")
    for piece in folder.glob("stream*"):
        kind = "application/vnd.apple.mpegurl" if piece.suffix == ".m3u8" else "video/mp2t"
        web.changed[f"/f/{piece.name}"] = Served(piece.read_bytes(), kind=kind)
    host = web.url("")
    shared = (
        f'<meta property="og:video" content="{host}/f/shared.mp4"><meta property="og:video:type" content="video/mp4">'
    )
    player = json.dumps({"file": f"{host}/f/player.mp4", "title": "Player"})
    source = f'<source src="{host}/f/stream.m3u8" type="application/x-mpegURL">'
    web.changed |= {
        "/site": html("".join(f'<a class="film" href="/w/{name}">{name}</a>' for name in SECONDS)),
        "/w/video": html('<h1>Video</h1><video src="/f/video.mp4"></video>', "<title>Video</title>"),
        "/w/shared": html("<h1>Shared</h1>", f"<title>Shared</title>{shared}"),
        "/w/player": html(f"<h1>Player</h1><div id='p'></div><script>jwplayer('p').setup({player});</script>"),
        "/w/stream": html(f"<h1>Stream</h1><video>{source}</video>", "<title>Stream</title>"),
    }


def _target(web: SmallWeb, web_home: Home, name: str) -> Target:
    page = web.url(f"/w/{name}")
    return Target(page, (urls.film_of(page),), sources.find(web_home.settings.sources, "site"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_films_of_a_site_are_found_fetched_and_kept(
    web: SmallWeb, web_home: Home, mekiki: Mekiki, tmp_path: Path
) -> None:
    small_site(web, tmp_path)
    write_source(web_home.settings.sources, web, "site", "video", ["/site"], GENERIC)

    ended = mekiki("sweep", "site")

    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        why = {one.url: one.reason for one in session.scalars(select(FrontierEntry)) if one.state != "done"}
        assert why == {}
        seen = {one.url.rpartition("/")[2].removesuffix("#film"): one for one in session.scalars(select(Sighting))}
        parts = {name: session.get_one(Capture, one.capture_id).parts for name, one in seen.items()}
        true = {name: session.get_one(Capture, one.capture_id).final_url for name, one in seen.items()}
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
        assert evidence.verify(session) == []
    assert {name: round(films.claimed_s(web_home.blobs.get(one.blob))) for name, one in seen.items()} == SECONDS
    assert true["video"] == web.url("/f/video.mp4")
    assert all(each is not None for each in parts.values())
    named = str((parts["stream"] or [[""]])[0][0])
    assert named.startswith(web.url("/w/stream#named-by=yt-dlp 20"))
    assert named.endswith(", HTML5MediaEmbed, hls")
    assert web_home.settings.crawl.user_agent in web.agents
    assert not any("Mozilla" in agent for agent in web.agents)

    (look,) = glance(web_home.settings.crawl, [_target(web, web_home, "video")])
    assert look.media[0].blob == seen["video"].blob
    web.gone.add("/f/video.mp4")
    (look,) = glance(web_home.settings.crawl, [_target(web, web_home, "video")])
    assert (look.media[0].blob, look.media[0].error) == (None, "the server answered 404 for its film")


def asked(proxy: str, page: str, *extractors: str, processor_s: int = 60) -> Answer:
    """Return what the real child says to a question."""
    question = {
        "page": page, "extractors": list(extractors or ["generic"]), "proxy": proxy, "processor_s": processor_s,
        "timeout_s": 5.0, "delay_s": 0.0, "user_agent": "mekiki/test",
    }  # fmt: skip
    return asyncio.run(site_films.ask(question))


def guarded(web: SmallWeb) -> Guard:
    return Guard([f"web.test:{web.port}"], {"web.test": "127.0.0.1"})


def test_yt_dlp_that_forgets_the_proxy_meets_the_fence(web: SmallWeb) -> None:
    small = asked("", web.url("/photo/1.png", "127.0.0.1"))

    assert web.asked == []
    assert small.error is not None
    assert "without the egress" in small.error


def test_what_the_guard_refuses_is_not_reached_and_said(web: SmallWeb) -> None:
    with egress.serving(guarded(web), CAPS) as proxy:
        answer = asked(proxy.url, web.url("/w/video", "127.0.0.1"))

        assert "127.0.0.1" in str(proxy.refusals())
    assert answer.ways == ()
    assert "403" in str(answer.error)
    assert web.asked == []


@pytest.mark.parametrize("page", [
    "file:///etc/passwd", "/etc/passwd", "data:text/html,x", "ftp://web.test/x", "ytsearch:x",
])  # fmt: skip
def test_what_is_no_web_address_has_no_film(web: SmallWeb, page: str) -> None:
    with egress.serving(guarded(web), CAPS) as proxy:
        answer = asked(proxy.url, page)

        assert proxy.passed == 0
    with pytest.raises(NotAFilm):
        asyncio.run(site_films.taken("http://a.example/#film", answer, None, None, None))  # type: ignore[arg-type]


def test_a_misspelt_extractor_is_named_with_the_nearest(web: SmallWeb) -> None:
    with egress.serving(guarded(web), CAPS) as proxy:
        answer = asked(proxy.url, web.url("/"), "youtub")

    assert str(answer.error).endswith('knows no extractor "youtub"; did you mean "youtube"?')


def test_a_page_that_eats_memory_and_time_ends_its_child_alone(web: SmallWeb) -> None:
    web.changed["/bomb"] = Served(b"<html>" + b"<video src=a.mp4>" * 3_000_000, kind="text/html")
    with egress.serving(guarded(web), CAPS) as proxy:
        answer = asked(proxy.url, web.url("/bomb"), processor_s=12)

    assert answer.ways == ()
    assert answer.error


def test_without_yt_dlp_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    bare = [sys.executable, "-S", "-m", "crawlers.site_film_child"]  # without the folder where yt-dlp is installed
    question = json.dumps({"proxy": "http://127.0.0.1:1", "processor_s": 9, "extractors": [], "page": ""})

    ended = subprocess.run(bare, input=question, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    answer = Answer.model_validate_json(ended.stdout)

    with pytest.raises(NotAFilm, match=r"needs yt-dlp.*pip install --editable '\.\[video\]'` in mekiki's"):
        asyncio.run(site_films.taken("http://a.example/#film", answer, None, None, None))  # type: ignore[arg-type]


def way(name: str, **said: Any) -> Way:
    return Way(**{"name": name, "url": f"https://cdn.example/{name}", "protocol": "https"} | said)


@pytest.mark.parametrize(("ways", "chosen"), [
    ([way("144", height=144), way("360", height=360), way("1080", height=1080)], "360"),
    ([way("144", height=144), way("180", height=180)], "180"),
    ([way("hls", height=360, protocol="m3u8_native"), way("file", height=360)], "file"),
    ([way("fat", height=360, rate=900), way("thin", height=360, rate=300)], "thin"),
    ([way("unknown"), way("720", height=720)], "unknown"),
    ([way("locked", height=360, is_locked=True), way("720", height=720)], "720"),
    ([way("rtmp", protocol="rtmp"), way("dash", protocol="http_dash_segments", manifest="https://a.example/")], "dash"),
    ([way("file", url="file:///etc/passwd"), way("720", height=720)], "720"),
])  # fmt: skip
def test_the_smallest_film_that_shows_enough_is_chosen(ways: list[Way], chosen: str) -> None:
    assert site_films.choose(ways).name == chosen


@pytest.mark.parametrize(("ways", "says"), [
    ([], "names no way to it that we take"), ([way("locked", is_locked=True)], "locked by DRM"),
    ([way("file", url="file:///etc/passwd")], "names no way"), ([way("x", protocol="websocket_frag")], "names no way"),
])  # fmt: skip
def test_a_film_that_cannot_be_had_is_one_sentence(ways: list[Way], says: str) -> None:
    with pytest.raises(NotAFilm, match=says):
        site_films.choose(ways)


def test_an_old_release_is_told_by_its_date() -> None:
    assert site_films.age_days("2026.10.26", date(2026, 12, 25)) == 60
    assert site_films.age_days("2026.10.26.232101", date(2026, 10, 27)) == 1
