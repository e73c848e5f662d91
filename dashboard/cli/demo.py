"""`mekiki demo`: the main job, from the first drawing to the last look, on a world of its own."""

import contextlib
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import uvicorn

from config.errors import MekikiError
from config.home import Home
from dashboard import app
from dashboard.cli import speak
from dashboard.demo import corpus, drawn, expectation, server, sites, stage, works
from dashboard.demo.expectation import Verdict
from dashboard.demo.server import SmallWeb
from dashboard.demo.world import World

CONSOLE_TIMEOUT_S = 60.0
CLOCK_S = 2.0


class FellShort(MekikiError):
    """The demo did not find what it should, or found what it should not."""


class FolderTaken(MekikiError):
    """The folder for the demo already holds something."""


class NoConsole(MekikiError):
    """The console did not answer."""


@click.command("demo")
@click.option("--works", "works_folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Use the real films, comics, art and products of this folder; it holds a manifest.csv.")  # fmt: skip
@click.option("--once", is_flag=True, help="End after the table instead of serving the console.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the world and its home here.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the console; 0 takes a free one.")
@click.option("--small", is_flag=True, help="Draw a smaller world, for a quick look.")
@speak.as_json
def command(*, works_folder: Path | None, once: bool, keep: Path | None, port: int, small: bool, as_json: bool) -> None:
    """Draw works, serve a small web that copies them, do the main job on it, and open the console on the result.

    Example: mekiki demo --once --json
    """
    started = time.monotonic()
    teller = _Teller(is_silent=as_json)
    with _folder(keep) as folder:
        world = _world(folder, works_folder, teller, is_small=small)
        web, shown = sites.put_up(world), sites.of(world)
        with server.served(web) as web_port:
            teller.say(f"A small web of {len(shown)} sites and {len(world.places)} pages is up on this machine.")
            home = stage.make_home(folder / "home", shown, web_port)
            try:
                left = () if once else tuple(expectation.place_of(key, web_port) for key in world.left)
                _play(home, world, web, teller, left)
                with home.readers()() as session:
                    verdict = expectation.compare(session, world, web, web_port)
                with _console(home, port) as address:
                    _report(verdict, time.monotonic() - started, as_json=as_json)
                    if not once:
                        _wait(home, address)
            finally:
                home.engine.dispose()
    if not verdict.holds:
        raise FellShort(_shortfall(verdict))


class _Teller:
    """Tells a person what happens, or nobody."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent

    def say(self, sentence: str) -> None:
        if not self._is_silent:
            speak.say(sentence)

    @contextmanager
    def bar(self, what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
        if self._is_silent:
            yield lambda _by=1: None
            return
        with speak.bar(what, total) as advance:
            yield advance


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mekiki-demo-", ignore_cleanup_errors=True) as made:
            yield Path(made)
        return
    if keep.exists() and any(keep.iterdir()):
        raise FolderTaken(f"{keep} is not empty; name a new folder with --keep.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.absolute()


def _world(folder: Path, works_folder: Path | None, teller: _Teller, *, is_small: bool) -> World:
    if works_folder is not None:
        with teller.bar("Copying the works as pirates would"):
            return corpus.world(works_folder, folder / "web")
    with teller.bar("Drawing the works and their copies"):
        originals = works.draw(folder / "works", pages=4, shots=9) if is_small else works.draw(folder / "works")
        return drawn.world(originals, folder / "web")


def _play(home: Home, world: World, web: SmallWeb, teller: _Teller, left: tuple[str, ...]) -> None:
    teller.say(f"Registered {len(world.titles)} works with {stage.register(home, world)} references.")
    shown = sites.of(world)
    with teller.bar("Sweeping", len(shown)) as advance:
        stage.sweep(home, shown, advance)
    teller.say(f"Swept {len(shown)} sites, each in a process of its own.")
    _work(home, "Describing, matching, checking allowances", teller)
    teller.say(f"{stage.REVIEWER} decided {stage.review(home, left)} likely copies as infringing.")
    _work(home, "Drafting", teller)
    teller.say(f"{stage.REVIEWER} approved {stage.approve(home)} notices; they go into the outbox, a dry run.")
    _work(home, "Sending", teller)
    stage.react(web, world)
    with teller.bar("Looking again"):
        stage.look_again(home)
    _work(home, "Verifying", teller)
    teller.say("The sites took some pages down and moved one; every place was looked at again.")


def _work(home: Home, what: str, teller: _Teller) -> None:
    with teller.bar(what) as advance:
        stage.work(home, lambda _job, rows: advance(rows))


def _report(verdict: Verdict, seconds: float, *, as_json: bool) -> None:
    line: dict[str, Any] = verdict.line(seconds)
    if as_json:
        for record in (*expectation.records(verdict), line):
            speak.emit(record)
        return
    speak.show(expectation.rows(verdict), as_json=False, title="Expected and found")
    speak.say(
        f"{line['found']} of {line['expected']} copies found, {line['wrong_cases']} wrong cases, "
        f"{line['allowed_respected']} of {line['allowed']} allowed uses recognised and left alone, "
        f"{line['notices']} notices in the outbox, {line['seconds']:.0f} s."
    )


def _shortfall(verdict: Verdict) -> str:
    missed = [f"{each.place.key}: {each.says}" for each in verdict.outcomes if not each.as_expected]
    parts = [
        *missed,
        *(f"wrong case {key}" for key in verdict.wrong),
        *(f"forbidden {key}" for key in verdict.trespasses),
    ]
    return f"The demo fell short: {'; '.join(parts)}; run it with --keep DIR and look into DIR/home."


@contextmanager
def _console(home: Home, port: int) -> Iterator[str]:
    """Serve the console until the block ends; yields its address once it has answered. Raises NoConsole."""
    with socket.create_server((home.settings.console.host, port)) as listening:
        config = uvicorn.Config(app.make(home), log_config=None, access_log=False, server_header=False)
        console = uvicorn.Server(config)
        thread = threading.Thread(target=console.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            name, number = listening.getsockname()[:2]
            address = f"http://{name}:{number}/"
            _ask(f"{address}login")
            yield address
        finally:
            console.should_exit = True
            thread.join(timeout=10)


def _ask(url: str) -> None:
    try:
        with urllib.request.urlopen(url, timeout=CONSOLE_TIMEOUT_S) as answer:  # noqa: S310 - our own loopback address
            answer.read()
    except (urllib.error.URLError, TimeoutError) as silent:
        raise NoConsole(f"The console at {url} does not answer ({silent}); run `mekiki doctor`.") from silent


def _wait(home: Home, address: str) -> None:
    """Be the clock until Ctrl-C: what somebody decides in the console is drafted, sent and shown within seconds."""
    speak.say(
        f"\nThe console is at {address}\nlogin: {stage.LOGIN}   password: {stage.PASSWORD}\n"
        "A few cases are left for you to decide. Ctrl-C ends the demo."
    )
    with contextlib.suppress(KeyboardInterrupt):
        try:
            while True:
                stage.work(home)
                time.sleep(CLOCK_S)
        except MekikiError as stopped:
            speak.say(f"{stopped} The console stays open.")
            threading.Event().wait()
