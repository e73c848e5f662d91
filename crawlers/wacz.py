"""WACZ 1.1.1: a WARC with its index and its pages in one file, as players of web archives open it."""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from crawlers import sealed_zip, warc
from crawlers.captures import Capture
from crawlers.sealed_zip import Packed
from crawlers.warc import Bodies

VERSION = "1.1.1"  # https://specs.webrecorder.net/wacz/1.1.1/
ARCHIVE = "archive/captured.warc"


@dataclass(frozen=True)
class Page:
    """A page a reader of the archive may begin with."""

    id: str
    url: str
    title: str
    at: datetime


def write(
    path: Path, captures: Sequence[Capture], bodies: Bodies, *, pages: Sequence[Page], title: str, at: datetime
) -> None:
    """Write the archive of these captures to `path`, made at `at`."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, path.open("wb") as out:
        archive = Path(folder) / "captured.warc"
        with archive.open("wb") as file:
            index = warc.write(file, captures, bodies)
        packing = sealed_zip.Writer(out)
        packing.add(ARCHIVE, archive)
        lines = warc.index_lines(index, archive.name)
        packing.add("indexes/index.cdx", "".join(f"{key} {_line(fields)}" for key, fields in lines).encode())
        packing.add("pages/pages.jsonl", "".join(map(_line, _pages(pages))).encode())
        package = _package(packing.packed, pages, title, at)
        packing.add("datapackage.json", package)
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(package).hexdigest()}"}
        packing.add("datapackage-digest.json", json.dumps(digest, indent=1).encode())
        packing.close()


def _pages(pages: Sequence[Page]) -> list[dict[str, Any]]:
    heading = {"format": "json-pages-1.0", "id": "pages", "title": "Pages"}
    return [heading, *({"id": one.id, "url": one.url, "title": one.title, "ts": _second(one.at)} for one in pages)]


def _package(packed: Sequence[Packed], pages: Sequence[Page], title: str, at: datetime) -> bytes:
    first = {"mainPageUrl": pages[0].url, "mainPageDate": _second(pages[0].at)} if pages else {}
    said = {
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": title,
        "created": _second(at),
        "software": f"mekiki {version('mekiki')}",
        **first,
        "resources": [
            {
                "name": one.name.rpartition("/")[2].lower(), "path": one.name, "hash": f"sha256:{one.sha256}",
                "bytes": one.size,
            }
            for one in packed
        ],
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, indent=1).encode()


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
