"""Fingerprint packages (.mkf): what a studio gives away instead of its pixels. A zip with manifest.json and raw tables.

A package comes from outside, so reading one refuses whatever is larger than it says, of another shape, or unexpected;
nothing in it is ever unpacked to disk, used as a path, or unpickled.
"""

import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import MekikiError
from fingerprints import kinds, packing
from fingerprints.interface import Description, Vectors
from fingerprints.packing import Misshapen, Shape

FORMAT = "mekiki fingerprints"
VERSION = 1
MANIFEST = "manifest.json"
MAX_ENTRIES = 400_001
MAX_MANIFEST_BYTES = 256 << 20
MAX_BYTES = 4 << 30  # of all tables, unpacked
MAX_RATIO = 200  # unpacked to packed; deflate itself reaches 1,032, real fingerprints about 2
MAX_NAME = 500  # characters
MAX_KIND = 40  # characters
MAX_WIDTH = 1 << 16  # bytes of one code
MAX_COLUMNS = 64
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z0-9][a-z0-9._-]*")


class BadPackage(MekikiError):
    """The file is no fingerprint package, or one that cannot be trusted."""


class NothingToPack(MekikiError):
    """No medium could be read, so there is nothing to give away."""


@dataclass(frozen=True)
class PackedMedium:
    """One medium of a package."""

    name: str  # the file's name at the studio
    sha256: str  # of the file, in hex
    description: Description


def write(path: Path, media: Iterable[PackedMedium]) -> int:
    """Write a package, whole or not at all, and return how many media it holds.

    Kinds that may not travel are left out, and so are media that could not be read. `media` is read one by one.
    Raises NothingToPack, and leaves what was at `path`, when no medium could be read.
    """
    travelling = {(kind.name, kind.version) for kind in kinds.of_references() if kind.may_travel}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=".mkf")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
                rows = _write_media(package, media, travelling)
                head = {"format": FORMAT, "version": VERSION, "kinds": sorted(travelling), "media": rows}
                package.writestr(MANIFEST, json.dumps(head, allow_nan=False))
            if not rows:
                raise NothingToPack(
                    f"None of the files could be read, so {path} was not written; see the reasons above."
                )
            out.flush()
            os.fsync(out.fileno())
        part.chmod(0o640)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


def _write_media(
    package: zipfile.ZipFile, media: Iterable[PackedMedium], travelling: set[tuple[str, int]]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for medium in media:
        if medium.description.facts is None:
            continue
        tables = []
        for (kind, version), vectors in medium.description.fingerprints.items():
            if (kind, version) not in travelling:
                continue
            codes, positions = _entries(len(rows), kind, version)
            package.writestr(codes, packing.codes_bytes(vectors))
            package.writestr(positions, packing.positions_bytes(vectors))
            shape = packing.shape(vectors)
            tables.append({"kind": kind, "version": version, "facts": packing.finite(vectors.facts), **vars(shape)})
        facts = packing.facts_row(medium.description.facts)
        rows.append({"name": medium.name, "sha256": medium.sha256, "facts": facts, "fingerprints": tables})
    return rows


def _entries(number: int, kind: str, version: int) -> tuple[str, str]:
    return f"{number}/{kind}-{version}.codes", f"{number}/{kind}-{version}.positions"


def read(path: Path) -> list[PackedMedium]:
    """Return the media of a package. Raises BadPackage."""
    try:
        with zipfile.ZipFile(path) as package:
            _check_sizes(package, path)
            manifest = _manifest(package)
            return [_medium(package, number, row) for number, row in enumerate(manifest["media"])]
    except OSError as failed:
        raise BadPackage(f"{path} cannot be opened ({failed.strerror or failed}).") from failed
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as broken:
        raise BadPackage(f"{path} is not a fingerprint package, or a damaged one; ask for it again.") from broken
    except Misshapen as wrong:
        raise BadPackage(f"{path} is not a sound fingerprint package: {wrong}") from wrong
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as wrong:
        raise BadPackage(
            f"{path} is a fingerprint package with an impossible table of contents; make it again."
        ) from wrong


def _check_sizes(package: zipfile.ZipFile, path: Path) -> None:
    """Refuse a zip bomb by its directory, before anything is unpacked."""
    entries = package.infolist()
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or total > MAX_BYTES:
        raise BadPackage(f"{path} holds more than a fingerprint package may; split it into smaller packages.")
    if total > MAX_RATIO * max(path.stat().st_size, 1 << 12):
        raise BadPackage(f"{path} unpacks to far more than fingerprints do; it was not opened.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise BadPackage(f"{path} is packed in a way fingerprint packages are not; make it again.")


def _manifest(package: zipfile.ZipFile) -> Mapping[str, Any]:
    if package.getinfo(MANIFEST).file_size > MAX_MANIFEST_BYTES:
        raise Misshapen("its table of contents is too long; split it into smaller packages.")
    try:
        manifest = json.loads(package.read(MANIFEST))
    except RecursionError as deep:
        raise ValueError("nested too deep") from deep
    if manifest["format"] != FORMAT:
        raise ValueError("another format")
    if manifest["version"] != VERSION:
        raise Misshapen(
            f"it is of version {manifest['version']!s:.9}, not {VERSION}; update the older of the two sides."
        )
    return dict(manifest)


def _medium(package: zipfile.ZipFile, number: int, row: Mapping[str, Any]) -> PackedMedium:
    name, sha256 = row["name"], row["sha256"]
    if not (isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable()):
        raise Misshapen("a file's name is empty, too long or not printable; make it again.")
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise Misshapen("a file's sha256 is none; make it again.")
    fingerprints = {}
    for table in row["fingerprints"]:
        key, vectors = _table(package, number, table)
        fingerprints[key] = vectors
    return PackedMedium(name, sha256, Description(packing.media_facts(row["facts"]), fingerprints))


def _table(package: zipfile.ZipFile, number: int, row: Mapping[str, Any]) -> tuple[tuple[str, int], Vectors]:
    kind, version = row["kind"], int(row["version"])
    shape = Shape(int(row["count"]), int(row["width"]), int(row["columns"]))
    if not (isinstance(kind, str) and len(kind) <= MAX_KIND and _KIND.fullmatch(kind) and 0 < version < 1 << 31):
        raise Misshapen("a fingerprint kind has an impossible name; make it again.")
    if not (0 <= shape.count < 1 << 31 and 0 <= shape.width <= MAX_WIDTH and 0 <= shape.columns <= MAX_COLUMNS):
        raise Misshapen("a table has an impossible shape; make it again.")
    codes, positions = _entries(number, kind, version)
    for entry, size in ((codes, shape.codes_bytes), (positions, shape.positions_bytes)):
        if package.getinfo(entry).file_size != size:
            raise Misshapen("a table is shorter or longer than it says; make it again.")
    vectors = packing.vectors(shape, package.read(codes), package.read(positions), row["facts"])
    return (kind, version), packing.checked(kind, version, vectors)
