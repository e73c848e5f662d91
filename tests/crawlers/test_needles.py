"""A selector is not asked where its words are not; where it is not asked it would have found nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import needles
from crawlers.page import Page

SELECTORS = ("h1", ".price", "div.price .new", "[itemprop=price]::attr(content)", "a.price[href]::attr(href)", "#top",
             "time::attr(datetime)", ".old, .new", "p", "div:not(.old)", "a:has(.new)", "span:first-child", "tbody td",
             "[data-x*='.price']", "li > a", "DIV.new")  # fmt: skip
TAGS = st.sampled_from(["div", "DIV", "a", "h1", "span", "time", "td", "li", "p"])
NAMES = st.sampled_from(["price", "old", "new", "old new", "pric&#101;", "top", "", "PRICE"])
ATTRIBUTES = st.sampled_from(["class", "id", "href", "itemprop", "ITEMPROP", "datetime", "data-x", "content"])


@st.composite
def markup(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 5))):
        tag, name, value = draw(TAGS), draw(ATTRIBUTES), draw(NAMES)
        quote = draw(st.sampled_from(['"', "'"]))
        parts.append(f"<{tag} {name}={quote}{value}{quote}>words {value}")
        parts.append(draw(st.sampled_from(["", f"</{tag}>", "<!-- new -->"])))
    return "".join(parts)


@given(markup(), st.sampled_from(SELECTORS))
def test_a_selector_that_is_not_asked_finds_nothing(html: str, css: str) -> None:
    if needles.is_plain(html) and not needles.may_find(css, html, html.lower()):
        assert Page("http://a.example/", html).selector.css(css).getall() == []


@pytest.mark.parametrize("css", [".price", "#top", "time", "[itemprop=price]", "div .old, div .new"])
def test_a_selector_is_not_asked_where_its_words_are_not(css: str) -> None:
    html = "<html><body><main><h1>Words</h1><p>of a page</main></body></html>"

    assert not needles.may_find(css, html, html.lower())


def test_a_name_spelt_by_character_references_is_found_all_the_same() -> None:
    assert Page("http://a.example/", '<b class="pric&#101;">980</b>').first(".price") == "980"
