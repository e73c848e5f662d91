"""A page as saved: its address and its markup, with the few ways every reader needs to look at it. Pure."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from lxml import etree
from parsel import Selector
from w3lib.encoding import html_to_unicode

from crawlers import markup, needles, urls

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
MAX_TEXT = 20_000  # characters of visible text that are kept
MAX_SRCSET = 20_000  # characters
PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:$|\?)", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,4})?)[wx](?=,|$)")
_PSEUDO = re.compile(r"::(?:text|attr\([^)]*\))")
_SPACE = re.compile(r"[ \t\r\f\v\u00a0\u3000]+")
_ODD_SPACE = re.compile(r"[\t\r\f\v\u00a0\u3000]|  ")  # what the one above would make something else of
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
        try:
            html = html_to_unicode(content_type, body, default_encoding="utf-8")[1]
        except (LookupError, ValueError):  # a codec of Python's that is no charset of any page: "hex", "idna"
            html = body.decode("utf-8", errors="replace")
        return cls(url, html, seen_at)

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
            line = node[: 10 * MAX_TEXT].strip()
            if not line:
                continue
            if _ODD_SPACE.search(line):
                line = _SPACE.sub(" ", line)
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
        for found in self._found(css) if css else ():
            words = found.root if isinstance(found.root, str) else " ".join(found.root.itertext())
            words = _SPACE.sub(" ", words.replace("\n", " ")).strip()
            if words:
                return words
        return ""

    def _found(self, css: str) -> Sequence[Selector]:
        """Return what a selector finds; only those of its branches are asked of the tree that may find anything."""
        if css not in self._answers:
            wanted = needles.able(css, self._hay)
            self._answers[css] = self.selector.css(wanted) if wanted else ()
        return self._answers[css]

    @cached_property
    def _answers(self) -> dict[str, Sequence[Selector]]:
        return {}  # several readers ask a page the same

    @cached_property
    def _hay(self) -> needles.Hay:
        return needles.Hay(self.html)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What `once` keeps as long as the page."""
        return {}

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
                continue
            link = found.root if found.root.tag == "a" else next(found.root.iter("a"), None)
            if link is not None and "href" in link.attrib:
                addresses.append(link.attrib["href"])
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


def once(read: Callable[Concatenate[Page, Asked], Answer]) -> Callable[Concatenate[Page, Asked], Answer]:
    """Keep what is read off a page as long as the page: several readers ask the same."""

    @wraps(read)
    def kept(page: Page, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        key = (read, args, *kwargs.items())
        if key not in page.kept:
            page.kept[key] = read(page, *args, **kwargs)
        answer: Answer = page.kept[key]
        return answer

    return kept


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
