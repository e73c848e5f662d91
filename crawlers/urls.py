"""Addresses of pages and media: one canonical spelling each, its short hash, and the place it stands for."""

import functools
import hashlib
import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, url_query_cleaner

# Parameters that say where a visitor came from and never what is shown.
TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_ga|_gl|mkt_tok|vero_id)$",
    re.IGNORECASE,
)
MAX_LENGTH = 8_000  # characters; most servers refuse a longer line, and a page may name a million of them
_FILM = "#film"  # no canonical address has a fragment
_USUAL_PORTS = {"http": 80, "https": 443}
# An address that is spelt the one way already: nothing to quote, to sort, to drop or to resolve. Most links of most
# pages are, and looking at them once costs a twentieth of taking them apart.
_ORIGIN = r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,9}(?::(?!80/|443/)(?:[1-9][0-9]{1,3}|[1-5][0-9]{4}))?"
_PATH = r"/(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?"
_PLAIN = re.compile(_ORIGIN + _PATH)
_PLAIN_PATH = re.compile(_PATH)
_PLAIN_HOST = re.compile(r"https?://([a-z0-9.-]+)(?::[0-9]{1,5})?(?=[/?#]|$)")


def canonical(url: str, base: str = "") -> str | None:
    """Return the one spelling of a web address: no fragment, no tracking, parameters in order.

    Returns None for what is no web address (data:, javascript:, mailto:, nonsense), or one that no server takes.
    """
    if len(url) > MAX_LENGTH:
        return None
    if _PLAIN.fullmatch(url):
        return url
    if _PLAIN_PATH.fullmatch(url) and (root := _root(base)):
        return root + url
    return _respelt(url, base)


@functools.lru_cache(maxsize=256)
def _root(base: str) -> str | None:
    """Return the origin that a path on the host of `base` is put behind; None when `base` is no web address."""
    whole = _respelt("/", base)
    return whole and whole.removesuffix("/")


def _respelt(url: str, base: str) -> str | None:
    try:
        absolute = urljoin(base, url.strip())
        parts = urlsplit(absolute)
        if parts.scheme.lower() not in _USUAL_PORTS or not parts.hostname:
            return None
        if parts.port == _USUAL_PORTS[parts.scheme.lower()]:  # .port raises on one that is no number
            absolute = absolute.replace(parts.netloc, parts.netloc.rpartition(":")[0], 1)
        tracking = [name for name in _parameter_names(parts.query) if TRACKING.match(name)]
        if tracking:
            absolute = url_query_cleaner(absolute, tracking, remove=True, unique=False)
        respelt = canonicalize_url(absolute)
        return respelt if len(respelt) <= MAX_LENGTH else None
    except ValueError:  # an address no parser agrees on, for instance "http://[::1"
        return None


def _parameter_names(query: str) -> list[str]:
    return [pair.partition("=")[0] for pair in query.split("&")]


def url_hash(url: str) -> str:
    """Return the blake2b-128 of a canonical address, in hex."""
    return hashlib.blake2b(url.encode(), digest_size=16).hexdigest()


def place(url: str) -> str:
    """Return the place a canonical address stands for: the address without its scheme, at most 500 characters.

    A longer address is cut and ends in its hash, so that two long addresses stay two places.
    """
    whole = urlunsplit(("", *urlsplit(url)[1:])).removeprefix("//")
    return whole if len(whole) <= 500 else f"{whole[:467]}~{url_hash(url)}"


def host(url: str) -> str:
    """Return the lower-case host name of an address, without port; "" when it has none."""
    plain = _PLAIN_HOST.match(url)
    return plain[1] if plain else (urlsplit(url).hostname or "").lower()


def origin(url: str) -> str:
    """Return scheme, host and port of an address, as robots.txt and politeness count them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def film_of(page: str) -> str:
    """Return the address under which the one film of a page is kept, when only a tool can say where it lies."""
    return f"{page}{_FILM}"


def page_of_film(address: str) -> str | None:
    """Return the page of an address that `film_of` made; None for every other address."""
    return address.removesuffix(_FILM) if address.endswith(_FILM) else None
