"""`mekiki run`: the stages after the sweep."""

from collections import Counter

import click

from dashboard import jobs
from dashboard.cli.speak import as_json, emit, opened, say


@click.command("run")
@click.argument("names", nargs=-1, metavar="[JOB]...")
@click.option("--all", "every", is_flag=True, help="Every stage, in order.")
@click.option("--until-idle", is_flag=True, help="Again and again, until a whole round finds nothing to do.")
@as_json
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], *, every: bool, until_idle: bool, as_json: bool) -> None:
    """Run the stages of the main path on whatever is pending: describe, match, assess, open cases, draft, send.

    Example: mekiki run --all --until-idle
    """
    chosen = [job for job in jobs.JOBS if every or not names or job.name in names]
    unknown = set(names) - set(jobs.NAMES)
    if unknown:
        raise click.UsageError(f"There is no job {sorted(unknown)[0]!r}; there are: {', '.join(jobs.NAMES)}.")
    home = opened(ctx)
    rows_of: Counter[str] = Counter()
    with home.lock("run"):
        try:
            jobs.run_all(home, lambda name, rows: rows_of.update({name: rows}), chosen=chosen, until_idle=until_idle)
        finally:
            if as_json:
                emit({job.name: rows_of[job.name] for job in chosen})
            else:
                for job in chosen:
                    if rows_of[job.name]:
                        say(f"{job.name}: {rows_of[job.name]}")
                if not rows_of:
                    say("Nothing was pending.")
