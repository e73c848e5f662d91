"""Films of sites that only yt-dlp knows: it is asked where a page's film lies, in a child with limits; we fetch it.

yt-dlp sees the page by the egress alone and downloads nothing. The film comes by the same guarded road as every other
medium, so limits, samples, manners and evidence are the same.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scrapy import Request, signals
from scrapy.exceptions import DownloadCancelledError
from scrapy.http import Response
from scrapy.settings import BaseSettings

from config.blobs import BlobStore
from crawlers import confined, egress, extras, reels, road, sniff, streams, urls
from crawlers.captures import Fetched
from crawlers.egress import Caps, Egress
from crawlers.reels import Fetch, NotAFilm
from crawlers.sources import Limits

EXTRACTORS, ANSWER = "site_film_extractors", "site_film_answer"  # of a request's meta
CHILD_S = 120.0  # for one page, whole
PROCESSOR_S = 60
MAX_ANSWER_BYTES = 8 << 20
MAX_SWEEP_BYTES = 512 << 20  # of what yt-dlp reads in one sweep; films are not among it
ENOUGH_PX = 240  # of height: fingerprints look at small pictures, and the site's bandwidth is not ours to spend
GETTING = f"run {extras.getting('video')}"
RENEWING = "run `.venv/bin/pip install --upgrade yt-dlp` in mekiki's own folder"
MISSING = f"its source needs yt-dlp, which is not installed; {GETTING}"
STALE_DAYS = 60  # sites change, and yt-dlp with them: what is older finds nothing, or holds a known hole
_DIRECT, _LISTED = ("https", "http"), ("m3u8_native", "m3u8", "http_dash_segments")
_Words = Annotated[str, Field(max_length=8000)]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Way(_Said):
    """One way to get a film's pictures, as yt-dlp names it."""

    name: _Words | None
    url: _Words | None
    protocol: _Words | None
    height: float | None = None
    rate: float | None = None  # kbit/s
    manifest: _Words | None = None
    is_locked: bool = False  # by DRM
    headers: dict[Literal["Referer", "Origin"], _Words] = {}

    @property
    def address(self) -> str | None:
        """Where to begin; None for what is no web address."""
        is_dash = self.protocol == "http_dash_segments"
        return urls.canonical((self.manifest if is_dash else self.url) or "")


class Answer(_Said):
    """What the child says of a page."""

    error: _Words | None = None
    tool: _Words = ""
    extractor: _Words = ""
    seconds: float | None = None
    ways: tuple[Way, ...] = ()


def installed() -> str | None:
    """Return the version of yt-dlp that is installed, None when there is none."""
    try:
        return version("yt-dlp")
    except PackageNotFoundError:
        return None


def age_days(release: str, today: date) -> int:
    """Return how many days ago a release was made; its version is its date, "2026.10.26"."""
    year, month, day = (int(number) for number in release.split(".")[:3])
    return (today - date(year, month, day)).days


def asking(extractors: Sequence[str]) -> dict[str, Any]:
    """Return what makes a request for a page a question about its film."""
    return {EXTRACTORS: tuple(extractors)}


def choose(ways: Sequence[Way]) -> Way:
    """Return the smallest way that shows enough, whole files before lists of pieces. Raises NotAFilm."""
    usable = [way for way in ways if way.protocol in (*_DIRECT, *_LISTED) and way.address and not way.is_locked]
    if not usable:
        if any(way.is_locked for way in ways):
            raise NotAFilm("its film is locked by DRM, which is left alone")
        raise NotAFilm("yt-dlp names no way to it that we take")

    def rank(way: Way) -> tuple[bool, float, bool, float]:
        height = way.height or ENOUGH_PX
        is_enough = height >= ENOUGH_PX
        return not is_enough, height if is_enough else -height, way.protocol not in _DIRECT, way.rate or 0.0

    return min(usable, key=rank)


async def taken(address: str, answer: Answer, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Fetched:
    """Return the film of a page as a capture under `address`, whose parts begin with who named it.

    Raises NotAFilm; a network error goes up as it is.
    """
    if answer.error is not None:
        raise NotAFilm(MISSING if answer.error == "missing" else answer.error)
    way = choose(answer.ways)
    assert way.address is not None

    def with_headers(url: str, headers: dict[str, str], max_bytes: int | None = None) -> Any:
        return fetch(url, dict(way.headers) | headers, max_bytes)

    film = await _film(way.address, with_headers, blobs, limits)
    said = answer.model_copy(update={"ways": (way,)}).model_dump_json().encode()
    blobs.put(said)
    named = reels.part(f"{urls.page_of_film(address)}#named-by={answer.tool}, {answer.extractor}, {way.name}", said)
    pieces = film.parts or ((film.final_url, film.blob, film.size_bytes),)
    return replace(film, url=address, parts=reels.led(named, pieces))


async def _film(url: str, fetch: Fetch, blobs: BlobStore, limits: Limits) -> Fetched:
    try:
        response = await fetch(url, {})
    except DownloadCancelledError:  # larger than what is held in memory
        return await streams.sample(url, fetch, blobs, limits)
    if response.status >= 400:
        raise NotAFilm(f"the server answered {response.status} for its film")
    kind = sniff.mime(response.body)
    if kind in streams.PLAYLISTS:
        return await streams.assemble(url, response, fetch, blobs, limits)
    if sniff.media_kind(kind) is None:
        raise NotAFilm(f"what yt-dlp names as its film is {kind}")
    return await road.fetched(url, response, blobs)


class SiteFilms:
    """The downloader middleware that answers what a page's film is, after manners and guard have let it pass."""

    def __init__(self, settings: BaseSettings) -> None:
        self.settings = settings
        self.turn = asyncio.Lock()  # one child at a time
        self.open = ExitStack()
        self.proxy: Egress | None = None

    @classmethod
    def from_crawler(cls, crawler: Any) -> "SiteFilms":
        """Make the middleware as Scrapy asks for it."""
        made = cls(crawler.settings)
        crawler.signals.connect(made.close, signal=signals.spider_closed)
        return made

    async def process_request(self, request: Request) -> Response | None:
        """Return an empty response whose meta holds the answer; None for every other request."""
        extractors = request.meta.get(EXTRACTORS)
        if extractors is None:
            return None
        async with self.turn:
            request.meta[ANSWER] = await ask(self._question(request.url, extractors))
        return Response(request.url, request=request)

    def _question(self, page: str, extractors: Sequence[str]) -> dict[str, Any]:
        if self.proxy is None:
            bytes_of_one = 4 * self.settings.getint("DOWNLOAD_MAXSIZE")  # a player's script is larger than a page
            caps = Caps(connection_bytes=bytes_of_one, total_bytes=MAX_SWEEP_BYTES)
            self.proxy = self.open.enter_context(egress.serving(self.settings["MEKIKI_GUARD"], caps))
        return {
            "page": page, "extractors": list(extractors), "proxy": self.proxy.url, "processor_s": PROCESSOR_S,
            "timeout_s": self.settings.getfloat("DOWNLOAD_TIMEOUT"),
            "delay_s": self.settings.getfloat("MEKIKI_DELAY_S"), "user_agent": self.settings["USER_AGENT"],
        }  # fmt: skip

    def close(self) -> None:
        """Shut the proxy with the spider."""
        self.open.close()


async def ask(question: Mapping[str, Any]) -> Answer:
    """Return what a child of its own says to a question; an answer without ways when it fails."""
    with tempfile.TemporaryDirectory(prefix="mekiki-film-") as folder:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "crawlers.site_film_child", cwd=folder, env=confined.environment(folder),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            async with asyncio.timeout(CHILD_S):
                child.stdin.write(json.dumps(question).encode())
                child.stdin.close()
                said = await _whole(child.stdout)
                await child.wait()
        except (TimeoutError, ConnectionError) as slow:
            says = f"yt-dlp took longer than {CHILD_S:g} s" if isinstance(slow, TimeoutError) else "yt-dlp ended early"
            return Answer(error=says)
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    try:
        return Answer.model_validate_json(said)
    except ValidationError:
        return Answer(error=f"yt-dlp ended early (code {child.returncode}) or said something it was not asked")


async def _whole(stream: asyncio.StreamReader) -> bytes:
    """Return what a stream holds, or nothing when that is too much."""
    said = bytearray()
    while piece := await stream.read(1 << 16):
        said += piece
        if len(said) > MAX_ANSWER_BYTES:
            return b""
    return bytes(said)
