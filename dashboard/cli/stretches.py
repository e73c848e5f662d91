"""`mekiki reference stretches`, `confirm`, `reject`: what episodes share, as mekiki found it and as people see it."""

from typing import Any

import click

from dashboard.cli import options, speak
from dashboard.cli.moment import written
from matcher import catalogue, found_stretches
from matcher.catalogue import Asset
from matcher.found_stretches import FoundStretch
from matcher.references import Reference

FIELDS = (
    "kind", "start_s", "end_s", "shared_with", "found_at", "confirmed_at", "confirmed_by", "rejected_at", "rejected_by",
    "rejected_why", "uuid",
)  # fmt: skip


@click.command("stretches")
@click.argument("work")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, work: str, *, as_json: bool) -> None:
    """List the openings, endings, recaps, previews and stock shots found in a work's films, rejected ones too.

    They name the work and prove no episode, until somebody rejects them.

    Example: mekiki reference stretches "Lantern Road"
    """
    with speak.opened(ctx).readers()() as session:
        found = found_stretches.listed(session, catalogue.find_work(session, work))
        rows = [_fields(*each) if as_json else _line(*each) for each in found]
    empty = "No film of this work shares a stretch with another; `mekiki run --all` looks for them."
    speak.show(rows, as_json=as_json, title="Shared stretches", empty=empty)


@click.command("confirm")
@click.argument("uuids", metavar="STRETCH...", nargs=-1, required=True)
@options.by
@click.pass_context
def confirm(ctx: click.Context, uuids: tuple[str, ...], *, by: str) -> None:
    """Agree that found stretches are shared; STRETCH is an id that `mekiki reference stretches` shows.

    Example: mekiki reference confirm 019f7c2a-... --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        for stretch in [found_stretches.find(session, uuid) for uuid in uuids]:
            found_stretches.confirm(session, stretch, by=by)
            speak.say(f"Confirmed: {stretch.kind}, {_span(stretch)}. It proves no episode.")


@click.command("reject")
@click.argument("uuids", metavar="STRETCH...", nargs=-1, required=True)
@options.reason
@options.by
@click.pass_context
def reject(ctx: click.Context, uuids: tuple[str, ...], *, reason: str, by: str) -> None:
    """Let found stretches prove their episode again; they are not found a second time.

    Example: mekiki reference reject 019f7c2a-... --reason "Only this episode has it." --by "Aoi Mori"
    """
    with speak.opened(ctx).sessions().begin() as session:
        for stretch in [found_stretches.find(session, uuid) for uuid in uuids]:
            found_stretches.reject(session, stretch, by=by, why=reason)
            speak.say(
                f"Rejected: {stretch.kind}, {_span(stretch)}. It proves its episode, from the next comparison on."
            )


def _span(stretch: FoundStretch) -> str:
    return f"{written(stretch.start_s)} to {written(stretch.end_s)}"


def _fields(asset: Asset, reference: Reference, stretch: FoundStretch) -> dict[str, Any]:
    """Return everything of a stretch, for programs."""
    named = {"asset": asset.name, "reference": reference.name, "reference_uuid": reference.uuid}
    return named | {name: getattr(stretch, name) for name in FIELDS}


def _line(asset: Asset, _reference: Reference, stretch: FoundStretch) -> dict[str, Any]:
    """Return what a person has to know of a stretch."""
    state = "to be confirmed"
    if stretch.confirmed_at:
        state = f"confirmed by {stretch.confirmed_by}"
    if stretch.rejected_at:
        state = f"rejected by {stretch.rejected_by}: {stretch.rejected_why}"
    return {
        "asset": asset.name, "what": stretch.kind, "from": written(stretch.start_s), "to": written(stretch.end_s),
        "shared with": stretch.shared_with, "state": state, "uuid": stretch.uuid,
    }  # fmt: skip
