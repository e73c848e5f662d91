"""A selector is not asked where its words are not; where it is not asked it would have found nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers import needles
from crawlers.page import Page

SELECTORS = ("h1", ".price", "div.price .new", "[itemprop=price]::attr(content)", "a.price[href]::attr(href)", "#top",
             "time::attr(datetime)", ".old, .new", "p", "div:not(.old)", "a:has(.new)", "span:first-child", "tbody td",
             "[data-x*='.price']", "[itemprop~=price], .old, h1", "[class=new]", "li > a", "DIV.new")  # fmt: skip
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
def test_branches_that_are_not_asked_find_nothing(html: str, css: str) -> None:
    asked = needles.able(css, needles.Hay(html))

    tree = Page("http://a.example/", html).selector
    assert (tree.css(asked).getall() if asked else []) == tree.css(css).getall()


@pytest.mark.parametrize("css", [".price", "#top", "time", "[itemprop=price]", "div .old, div .new", "[class~=author]"])
def test_a_selector_is_not_asked_where_its_words_are_not(css: str) -> None:
    html = "<html><body><main class=b><h1>Words</h1><p>of a page</main></body></html>"

    assert needles.able(css, needles.Hay(html)) == ""


def test_only_the_branches_whose_words_are_there_are_asked() -> None:
    hay = needles.Hay('<p class="b">words</p>')

    assert needles.able(".price, p.b::text, .seller", hay) == "p.b::text"


@pytest.mark.parametrize("spelt", ["aut&#104;or", "aut&#x68;or"])
def test_a_value_spelt_by_numbers_is_found_all_the_same(spelt: str) -> None:
    assert Page("http://a.example/", f'<a rel="{spelt}">Mari</a>').first("[rel~=author]") == "Mari"


def test_a_name_spelt_by_character_references_is_found_all_the_same() -> None:
    assert Page("http://a.example/", '<b class="pric&#101;">980</b>').first(".price") == "980"
