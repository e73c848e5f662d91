"""How every command speaks: JSON lines on stdout for programs, sentences and progress on stderr for people."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from config.home import Home, open_at

FILE_WIDTH = 160  # columns, where nobody's terminal says how wide a table may be
screen = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else FILE_WIDTH)
T = TypeVar("T")

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout, nothing else there.")


def opened(ctx: click.Context) -> Home:
    """Open the home the command line names."""
    return open_at(ctx.find_root().obj)


def say(sentence: str) -> None:
    """Tell a person something, on stderr."""
    click.echo(sentence, err=True)


def emit(row: dict[str, Any]) -> None:
    """Write one JSON line to stdout and let a waiting program read it at once."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def show(rows: Sequence[dict[str, Any]], *, as_json: bool, title: str = "", empty: str = "Nothing yet.") -> None:
    """Show rows as a table to people, or as JSON lines to programs."""
    if as_json:
        for row in rows:
            emit(row)
        return
    if not rows:
        say(empty)
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in rows[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    screen.print(table)


def tracked(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield the items while a progress bar runs on stderr; no bar when it is not a terminal."""
    with bar(what, total) as advance:
        for item in items:
            yield item
            advance()


@contextmanager
def bar(what: str, total: int | None = None) -> Iterator[Any]:
    """Show a progress bar on stderr and yield the function that moves it on."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Rich would also catch what goes to stdout and write it to the bar's own terminal: a program's lines must reach it.
    is_shared = sys.stdout.isatty()
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal, redirect_stdout=is_shared
    ) as progress:
        task = progress.add_task(what, total=total)

        def advance(by: int = 1) -> None:
            progress.advance(task, by)

        yield advance
