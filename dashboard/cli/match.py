"""`mekiki match`: match files or folders against this home, without storing anything."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from config.home import Home
from dashboard import explained
from dashboard.cli import speak
from fingerprints.decode import Describer, limits_of
from fingerprints.interface import Description
from matcher import intake, match
from matcher.catalogue import Asset, Work
from matcher.interface import Comparison
from matcher.references import Reference

REFERENCES_AT_ONCE = 16


class NoFiles(MekikiError):
    """The folders named hold no file."""


@dataclass(frozen=True)
class Named:
    """A reference as people know it."""

    work: str
    asset: str
    reference: str
    bank: str
    blob: str


@dataclass(frozen=True)
class Outcome:
    """What was found in one file."""

    path: Path
    description: Description
    ms: float
    matches: tuple[tuple[Named, Comparison], ...]


@click.command("match")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@speak.as_json
@click.option(
    "--explain",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw a picture of every match into this folder.",
)
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], explain: Path | None, *, as_json: bool) -> None:
    """Say what files, or all files of folders, hold of the registered works. Nothing is stored.

    A file that cannot be read is told and passed over; only if every file fails is the exit code 1.

    Example: mekiki match downloads/ --json > matches.jsonl
    """
    files = list(_files(paths))
    if not files:
        raise NoFiles("There is no file in the folders given; name the files to match.")
    home = speak.opened(ctx)
    _describe_references(home)
    failed = 0
    for outcome in speak.tracked(outcomes(home, files), "files", len(files)):
        failed += outcome.description.error is not None
        if as_json:
            speak.emit(as_line(outcome))
        else:
            _tell(outcome)
        if explain is not None:
            explained.draw(home, explain, outcome.path, outcome.description, [
                (f"{named.work}, {named.asset}, {named.reference}", named.blob, comparison)
                for named, comparison in outcome.matches
            ])  # fmt: skip
    if failed == len(files):
        ctx.exit(1)


def outcomes(home: Home, files: Sequence[Path]) -> Iterator[Outcome]:
    """Yield what was found in each file, in their order, while all cores describe ahead."""
    with Describer(limits_of(home.settings)) as describer, home.readers()() as session:
        began = time.monotonic()
        for path, description in describer.describe(files):
            found = match.compare_description(session, description)
            named = _names(session, [comparison.reference_id for comparison in found])
            ms = (time.monotonic() - began) * 1000
            pairs = tuple((named[comparison.reference_id], comparison) for comparison in found)
            yield Outcome(path, description, ms, pairs)
            began = time.monotonic()


def as_line(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON line of one file."""
    facts = outcome.description.facts
    return {
        "query": str(outcome.path),
        "kind": None if facts is None else facts.medium,
        "error": outcome.description.error,
        "ms": round(outcome.ms, 1),
        "matches": [_as_row(named, comparison) for named, comparison in outcome.matches],
    }


def _as_row(named: Named, comparison: Comparison) -> dict[str, Any]:
    row: dict[str, Any] = {
        "work": named.work,
        "asset": named.asset,
        "reference": named.reference,
        "bank": named.bank,
        "score": round(comparison.score, 4),
        "lane": comparison.lane,
        "reasons": match.as_reasons(comparison),
        "transform": None,
        "segments": [
            {"query": each["query"], "reference": each["reference"], "speed": each["speed"]}
            for each in match.as_segments(comparison)
        ],
        "matched_seconds": round(comparison.matched_seconds, 3),
    }
    if comparison.transform is not None:
        matrix = [list(line) for line in comparison.transform.matrix]
        row["transform"] = {"mirrored": comparison.transform.is_mirrored, "matrix": matrix}
    return row


def _tell(outcome: Outcome) -> None:
    if outcome.description.error is not None:
        speak.say(f"{outcome.path}: {outcome.description.error}")
    elif not outcome.matches:
        speak.say(f"{outcome.path}: nothing registered was found in it.")
    for named, comparison in outcome.matches:
        kind = "likely copy of" if comparison.lane == "copy" else "worth a look:"
        speak.say(f"{outcome.path}: {kind} {named.work}, {named.asset}, {named.reference} ({comparison.score:.2f})")
        for reason in comparison.reasons:
            speak.say(f"    {reason.says}")


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files, those of folders in order of name; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield path  # also one that is not there: it gets its line with an error
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield file


def _describe_references(home: Home) -> None:
    """Describe what was registered a moment ago, so that it can be found at once."""
    sessions = home.sessions()
    while True:
        with home.readers()() as reading:
            ids = intake.pending_references(reading, REFERENCES_AT_ONCE)
        if not ids:
            return
        with sessions.begin() as session:
            intake.describe_references(session, ids)


def _names(session: Session, ids: Sequence[int]) -> dict[int, Named]:
    rows = session.execute(
        select(Reference.id, Work.title, Asset.name, Reference.name, Reference.bank, Reference.blob)
        .join(Asset, Asset.id == Reference.asset_id)
        .join(Work, Work.id == Asset.work_id)
        .where(Reference.id.in_(ids))
    )
    return {number: Named(*names) for number, *names in rows}
