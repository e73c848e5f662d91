"""One document fetched by the guarded, polite road, to try a source's file on it. Keeps nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config import clock
from config.errors import MekikiError
from config.settings import Crawl
from crawlers import challenge, chromium, directories, equipment, extract, looks, render, road, spiders, urls
from crawlers.manners import Manners, Unreachable, network_sentence
from crawlers.page import Page
from crawlers.render import Memory
from crawlers.sources import Limits, Source


class NotFetched(MekikiError):
    """The page to try a source on could not be fetched."""


@dataclass(frozen=True)
class Document:
    """What an address answered, as it came."""

    url: str  # canonical, after redirects
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    seen_at: datetime | None = None  # when it was fetched; None: not known, and "3 days ago" is no date
    films: tuple[str, ...] = ()  # that a player asked for while a browser showed it
    note: str = ""  # a sentence: whether a browser showed it, or would be needed

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

    def __init__(self, url: str, source: Source, limits: Limits, memory: Memory) -> None:
        super().__init__()
        self.url, self.source, self.limits, self.memory = url, source, limits, memory
        self.document: Document | None = None
        self.trouble = "nothing came"

    async def start(self) -> AsyncIterator[Any]:
        yield Request(self.url, callback=self.seen, errback=self.failed, dont_filter=True)

    def robots_kept(self, _host: str) -> None:
        """Nothing is kept."""

    def robots_seen(self, _host: str, _response: Response) -> None:
        """Nothing is kept."""

    async def seen(self, response: Response) -> AsyncIterator[Request]:
        if response.status >= 400:
            self.trouble = _refusal(response, self.source)
            return
        where = urls.canonical(response.url) or response.url
        self.document = Document(where, response.body, tuple(response.meta.get("received", ())), clock.now())
        if self._wants_browser(self.document):
            manners = self.crawler.get_downloader_middleware(Manners)
            assert manners is not None
            meta = {"visit": equipment.visit(response, self.source, self.limits, manners)}
            yield Request(response.url, callback=self.shown, errback=self.not_shown, meta=meta, dont_filter=True)
        elif self.memory.missed:
            note = f"It seems to need a browser, and there is none that works; {chromium.NEXT_STEP}."
            self.document = replace(self.document, note=note)

    def _wants_browser(self, document: Document) -> bool:
        if directories.read(document.body, document.url) is not None:
            return False
        try:
            page = document.page
            read = extract.read_page(spiders.reader(self.source), page, self.source)
            is_shell = render.is_shell(page, read, self.memory.mode)
            return self.memory.wants(page.url, is_read=True, is_shell=is_shell)
        except extract.UnreadablePage:
            return False

    async def shown(self, response: Response) -> None:
        visit = response.meta["visit"]
        self.document = Document(
            urls.canonical(response.url) or response.url,
            response.text.encode("utf-8", errors="replace"),
            (("Content-Type", "text/html; charset=utf-8"),),
            clock.now(),
            films=tuple(visit.films),
            note=f"Shown by {visit.shown_by}.",
        )

    def not_shown(self, failure: Failure) -> None:
        assert self.document is not None
        self.document = replace(self.document, note=f"Read as it was sent: {failure.value}.")

    def failed(self, failure: Failure) -> None:
        error = failure.value
        assert isinstance(error, Exception)
        if isinstance(error, IgnoreRequest) and not isinstance(error, Unreachable):
            self.trouble = str(error)  # a rule of ours or of theirs
            return
        how = str(error) if isinstance(error, Unreachable) else network_sentence(self.url, error)
        self.trouble = f"{how}; check the address, and that this machine reaches the site"


def _refusal(response: Response, source: Source) -> str:
    """Return what an error's answer means, and what a person does about it."""
    answered, received = f"the server answered {response.status}", tuple(response.meta.get("received", ()))
    page = Page.of(response.url, response.body, received)
    block = challenge.sign(page, response.status, received, source.expect.blocked_if)
    if block:
        return f"{answered}, and the page {block}; open it in a browser and ask the site"
    if response.status in looks.GONE:
        return f"{answered}; take an address that is there"
    if response.status >= 500:
        return f"{answered}; try again later"
    return f"{answered}; open it in a browser and see what the site asks for"


def fetch(crawl: Crawl, source: Source, url: str) -> Document:
    """Return what an address answers now. Starts a reactor: once a process. Raises NotFetched."""
    where = urls.canonical(url)
    if where is None:
        raise NotFetched(f'"{url}" is no web address; write it whole, like "https://example.com/item/1".')
    limits, memory = source.within(crawl), Memory(source.fetch.render)
    with equipment.taken_along(crawl, limits, memory.mode) as taken:
        memory.has_browser = taken.has_browser
        process = road.process(crawl, limits, source.source.languages, equipment=taken.settings)
        spider = road.run(process, _OneDocument, url=where, source=source, limits=limits, memory=memory)
    assert isinstance(spider, _OneDocument)
    if spider.document is None:
        raise NotFetched(f"{where} could not be fetched: {spider.trouble}.")
    return spider.document
