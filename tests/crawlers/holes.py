"""A crawl with one hole in its road, in a process of its own: `python -m tests.crawlers.holes NAME` must not start."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from scrapy import Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import BaseSettings

from config import settings
from config.errors import MekikiError
from crawlers import road
from crawlers.sources import Identity, Scope, Source

HTTPX = "scrapy.core.downloader.handlers._httpx.HttpxDownloadHandler"
SHUT = {"data": None, "file": None, "ftp": None, "s3": None}
HOLES: dict[str, dict[str, Any]] = {
    "none": {},
    "handler": {"DOWNLOAD_HANDLERS": SHUT | {"http": HTTPX}},
    "scheme": {"DOWNLOAD_HANDLERS": SHUT | {"file": "scrapy.core.downloader.handlers.file.FileDownloadHandler"}},
    "proxy": {"HTTPPROXY_ENABLED": True},
    "telnet": {"TELNETCONSOLE_ENABLED": True},
    "remote": {"REMOTE_CONTROL_ENABLED": True},
    "resolver": {"TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver"},
}


class Hole:
    """An add-on that sets what it likes, as the last to speak."""

    def update_settings(self, made: BaseSettings) -> None:
        made.update(HOLES[sys.argv[1]], priority="cmdline")


class Idle(Spider):
    name = "idle"

    async def start(self) -> Any:
        sys.stdout.write("started\n")
        return
        yield


def main() -> None:
    source = Source(source=Identity(id="a", name="a", kind="page"), scope=Scope(seeds=("http://web.test/",)))
    with tempfile.TemporaryDirectory() as folder:
        crawl = settings.load(Path(folder), environment={}).crawl
    made = road.settings(crawl, source.within(crawl))
    if sys.argv[1] == "resolver":
        made |= HOLES["resolver"]
    made["ADDONS"] |= {Hole: 1000}
    try:
        road.run(AsyncCrawlerProcess(made), Idle)
    except MekikiError as refused:
        sys.stdout.write(f"{type(refused).__name__}: {refused}\n")


if __name__ == "__main__":
    main()
