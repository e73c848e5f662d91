"""A guarded browser for pages that scripts make: it shows what we fetched, and reaches the web by the egress only.

The page itself is fetched once, by the ordinary road with its guard, robots.txt, delay and limits; the browser is
handed that answer instead of asking again, so a redirect cannot lead it anywhere. What its scripts ask for goes through
crawlers.egress. Pictures, films and fonts are not loaded: their addresses are what we want, not their bytes.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, Error, Page, Request, Route
from playwright.async_api import Response as Shown
from scrapy import Request as Wanted
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from config import log
from crawlers import chromium, urls
from crawlers.handler import Bounded
from crawlers.unguarded import Unguarded
from crawlers.visits import NotRendered, Visit

PAGES_A_CONTEXT = 50  # then a new one: memory of a long-lived one only grows
MAX_REQUESTS = 400  # of one page
MAX_TURNS = 3  # that its scripts may take to other pages of the site, while it is shown
QUIET_S = 4.0  # how long a page may take to come to rest once it is loaded
CLOSE_S = 5.0
_NOT_LOADED = frozenset({"image", "media", "font", "texttrack", "manifest", "ping", "csp_report"})
_PIECES = (".ts", ".m4s", ".mp4", ".m4v", ".webm", ".aac", ".m4a", ".mp3", ".cmfv", ".cmfa")
_FILMS = (".m3u8", ".mpd", ".mp4", ".m4v", ".webm")
_FILM_TYPES = ("mpegurl", "dash+xml", "video/mp4", "video/webm")
_LENGTH = "document.documentElement ? document.documentElement.outerHTML.length : 0"
_log = log.get(__name__)


class GuardedBrowser(Bounded, ScrapyPlaywrightDownloadHandler):  # type: ignore[misc,unused-ignore]
    """Scrapy's own handler for everything, and a Chromium for the requests that bring a Visit."""

    lazy = True

    def __init__(self, crawler: Any) -> None:
        told = crawler.settings.getdict("PLAYWRIGHT_LAUNCH_OPTIONS").get("proxy") or {}
        if not str(told.get("server", "")).startswith("http://127.0.0.1:") or told.get("bypass") != "<-loopback>":
            raise Unguarded("The browser has no egress in front of it; mekiki does not start it.")
        super().__init__(crawler)
        self._driving: asyncio.Task[None] | None = None
        self._broken: str | None = None
        self._visits = 0
        self._has_started = False
        self._barred: dict[str, BrowserContext] = {}  # in which nothing loads but what a visit watches over

    async def _launch(self) -> None:
        """Start what drives the browser, once, with the first page that needs it."""
        if self._driving is None:
            self._driving = asyncio.ensure_future(super()._launch())
        await asyncio.shield(self._driving)

    async def download_request(self, request: Wanted) -> Response:
        """Return the page as the browser shows it. Raises NotRendered, in one sentence, when it cannot."""
        visit = request.meta.get("visit")
        if visit is None:
            plain: Response = await super().download_request(request)
            return plain
        if self._broken:
            raise NotRendered(self._broken)
        try:
            async with asyncio.timeout(visit.timeout_s):
                return await self._shown(request, visit)
        except TimeoutError as slow:
            raise NotRendered(f"the browser was not done with it after {visit.timeout_s:g} s") from slow
        except Error as broken:
            says = str(broken).strip().splitlines()[0][:200]
            if visit.page is None and not self._has_started:  # one that broke over a page is started again
                self._broken = f"the browser does not start ({says}); see `mekiki doctor`"
                _log.warning("the browser does not start", says=says)
                raise NotRendered(self._broken) from broken
            raise NotRendered(f"the browser could not show it ({says})") from broken
        finally:
            self._has_started = self._has_started or visit.page is not None
            await self._tidied(visit)

    async def _shown(self, request: Wanted, visit: Visit) -> Response:
        await self._launch()
        self._visits += 1
        watch = _Watch(visit)
        request.meta.update(
            playwright=True,
            playwright_context=f"renewed-{self._visits // PAGES_A_CONTEXT}",
            playwright_context_kwargs=dict(visit.context),
            playwright_page_init_callback=self._begin,
            playwright_page_goto_kwargs={"wait_until": "domcontentloaded"},
            watch=watch,
        )
        response: Response = await super().download_request(request)
        if visit.trouble:
            raise NotRendered(visit.trouble)
        landed = urls.canonical(response.url) or response.url
        if urls.host(landed) not in visit.hosts:
            raise NotRendered(f"its scripts lead to {urls.host(landed)}, which is not a host of the source")
        is_sandboxed = "on" if self.config.launch_options.get("chromium_sandbox") else "off"
        visit.shown_by = f"Chromium {self.browser.version}, sandbox {is_sandboxed}"
        return response

    async def _begin(self, page: Page, request: Wanted) -> None:
        """Hand a new page to its watch; a window that it opens finds every road shut."""
        name = request.meta["playwright_context"]
        if self._barred.get(name) is not page.context:  # a new one, or that of a browser that was started anew
            self._barred[name] = page.context
            await page.context.route("**", _nowhere)
        await request.meta["watch"].begin(page)

    async def _apply_page_methods(self, page: Page, request: Wanted, _spider: Any) -> None:
        """Let the page come to rest. A page method would wait for every resource first, which some pages never end."""
        await request.meta["watch"].settle(page)

    async def _tidied(self, visit: Visit) -> None:
        """Close the page, whatever became of it, and the contexts whose time is over."""
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                if visit.page is not None and not visit.page.is_closed():
                    await visit.page.close()
                for name, wrapper in list(self.context_wrappers.items()):
                    context: BrowserContext = wrapper.context
                    if name != f"renewed-{(self._visits + 1) // PAGES_A_CONTEXT}" and not context.pages:
                        await context.close()
                        self._barred.pop(name, None)


@dataclass
class _Watch:
    """Decides on everything one page asks for while it is shown."""

    visit: Visit
    requests: int = 0
    turns: int = 0
    is_handed_over: bool = False
    _closing: set[asyncio.Task[None]] = field(default_factory=set)  # kept, or the loop may drop them half done

    async def begin(self, page: Page) -> None:
        """Take the page over before it is asked for anything; once more when the browser broke and was started anew."""
        self.visit.page, self.requests, self.turns, self.is_handed_over = page, 0, 0, False
        page.on("popup", self._close)
        page.on("response", self._note)
        await page.route("**", self.decide)

    def _close(self, popup: Page) -> None:
        task = asyncio.ensure_future(popup.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _note(self, shown: Shown) -> None:
        """Remember the films a player asks for; a playlist is known by its type where its name does not tell."""
        kind = shown.headers.get("content-type", "").lower()
        if any(word in kind for word in _FILM_TYPES):
            self.visit.film(shown.url)

    async def decide(self, route: Route, request: Request) -> None:
        """Hand over the page we have, let pass what makes it, and stop everything else."""
        self.requests += 1
        path = request.url.partition("?")[0].lower()
        if path.endswith(_FILMS):
            self.visit.film(request.url)
        if request.is_navigation_request() and _is_main(request):
            await self._navigated(route, request)
        elif (
            self.requests > MAX_REQUESTS
            or request.resource_type in _NOT_LOADED
            or path.endswith(_PIECES)
            or not request.url.startswith(("http://", "https://"))
            or not self.visit.may_load(request.url)
        ):
            await route.abort()
        else:
            await route.continue_()

    async def _navigated(self, route: Route, request: Request) -> None:
        if not self.is_handed_over:
            self.is_handed_over = True
            await route.fulfill(status=self.visit.status, headers=dict(self.visit.headers), body=self.visit.body)
            return
        self.turns += 1
        is_ours = self.turns <= MAX_TURNS and urls.host(request.url) in self.visit.hosts
        try:
            may_go = is_ours and await self.visit.may_go(request.url)
        except IgnoreRequest:  # robots.txt cannot be asked
            may_go = False
        await (route.continue_() if may_go else route.abort())

    async def settle(self, page: Page) -> None:
        """Wait until the page has come to rest, and look how large it has become before it is taken."""
        with contextlib.suppress(Error):
            await page.wait_for_load_state("networkidle", timeout=QUIET_S * 1000)
        session = await page.context.new_cdp_session(page)
        frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        # A world of its own: the page's scripts cannot lie to it about their length.
        world = await session.send("Page.createIsolatedWorld", {"frameId": frame})
        said = await session.send(
            "Runtime.evaluate",
            {"expression": _LENGTH, "contextId": world["executionContextId"], "returnByValue": True, "timeout": 2000},
        )
        await session.detach()
        length = int(said["result"].get("value") or 0)
        if length > self.visit.max_bytes:
            self.visit.trouble = f"its scripts made it larger than the limit ({length} characters)"
            await page.set_content("")


async def _nowhere(route: Route) -> None:
    await route.abort()


def _is_main(request: Request) -> bool:
    try:
        return request.frame.parent_frame is None
    except Error:  # the frame is only being made: a navigation of a window's first page
        return True


def launch_options(path: Any, *, server: str, username: str, password: str) -> dict[str, Any]:
    """Return how Chromium is started: sandboxed unless we are root, and with nothing but the egress to go to."""
    if not chromium.may_be_sandboxed():
        _log.warning(
            "THE BROWSER RUNS AS ROOT AND WITHOUT ITS SANDBOX; a page that breaks it owns this machine. "
            "Run sweeps as an ordinary user."
        )
    return {
        "executable_path": str(path),
        "headless": True,
        "chromium_sandbox": chromium.may_be_sandboxed(),
        "env": chromium.environment(path),
        # Without the odd bypass rule Chromium would reach loopback beside the proxy.
        "proxy": {"server": server, "username": username, "password": password, "bypass": "<-loopback>"},
        "args": [
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # it looks no name up by itself
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            "--disable-quic",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-pings",
        ],
    }
