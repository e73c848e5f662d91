"""`mekiki reference quarantine`: references that suddenly matched far more than their history."""

from typing import Any

import click
from sqlalchemy.orm import Session

from dashboard.cli import options, speak
from matcher import catalogue, flood_verdicts, plain, quarantines
from matcher.quarantines import QuarantineEvent
from matcher.references import Reference


@click.group("quarantine")
def command() -> None:
    """References that suddenly matched far more than their history: nothing leaves until somebody has looked at them.

    Example: mekiki reference quarantine list
    """


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List what is in quarantine, why, and how plain each picture or film is; the newest first.

    Example: mekiki reference quarantine list --json
    """
    with speak.opened(ctx).readers()() as session:
        rows = [_fields(session, *each, as_json=as_json) for each in quarantines.current(session)]
    speak.show(rows, as_json=as_json, title="In quarantine", empty="No reference is in quarantine.")


@command.command("release")
@click.argument("uuid", metavar="ID")
@options.reason
@options.by
@click.pass_context
def release(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """Let a reference out: its held cases and notices go on, and every case opens that waited.

    Example: mekiki reference quarantine release 019f7c1e-... --reason "Episode 9 leaked." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        row = flood_verdicts.release(session, uuid, by=by, reason=reason)
    speak.say(f"Released at {row.figures['places']} places; what was held goes on, and what waited is in the queue.")


@command.command("disable")
@click.argument("uuid", metavar="ID")
@options.reason
@options.by
@click.pass_context
def disable(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """Take a reference out of matching: the cases that stood on it alone leave the queue.

    Example: mekiki reference quarantine disable 019f7c1e-... --reason "A black frame." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        flood_verdicts.disable(session, uuid, by=by, reason=reason)
    speak.say("Disabled; what stood on it alone has left the queue, and nothing of it was sent.")


def _fields(session: Session, reference: Reference, event: QuarantineEvent, *, as_json: bool) -> dict[str, Any]:
    work = catalogue.work_of(session, reference.asset_id)
    look = plain.of(session, reference)
    row = {
        "work": work.title,
        "reference": reference.name,
        "places": flood_verdicts.places(session, reference),
        "why": event.says,
        "plain": look.says if look else None,
        "since": event.at,
        "uuid": reference.uuid,
    }
    return row | ({"figures": event.figures} if as_json else {})
