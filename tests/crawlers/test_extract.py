"""Pages say what they say: credits, media and addresses are read, and nothing is made up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers import extract, signs, sniff, sources, spiders, urls
from crawlers.interface import PageKind
from crawlers.page import Page
from crawlers.sources import Source
from tests.crawlers import small_web

KINDS: tuple[PageKind, ...] = ("image_board", "manga_reader", "marketplace", "video", "page")


def source(kind: str = "page", extra: str = "") -> Source:
    return sources.parse(
        f'[source]\nid = "a"\nname = "A"\nkind = "{kind}"\n{extra}\n[scope]\nseeds = ["http://a.example/"]\n', "a.toml"
    )


@pytest.mark.parametrize("line", [
    "© Studio Kiri", "原作: スタジオ霧", "画像の出典：公式サイト", "制作 スタジオ霧", "Credit: Studio Kiri",
    "Drawing by Studio Kiri",
    "credits to the author", "Copyright 2026 Kiri", "Source: official site",
])  # fmt: skip
def test_a_credit_is_seen(line: str) -> None:
    assert signs.attribution(f"hello\n{line}\nbye") == line


@pytest.mark.parametrize("line", ["sorted by date", "credit card accepted", "resources", "bypass", "x" * 400 + " ©"])
def test_what_is_no_credit_is_not_taken_for_one(line: str) -> None:
    assert signs.attribution(line) == ""


@pytest.mark.parametrize(("markup", "price", "stated", "expected"), [
    ("<p>hello</p>", None, None, None),
    ("<p>hello</p>", Decimal(100), None, True),
    ("<p>hello</p>", Decimal(0), None, None),
    ("<ins class='adsbygoogle'></ins>", None, None, True),
    ("<p>プレミアム会員になる</p>", None, None, True),
    ("<ins class='adsbygoogle'></ins>", None, False, False),
    ("<p>hello</p>", Decimal(100), False, True),
])  # fmt: skip
def test_money_is_seen_and_its_absence_is_never_a_no(
    markup: str, price: Decimal | None, stated: bool | None, expected: bool | None
) -> None:
    assert signs.earns_money(Page("http://a.example/", f"<body>{markup}</body>"), price, stated)[0] is expected


@pytest.mark.parametrize("name", ["film.mp4", "hls/list.m3u8", "dash/film.mpd?t=1"])
def test_a_film_told_to_the_players_script_is_found(name: str) -> None:
    page = Page("http://a.example/", f"<body><script>play({{url: '/v/{name}'}})</script></body>")

    assert extract.films(page, source("video")) == (f"http://a.example/v/{name}",)


@pytest.mark.parametrize("markup", [
    "<script>hls.loadSource('film/list.m3u8')</script>",
    """<script>player.src({src: 'film\\/list.m3u8', type: 'application/x-mpegURL'})</script>""",
    '<video-js controls><source src="film/list.m3u8" type="application/x-mpegURL"></video-js>',
    """<video data-setup='{"sources": [{"src": "film/list.m3u8"}]}'></video>""",
    '<hls-video src="film/list.m3u8" controls></hls-video>',
])  # fmt: skip
def test_a_film_is_found_in_every_way_that_players_document(markup: str) -> None:
    page = Page("http://a.example/watch/1", f"<body>{markup}</body>")

    assert extract.films(page, source("video")) == ("http://a.example/watch/film/list.m3u8",)


def test_words_of_a_script_that_only_name_endings_are_no_films() -> None:
    page = Page("http://a.example/", """<body><script>const known = ['.mp4', "./.m3u8", 'video/mp4', ""];</script>""")

    assert extract.films(page, source("video")) == ()


@pytest.mark.parametrize(("url", "expected"), [
    ("HTTP://A.Example:80/x?b=2&a=1#top", "http://a.example/x?a=1&b=2"),
    ("/x?utm_source=mail&id=7&fbclid=z", "http://a.example/x?id=7"),
    ("http://a.example/%E5%8E%9F", "http://a.example/%E5%8E%9F"),
    ("javascript:alert(1)", None), ("data:image/png;base64,xx", None), ("mailto:a@b.example", None),
    ("http://[::1", None),
    ("http://a.example:port/", None), ("https://a.example:443/x", "https://a.example/x"),
])  # fmt: skip
def test_an_address_has_one_spelling(url: str, expected: str | None) -> None:
    assert urls.canonical(url, "http://a.example/") == expected


@given(st.text(st.sampled_from("aZ09%/?&=#.:;+ -_~原é[]@"), max_size=40), st.sampled_from(["", "/", "//a.example/"]))
def test_what_is_spelt_right_already_is_what_taking_it_apart_says(path: str, start: str) -> None:
    base = "https://shop.example:8443/list/1?page=2"

    assert urls.canonical(start + path, base) == urls._respelt(start + path, base)
    assert urls.canonical(f"http:{start}{path}", base) == urls._respelt(f"http:{start}{path}", base)


@given(st.text(st.sampled_from("aZ09%/?&=#.:;+ -_~原é[]@"), max_size=40))
def test_the_one_spelling_of_the_one_spelling_is_itself(path: str) -> None:
    once = urls.canonical(f"http://a.example/{path}")

    assert once is None or urls.canonical(once) == once


def test_a_place_fits_its_column_and_stays_distinct() -> None:
    first, second = (urls.place(f"http://a.example/{'x' * 600}{n}") for n in "12")

    assert len(first) == len(second) == 500
    assert first != second
    assert urls.place("https://a.example:8443/x?y=1") == "a.example:8443/x?y=1"


@pytest.mark.parametrize(("body", "mime"), [
    (small_web.picture(1), "image/png"), (small_web.MP4, "video/mp4"), (small_web.segment("1"), "video/mp2t"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"#EXTM3U\n", sniff.PLAYLIST),
    (b"\xef\xbb\xbf#EXTM3U\n", sniff.PLAYLIST), (b"\x00\x00\x00\x1cftypavif", "image/avif"),
    (b"\x00\x00\x00\x18stypmsdh", "video/mp4"), (b"ID3\x04", "audio/mpeg"), (b"<svg onload=x>", "image/svg+xml"),
    (b"GIF89a", "image/gif"), (b" <!DOCTYPE html>", "text/html"), (b'{"a": 1}', "application/json"),
    (b"hello", "text/plain"),
    ("原作".encode(), "text/plain"), (b"\x00\x01\x02", "application/octet-stream"), (b"", "application/x-empty"),
])  # fmt: skip
def test_bytes_say_what_they_are(body: bytes, mime: str) -> None:
    assert sniff.mime(body) == mime


def test_markup_that_calls_itself_a_picture_is_none() -> None:
    assert sniff.media_kind("image/svg+xml") is None


@pytest.mark.parametrize("kind", KINDS)
@given(markup=st.text(st.sampled_from("<>/=\"' aimgsrchefdvo{}[]:,&;#\x00原"), max_size=300))
@settings(max_examples=40, deadline=None)
def test_no_markup_breaks_a_reader(kind: PageKind, markup: str) -> None:
    read = spiders.reader(source(kind))
    page = Page("http://a.example/x", f"<body>{markup}<script type='application/ld+json'>{markup}</script></body>")

    assert extract.read_page(read, page, source(kind)).url == "http://a.example/x"


def test_json_ld_nested_without_end_is_survived() -> None:
    nested = '{"@graph":[' * 5000 + "]}" * 5000
    page = Page("http://a.example/x", f'<script type="application/ld+json">{nested}</script><h1>Still here</h1>')

    assert extract.read_page(spiders.reader(source()), page, source()).title == "Still here"


def test_a_list_of_items_is_no_finding_and_leads_on() -> None:
    listing = sources.parse(
        '[source]\nid = "a"\nname = "A"\nkind = "marketplace"\n[scope]\nseeds = ["http://a.example/"]\n'
        '[extract]\nitem = "a.item"\nnext = "a.next"\n', "a.toml",
    )  # fmt: skip
    page = Page(
        "http://a.example/",
        "<a class=item href=/1><img src=/1.jpg></a><span class=price>¥100</span>"
        "<a class=next href='?p=2'>n</a><a href=/x>x</a>",
    )

    found = extract.read_page(spiders.reader(listing), page, listing)

    assert (found.media, found.listing) == ((), None)
    assert found.links == ("http://a.example/1", "http://a.example/?p=2")
