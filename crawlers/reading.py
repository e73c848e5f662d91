"""What an answer means: a page that was read, a list in a machine's form, or trouble in a sentence. Pure.

How long it may take is decided elsewhere: see crawlers.patience.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from lxml.etree import LxmlError

from crawlers import challenge, directories, looks, render
from crawlers.extract import Reader, UnreadablePage, read_page
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source

READABLE = ("text/html", "text/plain", "application/xml")
_BINARY = ("image/", "video/", "audio/", "application/pdf", "application/zip", "application/gzip",
           "application/x-7z-compressed", "application/vnd.rar")  # fmt: skip
MAX_LINKS = 20_000  # of one page; each is looked up in the frontier
BLOCK = "blocked: "  # how the trouble of a page begins that shuts us out
Read = tuple[str | None, Finding | None]  # why it is no finding although it answered; what it says


@dataclass(frozen=True)
class Sheet:
    """An answer as it lies before a reader."""

    url: str  # canonical, after redirects
    body: bytes
    status: int
    headers: tuple[tuple[str, str], ...]
    mime: str  # as its bytes show
    seen_at: datetime | None = None
    is_shown: bool = False  # by a browser: then the body is its markup in UTF-8

    @property
    def is_binary(self) -> bool:
        """Whether no words stand in it: a page may lead to pictures and archives as if they were pages."""
        return self.mime.startswith(_BINARY)

    @property
    def page(self) -> Page:
        """The answer as a page; an empty one where no words stand in it."""
        if self.is_binary:
            return Page(self.url, "")
        if self.is_shown:
            return Page(self.url, self.body.decode("utf-8", errors="replace"))
        return Page.of(self.url, self.body, self.headers, seen_at=self.seen_at)


@dataclass(frozen=True)
class Said:
    """What a sheet says."""

    trouble: str | None  # why it is no finding although it answered
    finding: Finding | None
    is_shell: bool = False  # nothing was read off it, and scripts seem to make what it shows

    @property
    def is_directory(self) -> bool:
        """Whether it is a sitemap or a feed."""
        return self.finding is not None and self.finding.is_directory


def of_sheet(sheet: Sheet, source: Source, read: Reader) -> Said:
    """Return what an answer says, whatever it is."""
    listed = None if sheet.is_shown or is_no_answer(sheet.status) else directories.read(sheet.body, sheet.url)
    if listed is not None:
        return Said(listed.trouble, listed.finding(sheet.url, source.kind))
    page = sheet.page
    try:
        trouble, finding = of_page(page, sheet, source, read)
    except LxmlError as broken:  # of a tree that found no room, for one
        return Said(f"its markup cannot be read ({type(broken).__name__}: {broken})", None)
    if finding is not None and len(finding.links) > MAX_LINKS:
        fault = f"it leads to more than {MAX_LINKS} addresses; the first of them are taken"
        finding = replace(finding, links=finding.links[:MAX_LINKS], fault=fault)
    return Said(trouble, finding, render.is_shell(page, finding, source.fetch.render))


def of_page(page: Page, sheet: Sheet, source: Source, read: Reader) -> Read:
    """Return what a page says, as it was sent or as a browser showed it."""
    block = challenge.sign(page, sheet.status, sheet.headers, source.expect.blocked_if)
    if block is not None:
        return f"{BLOCK}the page {block}", None
    missing = source.expect.not_found(page.html)
    if missing is not None:
        return f'{looks.NOT_THERE}: the page says "{missing}"', None
    if is_no_answer(sheet.status):
        return answered(sheet.status), None
    is_catalogue = sheet.mime == "application/json" and source.source.platform is not None
    if sheet.mime not in READABLE and not is_catalogue:
        return None, None
    try:
        return None, read_page(read, page, source)
    except UnreadablePage as broken:
        return str(broken), None


def is_no_answer(status: int) -> bool:
    """Say whether a status brings nothing to look at."""
    return status >= 400 or status == 304  # not modified, though the place was not asked that


def answered(status: int) -> str:
    """Return what such a status means, in a sentence."""
    says = f"the server answered {status}"
    return f"{looks.NOT_THERE}: {says}" if status in looks.GONE else says
