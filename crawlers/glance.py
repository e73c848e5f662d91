"""A glance: a few watched pages and their media fetched by the guarded, polite road, in a child process. Keeps nothing.

A process of its own because a reactor runs once a process, and a look must leave nothing behind but its answer.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config import log
from config.blobs import BlobStore
from config.errors import MekikiError
from config.settings import Crawl
from crawlers import chromium, equipment, looks, road, showing, site_films, sniff, streams, urls
from crawlers.interface import Finding
from crawlers.manners import NETWORK_ERRORS, Manners, network_sentence
from crawlers.patience import Patience
from crawlers.reading import Said, Sheet
from crawlers.reels import NotAFilm
from crawlers.render import Memory
from crawlers.sources import Identity, Limits, Scope, Source

MAX_SHOWN = 40  # other media of the page that are compared with what was asked to go
CHILD_MINUTES = 30
NO_BROWSER = f"its scripts make the page, and there is no browser that works; {chromium.NEXT_STEP}"
_TROUBLE: tuple[type[Exception], ...] = (IgnoreRequest, NotAFilm, *NETWORK_ERRORS)


class GlanceFailed(MekikiError):
    """The child that looks at watched places died."""

    permanent = False


@dataclass(frozen=True)
class Target:
    """One watched page and the media it was seen with."""

    url: str
    media_urls: tuple[str, ...]
    source: Source | None = None  # whose reader knows the page; None: any page's


@dataclass(frozen=True)
class Seen:
    """What one address answered."""

    url: str
    final_url: str
    status: int | None = None  # None: no answer
    blob: str | None = None  # sha256 of the medium, put together from its playlist where it is one; None: no medium
    error: str | None = None  # why there is no answer, or no medium


@dataclass(frozen=True)
class Look:
    """What a page and its media looked like."""

    page: Seen
    media: tuple[Seen, ...] = ()  # the watched addresses, in order
    shown: tuple[Seen, ...] = ()  # other media the page shows now


def glance(crawl: Crawl, targets: Sequence[Target]) -> list[Look]:
    """Return a look at each target, in order. Raises GlanceFailed when the child dies."""
    if not targets:
        return []
    asked = {
        "crawl": crawl.model_dump(mode="json"),
        "targets": [
            {"url": one.url, "media": one.media_urls, "source": _source(one).model_dump(mode="json")} for one in targets
        ],
    }
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "crawlers.glance"], input=json.dumps(asked), capture_output=True, text=True,
            timeout=CHILD_MINUTES * 60 * len(targets), check=True,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as died:
        last = (str(died.stderr or "").strip().splitlines() or [str(died)])[-1]
        raise GlanceFailed(f"Looking again at {targets[0].url} failed ({last}); it is tried again later.") from died
    return [
        Look(Seen(**one["page"]), tuple(Seen(**seen) for seen in one["media"]), tuple(Seen(**s) for s in one["shown"]))
        for one in json.loads(ended.stdout)
    ]


def _source(target: Target) -> Source:
    if target.source is not None:
        return target.source
    return Source(source=Identity(id="any-page", name="Any page", kind="page"), scope=Scope(seeds=(target.url,)))


class Glancer(Spider):
    """Fetches the targets' pages, then their media."""

    name = "mekiki-glance"

    def __init__(self, targets: list[Target], limits: Limits, blobs: BlobStore, *, has_browser: bool) -> None:
        super().__init__()
        self.targets, self.limits, self.blobs, self.has_browser = targets, limits, blobs, has_browser
        self.looks: dict[int, Look] = {}
        self.patience: dict[str, Patience] = {}  # by source

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for every page."""
        for number, target in enumerate(self.targets):
            yield Request(
                target.url, callback=self.seen, errback=self.failed, cb_kwargs={"number": number}, dont_filter=True
            )

    def robots_kept(self, _host: str) -> None:
        """A glance asks every host's robots.txt anew."""

    def robots_seen(self, _host: str, _response: Response) -> None:
        """A glance keeps nothing."""

    async def seen(self, response: Response, number: int) -> AsyncIterator[Request]:
        """Look at the page's media: those watched, and those it shows now; in a browser where its scripts make it."""
        target = self.targets[number]
        where = urls.canonical(response.url) or response.url
        page = Seen(target.url, where, response.status)
        if response.status >= 400 or target.source is None:
            await self._look(number, page, [])
            return
        said = await self._read(target.source, _sheet(response, response.body))
        memory = Memory(target.source.fetch.render, self.has_browser)
        if memory.wants(where, is_read=said.finding is not None, is_shell=said.is_shell):
            manners = self.crawler.get_downloader_middleware(Manners)
            assert manners is not None
            yield Request(
                response.url, callback=self.shown, errback=self.not_shown, dont_filter=True,
                meta={"visit": equipment.visit(response, target.source, self.limits, manners)},
                cb_kwargs={"number": number, "page": page},
            )  # fmt: skip
        else:
            blind = NO_BROWSER if memory.missed else None
            await self._look(number, page, _media(said.finding), blind=blind or _unread(said))

    async def shown(self, response: Response, number: int, page: Seen) -> None:
        """Look at the media of a page as the browser showed it."""
        source = self.targets[number].source
        assert source is not None
        dom = response.text.encode("utf-8", errors="replace")
        said = await self._read(source, _sheet(response, dom, is_shown=True))
        finding = said.finding and showing.with_films(said.finding, response.meta["visit"].films)
        await self._look(number, page, _media(finding), blind=_unread(said))

    async def not_shown(self, failure: Failure) -> None:
        """Look at the watched media alone: the browser could not show the page."""
        request: Request = failure.request  # type: ignore[attr-defined]
        await self._look(request.cb_kwargs["number"], request.cb_kwargs["page"], [], blind=str(failure.value))

    async def _read(self, source: Source, sheet: Sheet) -> Said:
        if source.id not in self.patience:
            self.patience[source.id] = Patience(source)
        return await self.patience[source.id].read(sheet)

    def closed(self, _reason: str) -> None:
        """Let the children go that read costly pages."""
        for one in self.patience.values():
            one.close()

    async def _look(self, number: int, page: Seen, links: Sequence[str], *, blind: str | None = None) -> None:
        """Fetch the watched media and those shown; `blind` says why what the page shows is not known."""
        target = self.targets[number]
        media = [await self._medium(url, target.source) for url in target.media_urls]
        others = [url for url in links if url not in target.media_urls][:MAX_SHOWN]
        shown = [await self._medium(url, target.source) for url in others]
        if blind is not None and not any(one.blob for one in media):
            page = replace(page, status=None, error=blind)  # nobody may call gone what nobody has seen
        self.looks[number] = Look(page, tuple(media), tuple(shown))

    async def _medium(self, url: str, source: Source | None) -> Seen:
        try:
            page = urls.page_of_film(url)
            if page is not None:
                return await self._site_film(url, page, source)
            try:
                response = await self._fetch(url, {})
            except DownloadCancelledError:  # larger than the limit: sampled in the same way as when it was captured
                return await self._sampled(url)
            if response.status >= 400:
                return Seen(url, response.url, response.status)
            if sniff.mime(response.body) in streams.PLAYLISTS:
                film = await streams.assemble(url, response, self._fetch, self.blobs, self.limits)
                return Seen(url, film.final_url, film.status, film.blob)
        except _TROUBLE as trouble:
            known = isinstance(trouble, (IgnoreRequest, MekikiError))
            return Seen(url, url, error=str(trouble) if known else network_sentence(url, trouble))
        if sniff.media_kind(sniff.mime(response.body)) is None:
            return Seen(url, response.url, response.status, error="it is no picture, film or sound any more")
        return Seen(url, response.url, response.status, hashlib.sha256(response.body).hexdigest())

    async def _site_film(self, url: str, page: str, source: Source | None) -> Seen:
        if source is None or not source.media.extractors:
            raise NotAFilm("its source no longer says how to find its film")
        assert self.crawler.engine is not None
        request = Request(page, meta=site_films.asking(source.media.extractors), dont_filter=True)
        answer = (await self.crawler.engine.download_async(request)).meta[site_films.ANSWER]
        film = await site_films.taken(url, answer, self._fetch, self.blobs, self.limits)
        return Seen(url, film.final_url, film.status, film.blob)

    async def _sampled(self, url: str) -> Seen:
        try:
            film = await streams.sample(url, self._fetch, self.blobs, self.limits)
        except NotAFilm as wrong:
            raise NotAFilm(f"{urls.origin(url)} sends more than the limit, and {wrong}") from wrong
        return Seen(url, film.final_url, film.status, film.blob)

    async def _fetch(self, url: str, headers: dict[str, str], max_bytes: int | None = None) -> Response:
        assert self.crawler.engine is not None
        request = Request(url, headers=headers, meta=road.media_meta(self.limits, max_bytes), dont_filter=True)
        return await self.crawler.engine.download_async(request)

    def failed(self, failure: Failure) -> None:
        """Write down that the page gave no answer."""
        request: Request = failure.request  # type: ignore[attr-defined]
        number, error = request.cb_kwargs["number"], failure.value
        assert isinstance(error, Exception)
        says = str(error) if isinstance(error, IgnoreRequest) else network_sentence(request.url, error)
        self.looks[number] = Look(Seen(self.targets[number].url, self.targets[number].url, error=says))


def _sheet(response: Response, body: bytes, *, is_shown: bool = False) -> Sheet:
    where, received = urls.canonical(response.url) or response.url, tuple(response.meta.get("received", ()))
    return Sheet(where, body, response.status, received, sniff.mime(body), is_shown=is_shown)


def _unread(said: Said) -> str | None:
    """Return why nobody knows what a page shows; None when it was read, or says itself that nothing is there."""
    return None if said.trouble is None or said.trouble.startswith(looks.NOT_THERE) else said.trouble


def _media(finding: Finding | None) -> list[str]:
    return [] if finding is None else [link.url for link in finding.media]


def main() -> None:
    """Read the targets from stdin, look, and write the looks to stdout."""
    log.set_up(level="WARNING")  # to stderr: stdout holds the answer
    asked = json.load(sys.stdin)
    crawl = Crawl(**asked["crawl"])
    targets = [Target(one["url"], tuple(one["media"]), Source(**one["source"])) for one in asked["targets"]]
    limits = _widest([target.source.within(crawl) for target in targets if target.source is not None])
    scripted = any(one.source is not None and one.source.fetch.render != "http" for one in targets)
    with (
        tempfile.TemporaryDirectory() as scratch,
        equipment.taken_along(crawl, limits, "auto" if scripted else "http") as taken,
    ):
        process = road.process(crawl, limits, equipment=taken.settings)
        spider = road.run(
            process, Glancer, targets=targets, limits=limits, blobs=BlobStore(Path(scratch)),
            has_browser=taken.has_browser,
        )  # fmt: skip
    assert isinstance(spider, Glancer)
    nothing = [Look(Seen(target.url, target.url, error="the look was cut short")) for target in targets]
    seen = [spider.looks.get(number, nothing[number]) for number in range(len(targets))]
    json.dump([asdict(look) for look in seen], sys.stdout)


def _widest(limits: Sequence[Limits]) -> Limits:
    """Return the limits of all sources of this glance together: the longest delay, the largest sizes."""
    return limits[0].model_copy(
        update={
            "delay_s": max(one.delay_s for one in limits),
            "max_page_bytes": max(one.max_page_bytes for one in limits),
            "max_media_bytes": max(one.max_media_bytes for one in limits),
            "max_live_s": max(one.max_live_s for one in limits),
            "max_stretches": max(one.max_stretches for one in limits),
            "robots_ignored_on": frozenset[str]().union(*(one.robots_ignored_on for one in limits)),
        }
    )


if __name__ == "__main__":
    main()
