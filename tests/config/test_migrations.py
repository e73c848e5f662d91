"""The migrations make exactly the tables the program knows, on SQLite and on PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from config import database, home, migrations
from tests import database_server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"test_{uuid.uuid4().hex}"
    yield database_server.make_database(name)
    database_server.drop_database(name)


def test_migrating_an_empty_database_gives_the_tables_of_the_program(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    engine = database.engine(empty_url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), database.Base.metadata)
    engine.dispose()
    assert differences == []


def test_a_home_that_was_never_made_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(home.NoHome, match="init"):
        home.open_at(tmp_path)


def test_making_a_home_twice_keeps_what_is_there(tmp_path: Path) -> None:
    home.make(tmp_path / "h").engine.dispose()
    (tmp_path / "h" / "mekiki.toml").write_text("[crawl]\ndelay_s = 9\n")
    made = home.make(tmp_path / "h")
    made.engine.dispose()
    assert made.settings.crawl.delay_s == 9


def test_one_lock_is_held_once(tmp_path: Path) -> None:
    made = home.make(tmp_path / "h")
    with made.lock("run"), pytest.raises(home.AlreadyRunning, match="run is already running"), made.lock("run"):
        pass
    made.engine.dispose()
