"""A page as saved: its address and its markup, with the few ways every reader needs to look at it. Pure."""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from lxml import etree
from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawlers import markup, needles, urls

MAX_TEXT = 20_000  # characters of visible text that are kept
MAX_SRCSET = 20_000  # characters
PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:$|\?)", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)[wx](?=,|$)")
_PSEUDO = re.compile(r"::(?:text|attr\([^)]*\))")
_SPACE = re.compile(r"[ \t\r\f\v\u00a0\u3000]+")
_UNSEEN = frozenset({"script", "style", "noscript", "template", "head"})
_FEEDS = "link[rel~=alternate][type*='rss']::attr(href), link[rel~=alternate][type*='atom']::attr(href)"
_LAZY = ("data-original", "data-src", "data-lazy-src", "data-full", "data-url", "src")


@dataclass(frozen=True)
class Page:
    """What a reader gets: nothing but the saved page, so that reading it again years later says the same."""

    url: str  # canonical, after redirects
    html: str
    seen_at: datetime | None = None  # when it was visited; None: not known, and "3 days ago" is no date

    @classmethod
    def of(
        cls, url: str, body: bytes, headers: Iterable[tuple[str, str]] = (), *, seen_at: datetime | None = None
    ) -> "Page":
        """Return the page of a response, decoded as a browser would."""
        content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
        return cls(url, html_to_unicode(content_type, body, default_encoding="utf-8")[1], seen_at)

    @cached_property
    def too_much(self) -> str | None:
        """Why the page is not parsed, None when it may be."""
        return markup.objection(self.html)

    @cached_property
    def selector(self) -> Selector:
        """The page as a tree; an empty one of a page that is too much."""
        html = self.html if self.html and self.too_much is None else "<html></html>"
        with warnings.catch_warnings():  # of a tree cut off at its limits: what hostile pages are for
            warnings.simplefilter("ignore", UserWarning)
            return Selector(text=html, type="html", base_url=self.url, huge_tree=False)

    @cached_property
    def base(self) -> str:
        """What relative addresses are relative to."""
        declared = self.selector.css("base::attr(href)").get()
        return (urls.canonical(declared, self.url) if declared else None) or self.url

    @cached_property
    def text(self) -> str:
        """The visible text, one line a text node, at most 20,000 characters."""
        lines, left = list[str](), MAX_TEXT
        for node in self._words():
            line = _SPACE.sub(" ", node[: 10 * MAX_TEXT]).strip()
            if line and left > 0:
                lines.append(line)
                left -= len(line) + 1
            if left <= 0:
                break
        return "\n".join(lines)[:MAX_TEXT]

    def _words(self) -> Iterator[str]:
        """Yield the text nodes a visitor sees, in order; one by one, because a page may hold a million."""
        body = self.selector.root.find("body")
        if body is None:
            return
        walk = etree.iterwalk(body, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event == "start" and element.tag in _UNSEEN:
                walk.skip_subtree()
            elif event == "start" and element.text:
                yield element.text
            if event != "start" and element is not body and element.tail:
                yield element.tail

    def first(self, css: str | None) -> str:
        """Return the text (or attribute) the selector finds first, "" when it finds nothing."""
        if not css:
            return ""
        if css not in self._firsts:
            self._firsts[css] = self._first(css)
        return self._firsts[css]

    @cached_property
    def _firsts(self) -> dict[str, str]:
        return {}  # several readers ask a page the same

    def _first(self, css: str) -> str:
        for found in self._found(css):
            words = found.root if isinstance(found.root, str) else " ".join(found.xpath(".//text()").getall())
            words = _SPACE.sub(" ", words.replace("\n", " ")).strip()
            if words:
                return words
        return ""

    def _found(self, css: str) -> Iterable[Selector]:
        if self._is_plain and not needles.may_find(css, self.html, self._lowered):
            return ()
        found: Iterable[Selector] = self.selector.css(css)
        return found

    @cached_property
    def _lowered(self) -> str:
        return self.html.lower()

    @cached_property
    def _is_plain(self) -> bool:
        return needles.is_plain(self.html)

    def absolute(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Return the addresses in canonical form, once each, in order; what is no web address is left out."""
        found = (urls.canonical(address, self.base) for address in addresses)
        return tuple(dict.fromkeys(address for address in found if address))

    def links(self, css: str | None) -> tuple[str, ...]:
        """Return where the elements (or attributes) the selector finds lead."""
        if not css:
            return ()
        addresses: list[str] = []
        for found in self._found(css):
            if isinstance(found.root, str):
                addresses.append(found.root)
            else:
                addresses += found.xpath("(self::a | .//a)[1]/@href").getall()
        return self.absolute(addresses)

    @cached_property
    def feeds(self) -> tuple[str, ...]:
        """The RSS and Atom feeds the page names."""
        return self.absolute(self.selector.css(_FEEDS).getall())

    def leads(self, css: str | None) -> str:
        """Return where the first element leads that a selector (of it, its text or its attribute) finds; "" nowhere."""
        elements = _PSEUDO.sub("", css) if css else ""
        for found in self._found(elements) if elements else ():
            for link in found.xpath("(ancestor-or-self::a | .//a)/@href").getall():
                return next(iter(self.absolute([link])), "")
        return ""

    def sources(self, css: str | None) -> tuple[str, ...]:
        """Return the media the elements (or attributes) the selector finds show; lazy pictures by what they load."""
        if not css:
            return ()
        addresses: list[str] = []
        for found in self._found(css):
            if isinstance(found.root, str):
                addresses.append(found.root)
                continue
            shown = found.xpath("descendant-or-self::*[self::img or self::video or self::audio or self::source]")
            links = found.xpath("self::a/@href").getall()
            addresses += links or [address for element in shown if (address := media_address(element))]
        return self.absolute(addresses)


def media_address(element: Selector) -> str:
    """Return what an img, video, audio or source element loads: the largest of a srcset, the real one of a lazy one."""
    candidates = [element.attrib.get("data-srcset") or element.attrib.get("srcset") or ""]
    if element.root.tag == "img":  # a <picture> offers the same picture in further forms
        candidates += element.xpath("parent::picture/source/@data-srcset | parent::picture/source/@srcset").getall()
    best = max((one for each in candidates for one in _srcset(each)), default=(0.0, ""), key=lambda one: one[0])
    if best[1]:
        return best[1]
    attributes = element.attrib
    return next((attributes[name] for name in _LAZY if attributes.get(name) and attributes[name][:5] != "data:"), "")


def _srcset(candidates: str) -> list[tuple[float, str]]:
    """Return the candidates of a srcset with their widths or densities; an address holds commas, but ends in none."""
    found: list[tuple[float, str]] = []
    address = ""
    for token in candidates[:MAX_SRCSET].split():
        if address and (size := _SIZE.match(token)):
            found.append((float(size[1]), address))
            address = token[size.end() :].lstrip(",")
        elif address:  # it had no size
            found.append((1.0, address))
            address = token
        else:
            address = token
        if address.endswith(","):
            found.append((1.0, address.rstrip(",")))
            address = ""
    last = [(1.0, address)] if address else []
    return [(size, one) for size, one in found + last if one and not one.startswith("data:")]
