"""The one Scrapy spider: it fetches what the frontier holds and hands every response to the settler."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from config import log
from config.errors import MekikiError
from crawlers import (
    answers,
    broken,
    challenge,
    equipment,
    onward,
    reading,
    render,
    road,
    settle,
    showing,
    sniff,
    streams,
    urls,
)
from crawlers.answers import Errand
from crawlers.captures import Fetched
from crawlers.course import BotChallenge, Walk
from crawlers.interface import Finding
from crawlers.manners import NETWORK_ERRORS, Manners, Unreachable, network_sentence, product, robots_rules
from crawlers.reading import Said
from crawlers.reels import Fetch, NotAFilm
from crawlers.showing import Sent
from crawlers.site_films import ANSWER, Answer, asking, taken
from crawlers.tallies import BLOCKED, UNCHANGED

HEARTBEAT_S = 10.0
PORTION = 32  # addresses read from the line at once
FEW = 16  # on their way; below it the next portion is read, so that the crawler never runs dry
SHUT_OUT_AFTER = 8  # pages in a row that the server refuses
SITE_IS_DOWN_AFTER = 5  # addresses in a row that got no answer at all
FILMS_AT_ONCE = 2  # put together or sampled: the index of each may take 150 MB
_NO_FILM: tuple[type[Exception], ...] = (NotAFilm, IgnoreRequest, *NETWORK_ERRORS)
_NO_ANSWER: tuple[type[Exception], ...] = (Unreachable, *NETWORK_ERRORS)
_NOT_SHOWN: tuple[type[Exception], ...] = (IgnoreRequest, *NETWORK_ERRORS)
_log = log.get(__name__)


@dataclass
class _Place:
    """The place of an errand on its way."""

    is_kept: bool = False  # it goes on, to a browser


class Walker(Spider):
    """Goes where the frontier says."""

    name = "mekiki"

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.heart: asyncio.Task[None] | None = None
        self.taken: dict[int, str] = {}  # role of each entry on its way
        self.settled = asyncio.Event()  # something came back
        self.closing: asyncio.Task[None] | None = None  # kept, or the loop may drop it half done
        self.films = asyncio.Semaphore(FILMS_AT_ONCE)

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> "Walker":
        """Make the spider as Scrapy asks for it, and listen for faults of our own."""
        made: Walker = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(made.fault, signal=signals.spider_error)
        return made

    async def start(self) -> AsyncIterator[Any]:
        """Yield requests for what stands in line, portion by portion, until nothing is left or on its way."""
        self.heart = asyncio.ensure_future(self._beat())
        while True:
            self.settled.clear()
            portion = self._portion()
            for one in portion:
                yield self.request(one)
            if not self.taken:
                return
            if not portion or len(self.taken) >= FEW:
                await self.settled.wait()

    def _portion(self) -> list[Errand]:
        if len(self.taken) >= FEW or self.walk.stopped_by is not None:
            return []
        portion = self.walk.settler.next(self.taken, PORTION)
        self.taken |= {one.entry_id: one.role for one in portion}
        return portion

    @contextlib.contextmanager
    def _coming_back(self, one: Errand) -> Iterator["_Place"]:
        """Give up the errand's place when it is settled, and end the sweep when settling it finds a reason to."""
        place = _Place()
        try:
            with self._stopping():
                yield place
        finally:
            if not place.is_kept:
                self.taken.pop(one.entry_id, None)
                self.settled.set()

    async def _unchanged(self, one: Errand, response: Response) -> None:
        await self.walk.batch.add(answers.Answer(one, road.described(one.url, response), is_unchanged=True))
        self.walk.tell()

    def request(self, one: Errand) -> Request:
        """Return the request for an address; media come before further pages, so that findings complete."""
        is_page = one.role == "page"
        shows_film = urls.page_of_film(one.url)  # a page whose film only a tool finds
        meta: dict[str, Any] = {"hosts": self.walk.source.hosts()} if is_page else road.media_meta(self.walk.limits)
        if shows_film is not None:
            meta = asking(self.walk.source.media.extractors)
        return Request(
            shows_film or one.url,
            callback=self.page if is_page else self.medium,
            errback=self.failed,
            cb_kwargs={"one": one},
            priority=-one.depth if is_page else 10,
            meta=meta,
            headers=dict(one.conditions) if is_page else _shown_on(one) | dict(one.conditions),
            dont_filter=True,
        )

    async def page(self, response: Response, one: Errand) -> AsyncIterator[Request]:
        """Keep a page and read it: its media and what it leads to stand in line afterwards.

        What scripts seem to make is shown by a browser first.
        """
        with self._coming_back(one) as place:
            self._heard()
            if _stands(one, response):
                await self._unchanged(one, response)
                self.walk.tally.add(UNCHANGED)
                return
            fetched = await road.fetched(one.url, response, self.walk.blobs)
            sheet = road.sheet(response.url, response.body, fetched)
            said = await self.walk.patience.read(sheet)
            if self._wants_browser(sheet.url, said):
                assert said.finding is not None
                place.is_kept = True
                yield self._opened(response, one, Sent(fetched, sheet.url, said.finding))
            else:
                await self._settle(one, fetched, said.trouble, said.finding)

    def _wants_browser(self, url: str, said: Said) -> bool:
        is_read = said.finding is not None
        return not said.is_directory and self.walk.memory.wants(url, is_read=is_read, is_shell=said.is_shell)

    async def _settle(self, one: Errand, fetched: Fetched, trouble: str | None, finding: Finding | None) -> None:
        """Keep a page and what it says; stop where it shuts us out."""
        self.walk.tally.page(one.url, fetched.status, finding, trouble)
        await self.walk.batch.add(answers.Answer(one, fetched, finding, trouble))
        self.walk.tell()
        self._stop_when_shut_out(one, fetched.status, trouble)

    def _stop_when_shut_out(self, one: Errand, status: int, trouble: str | None) -> None:
        """Hand a site that shuts us out to a person: at its challenge, or when it has refused page after page."""
        self.walk.shut_in_a_row = self.walk.shut_in_a_row + 1 if status in challenge.SHUT else 0
        if self.walk.shut_in_a_row == SHUT_OUT_AFTER:
            trouble = f"{reading.BLOCK}it has refused {SHUT_OUT_AFTER} pages in a row with status {status}"
            self.walk.tally.add(BLOCKED, f"{one.url}: {trouble}")
        if trouble and trouble.startswith(reading.BLOCK):
            raise BotChallenge(
                f"{one.url} shuts us out; open it in a browser and ask the site, or disable the source. "
                f"{_sentence(trouble.removeprefix(reading.BLOCK))}"
            )

    def _opened(self, response: Response, one: Errand, sent: Sent) -> Request:
        """Return the request that has a browser show a page we have; it waits for its host's turn like any other."""
        manners = self.crawler.get_downloader_middleware(Manners)
        assert manners is not None
        visit = equipment.visit(response, self.walk.source, self.walk.limits, manners)
        return Request(
            response.url, callback=self.shown, errback=self.not_shown, cb_kwargs={"one": one, "sent": sent},
            meta={"visit": visit}, priority=20, dont_filter=True,
        )  # fmt: skip

    async def shown(self, response: Response, one: Errand, sent: Sent) -> None:
        """Keep a page as the browser showed it, when it says more than the page as sent."""
        with self._coming_back(one):
            visit = response.meta["visit"]
            dom = response.text.encode("utf-8", errors="replace")
            said = await self.walk.patience.read(road.sheet(response.url, dom, sent.fetched, is_shown=True))
            finding = said.finding and showing.with_films(said.finding, visit.films)
            helped = finding is not None and render.gained(sent.finding, finding)
            self.walk.memory.learn(sent.url, helped=helped)
            if helped or said.trouble or self.walk.memory.mode == "browser":
                fetched = showing.kept(sent, dom, visit, self.walk.blobs)
            else:
                fetched, finding = showing.in_vain(sent, dom, visit), sent.finding
            await self._settle(one, fetched, said.trouble, finding)

    async def not_shown(self, failure: Failure) -> None:
        """Keep a page as it was sent: the browser could not show it."""
        request: Request = failure.request  # type: ignore[attr-defined]
        one, sent = request.cb_kwargs["one"], request.cb_kwargs["sent"]
        with self._coming_back(one):
            if not isinstance(failure.value, _NOT_SHOWN):
                self.stop(failure.value or RuntimeError("a fault without an error"))
                return
            _log.info("not shown by the browser", url=one.url, says=str(failure.value))
            self.walk.memory.learn(sent.url, helped=False)
            await self._settle(one, sent.fetched, None, sent.finding)

    async def medium(self, response: Response, one: Errand) -> None:
        """Keep a medium; put one together first when it is a playlist."""
        with self._coming_back(one):
            self._heard()
            if _stands(one, response):
                await self._unchanged(one, response)
                return
            trouble: str | None = None
            if ANSWER in response.meta:
                await self._site_film(response.meta[ANSWER], one)
                return
            if reading.is_no_answer(response.status):
                fetched = await road.fetched(one.url, response, self.walk.blobs)
                trouble = reading.answered(response.status)
            elif sniff.mime(response.body) in streams.PLAYLISTS:
                try:
                    async with self.films:
                        fetched = await streams.assemble(
                            one.url, response, self._road(one), self.walk.blobs, self.walk.limits
                        )
                except _NO_FILM as wrong:
                    fetched = await road.fetched(one.url, response, self.walk.blobs)
                    trouble = str(wrong)
            else:
                fetched = await road.fetched(one.url, response, self.walk.blobs)
                if sniff.media_kind(fetched.mime) is None:
                    trouble = f"it is {fetched.mime}, no picture, film or sound"
            await self.walk.batch.add(answers.Answer(one, fetched, trouble=trouble))
            self.walk.tally.medium(one.url, trouble)
            self.walk.tell()

    async def _site_film(self, answer: Answer, one: Errand) -> None:
        try:
            fetched = await taken(one.url, answer, self._road(one), self.walk.blobs, self.walk.limits)
        except _NO_FILM as wrong:
            self.walk.settler.close(one, "failed", str(wrong))
            self.walk.tally.medium(one.url, str(wrong))
        else:
            await self.walk.batch.add(answers.Answer(one, fetched))
            self.walk.tally.medium(one.url, None)
        self.walk.tell()

    def _road(self, one: Errand) -> Fetch:
        """Return the road for the pieces of a medium; they say which page shows it, as the medium itself did."""

        async def fetch(url: str, headers: dict[str, str], max_bytes: int | None = None) -> Response:
            meta = road.media_meta(self.walk.limits, max_bytes)
            request = Request(url, headers=_shown_on(one) | headers, meta=meta, dont_filter=True)
            assert self.crawler.engine is not None
            return await self.crawler.engine.download_async(request)

        return fetch

    async def failed(self, failure: Failure) -> None:
        """Settle an address of which nothing came; stop when the site has gone silent."""
        request: Request = failure.request  # type: ignore[attr-defined]
        one: Errand = request.cb_kwargs["one"]
        with self._coming_back(one):
            error = failure.value
            assert isinstance(error, Exception)
            if isinstance(error, IgnoreRequest) and not isinstance(error, Unreachable):
                limit = request.meta.get("download_maxsize", self.walk.limits.max_page_bytes)
                says = broken.refusal(error, limit)
                self.walk.settler.close(one, "refused", says)
                self.walk.tally.refused(request.url, says, request.meta)
            elif isinstance(error, DownloadCancelledError):
                await self._too_large(one)
            elif broken.sentence(error) is not None:
                self._heard()
                self.walk.settler.close(one, "failed", network_sentence(one.url, error))
                self.walk.tally.add("address without an answer", network_sentence(one.url, error))
            elif isinstance(error, _NO_ANSWER):
                says = str(error) if isinstance(error, Unreachable) else network_sentence(request.url, error)
                self._no_answer(one, request.url, says)
            else:
                self.stop(error)
            self.walk.tell()

    async def _too_large(self, one: Errand) -> None:
        """Take a medium that is too large for one response in ranges; whatever else is too large is refused."""
        if one.role == "page":
            says = f"it is larger than the limit of {self.walk.limits.max_page_bytes} bytes"
            self.walk.settler.close(one, "refused", says)
            self.walk.tally.refused(one.url, says, {})
            return
        says = f"it is larger than the limit of {road.media_meta(self.walk.limits)['download_maxsize']} bytes"
        self._heard()
        try:
            async with self.films:
                fetched = await streams.sample(one.url, self._road(one), self.walk.blobs, self.walk.limits)
        except _NO_FILM as wrong:
            self.walk.settler.close(one, "refused", f"{says}, and {wrong}")
            self.walk.tally.refused(one.url, says, {})
        else:
            await self.walk.batch.add(answers.Answer(one, fetched))
            self.walk.tally.medium(one.url, None)

    def _no_answer(self, one: Errand, asked: str, says: str) -> None:
        self.walk.settler.close(one, "failed", says)
        self.walk.tally.add("address without an answer", f"{one.url}: {says}")
        if urls.host(asked) not in self.walk.source.hosts():
            return  # a silent picture host, or one that a redirect leads to, does not mean that the site is down
        self.walk.silent.append((one, says))
        if len(self.walk.silent) >= SITE_IS_DOWN_AFTER:
            raise self.walk.site_down()

    def _heard(self) -> None:
        self.walk.has_answered = True
        self.walk.silent.clear()

    def robots_kept(self, host: str) -> tuple[int, bytes] | None:
        """Return what this sweep already knows of a host's robots.txt."""
        kept = self.walk.settler.robots_kept(settle.robots_url(host))
        return None if kept is None else (kept[0], self.walk.blobs.get(kept[1]))

    def robots_seen(self, host: str, response: Response) -> None:
        """Keep a robots.txt as evidence of what we were allowed, and go to the host's sitemaps."""
        with self._stopping():
            kept = road.stored(settle.robots_url(host), response, self.walk.blobs)
            rules = robots_rules(response.status, response.body, product(self.crawler.settings["USER_AGENT"]))
            self.walk.settler.robots(kept, onward.sitemaps(self.walk.source, host, rules.sitemaps))

    def fault(self, failure: Failure) -> None:
        """Remember a fault of our own; the sweep ends with it instead of going on half blind."""
        self.stop(failure.value or RuntimeError("a fault without an error"))

    def stop(self, error: BaseException) -> None:
        """End the sweep because of `error`, the first one counts."""
        if self.walk.stopped_by is None:
            self.walk.stopped_by = error
        engine = self.crawler.engine
        if engine is not None and engine.spider is not None:
            self.closing = asyncio.ensure_future(_closed(engine))

    @contextlib.contextmanager
    def _stopping(self) -> Iterator[None]:
        try:
            yield
        except MekikiError as error:
            self.stop(error)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.walk.settler.beat()
            self._write_tally()

    def _write_tally(self) -> None:
        self.walk.tally.manners(self.crawler.stats.get_stats())
        with self.walk.settler.transaction() as session:
            self.walk.tally.write(session, self.walk.settler.sweep_id)

    def closed(self, reason: str) -> None:
        """Let the heart stop with the spider."""
        if self.heart is not None:
            self.heart.cancel()
        if self.walk.silent and not self.walk.has_answered and self.walk.stopped_by is None:
            self.walk.stopped_by = self.walk.site_down()
        self.walk.was_interrupted = reason == "shutdown" and self.walk.stopped_by is None
        with self._stopping():
            self._write_tally()
        _log.info("sweep closed", source=self.walk.source.id, reason=reason)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _shown_on(one: Errand) -> dict[str, str]:
    return {} if one.shown_on is None else {"Referer": urls.origin(one.shown_on) + "/"}


def _stands(one: Errand, response: Response) -> bool:
    """Say whether the address itself answered that what it was asked about has not changed."""
    return response.status == 304 and bool(one.conditions) and urls.canonical(response.url) == one.url


async def _closed(engine: Any) -> None:
    with contextlib.suppress(RuntimeError):  # it is closing already
        await engine.close_spider_async(reason="stopped")
