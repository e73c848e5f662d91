"""`mekiki fingerprint`: at the studio, fingerprints without the pixels."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from config import settings
from config.errors import MekikiError
from dashboard.cli import speak
from fingerprints import kinds, package
from fingerprints.decode import Describer, limits_of
from fingerprints.interface import Depth, Description
from fingerprints.package import PackedMedium


class NoFiles(MekikiError):
    """The folders named hold no file."""


@click.command("fingerprint")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The FILE.mkf.")
@click.option(
    "--also",
    multiple=True,
    metavar="KIND,...",
    help="Hashes that partners compare, of pictures: phash64, dhash64, whash64, colorhash42, crop-resistant.",
)
@click.option(
    "--hashes-only", is_flag=True, help="Of films, no local points: an eighth of the size, and less is found."
)
@speak.as_json
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], output: Path, *, also: tuple[str, ...], hashes_only: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Write fingerprints of files and folders into one package; the pixels never leave this machine.

    Needs no home. Whoever protects the works runs `mekiki reference import FILE.mkf`. A partner without mekiki reads
    the hashes named by --also from what --json prints, in hex as the ImageHash library writes them (colorhash42 with
    one 0 in front).

    Example: mekiki fingerprint masters/episode-01.mp4 sheets/ -o lantern-road.mkf --also dhash64,crop-resistant
    """
    named = list(_files(paths))
    if not named:
        raise NoFiles("There is no file in the folders given; name the files to fingerprint.")
    read = settings.load(ctx.find_root().obj)
    names = [*read.fingerprints.exchange, *_split(also)]
    kinds.exchange(names)  # an unknown one is told before any file is opened
    with Describer(limits_of(read)) as describer:
        depth: Depth = "hashes" if hashes_only else "points"
        found = describer.describe((path for _, path in named), depth=depth, also=names)
        written = package.write(output, _told(named, found, names, as_json=as_json))
    speak.say(f"{output} holds the fingerprints of {written} of {len(named)} files, and no pixels.")


def _files(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the files with their names, relative to the folder given, in order of name; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield path.name, path
            continue
        for file in sorted(path.rglob("*")):
            inside = file.relative_to(path)
            if file.is_file() and not any(part.startswith(".") for part in inside.parts):
                yield inside.as_posix(), file


def _split(also: Sequence[str]) -> list[str]:
    """Return the names in `--also a,b --also c`."""
    return [name.strip() for some in also for name in some.split(",") if name.strip()]


def _told(
    named: Sequence[tuple[str, Path]],
    described: Iterator[tuple[Path, Description]],
    also: Sequence[str],
    *,
    as_json: bool,
) -> Iterator[PackedMedium]:
    """Yield one medium a file while a progress bar runs, and say which files could not be read."""
    for (name, path), (_, description) in speak.tracked(zip(named, described, strict=True), "files", len(named)):
        if as_json:
            speak.emit({"file": str(path), **_row(description, also)})
        elif description.error is not None:
            speak.say(f"{path}: {description.error}")
        if description.error is None:
            yield PackedMedium(_printable(name), _sha256(path), description)


def _row(description: Description, also: Sequence[str]) -> dict[str, Any]:
    """Return what a program reads of one file."""
    kind = None if description.facts is None else description.facts.medium
    found = {name: vectors.codes for (name, _), vectors in description.fingerprints.items()}
    vectors = {name: len(codes) for name, codes in found.items()}
    row: dict[str, Any] = {"kind": kind, "vectors": vectors, "error": description.error}
    if also:
        row["hashes"] = {name: [code.tobytes().hex() for code in found[name]] for name in also if name in found}
    return row


def _printable(name: str) -> str:
    """Return the name with whatever a database or a letter cannot hold replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)[
        -package.MAX_NAME :
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
