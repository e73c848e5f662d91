"""`mekiki evidence`: what was captured, whole and unchanged."""

from pathlib import Path

import click

from crawlers import bundles, evidence
from dashboard import degradation, sampled
from dashboard.cli import asking, options, speak
from matcher import cases, dossier


@click.group("evidence")
def command() -> None:
    """What was captured, whole and unchanged.

    Example: mekiki evidence verify
    """


@command.command("show")
@click.argument("uuid", metavar="CASE")
@speak.as_json
@click.pass_context
def show(ctx: click.Context, uuid: str, *, as_json: bool) -> None:
    """Show what was captured for a case: address, time, sha256 and place in the chain.

    Example: mekiki evidence show 019f7c1e-...
    """
    with asking.reads(ctx) as session:
        rows = [
            {
                "fetched_at": capture.fetched_at,
                "kind": capture.kind,
                "url": capture.url,
                "status": capture.status,
                "bytes": capture.size_bytes,
                "sha256": capture.body_sha256,
                "chain": capture.hash,
                "uuid": capture.uuid,
            }
            for capture in dossier.captures_of(session, cases.case_detail(session, uuid))
        ]
    speak.show(rows, as_json=as_json, title="Captures")


@command.command("export")
@click.argument("uuid", metavar="CASE")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file (else CASE.zip here).")
@options.by
@click.pass_context
def export(ctx: click.Context, uuid: str, *, output: Path | None, by: str) -> None:
    """Write everything about a case to one ZIP file that anybody can verify; the export is put on the custody log.

    Example: mekiki evidence export 019f7c1e-... -o case.zip --by "Aoi Mori"
    """
    with asking.reads(ctx) as session:  # frames are decoded for it, which must not hold the lock of a writing session
        more = degradation.documents(session, uuid) | sampled.documents(session, uuid)
    with asking.writes(ctx) as session:
        made = dossier.export(session, uuid, output or Path(f"{uuid}.zip"), actor=by, more=more)
    speak.say(f"{made.path}: {made.captures} captures; sha256 of SHA256SUMS {made.sums_sha256}")


@command.command("verify")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@speak.as_json
@click.pass_context
def verify(ctx: click.Context, bundle: Path | None, *, as_json: bool) -> None:
    """Read all captured bytes and chains again and name every row that was changed; or check an exported bundle.

    Exits 0 when everything is whole, 1 when something differs. A bundle needs no home and no network.

    Example: mekiki evidence verify
    """
    faults = _of_bundle(bundle) if bundle else _of_home(ctx)
    if as_json:
        for fault in faults:
            speak.emit(fault)
    for fault in faults:
        speak.say(str(fault["says"]))
    if not faults:
        whole = f"{bundle} is whole; sha256 of SHA256SUMS {bundles.sums_sha256(bundle)}" if bundle else "All is whole."
        speak.say(whole)
    ctx.exit(1 if faults else 0)


def _of_bundle(bundle: Path) -> list[dict[str, object]]:
    return [{"says": says} for says in bundles.verify(bundle)]


def _of_home(ctx: click.Context) -> list[dict[str, object]]:
    with speak.opened(ctx).readers()() as session, speak.bar("Verifying", evidence.count(session)) as advance:
        found = evidence.verify(session, advance)
    return [{"table": fault.table, "id": fault.row_id, "uuid": fault.uuid, "says": str(fault)} for fault in found]
