"""Whether a page on another host is the page we know: its title, its words and its pictures. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from crawlers.interface import Finding

SHORT = 8  # characters; a shorter line stands on any page
MOST_WORDS, MOST_PICTURES = 0.6, 0.5  # of what we know must be there too


@dataclass(frozen=True)
class Likeness:
    """How much of a known page is on the other."""

    has_title: bool
    words: float  # share of the known page's lines
    pictures: float | None  # share of its pictures, by their paths; None: it shows none

    @property
    def is_same(self) -> bool:
        """Say whether it is the same page."""
        has_pictures = self.pictures is None or self.pictures >= MOST_PICTURES
        return self.has_title and self.words >= MOST_WORDS and has_pictures


def of(known: Finding, other: Finding) -> Likeness:
    """Return how much of a page that we know stands on the other."""
    pictures = {urlsplit(link.url).path for link in known.media}
    shown = {urlsplit(link.url).path for link in other.media}
    lines, read = _lines(known), _lines(other)
    return Likeness(
        has_title=bool(known.title) and known.title.strip() == other.title.strip(),
        words=len(lines & read) / len(lines) if lines else 1.0,
        pictures=len(pictures & shown) / len(pictures) if pictures else None,
    )


def on_host(url: str, host: str) -> str:
    """Return an address with its host (and port) replaced."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def _lines(finding: Finding) -> set[str]:
    return {line.strip() for line in finding.text.split("\n") if len(line.strip()) >= SHORT}
