"""`mekiki evidence`: what was captured, whole and unchanged."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
from cryptography import x509

from config.errors import MekikiError
from config.home import NoHome
from crawlers import bundle_checks, evidence
from dashboard import collect
from dashboard.cli import asking, options, speak
from matcher import cases, collected, dossier


class NothingToVerify(MekikiError):
    """There is neither a home nor a bundle."""


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
    """Show what was captured for a case.

    Address, time, sha256 and place in the chain of every capture.

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
    """Write a case to one ZIP file that anybody can verify.

    Captures, archive, what was collected, timestamps, decisions and custody log; the export is put on that log too.

    Example: mekiki evidence export 019f7c1e-... -o case.zip --by "Aoi Mori"
    """
    with asking.reads(ctx) as session:  # frames are decoded for it, which must not hold the lock of a writing session
        more, case_id = collect.documents(session, uuid), cases.find(session, uuid).id
    with speak.opened(ctx).sessions().begin() as session:
        collect.collect_if_due(session, case_id, actor=by)
    with asking.reads(ctx) as session:
        made = dossier.export(session, uuid, output or Path(f"{uuid}.zip"), more=more)
    with asking.writes(ctx) as session:
        dossier.exported(session, made, by=by)
    speak.say(f"{made.path}: {made.captures} captures; sha256 of SHA256SUMS {made.sums_sha256}")


def _holding(name: str, act: Callable[..., None], says: str, about: str) -> None:
    """Add the command that begins or ends a hold."""

    @command.command(name, help=about)
    @click.argument("uuid", metavar="CASE")
    @options.reason
    @options.by
    @click.pass_context
    def run(ctx: click.Context, uuid: str, *, reason: str, by: str) -> None:
        with asking.writes(ctx) as session:
            act(session, uuid, by=by, reason=reason)
        speak.say(says)


_holding("hold", dossier.hold, "Held: nothing captured for this case is deleted until it is released.", """
    Keep what was captured for a case until it is released.

    `[evidence] keep_days` deletes nothing of it meanwhile.

    Example: mekiki evidence hold 019f7c1e-... --reason "The court asked for it." --by "Aoi Mori"
    """)  # fmt: skip
_holding("release", dossier.release, "Released: what was captured is kept as long as the settings say.", """
    End the hold of a case.

    What was captured for it is kept as long as `[evidence] keep_days` says.

    Example: mekiki evidence release 019f7c1e-... --reason "The case was settled." --by "Aoi Mori"
    """)  # fmt: skip


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
    """Check an exported bundle, or all that this home captured.

    Every byte is read and every chain computed again; what was changed is named. Exits 0 when everything is whole, 1
    when something differs. A bundle needs no home and no network.

    Example: mekiki evidence verify case.zip --ca authority.pem
    """
    is_whole = _of_bundle(bundle, roots, as_json=as_json) if bundle else _of_home(ctx, as_json=as_json)
    ctx.exit(0 if is_whole else 1)


def _of_bundle(bundle: Path, roots: Sequence[Path], *, as_json: bool) -> bool:
    examined = bundle_checks.examine(bundle, [one for path in roots for one in _certificates(path)])
    for says in (*examined.faults, *examined.notes):
        speak.say(says)
    if examined.faults:
        differs = f"{len(examined.faults)} things differ" if len(examined.faults) > 1 else "one thing differs"
        speak.say(f"{bundle} is NOT whole: {differs}. Ask whoever exported it for another copy.")
    else:
        speak.say(f"{bundle} is whole; sha256 of SHA256SUMS {examined.sums_sha256}")
    if as_json:
        speak.emit({
            "file": str(bundle), "is_whole": not examined.faults, "sums_sha256": examined.sums_sha256,
            "faults": list(examined.faults), "notes": list(examined.notes),
        })  # fmt: skip
    return not examined.faults


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as odd:
        raise BadCertificate(f"{path} holds no certificate in PEM form; ask the authority for one.") from odd


def _of_home(ctx: click.Context, *, as_json: bool) -> bool:
    try:
        home = speak.opened(ctx)
    except NoHome as none:
        raise NothingToVerify(f"{none} A bundle is checked without one: `mekiki evidence verify FILE`.") from none
    with home.readers()() as session, speak.bar("Verifying", evidence.count(session)) as advance:
        found = [*evidence.verify(session, advance), *collected.faults(session)]
    for fault in found:
        if as_json:
            speak.emit({"table": fault.table, "id": fault.row_id, "uuid": fault.uuid, "says": str(fault)})
        speak.say(str(fault))
    if not found:
        speak.say("All is whole.")
    return not found
