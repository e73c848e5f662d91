"""Every photograph of an offer, once each in its largest form, and none of what the page merely recommends. Pure.

The structured data of a page often names one photograph where its gallery shows ten. The gallery is the largest part of
the page around a named photograph that leads nowhere but to pictures.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml.html import HtmlElement
from parsel import Selector

from crawlers.page import PICTURE_FILE, Page, media_address

MAX_CLIMB = 12  # elements from a photograph up to its gallery
MAX_PHOTOGRAPHS = 200  # of one offer
# Where shops keep the large form beside the small one: zooms, lightboxes, WooCommerce, old Amazon.
_LARGE = ("data-large_image", "data-large-image", "data-zoom-image", "data-zoom", "data-zoom-src", "data-hires",
          "data-old-hires", "data-full", "data-fullsize", "data-original", "data-image", "data-src-large")  # fmt: skip
_SIZES = re.compile(
    r"[-_.@](?:\d{2,4}x\d{0,4}|x\d{2,4}|\d{2,4}w|[23]x|pico|icon|thumb(?:nail)?|small|compact|medium|large|grande"
    r"|master|sq)(?:_crop_\w+)?(?=\.\w{3,4}$)", re.IGNORECASE
)  # fmt: skip
_SIZE_PARAMETERS = frozenset({"w", "h", "width", "height", "size", "q", "quality", "fit", "crop", "format", "fm",
                              "auto", "dpr", "resize", "sw", "sh", "sm"})  # fmt: skip


def photographs(page: Page, named: Sequence[str]) -> tuple[str, ...]:
    """Return the photographs that the page's data names (absolute), then the rest of the gallery they stand in."""
    known = {same(address) for address in named}
    found: list[str] = list(named)
    seen: set[HtmlElement] = set()
    for image in page.selector.css("body img, body a[href]"):
        if any(same(address) in known for address in page.absolute(_forms(image))):
            gallery = _gallery(page, image)
            if gallery.root not in seen:
                seen.add(gallery.root)
                found += _shown(page, gallery)
    return largest(found)[:MAX_PHOTOGRAPHS]


def same(address: str) -> str:
    """Return an address without what only says how large the picture is."""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() not in _SIZE_PARAMETERS]
    path = _SIZES.sub("", parts.path)
    return urlunsplit(("", parts.netloc, path, urlencode(query), ""))


def largest(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return one address a picture: of several sizes the largest, in the order in which the pictures came."""
    best: dict[str, str] = {}
    for address in addresses:
        key = same(address)
        if key not in best or _pixels(address) > _pixels(best[key]):
            best[key] = address
    return tuple(best.values())


def _pixels(address: str) -> float:
    """Return how wide an address says its picture is; without a size it is the whole picture."""
    parts = urlsplit(address)
    sizes = [value for name, value in parse_qsl(parts.query) if name.lower() in ("w", "width", "size", "sw")]
    named = _SIZES.search(parts.path)
    written = [*sizes, *re.findall(r"\d+", named[0] if named else "")]
    numbers = [float(size) for size in written if size.isdigit() and len(size) < 6]
    if numbers:
        return numbers[0]
    return 0.0 if named else float("inf")


def _forms(element: Selector) -> list[str]:
    """Return the addresses under which an element shows or links its picture, the largest first."""
    attributes = element.attrib
    if element.root.tag == "a":
        linked = attributes.get("href", "")
        return [linked] if PICTURE_FILE.search(linked) else []
    large = [attributes[name] for name in _LARGE if PICTURE_FILE.search(attributes.get(name, ""))]
    shown = media_address(element)
    return [*large, *([shown] if shown else [])]


def _gallery(page: Page, image: Selector) -> Selector:
    """Return the largest element around a picture that leads to no other page and holds no heading."""
    best = image
    for above in image.xpath("ancestor::*[not(self::body or self::html or self::main)]")[::-1][:MAX_CLIMB]:
        if above.xpath(".//h1") or any(not _stays(page, link) for link in above.xpath(".//a/@href").getall()):
            break
        best = above
    return best


def _stays(page: Page, link: str) -> bool:
    address = link.strip()
    if not address or address.startswith(("#", "javascript:")) or PICTURE_FILE.search(address):
        return True
    return page.absolute([address]) == (page.url,)


def _shown(page: Page, gallery: Selector) -> tuple[str, ...]:
    elements = gallery.xpath("descendant-or-self::*[self::img or self::a]")
    return page.absolute(forms[0] for element in elements if (forms := _forms(element)))
