"""Sweeps after the first: only what is due is asked, what stands costs nothing, what changed or went is seen."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.home import Home
from crawlers import captures, evidence
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import FrontierEntry, Sweep
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import POSTS, SmallWeb, html, write_source

BOARD = '[extract]\nitem = "a.thread"'
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def time_passes(home: Home, days: float = 40.0) -> None:
    """Let every rest of the frontier have ended."""
    with home.sessions().begin() as session:
        for row in session.scalars(select(FrontierEntry)):
            for name in ("due_at", "rests_until", "absent_since"):
                at = getattr(row, name)
                setattr(row, name, None if at is None else at - timedelta(days=days))


def asked_since(web: SmallWeb, before: int) -> list[str]:
    return sorted(path for _at, path in web.asked[before:])


def newest(home: Home) -> Sweep:
    with home.readers()() as session:
        return session.scalars(select(Sweep).order_by(Sweep.id.desc()).limit(1)).one()


def test_what_rests_is_left_alone_and_what_says_the_same_is_a_cheap_capture_of_the_body_that_stands(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    web.has_etags = True
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    assert mekiki("sweep", "board").returncode == 0

    before = len(web.asked)
    soon = mekiki("sweep", "board")

    assert soon.returncode == 0, soon.stderr
    assert asked_since(web, before) == ["/", "/robots.txt"]
    assert web.not_modified == 1
    assert f"1 pages, 0 media, {POSTS} findings" in soon.stderr
    assert "0 findings are new; 1 addresses say what they said before." in soon.stderr

    time_passes(web_home)
    before = len(web.asked)
    later = mekiki("sweep", "board")

    assert later.returncode == 0, later.stderr
    assert len(asked_since(web, before)) == 1 + 1 + POSTS + POSTS + 1  # robots, the list, posts, their photos
    assert web.not_modified == 1 + 1 + POSTS + POSTS + 1
    with web_home.readers()() as session:
        assert session.scalar(select(func.count()).select_from(FindingRow)) == POSTS
        assert session.scalar(select(func.count()).select_from(Sighting)) == 2 * POSTS
        cheap = session.scalars(select(Capture).where(Capture.status == 304)).all()
        assert len(cheap) == web.not_modified
        for one in cheap:
            stands = session.scalars(select(Capture).where(Capture.hash == one.confirms)).one()
            assert (stands.status, stands.url, stands.body_sha256) == (200, one.url, one.body_sha256)
        assert evidence.verify(session) == []
    assert newest(web_home).unchanged == len(cheap) - 1


def test_what_changed_is_found_anew_and_what_went_is_believed_gone_at_the_second_look(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    web.has_etags = True
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    assert mekiki("sweep", "board").returncode == 0
    web.changed["/board/3"] = html('<h1>Post 3, again</h1><img src="/photo/33.png"><img src="/photo/900.png">')
    web.changed["/photo/4.png"] = web.answer("/photo/44.png")  # other bytes under the same address
    web.gone = {"/board/5"}
    time_passes(web_home)

    once = mekiki("sweep", "board")

    assert once.returncode == 0, once.stderr
    assert f"{POSTS} findings; 0 refused, 1 failed. 1 findings are new" in once.stderr
    with web_home.readers()() as session:
        again = session.scalars(select(FindingRow).where(FindingRow.title == "Post 3, again")).one()
        seen = session.scalars(select(Sighting).where(Sighting.finding_id == again.id).order_by(Sighting.position))
        assert [one.url for one in seen] == [web.url("/photo/33.png"), web.url("/photo/900.png")]
        fourth = session.scalars(select(Sighting).where(Sighting.url == web.url("/photo/4.png"))).all()
        assert len({one.blob for one in fourth}) == 2
        assert len({one.finding_id for one in fourth}) == 1
        assert session.scalar(select(func.count()).select_from(Sighting)) == 2 * POSTS + 2 + 1

    time_passes(web_home)
    twice = mekiki("sweep", "board")

    assert twice.returncode == 0, twice.stderr
    assert f"Gone, as two looks say: {web.url('/board/5')}." in twice.stderr
    assert newest(web_home).findings == POSTS - 1
    with web_home.readers()() as session:
        proof = session.scalars(select(Capture.status).where(Capture.url == web.url("/board/5")).order_by(Capture.id))
        assert list(proof) == [200, 404, 404]
        for sweep_id in session.scalars(select(Sweep.id)):
            assert captures.broken_links(session, sweep_id) == []


def test_a_site_that_changed_is_an_alert_in_the_same_sweep(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    assert mekiki("sweep", "board").returncode == 0
    for number in range(POSTS):
        web.changed[f"/board/{number}"] = html("<p>Our new design needs a newer browser.</p>")
    time_passes(web_home)

    ended = mekiki("sweep", "board")

    assert ended.returncode == 1
    assert f"{POSTS} pages that had something to show before show nothing now, 1 still do" in ended.stderr


def test_what_a_budget_leaves_over_comes_first_in_the_next_sweep(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], "max_pages = 5\n" + BOARD)

    first = mekiki("sweep", "board")

    assert first.returncode == 0, first.stderr
    assert "5 pages, 5 media, 4 findings" in first.stderr
    assert f"{POSTS - 4} addresses are left; they come first in the next sweep." in first.stderr
    for _ in range(2):
        assert mekiki("sweep", "board").returncode == 0
    last = newest(web_home)
    assert (last.findings, last.left, last.pages) == (POSTS, 0, 5)
    assert max(web.count(f"/board/{n}") for n in range(POSTS)) == 1


def test_a_sweep_ends_when_it_has_had_its_bytes(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "shots", "page", ["/shots", "/board/1"])

    ended = mekiki("sweep", "shots", env={"MEKIKI_CRAWL__MAX_SWEEP_BYTES": "1"})

    assert ended.returncode == 0, ended.stderr
    assert web.sent < 3_500_000 * 4
    assert newest(web_home).left > 0
