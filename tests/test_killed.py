"""The sweep is killed with SIGKILL at random moments, again and again: the cases are the same as without kills."""

import random
import signal
import subprocess
import time
from pathlib import Path

from sqlalchemy import select

from config.home import Home
from crawlers import evidence
from crawlers.captures import Capture, FindingRow, Sighting
from dashboard.child import command
from dashboard.demo import attacks, server, sites, stage, works
from dashboard.demo.attacks import save
from dashboard.demo.figures import HARU, SUZU
from dashboard.demo.scenery import DUSK
from dashboard.demo.world import Place, Shown, Title, World
from matcher.case_rows import Case

KILLS = 10
POSTS = 18
TITLE, OWNER = "Lantern Road", "Studio Kiri"
BOARD = "pixhub.example"


def world(folder: Path) -> World:
    """One poster, posted again and again on one board, among a stranger's pictures; not so often that the flood guard
    asks a person first."""
    visual = works.key_visual((SUZU, HARU), DUSK, 70, "灯りの道")
    original = save(visual, folder / "key-visual.png")
    sheet = works.stranger_sheet()
    places = []
    for number in range(POSTS):
        is_copy = number % 5 < 2
        cut = attacks.scaled(attacks.cropped(visual if is_copy else sheet, (0.05, 0.1, 0.95, 0.98)), 500 + 10 * number)
        shown = Shown(save(cut, folder / f"{number}.jpg", 70))
        truth, title = ("pirated", TITLE) if is_copy else ("unrelated", "")
        places.append(Place(BOARD, f"/post/{number}", f"post {number}", truth, (shown,), title, by="grabber"))
    owner = {"representative": "Aoi Mori", "address": "1-2-3 Kanda, Tokyo", "email": "rights@studio-kiri.example"}
    return World(
        titles=(Title(TITLE, OWNER, "art", (("Key visual", (original,)),), creator=OWNER),),
        places=tuple(places),
        owners={OWNER: owner},
    )


def make_home(folder: Path, made: World, port: int) -> Home:
    home = stage.make_home(folder, sites.of(made), port)
    stage.register(home, made)
    for source in home.settings.sources.glob("*.toml"):  # slow enough that there is a middle to be killed in
        source.write_text(source.read_text("utf-8").replace("[scope]", "[fetch]\ndelay_s = 0.15\n[scope]"), "utf-8")
    return home


def sweep(home: Home, source: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(home, "sweep", source), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def captures(home: Home) -> int:
    with home.readers()() as session:
        return len(session.scalars(select(Capture.id)).all())


def kill_in_the_middle(home: Home, source: str, moments: random.Random) -> bool:
    """Start a sweep, kill it soon after it captured something; say whether it was still at work."""
    before, child = captures(home), sweep(home, source)
    while child.poll() is None and captures(home) == before:
        time.sleep(0.01)
    time.sleep(moments.uniform(0, 0.12))
    child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def outcome(home: Home) -> tuple[list[str], list[str], list[tuple[str, str, float]]]:
    """Return what was captured, what was seen where, and the cases, without ids and times."""
    stage.work(home)
    with home.readers()() as session:
        assert list(evidence.verify(session)) == []
        urls = session.scalars(select(Capture.url).order_by(Capture.url)).all()
        seen = session.execute(select(FindingRow.place, Sighting.blob).join_from(Sighting, FindingRow)).all()
        cases = session.execute(select(Case.place, Case.lane, Case.score).order_by(Case.place)).all()
    return (
        list(urls),
        sorted(f"{place} {blob}" for place, blob in seen),
        [(p, lane, round(s, 6)) for p, lane, s in cases],
    )


def test_a_sweep_killed_ten_times_leads_to_the_same_cases_as_one_left_in_peace(tmp_path: Path) -> None:
    made = world(tmp_path)
    source = sites.of(made)[0].source_id
    moments = random.Random(20261122)
    with server.served(sites.put_up(made)) as port:
        peaceful = make_home(tmp_path / "peaceful", made, port)
        assert sweep(peaceful, source).wait() == 0
        expected = outcome(peaceful)
        killed = make_home(tmp_path / "killed", made, port)
        for _ in range(KILLS):
            assert kill_in_the_middle(killed, source, moments), "the sweep ended before it was killed; make it slower"
        assert sweep(killed, source).wait() == 0
        found = outcome(killed)
    peaceful.engine.dispose()
    killed.engine.dispose()
    assert found == expected
    assert len(set(found[0])) == len(found[0])
    assert len(found[2]) == sum(place.truth == "pirated" for place in made.places)
