"""Write the next migration from what the tables have and the newest one lacks: `python -m tests.make_migration`."""

import importlib
import sys
import tempfile
from pathlib import Path

from alembic import command

from config import database, migrations
from tests.conftest import TABLE_MODULES


def main() -> None:
    """Compare on a fresh SQLite file that has every migration so far, and write what is missing."""
    for name in TABLE_MODULES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'now.db'}"
        options = migrations.configuration(url)
        command.upgrade(options, "head")
        options.attributes["metadata"] = database.Base.metadata
        number = len(list((migrations.HERE / "versions").glob("*.py"))) + 1
        command.revision(options, message=" ".join(sys.argv[1:]), rev_id=f"{number:04d}", autogenerate=True)


if __name__ == "__main__":
    main()
