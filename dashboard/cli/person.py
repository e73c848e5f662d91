"""`mekiki person`: who may log in to the console and sign decisions."""

import os

import click

from dashboard import people
from dashboard.cli import speak

PASSWORD_VARIABLE = "MEKIKI_NEW_PASSWORD"  # noqa: S105 - the name of a variable


@click.group("person")
def command() -> None:
    """Who may log in to the console and sign decisions.

    Example: mekiki person add aoi --name "Aoi Mori" --approver
    """


@command.command("add")
@click.argument("login")
@click.option("--name", required=True, metavar="NAME", help="The legal name that signs decisions and notices.")
@click.option("--approver", is_flag=True, help="May approve notices.")
@click.option(
    "--language", type=click.Choice(people.LANGUAGES), default="en", show_default=True, help="Of the console."
)
@click.pass_context
def add(ctx: click.Context, login: str, *, name: str, approver: bool, language: str) -> None:
    """Let a person in; the password is asked for twice, or read from MEKIKI_NEW_PASSWORD.

    Example: mekiki person add aoi --name "Aoi Mori" --approver --language ja
    """
    home = speak.opened(ctx)
    password = _new_password()
    with home.sessions().begin() as session:
        people.add(session, login, name=name, password=password, may_approve=approver, language=language)
    speak.say(f"{name} may log in as {login}{' and approve notices' if approver else ''}.")


@command.command("list")
@speak.as_json
@click.pass_context
def listing(ctx: click.Context, *, as_json: bool) -> None:
    """List the people of this home.

    Example: mekiki person list
    """
    with speak.opened(ctx).readers()() as session:
        rows = [
            {
                "login": person.login,
                "name": person.name,
                "approver": person.may_approve,
                "language": person.language,
                "disabled_at": person.disabled_at,
            }
            for person in people.everybody(session)
        ]
    speak.show(rows, as_json=as_json, title="People", empty="Nobody yet; add somebody with `mekiki person add`.")


@command.command("password")
@click.argument("login")
@click.pass_context
def password(ctx: click.Context, login: str) -> None:
    """Give a person a new password, asked for twice or read from MEKIKI_NEW_PASSWORD.

    Example: mekiki person password aoi
    """
    home = speak.opened(ctx)
    chosen = _new_password()
    with home.sessions().begin() as session:
        speak.say(f"{people.set_password(session, login, chosen).name} has a new password.")


@command.command("disable")
@click.argument("login")
@click.pass_context
def disable(ctx: click.Context, login: str) -> None:
    """Let a person in no longer; what they decided stays.

    Example: mekiki person disable aoi
    """
    with speak.opened(ctx).sessions().begin() as session:
        speak.say(f"{people.disable(session, login).name} may log in no longer.")


def _new_password() -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    asked: str = click.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True)
    return asked
