"""We behave: robots.txt, the delay per host, Retry-After, one name for ourselves."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select

from config import clock
from config.home import Home
from crawlers import manners
from crawlers.captures import Capture, FindingRow
from crawlers.manners import Pace
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, write_source

AGENT = "mekiki/0.1 (+https://example.org/crawler)"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class Watch:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_turns_on_one_host_keep_the_delay_and_hosts_do_not_wait_for_each_other() -> None:
    pace = Pace(2.0, Watch())

    assert [pace.turn("a"), pace.turn("a"), pace.turn("b"), pace.turn("a")] == [0.0, 2.0, 0.0, 4.0]


def test_a_crawl_delay_can_slow_down_but_never_speed_up() -> None:
    pace = Pace(2.0, Watch())
    pace.slow_down("slow", 5.0)
    pace.slow_down("fast", 0.1)

    assert [pace.turn("slow"), pace.turn("slow"), pace.turn("fast"), pace.turn("fast")] == [0.0, 5.0, 0.0, 2.0]


def test_a_host_that_asks_for_time_gets_it() -> None:
    pace = Pace(0.0, Watch())
    pace.hold("a", 30.0)

    assert pace.turn("a") == 30.0
    assert pace.held_for("b") == 0.0


@pytest.mark.parametrize(("value", "seconds"), [
    ("3", 3.0), (" 120 ", 120.0), (format_datetime(NOW + timedelta(seconds=90)), 90.0),
    (format_datetime(NOW - timedelta(seconds=90)), 0.0), ("soon", None), ("", None), (None, None), ("-5", None),
])  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    with clock.frozen(NOW):
        assert manners.retry_after_s(value) == seconds


@pytest.mark.parametrize(("status", "body", "may"), [
    (200, b"User-agent: *\nDisallow: /x", False), (200, b"User-agent: mekiki\nDisallow: /x", False),
    (200, b"User-agent: other\nDisallow: /x", True), (404, b"", True), (403, b"Disallow: /", True), (503, b"", False),
    (429, b"", False), (200, b"\xff\xfe\x00nonsense", True), (200, b"User-agent: *\nDisallow: /x\nAllow: /x/y", True),
])  # fmt: skip
def test_robots_are_read_as_rfc_9309_says(status: int, body: bytes, may: bool) -> None:
    rules = manners.robots_rules(status, body, "mekiki")

    assert rules.can_fetch("http://a.example/x/y", manners.product(AGENT)) is may


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_busy_host_is_asked_again_only_after_the_time_it_named(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    web.robots = "User-agent: mekiki\nCrawl-delay: 0.4\nDisallow: /photo/\n"
    write_source(web_home.settings.sources, web, "busy", "page", ["/busy"], "max_depth = 0")

    assert mekiki("sweep", "busy").returncode == 0

    first, second = (at for at, path in web.asked if path == "/busy")
    assert second - first >= 1.0
    robots_at = next(at for at, path in web.asked if path == "/robots.txt")
    assert first - robots_at < 1.0
    assert web.count("/photo/1.png") == 0
    with web_home.readers()() as session:
        assert session.scalars(select(FindingRow.title)).all() == ["Now"]
        kept = session.scalars(select(Capture).where(Capture.kind == "robots")).one()
        assert web_home.blobs.get(kept.body_sha256) == web.robots.encode()
