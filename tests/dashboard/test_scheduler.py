"""One clock a home; it starts children and ends them with itself."""

import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler

from config import home as homes
from config.home import Home
from dashboard import child
from dashboard.scheduler import LOCK, Children, set_jobs, timetable

SOURCE = """
[source]
id = "board"
name = "Board"
kind = "image_board"
[scope]
seeds = ["http://board.example/"]
[schedule]
cron = "{cron}"
timezone = "Asia/Tokyo"
"""


@pytest.fixture
def made(tmp_path: Path) -> Home:
    return homes.make(tmp_path / "home")


def write_source(home: Home, cron: str) -> None:
    (home.settings.sources / "board.toml").write_text(SOURCE.format(cron=cron))


def test_sources_are_swept_when_they_say(made: Home) -> None:
    write_source(made, "17 3 * * 0")
    assert timetable(made)["sweep", "board"] == ("17 3 * * 0", "Asia/Tokyo")


def test_a_changed_source_changes_its_job_and_a_removed_one_loses_it(made: Home) -> None:
    scheduler = BackgroundScheduler()
    scheduler.start(paused=True)
    write_source(made, "0 0 * * 0")
    set_jobs(scheduler, made, print)
    sunday = next(job for job in scheduler.get_jobs() if job.args == ("sweep", "board")).next_run_time
    assert sunday.strftime("%A %H:%M") == "Sunday 00:00"
    write_source(made, "0 0 * * 1")
    set_jobs(scheduler, made, print)
    assert next(job for job in scheduler.get_jobs() if job.args[0] == "sweep").next_run_time.strftime("%A") == "Monday"
    (made.settings.sources / "board.toml").unlink()
    set_jobs(scheduler, made, print)
    assert [job for job in scheduler.get_jobs() if job.args[0] == "sweep"] == []
    scheduler.shutdown()


def test_a_child_runs_to_its_end_and_a_second_of_the_same_kind_is_not_started(made: Home) -> None:
    children = Children(made)
    codes: list[int | None] = []
    threads = [threading.Thread(target=lambda: codes.append(children.start("status", "--json"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(codes, key=str) in ([0, None], [0, 0])
    assert 0 in codes


def test_a_second_clock_leaves_with_75_and_the_first_ends_when_told(made: Home) -> None:
    command = child.command(made, "schedule")
    first = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert first.stderr is not None
        assert "next at" in first.stderr.readline()
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (second.returncode, f"{LOCK} is already running" in second.stderr) == (75, True)
    finally:
        first.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert first.wait(30) == 0
    assert time.monotonic() - begun < 30
