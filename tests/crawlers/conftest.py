"""Fixtures of the crawlers' tests: the small web, and a home that may reach it and nothing else on this machine."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command

from config import database, migrations, settings
from config.home import Home
from dashboard import child
from tests.crawlers import small_web
from tests.crawlers.small_web import SmallWeb

Mekiki = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def web() -> Iterator[SmallWeb]:
    """The small web."""
    with small_web.serving() as made:
        yield made


@pytest.fixture
def web_home(database_url: str, tmp_path: Path, web: SmallWeb) -> Iterator[Home]:
    """A home that a child process can open; it reaches the small web by pinned names."""
    folder = tmp_path / "web-home"
    for part in ("blobs", "sources", "outbox", "locks"):
        (folder / part).mkdir(parents=True)
    (folder / "mekiki.toml").write_text(
        f'[database]\nurl = "{database_url}"\n[crawl]\ndelay_s = 0.0\ntimeout_s = 5.0\n'
        f'max_page_bytes = 200000\nmax_media_bytes = 4000000\nallow_addresses = ["web.test:{web.port}"]\n'
        'pinned_hosts = {"web.test" = "127.0.0.1", "trap.test" = "127.0.0.1"}\n'
    )
    command.stamp(migrations.configuration(database_url), "head")
    made = Home(settings.load(folder, environment={}), database.engine(database_url))
    yield made
    made.engine.dispose()


@pytest.fixture
def mekiki(web_home: Home) -> Mekiki:
    """Run the command line on `web_home` in a process of its own, as cron would."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            child.command(web_home, *arguments),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
            **options,
        )  # fmt: skip

    return run
