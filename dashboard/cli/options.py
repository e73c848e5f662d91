"""Options that several nouns share, spelled the same everywhere."""

import click

by = click.option(
    "--by",
    envvar="MEKIKI_PERSON",
    required=True,
    metavar="NAME",
    help="Who does this; kept with it (or MEKIKI_PERSON).",
)
reason = click.option("--reason", required=True, metavar="SENTENCE", help="Why; kept with it and shown to everybody.")
why = click.option("--reason", default="", metavar="SENTENCE", help="Why; kept with it and shown to everybody.")
