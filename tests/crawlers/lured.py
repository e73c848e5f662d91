"""A process in which names lead where the table of hostile addresses says: a command of mekiki, or a raw crawl.

`python -m tests.crawlers.lured sweep ...` is `mekiki sweep ...` there; `python -m tests.crawlers.lured --raw` reads
what to ask for from stdin and writes what became of it.
"""

import json
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

from tests.crawlers.hostile import NAMES

_real = socket.getaddrinfo
_asked: dict[str, int] = {}


def _look_up(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    """Answer for the table's names as a hostile DNS would, and for all others as this machine does."""
    name = (host.decode() if isinstance(host, bytes) else str(host)).lower()
    answers = NAMES.get(name)
    if answers is None:
        return _real(host, port, *arguments, **options)
    turn = _asked[name] = _asked.get(name, -1) + 1
    found = answers[min(turn, len(answers) - 1)]
    return [entry for address in found for entry in _real(address, port, *arguments, **options)]


socket.getaddrinfo = _look_up  # before anything keeps the real one: this is the machine's DNS, not our code

from scrapy import Request, Spider  # noqa: E402
from scrapy.http import Response  # noqa: E402

from config import log  # noqa: E402
from config.settings import Crawl  # noqa: E402
from crawlers import equipment, road  # noqa: E402
from crawlers.manners import Manners  # noqa: E402
from crawlers.sources import Identity, Scope, Source  # noqa: E402
from dashboard import cli  # noqa: E402


class _Raw(Spider):
    name = "raw"

    def __init__(self, asked: dict[str, Any], source: Source) -> None:
        super().__init__()
        self.asked, self.source = asked, source
        self.became: list[str] = []

    async def start(self) -> AsyncIterator[Any]:
        for url in self.asked["urls"]:
            try:
                wanted = Request(url, callback=self.seen, errback=self.failed, dont_filter=True)
            except ValueError as no_address:
                self.became.append(f"refused: {no_address}")
                continue
            if self.asked["in_browser"]:
                wanted.meta["visit"] = self._visit(url)
            yield wanted

    def _visit(self, url: str) -> Any:
        """Hand the browser a page that is said to come from the address, and that loads itself once more."""
        manners = self.crawler.get_downloader_middleware(Manners)
        page = f"<script>fetch({json.dumps(url)}).catch(() => 0)</script>".encode()
        sent = Response(url, status=200, headers={"Content-Type": "text/html"}, body=page)
        sent.request = Request(url, meta={"received": [("Content-Type", "text/html")]})
        return equipment.visit(sent, self.source, self.source.within(Crawl(**self.asked["crawl"])), manners)

    def robots_kept(self, _host: str) -> tuple[int, bytes]:
        return 404, b""

    def robots_seen(self, _host: str, _response: Response) -> None:
        """Nothing is kept."""

    def seen(self, response: Response) -> None:
        self.became.append(f"{response.status} {response.url}: {response.text[:40]}")

    def failed(self, failure: Any) -> None:
        self.became.append(f"{type(failure.value).__name__}: {failure.value}")


def _raw() -> None:
    log.set_up(level="WARNING")
    asked = json.load(sys.stdin)
    source = Source(source=Identity(id="raw", name="raw", kind="page"), scope=Scope(seeds=("http://web.test/",)))
    crawl = Crawl(**asked["crawl"])
    limits = source.within(crawl)
    with equipment.taken_along(crawl, limits, "browser" if asked["in_browser"] else "http") as taken:
        process = road.process(crawl, limits, equipment=taken.settings)
        spider = road.run(process, _Raw, asked=asked, source=source)
    json.dump(spider.became, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1:] == ["--raw"]:
        _raw()
    else:
        cli.main(sys.argv[1:])
