"""Lists go on by their numbers, and a site's search is asked for the works by every name that is one."""

import pytest
from pydantic import ValidationError

from crawlers.discovery import Discover, Names, Search, queries

SEARCH = "https://market.example/search?q={query}&sort=new"


@pytest.mark.parametrize(("template", "url", "after"), [
    ("?page={n}", "https://b.example/list", "https://b.example/list?page=2"),
    ("?page={n}", "https://b.example/list?page=2", "https://b.example/list?page=3"),
    ("?page={n}", "https://b.example/search?q=stand", "https://b.example/search?page=2&q=stand"),
    ("?page={n}", "https://b.example/search?page=9&q=stand", "https://b.example/search?page=10&q=stand"),
    ("?view=all&p=n{n}", "https://b.example/", "https://b.example/?p=n2&view=all"),
    ("page/{n}/", "https://b.example/tag/anime", "https://b.example/tag/anime/page/2/"),
    ("page/{n}/", "https://b.example/tag/anime/page/2/", "https://b.example/tag/anime/page/3/"),
    ("page/{n}/", "https://b.example/?s=stand", "https://b.example/page/2/?s=stand"),
    ("page/{n}/", "https://b.example/homepage/7/", "https://b.example/homepage/7/page/2/"),
    ("list-{n}.html", "https://b.example/anime/index.html", "https://b.example/anime/list-2.html"),
    ("list-{n}.html", "https://b.example/anime/list-4.html", "https://b.example/anime/list-5.html"),
    ("/newest/{n}", "https://b.example/any/where", "https://b.example/newest/2"),
    ("?page={n}", "https://b.example/list?page=x", "https://b.example/list?page=2"),
])  # fmt: skip
def test_a_list_goes_on_by_its_number(template: str, url: str, after: str) -> None:
    assert Discover(pages=template).next_page(url) == after


def test_a_list_may_count_from_nought_and_by_items() -> None:
    assert Discover(pages="?p={n}", first_page=0).next_page("https://b.example/") == "https://b.example/?p=1"
    by_items = Discover(pages="?offset={n}", first_page=0, page_step=20, max_list_pages=3)
    assert by_items.next_page("https://b.example/?offset=20") == "https://b.example/?offset=40"
    assert by_items.next_page("https://b.example/?offset=40") is None


def test_no_more_list_pages_are_asked_than_the_file_says() -> None:
    assert Discover(pages="?page={n}", max_list_pages=2).next_page("https://b.example/?page=2") is None
    assert Discover().next_page("https://b.example/?page=2") is None


@pytest.mark.parametrize("template", ["?page=2", "?page={n}&also={n}", "?{n}", "https://else.example/?page={n}"])
def test_a_numbering_that_cannot_be_filled_in_is_refused(template: str) -> None:
    with pytest.raises(ValidationError, match="once, where the number goes"):
        Discover(pages=template)


def test_every_work_is_asked_for_by_its_title_before_any_by_its_second_name() -> None:
    works = [
        Names(("Lantern Road", "ランタンロード", "提灯の道")),
        Names(("Kiri",)),
        Names(("提灯の道", "Ｌａｎｔｅｒｎ　Ｒｏａｄ")),
    ]

    asked = queries(Search(url=SEARCH, suffixes=("グッズ",), per_work_limit=4), works)

    assert asked == [
        "Lantern Road",
        "Kiri",
        "提灯の道",
        "ランタンロード",
        "Kiri グッズ",
        "提灯の道 グッズ",
        "Lantern Road グッズ",
    ]


def test_a_name_too_short_to_mean_anything_is_not_asked_for_but_two_kanji_are_a_title() -> None:
    works = [Names(("銀魂", "GT", "咲")), Names(("x" * 500,))]

    assert queries(Search(url=SEARCH), works) == ["銀魂"]
    assert queries(Search(url=SEARCH, min_chars=2), works) == ["銀魂", "GT", "咲"]


def test_a_work_in_production_is_named_to_a_site_only_where_its_file_says_so() -> None:
    works = [Names(("Lantern Road",)), Names(("Secret Sequel",), is_unreleased=True)]

    assert queries(Search(url=SEARCH), works) == ["Lantern Road"]
    assert queries(Search(url=SEARCH, unreleased=True), works) == ["Lantern Road", "Secret Sequel"]


@pytest.mark.parametrize(("template", "address"), [
    (SEARCH, "https://market.example/search?q=%E9%8A%80%E9%AD%82+%26+co&sort=new"),
    ("https://market.example/find/{query}/", "https://market.example/find/%E9%8A%80%E9%AD%82%20&%20co/"),
])  # fmt: skip
def test_words_stay_words_in_the_address_that_asks_for_them(template: str, address: str) -> None:
    search = Search(url=template)

    assert search.address("銀魂 & co") == address
    assert search.asks(address)


def test_results_are_told_from_what_they_show() -> None:
    search = Search(url=SEARCH)

    assert search.asks("https://market.example/search?page=2&q=anything&sort=new")
    assert not search.asks("https://market.example/item/1?q=anything")
    assert not search.asks("https://market.example/search")
    assert not search.asks("https://other.example/search?q=anything")
    by_path = Search(url="https://market.example/find/{query}")
    assert by_path.asks("https://market.example/find/anything")
    assert not by_path.asks("https://market.example/find/anything/else")


@pytest.mark.parametrize("url", [
    "https://market.example/search", "market.example/?q={query}", "https://{query}.example/",
    "https://market.example/?q={query}&r={query}", "https://market.example/#{query}",
])  # fmt: skip
def test_an_address_that_asks_for_nothing_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="must be a whole address"):
        Search(url=url)
