"""Measures the frontier: `make measure-frontier`. On SQLite and on PostgreSQL:

- a source with a million addresses: how long choosing the next ones takes, and how much memory;
- a sweep of 2,000 addresses that is killed with SIGKILL at 20 random moments: what is missing or there twice.
"""

import argparse
import json
import random
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from config import clock, settings
from config import home as homes
from config.database import UtcDateTime
from config.home import Home
from crawlers import frontier, sources
from crawlers.answers import Errand
from crawlers.settle import Settler
from tests import database_server
from tests.crawlers import killing, small_web

OUT = Path("build/measure/frontier.json")
SOURCE = '[source]\nid = "many"\nname = "Many"\nkind = "page"\n[scope]\nseeds = ["http://many.example/"]\n'
SEED, ROWS_AT_ONCE, ON_THEIR_WAY, PORTION = 7, 1000, 16, 32
# Rows that are due together are not neighbours by their hash, as real addresses are not.
FILL = """
    WITH RECURSIVE n(i) AS (SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :end)
    INSERT INTO frontier (source, url, url_hash, role, depth, first_seen_at, due_at, rests_until, rest_s, state, looks,
        changes, failures, confirmed)
    SELECT 'many', 'http://many.example/gallery/item?number=' || i,
        CAST((i * 2654435761) % 4294967296 + 10000000000 AS text) || '000000000000000000000',
        CASE WHEN i % 4 = 0 THEN 'media' ELSE 'page' END, 1, :at, CASE WHEN i % 4 = 0 THEN NULL ELSE :due END, :due, 0,
        'waiting', 0, 0, 0, 0
    FROM n
"""


@dataclass(frozen=True)
class Size:
    """How large the run is."""

    addresses: int
    choices: int
    kills: int


FULL, QUICK = Size(1_000_000, 500, 20), Size(50_000, 100, 3)


def main() -> None:
    """Print the figures and write them to build/measure/frontier.json."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="A small run, to see that it runs.")
    options.add_argument("--no-kills", action="store_true", help="Leave the killed sweeps out.")
    options.add_argument("--no-million", action="store_true", help="Leave the million addresses out.")
    chosen = options.parse_args()
    size = QUICK if chosen.quick else FULL
    figures: dict[str, Any] = {"size": asdict(size)}
    for name in ("sqlite", "postgresql"):
        found = figures.setdefault(name, {})
        if not chosen.no_million:
            with made_home(name) as home:
                found["addresses"] = choosing(home, size)
            tell(name, found["addresses"])
        if not chosen.no_kills:
            found["killed"] = killed_again_and_again(name, size.kills)
            tell(name, found["killed"])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2), "utf-8")
    if any(figures[name].get("killed", {}).get("faults") for name in ("sqlite", "postgresql")):
        sys.exit("A killed sweep lost or doubled something.")


def tell(database: str, figures: dict[str, Any]) -> None:
    """Print figures on one line."""
    sys.stdout.write(f"{database}: " + ", ".join(f"{name} {value}" for name, value in figures.items()) + "\n")


@contextmanager
def made_home(database: str, crawl: str = "") -> Iterator[Home]:
    """Make a home on this kind of database, and take it away again."""
    name = f"measure_{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "home"
        path.mkdir()
        url = f"sqlite:///{path / 'mekiki.db'}" if database == "sqlite" else database_server.make_database(name)
        (path / settings.FILE_NAME).write_text(f'[database]\nurl = "{url}"\n[crawl]\n{crawl}\n', "utf-8")
        home = homes.make(path)
        yield home
        home.engine.dispose()
        if database != "sqlite":
            database_server.drop_database(name)


def choosing(home: Home, size: Size) -> dict[str, Any]:
    """Return how long the next addresses take to choose, and to settle, beside a million that are known."""
    source = sources.parse(SOURCE, "many.toml")
    began = time.perf_counter()
    with home.sessions().begin() as session:
        _fill(session, size.addresses)
        sweep_id = frontier.begin(session, source).id
    with home.sessions().begin() as session:
        session.execute(text("ANALYZE"))
    filled_s = time.perf_counter() - began
    before_kib = _resident_kib()
    settler = Settler(home.sessions().begin, source, sweep_id, source.within(home.settings.crawl))
    chosen_ms, settled_ms = _walk(settler, size.choices)
    began = time.perf_counter()
    with home.readers()() as session:
        left = frontier.left_over(session, session.get_one(frontier.Sweep, sweep_id))
    return {
        "addresses": size.addresses,
        "in line": left,
        "fill s": round(filled_s, 1),
        f"choose {PORTION} ms, median": round(statistics.median(chosen_ms), 2),
        f"choose {PORTION} ms, p99": round(sorted(chosen_ms)[int(len(chosen_ms) * 0.99)], 2),
        "choose 1 ms, median": round(statistics.median(chosen_ms) / PORTION, 3),
        "settle ms, median": round(statistics.median(settled_ms), 2),
        "count what is left ms": round((time.perf_counter() - began) * 1000, 1),
        "memory grown KiB": _resident_kib() - before_kib,
    }


def _fill(session: Session, addresses: int) -> None:
    """Know so many addresses: a quarter media that no page asks for, the others due within a day of now."""
    chance, at = random.Random(SEED), clock.now()
    rows = text(FILL).bindparams(bindparam("at", type_=UtcDateTime()), bindparam("due", type_=UtcDateTime()))
    for first in range(0, addresses, ROWS_AT_ONCE):
        due = at + timedelta(seconds=chance.uniform(-86400, 86400))
        session.execute(rows, {"first": first, "end": min(addresses, first + ROWS_AT_ONCE), "at": at, "due": due})


def _walk(settler: Settler, choices: int) -> tuple[list[float], list[float]]:
    """Choose portion after portion as the walker does, settling one portion while the next is on its way."""
    taken: dict[int, str] = {}
    line: list[Errand] = []
    chosen_ms, settled_ms = [], []
    for _ in range(choices):
        began = time.perf_counter()
        portion = settler.next(taken, PORTION)
        chosen_ms.append((time.perf_counter() - began) * 1000)
        taken |= {one.entry_id: one.role for one in portion}
        line += portion
        while len(line) > ON_THEIR_WAY:
            one = line.pop(0)
            began = time.perf_counter()
            settler.close(one, "refused", "measured")
            settled_ms.append((time.perf_counter() - began) * 1000)
            del taken[one.entry_id]
    return chosen_ms, settled_ms


def killed_again_and_again(database: str, kills: int) -> dict[str, Any]:
    """Return what a sweep that was killed so often lost or doubled."""
    chance = random.Random(kills)
    with small_web.serving() as web:
        crawl = f'delay_s = 0.0\nallow_addresses = ["web.test:{web.port}"]\npinned_hosts = {{"web.test" = "127.0.0.1"}}'
        with made_home(database, crawl) as home:
            killing.source(home.settings.sources, web)
            each = killing.ADDRESSES // (kills + 1)
            was_at_work = [killing.killed(home, web, chance, chance.randint(1, each)) for _ in range(kills)]
            finished = killing.finished(home)
            asked = len(web.asked)
            return {
                "kills": sum(was_at_work),
                "last sweep's exit": finished,
                "addresses": killing.ADDRESSES,
                "requests": asked,
                "faults": killing.faults(home, web),
            }


def _resident_kib() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


if __name__ == "__main__":
    main()
