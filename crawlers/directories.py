"""Sitemaps and feeds: documents that name pages instead of showing them. Hostile input, so only fetched bytes are read.

No entity is expanded, nothing is fetched, and every document has the limits that sitemaps.org gives an honest one.
"""

import codecs
import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urlsplit

import feedparser
from lxml import etree

from crawlers import urls
from crawlers.interface import Finding, MediaKind, MediaLink, PageKind

MAX_BYTES = 52_428_800  # unpacked; sitemaps.org: "50MB (52,428,800 bytes)"
MAX_ADDRESSES = 50_000  # sitemaps.org, of one document
MAX_MEDIA = 100  # of one page
MAX_TOLD = 250_000  # media of all pages of one document together
MAX_FEED_BYTES = 512 << 10  # a hostile one keeps feedparser busy for up to 5 seconds a megabyte, or worse
MAX_ENTRY_BYTES = 1 << 20  # an entry of a sitemap is a few hundred bytes
MAX_LINE = 1 << 16  # characters of a text that names one address a line
CHUNK_BYTES = 1 << 16
HEAD_BYTES = 4096
_SITEMAPS = frozenset({"urlset", "sitemapindex"})
_KINDS: dict[str, MediaKind] = {"image": "image", "video": "video", "audio": "audio"}
_FEEDS = frozenset({"rss", "feed", "RDF"})
_PROLOGUE = re.compile(
    r"\s+|<\?[^>]{0,2000}\?>|<!--.*?-->|<!DOCTYPE[^>\[]{0,500}(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:[\w.-]{1,40}:)?(\w{1,40})[\s/>]")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Directory:
    """What a sitemap or a feed names, as canonical addresses, the newest first where it says when."""

    pages: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()  # further sitemaps
    told: Mapping[str, tuple[MediaLink, ...]] = field(default_factory=dict)  # page -> media that it shows
    fault: str | None = None  # why it was read only in part

    @property
    def trouble(self) -> str | None:
        """Why it names nothing at all; None when it names something, or is sound and empty."""
        return None if self.pages or self.directories else self.fault

    def finding(self, url: str, kind: PageKind) -> Finding:
        """Return it as what a reader hands on: nothing but addresses."""
        return Finding(
            url, kind, "", links=self.pages, lists=self.directories, is_directory=True, told=self.told, fault=self.fault
        )


def read(body: bytes, url: str) -> Directory | None:
    """Return what a sitemap (XML, text, gzip) or a feed (RSS, Atom) names; None when the bytes are neither."""
    head = _head(body)
    root = _root(head)
    if root in _SITEMAPS:
        return _sitemap(body, url)
    if root in _FEEDS:
        return _feed(body, url)
    return _lines(body) if _is_lines(head) else None


def _head(body: bytes) -> str:
    """Return the beginning of a document as text; "" when it cannot be unpacked."""
    start = next(_unpacked(body), b"")[:HEAD_BYTES]
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return start.decode(encoding, errors="replace")


def _root(head: str) -> str:
    """Return the local name of the root element, "" when the text does not begin like XML."""
    at = 0
    while found := _PROLOGUE.match(head, at):
        at = found.end()
    root = _ROOT.match(head, at)
    return root[1] if root else ""


def _unpacked(body: bytes) -> Iterator[bytes]:
    """Yield a document in pieces, unpacked where it is gzip; ends early where the packing is broken."""
    if body[:2] != _GZIP:
        yield from (body[start : start + CHUNK_BYTES] for start in range(0, len(body), CHUNK_BYTES))
        return
    engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: in the frame of gzip
    for start in range(0, len(body), CHUNK_BYTES):
        packed = body[start : start + CHUNK_BYTES]
        while packed and not engine.eof:
            try:
                yield engine.decompress(packed, CHUNK_BYTES)
            except zlib.error:
                return
            packed = engine.unconsumed_tail


@dataclass
class _Sitemap:
    """A sitemap as it is read: (address, when it was changed), in the order of the document."""

    base: str
    pages: list[tuple[str, str]] = field(default_factory=list)
    directories: list[tuple[str, str]] = field(default_factory=list)
    told: dict[str, tuple[MediaLink, ...]] = field(default_factory=dict)
    entries: int = 0  # also those that name nothing: a few kilobytes of gzip hold millions of them
    media: int = 0

    @property
    def is_over(self) -> bool:
        """Whether there were more entries, or more media, than a sitemap may have."""
        return self.entries > MAX_ADDRESSES or self.media > MAX_TOLD

    def take(self, entry: etree._Element) -> None:
        """Take the address of one <url> or <sitemap>; those of pictures and films inside it are no pages."""
        self.entries += 1
        if self.is_over:
            return
        said = {etree.QName(part).localname: (part.text or "").strip() for part in entry if isinstance(part.tag, str)}
        address = urls.canonical(said["loc"], self.base) if said.get("loc") else None
        kept = {"url": self.pages, "sitemap": self.directories}.get(etree.QName(entry).localname)
        if address is not None and kept is not None:
            kept.append((address, said.get("lastmod", "")))
            media = _links(self.base, _shown(entry)) if len(entry) > 1 else ()
            if media:
                self.told[address] = media
                self.media += len(media)


def _sitemap(body: bytes, url: str) -> Directory:
    found, fault = _Sitemap(url), None
    parser = etree.XMLPullParser(
        ("end",), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True
    )
    size, ended = 0, 0
    try:
        for piece in _unpacked(body):
            size += len(piece)
            parser.feed(piece)
            for _event, element in parser.read_events():
                if _is_entry(element):
                    found.take(element)
                    _forget(element)
                    ended = size
            if size > MAX_BYTES or size - ended > MAX_ENTRY_BYTES or found.is_over:
                fault = f"it is larger than a sitemap may be; {len(found.pages)} of its addresses are taken"
                break
        else:
            parser.close()
    except etree.XMLSyntaxError as broken:
        fault = f"it is broken XML ({broken.msg}); the addresses before that are taken"
    return Directory(_newest_first(found.pages), _newest_first(found.directories), found.told, fault)


def _shown(entry: etree._Element) -> Iterator[tuple[MediaKind, str]]:
    """Yield the pictures and films of an entry; a player's page is neither."""
    for element in entry.iter():
        if not isinstance(element.tag, str):
            continue
        name, parent = etree.QName(element).localname, element.getparent()
        if name == "content_loc":
            yield "video", element.text or ""
        elif name == "loc" and parent is not None and etree.QName(parent).localname == "image":
            yield "image", element.text or ""


def _links(base: str, media: Iterable[tuple[MediaKind, str]]) -> tuple[MediaLink, ...]:
    found = {url: kind for kind, address in islice(media, MAX_MEDIA) if (url := urls.canonical(address, base))}
    return tuple(MediaLink(url, kind, position) for position, (url, kind) in enumerate(found.items()))


def _is_entry(element: etree._Element) -> bool:
    """Say whether an element that has ended is a child of the root: whole, and all there is to read."""
    parent = element.getparent()
    return parent is not None and parent.getparent() is None


def _forget(element: etree._Element) -> None:
    """Let go of what was read, so that a long document takes no more memory than a short one."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _feed(body: bytes, url: str) -> Directory:
    data = b"".join(_up_to(body, MAX_FEED_BYTES + 1))
    is_cut = len(data) > MAX_FEED_BYTES
    # A stream, never the bytes themselves: feedparser would open a file of that name, or fetch an address.
    said = feedparser.parse(
        io.BytesIO(data[:MAX_FEED_BYTES]),
        response_headers={"content-location": url},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    found: list[tuple[str, str]] = []
    told: dict[str, tuple[MediaLink, ...]] = {}
    for entry in said.entries[:MAX_ADDRESSES]:
        address = urls.canonical(str(entry["link"]), url) if entry.get("link") else None
        if address is not None:
            found.append((address, _stamp(entry)))
            told |= {address: media} if (media := _links(url, _attached(entry))) else {}
    fault = "it is a broken feed; what could be read of it is taken" if said.bozo and not found else None
    if is_cut:
        fault = f"it is a feed of more than {MAX_FEED_BYTES >> 10} KiB; its first {len(found)} entries are taken"
    return Directory(_newest_first(found), told=told, fault=fault)


def _attached(entry: feedparser.FeedParserDict) -> Iterator[tuple[MediaKind, str]]:
    """Yield the media that come with an entry, as an enclosure or as Media RSS has it."""
    for one in (*entry.get("enclosures", ()), *entry.get("media_content", ())):
        said = str(one.get("medium") or one.get("type") or "").partition("/")[0]
        kind = _KINDS.get(said)
        if kind is not None:
            yield kind, str(one.get("href") or one.get("url") or "")


def _up_to(body: bytes, size: int) -> Iterator[bytes]:
    for piece in _unpacked(body):
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _stamp(entry: feedparser.FeedParserDict) -> str:
    """Return when an entry was changed, so that later is greater; "" when it does not say."""
    at = entry.get("published_parsed") or entry.get("updated_parsed")
    return "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}".format(*at[:6]) if at else ""


def _newest_first(found: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the addresses once each; a sweep's budget then goes to what is new. W3C dates sort as text."""
    return tuple(dict.fromkeys(address for address, _at in sorted(found, key=lambda one: one[1], reverse=True)))


def _is_lines(head: str) -> bool:
    lines = head.split("\n")[:-1] or [head]  # the last line may be cut
    said = [line.strip() for line in lines if line.strip()]
    return bool(said) and all(urlsplit(line).scheme in ("http", "https") and " " not in line for line in said)


def _lines(body: bytes) -> Directory:
    """Return what a text sitemap names: one address a line."""
    lines = (line.strip() for line in islice(_lines_of(_up_to(body, MAX_BYTES)), MAX_ADDRESSES))
    return Directory(tuple(dict.fromkeys(address for line in lines if line and (address := urls.canonical(line)))))


def _lines_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a text one by one: fifty megabytes of short ones would take ten times that as a list."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(errors="replace"), ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from whole
        if len(rest) > MAX_LINE:
            return
    yield rest
