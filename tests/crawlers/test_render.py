"""Which pages a browser is opened for, decided without one."""

import pytest

from crawlers import render, showing
from crawlers.interface import Finding, MediaLink
from crawlers.page import Page
from crawlers.render import Memory

AT = "http://web.test/item/1"
SAID = "Words that a reader sees. " * 40
APP = "<script src='/app.js'></script>"
NOTHING = Finding(url=AT, kind="page", title="")
SOMETHING = Finding(url=AT, kind="page", title="", media=(MediaLink("http://web.test/1.png", "image", 0),))
SHELL = f"<div id=root></div>{APP}"


def page(body: str, url: str = AT) -> Page:
    return Page(url, f"<html><head><title>t</title></head><body>{body}</body></html>")


def wants(memory: Memory, seen: Page, found: Finding | None = NOTHING) -> bool:
    return memory.wants(seen.url, is_read=found is not None, is_shell=render.is_shell(seen, found, memory.mode))


@pytest.mark.parametrize("body", [
    SHELL, f"<div id=app> Loading… </div>{APP}<footer>{SAID}</footer>", f"<app-root></app-root>{APP}{SAID}",
    f"<p>Short.</p>{APP}", f"<video controls></video>{SAID}<script>play()</script>",
    f"<noscript>Please enable JavaScript to see this.</noscript>{APP}{SAID[:400]}",
    f"<noscript>JavaScriptを有効にしてください</noscript>{APP}{SAID[:400]}",
    "<div id='__next'></div><script type='module'>run()</script>" + SAID,
])  # fmt: skip
def test_a_shell_that_scripts_fill_is_recognised(body: str) -> None:
    assert render.is_made_by_scripts(page(body))


@pytest.mark.parametrize("body", [
    "<p>Short, and without any script.</p>", f"{SAID}{APP}", f"<div id=root>{SAID}</div>{APP}",
    f"<video src='/1.mp4'></video>{SAID}{APP}", "<div id=root></div><script type='application/ld+json'>{}</script>",
    f"<noscript><img src='/count.gif'></noscript>{APP}{SAID[:400]}", "",
])  # fmt: skip
def test_a_page_that_speaks_for_itself_is_left_alone(body: str) -> None:
    assert not render.is_made_by_scripts(page(body))


def test_auto_opens_what_said_nothing_and_browser_opens_everything() -> None:
    shell, plain = page(SHELL), page(SAID)
    wanted = {
        mode: [wants(Memory(mode, has_browser=True), seen, found)
               for seen, found in ((shell, NOTHING), (shell, SOMETHING), (plain, NOTHING), (shell, None))]
        for mode in ("http", "auto", "browser")
    }  # fmt: skip

    assert wanted == {
        "http": [False, False, False, False],
        "auto": [True, False, False, False],
        "browser": [True, True, True, False],
    }


def test_pages_that_go_without_a_browser_are_counted() -> None:
    memory = Memory("auto", has_browser=False)

    assert [wants(memory, page(SHELL)) for _ in range(3)] == [False] * 3
    assert memory.missed == 3


def test_a_thousand_pages_that_only_look_scripted_open_a_browser_for_less_than_five_in_a_hundred() -> None:
    memory = Memory("auto", has_browser=True)
    for number in range(1000):
        at = f"http://web.test/kind-{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}/page"  # shapes without end
        if wants(memory, page(SHELL, at)):
            memory.learn(at, helped=False)

    assert 0 < memory.opened < 50


def test_a_page_is_opened_where_a_browser_helped_before() -> None:
    memory = Memory("auto", has_browser=True)
    for number in range(200):
        at = f"http://web.test/item/{number}"
        assert wants(memory, page(SHELL, at))
        memory.learn(at, helped=True)


def test_what_an_earlier_sweep_learnt_counts() -> None:
    memory = Memory("auto", has_browser=True)
    for number in (1, 2):
        memory.recall(f"http://web.test/news/{number}", helped=False)

    assert not wants(memory, page(SHELL, "http://web.test/news/3"))
    assert wants(memory, page(SHELL, "http://web.test/item/3"))


@pytest.mark.parametrize(("one", "other", "are_alike"), [
    ("http://a.test/item/1", "http://a.test/item/2?x=1", True), ("http://a.test/it/a-cap", "http://a.test/it/x", True),
    ("http://a.test/item/1", "http://a.test/user/1", False), ("http://a.test/", "http://a.test/about", False),
    ("http://a.test/1/a", "http://a.test/2/b", True), ("http://a.test/x/1", "http://b.test/x/1", False),
])  # fmt: skip
def test_pages_of_one_kind_have_one_shape(one: str, other: str, are_alike: bool) -> None:
    assert (render.shape(one) == render.shape(other)) is are_alike


def test_of_what_a_player_asks_for_the_first_playlist_is_the_film() -> None:
    asked = ["http://a.test/0.ts", "http://a.test/master.m3u8?t=1", "http://a.test/720.m3u8", "http://a.test/ad.mp4"]

    assert showing.played(asked) == ["http://a.test/master.m3u8?t=1"]
    assert showing.played(["http://a.test/film.mp4"]) == ["http://a.test/film.mp4"]
    assert showing.played([]) == []
