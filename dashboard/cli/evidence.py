"""`mekiki evidence`: what was captured, whole and unchanged."""

from collections.abc import Sequence
from pathlib import Path

import click
from cryptography import x509

from config.errors import MekikiError
from crawlers import bundle_checks, evidence
from dashboard import collect
from dashboard.cli import asking, options, speak
from matcher import cases, collected, dossier


class BadCertificate(MekikiError):
    """A file that should hold a certificate holds none."""


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
    with asking.writes(ctx) as session:
        detail = cases.case_detail(session, uuid)
        dossier.viewed(session, detail.case.uuid, by=asking.who(ctx) or "somebody at the command line")
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
            for capture in dossier.captures_of(session, detail)
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
        more, case_id = collect.documents(session, uuid), cases.find(session, uuid).id
    with speak.opened(ctx).sessions().begin() as session:
        collect.collect_if_due(session, case_id, actor=by)
    with asking.writes(ctx) as session:
        made = dossier.export(session, uuid, output or Path(f"{uuid}.zip"), actor=by, more=more)
    speak.say(f"{made.path}: {made.captures} captures; sha256 of SHA256SUMS {made.sums_sha256}")


@command.command("hold")
@click.argument("uuid", metavar="CASE")
@options.reason
@options.by
@click.pass_context
def hold(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """Keep everything captured for a case, whatever `[evidence] keep_days` says, until it is released.

    Example: mekiki evidence hold 019f7c1e-... --reason "The court asked for it." --by "Aoi Mori"
    """
    with asking.writes(ctx) as session:
        dossier.hold(session, uuid, by=by, reason=reason)
    speak.say(f"{by} holds it; nothing captured for this case is deleted until it is released.")


@command.command("release")
@click.argument("uuid", metavar="CASE")
@options.reason
@options.by
@click.pass_context
def release(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
    """End the hold of a case: what was captured for it is kept as long as the settings say.

    Example: mekiki evidence release 019f7c1e-... --reason "The case was settled." --by "Aoi Mori"
    """
    with asking.writes(ctx) as session:
        dossier.release(session, uuid, by=by, reason=reason)
    speak.say("It is released.")


@command.command("verify")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option(
    "--ca",
    "roots",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate (PEM) of a time-stamping authority you trust; may be given several times.",
)
@speak.as_json
@click.pass_context
def verify(ctx: click.Context, bundle: Path | None, *, roots: tuple[Path, ...], as_json: bool) -> None:
    """Read all captured bytes and chains again and name every row that was changed; or check an exported bundle.

    Exits 0 when everything is whole, 1 when something differs. A bundle needs no home and no network.

    Example: mekiki evidence verify case.zip --ca authority.pem
    """
    faults = _of_bundle(bundle, roots, as_json=as_json) if bundle else _of_home(ctx)
    if as_json:
        for fault in faults:
            speak.emit(fault)
    for fault in faults:
        speak.say(str(fault["says"]))
    if not faults and not bundle:
        speak.say("All is whole.")
    ctx.exit(1 if faults else 0)


def _of_bundle(bundle: Path, roots: Sequence[Path], *, as_json: bool) -> list[dict[str, object]]:
    examined = bundle_checks.examine(bundle, [one for path in roots for one in _certificates(path)])
    if not as_json:
        for note in examined.notes:
            speak.say(note)
    if not examined.faults:
        speak.say(f"{bundle} is whole; sha256 of SHA256SUMS {examined.sums_sha256}")
    return [{"says": says} for says in examined.faults]


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as odd:
        raise BadCertificate(f"{path} holds no certificate in PEM form; ask the authority for one.") from odd


def _of_home(ctx: click.Context) -> list[dict[str, object]]:
    with speak.opened(ctx).readers()() as session, speak.bar("Verifying", evidence.count(session)) as advance:
        found = [*evidence.verify(session, advance), *collected.faults(session)]
    return [{"table": fault.table, "id": fault.row_id, "uuid": fault.uuid, "says": str(fault)} for fault in found]
