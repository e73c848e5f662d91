"""`mekiki doctor`: what is missing and what supplies it."""

from pathlib import Path

import click
from rich.markup import escape

from config import settings
from dashboard import health_checks
from dashboard.cli.speak import as_json, emit, screen

# Worth saying, no reason to fail.
BESIDE_THE_POINT = ("ordinary user", "sender of notices", "free disk", "browser", "yt-dlp")


@click.command("doctor")
@click.option("--settings", "list_settings", is_flag=True, help="Print every setting with its default.")
@as_json
@click.pass_context
def command(ctx: click.Context, *, list_settings: bool, as_json: bool) -> int:
    """Look at this machine and this home, and name the command that supplies what is missing.

    Example: mekiki doctor
    """
    if list_settings:
        click.echo(settings.DEFAULTS.read_text("utf-8"), nl=False)
        return 0
    home: Path = ctx.find_root().obj
    failed = 0
    for check in health_checks.everything(home):
        failed += not check.is_well and check.what not in BESIDE_THE_POINT
        if as_json:
            emit({"check": check.what, "ok": check.is_well, "found": check.found, "next": check.next_step})
        else:
            mark = "[green]well[/]" if check.is_well else "[yellow]look[/]"
            next_step = "" if check.is_well else f" - {check.next_step}"
            screen.print(f"{mark}  {escape(f'{check.what}: {check.found}{next_step}')}", soft_wrap=True)
    return 1 if failed else 0
