"""Manners: robots.txt obeyed and kept, one request at a time per host with its delay, Retry-After honoured.

Both parts are downloader middlewares nearest to the network, so redirects, media, segments and retries meet them too.
"""

import asyncio
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from protego import Protego
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from twisted.internet.error import ConnectError as TwistedConnectError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.web.client import ResponseFailed

from config import clock
from crawlers import broken, transcript, unguarded, urls
from crawlers.guard import Guard

LONGEST_WAIT_S = 900.0  # a host that asks for more is left alone in this sweep
MAX_CRAWL_DELAY_S = 120.0  # a larger Crawl-delay is honoured as this: a sweep has an end
ROBOTS_BYTES = 512 * 1024  # RFC 9309, section 2.5: at least 500 KiB are to be parsed
MAX_PACKINGS = 4  # Content-Encodings of one body; each may unpack to the limit
_AGENT = re.compile(r"\s*user[-\s]*agent(?:\s*:|\s+)([^#]*)", re.IGNORECASE)
_STRANGER = "User-agent: somebody-else"
ROBOTS_MOST = 4 * ROBOTS_BYTES  # a larger one is refused, and its host with it
_ALLOW_ALL = Protego.parse("")
_DENY_ALL = Protego.parse("User-agent: *\nDisallow: /")


class Refused(IgnoreRequest):  # type: ignore[misc,unused-ignore]
    """We do not fetch this, by a rule of ours or of theirs; str() says which."""


class Unreachable(IgnoreRequest):  # type: ignore[misc,unused-ignore]
    """The host does not answer; str() says how."""


NETWORK_ERRORS: tuple[type[Exception], ...] = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    OSError,
    TwistedConnectError,
    ConnectionDone,
    ConnectionLost,
    ResponseFailed,
    *broken.UNREADABLE,
)
_SAYS: tuple[tuple[type[Exception], str], ...] = (
    (CannotResolveHostError, "has no address"),
    (DownloadConnectionRefusedError, "refuses the connection"),
    (DownloadTimeoutError, "did not answer in time"),
    (DownloadCancelledError, "sends more than the limit"),
    (DownloadFailedError, "broke the connection before it had answered"),
)


def network_sentence(url: str, error: Exception) -> str:
    """Return in plain words how a host failed to answer."""
    usual = next((words for kind, words in _SAYS if isinstance(error, kind)), f"broke the connection ({error})")
    return f"{urls.origin(url)} {broken.sentence(error) or usual}"


class Pace:
    """When the next request to a host may start. Pure but for the clock handed in."""

    def __init__(self, delay_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.delay_s = delay_s
        self._own: dict[str, float] = {}  # host -> a longer delay its robots.txt asks for
        self._free_at: dict[str, float] = {}
        self._monotonic = monotonic

    def slow_down(self, host: str, delay_s: float) -> None:
        """Keep at least this long between two requests to the host."""
        self._own[host] = max(self.delay_s, min(delay_s, MAX_CRAWL_DELAY_S))

    def hold(self, host: str, seconds: float) -> None:
        """Start nothing on the host for so long."""
        self._free_at[host] = max(self._free_at.get(host, 0.0), self._monotonic() + seconds)

    def turn(self, host: str) -> float:
        """Take the host's next turn and return how many seconds from now it comes."""
        at = self._monotonic()
        start = max(at, self._free_at.get(host, 0.0))
        self._free_at[host] = start + self._own.get(host, self.delay_s)
        return start - at

    def held_for(self, host: str) -> float:
        """Return for how many seconds nothing may start on the host."""
        return max(0.0, self._free_at.get(host, 0.0) - self._monotonic())


def retry_after_s(value: str | None) -> float | None:
    """Return how many seconds a Retry-After header asks for (seconds or an HTTP date), or None when it says nothing."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value.strip())
    try:
        return max(0.0, (parsedate_to_datetime(value) - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None


def robots_rules(status: int, body: bytes, agent: str) -> Protego:
    """Return the rules of a robots.txt response, as RFC 9309 section 2.3.1 reads the status."""
    if 200 <= status < 300:
        return Protego.parse(_for_us(body[:ROBOTS_BYTES].decode("utf-8", errors="replace"), agent))
    return _DENY_ALL if status >= 500 or status == 429 else _ALLOW_ALL


def _for_us(text: str, agent: str) -> str:
    """Return a robots.txt in which everybody who is neither we nor "*" is one and the same stranger.

    Every rule is kept once for each agent above it: half a megabyte of agents and rules would take gigabytes.
    """
    return "\n".join(_STRANGER if _is_strangers(line, agent.lower()) else line for line in text.splitlines())


def _is_strangers(line: str, agent: str) -> bool:
    found = _AGENT.match(line)
    name = "" if found is None else found[1].strip().lower().replace("*", "")
    return name != "" and name not in agent


def product(user_agent: str) -> str:
    """Return the token a robots.txt addresses us by: "mekiki" of "mekiki/0.1 (+https://...)"."""
    return user_agent.split("/")[0].strip()


class Manners:
    """Asks robots.txt, waits for the host's turn, and listens when a host asks for time."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.agent = crawler.settings["USER_AGENT"]
        self.pace = Pace(crawler.settings.getfloat("MEKIKI_DELAY_S"))
        self.ignored: frozenset[str] = crawler.settings["MEKIKI_ROBOTS_IGNORED_ON"]  # asked and kept, not obeyed
        self.rules: dict[str, asyncio.Task[Protego]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> "Manners":
        """Make the middleware as Scrapy asks for it."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let the request pass when robots.txt allows it and its host's turn has come."""
        host = urls.origin(request.url)
        if not request.meta.get("is_robots"):
            if not await self.allows(request.url):
                raise Refused(f"robots.txt of {host} does not allow it{self._undecided()}")
            self.crawler.stats.inc_value("mekiki/robots.txt allowed")
        held = self.pace.held_for(host)
        if held > LONGEST_WAIT_S:
            raise Refused(f"{host} asks to be left alone for {held:.0f} s")
        wait = self.pace.turn(host)
        if wait > 0:
            await asyncio.sleep(wait)
        transcript.begun(request)

    def process_response(self, request: Request, response: Response) -> Response:
        """Keep the headers as they came, and hold the host when it asks for time."""
        request.meta["received"] = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ]
        transcript.answered(request, response)
        if response.status in (429, 503):
            asked = retry_after_s((response.headers.get("Retry-After") or b"").decode("latin-1"))
            if asked is not None or response.status == 429:
                self.crawler.stats.inc_value("mekiki/asked to wait")
                self.crawler.stats.inc_value("mekiki/seconds asked to wait", round(asked or 0.0))
            if asked is not None:
                self.pace.hold(urls.origin(request.url), asked)
        return response

    async def allows(self, url: str) -> bool:
        """Say whether robots.txt lets us fetch an address. Raises Unreachable when it cannot be asked."""
        rules = await self._rules(urls.origin(url))
        return self._may(rules, url)

    def is_not_known_to_refuse(self, url: str) -> bool:
        """Say the same of what a page loads by itself, as far as the host was asked already."""
        task = self.rules.get(urls.origin(url))
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return True
        return self._may(task.result(), url)

    def _may(self, rules: Protego, url: str) -> bool:
        return urls.host(url) in self.ignored or bool(rules.can_fetch(url, product(self.agent)))

    def _undecided(self) -> str:
        """Return what a person is told of a host for which nobody decided not to obey robots.txt; "" where none is."""
        if not self.ignored:
            return ""
        decided = ", ".join(sorted({host.removeprefix("www.") for host in self.ignored}))
        return (
            f"; it was decided to ignore that of {decided} alone, so name this host in scope.hosts once it is decided "
            "for it too"
        )

    async def _rules(self, host: str) -> Protego:
        task = self.rules.get(host)
        if task is None:
            task = self.rules[host] = asyncio.ensure_future(self._ask(host))
        return await asyncio.shield(task)

    async def _ask(self, host: str) -> Protego:
        kept = self.crawler.spider.robots_kept(host)
        if kept is None:
            request = Request(
                f"{host}/robots.txt",
                meta={"is_robots": True, "download_maxsize": ROBOTS_MOST},
                dont_filter=True,
            )
            try:
                response = await self.crawler.engine.download_async(request)
            except NETWORK_ERRORS as error:
                raise Unreachable(network_sentence(host, error)) from error
            except IgnoreRequest as refused:
                if isinstance(refused, (Refused, Unreachable)):
                    raise
                raise Refused(f"robots.txt of {host}: {broken.refusal(refused, ROBOTS_MOST)}") from refused
            self.crawler.spider.robots_seen(host, response)
            kept = (response.status, response.body)
        status, body = kept
        rules = robots_rules(status, body, product(self.agent))
        asked = rules.crawl_delay(product(self.agent))
        if asked:
            self.pace.slow_down(host, float(asked))
        return rules


class GuardedRoad:
    """Refuses addresses before and after they are looked up, and names the reason instead of a vague network error."""

    def __init__(self, crawler: Any) -> None:
        self.guard: Guard = crawler.settings["MEKIKI_GUARD"]

    @classmethod
    def from_crawler(cls, crawler: Any) -> "GuardedRoad":
        """Make the middleware as Scrapy asks for it, and refuse a crawl that has a way around it."""
        unguarded.refuse(crawler)
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse what is no plain web address, and pages outside the source's hosts (a redirect may lead there)."""
        if "proxy" in request.meta:
            raise Refused("it asks for a proxy, behind which nothing is checked")
        wrong = self.guard.check_url(request.url)
        if wrong:
            raise Refused(wrong)
        hosts = request.meta.get("hosts")
        if hosts is not None and urls.host(request.url) not in hosts:
            raise Refused(f"it leads to {urls.host(request.url)}, which is not a host of the source")

    def process_response(self, request: Request, response: Response) -> Response:
        """Refuse what would cost too much, or break, whoever reads it next."""
        packings = b",".join(response.headers.getlist("Content-Encoding")).split(b",")
        if len(packings) > MAX_PACKINGS:
            raise Refused(f"its body is packed {len(packings)} times over")
        location = (response.headers.get("Location") or b"").decode("utf-8", errors="replace")
        if 300 < response.status < 400 and location and urls.canonical(location, request.url) is None:
            raise Refused(f"it leads to {location[:200]!r}, which is no web address")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Say that the guard refused, where the network only knows that no address was left."""
        why = self.guard.refused(request.url)
        if why and not isinstance(exception, IgnoreRequest):
            raise Refused(why) from exception
