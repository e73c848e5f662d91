"""Alembic migrations, from the first table on; run by `mekiki init`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

HERE = Path(__file__).parent


def configuration(url: str) -> Config:
    """Return Alembic's configuration for a database url."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["url"] = url
    return made


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest version."""
    command.upgrade(configuration(url), "head")


def is_behind(engine: Engine) -> bool:
    """Say whether the database is not at the version of this program."""
    head = ScriptDirectory.from_config(configuration("")).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() != head
