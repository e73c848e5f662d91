"""`mekiki schedule`: the clock."""

import click

from dashboard import scheduler
from dashboard.cli.speak import opened, say


@click.command("schedule")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Start sweeps, stages and looks by themselves, each as a child process, until Ctrl-C; one clock a home.

    Example: mekiki schedule
    """
    stop = scheduler.until_told()
    scheduler.serve(opened(ctx), stop, say)
    say("The clock has stopped.")
