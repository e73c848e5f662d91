"""A site that hops from host to host stays one source; where the file does not allow it, a person is told."""

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import likeness, mirrors, sources
from crawlers.captures import FindingRow
from crawlers.interface import Finding, MediaLink
from crawlers.mirrors import Hosts
from crawlers.sources import SourceError
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source


@pytest.mark.parametrize(("host", "expected"), [
    ("example.com", True), ("example2.to", True), ("example17.com", True), ("www.example.com", False),
    ("badexample.com", False), ("example.com.evil.test", False), ("named.test", True), ("", False),
])  # fmt: skip
def test_a_mirror_is_matched_whole(host: str, expected: bool) -> None:
    assert (host in Hosts({"named.test"}, [r"example\d*\.(com|to)"])) is expected


@pytest.mark.parametrize("pattern", [".*", r".+\..+", r"^[a-z.-]+$", "("])
def test_a_pattern_that_matches_anybody_is_refused(pattern: str) -> None:
    with pytest.raises(SourceError, match=r"matches any host|no regular expression"):
        sources.parse(
            '[source]\nid = "a"\nname = "A"\nkind = "page"\n[scope]\nseeds = ["http://a.example/"]\n'
            f"mirrors = ['{pattern}']\n", "a.toml",
        )  # fmt: skip


@pytest.mark.parametrize(("asked", "reasons", "landed", "expected"), [
    (["http://a.test/x?p=1"], [301], "http://b.test/x?p=1", "b.test"),
    (["http://a.test/x", "https://a.test/x"], [301, 308], "https://b.test/x", "b.test"),
    (["http://a.test/x"], [302], "http://b.test/x", None),  # for now only
    (["http://a.test/x"], [301], "http://b.test/", None),  # parked: every path leads to one page
    (["http://a.test/x"], [301], "https://a.test/x", None),
    (["http://a.test/x"], ["meta refresh"], "http://b.test/x", None),
    ([], [], "http://b.test/x", None),
])  # fmt: skip
def test_a_move_is_permanent_and_keeps_its_paths(
    asked: list[str], reasons: list[object], landed: str, expected: str | None
) -> None:
    assert mirrors.moved_to(asked, reasons, landed) == expected


@pytest.fixture
def hopping(web: SmallWeb, web_home: Home) -> SmallWeb:
    """The site has moved from web.test to web2.test, where it is the same."""
    settings = web_home.settings.home / "mekiki.toml"
    text = settings.read_text().replace("allow_addresses = [", f'allow_addresses = ["web2.test:{web.port}", ')
    settings.write_text(text.replace("pinned_hosts = {", 'pinned_hosts = {"web2.test" = "127.0.0.1", '))
    return web


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mirror_that_the_file_allows_is_followed_under_the_same_source(
    hopping: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    for path in ("/reader/1", "/reader/2"):
        there = hopping.url(path, "web2.test")
        hopping.changed_on[("web.test", path)] = Answer(status=301, headers={"Location": there})
    extra = "mirrors = ['^web\\d*\\.test$']\n[extract]\nnext = \"a.next\""
    write_source(web_home.settings.sources, hopping, "reader", "manga_reader", ["/reader/1"], extra)

    ended = mekiki("sweep", "reader")

    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        rows = session.scalars(select(FindingRow).order_by(FindingRow.id)).all()
        assert [(row.source, row.url) for row in rows] == [
            ("reader", hopping.url("/reader/1", "web2.test")), ("reader", hopping.url("/reader/2", "web2.test")),
        ]  # fmt: skip


DECIDED = """
[legal]
basis = "Our mandate."
robots = "record_and_ignore"
reason = "The court's order."
approver = "Aoi Mori"
date = 2026-11-03
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_robots_txt_of_a_mirror_is_obeyed_until_that_is_decided_for_it_too(
    hopping: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    there = hopping.url("/private/1", "web2.test")
    hopping.changed_on[("web.test", "/private/1")] = Answer(status=301, headers={"Location": there})
    mirrors, kind = "mirrors = ['^web\\d*\\.test$']\n", "page"
    file = write_source(web_home.settings.sources, hopping, "hidden", kind, ["/private/1"], mirrors + DECIDED)

    refused = mekiki("sweep", "hidden")

    why = (
        f"robots.txt of {hopping.url('', 'web2.test')} does not allow it; it was decided to ignore that of web.test "
        "alone, so name this host in scope.hosts once it is decided for it too"
    )
    assert refused.returncode == 1
    assert why in refused.stderr
    assert why in mekiki("source", "health", "hidden", "--json").stdout
    assert "on web.test, as Aoi Mori decided on 2026-11-03, and obeys it on mirrors; name one in scope.hosts" in (
        mekiki("source", "lint", str(file)).stderr
    )
    assert hopping.count("/private/1") == 1  # on web.test

    named = 'hosts = ["web2.test"]\n'
    write_source(web_home.settings.sources, hopping, "hidden", kind, ["/private/1"], named + mirrors + DECIDED)
    assert mekiki("sweep", "hidden").returncode == 0
    assert hopping.count("/private/1") == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_move_that_the_file_does_not_allow_is_proposed_and_not_followed(
    hopping: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    hopping.changed_on[("web.test", "/")] = Answer(status=301, headers={"Location": hopping.url("/", "web2.test")})
    write_source(web_home.settings.sources, hopping, "board", "image_board", ["/"], '[extract]\nitem = "a.thread"')

    ended = mekiki("sweep", "board")

    assert ended.returncode == 1
    assert ended.stderr == (
        "mekiki: board: 1 page leads for good to the same paths on web2.test; compare it by `mekiki source mirror`, "
        'and when it is the same add "web2.test" to scope.hosts of its file, or a pattern to scope.mirrors: findings '
        "keep the source.\n"
    )
    assert '"moved"' in mekiki("source", "health", "board", "--json").stdout
    assert hopping.count("/board/1") == 0


def found(title: str, text: str, *media: str) -> Finding:
    links = tuple(MediaLink(url, "image", at) for at, url in enumerate(media))
    return Finding("http://a.test/1", "page", title, text=text, media=links)


WORDS = "The lantern road\nRead it here for free\nAd 17"
KNOWN = found("Chapter 1", WORDS, "http://cdn.a.test/p/1.jpg", "http://a.test/p/2.jpg")
THERE = ("http://b.test/p/1.jpg", "http://b.test/p/2.jpg")


@pytest.mark.parametrize(("other", "expected"), [
    (found("Chapter 1", WORDS.replace("17", "18"), *THERE), True),
    (found("Chapter 2", WORDS, *THERE), False),
    (found("Chapter 1", "This domain is for sale\nBuy it now", *THERE), False),
    (found("Chapter 1", WORDS, "http://b.test/ads/1.jpg"), False),
])  # fmt: skip
def test_a_page_on_another_host_is_the_same_by_title_words_and_pictures(other: Finding, expected: bool) -> None:
    assert likeness.of(KNOWN, other).is_same is expected


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_person_compares_another_host_before_it_is_added(hopping: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, hopping, "reader", "manga_reader", ["/reader/1"])
    there = f"web2.test:{hopping.port}"
    before = mekiki("source", "mirror", "reader", there)
    assert mekiki("sweep", "reader").returncode == 0

    same = mekiki("source", "mirror", "reader", there)
    for number in (1, 2):
        hopping.changed_on[("web2.test", f"/reader/{number}")] = html("<h1>This domain is for sale</h1>")
    parked = mekiki("source", "mirror", "reader", there)

    assert (before.returncode, before.stderr) == (
        1, "mekiki: No page of reader is kept to compare with; look at the other host yourself.\n",
    )  # fmt: skip
    assert same.returncode == 0, same.stderr
    assert 'It is the same page. Add "web2.test" to scope.hosts' in same.stderr
    assert parked.returncode == 1
    assert "is not the page that reader showed" in parked.stderr
