"""Where a sweep begins and goes on: queries take turns, and lists end where earlier sweeps have been."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from crawlers import captures, onward, sources
from crawlers.captures import Fetched
from crawlers.discovery import Names
from crawlers.frontier import Address
from crawlers.interface import Finding
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


def go_on(
    session: Session, of: Source, finding: Finding, *, depth: int = 0, listed: set[str] | None = None
) -> list[str]:
    sweep = factories.sweep(session, "board")
    seen = set() if listed is None else listed
    found = onward.addresses(session, of, sweep.id, depth=depth, finding=finding, listed=seen)
    assert all(isinstance(one, Address) and one.role == "page" for one in found)
    return [one.url.removeprefix(SITE) for one in found]


def test_lists_come_before_items_and_stay_at_their_depth(session: Session) -> None:
    sweep = factories.sweep(session, "board")
    finding = a_list(1, lists=(f"{SITE}/feed", "https://else.example/feed", f"{SITE}/secret/feed"))

    found = onward.addresses(session, source(), sweep.id, depth=0, finding=finding, listed=set())

    assert [(one.url, one.depth) for one in found] == [
        (f"{SITE}/feed", 0), (f"{SITE}/?page=2", 0), (f"{SITE}/post/1", 1),
    ]  # fmt: skip


def test_the_depth_of_the_file_holds_and_a_post_names_no_lists(session: Session) -> None:
    assert go_on(session, source(), a_list(1, lists=(f"{SITE}/feed",)), depth=1) == []


def test_a_list_that_shows_nothing_new_ends(session: Session) -> None:
    listed: set[str] = set()

    assert "/?page=2" in go_on(session, source(), a_list(1, 2), listed=listed)
    assert "/?page=2" in go_on(session, source(), a_list(2, 3), listed=listed)
    assert "/?page=2" not in go_on(session, source(), a_list(2, 3), listed=listed)


@pytest.mark.parametrize(("known", "goes_on"), [((), True), ((1,), True), ((1, 2), False), ((1, 2, 3), False)])
def test_so_many_known_items_end_a_list(session: Session, known: tuple[int, ...], goes_on: bool) -> None:
    earlier, stranger = factories.sweep(session, "board"), factories.sweep(session, "other")
    for number in known:
        factories.capture(session, f"{SITE}/post/{number}", earlier)
    factories.capture(session, f"{SITE}/post/3", stranger)  # another source's sweep says nothing of this one
    enough = source("[discover]\npages = '?page={n}'\nstop_when_seen = 2\n")

    assert ("/?page=2" in go_on(session, enough, a_list(1, 2, 3))) is goes_on


def test_a_list_shorter_than_the_limit_ends_when_all_of_it_is_known(session: Session) -> None:
    earlier = factories.sweep(session, "board")
    factories.capture(session, f"{SITE}/post/1", earlier)
    factories.capture(session, f"{SITE}/post/1", factories.sweep(session, "board"))  # twice, and still one item
    enough = source("[discover]\npages = '?page={n}'\nstop_when_seen = 30\n")

    assert "/?page=2" not in go_on(session, enough, a_list(1))
    assert "/?page=2" in go_on(session, enough, a_list(1, 2))


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
