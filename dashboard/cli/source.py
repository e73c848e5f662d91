"""`mekiki source`: the declarative sources of a home."""

import dataclasses
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click

from config import clock
from config.errors import MekikiError
from crawlers import likeness, sources, testing, trial, tryout, urls
from crawlers.sources import Source, SourceError
from crawlers.trial import Trial
from crawlers.tryout import Document
from dashboard import cron, source_health
from dashboard.cli import asking, speak
from dashboard.cron import BadSchedule
from dashboard.source_health import SourceHealth

SHOWN = 20  # addresses; there may be fifty thousand

file_argument = click.argument("file", type=click.Path(path_type=Path))


class NeedsAPerson(MekikiError):
    """At least one source brings nothing until somebody has looked at it."""


class OtherSite(MekikiError):
    """What stands on another host is not the source's site."""


class BadSources(MekikiError):
    """At least one of the files cannot be used; each has said why."""


class UnmetExpectations(MekikiError):
    """A page lacks what its source's file expects."""


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
    _check_schedule(file, source)
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
@speak.as_json
def lint(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check files of sources without a home; one sentence a fault. Their golden pages are read again.

    Example: mekiki source lint sources/*.toml
    """
    bad = 0
    for file in files:
        faults, advice = _faults(file), _advice(file)
        bad += bool(faults)
        if as_json:
            speak.emit({"file": str(file), "is_sound": not faults, "faults": faults, "advice": advice})
            continue
        for sentence in [*faults, *advice]:
            speak.say(sentence)
        if not faults:
            proved = len(testing.recorded_for(file))
            speak.say(f"{file}: {sources.load(file).id} is sound; golden pages read as recorded: {proved}.")
    if bad:
        raise BadSources(f"{bad} of {len(files)} files cannot be used; correct what is named above.")


def _faults(file: Path) -> list[str]:
    try:
        faults = sources.wrong(sources.text_of(file), str(file))
        if faults:
            return faults
        _check_schedule(file, sources.load(file))
        return [
            f"{file}: {golden.name}: {difference}; correct the file, or record the page again when it is right."
            for golden in testing.recorded_for(file)
            for difference in golden.differences()
        ]
    except MekikiError as wrong:
        return [str(wrong)]


def _advice(file: Path) -> list[str]:
    """Return what a sound file should say and does not."""
    try:
        source = sources.load(file)
    except SourceError:
        return []
    silent = [] if source.legal.basis else [f"{file}: says no basis; write in [legal] why we may look there."]
    return [*silent, *([_ignores(file, source)] if source.legal.ignores_robots else [])]


def _ignores(file: Path, source: Source) -> str:
    """Say on which hosts robots.txt is not obeyed, so that whoever decided it sees what it covers."""
    hosts = ", ".join(sorted({host.removeprefix("www.") for host in source.robots_ignored_on()}))
    said = f"{file}: ignores robots.txt on {hosts}, as {source.legal.approver} decided on {source.legal.date}"
    if not source.scope.mirrors:
        return f"{said}."
    return f"{said}, and obeys it on mirrors; name one in scope.hosts once the same is decided for it."


def _check_schedule(file: Path, source: Source) -> None:
    """Refuse what never fires, for instance the 31st of February. Raises SourceError."""
    if source.schedule is None:
        return
    try:
        cron.trigger(source.schedule.cron, source.schedule.timezone, clock.now())
    except BadSchedule as wrong:
        raise SourceError(f"{file}: schedule.cron: {wrong}") from wrong


saved_page = click.option(
    "--page", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="A saved page, not the web."
)


@command.command("test")
@file_argument
@click.argument("url")
@saved_page
@speak.as_json
@click.pass_context
def test(ctx: click.Context, file: Path, url: str, *, page: Path | None, as_json: bool) -> None:
    """Show what a source's file makes of a page: fields and who said them, media, links, expectations that fail.

    Example: mekiki source test example-market.toml https://market.example/item/1
    """
    source = sources.load(file)
    document = _document(ctx, source, url, page)
    tried = trial.of(source, document)
    said = testing.plain(tried.finding)
    if as_json:
        leaves = [{"url": address, "why": why} for address, why in tried.leaves]
        speak.emit(said | {"follows": tried.follows, "leaves": leaves, "fails": tried.fails})
    else:
        _show(source, document, tried)
    if tried.fails:
        raise UnmetExpectations(f"{document.url}: {' '.join(tried.fails)}")


def _document(ctx: click.Context, source: Source, url: str, page: Path | None) -> Document:
    if page is None:
        document = tryout.fetch(speak.opened(ctx).settings.crawl, source, url)
        if document.note:
            speak.say(document.note)
        return document
    return Document(urls.canonical(url) or url, page.read_bytes())


def _show(source: Source, document: Document, tried: Trial) -> None:
    found = tried.finding
    said = testing.plain(found)
    listing = said.pop("listing", {})
    fields = {name: value for name, value in said.items() if name not in ("provenance", "media", "links", "lists")}
    rows = [
        {"field": name, "value": value, "said_by": found.provenance.get(name)}
        for name, value in (fields | (listing if isinstance(listing, dict) else {})).items()
    ]
    speak.show(rows, as_json=False, title=f"{source.id}: {document.url}")
    media = [
        {"media": link.kind, "address": link.url,
         "said_by": found.provenance.get("images" if link.kind == "image" else "video")}
        for link in found.media
    ]  # fmt: skip
    speak.show(media, as_json=False, title="Would take", empty="It would take no media.")
    speak.show([{"address": url} for url in tried.follows[:SHOWN]], as_json=False,
               title=f"Would go on to {len(tried.follows)} addresses", empty="It would go on to nothing.")  # fmt: skip
    if tried.leaves:
        speak.show([{"address": url, "why": why} for url, why in tried.leaves[:SHOWN]], as_json=False,
                   title=f"Would leave {len(tried.leaves)} alone")  # fmt: skip


@command.command("record")
@file_argument
@click.argument("url")
@saved_page
@click.option("--name", help="What to call it; a new one replaces one of the same name. Default: by its address.")
@click.pass_context
def record(ctx: click.Context, file: Path, url: str, *, page: Path | None, name: str | None) -> None:
    """Save a page and what is read off it as a golden page beside the file; `mekiki source lint` reads it again.

    Example: mekiki source record example-market.toml https://market.example/item/1
    """
    source = sources.load(file)
    document = _document(ctx, source, url, page)
    found = trial.of(source, document).finding
    called = name or f"{source.id}.{urls.url_hash(document.url)[:8]}"
    if not re.fullmatch(r"[\w.-]{1,100}", called):
        raise SourceError(f'"{called}" cannot be a file\'s name; use letters, digits, "-", "_" and ".".')
    saved = testing.save(file, called, document, found)
    speak.say(f"Saved {saved}; read it and correct what is wrong, then `mekiki source lint {file}`.")


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
         "cron": one.schedule.cron if one.schedule else None, "robots": one.legal.robots,
         "enabled": one.source.enabled}
        for one in known.values()
    ]  # fmt: skip
    speak.show(rows, as_json=as_json, title="Sources", empty="No source yet; add one with `mekiki source add FILE`.")


@command.command("health")
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@speak.as_json
@click.pass_context
def health_(ctx: click.Context, names: tuple[str, ...], *, as_json: bool) -> None:
    """Say how each source is doing: its last sweep against the last two weeks, when it runs next, what it met. Named
    sources are told in full. Ends with 1 when one needs a person.

    Example: mekiki source health example-board
    """
    folder = speak.opened(ctx).settings.sources
    with asking.reads(ctx) as session:
        known = {each.health.source: each for each in source_health.read(session, sources.load_all(folder))}
    for name in set(names) - set(known):
        sources.find(folder, name)  # raises NoSuchSource with the nearest name
    found = [known[name] for name in names] if names else list(known.values())
    if as_json:
        for each in found:
            speak.emit(_health_document(each))
    else:
        speak.show([_line(each) for each in found], as_json=False, title="Health",
                   empty="No source yet; add one with `mekiki source add FILE`.")  # fmt: skip
        for each in found if names else ():
            speak.show(_counts(each), as_json=False, title=each.health.source, empty="Nothing was counted yet.")
    ill = source_health.alarms(found)
    for each in () if as_json else ill:
        if each.next_step is not None:
            speak.say(f"{each.health.source} is {each.health.condition}; next: {each.next_step.command}")
    if ill:
        which = ", ".join(each.health.source for each in ill)
        raise NeedsAPerson(f"{len(ill)} of {len(found)} sources need a person: {which}.")


def _line(each: SourceHealth) -> dict[str, object]:
    how = each.health
    return {
        "source": how.source, "condition": how.condition, "says": how.says, "findings": how.findings,
        "usual": how.usual_findings, "last_ok": _moment(how.last_ok), "failures_in_a_row": how.failures_in_a_row,
        "next_run": _moment(each.next_run),
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _counts(each: SourceHealth) -> list[dict[str, object]]:
    counted = [*each.met, *((f"findings with {name}", told) for name, told in each.fields)]
    return [{"what": what, "count": told.count, "for_instance": told.example} for what, told in counted]


def _health_document(each: SourceHealth) -> dict[str, object]:
    how = each.health
    return {
        "source": how.source, "condition": how.condition, "needs_a_person": each.needs_a_person, "says": how.says,
        "findings": how.findings, "usual": how.usual_findings, "last_ok": how.last_ok,
        "failures_in_a_row": how.failures_in_a_row, "next_run": each.next_run,
        "next_step": each.next_step.command if each.next_step else None,
        "met": {what: {"count": told.count, "example": told.example} for what, told in each.met},
        "fields": {name: told.count for name, told in each.fields},
    }  # fmt: skip


@command.command("mirror")
@click.argument("name", metavar="SOURCE")
@click.argument("host")
@speak.as_json
@click.pass_context
def mirror(ctx: click.Context, name: str, host: str, *, as_json: bool) -> None:
    """Look whether a source's site is on another host: its newest captured finding beside the same path there. Nothing
    is changed; when it is the same, the lines to add to its file are said. Ends with 1 when it is another page.

    Example: mekiki source mirror example-board board2.example.to
    """
    if not re.fullmatch(r"[\w.-]+(?::\d{1,5})?", host):
        raise SourceError(f'"{host}" must be a bare host name, like "board2.example.to".')
    home = speak.opened(ctx)
    source = sources.find(home.settings.sources, name)
    with asking.reads(ctx) as session:
        known = source_health.newest_page(session, source)
    there = likeness.on_host(known.url, host)
    found = trial.of(source, tryout.fetch(home.settings.crawl, source, there)).finding
    alike = likeness.of(known, found)
    pictures = "it showed none" if alike.pictures is None else f"{alike.pictures:.0%}"
    if as_json:
        speak.emit({"known": known.url, "there": found.url, "is_same": alike.is_same, **dataclasses.asdict(alike)})
    else:
        speak.say(f"{known.url} beside {found.url}: title {'the same' if alike.has_title else 'another'}, "
                  f"{alike.words:.0%} of its lines, pictures: {pictures}.")  # fmt: skip
    if not alike.is_same:
        raise OtherSite(f"{found.url} is not the page that {name} showed; look at it before you add its host.")
    speak.say(f'It is the same page. Add "{host.partition(":")[0]}" to scope.hosts of {name}\'s file, or a pattern for '
              "such hosts to scope.mirrors.")  # fmt: skip
