"""`mekiki run`: the stages after the sweep."""

from collections import Counter

import click

from dashboard import jobs
from dashboard.cli.speak import as_json, bar, emit, opened, say


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
    with home.lock("run"), bar("Working through what is pending") as advance:

        def tell(name: str, rows: int) -> None:
            rows_of[name] += rows
            advance(rows)

        try:
            jobs.run_all(home, tell, chosen=chosen, until_idle=until_idle)
        finally:  # what was done stays done, and is told, also when something failed
            show = emit if as_json else _say_each
            show({job.name: rows_of[job.name] for job in chosen})
    if not as_json and not rows_of.total():
        say("Nothing was pending.")


def _say_each(rows_of: dict[str, int]) -> None:
    for name, rows in rows_of.items():
        if rows:
            say(f"{name}: {rows}")
