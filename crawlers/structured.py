"""What a page says in a machine's language: JSON-LD, microdata and OpenGraph, brought to one shape. Pure.

Only these three syntaxes are asked: RDFa costs eighty times as much and no shop of this field speaks it alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import extruct
from lxml.etree import LxmlError

from crawlers import urls
from crawlers.page import Page, once

Voice = Literal["selector", "jsonld", "microdata", "opengraph", "hydration", "heuristic"]
Node = Mapping[str, object]
MAX_DEPTH = 12  # of nested nodes; a hostile page may nest for ever
_MACHINE_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,4})?")


@dataclass(frozen=True)
class Said:
    """What one voice of a page says. "" and () mean that it does not say."""

    voice: Voice
    title: str = ""
    uploader: str = ""
    seller: str = ""
    seller_page: str = ""
    seller_id: str = ""  # within the site
    seller_number: str = ""  # a registered one, as of a tax office
    price: str = ""
    highest: str = ""  # of a range of prices
    currency: str = ""
    condition: str = ""
    stock: str = ""
    brand: str = ""
    sku: str = ""
    gtin: str = ""
    published_at: str = ""
    attribution: str = ""
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()


_THINGS = frozenset({"Product", "ProductGroup", "IndividualProduct", "VideoObject", "Movie", "TVEpisode", "Article",
                     "NewsArticle", "BlogPosting", "SocialMediaPosting", "DiscussionForumPosting", "ImageObject",
                     "ImageGallery", "Book", "Chapter", "ComicIssue", "ComicStory", "CreativeWork"})  # fmt: skip
_PRODUCTS = frozenset({"Product", "ProductGroup", "IndividualProduct", "ProductModel"})
_LISTS = frozenset({"ItemList", "CollectionPage", "OfferCatalog", "SearchResultsPage", "BreadcrumbList"})


def _extracted(page: Page, syntaxes: list[str]) -> dict[str, list[Any]]:
    """Return what the syntaxes say; microdata is left out where its things nest deeper than any page's.

    The time it takes grows with the third power of the depth: a thousand things in each other take minutes.
    """
    tree = page.selector.root
    if tree.xpath(f"boolean(//*[@itemscope][count(ancestor::*[@itemscope]) > {MAX_DEPTH}])"):
        syntaxes = [syntax for syntax in syntaxes if syntax != "microdata"]
    found: dict[str, list[Any]] = extruct.extract(
        tree, base_url=page.url, syntaxes=syntaxes, errors="ignore", uniform=False
    )
    return found


@once
def read(page: Page) -> list[Said]:
    """Return what the page says, the most trusted voice first; [] when its markup cannot be read."""
    try:
        found = _extracted(page, ["json-ld", "microdata", "opengraph"])
    except (LxmlError, ValueError, RecursionError):  # markup no parser takes: the other voices still speak
        return []
    nodes = [node for top in found.get("json-ld", []) for node in _nodes(top)]
    micro = [node for top in found.get("microdata", []) for node in _nodes(_plain(top))]
    voices = [
        _thing(_of_this_page(nodes, page.url), "jsonld"),
        _thing(_of_this_page(micro, page.url), "microdata"),
        _opengraph(found.get("opengraph", [])),
    ]
    return [said for said in voices if said is not None]


def item_links(page: Page) -> list[str]:
    """Return where the things lead that a page lists as schema.org ItemList; [] when it is no such list."""
    try:
        found = _extracted(page, ["json-ld", "microdata"])
    except (LxmlError, ValueError, RecursionError):
        return []
    tops = [*found.get("json-ld", []), *(_plain(top) for top in found.get("microdata", []))]
    nodes = [node for top in tops for node in _nodes(top)]
    lists = [node for node in nodes if "ItemList" in _types(node)]
    listed = {id(inner) for node in lists for inner in _nodes(_listed(node))}
    if any(_types(node) & _PRODUCTS and id(node) not in listed for node in nodes):
        return []  # an offer's page that also recommends others
    return [address for one in lists for address in _leads_to([_listed(one)])]


def _listed(node: Node) -> list[object]:
    entries = node.get("itemListElement")
    listed = entries if isinstance(entries, list) else [entries]
    return [one.get("item") if isinstance(one, Mapping) and one.get("item") else one for one in listed]


def _of_this_page(nodes: list[Node], url: str) -> list[Node]:
    """Return the nodes without the products that the page only recommends or lists, for their pictures are not its own.

    The page's product is the one that names its address, else the first that stands in no list. A list alone has none,
    unless it is a list of one.
    """
    products = [node for node in nodes if _types(node) & _PRODUCTS]
    if len(products) < 2:
        return nodes
    listed = {id(inner) for node in nodes if _types(node) & _LISTS for inner in _nodes(_listed(node))}
    own = [node for node in products if id(node) not in listed]
    named = [
        node for node in own if url in map(urls.canonical, _leads_to([node, *_of(node, "mainEntityOfPage", "offers")]))
    ]
    main = (named or own)[:1]
    kept = {id(inner) for node in main for inner in _nodes(node)}
    return [node for node in nodes if not _types(node) & _PRODUCTS or id(node) in kept]


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
    things.sort(key=lambda node: 0 if _types(node) & _PRODUCTS else 1)
    offers = [offer for thing in things for offer in _offers(thing)]
    sellers = _sellers(offers) or _sellers(things)
    prices = _prices(offers)
    videos = [thing for thing in things if "VideoObject" in _types(thing)]
    return Said(
        voice=voice,
        title=_any(things, "name", "headline"),
        uploader=_any(things, "author", "creator", "uploader"),
        seller=_only(sellers, "name", "legalName"),
        seller_page=next(iter(_leads_to([*sellers])), "") if len(sellers) == 1 else "",
        seller_id=_only(sellers, "identifier"),
        seller_number=_only(sellers, "vatID", "taxID", "leiCode"),
        price=prices[0],
        highest=prices[-1] if len(prices) > 1 else _any(offers, "highPrice"),
        currency=_any(offers, "priceCurrency") or _any(_specifications(offers), "priceCurrency"),
        condition=_any([*offers, *things], "itemCondition"),
        stock=_stock(offers),
        brand=_any(things, "brand", "manufacturer"),
        sku=_any(things, "sku", "productID", "mpn"),
        gtin=_any([*things, *offers], "gtin13", "gtin", "gtin8", "gtin12", "gtin14", "isbn"),
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


def _prices(offers: list[Node]) -> list[str]:
    """Return the prices of the offers, lowest first when all are plain numbers of one currency; [""] without any."""
    prices = [words for offer in offers if (words := _any([offer], "price", "lowPrice") or _specified([offer]))]
    one_currency = len({_any([offer], "priceCurrency") for offer in offers}) == 1
    if len(set(prices)) > 1 and one_currency and all(_MACHINE_NUMBER.fullmatch(price) for price in prices):
        return sorted(set(prices), key=float)
    return prices[:1] or [""]


def _specified(offers: list[Node]) -> str:
    """Return the price of the specifications: not the struck one, where they say which is which."""
    found = _specifications(offers)
    asked = [
        one for one in found if not _text(one.get("priceType")).endswith(("ListPrice", "StrikethroughPrice", "SRP"))
    ]
    return _any(asked or found, "price", "minPrice")


def _sellers(nodes: list[Node]) -> list[Node]:
    """Return who sells, once each; a seller that is only named becomes a node with that name."""
    found: dict[str, Node] = {}
    for value in [value for node in nodes for value in _of(node, "seller", "offeredBy")]:
        for one in value if isinstance(value, list) else [value]:
            node = one if isinstance(one, Mapping) else {"name": one}
            found.setdefault(_text(node.get("url")) or _text(node), node)
    return list(found.values())


def _only(sellers: list[Node], *names: str) -> str:
    """Return what is said of the seller; nothing when several sell, for then it is nobody's in particular."""
    return _any(sellers, *names) if len(sellers) == 1 else ""


def _stock(offers: list[Node]) -> str:
    """Return the availability that most helps a buyer: one variant in stock means that the thing can be had."""
    said = [words for offer in offers if (words := _any([offer], "availability"))]
    return next((words for words in said if words.endswith("InStock")), said[0] if said else "")


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


def _leads_to(values: list[object], depth: int = 0) -> list[str]:
    """Return the addresses of pages that nodes name as their own."""
    found: list[str] = []
    for value in values if depth <= MAX_DEPTH else []:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            found += _leads_to(value, depth + 1)
        elif isinstance(value, Mapping):
            found += _leads_to(_of(value, "url", "@id")[:1], depth + 1)
    return [address for address in found if address.startswith(("http://", "https://", "/"))]


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
        condition=one("product:condition", "og:condition"),
        stock=one("product:availability", "og:availability"),
        gtin=one("product:ean", "product:isbn", "product:upc"),
        sku=one("product:retailer_item_id"),
        brand=one("product:brand", "og:brand"),
        published_at=one("article:published_time", "video:release_date", "og:video:release_date"),
        images=tuple(pairs.get("og:image", []) or pairs.get("og:image:url", [])),
        videos=tuple(film for film in films if not film.endswith((".swf", ".html"))),
    )
