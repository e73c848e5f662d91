"""What a page's own script draws the offer from: __NEXT_DATA__ and its like, read as JSON within limits. Pure.

Such data also holds what the page recommends, so a thing is believed only when it has the page's title, or the page's
address holds its id.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

from crawlers.page import Page
from crawlers.structured import Said

MAX_CHARACTERS = 2_000_000  # of one block; a larger one is not looked at
MAX_NODES = 50_000  # of all blocks together
MAX_DEPTH = 40
MAX_BLOCKS = 20
_ASSIGNED = re.compile(
    r"(?:window\.|self\.|globalThis\.)?(?:__[A-Z][A-Z0-9_]{3,40}__|__(?:INITIAL|PRELOADED|APOLLO)_[A-Z]{2,20}"
    r"|(?:initial|preloaded)State)\s*=\s*(?=[{\[])"
)
Node = Mapping[str, Any]

_TITLES = ("name", "title", "productname", "itemname", "goodsname")
_PRICES = ("price", "saleprice", "currentprice", "sellingprice", "priceamount", "finalprice")
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currencyid")
_CONDITIONS = ("condition", "itemcondition", "productcondition")
_STOCKS = ("availability", "stockstatus", "salestatus", "status", "itemstatus")
_SELLERS = ("seller", "shop", "store", "merchant", "vendor", "owner", "user")
_PICTURES = ("images", "photos", "gallery", "pictures", "media", "photourls", "imageurls", "image")
_LARGEST = (
    "original",
    "originalsrc",
    "full",
    "fullsize",
    "zoom",
    "xlarge",
    "large",
    "contenturl",
    "src",
    "url",
    "href",
)
_IDS = ("id", "itemid", "productid", "goodsid", "slug", "handle", "code", "sku", "asin")
_MADE = ("publishedat", "createdat", "created", "listedat", "datepublished", "opentime")
_GTINS = ("gtin", "gtin13", "jan", "jancode", "ean", "barcode", "isbn")


def read(page: Page, titles: tuple[str, ...]) -> Said | None:
    """Return what the page's script data says of the offer; None when nothing there is surely this page's."""
    budget = iter(range(MAX_NODES))
    nodes = [node for block in _blocks(page) for node in _nodes(block, budget)]
    offers = [node for node in nodes if _is_offer(node)]
    known = {_squeezed(title) for title in titles if title}
    segments = {unquote(part) for part in urlsplit(page.url).path.split("/") if part}
    own = [node for node in offers if _squeezed(_word(node, _TITLES)) in known]
    own = own or [node for node in offers if {str(value) for value in _values(node, _IDS)} & segments]
    return _said(max(own, key=lambda node: (bool(_pictures(node)), len(node)))) if own else None


def _blocks(page: Page) -> Iterator[Any]:
    """Yield the data of the page's scripts that are JSON; what is broken, too large or too deep is left out."""
    scripts = page.selector.xpath("//script[not(@type='application/ld+json')]")
    found = 0
    for script in scripts:
        text = script.xpath("string()").get("")
        if len(text) > MAX_CHARACTERS:
            continue
        is_json = script.attrib.get("type", "").lower() in ("application/json", "application/hal+json")
        start = 0 if is_json else next((hit.end() for hit in _ASSIGNED.finditer(text)), None)
        if start is None:
            continue
        try:
            yield json.JSONDecoder(parse_float=Decimal).raw_decode(text[start:].lstrip())[0]
        except (ValueError, RecursionError, ArithmeticError):
            continue
        found += 1
        if found >= MAX_BLOCKS:
            return


def _nodes(value: Any, budget: Iterator[int], depth: int = 0) -> Iterator[Node]:
    """Yield every object of a block, outermost first, while the budget lasts."""
    if depth > MAX_DEPTH or next(budget, None) is None:
        return
    if isinstance(value, dict):
        yield value
        inner = list(value.values())
    else:
        inner = value if isinstance(value, list) else []
    for one in inner:
        if isinstance(one, (dict, list)):
            yield from _nodes(one, budget, depth + 1)


def _is_offer(node: Node) -> bool:
    return bool(_word(node, _TITLES)) and bool(_price(node)[0] or _pictures(node))


def _said(node: Node) -> Said:
    price, currency = _price(node)
    seller = next((value for value in _values(node, _SELLERS) if isinstance(value, Mapping)), {})
    return Said(
        voice="hydration",
        title=_word(node, _TITLES),
        seller=_word(seller, ("name", "nickname", "displayname", "shopname", "title", "username")),
        seller_page=_word(seller, ("url", "profileurl", "shopurl", "link", "href")),
        seller_id=_word(seller, ("id", "code", "sellerid", "shopid", "userid", "slug", "username")),
        price=price,
        currency=currency,
        condition=_word(node, _CONDITIONS),
        stock=_stock(node),
        brand=_word(node, ("brand", "brandname", "maker", "manufacturer")),
        sku=_word(node, ("sku", "productcode", "modelnumber", "mpn")),
        gtin=_word(node, _GTINS),
        published_at=_word(node, _MADE),
        images=tuple(_pictures(node)),
    )


def _price(node: Node) -> tuple[str, str]:
    """Return price and currency; Shopify's themes count in hundredths, and say so by naming what varies."""
    for value in _values(node, _PRICES):
        if isinstance(value, Mapping):
            inner = _word(value, ("amount", "value", "price", "current", "min"))
            if inner:
                return inner, _word(value, _CURRENCIES) or _word(node, _CURRENCIES)
        elif isinstance(value, (int, Decimal, str)) and not isinstance(value, bool) and str(value).strip():
            is_hundredths = "price_varies" in node and isinstance(value, int)
            said = str(Decimal(value) / 100) if is_hundredths else str(value).strip()
            return said, _word(node, _CURRENCIES)
    return "", ""


def _stock(node: Node) -> str:
    for name, value in node.items():
        plain = _key(name)
        if plain in ("soldout", "issoldout", "isoutofstock") and isinstance(value, bool):
            return "sold out" if value else "in stock"
        if plain in ("instock", "isinstock", "available", "isavailable", "availableforsale") and isinstance(
            value, bool
        ):
            return "in stock" if value else "sold out"
    return _word(node, _STOCKS)


def _pictures(node: Node) -> list[str]:
    """Return the pictures of the first field that holds some, each in its largest form."""
    for value in _values(node, _PICTURES):
        found = [address for one in (value if isinstance(value, list) else [value]) if (address := _picture(one))]
        if found:
            return found
    return []


def _picture(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value if re.match(r"(?:https?:)?/|\w[\w/.-]*\.(?:jpe?g|png|webp|avif|gif)", value) else ""
    if isinstance(value, Mapping) and depth < 3:
        by_key = {_key(name): one for name, one in value.items()}
        candidates = (_picture(by_key[name], depth + 1) for name in (*_LARGEST, "image", "node") if name in by_key)
        return next(filter(None, candidates), "")
    return ""


def _values(node: Node, names: tuple[str, ...]) -> list[Any]:
    by_key = {_key(name): value for name, value in node.items()}
    return [by_key[name] for name in names if by_key.get(name) not in (None, "", [], {})]


def _word(node: Node, names: tuple[str, ...]) -> str:
    """Return the first of these fields as text; of an object its name."""
    for value in _values(node, names):
        inner = (
            next(iter(_values(value, ("name", "label", "value", "title"))), "") if isinstance(value, Mapping) else value
        )
        if isinstance(inner, (str, int, Decimal)) and not isinstance(inner, bool):
            return str(inner).strip()[:500]
    return ""


def _key(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _squeezed(title: str) -> str:
    return re.sub(r"\s+", "", title).casefold()
