"""One crawl of the measured market in a process of its own, on one core: bare Scrapy's, or a sweep of ours.

Time is counted from the first answer to the end, so that neither side is charged for starting Python.
"""

import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

from config import home as homes
from crawlers import sweep
from tests.measure.crawl_site import picture_of

SOURCE = """[source]
id = "market"
name = "Market"
kind = "marketplace"
territory = "JP"
languages = ["ja"]
[fetch]
render = "auto"
[scope]
seeds = ["{origin}/offer/0"]
max_depth = 60
max_pages = {count}
"""
SETTINGS = '[crawl]\ndelay_s = 0.0\nmax_pages = {count}\nallow_addresses = ["127.0.0.1:{port}"]\n'


class Stopwatch:
    """Wall and processor seconds since the first answer."""

    def __init__(self) -> None:
        self.began: tuple[float, float] | None = None
        self.answers = 0

    def heard(self) -> None:
        """Count an answer; the first starts the watch."""
        self.answers += 1
        if self.began is None:
            self.began = time.perf_counter(), time.process_time()

    def told(self, pages: int, pictures: int) -> dict[str, Any]:
        """Return what the run's parent reads."""
        assert self.began is not None, "nothing was answered"
        return {
            "pages": pages, "pictures": pictures,
            "wall_s": time.perf_counter() - self.began[0], "cpu_s": time.process_time() - self.began[1],
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }  # fmt: skip


class Titles(scrapy.Spider):
    """Scrapy as its tutorial shows it: every address is given, the callback reads the title."""

    name = "titles"
    follows = False

    def __init__(self, origin: str, count: int, watch: Stopwatch) -> None:
        super().__init__()
        self.origin, self.count, self.watch = origin, count, watch
        self.titles: set[str | None] = set()
        self.pictures = 0

    async def start(self) -> AsyncIterator[Any]:
        """Yield every page."""
        for number in range(1 if self.follows else self.count):
            yield scrapy.Request(f"{self.origin}/offer/{number}")

    def parse(self, response: Response) -> Iterator[Any]:
        """Read the title; ask for the page's picture, as ours does, and for its links where they are followed."""
        self.watch.heard()
        title = response.css("title::text").get()
        self.titles.add(title)
        yield {"title": title}
        yield response.follow(picture_of(int(response.url.rpartition("/")[2])), self.picture)
        if self.follows:
            yield from (response.follow(link, self.parse) for link in response.css("a::attr(href)").getall())

    def picture(self, response: Response) -> None:
        """Have the picture, and drop it."""
        self.pictures += bool(response.body)


class Followed(Titles):
    """The same, finding the addresses by following links, as a sweep must."""

    name = "followed"
    follows = True


def bare(spider: type[Titles], origin: str, count: int) -> dict[str, Any]:
    """Crawl with Scrapy's default settings, only its log is off, which could but slow it."""
    watch = Stopwatch()
    process = AsyncCrawlerProcess({"LOG_ENABLED": False})
    crawler = process.create_crawler(spider)
    process.crawl(crawler, origin=origin, count=count, watch=watch)
    process.start()
    assert isinstance(crawler.spider, Titles)
    return watch.told(len(crawler.spider.titles), crawler.spider.pictures)


def ours(folder: Path, origin: str, count: int) -> dict[str, Any]:
    """Sweep into a new home: robots.txt, guard, captures, findings, sightings, blobs on the disk, SQLite."""
    watch = Stopwatch()
    folder.mkdir(parents=True)
    (folder / "mekiki.toml").write_text(SETTINGS.format(count=count, port=origin.rpartition(":")[2]), "utf-8")
    home = homes.make(folder)
    (home.settings.sources / "market.toml").write_text(SOURCE.format(origin=origin, count=count), "utf-8")
    report = sweep.run(home, "market", transaction=home.sessions().begin, tell=watch.heard)
    opened = report.rendered + report.unrendered  # unrendered: it would have been, with a browser here
    return watch.told(report.pages, report.media) | {"findings": report.findings, "opened": opened}


def main() -> None:
    """Run what the parent asks for and print what it took."""
    who, core, origin, count, folder = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    runs: dict[str, Callable[[], dict[str, Any]]] = {
        "titles": lambda: bare(Titles, origin, int(count)),
        "followed": lambda: bare(Followed, origin, int(count)),
        "ours": lambda: ours(Path(folder), origin, int(count)),
    }
    json.dump(runs[who](), sys.stdout)


if __name__ == "__main__":
    main()
