"""The demo's main job, act by act, from registering to looking again. It also plays the person who decides."""

import json
import subprocess
from collections.abc import Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from sqlalchemy import select

import config.home
from config.errors import MekikiError
from config.home import Home
from dashboard import child, jobs, people
from dashboard.demo.server import ADDRESS, SmallWeb
from dashboard.demo.sites import Site, write_definitions
from dashboard.demo.world import World
from matcher import cases, catalogue, fan_rules, licences, references
from matcher.catalogue import Work
from notices import ledger
from notices.ledger import Notice

SWEEPS_AT_ONCE = 2
REVIEWER = "Demo Reviewer"
LOGIN, PASSWORD = "demo", "look-closely-demo"  # printed on the screen; opens nothing but the demo
SETTINGS = """# Written by `mekiki demo`: a home whose web is on this machine and whose letters stay in a folder.
[crawl]
delay_s = 0.0
timeout_s = 30.0
allow_addresses = {allowed}
pinned_hosts = {{ {pinned} }}

[evidence]
show_pages = false             # a browser for each of its many cases would keep you waiting

[notices]
outbox_delay_minutes = 0.0

[sender]
organisation = "Kotohogi Rights Desk (fictional)"
name = "Demo Reviewer"
email = "desk@kotohogi.example"
phone = "+81-3-0000-0000"
address = "1-1 Sample-cho, Chiyoda-ku, Tokyo 100-0000"
country = "JP"
"""


class ActFailed(MekikiError):
    """A child process of the demo ended with an error."""


def make_home(path: Path, sites: Sequence[Site], port: int) -> Home:
    """Return a fresh home whose crawler may reach these sites on `port` and nothing else on this machine."""
    path.mkdir(parents=True, exist_ok=True)
    hosts = [site.host for site in sites]
    (path / "mekiki.toml").write_text(
        SETTINGS.format(
            allowed=json.dumps([f"{host}:{port}" for host in hosts]),
            pinned=", ".join(f'"{host}" = "{ADDRESS}"' for host in hosts),
        ),
        "utf-8",
    )
    write_definitions(path, sites, port)
    home = config.home.make(path)
    with home.sessions().begin() as session:
        people.add(session, LOGIN, name=REVIEWER, password=PASSWORD, may_approve=True)
    return home


def register(home: Home, world: World) -> int:
    """Register every work with its originals, every licence and every rule for fans; return how many references."""
    count = 0
    with home.sessions().begin() as session:
        registered: dict[str, Work] = {}
        for title in world.titles:
            owner = catalogue.owner(session, title.owner, **world.owners.get(title.owner, {}))
            work = catalogue.add_work(
                session, title.title, owner=owner, kind=title.kind,
                aliases=title.aliases, creator=title.creator, official_urls=title.official,
            )  # fmt: skip
            registered[title.title] = work
            for asset, paths in title.originals:
                count += len(references.register(session, work, list(paths), asset=asset, bank=title.bank))
        for grant in world.grants:
            work = registered[grant.work]
            owner = session.get_one(catalogue.Owner, work.owner_id)
            licences.add(session, licences.Grant(grant.grantee, grant.place), owner=owner, work=work, by=REVIEWER)
        for rule in world.permissions:
            terms = fan_rules.Terms(rule.says, max_seconds=rule.max_seconds, max_pictures=rule.max_pictures)
            fan_rules.add(session, terms, owner=catalogue.find_owner(session, rule.owner), work=None, by=REVIEWER)
    return count


def sweep(home: Home, sites: Sequence[Site], advance: Callable[[], None] = lambda: None) -> None:
    """Sweep these sites, each in a child process as the scheduler does it. Raises ActFailed."""
    with ThreadPoolExecutor(SWEEPS_AT_ONCE) as children:
        for done in as_completed([children.submit(_child, home, "sweep", site.source_id) for site in sites]):
            done.result()
            advance()


def work(home: Home, tell: Callable[[str, int], None] = lambda _job, _rows: None) -> None:
    """Run every later stage until nothing is left to do."""
    jobs.run_all(home, tell)


def review(home: Home, leave: Container[str] = ()) -> int:
    """Decide, as a person would, every likely copy that no allowance covers or might cover; return how many.

    What a person would have to think about (a lead, an unknown condition) stays open for whoever opens the console,
    and so do the cases at the places to `leave`.
    """
    decided = 0
    with home.sessions().begin() as session:
        for row in cases.queue(session, limit=1000):
            if row.lane == "copy" and row.outcome == "open" and row.place not in leave:
                reason = "Compared side by side; the same work, and nothing allows this use."
                cases.decide(session, row.case_id, person=REVIEWER, verdict="infringing", reason=reason)
                decided += 1
    return decided


def approve(home: Home) -> int:
    """Sign every complete draft; return how many."""
    with home.sessions().begin() as session:
        ready = [
            notice.id for notice in session.scalars(select(Notice).where(Notice.state == "draft")) if not notice.missing
        ]
        for notice_id in ready:
            ledger.approve(session, notice_id, REVIEWER)
    return len(ready)


def react(web: SmallWeb, world: World) -> None:
    """Let the sites react to the notices: some pages go, one goes and comes back under another address."""
    for key in world.gone:
        web.take_down(key)
    if world.moved:
        host, _, path = world.moved.partition("/")
        web.move(world.moved, f"/{path}-again")
        index = web.pages[f"{host}/"]
        web.pages[f"{host}/"] = index.replace(f'"/{path}"', f'"/{path}-again"')


def look_again(home: Home) -> None:
    """Look at every watched place now, without waiting until it is due."""
    _child(home, "verify", "--now")


def _child(home: Home, *arguments: str) -> None:
    ended = subprocess.run(
        child.command(home, *arguments),
        check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ActFailed(f"`mekiki {' '.join(arguments)}` failed: {last}; see {home.path / 'log'}.")
