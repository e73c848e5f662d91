"""A home: one folder with settings, database, blobs, sources, locks and outbox; opened by every command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import Session, sessionmaker

from config import database, log, migrations, settings
from config.blobs import BlobStore
from config.errors import MekikiError
from config.settings import FILE_NAME, Settings

EXAMPLE = """# What this home changes; every setting and its default is listed by `mekiki doctor --settings`.

[sender]                       # who asks for removal; a notice cannot be approved while one of these is empty
organisation = ""
name = ""
email = ""
phone = ""
address = ""
country = "JP"
"""


class NoHome(MekikiError):
    """The folder is not a home yet."""


class OldDatabase(MekikiError):
    """The database was made by another version."""


class AlreadyRunning(MekikiError):
    """Another process holds the lock of this work."""

    permanent = False


@dataclass(frozen=True)
class Home:
    """An opened home."""

    settings: Settings
    engine: Engine
    blobs: BlobStore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blobs", BlobStore(self.settings.blobs))

    @property
    def path(self) -> Path:
        """The folder."""
        return self.settings.home

    def sessions(self) -> sessionmaker[Session]:
        """Return the maker of writing sessions; a session knows its home, see `of`."""
        made = database.sessions(self.engine)
        made.configure(info={"home": self})
        return made

    def readers(self) -> sessionmaker[Session]:
        """Return the maker of sessions that only read."""
        made = database.readers(self.engine)
        made.configure(info={"home": self})
        return made

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the named process lock; it falls with the process. Raises AlreadyRunning at once when it is held."""
        self.settings.locks.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.settings.locks / f"{name}.lock", timeout=0):
                yield
        except Timeout as held:
            raise AlreadyRunning(f"{name} is already running in {self.path}; wait for it or stop it first.") from held


def of(session: Session) -> Home:
    """Return the home a session belongs to; how a stage reaches settings and blobs."""
    home = session.info["home"]
    if not isinstance(home, Home):
        raise TypeError("this session was not made by a Home")
    return home


def make(path: Path) -> Home:
    """Make `path` a home, or bring one up to date; what is there is kept."""
    path.mkdir(parents=True, exist_ok=True)
    file = path / FILE_NAME
    if not file.exists():
        file.write_text(EXAMPLE, "utf-8")
    read = settings.load(path)
    for folder in (read.blobs, read.sources, read.outbox, read.locks):
        folder.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    with database.reachable(read.database_url):
        migrations.upgrade(read.database_url)
    return Home(read, database.engine(read.database_url))


def open_at(path: Path) -> Home:
    """Open an existing home. Raises NoHome, OldDatabase or SettingsError, each saying what to do."""
    if not (path / FILE_NAME).is_file():
        raise NoHome(f"{path} is not a mekiki home; run `mekiki --home {path} init` first.")
    read = settings.load(path)
    log.to_file(path / "log" / "mekiki.jsonl")
    made = database.engine(read.database_url)
    with database.reachable(read.database_url):
        if not inspect(made).has_table("alembic_version") or migrations.is_behind(made):
            raise OldDatabase(f"The database of {path} is of another version; run `mekiki --home {path} init`.")
    return Home(read, made)
