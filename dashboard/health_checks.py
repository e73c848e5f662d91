"""What mekiki needs from this machine and this home, and the command that supplies what is missing."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from config import clock, settings
from config.errors import MekikiError
from config.home import NoHome, open_at
from crawlers import chromium, site_films, sources
from dashboard import cron, staff, standing
from notices import pdf

FREE_BYTES = 2 << 30
MEDIA_LIBRARIES = ("av", "opencv-python-headless", "pillow", "pdqhash", "faiss-cpu", "scrapy", "typst")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `next_step` says what to do when it is not well."""

    what: str
    is_well: bool
    found: str
    next_step: str = ""


def everything(home: Path) -> Iterator[Check]:
    """Look at the machine, then at the home."""
    yield from machine()
    yield from of_home(home)


def machine() -> Iterator[Check]:
    """Look at what is installed."""
    yield Check("Python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")
    yield Check("SQLite", sqlite3.sqlite_version_info >= (3, 35), sqlite3.sqlite_version, "install a newer Python")
    for name in MEDIA_LIBRARIES:
        try:
            yield Check(name, is_well=True, found=version(name))
        except PackageNotFoundError:
            yield Check(name, is_well=False, found="missing", next_step="run `make setup`")
    yield Check("Japanese letters for notices", pdf.FONTS.is_dir(), "Noto Sans JP", "run `make setup`")
    yield _site_films()
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    yield Check("ordinary user", not root, "root" if root else "yes", "better run crawlers as an ordinary user")


def of_home(home: Path) -> Iterator[Check]:
    """Look at the settings, the database, the disk, the sources and the door out."""
    try:
        opened = open_at(home)
    except NoHome as none:
        yield Check("home", is_well=False, found=str(home), next_step=str(none))
        return
    except MekikiError as wrong:
        yield Check("home", is_well=False, found=str(home), next_step=str(wrong))
        return
    yield Check("home", is_well=True, found=str(home))
    with opened.readers()() as session:
        facts = standing.facts(session)
        unseen = staff.unseen_works(session)
    yield Check("database", is_well=True, found=f"{opened.engine.dialect.name}, {facts['references']} references")
    yield Check(
        "people named for what is provisional", not unseen, f"missing for {', '.join(unseen)}" if unseen else "all",
        "nobody sees what matches it; `mekiki work staff WORK --add LOGIN` names somebody",
    )  # fmt: skip
    free = shutil.disk_usage(home).free
    yield Check("free disk", free > FREE_BYTES, f"{free / (1 << 30):.1f} GiB", "make room: captures need it")
    yield _answers("sources", lambda: f"{len(sources.load_all(opened.settings.sources))} read")
    yield _browser(opened.settings)
    yield _answers("schedule", lambda: _schedule(opened.settings))
    yield from _door(opened.settings)
    opened.engine.dispose()


def _browser(read: settings.Settings) -> Check:
    """Start the browser a sweep would use; without one everything works but pages that scripts make."""
    path = chromium.find(read.crawl.browser)
    if path is None:
        return Check("browser", is_well=False, found="none", next_step=f"{chromium.NEXT_STEP}; only some sites need it")
    try:
        started = chromium.started(path)
    except MekikiError as wrong:
        return Check("browser", is_well=False, found=str(path), next_step=str(wrong))
    sandbox = "in its sandbox" if started.is_sandboxed else "without its sandbox, for you are root"
    return Check("browser", is_well=True, found=f"{path}, Chromium {started.version}, {sandbox}")


def _site_films() -> Check:
    """Say which yt-dlp there is; an old one finds nothing on sites that have changed since."""
    release = site_films.installed()
    if release is None:
        next_step = f"{site_films.GETTING}; only sources with media.extractors need it"
        return Check("yt-dlp", is_well=False, found="none", next_step=next_step)
    days = site_films.age_days(release, clock.now().date())
    found = f"{release}, {days} days old"
    return Check("yt-dlp", days <= site_films.STALE_DAYS, found, f"sites have changed since: {site_films.RENEWING}")


def _schedule(read: settings.Settings) -> str:
    for expression in (read.schedule.stages, read.schedule.verify):
        cron.trigger(expression, read.schedule.timezone, clock.now())
    return read.schedule.timezone


def _answers(what: str, question: Callable[[], str]) -> Check:
    try:
        return Check(what, is_well=True, found=question())
    except MekikiError as wrong:
        return Check(what, is_well=False, found="wrong", next_step=str(wrong))


def _door(read: settings.Settings) -> Iterator[Check]:
    empty = [name for name, value in read.sender.model_dump().items() if not value]
    yield Check(
        "sender of notices", not empty, read.sender.organisation or "not set",
        f"fill in {', '.join(empty)} under [sender] in {read.home / settings.FILE_NAME}",
    )  # fmt: skip
    if read.notices.channel == "smtp":
        yield _answers("mail server", lambda: f"{read.smtp.host}:{read.smtp.port} {'*' * len(read.smtp.secret())}")
    else:
        yield Check("door out", is_well=True, found="closed: notices are dry runs into the outbox folder")
