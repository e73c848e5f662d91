"""`mekiki work`: the titles we protect and who owns them."""

from typing import get_args

import click
from sqlalchemy.orm import Session

from config import clock
from dashboard import people, staff
from dashboard.cli import speak
from fingerprints.interface import Tier
from matcher import assess, catalogue, days, licences, lives, references
from matcher.catalogue import OwnerDetails, Work, WorkDetails

TIERS = get_args(Tier)
DETAILS = ("representative", "address", "phone", "email", "country", "mandate")


@click.group("work")
def command() -> None:
    """The titles we protect and who owns them.

    Example: mekiki work add "Lantern Road" --owner "Studio Kiri"
    """


@command.command("add")
@click.argument("title")
@click.option(
    "--owner", required=True, metavar="NAME", help="Who holds the rights; made if there is no such owner yet."
)
@click.option("--kind", type=click.Choice(catalogue.WORK_KINDS), default="anime", show_default=True, help="What it is.")
@click.option("--alias", "aliases", multiple=True, metavar="T", help="Another title, another language. Repeatable.")
@click.option("--creator", default="", metavar="NAME", help="How a credit would name the maker.")
@click.option("--official", "official_urls", multiple=True, metavar="URL", help="Where the owner shows it. Repeatable.")
@click.option("--provisional", is_flag=True, help="Production has not ended: a copy is a leak and comes first.")
@click.option("--until", metavar="DATE", help="With --provisional: the day production ends.")
@click.option("--tier", type=click.Choice(TIERS), help="What is kept of its films; see `mekiki work tier`.")
@click.pass_context
def add(
    ctx: click.Context, /, title: str, owner: str, *, provisional: bool, until: str | None, **details: object
) -> None:
    """Add a title to protect.

    Example: mekiki work add "Lantern Road" --owner "Studio Kiri" --kind anime --alias ランタンロード
    """
    if provisional != bool(until):
        raise click.UsageError("--provisional and --until DATE go together.")
    with speak.opened(ctx).sessions().begin() as session:
        work = catalogue.add_work(
            session,
            title,
            owner=catalogue.owner(session, owner),
            provisional_until=days.last_moment(until, licences.zone_of(session)),
            **details,  # type: ignore[arg-type]  # click has checked what each option holds
        )
        speak.say(f'"{work.title}" of {owner} is protected. Next: `mekiki reference add "{work.title}" PATH...`.')


@command.command("edit")
@click.argument("work")
@click.option("--alias", "aliases", multiple=True, metavar="T", help="One more title. Repeatable.")
@click.option("--official", "official_urls", multiple=True, metavar="URL", help="One more official place. Repeatable.")
@click.option("--creator", metavar="NAME", help="How a credit would name the maker.")
@click.option("--until", metavar="DATE", help="The day production ends, when that has changed.")
@click.pass_context
def edit(
    ctx: click.Context, work: str, aliases: tuple[str, ...], official_urls: tuple[str, ...], *,
    creator: str | None, until: str | None,
) -> None:  # fmt: skip
    """Add titles and official places to a work; open cases at such a place are released on the next `mekiki run`.

    Example: mekiki work edit "Lantern Road" --official https://vidbox.example/kiri
    """
    details = WorkDetails(aliases=aliases, official_urls=official_urls)
    if creator is not None:
        details["creator"] = creator
    with speak.opened(ctx).sessions().begin() as session:
        if until:
            _ends(session, catalogue.find_work(session, work), until)
        title = catalogue.amend(session, catalogue.find_work(session, work), **details)
        assess.again(session, title.id)
        speak.say(f"{title.title}: {len(title.aliases)} aliases, {len(title.official_urls)} official places.")


def _ends(session: Session, work: Work, until: str) -> None:
    moment = days.last_moment(until, licences.zone_of(session))
    if moment is not None:
        lives.work_ends(session, work, moment)


@command.command("tier")
@click.argument("work")
@click.argument("tier", type=click.Choice(TIERS))
@click.pass_context
def keeping(ctx: click.Context, work: str, tier: Tier) -> None:
    """Say what is kept of a work's films: hashes alone, or hashes and local points.

    Points find pictures in pictures, framed and turned copies; an hour takes about 12 MB with them and 1.5 MB without.
    From hashes to points, the films are described again on the next `mekiki run`. From points to hashes, the points
    that are there keep finding copies, and only new films get none. What came as a package stays as it came.

    Example: mekiki work tier "Lantern Road" hashes
    """
    with speak.opened(ctx).sessions().begin() as session:
        title = catalogue.amend(session, catalogue.find_work(session, work), tier=tier)
        what = "hashes and local points" if tier == "points" else "hashes alone"
        speak.say(f"Of films of {title.title}, {what} are kept from now on.")


@command.command("staff")
@click.argument("work")
@click.option("--add", "added", multiple=True, metavar="LOGIN", help="May see its provisional material. Repeatable.")
@click.option("--remove", "removed", multiple=True, metavar="LOGIN", help="May see it no longer. Repeatable.")
@click.option("--by", envvar="MEKIKI_PERSON", default="", metavar="NAME", help="Who changes it; kept with it.")
@click.pass_context
def staffing(ctx: click.Context, work: str, added: tuple[str, ...], removed: tuple[str, ...], *, by: str) -> None:
    """Name who may see what a work's provisional references match; without an option, tell who may.

    Everybody else sees neither those matches nor their cases, notices and evidence. The command line shows them to
    the person of --by or MEKIKI_PERSON.

    Example: mekiki work staff "Lantern Road" --add aoi --by "Aoi Mori"
    """
    if (added or removed) and not by:
        raise click.UsageError("Say who changes it: --by NAME.")
    with speak.opened(ctx).sessions().begin() as session:
        title = catalogue.find_work(session, work)
        for login in added:
            staff.name(session, title, people.find(session, login), by=by)
        for login in removed:
            staff.remove(session, title, people.find(session, login), by=by)
        names = ", ".join(f"{person.name} ({person.login})" for person in staff.of_work(session, title))
    speak.say(f"What is provisional of {title.title} is seen by {names or 'nobody'}.")


@command.command("owner")
@click.argument("name")
@click.option("--representative", metavar="NAME", help="The person who represents the owner.")
@click.option("--address", metavar="TEXT", help="Postal address; several regimes demand it.")
@click.option("--phone", metavar="NUMBER", help="Telephone; the US letter demands it.")
@click.option("--email", metavar="ADDRESS", help="Where the owner can be written to.")
@click.option("--country", metavar="CC", help="Two letters, like JP.")
@click.option("--mandate", metavar="TEXT", help="On what authority you act for the owner.")
@click.pass_context
def owner(ctx: click.Context, /, name: str, **given: str | None) -> None:
    """Say what notices must say of an owner; what is not given stays as it was.

    Example: mekiki work owner "Studio Kiri" --address "1-2-3 Kanda, Tokyo" --mandate "power of attorney, 2026-01-10"
    """
    details = {field: value for field, value in given.items() if value is not None}
    with speak.opened(ctx).sessions().begin() as session:
        row = catalogue.owner(session, name, **OwnerDetails(**details))  # type: ignore[typeddict-item]
        missing = [field for field in DETAILS if not getattr(row, field)]
    speak.say(f"{name}: still missing {', '.join(missing)}." if missing else f"{name}: complete.")


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List the titles, their owners and how many references each has.

    Example: mekiki work list
    """
    with speak.opened(ctx).readers()() as session:
        rows = [_row(session, work) for work in catalogue.works(session)]
    speak.show(rows, as_json=as_json, title="Works", empty="No work yet; add one with `mekiki work add`.")


def _row(session: Session, work: Work) -> dict[str, object]:
    held, now = references.registered(session, work), clock.now()
    return {
        "work": work.title,
        "kind": work.kind,
        "owner": session.get_one(catalogue.Owner, work.owner_id).name,
        "aliases": ", ".join(work.aliases),
        "references": sum(references.is_in_force(reference, work, now) for _work, _asset, reference in held),
        "provisional_until": work.provisional_until,
        "tier": work.tier,
        "uuid": work.uuid,
    }
