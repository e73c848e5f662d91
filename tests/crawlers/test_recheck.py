"""Looking again says what is true: gone is gone, a dead host is not, and what comes back is seen."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import clock
from config.home import Home
from crawlers import recheck, sources
from crawlers.glance import Look, Seen, Target, glance
from crawlers.recheck import Watch, WatchLook
from tests.crawlers import small_web
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source

PAGE, PHOTO = "http://a.example/post/1", "http://a.example/photo/1.png"
BLOB, OTHER = "a" * 64, "b" * 64


def page(status: int | None = 200, to: str = PAGE, error: str | None = None) -> Seen:
    return Seen(PAGE, to, status, error=error)


def medium(status: int | None = 200, blob: str | None = BLOB, url: str = PHOTO) -> Seen:
    return Seen(url, url, status, blob if status == 200 else None)


@pytest.mark.parametrize(("look", "outcome"), [
    (Look(page(404)), "gone"),
    (Look(page(410)), "gone"),
    (Look(page(451)), "gone"),
    (Look(page(200), (medium(404),)), "gone"),
    (Look(page(200), (medium(200, None),)), "gone"),
    (Look(page(200), (medium(),)), "still there"),
    (Look(page(200), (medium(blob=OTHER),)), "still there"),
    (Look(page(200), (medium(404), medium())), "still there"),
    (Look(page(200, "http://b.example/post/1"), (medium(),)), "moved"),
    (Look(page(200, "http://b.example/post/1"), (medium(404),)), "gone"),
    (Look(page(200, "https://a.example/post/1"), (medium(),)), "still there"),
    (Look(page(200), (medium(404),), (medium(url="http://cdn.example/x"),)), "moved"),
    (Look(page(None, error="a.example has no address")), "unreachable"),
    (Look(page(500)), "unreachable"),
    (Look(page(403)), "unreachable"),
    (Look(page(429)), "unreachable"),
    (Look(page(200), (medium(503),)), "unreachable"),
    (Look(page(200), (medium(None),)), "unreachable"),
])  # fmt: skip
def test_a_look_is_judged_by_what_it_saw(look: Look, outcome: str) -> None:
    assert recheck.judge(look, blobs=[BLOB], before=None).outcome == outcome


def test_what_was_gone_and_is_there_is_back_again() -> None:
    assert recheck.judge(Look(page(), (medium(),)), blobs=[BLOB], before="gone").outcome == "back again"
    assert recheck.judge(Look(page(), (medium(),)), blobs=[BLOB], before="still there").outcome == "still there"


def test_media_that_outlive_their_page_are_told() -> None:
    assert PHOTO in recheck.judge(Look(page(404), (medium(),)), blobs=[BLOB], before=None).says


def test_looks_are_due_as_the_settings_say(session: Session, frozen_clock: datetime) -> None:
    row = recheck.watch(session, subject="notice:1", url=PAGE, media_urls=[PHOTO], blobs=[BLOB])
    again = recheck.watch(session, subject="notice:1", url=PAGE, media_urls=[PHOTO], blobs=[BLOB])

    assert again.id == row.id
    assert row.next_due == frozen_clock + timedelta(hours=24)
    assert recheck.pending(session, 10) == []
    with clock.frozen(frozen_clock + timedelta(hours=25)):
        assert recheck.pending(session, 10) == [row.id]
        recheck.record(session, [row.id], [Look(page(404))])
        assert recheck.pending(session, 10) == []
    assert row.next_due == frozen_clock + timedelta(hours=72)
    with clock.frozen(frozen_clock + timedelta(days=31)):
        recheck.record(session, [row.id], [Look(page(), (medium(),))])
    assert row.next_due is None
    assert list(session.scalars(select(WatchLook.outcome).order_by(WatchLook.id))) == ["gone", "back again"]


def outcomes(home: Home, web: SmallWeb, paths: Sequence[str]) -> dict[str, str]:
    """Watch the paths, look once through the real road, and return path by outcome."""
    with home.sessions().begin() as session:
        ids = []
        for path in paths:
            number = path.rpartition("/")[2]
            blob = home.blobs.put(small_web.picture(int(number)))
            row = recheck.watch(
                session,
                subject="notice:1",
                url=web.url(path),
                media_urls=[web.url(f"/photo/{number}.png")],
                blobs=[blob],
            )
            ids.append(row.id)
        recheck.look(session, ids)
        seen = {one.watch_id: one.outcome for one in session.scalars(select(WatchLook).order_by(WatchLook.id))}
        return {path: seen[row.id] for path in paths for row in session.scalars(
            select(Watch).where(Watch.url == web.url(path)))}  # fmt: skip


def test_pages_are_looked_at_again_through_the_same_road(web: SmallWeb, web_home: Home) -> None:
    web.gone |= {"/board/1", "/photo/2.png"}
    web.changed["/board/3"] = Answer(status=301, headers={"Location": "/board/5"})
    web.changed["/photo/4.png"] = Answer(b"gone", 410)
    web.changed["/board/4"] = html("<h1>Post</h1><img src='/copy/4.png'>")
    web.changed["/copy/4.png"] = Answer(small_web.picture(4), kind="image/png")
    web.changed["/board/6"] = Answer(b"tired", 500)
    paths = [f"/board/{n}" for n in range(7)] + ["/private/7"]

    assert outcomes(web_home, web, paths) == {
        "/board/0": "still there", "/board/1": "gone", "/board/2": "gone", "/board/3": "moved", "/board/4": "moved",
        "/board/5": "still there", "/board/6": "unreachable", "/private/7": "unreachable",
    }  # fmt: skip
    assert web.count("/private/7") == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_verify_looks_at_every_open_watch_and_says_what_it_saw(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.gone.add("/board/1")
    with web_home.sessions().begin() as session:
        recheck.watch(session, subject="test:1", url=web.url("/board/1"), media_urls=[], blobs=[])

    nothing = mekiki("verify", "--json")
    looked = mekiki("verify", "--now", "--json")

    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert looked.returncode == 0, looked.stderr
    assert json.loads(looked.stdout)["outcome"] == "gone"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_dead_host_is_unreachable_and_not_gone(web: SmallWeb, web_home: Home) -> None:
    web.shutdown()
    web.server_close()

    assert outcomes(web_home, web, ["/board/0"]) == {"/board/0": "unreachable"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_playlist_is_put_together_before_it_is_compared(web: SmallWeb, web_home: Home) -> None:
    film = web_home.blobs.put(b"".join(small_web.segment(n) for n in "012"))

    (look,) = glance(web_home.settings.crawl, [Target(web.url("/watch/2"), (web.url("/hls/master.m3u8"),))])

    assert look.media[0].blob == film


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_that_cannot_be_read_or_shuts_us_out_is_not_known_to_be_gone(web: SmallWeb, web_home: Home) -> None:
    web.gone |= {"/photo/1.png", "/photo/2.png", "/photo/3.png"}
    web.changed["/board/1"] = html(f"<p {' '.join(f'a{number}' for number in range(1100))}>")
    web.changed["/board/2"] = html("<div id='challenge-form'></div>", "<title>Just a moment</title>")
    web.changed["/board/3"] = html("<p>Removed at the wish of its owner.</p>")
    board = sources.load(write_source(web_home.settings.sources, web, "board", "image_board", ["/"]))

    looks = glance(
        web_home.settings.crawl,
        [Target(web.url(f"/board/{n}"), (web.url(f"/photo/{n}.png"),), board) for n in (1, 2, 3)],
    )

    outcomes = [recheck.judge(look, blobs=[BLOB], before=None).outcome for look in looks]
    assert outcomes == ["unreachable", "unreachable", "gone"]
    assert "more than 1000 attributes" in str(looks[0].page.error)
    assert "waits until a browser has proved itself" in str(looks[1].page.error)
