"""`mekiki licence`: who may show which work where, in which territory, in which window."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from dashboard.cli import options, speak
from matcher import catalogue, days, licences
from matcher.catalogue import Owner, Work
from matcher.licences import Grant, Licence


@click.group("licence")
def command() -> None:
    """Who may show which work where, in which territory, in which window.

    Example: mekiki licence add Vidbox --place vidbox.example --work "Lantern Road" --by "Aoi Mori"
    """


@command.command("add")
@click.argument("grantee")
@click.option("--place", required=True, metavar="PLACE", help='"host", "host/path" or "*.host"; an address will do.')
@click.option("--work", metavar="WORK", help="For this work.")
@click.option("--owner", metavar="NAME", help="For every work of this owner.")
@click.option("--territory", metavar="CC", help="Two letters, like JP; worldwide when left out.")
@click.option("--from", "starts", metavar="DATE", help="The first day.")
@click.option("--until", "ends", metavar="DATE", help="The last day.")
@click.option("--note", default="", metavar="TEXT", help="Anything worth keeping with it.")
@options.by
@click.pass_context
def add(
    ctx: click.Context, /, grantee: str, *, work: str | None, owner: str | None, by: str, **said: str | None
) -> None:
    """Register a licence; from now on it keeps uses from becoming cases, and releases open ones.

    Example: mekiki licence add Vidbox --place vidbox.example --owner "Studio Kiri" --until 2027-03-31 --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        title, holder = whose(session, work, owner)
        zone = licences.zone_of(session)
        grant = Grant(
            grantee=grantee,
            place=said["place"] or "",
            territory=said["territory"],
            starts_at=days.first_moment(said["starts"], zone),
            ends_at=days.last_moment(said["ends"], zone),
            note=said["note"] or "",
        )
        row = licences.add(session, grant, owner=holder, work=title, by=by)
        what = title.title if title else f"every work of {holder.name}"
        speak.say(f"Licence {row.uuid}: {row.grantee} may show {what} at {row.place}.")


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List the licences, revoked ones too.

    Example: mekiki licence list
    """
    with speak.opened(ctx).readers()() as session:
        rows = [_row(session, each) for each in licences.registered(session)]
    speak.show(rows, as_json=as_json, title="Licences", empty="No licence yet; add one with `mekiki licence add`.")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@options.by
@click.pass_context
def importing(ctx: click.Context, file: Path, *, by: str) -> None:
    """Register every line of a CSV file with the columns owner, work, grantee, place, territory, starts, ends, note.

    All or nothing: the first line that cannot be used is named. An empty work means every work of the owner.

    Example: mekiki licence import licences.csv --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        count = len(licences.import_csv(session, file, by=by))
    speak.say(f"{count} licences are registered.")


@command.command("revoke")
@click.argument("uuid", metavar="ID")
@click.pass_context
def revoke(ctx: click.Context, uuid: str) -> None:
    """End a licence now; it stays readable.

    Example: mekiki licence revoke 019f7c1e-...
    """
    with speak.opened(ctx).sessions().begin() as session:
        row = licences.revoke(session, uuid)
        speak.say(f"The licence of {row.grantee} at {row.place} has ended.")


def whose(session: Session, work: str | None, owner: str | None) -> tuple[Work | None, Owner]:
    """Return the work a row is about (None: every work) and its owner; one of the two names must be given."""
    if bool(work) == bool(owner):
        raise click.UsageError("Say either --work WORK or --owner NAME (every work of that owner).")
    if owner:
        return None, catalogue.find_owner(session, owner)
    title = catalogue.find_work(session, work or "")
    return title, session.get_one(Owner, title.owner_id)


def _row(session: Session, licence: Licence) -> dict[str, object]:
    work = session.get(Work, licence.work_id) if licence.work_id else None
    return {
        "grantee": licence.grantee,
        "place": licence.place,
        "work": work.title if work else f"every work of {session.get_one(Owner, licence.owner_id).name}",
        "territory": licence.territory or "worldwide",
        "starts_at": licence.starts_at,
        "ends_at": licence.ends_at,
        "revoked_at": licence.revoked_at,
        "by": licence.by,
        "uuid": licence.uuid,
    }
