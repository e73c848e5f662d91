"""The promise of every reader: a saved page and the Finding it must become. A reader without one fails the suite.

A golden page is two or three files side by side: `NAME.html` (the page as saved), `NAME.json` (its address and the
Finding), and `NAME.toml` (the source) which several pages may share by naming it in the JSON's "source".
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from crawlers import extract, sources, spiders
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source


@dataclass(frozen=True)
class GoldenPage:
    """One saved page with what must be read off it."""

    name: str
    page: Page
    source: Source
    expected: Mapping[str, object]

    def found(self) -> Mapping[str, object]:
        """Return what is read off the page now, in the shape of `expected`."""
        return plain(extract.read_page(spiders.reader(self.source), self.page, self.source))


def plain(finding: Finding) -> dict[str, object]:
    """Return a Finding as JSON holds it; fields that say nothing are left out, and so is the visible text."""
    fields = {name: _plain(value) for name, value in asdict(finding).items() if name != "text"}
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def golden_pages(folder: Path) -> list[GoldenPage]:
    """Return the golden pages of a folder, by name."""
    found = []
    for file in sorted(folder.glob("*.json")):
        said = json.loads(file.read_text("utf-8"))
        page = Page.of(said["url"], file.with_suffix(".html").read_bytes())
        source = sources.load(folder / said.get("source", f"{file.stem}.toml"))
        found.append(GoldenPage(file.stem, page, source, said["finding"]))
    return found


def save(folder: Path, name: str, page: Page, source_file: Path, finding: Finding) -> Path:
    """Write a golden page and return its JSON file; a person then reads it and corrects what is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(f"{name}.html").write_text(page.html, "utf-8")
    folder.joinpath(f"{name}.toml").write_text(source_file.read_text("utf-8"), "utf-8")
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"url": page.url, "finding": plain(finding)}, ensure_ascii=False, indent=2), "utf-8")
    return file
