"""Who asks on the command line, and a session that shows them what they may see.

The command line believes what it is told: whoever can read the files of a home can read everything in it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from dashboard import staff
from dashboard.cli import speak

NAMED_BY = ("by", "login", "reader")  # options of commands that name a person


def who(ctx: click.Context) -> str:
    """Return the login or name of who asks: the person a command names, else MEKIKI_PERSON; "" for nobody."""
    given = (ctx.params.get(option) for option in NAMED_BY)
    return next((str(name) for name in given if name), os.environ.get("MEKIKI_PERSON", ""))


@contextmanager
def reads(ctx: click.Context) -> Iterator[Session]:
    """Give a session that only reads, and sees what the person who asks may see."""
    with speak.opened(ctx).readers()() as session:
        yield staff.limit(session, staff.person_called(session, who(ctx)))


@contextmanager
def writes(ctx: click.Context) -> Iterator[Session]:
    """Give a session that sees what the person who asks may see, and is committed when the block is left."""
    with speak.opened(ctx).sessions().begin() as session:
        yield staff.limit(session, staff.person_called(session, who(ctx)))
