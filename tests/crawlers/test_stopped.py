"""A sweep may be killed, find the site down, the disk full, another sweep running: nothing is lost or doubled."""

import contextlib
import random
import resource
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.home import Home
from crawlers import captures
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from dashboard.child import command
from dashboard.cli import main
from tests.crawlers import killing, small_web
from tests.crawlers.conftest import ROOT, Mekiki
from tests.crawlers.small_web import POSTS, SmallWeb, write_source

FILE_LIMIT_BYTES = 3_000_000
LOG_LIMIT_BYTES = 100_000  # of any file, also of the database's log
KILLS_OF_MANY = 3
BOARD = '[extract]\nitem = "a.thread"'


def assert_the_board_is_complete(session: Session, web: SmallWeb) -> None:
    (sweep,) = session.scalars(select(Sweep)).all()
    assert (sweep.state, sweep.error) == ("done", None)
    urls = Counter(session.scalars(select(Capture.url).where(Capture.sweep_id == sweep.id)))
    posts = [web.url(f"/board/{n}") for n in range(POSTS)]
    photos = [web.url(f"/photo/{n}.png") for n in (*range(POSTS), 900)]
    assert urls == Counter([web.url("/"), web.url("/robots.txt"), *posts, *photos])
    assert session.scalar(select(func.count()).select_from(FindingRow)) == POSTS
    assert session.scalar(select(func.count()).select_from(Sighting)) == 2 * POSTS
    assert captures.broken_links(session, sweep.id) == []
    assert (sweep.pages, sweep.media, sweep.findings) == (1 + POSTS, 1 + POSTS, POSTS)


@pytest.mark.parametrize(("database_url", "kills"), [("sqlite", 10), ("postgresql", 3)], indirect=["database_url"])
def test_a_sweep_killed_again_and_again_at_random_loses_and_doubles_nothing(
    web: SmallWeb, web_home: Home, mekiki: Mekiki, kills: int
) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    web.delay_s = 0.02
    chance = random.Random(kills)

    for _ in range(kills):
        at_request = len(web.asked) + chance.randint(1, 3)
        with subprocess.Popen(command(web_home, "sweep", "board"), cwd=ROOT, stderr=subprocess.DEVNULL) as running:
            web.wait_for(at_request)
            try:  # the moment between two requests is chance as well
                running.wait(timeout=chance.uniform(0, 0.06))
            except subprocess.TimeoutExpired:
                running.kill()
    killed_early = web.count("/board/11") == 0 or web.count("/photo/11.png") == 0
    ended = mekiki("sweep", "board")

    assert ended.returncode == 0, ended.stderr
    assert "Went on with the stopped sweep" in ended.stderr
    assert killed_early, "the kills came too late to prove anything"
    with web_home.readers()() as session:
        assert_the_board_is_complete(session, web)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_thousand_addresses_are_kept_once_each_however_often_the_sweep_is_killed(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:  # `make measure-frontier` does the same with 20 kills, on both databases
    killing.source(web_home.settings.sources, web)
    chance = random.Random(2000)

    kills = [killing.killed(web_home, web, chance, chance.randint(50, 500)) for _ in range(KILLS_OF_MANY)]
    ended = mekiki("sweep", "many")

    assert kills == [True] * KILLS_OF_MANY
    assert ended.returncode == 0, ended.stderr
    assert killing.faults(web_home, web) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_site_that_is_down_is_one_sentence_and_the_sweep_goes_on_later(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    web.shutdown()
    web.server_close()

    down = mekiki("sweep", "board")

    assert down.returncode == 1
    assert down.stderr == (
        f"mekiki: {web.url('')} refuses the connection; see whether the site is up, then run `mekiki sweep board` "
        "again: it goes on where it stopped.\n"
    )
    with small_web.serving(port=web.port) as back:
        assert mekiki("sweep", "board").returncode == 0
        with web_home.readers()() as session:
            assert_the_board_is_complete(session, back)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_one_sentence_and_the_sweep_completes_when_there_is_room(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, web, "shots", "page", ["/shots"])

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT_BYTES, resource.RLIM_INFINITY))

    full = mekiki("sweep", "shots", preexec_fn=small_disk)

    assert full.returncode == 1
    assert full.stderr == (
        f"mekiki: No room left on the disk that holds {web_home.blobs.root}; free some space and run it again.\n"
    )
    ended = mekiki("sweep", "shots")
    assert ended.returncode == 0, ended.stderr
    with web_home.readers()() as session:
        (sweep,) = session.scalars(select(Sweep)).all()
        assert Counter(session.scalars(select(Capture.kind))) == {"robots": 1, "page": 1, "media": 4}
        assert len(session.scalars(select(Sighting)).all()) == 4
        assert captures.broken_links(session, sweep.id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_cannot_grow_is_one_sentence_and_the_sweep_completes_when_there_is_room(
    web: SmallWeb, web_home: Home, mekiki: Mekiki
) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)

    def no_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LOG_LIMIT_BYTES, resource.RLIM_INFINITY))

    full = mekiki("sweep", "board", preexec_fn=no_disk)

    assert full.returncode == 1
    assert full.stderr == (
        "mekiki: No room left on the disk that holds the database; free some space and run it again.\n"
    )
    assert mekiki("sweep", "board").returncode == 0
    with web_home.readers()() as session:
        assert_the_board_is_complete(session, web)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ctrl_c_stops_cleanly_and_the_next_sweep_goes_on(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    web.delay_s = 0.05

    with subprocess.Popen(command(web_home, "sweep", "board"), cwd=ROOT, stderr=subprocess.PIPE, text=True) as running:
        web.wait_for(5)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]

    assert (running.returncode, said.strip()) == (130, "Stopped; what was done stays done.")
    assert len(web.asked) < 27
    assert mekiki("sweep", "board").returncode == 0
    with web_home.readers()() as session:
        assert_the_board_is_complete(session, web)
    assert max(web.count(path) for _at, path in web.asked) == 1, "a clean stop fetches nothing twice"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_listens_while_a_sweep_runs(web: SmallWeb, web_home: Home) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)
    web.delay_s = 0.2

    with subprocess.Popen(command(web_home, "sweep", "board"), cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        web.wait_for(2)
        inodes = sockets_of(running.pid)
        listening = inodes & listening_inodes()
        running.kill()

    assert inodes, "the sweep had no socket at all; this proves nothing"
    assert listening == set()


def sockets_of(pid: int) -> set[str]:
    """Return the inodes of a process's open sockets."""
    names = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            names.append(file.readlink().name)
    return {name.removeprefix("socket:[").removesuffix("]") for name in names if name.startswith("socket:[")}


def listening_inodes() -> set[str]:
    """Return the inodes of every TCP socket of this machine that listens (state 0A)."""
    tables = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    return {line.split()[9] for table in tables for line in table if line.split()[3] == "0A"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_sweep_of_a_source_says_so_and_exits_75(
    web: SmallWeb, web_home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"], BOARD)

    with web_home.lock("sweep-board"), pytest.raises(SystemExit) as second:
        main(["--home", str(web_home.path), "sweep", "board"])

    assert second.value.code == 75
    assert (
        capsys.readouterr().err == f"sweep-board is already running in {web_home.path}; wait for it or stop it first.\n"
    )
    assert web.asked == []
