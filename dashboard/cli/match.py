"""`mekiki match`: match files or folders against this home, without storing anything."""

import hashlib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.errors import MekikiError
from config.home import Home
from dashboard import explained, phrases, staff
from dashboard.cli import asking, speak
from fingerprints.decode import Describer, limits_of
from fingerprints.interface import Description
from fingerprints.preview import Unreadable
from matcher import intake, match
from matcher.catalogue import Asset, Work
from matcher.interface import Comparison
from matcher.references import Reference

REFERENCES_AT_ONCE = 16
MOST_OTHERS = 5  # further references of one work that a person is told by name


class NoFiles(MekikiError):
    """The folders named hold no file."""


@dataclass(frozen=True)
class Named:
    """A reference as people know it."""

    work_id: int
    work: str
    asset: str
    reference: str
    bank: str
    blob: str


Match = tuple[Named, Comparison]


@dataclass(frozen=True)
class Outcome:
    """What was found in one file."""

    path: Path
    description: Description
    ms: float
    matches: tuple[Match, ...]  # best first
    same_as: Path | None = None  # an earlier file with the same bytes, whose outcome this is


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

    The surest reference of each work comes first. Files with the same bytes are looked at once, and drawn once.
    A file that cannot be read is told and passed over; only if every file fails is the exit code 1.

    Example: mekiki match downloads/ --json > matches.jsonl
    """
    files = list(_files(paths))
    if not files:
        raise NoFiles("There is no file in the folders given; name the files to match.")
    home = speak.opened(ctx)
    _describe_references(home)
    failed = 0
    with closing(
        outcomes(home, files, asker=asking.who(ctx))
    ) as found:  # closed at once when Ctrl-C comes, and its children with it
        for outcome in speak.tracked(found, "files", len(files)):
            failed += outcome.description.error is not None
            if as_json:
                speak.emit(as_line(outcome))
            else:
                _tell(outcome)
            if explain is not None and outcome.same_as is None:
                _explain(home, explain, outcome)
    if failed == len(files):
        ctx.exit(1)


def outcomes(home: Home, files: Sequence[Path], *, asker: str = "") -> Generator[Outcome]:
    """Yield what was found in each file, in their order, while all cores describe ahead.

    Provisional references are compared only for those who were named for their works; `asker` is a login or a name.
    Files with the same bytes are described and compared once, when the first of them has its turn.
    """
    first = alike(files)
    turns_left = Counter(first[path] for path in files)
    known: dict[Path, Outcome] = {}
    with home.readers()() as session:
        person_id = staff.person_called(session, asker) if asker else None
    with Describer(limits_of(home.settings)) as describer:
        described = describer.describe(dict.fromkeys(first[path] for path in files), depth="glance")
        for path in files:
            began, origin = time.monotonic(), first[path]
            if origin in known:
                earlier = known[origin]
                yield replace(earlier, path=path, ms=(time.monotonic() - began) * 1000, same_as=origin)
            else:
                one = next(described)
                with home.readers()() as session:  # a new one a file: what was disabled meanwhile matches no more
                    if staff.has_secrets(session, person_id):
                        staff.limit(session, person_id)
                    known[origin] = _outcome(session, describer, one, began)
                yield known[origin]
            turns_left[origin] -= 1
            if not turns_left[origin]:
                del known[origin]  # a description is large, and there may be thousands


def alike(files: Sequence[Path]) -> dict[Path, Path]:
    """Return, for each file, the first one with the same bytes; only files of the same size are read to tell."""
    by_size: dict[int | None, list[Path]] = defaultdict(list)
    for path in dict.fromkeys(files):
        by_size[path.stat().st_size if path.is_file() else None].append(path)
    first: dict[Path, Path] = {}
    for size, paths in by_size.items():
        seen: dict[str, Path] = {}
        for path in paths:
            is_alone = size is None or len(paths) == 1
            first[path] = path if is_alone else seen.setdefault(_bytes_of(path), path)
    return first


def as_line(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON line of one file."""
    facts = outcome.description.facts
    rows = []
    told: Counter[int] = Counter()
    for named, comparison in outcome.matches:
        told[named.work_id] += 1
        rows.append(_as_row(named, comparison) | {"rank_in_work": told[named.work_id]})
    return {
        "query": _written(outcome.path),
        "kind": None if facts is None else facts.medium,
        "error": outcome.description.error,
        "ms": round(outcome.ms, 1),
        "matches": rows,
    }


def _outcome(session: Session, describer: Describer, described: tuple[Path, Description], began: float) -> Outcome:
    path, description = described
    found = match.compare_description(session, description, partial(describer.watch, path))
    named = _names(session, [comparison.reference_id for comparison in found])
    matches = tuple((named[comparison.reference_id], comparison) for comparison in found)
    return Outcome(path, description, (time.monotonic() - began) * 1000, matches)


def _bytes_of(path: Path) -> str:
    """Return what tells the bytes of a file; of one that cannot be read, its name: the decoder will say why."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return f"unread {path}"


def _explain(home: Home, folder: Path, outcome: Outcome) -> None:
    try:
        explained.draw(home, folder, outcome.path, outcome.description, [
            explained.Match(named.work, named.asset, named.reference, named.blob, comparison)
            for named, comparison in outcome.matches
        ])  # fmt: skip
    except Unreadable as gone:
        speak.say(f"{_written(outcome.path)}: no picture of the match could be drawn. {gone}")


def _written(path: Path) -> str:
    """Return the path as text that can be written anywhere: a name may hold bytes that are no UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


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
            {name: each[name] for name in ("query", "reference", "speed", "altered")}
            for each in match.as_segments(comparison)
        ],
        "matched_seconds": round(comparison.matched_seconds, 3),
    }
    if comparison.transform is not None:
        matrix = [list(line) for line in comparison.transform.matrix]
        row["transform"] = {"mirrored": comparison.transform.is_mirrored, "matrix": matrix}
    return row


def _tell(outcome: Outcome) -> None:
    """Tell a person what a file holds: per work the surest reference with its reasons, then the others in one line."""
    path = _written(outcome.path)
    if outcome.description.error is not None:
        speak.say(f"{path}: {outcome.description.error}")
    elif not outcome.matches:
        speak.say(f"{path}: nothing registered was found in it.")
    elif outcome.same_as not in (None, outcome.path):
        speak.say(f"{path}: the same bytes as {_written(outcome.same_as or outcome.path)}.")
    by_work: dict[int, list[Match]] = defaultdict(list)
    for named, comparison in outcome.matches:
        by_work[named.work_id].append((named, comparison))
    for (named, comparison), *others in by_work.values():
        kind = "likely copy of" if comparison.lane == "copy" else "worth a look:"
        place = _place(named, within=None)
        speak.say(f"{path}: {kind} {named.work}, {place} ({phrases.score(comparison.score)})")
        if outcome.same_as is None:
            for reason in comparison.reasons:
                speak.say(f"    {reason.says}")
            if others:
                speak.say(f"    {_and_more(named, others)}")


def _place(named: Named, *, within: str | None) -> str:
    """Return asset and reference; the asset is left out when it is `within`, or only the name of the file again."""
    is_plain = named.asset in (within, Path(named.reference).stem)
    return named.reference if is_plain else f"{named.asset}, {named.reference}"


def _and_more(best: Named, others: Sequence[Match]) -> str:
    """Return the further references of the same work, best first."""
    names = [
        f"{_place(named, within=best.asset)} ({phrases.score(comparison.score)})"
        for named, comparison in others[:MOST_OTHERS]
    ]
    rest = len(others) - len(names)
    return f"and {len(others)} more of the same work: {', '.join(names)}{f' and {rest} others' if rest else ''}"


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
    with speak.bar("describing references") as advance:
        while True:
            with home.readers()() as reading:
                ids = intake.pending_references(reading, REFERENCES_AT_ONCE)
            if not ids:
                return
            with sessions.begin() as session:
                intake.describe_references(session, ids)
            advance(len(ids))


def _names(session: Session, ids: Sequence[int]) -> dict[int, Named]:
    rows = session.execute(
        select(Reference.id, Work.id, Work.title, Asset.name, Reference.name, Reference.bank, Reference.blob)
        .join(Asset, Asset.id == Reference.asset_id)
        .join(Work, Work.id == Asset.work_id)
        .where(Reference.id.in_(ids))
    )
    return {row.id: Named(*row[1:]) for row in rows}
