"""What a page says in a machine's language: JSON-LD, microdata and OpenGraph, brought to one shape. Pure.

Only these three syntaxes are asked: RDFa costs eighty times as much and no shop of this field speaks it alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import extruct
from lxml.etree import LxmlError

Voice = Literal["selector", "jsonld", "microdata", "opengraph", "heuristic"]
Node = Mapping[str, object]
MAX_DEPTH = 12  # of nested nodes; a hostile page may nest for ever


@dataclass(frozen=True)
class Said:
    """What one voice of a page says. "" and () mean that it does not say."""

    voice: Voice
    title: str = ""
    uploader: str = ""
    seller: str = ""
    price: str = ""
    currency: str = ""
    brand: str = ""
    sku: str = ""
    published_at: str = ""
    attribution: str = ""
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()


_THINGS = frozenset({"Product", "ProductGroup", "IndividualProduct", "VideoObject", "Movie", "TVEpisode", "Article",
                     "NewsArticle", "BlogPosting", "SocialMediaPosting", "DiscussionForumPosting", "ImageObject",
                     "ImageGallery", "Book", "Chapter", "ComicIssue", "ComicStory", "CreativeWork"})  # fmt: skip


def read(html: str, url: str) -> list[Said]:
    """Return what the page says, the most trusted voice first; [] when its markup cannot be read."""
    try:
        found = extruct.extract(
            html, base_url=url, syntaxes=["json-ld", "microdata", "opengraph"], errors="ignore", uniform=False
        )
    except (LxmlError, ValueError, RecursionError):  # markup no parser takes: the other voices still speak
        return []
    nodes = [node for top in found.get("json-ld", []) for node in _nodes(top)]
    micro = [node for top in found.get("microdata", []) for node in _nodes(_plain(top))]
    voices = [_thing(nodes, "jsonld"), _thing(micro, "microdata"), _opengraph(found.get("opengraph", []))]
    return [said for said in voices if said is not None]


def _nodes(value: object, depth: int = 0) -> Iterator[Node]:
    """Yield a node and those inside "@graph", lists and "mainEntity"."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for one in value:
            yield from _nodes(one, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for key in ("@graph", "mainEntity", "itemListElement", "item", "hasVariant"):
            yield from _nodes(value.get(key), depth + 1)


def _plain(value: object, depth: int = 0) -> object:
    """Return a microdata item in the shape of JSON-LD."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, Mapping) and "properties" in value:
        properties = value["properties"]
        plain: dict[str, object] = {"@type": value.get("type", "")}
        if isinstance(properties, Mapping):
            plain |= {str(name): _plain(one, depth + 1) for name, one in properties.items()}
        return plain
    return value


def _types(node: Node) -> set[str]:
    declared = node.get("@type")
    names = declared if isinstance(declared, list) else [declared]
    return {str(name).rpartition("/")[2].rpartition("#")[2] for name in names if name}


def _thing(nodes: list[Node], voice: Voice) -> Said | None:
    """Return what the page's things say; products before films before the rest, each filling what is still open."""
    things = [node for node in nodes if _types(node) & _THINGS]
    if not things:
        return None
    things.sort(key=lambda node: 0 if _types(node) & {"Product", "ProductGroup", "IndividualProduct"} else 1)
    offers = [offer for thing in things for offer in _offers(thing)]
    videos = [thing for thing in things if "VideoObject" in _types(thing)]
    return Said(
        voice=voice,
        title=_any(things, "name", "headline"),
        uploader=_any(things, "author", "creator", "uploader"),
        seller=_any(offers, "seller", "offeredBy") or _any(things, "seller"),
        price=_price(offers),
        currency=_any(offers, "priceCurrency") or _any(_specifications(offers), "priceCurrency"),
        brand=_any(things, "brand", "manufacturer"),
        sku=_any(things, "sku", "productID", "mpn"),
        published_at=_any(things, "uploadDate", "datePublished", "dateCreated"),
        attribution=_any(things, "creditText", "copyrightNotice"),
        images=tuple(_addresses([value for thing in things for value in _of(thing, "image", "contentUrl")
                                 if "VideoObject" not in _types(thing)])),
        videos=tuple(_addresses([value for thing in videos for value in _of(thing, "contentUrl")])),
    )  # fmt: skip


def _of(node: Node, *names: str) -> list[object]:
    return [value for name in names if (value := node.get(name))]


def _offers(thing: Node) -> list[Node]:
    offers = thing.get("offers")
    listed = offers if isinstance(offers, list) else [offers]
    return [offer for offer in listed if isinstance(offer, Mapping)]


def _specifications(offers: list[Node]) -> list[Node]:
    found = (offer.get("priceSpecification") for offer in offers)
    flat = [one for each in found for one in (each if isinstance(each, list) else [each])]
    return [one for one in flat if isinstance(one, Mapping)]


def _price(offers: list[Node]) -> str:
    return _any(offers, "price", "lowPrice") or _any(_specifications(offers), "price", "minPrice")


def _any(nodes: list[Node], *names: str) -> str:
    """Return the first of these properties that any node has, as text; the name of a node inside."""
    for name in names:
        for node in nodes:
            words = _text(node.get(name))
            if words:
                return words
    return ""


def _text(value: object, depth: int = 0) -> str:
    if depth > MAX_DEPTH:
        return ""
    if isinstance(value, list):
        return next(filter(None, (_text(one, depth + 1) for one in value)), "")
    if isinstance(value, Mapping):
        return _text(value.get("name") or value.get("@value"), depth + 1)
    return str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _addresses(values: list[object], depth: int = 0) -> list[str]:
    found: list[str] = []
    for value in values if depth <= MAX_DEPTH else []:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += _addresses(value, depth + 1)
        elif isinstance(value, Mapping):
            found += _addresses(_of(value, "contentUrl", "url")[:1], depth + 1)
    return found


def _opengraph(found: list[Mapping[str, object]]) -> Said | None:
    pairs: dict[str, list[str]] = {}
    for block in found:
        properties = block.get("properties")
        for name, value in properties if isinstance(properties, list) else []:
            if isinstance(value, str) and value.strip():
                pairs.setdefault(str(name), []).append(value.strip())
    if not pairs:
        return None

    def one(*names: str) -> str:
        return next((pairs[name][0] for name in names if name in pairs), "")

    films = [*pairs.get("og:video:secure_url", []), *pairs.get("og:video:url", []), *pairs.get("og:video", [])]
    return Said(
        voice="opengraph",
        title=one("og:title"),
        price=one("product:price:amount", "og:price:amount"),
        currency=one("product:price:currency", "og:price:currency"),
        brand=one("product:brand", "og:brand"),
        published_at=one("article:published_time", "video:release_date", "og:video:release_date"),
        images=tuple(pairs.get("og:image", []) or pairs.get("og:image:url", [])),
        videos=tuple(film for film in films if not film.endswith((".swf", ".html"))),
    )
