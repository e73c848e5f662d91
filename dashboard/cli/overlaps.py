"""`mekiki reference overlaps`, `settle`: the same content registered by two owners."""

from typing import Any

import click

from dashboard.cli import options, speak
from matcher import catalogue, overlaps
from matcher.overlaps import VERDICTS, Conflict, Verdict


@click.command("overlaps")
@click.option("--work", metavar="WORK", help="Of this work only.")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, work: str | None, as_json: bool) -> None:
    """List content that two owners registered, open conflicts first; nothing leaves for what only they support.

    Example: mekiki reference overlaps --work "Lantern Road"
    """
    with speak.opened(ctx).readers()() as session:
        only = catalogue.find_work(session, work) if work else None
        rows = [_fields(each) if as_json else _line(each) for each in overlaps.listed(session, only)]
    speak.show(rows, as_json=as_json, title="Conflicts", empty="No content is registered by two owners.")


@click.command("settle")
@click.argument("uuid", metavar="CONFLICT")
@click.argument("whose", type=click.Choice(VERDICTS))
@options.reason
@options.by
@click.pass_context
def settle(ctx: click.Context, uuid: str, whose: Verdict, *, reason: str, by: str) -> None:
    """Say whose the content is: of the owner who registered it later (newer), earlier (older), or of both (shared).

    Saying it again takes back what was said before; both stay on record.

    Example: mekiki reference settle 019f7c2a-... older --reason "Their contract ended in 2024." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        overlaps.settle(session, overlaps.find(session, uuid), whose, by=by, reason=reason)
    speak.say("Settled; what was held for the side that is right goes on.")


def _fields(conflict: Conflict) -> dict[str, Any]:
    """Return everything of a conflict, for programs."""
    said = conflict.settlement
    sides = {
        side: {"owner": claim.owner.name, "work": claim.work.title, "reference": claim.reference.name,
               "reference_uuid": claim.reference.uuid, "parts": conflict.overlap.parts[side]}
        for side, claim in (("newer", conflict.newer), ("older", conflict.older))
    }  # fmt: skip
    return sides | {
        "score": conflict.overlap.score, "share": conflict.overlap.share, "seconds": conflict.overlap.seconds,
        "found_at": conflict.overlap.found_at,
        "settled": said and {"whose": said.verdict, "by": said.by, "reason": said.reason, "at": said.at},
        "uuid": conflict.overlap.uuid,
    }  # fmt: skip


def _line(conflict: Conflict) -> dict[str, Any]:
    """Return what a person has to know of a conflict."""
    said = conflict.settlement
    return {
        "newer": f"{conflict.newer.owner.name}: {conflict.newer.work.title}",
        "older": f"{conflict.older.owner.name}: {conflict.older.work.title}",
        "what": conflict.says,
        "settled": f"{said.verdict}, says {said.by}" if said else "open",
        "uuid": conflict.overlap.uuid,
    }
