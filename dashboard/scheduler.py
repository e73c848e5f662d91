"""The clock: one locked process that starts sweeps, stages and looks as child processes, and ends them with itself."""

import signal
import subprocess
import threading
from collections.abc import Callable
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from config import clock, log
from config.errors import MekikiError
from config.home import Home
from crawlers import sources
from dashboard import child, cron
from dashboard.cli import EXIT_ALREADY_RUNNING

LOCK = "schedule"
REFRESH_S = 60  # a source added or changed is taken up within a minute
GRACE_S = 20  # a child asked to end gets this long
_log = log.get(__name__)


class Children:
    """The child processes this clock started; each is one `mekiki` command."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.lock = threading.Lock()

    def start(self, *words: str) -> int | None:
        """Run one command to its end and return its exit code; None when the same one still runs."""
        name = " ".join(words)
        with self.lock:
            if name in self.running:
                return None
            process = subprocess.Popen(child.command(self.home, *words))
            self.running[name] = process
        _log.info("started", command=name, pid=process.pid)
        code = process.wait()
        with self.lock:
            del self.running[name]
        told = _log.info if code in (0, EXIT_ALREADY_RUNNING) else _log.warning
        told("ended", command=name, code=code)
        return code

    def stop(self) -> None:
        """Ask every child to end, by its process id, and make the slow ones end."""
        with self.lock:
            processes = list(self.running.values())
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def timetable(home: Home) -> dict[tuple[str, ...], tuple[str, str]]:
    """Return what is to be run and when: command -> (cron expression, time zone)."""
    plan = home.settings.schedule
    table: dict[tuple[str, ...], tuple[str, str]] = {
        ("run", "--all", "--until-idle"): (plan.stages, plan.timezone),
        ("verify",): (plan.verify, plan.timezone),
    }
    for name, source in sources.load_all(home.settings.sources).items():
        if source.schedule is not None and source.source.enabled:
            table["sweep", name] = (source.schedule.cron, source.schedule.timezone or plan.timezone)
    return table


def set_jobs(scheduler: BackgroundScheduler, home: Home, start: Callable[..., object]) -> None:
    """Make the scheduler's jobs equal to the timetable; unchanged ones keep their next time."""
    table = timetable(home)
    for job in scheduler.get_jobs():
        if job.name.startswith("mekiki ") and tuple(job.name.split()[1:]) not in table:
            job.remove()
    for command, (expression, zone) in table.items():
        key = f"{' '.join(command)} @ {expression} {zone}"
        if scheduler.get_job(key):
            continue
        name = f"mekiki {' '.join(command)}"
        for old in scheduler.get_jobs():
            if old.name == name:
                old.remove()
        scheduler.add_job(
            start, cron.trigger(expression, zone, clock.now()), args=command, id=key, name=name,
            coalesce=True, max_instances=1, misfire_grace_time=3600,
        )  # fmt: skip


def serve(home: Home, stop: threading.Event, tell: Callable[[str], None]) -> None:
    """Hold the lock and run the timetable until `stop` is set. Raises AlreadyRunning, BadSchedule."""
    children = Children(home)
    with home.lock(LOCK):
        scheduler = BackgroundScheduler(timezone=home.settings.schedule.timezone)
        set_jobs(scheduler, home, children.start)
        scheduler.start()
        for job in scheduler.get_jobs():
            tell(f"{job.name}: next at {job.next_run_time:%Y-%m-%d %H:%M %Z}")
        try:
            while not stop.wait(REFRESH_S):
                _refresh(scheduler, home, children)
        finally:
            scheduler.shutdown(wait=False)
            children.stop()


def _refresh(scheduler: BackgroundScheduler, home: Home, children: Children) -> None:
    try:
        set_jobs(scheduler, home, children.start)
    except MekikiError as wrong:  # a half-saved source must not stop the clock; the old timetable stays
        _log.warning("timetable not refreshed", reason=str(wrong))


def until_told() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop
