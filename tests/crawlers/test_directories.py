"""Sitemaps and feeds are read for what they name; a hostile one costs little and reaches nothing."""

import gzip
import resource
import time
from pathlib import Path

import pytest

from crawlers import directories
from crawlers.directories import MAX_ADDRESSES, Directory
from crawlers.interface import MediaLink

HOME = "https://site.example/"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = f"""<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="//site.example/main.xsl"?>
<!-- made by hand -->
<urlset {NS} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
  xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">
<url><loc>https://site.example/old?utm_source=map</loc><lastmod>2024-01-01</lastmod></url>
<url><loc> https://site.example/item/1 </loc><lastmod>2026-11-02T10:00:00+09:00</lastmod>
  <image:image><image:loc>https://cdn.example/1.jpg</image:loc></image:image>
  <video:video><video:content_loc>https://cdn.example/1.mp4</video:content_loc>
    <video:player_loc>https://site.example/player</video:player_loc></video:video>
  <news:news><news:title>New</news:title></news:news></url>
<url><loc>/item/2</loc><lastmod>2026-11-03</lastmod></url>
<url><loc>javascript:alert(1)</loc></url><url/>
</urlset>""".encode()
INDEX = f"""<sitemapindex {NS}><sitemap><loc>https://site.example/map-1.xml.gz</loc></sitemap>
<sitemap><loc>https://site.example/map-2.xml</loc></sitemap></sitemapindex>""".encode()
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Posts</title><link>https://site.example/</link>
<item><title>Old</title><link>https://site.example/post/1</link><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>新しい</title><link>/post/2</link><pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate>
<description>&lt;a href="https://else.example/"&gt;x&lt;/a&gt;</description></item>
<item><title>No link</title></item></channel></rss>""".encode()
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Posts</title><link href="https://site.example/"/>
<entry><title>A</title><link rel="alternate" href="https://site.example/a"/><updated>2026-11-01T00:00:00Z</updated></entry>
<entry><title>B</title><link href="https://site.example/b"/><updated>2026-11-02T00:00:00Z</updated></entry></feed>"""
LAUGHS = (
    '<!DOCTYPE urlset [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]><urlset><url><loc>https://site.example/&a11;</loc></url><url><loc>https://site.example/ok</loc></url></urlset>"
).encode()


def read(body: bytes) -> Directory:
    found = directories.read(body, HOME)
    assert found is not None
    return found


def test_a_sitemap_names_pages_newest_first_and_tells_their_pictures_apart() -> None:
    assert read(NEWS) == Directory(
        ("https://site.example/item/2", "https://site.example/item/1", "https://site.example/old"),
        told={"https://site.example/item/1": (
            MediaLink("https://cdn.example/1.jpg", "image", 0), MediaLink("https://cdn.example/1.mp4", "video", 1),
        )},
    )  # fmt: skip


def test_a_sitemap_of_the_largest_size_is_whole() -> None:
    entries = b"".join(b"<url><loc>/%d</loc></url>" % number for number in range(MAX_ADDRESSES))

    whole = read(b"<urlset>" + entries + b"</urlset>")

    assert (len(whole.pages), whole.fault) == (MAX_ADDRESSES, None)
    assert read(b"<urlset>" + entries + b"<url><loc>/over</loc></url></urlset>").fault


def test_a_feed_tells_what_comes_with_its_entries() -> None:
    attached = b"""<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item><link>/post/1</link>
    <enclosure url="https://cdn.example/1.mp4" type="video/mp4" length="9"/>
    <media:content url="https://cdn.example/1.jpg" medium="image"/><enclosure url="/1.zip" type="application/zip"/>
    </item></channel></rss>"""

    assert [(link.kind, link.url) for link in read(attached).told["https://site.example/post/1"]] == [
        ("video", "https://cdn.example/1.mp4"), ("image", "https://cdn.example/1.jpg"),
    ]  # fmt: skip


def test_an_index_names_further_sitemaps() -> None:
    assert read(INDEX).directories == ("https://site.example/map-1.xml.gz", "https://site.example/map-2.xml")


@pytest.mark.parametrize("body", [
    gzip.compress(NEWS, mtime=0), NEWS.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    b"\xef\xbb\xbf\n" + NEWS.partition(b"\n")[2],
])  # fmt: skip
def test_a_sitemap_is_read_however_it_is_packed_or_encoded(body: bytes) -> None:
    assert len(read(body).pages) == 3


def test_a_list_of_addresses_is_a_sitemap_too() -> None:
    assert read(b"https://site.example/a\r\nhttps://site.example/b\n").pages == (
        "https://site.example/a", "https://site.example/b",
    )  # fmt: skip


def test_feeds_name_their_entries_newest_first() -> None:
    assert read(RSS).pages == ("https://site.example/post/2", "https://site.example/post/1")
    assert read(ATOM.encode()).pages == ("https://site.example/b", "https://site.example/a")
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<item rdf:about="x"><link>https://site.example/c</link></item></rdf:RDF>'
    )
    assert read(rdf.encode()).pages == ("https://site.example/c",)


@pytest.mark.parametrize("body", [
    b"", b"<!doctype html><html><body>urlset</body></html>", b"\x89PNG\r\n\x1a\n", b"hello",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>", gzip.compress(b"\x00" * 1000, mtime=0), b"\x1f\x8b",
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
])  # fmt: skip
def test_what_names_nothing_is_left_to_the_readers(body: bytes) -> None:
    assert directories.read(body, HOME) is None


def test_a_broken_document_gives_what_came_before_the_break_and_says_so() -> None:
    cut = read(NEWS[: NEWS.index(b"/item/2")])
    assert cut.pages == ("https://site.example/item/1", "https://site.example/old")
    assert "broken XML" in str(cut.fault)
    packed = gzip.compress(NEWS * 50)
    assert read(packed[: len(packed) // 2]).fault


def test_a_long_feed_gives_its_first_entries_and_says_so() -> None:
    entries = b"".join(b"<item><link>/post/%d</link></item>" % number for number in range(50_000))

    found = read(b"<rss version='2.0'><channel>" + entries + b"</channel></rss>")

    assert found.pages[0] == "https://site.example/post/0"
    assert f"its first {len(found.pages)} entries are taken" in str(found.fault)


def test_an_entity_is_never_expanded_and_never_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    outside = f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "file://{secret}">]>'
    bodies = [LAUGHS] + [
        f"{outside}<{tag}><url><loc>https://site.example/&x;</loc></url><channel><item><link>https://site.example/&x;"
        f"</link></item></channel></{tag}>".encode()
        for tag in ("urlset", "rss")
    ]

    found = [url for body in bodies for url in read(body).pages]

    assert not any("secret" in url or "lol" in url for url in found)


def test_a_feed_that_spells_a_file_name_opens_no_file(tmp_path: Path) -> None:
    feed = tmp_path / "<rss>"
    feed.write_bytes(RSS)

    assert directories._feed(str(feed).encode(), HOME).pages == ()


PICTURES = b"".join(b"<image><loc>/%d</loc></image>" % number for number in range(100))
HOSTILE = {
    "unpacks to a gigabyte": lambda: gzip.compress(b"<urlset>" + b" " * 200_000_000, 1),
    "one entry without end": lambda: b"<urlset><url>" + b"<a><b/></a>" * 700_000,
    "nested without end": lambda: b"<urlset>" + b"<url>" * 500_000,
    "more addresses than allowed": lambda: b"<urlset>" + b"<url><loc>/1</loc></url>" * 300_000 + b"</urlset>",
    "millions of entries that name nothing": lambda: gzip.compress(b"<urlset>" + b"<url/>" * 8_000_000, 1),
    "millions of pictures": lambda: b"<urlset>" + (b"<url><loc>/1</loc>" + PICTURES + b"</url>") * 3_400,
    "millions of lines": lambda: gzip.compress(b"http://a.test/\n" * 3_400_000, 1),
    "one line without end": lambda: b"http://a.test/" + b"a" * 50_000_000,
    "a feed of tags": lambda: b"<rss><channel>" + b"<item>" * 600_000,
    "a feed of attributes": lambda: b"<rss><channel><item " + b"a='1' " * 600_000 + b">",
    "a feed of brackets": lambda: b"<rss><channel><item><title>" + b"<" * 3_000_000,
    "a feed of entities": lambda: b"<rss><channel><item><title>" + b"&" * 3_000_000,
    "a feed of comments": lambda: b"<rss><channel><item><title>" + b"<!--" * 900_000,
    "a feed of doctypes": lambda: b"<!DOCTYPE rss [" + b"<!ENTITY a 'b'>" * 200_000 + b"]><rss><channel/></rss>",
    "a feed of sections": lambda: b"<rss><channel><item><title>" + b"<![CDATA[" * 400_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_takes_little_time_and_memory(name: str) -> None:
    body = HOSTILE[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()

    found = directories.read(body, HOME)

    assert found is None or len(found.pages) <= MAX_ADDRESSES
    assert time.process_time() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB
