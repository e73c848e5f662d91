"""[discover] and [search]: where a site itself says what is new, and how it is asked for a work. Pure: addresses only.

What the addresses answer is read by `crawlers.directories` (sitemaps, feeds) and by the readers (lists of items).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from urllib.parse import parse_qsl, quote, quote_plus, urljoin, urlsplit

from pydantic import Field, field_validator
from w3lib.url import add_or_replace_parameters

from crawlers import urls
from crawlers.table import Table

NUMBER, QUERY = "{n}", "{query}"
MAX_NAME = 120  # characters; no site's search takes more


class Discover(Table):
    """[discover]: what a site tells of its own pages, besides the links on them."""

    sitemap: bool = False  # those its robots.txt names, else /sitemap.xml; a seed may also be a sitemap itself
    feeds: bool = False  # RSS and Atom that the seeds' pages name; a seed may also be a feed itself
    pages: str | None = None  # how a list goes on: "?page={n}" or "page/{n}/"
    first_page: int = Field(default=1, ge=0)  # the number of the list as it is without one
    page_step: int = Field(default=1, gt=0)  # 20 where {n} counts items, as in "?offset={n}"
    max_list_pages: int = Field(default=20, gt=0)  # of one list
    stop_when_seen: int | None = Field(
        default=None, gt=0
    )  # known items on a list page, after which no further is asked

    @field_validator("pages")
    @classmethod
    def _numbered(cls, pages: str | None) -> str | None:
        if pages is None or (pages.count(NUMBER) == 1 and "://" not in pages and _parts(pages) is not None):
            return pages
        raise ValueError(
            f'"{pages}" must hold {NUMBER} once, where the number goes, like "?page={NUMBER}" or "page/{NUMBER}/"'
        )

    def next_page(self, url: str) -> str | None:
        """Return the canonical address of the list page after this one; None when no further one is to be asked."""
        if self.pages is None:
            return None
        said = _number_in(url, self.pages)
        number = self.first_page if said is None else said
        if (number - self.first_page) // self.page_step + 1 >= self.max_list_pages:
            return None
        return urls.canonical(_numbered(url, self.pages, number + self.page_step))


class Search(Table):
    """[search]: the site's own search, asked for the titles and aliases of the works that are registered."""

    url: str  # holds {query}
    suffixes: tuple[str, ...] = ()  # words put behind a name, like "グッズ"; every name is asked bare first
    per_work_limit: int = Field(default=5, gt=0)  # queries of one work
    min_chars: int = Field(
        default=3, gt=0
    )  # of a name; a kana or kanji counts as two, for "銀魂" is a title and "it" is not
    max_queries: int = Field(default=100, gt=0)  # of one sweep; those asked longest ago come first
    unreleased: bool = False  # also works in production: a query tells the site that they exist

    @field_validator("url")
    @classmethod
    def _asks(cls, url: str) -> str:
        is_web = urls.canonical(url.replace(QUERY, "x")) is not None
        if url.count(QUERY) == 1 and is_web and (QUERY in urlsplit(url).path or _asking(url) is not None):
            return url
        raise ValueError(
            f'"{url}" must be a whole address that holds {QUERY} once, like "https://example.com/?q={QUERY}"'
        )

    def address(self, query: str) -> str:
        """Return the canonical address that asks for the words."""
        is_path = QUERY in urlsplit(self.url).path
        asked = self.url.replace(QUERY, quote(query, safe="") if is_path else quote_plus(query))
        return urls.canonical(asked) or asked

    def asks(self, url: str) -> bool:
        """Say whether an address is a page of the search's results, which shows other pages' pictures."""
        mine, other = urlsplit(urls.canonical(self.url.replace(QUERY, "0")) or ""), urlsplit(url)
        if mine.netloc != other.netloc:
            return False
        if QUERY in urlsplit(self.url).path:
            before, after = urlsplit(self.url).path.split(QUERY)
            return re.fullmatch(f"{re.escape(before)}[^/]+{re.escape(after)}", other.path) is not None
        return mine.path == other.path and _asking(self.url) in dict(parse_qsl(other.query, keep_blank_values=True))


@dataclass(frozen=True)
class Names:
    """What a registered work is called."""

    names: tuple[str, ...]  # its title, then its aliases
    is_unreleased: bool = False


def queries(search: Search, works: Iterable[Names]) -> list[str]:
    """Return what the site is asked, once each: every work's title, then every work's next name, and so on."""
    asked = [_of_work(search, work.names) for work in works if search.unreleased or not work.is_unreleased]
    once: dict[str, str] = {}
    for query in chain.from_iterable(zip_longest(*asked)):
        if query is not None:
            once.setdefault(query.casefold(), query)
    return list(once.values())


def _of_work(search: Search, names: Sequence[str]) -> list[str]:
    plain = (" ".join(unicodedata.normalize("NFKC", name).split()) for name in names)
    bare = [name for name in plain if search.min_chars <= _weight(name) and len(name) <= MAX_NAME]
    with_suffix = [f"{name} {suffix}" for suffix in search.suffixes for name in bare]
    return list(dict.fromkeys([*bare, *with_suffix]))[: search.per_work_limit]


def _weight(name: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in name)


def _asking(url: str) -> str | None:
    """Return the parameter of an address that holds the words asked for; None when they are no parameter's value."""
    return next((name for name, value in parse_qsl(urlsplit(url).query) if QUERY in value), None)


def _parts(template: str) -> tuple[str, str, str] | None:
    """Return the parameter that holds the number ("" in a path) and what stands before and after the number."""
    if not template.startswith("?"):
        before, after = template.split(NUMBER)
        return "", before.lstrip("./"), after
    for name, value in parse_qsl(template[1:]):
        if NUMBER in value:
            before, after = value.split(NUMBER)
            return name, before, after
    return None


def _number_in(url: str, template: str) -> int | None:
    """Return the page number an address has by the template; None when it has none."""
    name, before, after = _parts(template) or ("", "", "")
    parts = urlsplit(url)
    said = f"/{dict(parse_qsl(parts.query)).get(name, '')}" if name else parts.path
    found = re.search(rf"/{re.escape(before)}(\d{{1,9}}){re.escape(after)}$", said)
    return None if found is None else int(found[1])


def _numbered(url: str, template: str, number: int) -> str:
    """Return the address with this page number, which replaces the one it has."""
    if template.startswith("?"):
        filled = dict(parse_qsl(template[1:].replace(NUMBER, str(number))))
        return str(add_or_replace_parameters(url, filled))
    _name, before, after = _parts(template) or ("", "", "")
    parts = urlsplit(url)
    if _number_in(url, template) is not None:
        tail = rf"/{re.escape(before)}\d{{1,9}}{re.escape(after)}$"
        return parts._replace(path=re.sub(tail, f"/{before}{number}{after}", parts.path)).geturl()
    is_folder = "." not in parts.path.rpartition("/")[2]
    base = parts._replace(path=parts.path.rstrip("/") + "/").geturl() if is_folder else url
    there = urlsplit(urljoin(base, template.replace(NUMBER, str(number))))
    return there._replace(query=parts.query).geturl()
