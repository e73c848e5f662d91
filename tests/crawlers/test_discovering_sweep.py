"""A sweep finds what nothing links to: by the site's sitemap, its feed, its numbered lists, its search."""

import gzip
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from config import clock
from config.home import Home
from crawlers.captures import FindingRow, Sighting
from crawlers.frontier import FrontierEntry, Sweep
from dashboard import scheduler
from matcher import catalogue
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source

BOARD = '[extract]\nitem = "a.thread"\n'
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def titles(home: Home) -> set[str]:
    with home.readers()() as session:
        return set(session.scalars(select(FindingRow.title)))


def swept(mekiki: Mekiki, name: str) -> dict[str, object]:
    ended = mekiki("sweep", name, "--json")
    assert ended.returncode == 0, ended.stderr
    said: dict[str, object] = json.loads(ended.stdout)
    return said


def thread(*numbers: int) -> Answer:
    return html("".join(f'<a class="thread" href="/board/{number}">{number}</a>' for number in numbers))


def sitemap(web: SmallWeb, *paths: str, tag: str = "url", outer: str = "urlset") -> bytes:
    listed = "".join(f"<{tag}><loc>{web.url(path)}</loc></{tag}>" for path in paths)
    return f'<?xml version="1.0"?><{outer}>{listed}</{outer}>'.encode()


def test_by_the_sitemaps_that_robots_txt_names(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.robots += f"Sitemap: {web.url('/maps/index.xml')}\nSitemap: http://10.0.0.7/map.xml\n"
    web.changed["/lobby"] = html("<h1>Nothing here</h1>")
    inner = sitemap(web, "/maps/a.xml.gz", "/maps/denied.xml", tag="sitemap", outer="sitemapindex")
    web.changed["/maps/index.xml"] = Answer(inner, kind="application/xml")
    web.changed["/maps/a.xml.gz"] = Answer(gzip.compress(sitemap(web, "/board/1", "/board/2", "/private/3")))
    extra = f'allow = ["/board/"]\ndeny = ["denied"]\nmax_depth = 1\n[discover]\nsitemap = true\n{BOARD}'
    write_source(web_home.settings.sources, web, "mapped", "image_board", ["/lobby"], extra)

    swept(mekiki, "mapped")

    assert titles(web_home) == {"Post 1", "Post 2"}
    assert web.count("/maps/denied.xml") == 0
    assert web.count("/sitemap.xml") == 0


def test_by_the_usual_sitemap_where_robots_txt_names_none(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.changed["/lobby"] = html("<h1>Nothing here</h1>")
    web.changed["/sitemap.xml"] = Answer(sitemap(web, "/board/4"), kind="text/xml")
    write_source(
        web_home.settings.sources, web, "mapped", "image_board", ["/lobby"], f"[discover]\nsitemap = true\n{BOARD}"
    )

    swept(mekiki, "mapped")

    assert titles(web_home) == {"Post 4"}


def test_a_film_that_only_the_sitemap_names_is_found_at_its_page(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    pages = "".join(
        f"<url><loc>{web.url(page)}</loc><video:video><video:content_loc>{web.url(film)}</video:content_loc></video:video>"
        "</url>"
        for page, film in (("/player", "/films/2.mp4"), ("/watch/1", "/films/3.mp4"))
    )
    head = '<urlset xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">'
    web.changed["/map.xml"] = Answer(f"{head}{pages}</urlset>".encode(), kind="text/xml")
    web.changed["/player"] = html("<h1>Player</h1><div id='player'></div><script src='/player.js'></script>")
    write_source(web_home.settings.sources, web, "films", "video", ["/map.xml"], '[extract]\nitem = "a.film"\n')

    swept(mekiki, "films")

    with web_home.readers()() as session:
        found = {row.title: row.provenance["video"] for row in session.scalars(select(FindingRow))}
        shown = set(session.scalars(select(Sighting.url)))
    assert found == {"Player": "sitemap", "Film 1": "heuristic"}  # the page's own word comes first
    assert shown == {web.url("/films/2.mp4"), web.url("/films/1.mp4")}


def test_a_sitemap_that_breaks_off_gives_what_came_before_and_says_so(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    whole = sitemap(web, "/board/1", "/board/2")
    web.changed["/map.xml"] = Answer(whole[: whole.index(b"/board/2")], kind="text/xml")
    web.changed["/torn.xml"] = Answer(b"<urlset><url><loc", kind="text/xml")
    write_source(web_home.settings.sources, web, "mapped", "image_board", ["/map.xml", "/torn.xml"], BOARD)

    said = swept(mekiki, "mapped")

    assert (titles(web_home), said["failed"]) == ({"Post 1"}, 1)
    with web_home.readers()() as session:
        entries = session.scalars(select(FrontierEntry).where(FrontierEntry.url.endswith(".xml")))
        assert {one.url.rpartition("/")[2]: (one.state, "broken XML" in str(one.reason)) for one in entries} == {
            "map.xml": ("done", True), "torn.xml": ("failed", True),
        }  # fmt: skip


def test_by_the_feed_that_the_first_page_names(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.changed["/blog"] = html(
        "<h1>Blog</h1>", '<link rel="alternate" type="application/rss+xml" href="/blog/feed"><title>Blog</title>'
    )
    entry = f"<item><title>x</title><link>{web.url('/board/5')}?utm_source=rss</link></item>"
    web.changed["/blog/feed"] = Answer(
        f'<rss version="2.0"><channel><title>Blog</title>{entry}</channel></rss>'.encode(), kind="application/rss+xml"
    )
    write_source(web_home.settings.sources, web, "blog", "page", ["/blog"], f"[discover]\nfeeds = true\n{BOARD}")

    swept(mekiki, "blog")

    assert titles(web_home) == {"Post 5"}


def test_by_a_feed_that_is_itself_the_seed(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    entry = f'<entry><link href="{web.url("/board/6")}"/><updated>2026-11-02T00:00:00Z</updated></entry>'
    web.changed["/atom"] = Answer(f'<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title>{entry}</feed>'.encode())
    write_source(web_home.settings.sources, web, "feed", "page", ["/atom"], BOARD)

    swept(mekiki, "feed")

    assert titles(web_home) == {"Post 6"}


def test_by_numbered_pages_until_a_list_repeats_itself(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.changed["/list"] = thread(0, 1)
    web.changed["/list?page=2"] = thread(2, 3)
    for number in range(3, 9):  # many sites answer every further number with their last page
        web.changed[f"/list?page={number}"] = thread(3)
    extra = f'max_depth = 1\n[discover]\npages = "?page={{n}}"\n{BOARD}'
    write_source(web_home.settings.sources, web, "pages", "image_board", ["/list"], extra)

    swept(mekiki, "pages")

    assert titles(web_home) == {"Post 0", "Post 1", "Post 2", "Post 3"}
    assert (web.count("/list?page=3"), web.count("/list?page=4")) == (1, 0)


def test_known_items_end_a_list_only_when_earlier_sweeps_have_seen_them(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    web.changed["/list"] = thread(0, 1, 2)
    web.changed["/list?page=2"] = thread(3, 4, 5)
    web.changed["/list?page=3"] = thread(6)
    extra = f'[discover]\npages = "?page={{n}}"\nstop_when_seen = 2\n{BOARD}'
    write_source(web_home.settings.sources, web, "pages", "image_board", ["/list"], extra)
    swept(mekiki, "pages")
    assert web.count("/list?page=3") == 1

    web.changed["/list"] = thread(9, 10, 0)  # two new ones on top
    web.changed["/list?page=2"] = thread(1, 2, 3)
    swept(mekiki, "pages")

    assert {"Post 9", "Post 10"} <= titles(web_home)
    assert (web.count("/list?page=2"), web.count("/list?page=3")) == (2, 1)


def test_by_the_sites_search_for_the_title_and_the_alias_of_a_work(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    with web_home.sessions().begin() as session:
        owner = catalogue.owner(session, "Studio Kiri")
        catalogue.add_work(session, "提灯の道", owner=owner, aliases=["Lantern Road"])
        catalogue.add_work(session, "秘密", owner=owner, provisional_until=clock.now() + timedelta(days=9))
    shelf = '<img src="/photo/77.png"><a class="item" href="/item/{}">found</a>'
    web.changed["/find?q=%E6%8F%90%E7%81%AF%E3%81%AE%E9%81%93"] = html(shelf.format(0))
    web.changed["/find?q=Lantern+Road"] = html(shelf.format(1))
    search = f'[search]\nurl = "{web.url("/find")}?q={{query}}"\nsuffixes = ["グッズ"]\nper_work_limit = 2\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", [], search + '[extract]\nitem = "a.item"\n')

    swept(mekiki, "market")

    assert titles(web_home) == {"Acrylic stand 0", "Acrylic stand 1"}
    assert {path for _at, path in web.asked if path.startswith("/find")} == {
        "/find?q=%E6%8F%90%E7%81%AF%E3%81%AE%E9%81%93", "/find?q=Lantern+Road",
    }  # fmt: skip
    assert web.count("/photo/77.png") == 0  # what a search shows is found elsewhere


def test_a_page_of_results_without_results_is_no_finding(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    with web_home.sessions().begin() as session:
        catalogue.add_work(session, "Lantern Road", owner=catalogue.owner(session, "Studio Kiri"))
    web.changed["/find?q=Lantern+Road"] = html('<h1>Nothing</h1><p class="price">¥980</p><img src="/photo/77.png">')
    search = f'[search]\nurl = "{web.url("/find")}?q={{query}}"\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", [], search + '[extract]\nitem = "a.item"\n')

    swept(mekiki, "market")

    assert titles(web_home) == set()


def test_a_search_without_a_work_says_what_to_do(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    search = f'[search]\nurl = "{web.url("/find")}?q={{query}}"\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", [], search)

    ended = mekiki("sweep", "market")

    assert ended.returncode == 1
    assert "`mekiki work add`" in ended.stderr
    with web_home.readers()() as session:
        assert session.scalars(select(Sweep)).all() == []


def test_a_disabled_source_is_swept_neither_by_name_nor_with_all(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    file = write_source(
        web_home.settings.sources, web, "shut", "image_board", ["/"], BOARD + '[schedule]\ncron = "0 4 * * *"\n'
    )
    file.write_text(file.read_text().replace('id = "shut"', 'id = "shut"\nenabled = false'))
    write_source(web_home.settings.sources, web, "one", "image_board", ["/board/1"], BOARD)

    named, every = mekiki("sweep", "shut"), mekiki("sweep", "--all")

    assert (named.returncode, "write enabled = true" in named.stderr) == (1, True)
    assert every.returncode == 0, every.stderr
    with web_home.readers()() as session:
        assert set(session.scalars(select(Sweep.source))) == {"one"}
    assert ("sweep", "shut") not in scheduler.timetable(web_home)


def test_more_queries_than_a_sweep_may_make_take_turns(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    with web_home.sessions().begin() as session:
        owner = catalogue.owner(session, "Studio Kiri")
        for title in ("Alpha Road", "Beta Road", "Gamma Road"):
            catalogue.add_work(session, title, owner=owner)
    for name in ("Alpha", "Beta", "Gamma"):
        web.changed[f"/find?q={name}+Road"] = html("<h1>Nothing</h1>")
    search = f'[search]\nurl = "{web.url("/find")}?q={{query}}"\nmax_queries = 2\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", [], search)

    swept(mekiki, "market")
    assert web.count("/find?q=Gamma+Road") == 0
    with web_home.readers()() as session:  # no query comes back by itself, for its work may be gone by then
        assert set(session.scalars(select(FrontierEntry.due_at))) == {None}
    swept(mekiki, "market")

    assert web.count("/find?q=Gamma+Road") == 1
    assert web.count("/find?q=Alpha+Road") + web.count("/find?q=Beta+Road") == 3  # the one that was asked first


def test_a_page_that_says_it_is_not_there_is_no_finding(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.changed["/item/9"] = html("<h1>ページが見つかりません</h1><img src='/photo/1.png'>")
    extra = '[expect]\nnot_found_if = ["ページが見つかりません"]\n'
    write_source(web_home.settings.sources, web, "market", "marketplace", ["/item/1", "/item/9"], extra)

    said = swept(mekiki, "market")

    assert said["failed"] == 1
    assert titles(web_home) == {"Acrylic stand 1"}
    with web_home.readers()() as session:
        entry = session.scalars(select(FrontierEntry).where(FrontierEntry.url == web.url("/item/9"))).one()
    assert "ページが見つかりません" in str(entry.reason)


def test_films_are_left_where_the_file_wants_pictures_only(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.changed["/both"] = html("<h1>Both</h1>" + "".join(f'<img src="/photo/{n}.png">' for n in range(5))
                                + '<video src="/films/1.mp4"></video>')  # fmt: skip
    extra = "max_depth = 0\n[media]\nvideo = false\nmax_per_page = 3\n"
    write_source(web_home.settings.sources, web, "both", "page", ["/both"], extra)

    swept(mekiki, "both")

    assert sum(path.startswith("/photo") for _at, path in web.asked) == 3
    assert web.count("/films/1.mp4") == 0
