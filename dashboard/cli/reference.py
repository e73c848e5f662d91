"""`mekiki reference`: the originals of a work, or their fingerprints alone."""

from pathlib import Path

import click

from dashboard.cli import options, speak
from matcher import catalogue, references
from matcher.interface import BANKS, Bank


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
        only = catalogue.find_work(session, work) if work else None
        rows = [
            {
                "work": title.title,
                "asset": asset.name,
                "reference": row.name,
                "page": row.position or None,
                "bank": row.bank,
                "disabled_at": row.disabled_at,
                "uuid": row.uuid,
            }
            for title, asset, row in references.registered(session, only)
        ]
    speak.show(rows, as_json=as_json, title="References", empty="No reference yet; add some: `mekiki reference add`.")


@command.command("disable")
@click.argument("uuid", metavar="ID")
@click.pass_context
def disable(ctx: click.Context, uuid: str) -> None:
    """Stop a reference from matching; what it matched before stays on record.

    Example: mekiki reference disable 019f7c1e-...
    """
    with speak.opened(ctx).sessions().begin() as session:
        speak.say(f"{references.disable(session, uuid).name} matches no more.")


@command.command("exclude")
@click.argument("uuid", metavar="ID")
@click.option("--from", "start_s", type=float, required=True, metavar="S", help="Where the stretch starts, in seconds.")
@click.option("--to", "end_s", type=float, required=True, metavar="S", help="Where it ends, in seconds.")
@options.reason
@options.by
@click.pass_context
def exclude(ctx: click.Context, uuid: str, *, start_s: float, end_s: float, reason: str, by: str) -> None:
    """Declare that a stretch of a reference proves nothing: an opening, an ending, stock footage.

    Example: mekiki reference exclude 019f7c1e-... --from 0 --to 90 --reason "The opening." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        references.exclude(session, uuid, start_s=start_s, end_s=end_s, reason=reason, by=by)
    speak.say(f"From {start_s:g} s to {end_s:g} s this reference proves nothing any more.")
