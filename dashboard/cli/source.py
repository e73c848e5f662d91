"""`mekiki source`: the declarative sources of a home."""

import shutil
from pathlib import Path

import click

from config.errors import MekikiError
from crawlers import extract, health, sources, spiders, testing, tryout
from crawlers.page import Page
from crawlers.sources import SourceError
from dashboard.cli import speak

file_argument = click.argument("file", type=click.Path(path_type=Path))


class BadSources(MekikiError):
    """At least one of the files cannot be used; each has said why."""


@click.group("source")
def command() -> None:
    """Sites to visit, one TOML file each.

    Example: mekiki source add example-board.toml
    """


@command.command("add")
@file_argument
@click.pass_context
def add(ctx: click.Context, file: Path) -> None:
    """Check a source's file and copy it into the home; a source of the same id is replaced.

    Example: mekiki source add example-board.toml
    """
    home = speak.opened(ctx)
    source = sources.load(file)
    folder = home.settings.sources
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.id}.toml"
    was_there = target.exists()
    if not (was_there and target.samefile(file)):
        shutil.copyfile(file, target)
    sources.load_all(folder)  # an id taken by a file of another name is said now, not at the next sweep
    done = "Replaced" if was_there else "Added"
    speak.say(f"{done} {source.id} ({source.kind}). Next: `mekiki sweep {source.id}`.")


@command.command("lint")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def lint(files: tuple[Path, ...]) -> None:
    """Check files of sources without a home; one sentence a fault.

    Example: mekiki source lint sources/*.toml
    """
    faults = 0
    for file in files:
        try:
            source = sources.load(file)
        except SourceError as wrong:
            faults += 1
            speak.say(str(wrong))
        else:
            speak.say(f"{file}: {source.id} is sound.")
    if faults:
        raise BadSources(f"{faults} of {len(files)} files cannot be used; correct what is named above.")


@command.command("test")
@file_argument
@click.argument("url")
@click.option("--page", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="A saved page, not the web.")
@click.option(
    "--save", type=click.Path(file_okay=False, path_type=Path), help="Save page and finding as a golden page."
)
@speak.as_json
@click.pass_context
def test(ctx: click.Context, file: Path, url: str, *, page: Path | None, save: Path | None, as_json: bool) -> None:
    """Show what a source's file reads off one page, field by field, and which voice of the page said it.

    Example: mekiki source test example-market.toml https://market.example/item/1
    """
    source = sources.load(file)
    if page is None:
        fetched = tryout.fetch(speak.opened(ctx).settings.crawl, source, url)
    else:
        fetched = Page.of(url, page.read_bytes())
    found = extract.read_page(spiders.reader(source), fetched, source)
    if save is not None:
        speak.say(f"Saved {testing.save(save, source.id, fetched, file, found)}; read it and correct what is wrong.")
    said = testing.plain(found)
    if as_json:
        speak.emit(said)
        return
    provenance = found.provenance
    speak.show(
        [{"field": name, "value": value, "said_by": provenance.get(name)} for name, value in said.items()
         if name != "provenance"],
        as_json=False, title=f"{source.id}: {fetched.url}",
    )  # fmt: skip


@command.command("list")
@speak.as_json
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the sources of this home.

    Example: mekiki source list
    """
    known = sources.load_all(speak.opened(ctx).settings.sources)
    rows = [
        {"id": one.id, "name": one.source.name, "kind": one.kind, "seeds": ", ".join(one.scope.seeds),
         "cron": one.schedule.cron if one.schedule else None}
        for one in known.values()
    ]  # fmt: skip
    speak.show(rows, as_json=as_json, title="Sources", empty="No source yet; add one with `mekiki source add FILE`.")


@command.command("health")
@speak.as_json
@click.pass_context
def health_(ctx: click.Context, *, as_json: bool) -> None:
    """Say how each source is doing: its last sweep against what is usual for it.

    Example: mekiki source health
    """
    home = speak.opened(ctx)
    with home.readers()() as session:
        found = [health.of(session, name) for name in sources.load_all(home.settings.sources)]
    rows = [
        {"source": one.source, "condition": one.condition, "says": one.says, "findings": one.findings,
         "usual": one.usual_findings, "last_ok": one.last_ok, "failures_in_a_row": one.failures_in_a_row}
        for one in found
    ]  # fmt: skip
    speak.show(rows, as_json=as_json, title="Health", empty="No source yet; add one with `mekiki source add FILE`.")
