"""A web of 2,000 addresses whose sweep is killed again and again, and what must be there in the end."""

import random
import signal
import subprocess
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from config.home import Home
from crawlers import captures
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import FrontierEntry, Sweep
from dashboard.child import command
from tests.crawlers.conftest import ROOT
from tests.crawlers.small_web import LISTS, PER_LIST, SmallWeb, write_source

POSTS = LISTS * PER_LIST
ADDRESSES = LISTS + 2 * POSTS  # lists, posts, and a photo each: 2,000


def source(folder: Path, web: SmallWeb) -> Path:
    """Write the source of the web."""
    return write_source(
        folder, web, "many", "image_board", ["/many/0"], 'max_depth = 20\n[extract]\nitem = "a.thread"\nnext = "a.next"'
    )


def killed(home: Home, web: SmallWeb, chance: random.Random, after: int) -> bool:
    """Start a sweep, kill it -9 at a random moment after so many requests; say whether it was still at work."""
    at_request = len(web.asked) + after
    with subprocess.Popen(command(home, "sweep", "many"), cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        web.wait_for(at_request)
        try:  # the moment between two requests is chance as well
            running.wait(timeout=chance.uniform(0, 0.06))
        except subprocess.TimeoutExpired:
            running.kill()
    return running.returncode == -signal.SIGKILL


def faults(home: Home, web: SmallWeb) -> list[str]:
    """Return what is missing or there twice; [] is a sweep as if nothing had happened."""
    lists = [web.url(f"/many/{n}") for n in range(LISTS)]
    posts = [web.url(f"/many/post/{n}") for n in range(POSTS)]
    photos = [web.url(f"/photo/{10_000 + n}.png") for n in range(POSTS)]
    with home.readers()() as session:
        (sweep,) = session.scalars(select(Sweep)).all()
        captured = Counter(session.scalars(select(Capture.url)))
        found = Counter(session.scalars(select(FindingRow.url)))
        seen = Counter(session.scalars(select(Sighting.url)))
        in_line = session.scalar(select(func.count()).where(FrontierEntry.due_at <= sweep.started_at))
        checks = {
            "the sweep is done": sweep.state == "done",
            "every address is captured once": captured == Counter([web.url("/robots.txt"), *lists, *posts, *photos]),
            "every post is found once": found == Counter(posts),
            "every photo is seen once": seen == Counter(photos),
            "the chain holds": captures.broken_links(session, sweep.id) == [],
            "the counts are right": (sweep.pages, sweep.media, sweep.findings, sweep.found, sweep.left)
            == (LISTS + POSTS, POSTS, POSTS, POSTS, 0),
            "nothing is left in line": in_line == 0,
        }
    return [says for says, is_so in checks.items() if not is_so]


def finished(home: Home) -> int:
    """Sweep in peace, and return the exit code."""
    return subprocess.run(command(home, "sweep", "many"), cwd=ROOT, stderr=subprocess.DEVNULL, check=False).returncode
