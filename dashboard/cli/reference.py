"""`mekiki reference`: the originals of a work, or their fingerprints alone."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from config import clock
from dashboard import staff
from dashboard.cli import moment, options, overlaps, quarantine, speak, stretches
from dashboard.cli.area import AREA, written
from dashboard.cli.moment import MOMENT
from matcher import catalogue, days, licences, lives, references, stop_areas
from matcher.catalogue import Work
from matcher.interface import BANKS, Bank, Box
from matcher.references import Reference
from matcher.stop_areas import StopArea


@click.group("reference")
def command() -> None:
    """The originals of a work, or their fingerprints alone.

    Example: mekiki reference add "Lantern Road" episodes/ep1.mp4 "manga/Volume 1"
    """


@command.command("add")
@click.argument("work")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--asset", metavar="NAME", help="Put everything into this asset, instead of one a file or folder.")
@click.option("--bank", type=click.Choice(BANKS), default="works", show_default=True, help="What they stand for.")
@speak.as_json
@click.pass_context
def add(
    ctx: click.Context, work: str, paths: tuple[Path, ...], asset: str | None, bank: Bank, *, as_json: bool
) -> None:
    """Register files and folders of pages; a folder is one asset, its files the pages in natural order.

    Example: mekiki reference add "Lantern Road" "manga/Volume 1" --bank works
    """
    home = speak.opened(ctx)
    with (
        speak.bar("Registering", references.count_files(paths)) as advance,
        home.sessions().begin() as session,
    ):
        title = catalogue.find_work(session, work)
        rows = references.register(session, title, paths, asset=asset, bank=bank, progress=advance)
        made = [{"reference": row.name, "position": row.position, "blob": row.blob, "uuid": row.uuid} for row in rows]
        is_unseen = bank == "provisional" and not staff.of_work(session, title)
    if is_unseen:
        speak.say(f'Nobody may see what they match yet: `mekiki work staff "{title.title}" --add LOGIN`.')
    if as_json:
        speak.show(made, as_json=True)
    count = len({row["uuid"] for row in made})
    speak.say(
        f"{count} references of {title.title} are registered. Next: `mekiki run --all` describes and matches them."
    )


@command.command("import")
@click.argument("file", metavar="FILE.mkf", type=click.Path(path_type=Path))
@click.option("--work", required=True, metavar="WORK", help="Whose references they are.")
@click.option("--asset", metavar="NAME", help="Put everything into this asset.")
@click.option("--bank", type=click.Choice(BANKS), default="works", show_default=True, help="What they stand for.")
@click.pass_context
def importing(ctx: click.Context, file: Path, *, work: str, asset: str | None, bank: Bank) -> None:
    """Register the fingerprints a studio made with `mekiki fingerprint`; the pixels stay there.

    Example: mekiki reference import lantern-road.mkf --work "Lantern Road"
    """
    with speak.opened(ctx).sessions().begin() as session, speak.bar("Importing") as advance:
        title = catalogue.find_work(session, work)
        rows = references.import_package(session, title, file, asset=asset, bank=bank, progress=advance)
        count = len({row.id for row in rows})
    speak.say(f"{count} references of {title.title} are registered, without pixels. Next: `mekiki run --all`.")


@command.command("list")
@click.option("--work", metavar="WORK", help="Of this work only.")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, work: str | None, *, as_json: bool) -> None:
    """List the references, with work, asset, page and bank.

    Example: mekiki reference list --work "Lantern Road"
    """
    with speak.opened(ctx).readers()() as session:
        only, now = catalogue.find_work(session, work) if work else None, clock.now()
        rows = [
            {
                "work": title.title,
                "asset": asset.name,
                "reference": row.name,
                "page": row.position or None,
                "bank": row.bank,
                "state": _state(row, title, now),
                "disabled_at": row.disabled_at,
                "disabled_until": row.disabled_until,
                "uuid": row.uuid,
            }
            for title, asset, row in references.registered(session, only)
        ]
    speak.show(rows, as_json=as_json, title="References", empty="No reference yet; add some: `mekiki reference add`.")


@command.command("disable")
@click.argument("uuid", metavar="ID")
@click.option("--until", metavar="WHEN", help="It matches again from then on: 2026-11-30, or 2026-11-30T18:00.")
@options.why
@options.by
@click.pass_context
def disable(ctx: click.Context, uuid: str, *, until: str | None, reason: str, by: str) -> None:
    """Stop a reference from matching, at once and everywhere; open cases that rest on nothing else leave the queue.

    What it matched before stays on record. A day that is given counts until it is over.

    Example: mekiki reference disable 019f7c1e-... --until 2026-11-30 --reason "Checking the file." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        moment_back = days.last_moment(until, licences.zone_of(session))
        row = lives.disable(session, uuid, by=by, reason=reason, until=moment_back)
        back = f" until {moment_back:%Y-%m-%d %H:%M:%S} UTC" if moment_back else ""
        speak.say(f"{row.name} matches no more{back}. Undo: `mekiki reference enable {row.uuid}`.")


@command.command("enable")
@click.argument("uuid", metavar="ID")
@options.why
@options.by
@click.pass_context
def enable(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """Let a disabled reference match again, at once; its cases come back, and what was seen meanwhile is compared.

    Example: mekiki reference enable 019f7c1e-... --reason "The file is right." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        row = lives.enable(session, uuid, by=by, reason=reason)
        title = catalogue.work_of(session, row.asset_id)
        speak.say(lives.why_not(session, row, title, clock.now()) or f"{row.name} matches.")


@command.command("expire")
@click.argument("uuid", metavar="ID")
@click.option("--until", required=True, metavar="WHEN", help="It matches until then: 2026-11-30, or 2026-11-30T18:00.")
@options.why
@options.by
@click.pass_context
def expire(ctx: click.Context, uuid: str, *, until: str, reason: str, by: str) -> None:
    """Let one provisional reference end at a moment of its own; else it ends when the production of its work does.

    Example: mekiki reference expire 019f7c1e-... --until 2026-11-30T18:00 --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        ends = days.last_moment(until, licences.zone_of(session))
        if ends is not None:
            row = lives.expire(session, uuid, until=ends, by=by, reason=reason)
            speak.say(f"{row.name} matches until {ends:%Y-%m-%d %H:%M:%S} UTC, unless it is promoted.")


@command.command("promote")
@click.argument("uuids", metavar="[ID]...", nargs=-1)
@click.option("--work", metavar="WORK", help="Every provisional reference of this work.")
@options.why
@options.by
@click.pass_context
def promote(ctx: click.Context, uuids: tuple[str, ...], *, work: str | None, reason: str, by: str) -> None:
    """Move provisional references into the bank works: they expire no more, and their matches and cases stay theirs.

    Example: mekiki reference promote --work "Lantern Road" --reason "It was shown." --by "Aoi Mori"
    """
    if bool(uuids) == bool(work):
        raise click.UsageError("Name references, or a work with --work.")
    with speak.opened(ctx).sessions().begin() as session:
        rows = [lives.promote(session, uuid, by=by, reason=reason) for uuid in uuids]
        if work:
            rows = lives.promote_work(session, catalogue.find_work(session, work), by=by, reason=reason)
        speak.say(f"{', '.join(row.name for row in rows)}: in the bank works from now on.")


@command.command("history")
@click.argument("uuid", metavar="ID")
@speak.as_json
@click.pass_context
def history(ctx: click.Context, uuid: str, *, as_json: bool) -> None:
    """Tell who disabled, enabled or promoted a reference, when and why, oldest first.

    Example: mekiki reference history 019f7c1e-...
    """
    with speak.opened(ctx).readers()() as session:
        row = references.find(session, uuid)
        rows = [
            {"at": each.at, "change": each.change, "until": each.until, "by": each.by, "reason": each.reason}
            for each in lives.history(session, row.id)
        ]
    speak.show(rows, as_json=as_json, title=row.name, empty=f"Nobody changed {row.name} since it was registered.")


@command.command("exclude")
@click.argument("uuid", metavar="ID")
@click.option("--from", "start_s", type=MOMENT, required=True, metavar="TIME", help="Where it starts: 00:01:23 or 83.")
@click.option("--to", "end_s", type=MOMENT, required=True, metavar="TIME", help="Where it ends: 00:02:53 or 173.")
@options.reason
@options.by
@click.pass_context
def exclude(ctx: click.Context, uuid: str, *, start_s: float, end_s: float, reason: str, by: str) -> None:
    """Declare that a stretch of a reference proves nothing: an opening, an ending, stock footage.

    Example: mekiki reference exclude 019f7c1e-... --from 0 --to 00:01:30 --reason "The opening." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        references.exclude(session, uuid, start_s=start_s, end_s=end_s, reason=reason, by=by)
    speak.say(f"From {moment.written(start_s)} to {moment.written(end_s)} this reference proves nothing any more.")


command.add_command(stretches.listing)
command.add_command(stretches.confirm)
command.add_command(stretches.reject)
command.add_command(quarantine.command)
command.add_command(overlaps.listing)
command.add_command(overlaps.settle)


@command.command("mark")
@click.argument("uuid", metavar="ID")
@click.option(
    "--area",
    "box",
    type=AREA,
    required=True,
    metavar="LEFT,TOP,RIGHT,BOTTOM",
    help="Its sides, as fractions of the whole picture (0.05) or with a percent sign (5%), from the top left corner.",
)
@options.reason
@options.by
@click.pass_context
def mark(ctx: click.Context, uuid: str, *, box: Box, reason: str, by: str) -> None:
    """Declare that an area of a picture is not distinctive: a card's frame, a logo, an empty bubble.

    What it matched before stays on record. mekiki carries the area over to other references that show the same there.

    Example: mekiki reference mark 019f7c1e-... --area 0%,0%,100%,12% --reason "The card's name bar." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        row = references.find(session, uuid)
        area = stop_areas.mark(session, row, box, by=by, reason=reason)
        speak.say(f"{written(box)} of {row.name} proves nothing any more. Undo: `mekiki reference unmark {area.uuid}`.")


@command.command("unmark")
@click.argument("uuids", metavar="AREA...", nargs=-1, required=True)
@options.by
@click.pass_context
def unmark(ctx: click.Context, uuids: tuple[str, ...], *, by: str) -> None:
    """Let areas count again; AREA is an id that `mekiki reference areas` shows. mekiki never learns them again.

    Example: mekiki reference unmark 019f7c2a-... --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        areas = [stop_areas.find(session, uuid) for uuid in uuids]
        for area in areas:
            stop_areas.withdraw(session, area, by=by)
    speak.say(f"{'; '.join(written(area.box) for area in areas)}: counts again, from the next comparison on.")


@command.command("areas")
@click.option("--work", metavar="WORK", help="Of this work only.")
@speak.as_json
@click.pass_context
def areas(ctx: click.Context, work: str | None, *, as_json: bool) -> None:
    """List the areas that are not distinctive: those people marked and those mekiki learned, withdrawn ones too.

    Example: mekiki reference areas --work "Lantern Road"
    """
    with speak.opened(ctx).readers()() as session:
        only = catalogue.find_work(session, work) if work else None
        rows = [
            {"work": title.title, "reference": row.name, **(_fields(area) if as_json else _line(area))}
            for title, row, area in stop_areas.listed(session, only)
        ]
    speak.show(rows, as_json=as_json, title="Not distinctive", empty="Every area of every reference counts.")


def _state(row: Reference, work: Work, now: datetime) -> str:
    """Return "in force", "disabled" or "expired", as it stands now."""
    if references.is_in_force(row, work, now):
        return "in force"
    return "disabled" if references.is_disabled(row, now) else "expired"


def _fields(area: StopArea) -> dict[str, Any]:
    """Return everything of an area, for programs."""
    names = ("left", "top", "right", "bottom", "source", "reason", "by", "at", "withdrawn_at", "withdrawn_by", "uuid")
    return {name: getattr(area, name) for name in names}


def _line(area: StopArea) -> dict[str, Any]:
    """Return what a person has to know of an area."""
    state = f"counts again, says {area.withdrawn_by}" if area.withdrawn_at else None
    return {"area": written(area.box), "by": area.by, "reason": area.reason, "state": state, "uuid": area.uuid}
