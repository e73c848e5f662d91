"""A sweep keeps everything a source shows, once, and nothing of what it must not touch."""

import json
from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import Home
from crawlers import captures
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.custody import CustodyEntry
from crawlers.frontier import FrontierEntry, Sweep
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import CHAPTER_PAGES, MP4, POSTS, SmallWeb, html, segment, write_source


def reasons(session: Session) -> dict[str, str | None]:
    return {entry.url.split("/", 3)[3]: entry.reason for entry in session.scalars(select(FrontierEntry))}


def test_a_board_is_swept_into_captures_findings_and_sightings(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], '[extract]\nitem = "a.thread"')

    ended = mekiki("sweep", "board", "--json")

    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report | {"pages": 13, "media": 13, "findings": 12, "refused": 0, "failed": 0} == report
    with web_home.readers()() as session:
        assert Counter(session.scalars(select(Capture.kind))) == {"page": 13, "media": 13, "robots": 1}
        found = session.scalars(select(FindingRow).where(FindingRow.title == "Post 7")).one()
        assert found.place == f"web.test:{web.port}/board/7"
        assert found.attribution == "原作: Studio Kiri"
        sightings = session.scalars(select(Sighting).where(Sighting.finding_id == found.id)).all()
        assert [(one.position, one.url) for one in sorted(sightings, key=lambda one: one.position)] == [
            (0, web.url("/photo/7.png")), (1, web.url("/photo/900.png")),
        ]  # fmt: skip
        shared = session.scalars(select(Sighting).where(Sighting.url == web.url("/photo/900.png"))).all()
        assert len(shared) == POSTS
        assert len({one.capture_id for one in shared}) == 1
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
    assert web.count("/photo/900.png") == 1
    assert web.agents == {web_home.settings.crawl.user_agent}
    assert web.referers["/photo/900.png"] == web.url("/")
    assert web.connections <= 8 < len(web.asked)  # they are used again


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_a_market_and_a_film_site_are_swept_in_one_command(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    folder = web_home.settings.sources
    write_source(folder, web, "reader", "manga_reader", ["/reader/1"], '[extract]\nnext = "a.next"')
    write_source(folder, web, "market", "marketplace", ["/market"], '[extract]\nitem = "a.item"')
    write_source(folder, web, "films", "video", ["/films"], '[extract]\nitem = "a.film"')

    ended = mekiki("sweep", "--all")

    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        chapters = session.scalars(
            select(FindingRow).where(FindingRow.source == "reader").order_by(FindingRow.id)
        ).all()
        assert [one.title for one in chapters] == ["Chapter 1", "Chapter 2"]
        pages = session.scalars(
            select(Sighting.url).where(Sighting.finding_id == chapters[1].id).order_by(Sighting.position)
        )
        assert list(pages) == [web.url(f"/photo/{200 + n}.png") for n in range(CHAPTER_PAGES)]
        offer = session.scalars(select(FindingRow).where(FindingRow.title == "Acrylic stand 1")).one()
        assert (offer.price, offer.currency, offer.seller, offer.is_commercial) == (1980, "JPY", "Shop A", True)
        assert offer.territory == "JP"  # as its source says
        film, stream = session.scalars(select(Sighting).where(Sighting.kind == "video").order_by(Sighting.url)).all()
        assert web_home.blobs.get(film.blob) == MP4
        assert web_home.blobs.get(stream.blob) == b"".join(segment(n) for n in "012")
        parts = session.get_one(Capture, stream.capture_id).parts
        assert parts is not None
        assert [url.rpartition("/")[2] for url, _sha256, _size in parts] == [
            "master.m3u8", "low.m3u8", "s0.ts", "s1.ts", "s2.ts",
        ]  # fmt: skip
    assert web.count("/hls/high.m3u8") == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_robots_txt_is_kept_but_not_obeyed_where_a_named_person_decided_so(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    decision = (
        '[legal]\nbasis = "Our mandate."\nrobots = "record_and_ignore"\nreason = "The court\'s order of 3 Nov."\n'
    )
    decision += 'approver = "Aoi Mori"\ndate = 2026-11-03\n'
    web.changed["/private/1"] = html(f"<h1>Hidden</h1><img src='{web.url('/private/2.png', 'cdn.test')}'>")
    write_source(web_home.settings.sources, web, "hidden", "page", ["/private/1"], decision)
    settings_file = web_home.path / "mekiki.toml"
    settings_file.write_text(
        settings_file.read_text()
        .replace("allow_addresses = [", f'allow_addresses = ["cdn.test:{web.port}", ')
        .replace('"trap.test"', '"cdn.test" = "127.0.0.1", "trap.test"')
    )

    ended = mekiki("sweep", "hidden")

    assert ended.returncode == 0, ended.stderr
    assert web.count("/private/1") == 1
    assert web.count("/private/2.png") == 0  # another host's robots.txt is not what was decided on
    with web_home.readers()() as session:
        assert session.scalars(select(FindingRow.title)).all() == ["Hidden"]
        assert "robots" in session.scalars(select(Capture.kind)).all()
        kept = session.scalars(select(Sweep)).one().legal
        (entry,) = session.scalars(select(CustodyEntry).where(CustodyEntry.action == "collected"))
    assert kept == entry.note["legal"] == {
        "basis": "Our mandate.", "robots": "record_and_ignore", "reason": "The court's order of 3 Nov.",
        "approver": "Aoi Mori", "date": "2026-11-03",
    }  # fmt: skip


@pytest.fixture
def lair(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> str:
    """The hostile corner of the small web has been swept; stderr of the sweep."""
    seeds = ["/lair", "/private/1", "/moved", "/out", "/page-of/hls/far.m3u8"]
    extra = "[fetch]\nmax_media_bytes = 100000\ntimeout_s = 0.1\n"
    write_source(web_home.settings.sources, web, "lair", "page", seeds, "max_depth = 1\n" + extra)
    ended = mekiki("sweep", "lair")
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_must_not_be_touched_is_refused_with_its_reason(web: SmallWeb, web_home: Home, lair: str) -> None:
    with web_home.readers()() as session:
        why = reasons(session)
        assert "robots.txt" in str(why["private/1"])
        assert "169.254.169.254" in str(why["away"])
        assert "10.0.0.7" in str(why["secret"])
        assert "not a host of the source" in str(why["out"])
        assert "larger than the limit" in str(why["endless"])
        assert "did not answer in time" in str(why["slow"])
        assert "text/html" in str(why["lie.png"])
        assert "bomb" in why
        assert "trap.test leads to 127.0.0.1, which is this machine" in str(why["photo/5.png"])
        moved = session.scalars(select(FindingRow).where(FindingRow.title == "Post 3")).one()
        assert set(session.scalars(select(Sighting.finding_id))) == {moved.id}
        assert moved.place == f"web.test:{web.port}/board/3"
        assert captures.broken_links(session, session.scalars(select(Sweep.id)).one()) == []
    assert web.count("/private/1") == 0
    assert "refused" in lair
