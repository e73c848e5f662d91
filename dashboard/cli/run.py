"""`mekiki run`: the stages after the sweep."""

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
    total: dict[str, int] = {}
    with home.lock("run"):
        while True:
            done = 0
            for job in chosen:
                rows = jobs.run(home, job)
                total[job.name] = total.get(job.name, 0) + rows
                done += rows
                if rows and not as_json:
                    say(f"{job.name}: {rows}")
            if not (until_idle and done):
                break
    if as_json:
        emit(total)
    elif not any(total.values()):
        say("Nothing was pending.")
