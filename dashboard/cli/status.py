"""`mekiki status`: where everything stands."""

import click

from dashboard import standing
from dashboard.cli.asking import reads
from dashboard.cli.speak import as_json, emit, show


@click.command("status")
@as_json
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show where everything stands: what is protected, seen, open, due, waiting to leave, and which jobs failed.

    Example: mekiki status
    """
    with reads(ctx) as session:
        facts = standing.facts(session)
    if as_json:
        emit(facts)
        return
    show([{"what": name.replace("_", " "), "now": value} for name, value in facts.items()], as_json=False)
