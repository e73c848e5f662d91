"""The command line: `mekiki`. Each noun is one thin file beside this one; this one finds it and speaks for errors."""

import importlib
import sys
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from config import log, settings
from config.errors import MekikiError
from config.home import AlreadyRunning
from dashboard.cli.speak import say

# Name on the command line -> the module that holds it. Imported only when used: `mekiki --help` must be quick.
COMMANDS = {
    "demo": "dashboard.cli.demo",
    "init": "dashboard.cli.init",
    "work": "dashboard.cli.work",
    "reference": "dashboard.cli.reference",
    "fingerprint": "dashboard.cli.fingerprint",
    "match": "dashboard.cli.match",
    "licence": "dashboard.cli.licence",
    "fanrule": "dashboard.cli.fanrule",
    "allow": "dashboard.cli.allow",
    "source": "dashboard.cli.source",
    "sweep": "dashboard.cli.sweep",
    "browser": "dashboard.cli.browser",
    "run": "dashboard.cli.run",
    "case": "dashboard.cli.case",
    "notice": "dashboard.cli.notice",
    "verify": "dashboard.cli.verify",
    "evidence": "dashboard.cli.evidence",
    "person": "dashboard.cli.person",
    "schedule": "dashboard.cli.schedule",
    "serve": "dashboard.cli.serve",
    "status": "dashboard.cli.status",
    "doctor": "dashboard.cli.doctor",
}
EXIT_FAILED = 1
EXIT_ALREADY_RUNNING = 75  # EX_TEMPFAIL: cron tries again
EXIT_INTERRUPTED = 130


class Nouns(click.Group):
    """A group that imports a noun's module only when that noun is used."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the nouns in the order of the main path."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Return the command `command` of the noun's module."""
        if name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[name]).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the nouns with the first line of their files, which need not be imported for that."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _says(module)) for name, module in COMMANDS.items()])


def _says(module: str) -> str:
    """Return what the first line of a noun's file says after its name, as a sentence."""
    file = Path(__file__).with_name(f"{module.rpartition('.')[2]}.py")
    with file.open(encoding="utf-8") as source:
        words = source.readline().strip().strip('"').partition(": ")[2]
    return words[:1].upper() + words[1:]


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder mekiki works on (else MEKIKI_HOME, else the user's data folder).",
)
@click.option("--verbose", "-v", is_flag=True, help="Show what happens, on stderr.")
@click.version_option(package_name="mekiki", prog_name="mekiki")
@click.pass_context
def command(ctx: click.Context, home: Path | None, *, verbose: bool) -> None:
    """mekiki (目利き): finds copies, respects what is allowed, asks for removal within 24 hours.

    Example: mekiki demo
    """
    log.set_up(level="INFO" if verbose else "WARNING")
    ctx.obj = home or settings.default_home()


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 75 already running."""
    try:
        result = command.main(args=arguments, prog_name="mekiki", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("Stopped; what was done stays done.")
        sys.exit(EXIT_INTERRUPTED)
    except AlreadyRunning as running:
        say(str(running))
        sys.exit(EXIT_ALREADY_RUNNING)
    except MekikiError as failed:
        say(f"mekiki: {failed}")
        sys.exit(EXIT_FAILED)
    except DBAPIError as lost:
        log.get(__name__).exception("the database failed")
        say(f"mekiki: The database could not be used ({lost.orig}); run `mekiki doctor`, then this again.")
        sys.exit(EXIT_FAILED)
    sys.exit(result if isinstance(result, int) else 0)
