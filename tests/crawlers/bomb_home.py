"""A home with the settings it is born with that may reach the bombs, and a sweep of it in a measured child."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from sqlalchemy import select

from config import database, migrations, settings
from config.home import Home
from crawlers.frontier import FrontierEntry
from tests.crawlers.bomb_site import HOSTS, ROBOTS, BombSite

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Swept:
    """How a command on a home of bombs ended."""

    home: Home
    code: int
    says: str
    most_mebibytes: float
    reasons: dict[str, tuple[str, str | None]]  # path -> state and reason


def make(folder: Path, site: BombSite, *, timeout_s: float) -> Home:
    """Return a home whose only laxer setting is that it may reach the site."""
    url = f"sqlite:///{folder / 'mekiki.db'}"
    for part in ("blobs", "sources", "outbox", "locks"):
        (folder / part).mkdir(parents=True)
    pinned = ", ".join(f'"{host}" = "127.0.0.1"' for host in (*HOSTS, *ROBOTS))
    allowed = ", ".join(f'"{host}:{site.port}"' for host in (*HOSTS, *ROBOTS))
    (folder / "mekiki.toml").write_text(
        f'[database]\nurl = "{url}"\n[crawl]\ndelay_s = 0.0\ntimeout_s = {timeout_s}\n'
        f"allow_addresses = [{allowed}]\npinned_hosts = {{{pinned}}}\n"
    )
    engine = database.engine(url)
    database.Base.metadata.create_all(engine)
    command.stamp(migrations.configuration(url), "head")
    return Home(settings.load(folder, environment={}), engine)


def sweep(home: Home, name: str, seeds: Sequence[str], more: str = "") -> Swept:
    """Sweep these addresses in a process of its own, and return how it ended and the most memory it held."""
    listed = ", ".join(f'"{seed}"' for seed in seeds)
    (home.settings.sources / f"{name}.toml").write_text(
        f'[source]\nid = "{name}"\nname = "{name}"\nkind = "page"\n[scope]\nseeds = [{listed}]\n{more}\n'
    )
    return measured(home, name, "sweep", name)


def measured(home: Home, name: str, *words: str) -> Swept:
    """Run `mekiki WORDS...` on a home in a process of its own and return how it ended."""
    held = home.path / f"{name}.memory"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crawlers.measured", str(held), "--home", str(home.path), *words],
        capture_output=True, text=True, cwd=ROOT, timeout=400, check=False,
    )  # fmt: skip
    with home.readers()() as session:
        rows = session.scalars(select(FrontierEntry).order_by(FrontierEntry.id))
        reasons = {"/" + row.url.split("/", 3)[3]: (row.state, row.reason) for row in rows}
    return Swept(home, ended.returncode, ended.stderr, float(held.read_text()), reasons)
