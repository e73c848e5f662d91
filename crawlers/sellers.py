"""Who offers a thing, by what stays the same when the shop is renamed: a registered number, the seller's page, its id.

Two sellers are one only when the same identity says so; a name alone is none. Pure.
"""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawlers import urls

MAX_IDENTITY = 300  # characters
# Parameters that say whose page it is; all others say which part of it is looked at.
_WHOSE = re.compile(
    r"^(?:id|(?:seller|shop|store|user|member|merchant|vendor|mid|uid|sid)(?:_?(?:id|no|name|code))?|[mu])$", re.I
)
# The parts of a seller's own page.
_PARTS = re.compile(
    r"/(?:items?|products?|goods|listings?|reviews?|ratings?|feedback|profile|about|info|contact|all|home|top"
    r"|index\.(?:html?|php))/?$", re.IGNORECASE
)  # fmt: skip
# Registered numbers: Japan's invoice and corporate numbers, tax and VAT numbers.
_NUMBER = re.compile(r"^[A-Z]{0,3}[ -]?\d[\d -]{6,18}[A-Z]?$")


def identity(page_url: str, *, seller_page: str = "", seller_id: str = "", number: str = "") -> str | None:
    """Return who sells on a page, as a key that does not change with the displayed name; None when nothing says it.

    `number` is a registered number of the seller, `seller_page` an address, `seller_id` an id within the site.
    """
    plain = re.sub(r"[ -]", "", number.strip().upper())
    if _NUMBER.match(number.strip().upper()):
        return f"registered {plain}"
    home = of_page(seller_page, page_url)
    if home:
        return home[:MAX_IDENTITY]
    if re.fullmatch(r"[\w.:@-]{1,100}", seller_id.strip()):
        return f"{_site(page_url)} seller {seller_id.strip()}"[:MAX_IDENTITY]
    return None


def of_page(seller_page: str, page_url: str) -> str | None:
    """Return the place of a seller's page without its parts, tabs and sort orders.

    The front page of the very site is nobody's on a marketplace, so it is no identity.
    """
    where = urls.canonical(seller_page, page_url) if seller_page else None
    if where is None:
        return None
    parts = urlsplit(where)
    path = parts.path.rstrip("/")
    while path.count("/") > 1 and _PARTS.search(path):
        path = _PARTS.sub("", path)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if _WHOSE.match(name)])
    if not path and not query and _site(where) == _site(page_url):
        return None
    if where == page_url:
        return None
    return f"{_site(where)}{path}{'?' + query if query else ''}"


def of_shop(page_url: str) -> str:
    """Return who sells on a site that is one shop."""
    return _site(page_url)


def _site(url: str) -> str:
    netloc = urlsplit(url).netloc.rpartition("@")[2].lower()
    return netloc.removeprefix("www.").removeprefix("m.")
