"""The one road out: Scrapy with every safe setting on, every door we do not use shut, the guard and our manners on it.

Sweeps and rechecks both take it; nothing else in mekiki fetches from the web.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from scrapy import Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.settings import BaseSettings

from config import clock
from config.blobs import BlobStore
from config.settings import Crawl
from crawlers import sniff, urls
from crawlers.captures import Fetched
from crawlers.guard import Guard
from crawlers.reading import Sheet
from crawlers.sources import Limits

# A medium is larger than a page; the time it may take grows with it.
MEDIA_TIMEOUT_FACTOR = 15
# What one response may hold in memory, of eight at once; a larger medium comes in ranges, see crawlers.streams.
RESPONSE_BYTES = 8 << 20
_HARDENED: dict[str, Any] = {
    # What listens, writes or speaks for itself is off; RemoteControl would run code sent to a local port.
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "HTTPCACHE_ENABLED": False,
    "HTTPPROXY_ENABLED": False,  # behind a proxy the guard would check the proxy's address instead of the site's
    "COOKIES_ENABLED": False,
    "REFERRER_POLICY": "no-referrer",  # media say which page shows them, see crawlers.walk; nothing else says anything
    "METAREFRESH_ENABLED": False,
    "ROBOTSTXT_OBEY": False,  # obeyed by crawlers.manners, which also keeps it as evidence
    "DOWNLOAD_HANDLERS": {
        "http": "crawlers.handler.BoundedHandler",
        "https": "crawlers.handler.BoundedHandler",
        "file": None,
        "data": None,
        "ftp": None,
        "s3": None,
    },
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "TWISTED_DNS_RESOLVER": "crawlers.guard.GuardedResolver",
    "DOWNLOADER_MIDDLEWARES": {
        "crawlers.manners.GuardedRoad": 940,
        "crawlers.manners.Manners": 950,
        "crawlers.site_films.SiteFilms": 960,
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # the frontier holds what is in scope
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # no site is logged in to
    },
    # They follow links and set referrers, which is the frontier's, and drop long addresses without a word.
    "SPIDER_MIDDLEWARES_BASE": {},
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the frontier decides what is new
    "HTTPERROR_ALLOW_ALL": True,  # an error page is evidence too
    "REDIRECT_MAX_TIMES": 8,
    "RETRY_TIMES": 2,
    "CONCURRENT_ITEMS": 4,  # Scrapy starts that many tasks per response; 100 costs a third of the speed
    "CONCURRENT_REQUESTS": 8,  # each may hold RESPONSE_BYTES in memory
    "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
    "DOWNLOAD_DELAY": 0,  # crawlers.manners spaces requests, Crawl-delay and Retry-After in one place
    "LOG_ENABLED": False,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "LOGSTATS_INTERVAL": 0,
    "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",  # the frontier keeps the reason; the command says it
    "DOWNLOAD_WARNSIZE": 0,
    "STATS_DUMP": False,
}


class HardenedRoad:
    """The add-on that Scrapy loads: its word is above any plugin's default."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Set every hardened setting; a guarded browser takes the place of Scrapy's handlers."""
        handlers = _HARDENED["DOWNLOAD_HANDLERS"] | settings["MEKIKI_HANDLERS"]
        settings.update(_HARDENED | {"DOWNLOAD_HANDLERS": handlers}, priority="cmdline")


def process(
    crawl: Crawl, limits: Limits, languages: Sequence[str] = (), *, equipment: Mapping[str, Any] = MappingProxyType({})
) -> AsyncCrawlerProcess:
    """Return the crawler process, not started yet. It brings the reactor, so there is one in the life of a process.

    `equipment` are the settings of a browser and the egress before it.
    """
    made = AsyncCrawlerProcess(settings(crawl, limits, languages) | dict(equipment))
    for name in ("scrapy", "scrapy-playwright"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # faults reach us as signals; ours say what matters
    return made


def run(process: AsyncCrawlerProcess, spider: type[Spider], **arguments: Any) -> Any:
    """Run a spider to its end and return it. Raises what kept it from starting, Unguarded for one."""
    crawler = process.create_crawler(spider)
    task = process.crawl(crawler, **arguments)
    process.start()
    failed = task.exception() if task.done() and not task.cancelled() else None
    if failed is not None:
        raise failed
    return crawler.spider


def settings(crawl: Crawl, limits: Limits, languages: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the crawler process is made with."""
    return _HARDENED | {
        "ADDONS": {HardenedRoad: 0},
        "USER_AGENT": crawl.user_agent,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": ", ".join((*languages, "*;q=0.5")),
        },
        "DOWNLOAD_TIMEOUT": limits.timeout_s,
        "DOWNLOAD_MAXSIZE": limits.max_page_bytes,
        "CLOSESPIDER_TIMEOUT": limits.max_minutes * 60,
        "MEKIKI_GUARD": Guard.of(crawl),
        "MEKIKI_HANDLERS": {},
        "MEKIKI_DELAY_S": limits.delay_s,
        "MEKIKI_ROBOTS_IGNORED_ON": limits.robots_ignored_on,
    }


def media_meta(limits: Limits, max_bytes: int | None = None) -> dict[str, Any]:
    """Return the request meta that holds a medium to its own limits, or a part of one to `max_bytes`."""
    return {
        "download_maxsize": min(max_bytes or RESPONSE_BYTES, RESPONSE_BYTES, limits.max_media_bytes),
        "download_timeout": limits.timeout_s * MEDIA_TIMEOUT_FACTOR,
    }


async def fetched(url: str, response: Response, blobs: BlobStore) -> Fetched:
    """Return what is to be captured of a response once its body is stored. Raises DiskFull.

    Disks take their time to make a file durable, and sync many at once nearly as fast as one: others go on meanwhile.
    """
    return replace(described(url, response), blob=await asyncio.to_thread(blobs.put, response.body))


def stored(url: str, response: Response, blobs: BlobStore) -> Fetched:
    """Store the body of a response at once and return what is to be captured. Raises DiskFull."""
    return replace(described(url, response), blob=blobs.put(response.body))


def described(url: str, response: Response) -> Fetched:
    """Return what is to be captured of a response whose body is not stored yet."""
    return Fetched(
        url=url,
        final_url=response.url,
        status=response.status,
        headers=tuple((name, value) for name, value in response.meta.get("received", ())),
        mime=sniff.mime(response.body),
        blob="",
        size_bytes=len(response.body),
        fetched_at=clock.now(),
        ip_address=None if response.ip_address is None else str(response.ip_address),
        request=response.meta.get("transcript"),
    )


def sheet(landed: str, body: bytes, fetched: Fetched, *, is_shown: bool = False) -> Sheet:
    """Return an answer as its reader gets it; `is_shown` where a browser made the body, in UTF-8."""
    where = urls.canonical(landed) or landed
    return Sheet(where, body, fetched.status, fetched.headers, fetched.mime, fetched.fetched_at, is_shown)
