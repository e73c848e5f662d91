"""What a sweep takes along for pages that scripts make: a browser behind an egress, or the word that there is none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scrapy.http import Response

from config.settings import Crawl
from crawlers import chromium, egress, urls
from crawlers.egress import Caps, Egress
from crawlers.guard import Guard
from crawlers.manners import Manners
from crawlers.sources import Limits, Render, Source
from crawlers.unguarded import BROWSER_HANDLER
from crawlers.visits import Visit

RESPONSES_A_TUNNEL = 8  # of a page's largest size each; a tunnel carries many of them
STARTING_S = 15.0  # the first visit starts the browser
VIEWPORT = {"width": 1280, "height": 1600}
# Of a response: what speaks of the connection, and of a coding or length that the decoded body no longer has.
_NOT_HANDED_ON = {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "alt-svc",
                  "strict-transport-security"}  # fmt: skip


@dataclass(frozen=True)
class Equipment:
    """Settings of the crawl and the proxy behind them; empty for a sweep that needs no browser, or has none."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    egress: Egress | None = None

    @property
    def has_browser(self) -> bool:
        """Whether pages can be shown."""
        return self.egress is not None


@contextmanager
def taken_along(crawl: Crawl, limits: Limits, mode: Render) -> Iterator[Equipment]:
    """Yield what a source's `render` asks for, as far as this machine has it. Raises NoEgress."""
    path = None if mode == "http" else chromium.find(crawl.browser)
    if path is None or not path.is_file() or not chromium.has_driver():
        yield Equipment()
        return
    with egress.serving(Guard.of(crawl), _caps(limits)) as proxy:
        yield Equipment(_settings(path, proxy, limits), proxy)


def _caps(limits: Limits) -> Caps:
    return Caps(
        connection_bytes=RESPONSES_A_TUNNEL * limits.max_page_bytes,
        total_bytes=RESPONSES_A_TUNNEL * limits.max_page_bytes * limits.max_pages,
        idle_s=limits.timeout_s,
        connect_s=limits.timeout_s,
    )


def _settings(path: Any, proxy: Egress, limits: Limits) -> dict[str, Any]:
    from crawlers import browser  # the optional extra "browser", which `has_driver` has seen

    return {
        "MEKIKI_HANDLERS": {"http": BROWSER_HANDLER, "https": BROWSER_HANDLER},
        "PLAYWRIGHT_LAUNCH_OPTIONS": browser.launch_options(
            path, server=proxy.server, username=egress.USER, password=proxy.token
        ),
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 4,
        "PLAYWRIGHT_MAX_CONTEXTS": 3,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": limits.timeout_s * 1000,
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,  # the browser's own
        "PLAYWRIGHT_ABORT_REQUEST": "crawlers.visits.everything",  # what no visit watches over is not asked for
    }


def visit(response: Response, source: Source, limits: Limits, manners: Manners) -> Visit:
    """Return the visit in which a browser is handed a response we have."""
    received = response.meta.get("received", ())
    return Visit(
        status=response.status,
        headers={name: value for name, value in received if name.lower() not in _NOT_HANDED_ON},
        body=response.body,
        hosts=source.hosts() | {urls.host(response.url)},
        may_go=manners.allows,
        may_load=manners.is_not_known_to_refuse,
        max_bytes=limits.max_page_bytes,
        timeout_s=2 * limits.timeout_s + STARTING_S,
        context={
            "service_workers": "block",
            "accept_downloads": False,
            "user_agent": manners.agent,
            "locale": source.source.languages[0] if source.source.languages else "en",
            "viewport": VIEWPORT,
            "reduced_motion": "reduce",
        },
    )
