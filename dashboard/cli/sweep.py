"""`mekiki sweep`: one locked sweep a source; the same under cron, systemd and the scheduler."""

import dataclasses
import subprocess

import click

from config.errors import MekikiError
from config.home import Home
from crawlers import chromium, sources, sweep
from crawlers.discovery import Names
from dashboard import child
from dashboard.cli import speak
from matcher import catalogue

EXIT_FAILED = 1
EXIT_ALREADY_RUNNING = 75
MOST_NAMED = 3  # addresses in one sentence


class SweepsFailed(MekikiError):
    """One of several sweeps failed; each has said why."""


@click.command("sweep")
@click.argument("source", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Sweep every source of this home.")
@click.option("--resume", is_flag=True, help="Also take up again a sweep that ended as failed.")
@speak.as_json
@click.pass_context
def command(ctx: click.Context, source: tuple[str, ...], *, every: bool, resume: bool, as_json: bool) -> None:
    """Visit sources and keep what they show. A sweep that was stopped or killed goes on where it was.

    Example: mekiki sweep example-board
    """
    home = speak.opened(ctx)
    known = sources.load_all(home.settings.sources) if every else {}
    names = tuple(name for name, one in known.items() if one.source.enabled) if every else source
    if not names:
        raise click.UsageError("Name a source, or say --all; `mekiki source list` shows the sources.")
    if len(names) == 1:
        _one(home, names[0], resume=resume, as_json=as_json)
        return
    for name in names:
        sources.find(home.settings.sources, name)  # a misspelt name stops before anything starts
    ended = [_child(home, name, resume=resume, as_json=as_json) for name in names]
    if any(ended):
        if set(ended) <= {0, EXIT_ALREADY_RUNNING}:
            ctx.exit(EXIT_ALREADY_RUNNING)
        raise SweepsFailed(
            f"{sum(code not in (0, EXIT_ALREADY_RUNNING) for code in ended)} of {len(ended)} sweeps failed."
        )


def _one(home: Home, name: str, *, resume: bool, as_json: bool) -> None:
    with home.readers()() as session:
        works = [Names(*each) for each in catalogue.names(session)]
    with speak.bar(f"Sweeping {name}") as advance:
        report = sweep.run(home, name, transaction=home.sessions().begin, resume=resume, works=works, tell=advance)
    if as_json:
        speak.emit(dataclasses.asdict(report))
        return
    again = "Went on with the stopped sweep. " if report.was_resumed else ""
    speak.say(
        f"{again}{report.source}: {report.pages} pages, {report.media} media, {report.findings} findings; "
        f"{report.refused} refused, {report.failed} failed.{_since(report)}"
    )
    if report.unrendered:
        speak.say(f"{report.unrendered} pages need a browser, and there is none that works; {chromium.NEXT_STEP}.")


def _since(report: sweep.SweepReport) -> str:
    """Say what the sweep adds to what was known of the source before."""
    says = []
    if report.unchanged:
        says.append(f"{report.found} findings are new; {report.unchanged} addresses say what they said before.")
    if report.gone:
        others = f" and {len(report.gone) - MOST_NAMED} more" if len(report.gone) > MOST_NAMED else ""
        says.append(f"Gone, as two looks say: {', '.join(report.gone[:MOST_NAMED])}{others}.")
    if report.left:
        says.append(f"{report.left} addresses are left; they come first in the next sweep.")
    return "".join(f" {sentence}" for sentence in says)


def _child(home: Home, name: str, *, resume: bool, as_json: bool) -> int:
    """Run one sweep in a process of its own and return its exit code: a reactor runs once a process."""
    flags = [*(["--resume"] if resume else []), *(["--json"] if as_json else [])]
    return subprocess.run(child.command(home, "sweep", name, *flags), check=False).returncode
