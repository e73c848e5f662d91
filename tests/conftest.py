"""Fixtures every test may ask for: a fresh home on SQLite and on PostgreSQL, a session, a frozen clock, the corpus."""

import importlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

from config import clock, database, settings
from config.home import Home
from tests import database_server

TABLE_MODULES = (
    "crawlers.captures", "crawlers.custody", "crawlers.frontier", "crawlers.recheck", "crawlers.tallies",
    "crawlers.timestamps", "fingerprints.store", "matcher.cases", "matcher.catalogue", "matcher.collected",
    "matcher.fan_rules", "matcher.find_overlaps", "matcher.found_stretches", "matcher.kept", "matcher.learn_stretches",
    "matcher.licences", "matcher.lives", "matcher.look_back", "matcher.marks", "matcher.match", "matcher.negatives",
    "matcher.overlaps", "matcher.quarantines", "matcher.references", "matcher.retention", "matcher.shared_areas",
    "matcher.stop_areas", "notices.ledger", "dashboard.people", "dashboard.staff",
)  # fmt: skip
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
TOGETHER = frozenset({"tests/crawlers/test_bombs.py"})  # files whose tests share what takes half a minute to make


for table_module in TABLE_MODULES:
    importlib.import_module(table_module)


class _Together(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
    """Sends the tests of some files to one worker each, and every other test to whoever is free.

    xdist's own groups are names that it writes where pytest 9.2 no longer looks.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Say which worker gets which tests, where there are several."""
    return _Together(config, log)


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """A PostgreSQL database with every table, to be copied by each test."""
    name = f"template_{uuid.uuid4().hex}"
    engine = database.engine(database_server.make_database(name))
    database.Base.metadata.create_all(engine)
    engine.dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of an empty database with every table; each test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'mekiki.db'}"
        engine = database.engine(url)
        database.Base.metadata.create_all(engine)
        engine.dispose()
        yield url
        return
    name = f"test_{uuid.uuid4().hex}"
    yield database_server.make_database(name, request.getfixturevalue("postgres_template"))
    database_server.drop_database(name)


@pytest.fixture
def home(database_url: str, tmp_path: Path) -> Iterator[Home]:
    """A fresh home with every table, on SQLite and on PostgreSQL."""
    folder = tmp_path / "home"
    for part in ("blobs", "sources", "outbox", "locks"):
        (folder / part).mkdir(parents=True)
    (folder / "mekiki.toml").write_text(f'[database]\nurl = "{database_url}"\n')
    made = Home(settings.load(folder, environment={}), database.engine(database_url))
    yield made
    made.engine.dispose()


@pytest.fixture
def session(home: Home) -> Iterator[Session]:
    """A writing session of `home`; rolled back at the end."""
    with home.sessions()() as opened:
        yield opened


@pytest.fixture
def frozen_clock() -> Iterator[datetime]:
    """The clock stands at NOW."""
    with clock.frozen(NOW):
        yield NOW


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real, openly licensed media; the test is skipped where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real media is not on this machine")
    return CORPUS
