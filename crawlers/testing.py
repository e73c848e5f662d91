"""The promise of every reader and every source's file: a saved page and the Finding it must become.

A golden page is two files side by side, `NAME.json` (the address, the source's file and the Finding) and the document
as it came, `NAME.html` or `NAME.xml`. Beside a source's file they lie in the folder `pages`, where `mekiki source
record` puts them and `mekiki source lint` reads them again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.errors import MekikiError
from crawlers import directories, sources, trial
from crawlers.extract import UnreadablePage
from crawlers.interface import Finding
from crawlers.sources import Source
from crawlers.tryout import Document

UNSAID = ("text", "is_directory")  # too long for a person to check; plain from the document
FOLDER = "pages"  # beside a source's file
ENDINGS = (".html", ".xml")  # a page; a sitemap or a feed


class BadGolden(MekikiError):
    """A golden page cannot be read."""


@dataclass(frozen=True)
class GoldenPage:
    """One saved document with what must be read off it."""

    name: str
    document: Document
    source: Source
    expected: Mapping[str, object]

    def found(self) -> Mapping[str, object]:
        """Return what is read off the document now, in the shape of `expected`. Raises UnreadablePage."""
        return plain(trial.read(self.source, self.document))

    def differences(self) -> list[str]:
        """Return how what is read now differs from what must be read, one sentence a field; [] when it does not."""
        try:
            found = self.found()
        except UnreadablePage as broken:
            return [f"{broken}"]
        names = [*self.expected, *(name for name in found if name not in self.expected)]
        return [
            f"{called} is {_shown(now)} now, it was {_shown(was)}"
            for name in names
            for called, now, was in _parts(name, found.get(name), self.expected.get(name))
            if now != was
        ]


def plain(finding: Finding) -> dict[str, object]:
    """Return a Finding as JSON holds it; fields that say nothing are left out, and so is the visible text."""
    fields = {name: _plain(value) for name, value in asdict(finding).items() if name not in UNSAID}
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _parts(name: str, now: object, was: object) -> list[tuple[str, object, object]]:
    """Return a field with what it says, or, of one with fields of its own, each of those."""
    if not (isinstance(now, dict) and isinstance(was, dict)):
        return [(name, now, was)]
    return [(f"{name}.{part}", now.get(part), was.get(part)) for part in dict.fromkeys((*was, *now))]


def _shown(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"


def golden_pages(folder: Path) -> list[GoldenPage]:
    """Return the golden pages of a folder, by name. Raises BadGolden, SourceError."""
    return [_read(file) for file in sorted(folder.glob("*.json"))]


def recorded_for(source_file: Path) -> list[GoldenPage]:
    """Return the golden pages that lie beside a source's file and belong to it. Raises BadGolden, SourceError."""
    files = sorted((source_file.parent / FOLDER).glob("*.json"))
    return [_read(file) for file in files if _source_of(file).resolve() == source_file.resolve()]


def _read(file: Path) -> GoldenPage:
    said = _said(file)
    body = next((saved for ending in ENDINGS if (saved := file.with_suffix(ending)).exists()), None)
    if body is None:
        raise BadGolden(f"{file} has no document beside it; record the page again with `mekiki source record`.")
    headers = (("Content-Type", str(said["content_type"])),) if said.get("content_type") else ()
    seen_at = datetime.fromisoformat(said["seen_at"]) if said.get("seen_at") else None
    document = Document(str(said["url"]), body.read_bytes(), headers, seen_at)
    return GoldenPage(file.stem, document, sources.load(_source_of(file)), said["finding"])


def _source_of(file: Path) -> Path:
    return file.parent / str(_said(file).get("source", f"{file.stem}.toml"))


def _said(file: Path) -> dict[str, Any]:
    try:
        said = json.loads(file.read_text("utf-8"))
        if said.keys() >= {"url", "finding"}:
            return dict(said)
    except (OSError, ValueError, AttributeError) as broken:
        raise BadGolden(f"{file} cannot be read ({broken}); record the page again.") from broken
    raise BadGolden(f'{file} says no "url" or no "finding"; record the page again.')


def save(source_file: Path, name: str, document: Document, finding: Finding) -> Path:
    """Write a golden page beside its source's file and return its JSON, which a person reads and corrects."""
    folder = source_file.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    for ending in ENDINGS:
        file.with_suffix(ending).unlink(missing_ok=True)
    is_directory = directories.read(document.body, document.url) is not None
    file.with_suffix(".xml" if is_directory else ".html").write_bytes(document.body)
    said = {"url": document.url, "source": f"../{source_file.name}", "content_type": document.content_type}
    if document.seen_at is not None:  # "3 days ago" stays the day it was
        said["seen_at"] = document.seen_at.isoformat(timespec="seconds")
    file.write_text(json.dumps(said | {"finding": plain(finding)}, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return file
