"""`mekiki init`: make a home."""

import click

from config import home
from dashboard.cli.speak import say


@click.command("init")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Make a home, or bring an older one up to date; what is there is kept.

    Example: mekiki --home ~/mekiki init
    """
    made = home.make(ctx.find_root().obj)
    made.engine.dispose()
    say(f"{made.path} is a mekiki home. Next: `mekiki work add TITLE --owner NAME`, then `mekiki reference add`.")
