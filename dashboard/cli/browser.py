"""`mekiki browser`: the browser for pages that scripts make."""

import dataclasses

import click

from config import settings
from config.errors import MekikiError
from crawlers import chromium
from crawlers.chromium import NoBrowser, Started
from dashboard.cli import speak


@click.group("browser")
def command() -> None:
    """The browser for sources whose pages are made by scripts; everything else works without.

    Example: mekiki browser install
    """


@command.command("install")
@speak.as_json
@click.pass_context
def install(ctx: click.Context, *, as_json: bool) -> None:
    """Find a Chromium that works, or get one: from Playwright, as root from the system's packages, else from npm.

    Example: mekiki browser install
    """
    _tell(chromium.install(_named(ctx)), as_json=as_json)


@command.command("show")
@speak.as_json
@click.pass_context
def show(ctx: click.Context, *, as_json: bool) -> None:
    """Start the browser that a sweep would use and say which it is, and whether it runs in its sandbox.

    Example: mekiki browser show
    """
    found = chromium.find(_named(ctx))
    if found is None:
        raise NoBrowser(f"There is no browser on this machine; {chromium.NEXT_STEP}.")
    _tell(chromium.started(found), as_json=as_json)


def _named(ctx: click.Context) -> str:
    """Return the browser that the home's settings name; no home is needed to get one."""
    try:
        return settings.load(ctx.find_root().obj).crawl.browser
    except MekikiError as wrong:
        speak.say(f"{wrong} Looking for a browser without these settings.")
        return ""


def _tell(started: Started, *, as_json: bool) -> None:
    if as_json:
        speak.emit(dataclasses.asdict(started))
        return
    speak.say(f"{started.path}: Chromium {started.version}, {'in its sandbox' if started.is_sandboxed else 'works'}.")
    if not started.is_sandboxed:
        speak.say("You are root: the browser runs without its sandbox. Run sweeps as an ordinary user.")
