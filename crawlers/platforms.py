"""Shop software that many shops run: where its catalogue is, and which offers and further pages it names. Pure.

A catalogue only leads to offers: what is kept of an offer is its own page, which a buyer sees and a notice can name.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from crawlers import structured, urls
from crawlers.interface import Platform
from crawlers.page import Page

PER_PAGE = {"shopify": 250, "woocommerce": 100}  # the most that one page of the catalogue may name
MAX_PAGES = 100  # of one catalogue: Shopify ends there at 25,000 offers, a hostile one never
_SHOPIFY_PAGE = re.compile(r"^(?P<list>(?:/[a-z]{2}(?:-[a-z]{2})?)?(?:/collections/[^/]+)?)/products\.json$")
_WOOCOMMERCE_PATH = "/wp-json/wc/store/v1/products"


def catalogue(page: Page, platform: Platform | None) -> tuple[str, ...] | None:
    """Return where a list of a known platform leads: its offers, then its next page. None: it is no such list."""
    if platform == "schema.org":
        return _listed(page)
    if platform is None:
        return None
    path = urlsplit(page.url).path
    is_api = _SHOPIFY_PAGE.match(path) if platform == "shopify" else path.endswith(_WOOCOMMERCE_PATH)
    if is_api:
        return _of_api(page, platform)
    return None if _is_offer(page, platform) else (first(page.url, platform), *page.links("a[href]"))


def first(url: str, platform: Platform) -> str:
    """Return the first page of the catalogue that holds what an address of a shop lists."""
    parts = urlsplit(url)
    if platform == "shopify":
        collection = re.match(r"(?:/[a-z]{2}(?:-[a-z]{2})?)?/collections/[^/]+", parts.path)
        return _page(url, f"{collection[0] if collection else ''}/products.json", "shopify")
    return _page(url, _WOOCOMMERCE_PATH, "woocommerce")


def _page(url: str, path: str, platform: str, number: int = 1) -> str:
    size = "limit" if platform == "shopify" else "per_page"
    parts = urlsplit(url)
    asked = urlencode([(size, PER_PAGE[platform]), ("page", number)])
    made = urlunsplit((parts.scheme, parts.netloc, path, asked, ""))
    return urls.canonical(made) or made


def _is_offer(page: Page, platform: Platform) -> bool:
    path = urlsplit(page.url).path
    if platform == "shopify":
        return re.search(r"/products/[^/]+/?$", path) is not None
    return bool(
        page.selector.css("body.single-product, .product.type-product .summary, [itemtype$='schema.org/Product']")
    )


def _of_api(page: Page, platform: Platform) -> tuple[str, ...]:
    offers = [_offer(one, page.url, platform) for one in _items(page.html, platform)]
    found = [address for address in offers if address]
    if not found:
        return ()
    asked = dict(parse_qsl(urlsplit(page.url).query))
    number = int(asked["page"]) if asked.get("page", "").isdecimal() else 1
    further = [_page(page.url, urlsplit(page.url).path, platform, number + 1)] if number < MAX_PAGES else []
    addresses = (urls.canonical(address, page.url) for address in (*found, *further))
    return tuple(dict.fromkeys(address for address in addresses if address))


def _items(text: str, platform: Platform) -> list[Mapping[str, Any]]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):  # a shop that closed its catalogue answers with a page
        return []
    listed = said.get("products") if platform == "shopify" and isinstance(said, dict) else said
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _offer(one: Mapping[str, Any], url: str, platform: Platform) -> str | None:
    """Return the address of the page on which a buyer sees an offer."""
    if platform == "woocommerce":
        link = one.get("permalink")
        return link if isinstance(link, str) else None
    handle = one.get("handle")
    return (
        urljoin(url, f"/products/{handle}") if isinstance(handle, str) and re.fullmatch(r"[\w%.-]+", handle) else None
    )


def _listed(page: Page) -> tuple[str, ...] | None:
    """Return where a page's ItemList leads, and its own next page; None where it lists nothing."""
    offers = page.absolute(structured.item_links(page))
    further = page.links("a[rel~=next], link[rel~=next]::attr(href)")
    return tuple(dict.fromkeys((*offers, *further))) if len(offers) > 1 else None
