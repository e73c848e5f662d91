"""One document fetched by the guarded, polite road, to try a source's file on it. Keeps nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config import clock
from config.errors import MekikiError
from config.settings import Crawl
from crawlers import road, urls
from crawlers.manners import network_sentence
from crawlers.page import Page
from crawlers.sources import Source


class NotFetched(MekikiError):
    """The page to try a source on could not be fetched."""


@dataclass(frozen=True)
class Document:
    """What an address answered, as it came."""

    url: str  # canonical, after redirects
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    seen_at: datetime | None = None  # when it was fetched; None: not known, and "3 days ago" is no date

    @property
    def page(self) -> Page:
        """The document as a page."""
        return Page.of(self.url, self.body, self.headers, seen_at=self.seen_at)

    @property
    def content_type(self) -> str:
        """What the server said it is; "" when it did not say."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")


class _OneDocument(Spider):
    name = "mekiki-tryout"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.document: Document | None = None
        self.trouble = "nothing came"

    async def start(self) -> AsyncIterator[Any]:
        yield Request(self.url, callback=self.seen, errback=self.failed, dont_filter=True)

    def robots_kept(self, _host: str) -> None:
        """Nothing is kept."""

    def robots_seen(self, _host: str, _response: Response) -> None:
        """Nothing is kept."""

    async def seen(self, response: Response) -> None:
        if response.status >= 400:
            self.trouble = f"the server answered {response.status}"
            return
        where = urls.canonical(response.url) or response.url
        self.document = Document(where, response.body, tuple(response.meta.get("received", ())), clock.now())

    def failed(self, failure: Failure) -> None:
        error = failure.value
        assert isinstance(error, Exception)
        self.trouble = str(error) if isinstance(error, IgnoreRequest) else network_sentence(self.url, error)


def fetch(crawl: Crawl, source: Source, url: str) -> Document:
    """Return what an address answers now. Starts a reactor: once a process. Raises NotFetched."""
    where = urls.canonical(url)
    if where is None:
        raise NotFetched(f'"{url}" is no web address; write it whole, like "https://example.com/item/1".')
    process = road.process(crawl, source.within(crawl), source.source.languages)
    spider = road.run(process, _OneDocument, url=where)
    assert isinstance(spider, _OneDocument)
    if spider.document is None:
        raise NotFetched(f"{where} could not be fetched: {spider.trouble}.")
    return spider.document
