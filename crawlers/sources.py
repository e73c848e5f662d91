"""Sources: one TOML file says what a site is, how to behave there, where to look and what to read off its pages."""

import hashlib
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from cssselect import SelectorError
from parsel.csstranslator import HTMLTranslator
from pydantic import Field, field_validator, model_validator

from config.errors import MekikiError
from config.settings import Crawl
from crawlers import mirrors, urls
from crawlers.discovery import Discover, Search
from crawlers.expectations import Field as Wanted
from crawlers.interface import MediaLink, PageKind, Platform
from crawlers.legal import Legal
from crawlers.mirrors import Hosts
from crawlers.table import Table, faults, hint, tables

Render = Literal["http", "browser", "auto"]
_CRON_FIELD = re.compile(r"^[\w*/,\-#]+$")


class SourceError(MekikiError):
    """A source's file cannot be used; the message names the line's key and the way out."""


class NoSuchSource(MekikiError):
    """No file of the home defines this source."""


class Identity(Table):
    """[source]: what the site is."""

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,98}$", description='small letters, digits and "-", like "example-market"'
    )
    name: str = Field(min_length=1)
    kind: PageKind
    territory: str | None = Field(  # ISO 3166, of the site's audience
        default=None, pattern=r"^[A-Z]{2}$", description='the two letters of a country, like "JP"'
    )
    languages: tuple[str, ...] = ()
    currency: str | None = Field(  # what a bare "¥" means here
        default=None, pattern=r"^[A-Z]{3}$", description='the three letters of a currency, like "JPY"'
    )
    platform: Platform | None = None  # the shop software, whose catalogue names every offer
    commercial: bool | None = None  # unset: not known, each page is asked
    enabled: bool = True  # false: never swept, while its findings and its readers stay


class Fetch(Table):
    """[fetch]: how we behave there; unset keys take the home's [crawl] settings. A delay can only grow."""

    delay_s: float | None = Field(default=None, ge=0)
    timeout_s: float | None = Field(default=None, gt=0)
    max_page_bytes: int | None = Field(default=None, gt=0)
    max_media_bytes: int | None = Field(default=None, gt=0)
    max_live_s: float | None = Field(default=None, gt=0)  # of a stream that never ends
    max_stretches: int | None = Field(default=None, gt=0)  # of an MP4 larger than max_media_bytes
    render: Render = "http"  # "browser": every page; "auto": only where scripts make what plain HTTP does not show
    revisit_min_hours: float | None = Field(default=None, gt=0)  # how soon a page that changes is asked again
    revisit_max_days: float | None = Field(default=None, gt=0)  # how late one that never changes


class Scope(Table):
    """[scope]: where a sweep starts and where it may go."""

    seeds: tuple[str, ...] = ()  # needed unless there is a [search]; a sitemap or a feed may be one
    hosts: tuple[str, ...] = ()  # besides the seeds' own; media may come from anywhere
    allow: tuple[str, ...] = ()  # patterns searched in the address; empty: everything on the hosts
    deny: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()  # patterns of host names the site hops to; followed, and findings keep this source
    max_depth: int = Field(default=5, ge=0)
    max_pages: int | None = Field(default=None, gt=0)  # of one sweep, as the two below
    max_minutes: float | None = Field(default=None, gt=0)
    max_sweep_bytes: int | None = Field(default=None, gt=0)

    @field_validator("seeds")
    @classmethod
    def _web(cls, seeds: tuple[str, ...]) -> tuple[str, ...]:
        for seed in seeds:
            if urls.canonical(seed) is None:
                raise ValueError(f'"{seed}" is no web address; write it whole, like "https://example.com/list"')
        return seeds

    @field_validator("allow", "deny")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise ValueError(f'"{pattern}" is no regular expression ({wrong})') from wrong
        return patterns

    @field_validator("mirrors")
    @classmethod
    def _of_this_site(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return mirrors.checked(patterns)

    @field_validator("hosts")
    @classmethod
    def _bare(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"[\w.-]+", host):
                raise ValueError(f'"{host}" must be a bare host name, like "cdn.example.com"')
        return hosts


class Extract(Table):
    """[extract]: CSS selectors for what the page does not say in a machine's language."""

    title: str | None = None
    text: str | None = None
    uploader: str | None = None
    seller: str | None = None
    seller_page: str | None = None  # unset: where the seller's element leads
    price: str | None = None
    condition: str | None = None
    stock: str | None = None
    brand: str | None = None
    sku: str | None = None
    gtin: str | None = None
    date: str | None = None
    attribution: str | None = None
    images: str | None = None
    video: str | None = None
    item: str | None = None  # links from a list to its items; a page that has some is a list, not a finding
    next: str | None = None  # the link to the next page

    @field_validator("*")
    @classmethod
    def _selectors(cls, selector: str | None) -> str | None:
        if selector is not None:
            try:
                HTMLTranslator().css_to_xpath(selector)
            except SelectorError as wrong:
                raise ValueError(f'"{selector}" is no CSS selector ({wrong})') from wrong
        return selector


class Expect(Table):
    """[expect]: what a healthy sweep looks like."""

    min_findings: int = Field(default=0, ge=0)
    must_have: tuple[Wanted, ...] = ()  # what every finding here says, as long as the site has not changed
    may_lack: float = Field(default=0.2, ge=0, lt=1)  # the share of findings that may lack one of them
    blocked_if: tuple[str, ...] = ()  # words of a page that shuts us out; we stop there and ask a person
    not_found_if: tuple[str, ...] = ()  # words of a page that answers 200 and means that nothing is there

    def not_found(self, html: str) -> str | None:
        """Return the words by which a page says that nothing is there; None when it says none of them."""
        return next((words for words in self.not_found_if if words in html), None)


class Media(Table):
    """[media]: which of the media a page shows are fetched; their sizes are limited in [fetch]."""

    images: bool = True
    video: bool = True
    max_per_page: int = Field(default=2000, gt=0, le=2000)
    extractors: tuple[str, ...] = ()  # of yt-dlp, by name; then each page's film is looked for by these alone

    @field_validator("extractors")
    @classmethod
    def _names(cls, extractors: tuple[str, ...]) -> tuple[str, ...]:
        for name in extractors:  # yt-dlp would take a pattern, and "all"
            if not re.fullmatch(r"[A-Za-z0-9][\w.:-]{0,80}", name) or name.lower() in ("all", "default"):
                raise ValueError(f'"{name}" is no name of a yt-dlp extractor; write one like "youtube"')
        return extractors

    def taken(self, shown: tuple[MediaLink, ...]) -> tuple[MediaLink, ...]:
        """Return those that are fetched, in page order."""
        wanted = [link for link in shown if {"image": self.images}.get(link.kind, self.video)]
        return tuple(wanted[: self.max_per_page])


class Timing(Table):
    """[schedule]: when the sweep runs by itself."""

    cron: str
    timezone: str = "Asia/Tokyo"

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str) -> str:
        fields = cron.split()
        if len(fields) != 5 or not all(_CRON_FIELD.match(field) for field in fields):
            raise ValueError(f'"{cron}" must have five fields: minute hour day month weekday')
        return cron

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError(f'"{timezone}" is no time zone; write one like "Asia/Tokyo"')
        return timezone

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)


class Source(Table):
    """One site, as its file describes it."""

    source: Identity
    legal: Legal = Legal()
    fetch: Fetch = Fetch()
    scope: Scope
    discover: Discover = Discover()
    search: Search | None = None
    extract: Extract = Extract()
    expect: Expect = Expect()
    media: Media = Media()
    schedule: Timing | None = None
    sha256: str = ""  # of the file's bytes; recorded with every sweep

    @property
    def id(self) -> str:
        """The stable name of the source."""
        return self.source.id

    @property
    def kind(self) -> PageKind:
        """What its pages are."""
        return self.source.kind

    @model_validator(mode="after")
    def _reaches_its_seeds(self) -> "Source":
        if not self.scope.seeds and self.search is None:
            raise ValueError("scope.seeds is empty and there is no [search]; name an address to start from")
        if self.discover.pages is not None and self.extract.item is None:
            raise ValueError("discover.pages counts lists; name their items in extract.item, or a list is not known")
        if self.search is not None and urls.host(self.search.url) not in self.hosts():
            raise ValueError(f"search.url leads to {urls.host(self.search.url)}; name that host in scope.hosts")
        for seed in self.scope.seeds:
            if any(re.search(pattern, seed) for pattern in self.scope.deny):
                raise ValueError(f'scope.deny refuses the seed "{seed}"; a sweep could never start')
        return self

    def hosts(self) -> Hosts:
        """Return the hosts whose pages may be visited; with and without "www." a site is the same."""
        return self._hosts

    @cached_property
    def _hosts(self) -> Hosts:  # every link of every page is looked for among them
        named = {urls.host(seed) for seed in self.scope.seeds} | {host.lower() for host in self.scope.hosts}
        if self.search is not None and not named:
            named = {urls.host(self.search.url)}
        bare = {host.removeprefix("www.") for host in named}
        return Hosts(bare | {f"www.{host}" for host in bare}, self.scope.mirrors)

    def robots_ignored_on(self) -> frozenset[str]:
        """Return the hosts whose robots.txt is kept and not obeyed: those the file names, never one of its mirrors.

        Whoever decided it decided it for a site that they knew. A host that a pattern matches may be anybody's.
        """
        return frozenset(self.hosts()) if self.legal.ignores_robots else frozenset()

    def reaches(self, url: str) -> bool:
        """Say whether a list, a sitemap or a feed may be visited: on the site's hosts, and not denied."""
        is_ours = urls.host(url) in self.hosts()
        return is_ours and not any(re.search(pattern, url) for pattern in self.scope.deny)

    def covers(self, url: str) -> bool:
        """Say whether a page's address lies in scope; media are not asked."""
        if not self.reaches(url):
            return False
        return not self.scope.allow or any(re.search(pattern, url) for pattern in self.scope.allow)

    def within(self, crawl: Crawl) -> "Limits":
        """Return what holds for this source: its own figures, never laxer than the home's; how soon it is asked again
        is its own affair."""
        mine = self.fetch
        soonest_s = (mine.revisit_min_hours or crawl.revisit_min_hours) * 3600
        return Limits(
            delay_s=max(mine.delay_s or 0.0, crawl.delay_s),
            timeout_s=mine.timeout_s or crawl.timeout_s,
            max_page_bytes=min(mine.max_page_bytes or crawl.max_page_bytes, crawl.max_page_bytes),
            max_media_bytes=min(mine.max_media_bytes or crawl.max_media_bytes, crawl.max_media_bytes),
            max_live_s=min(mine.max_live_s or crawl.max_live_s, crawl.max_live_s),
            max_stretches=min(mine.max_stretches or crawl.max_stretches, crawl.max_stretches),
            max_pages=min(self.scope.max_pages or crawl.max_pages, crawl.max_pages),
            max_minutes=min(self.scope.max_minutes or crawl.max_minutes, crawl.max_minutes),
            max_sweep_bytes=min(self.scope.max_sweep_bytes or crawl.max_sweep_bytes, crawl.max_sweep_bytes),
            revisit_min_s=soonest_s,
            revisit_max_s=max(soonest_s, (mine.revisit_max_days or crawl.revisit_max_days) * 86400),
            robots_ignored_on=self.robots_ignored_on(),
        )


class Limits(Table):
    """The limits in force for one sweep."""

    delay_s: float
    timeout_s: float
    max_page_bytes: int
    max_media_bytes: int
    max_live_s: float
    max_stretches: int
    max_pages: int
    max_minutes: float
    max_sweep_bytes: int
    revisit_min_s: float
    revisit_max_s: float
    robots_ignored_on: frozenset[str] = frozenset()  # hosts whose robots.txt a named person decided not to obey


def parse(text: str, where: str) -> Source:
    """Return the source a TOML text defines. Raises SourceError in one sentence that names `where`."""
    for fault in wrong(text, where):
        raise SourceError(fault)
    return Source(**tomllib.loads(text), sha256=hashlib.sha256(text.encode()).hexdigest())


def wrong(text: str, where: str) -> list[str]:
    """Return everything that is wrong with a TOML text, one sentence each, naming `where`; [] is a sound source."""
    try:
        return faults(tomllib.loads(text), Source, where)
    except tomllib.TOMLDecodeError as broken:
        return [f"{where} is not valid TOML ({broken}); correct that line."]


def keys() -> dict[str, frozenset[str]]:
    """Return every table of a source's file and what it may say."""
    return tables(Source)


def load(file: Path) -> Source:
    """Return the source a file defines. Raises SourceError."""
    return parse(text_of(file), str(file))


def text_of(file: Path) -> str:
    """Return what a source's file says. Raises SourceError when it cannot be read."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as missing:
        raise SourceError(f"{file} does not exist; check the path.") from missing
    except IsADirectoryError as folder:
        raise SourceError(f"{file} is a folder; name its files, like {file / '*.toml'}.") from folder
    except UnicodeDecodeError as other:
        raise SourceError(f"{file} is not UTF-8 text; save it again as UTF-8 in your editor.") from other
    except OSError as unreadable:
        raise SourceError(f"{file} cannot be read ({unreadable.strerror}); check its owner and rights.") from unreadable
    if text.startswith("\ufeff"):
        raise SourceError(f"{file} begins with a byte order mark; save it again as UTF-8 without one (BOM).")
    return text


def load_all(folder: Path) -> dict[str, Source]:
    """Return every source of a folder by id. Raises SourceError for a bad file and for an id used twice."""
    found: dict[str, Source] = {}
    for file in sorted(folder.glob("*.toml")):
        source = load(file)
        if source.id in found:
            raise SourceError(f'{file}: the id "{source.id}" is taken by another file of {folder}; rename one.')
        found[source.id] = source
    return found


def find(folder: Path, source_id: str) -> Source:
    """Return one source of a folder by id. Raises NoSuchSource with the nearest known id."""
    known = load_all(folder)
    if source_id in known:
        return known[source_id]
    says = hint(source_id, known) if known else "add one with `mekiki source add FILE`."
    raise NoSuchSource(f'There is no source "{source_id}" in {folder}; {says}')
