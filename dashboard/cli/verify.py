"""`mekiki verify`: look again at what was asked to go."""

import click
from sqlalchemy import select

import dashboard.jobs
from config.home import Home
from crawlers import recheck
from crawlers.glance import glance
from crawlers.recheck import Watch, WatchLook
from dashboard.cli import speak

AT_ONCE = 8  # watches a child looks at; each batch is recorded before the next begins


@click.command("verify")
@click.option("--now", "at_once", is_flag=True, help="Look at every open watch, also those that are not due yet.")
@speak.as_json
@click.pass_context
def command(ctx: click.Context, *, at_once: bool, as_json: bool) -> None:
    """Look again at every place a sent notice asked about: gone, still there, moved, back again or unreachable.

    Example: mekiki verify
    """
    home = speak.opened(ctx)
    with home.lock("verify"):
        ids = _due(home, at_once=at_once)
        looked: list[int] = []
        with speak.bar("Looking again", len(ids)) as advance:
            for start in range(0, len(ids), AT_ONCE):
                batch = ids[start : start + AT_ONCE]
                looked += _look(home, batch)
                advance(len(batch))
        _conclude(home)
    rows = _rows(home, looked)
    speak.show(rows, as_json=as_json, title="What was seen", empty="No watch is due; a sent notice leaves one.")


def _due(home: Home, *, at_once: bool) -> list[int]:
    with home.readers()() as session:
        return list(recheck.unclosed(session) if at_once else recheck.pending(session, 1_000_000))


def _look(home: Home, ids: list[int]) -> list[int]:
    """Look without holding a transaction: the web may take minutes to answer."""
    with home.readers()() as session:
        targets = recheck.targets(session, ids)
    looks = glance(home.settings.crawl, targets)
    with home.sessions().begin() as session:
        recheck.record(session, ids, looks)
    return ids


def _conclude(home: Home) -> None:
    for job in dashboard.jobs.JOBS:
        if job.name == "verify removals":
            dashboard.jobs.run(home, job)


def _rows(home: Home, ids: list[int]) -> list[dict[str, object]]:
    with home.readers()() as session:
        rows: list[dict[str, object]] = []
        for watch_id in ids:
            watch = session.get_one(Watch, watch_id)
            newest = select(WatchLook).where(WatchLook.watch_id == watch_id).order_by(WatchLook.id.desc()).limit(1)
            look = session.scalars(newest).one()
            rows.append(
                {"url": watch.url, "subject": watch.subject, "outcome": look.outcome, "says": look.says,
                 "moved_to": look.moved_to, "next_due": watch.next_due}
            )  # fmt: skip
        return rows
