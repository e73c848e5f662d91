"""Where a sweep begins and goes on: queries take turns, and lists end where earlier sweeps have been."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crawlers import captures, frontier, looks, onward, sources
from crawlers.captures import Fetched
from crawlers.discovery import Names
from crawlers.frontier import Address
from crawlers.interface import Finding
from crawlers.onward import Room
from crawlers.revisit import Rhythm
from crawlers.sources import Source
from tests import factories

SITE = "https://board.example"
TEXT = f"""
[source]
id = "board"
name = "Board"
kind = "image_board"
[scope]
seeds = ["{SITE}/"]
max_depth = 1
allow = ["/post/"]
deny = ["secret"]
[extract]
item = "a.thread"
"""


def source(extra: str = "") -> Source:
    return sources.parse(TEXT + extra, "board.toml")


def a_list(*numbers: int, **more: object) -> Finding:
    posts = tuple(f"{SITE}/post/{number}" for number in numbers)
    return Finding(f"{SITE}/", "image_board", "", links=posts, next_list=f"{SITE}/?page=2", **more)  # type: ignore[arg-type]


def go_on(session: Session, of: Source, finding: Finding, *, depth: int = 0, room: Room | None = None) -> list[str]:
    """Return what a page puts in line in a sweep that has just begun, in the order in which it is asked."""
    sweep = frontier.begin(session, of)
    (seed,) = frontier.in_line(session, sweep, "page", 9)[:1]
    looks.refused(seed, sweep.id, "asked already", Rhythm(3600, 86400))
    onward.put_in_line(session, of, sweep.id, [(depth, finding)], room or Room())
    asked = [row.url.removeprefix(SITE) for row in frontier.in_line(session, sweep, "page", 99)]
    for row in frontier.in_line(session, sweep, "page", 99):  # and looked at
        looks.refused(row, sweep.id, "asked already", Rhythm(3600, 86400))
    sweep.finished_at = sweep.started_at
    session.flush()
    return asked


def test_lists_come_before_items_and_stay_at_their_depth(session: Session) -> None:
    sweep = frontier.begin(session, source())
    finding = a_list(1, lists=(f"{SITE}/feed", "https://else.example/feed", f"{SITE}/secret/feed"))

    onward.put_in_line(session, source(), sweep.id, [(0, finding)], Room())

    found = frontier.in_line(session, sweep, "page", 9)
    assert [(one.url.removeprefix(SITE), one.depth) for one in found] == [
        ("/", 0), ("/feed", 0), ("/?page=2", 0), ("/post/1", 1),
    ]  # fmt: skip


def test_the_depth_of_the_file_holds_and_a_post_names_no_lists(session: Session) -> None:
    assert go_on(session, source(), a_list(1, lists=(f"{SITE}/feed",)), depth=1) == []


def test_a_list_that_shows_nothing_new_ends(session: Session) -> None:
    room = Room()

    assert go_on(session, source(), a_list(1, 2), room=room) == ["/?page=2", "/post/1", "/post/2"]
    assert go_on(session, source(), a_list(2, 3), room=room) == ["/?page=2", "/post/3"]
    assert go_on(session, source(), a_list(2, 3), room=room) == []


def test_the_next_page_is_asked_again_at_once_when_there_is_something_new_on_this_one(session: Session) -> None:
    go_on(session, source(), a_list(1, 2))

    assert go_on(session, source(), a_list(1, 2)) == []  # page 2 rests until its own time comes
    assert go_on(session, source(), a_list(3, 1)) == ["/?page=2", "/post/3"]


@pytest.mark.parametrize(("known", "goes_on"), [((), True), ((1,), True), ((1, 2), False), ((1, 2, 3), False)])
def test_so_many_known_items_end_a_list(session: Session, known: tuple[int, ...], goes_on: bool) -> None:
    enough = source("[discover]\npages = '?page={n}'\nstop_when_seen = 2\n")
    go_on(session, enough, Finding(f"{SITE}/", "image_board", "", links=tuple(f"{SITE}/post/{n}" for n in known)))

    assert ("/?page=2" in go_on(session, enough, a_list(1, 2, 3))) is goes_on


def test_a_list_shorter_than_the_limit_ends_when_all_of_it_is_known(session: Session) -> None:
    enough = source("[discover]\npages = '?page={n}'\nstop_when_seen = 30\n")
    go_on(session, enough, Finding(f"{SITE}/", "image_board", "", links=(f"{SITE}/post/1",)))

    assert go_on(session, enough, a_list(1)) == []
    assert "/?page=2" in go_on(session, enough, a_list(1, 2))


def test_items_that_were_left_over_do_not_end_a_list(session: Session) -> None:
    enough = source("[discover]\npages = '?page={n}'\nstop_when_seen = 1\n")
    sweep = frontier.begin(session, enough)
    frontier.add(session, sweep.id, [Address(f"{SITE}/post/1", "page", 1)])  # the budget was spent before it

    assert "/?page=2" in go_on(session, enough, a_list(1))


def test_a_sitemap_may_name_more_than_a_page_and_a_sweep_takes_no_more_than_its_room(session: Session) -> None:
    links = tuple(f"{SITE}/post/{number}" for number in range(onward.MAX_LINKS + 50))
    room = Room(left=onward.MAX_LINKS + 20)
    sweep = frontier.begin(session, source())

    page = Finding(f"{SITE}/", "image_board", "", links=links)
    onward.put_in_line(session, source(), sweep.id, [(0, page)], room)
    assert frontier.left_over(session, sweep) == 1 + onward.MAX_LINKS
    onward.put_in_line(session, source(), sweep.id, [(0, replace(page, is_directory=True))], room)

    assert frontier.left_over(session, sweep) == 1 + onward.MAX_LINKS + 20
    assert room.left == 0


def test_what_was_asked_longest_ago_is_asked_first(session: Session) -> None:
    asks = source(f'[search]\nurl = "{SITE}/find?q={{query}}"\nmax_queries = 3\n')
    sweep, later = factories.sweep(session, "board"), factories.sweep(session, "board")
    for name, hours, of in (("Alpha", 1, sweep), ("Beta", 9, sweep), ("Gamma", 5, sweep), ("Alpha", 2, later)):
        url, at = f"{SITE}/find?q={name}", factories.NOW - timedelta(hours=hours)
        captures.keep(session, of.id, "page", Fetched(url, url, 200, (), "text/html", "0" * 64, 4, at))
    works = [Names((name,)) for name in ("Alpha", "Beta", "Gamma", "Delta")]

    assert [url.rpartition("=")[2] for url in onward.searches(session, asks, works)] == ["Delta", "Beta", "Gamma"]
    assert onward.searches(session, source(), works) == []


def test_the_sitemaps_of_a_host_are_those_its_robots_txt_names_and_only_its_own() -> None:
    mapped = source("[discover]\nsitemap = true\n")

    assert onward.sitemaps(source(), SITE, [f"{SITE}/map.xml"]) == []
    assert onward.sitemaps(mapped, SITE, []) == [f"{SITE}/sitemap.xml"]
    named = ["/map.xml", "https://else.example/map.xml", f"{SITE}/secret.xml", "file:///etc/passwd"]
    assert onward.sitemaps(mapped, SITE, named) == [f"{SITE}/map.xml"]
    assert onward.sitemaps(mapped, "https://cdn.example", []) == []
    assert len(onward.sitemaps(mapped, SITE, (f"{SITE}/{number}.xml" for number in range(5000)))) == onward.MAX_SITEMAPS
