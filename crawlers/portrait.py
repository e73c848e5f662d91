"""Portraits: captured pages as a browser shows them, with pictures of them, made in a child process.

The page itself is never asked for again: the browser is handed what was captured, and the media that were captured
with it. Scripts are off. Only styles, fonts and pictures that were not captured are fetched, through the egress and as
far as robots.txt allows; each is listed with its hash. Nothing here is an observation of its own.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protego import Protego

from config import log
from config.errors import MekikiError
from config.settings import Crawl
from crawlers import chromium, egress, typefaces, urls
from crawlers.egress import Caps
from crawlers.guard import Guard
from crawlers.manners import product, robots_rules

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Response, Route

WIDTH_PX, HEIGHT_PX = 1280, 1600  # of the first screen
MAX_HEIGHT_PX = 20_000  # of the picture of a whole page; taller ones never end
MAX_DOM_CHARACTERS = 8 << 20
PAGE_S, QUIET_S, CHILD_S = 20.0, 4.0, 75.0  # one page, its coming to rest, the whole child
RESOURCE_BYTES, TOTAL_BYTES, MOST_RESOURCES = 8 << 20, 64 << 20, 200
ANSWER = "portraits.json"
_SHOWN = frozenset({"stylesheet", "font", "image"})
_log = log.get(__name__)


class NoPortrait(MekikiError):
    """Pages could not be shown in a browser; str() says why."""

    permanent = False


@dataclass(frozen=True)
class Sitter:
    """One captured page to be shown."""

    url: str
    status: int
    content_type: str
    body: str  # path
    media: Mapping[str, tuple[str, str]]  # captured with it: canonical url -> (path, mime)
    robots: Mapping[str, tuple[int, str]]  # origin -> (status, path) of the robots.txt that were captured


@dataclass
class Portrait:
    """A page as it was shown."""

    url: str
    shown_by: str = ""
    trouble: str | None = None  # why there is none; everything below is empty then
    files: dict[str, str] = field(default_factory=dict)  # "dom.html", "viewport.png", "page.jpg" -> path
    resources: list[dict[str, Any]] = field(default_factory=list)  # {"url", "from", "status", "sha256"}
    height_px: int = 0  # of the whole page; its picture ends at MAX_HEIGHT_PX


def take(crawl: Crawl, sitters: Sequence[Sitter], folder: Path) -> list[Portrait]:
    """Return a portrait of each page, its files below `folder`. Raises NoPortrait, in one sentence."""
    path = chromium.find(crawl.browser)
    if path is None or not path.is_file() or not chromium.has_driver():
        raise NoPortrait("No browser was found: the pages are kept as their markup was captured.")
    asked = {
        "crawl": crawl.model_dump(mode="json"), "browser": str(path), "folder": str(folder),
        "sitters": [asdict(one) for one in sitters],
    }  # fmt: skip
    try:
        subprocess.run(
            [sys.executable, "-m", "crawlers.portrait"], input=json.dumps(asked), capture_output=True, text=True,
            timeout=CHILD_S, check=True,
        )  # fmt: skip
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as died:
        _log.warning("the browser showed nothing", says=str(died), stderr=str(died.stderr or "")[-2000:])
        raise NoPortrait("The browser did not finish: the pages are kept as their markup was captured.") from died
    return [Portrait(**one) for one in json.loads((folder / ANSWER).read_text("utf-8"))]


def main() -> None:
    """Read what is asked from stdin, take the portraits, and write what became of them into the folder."""
    from playwright.sync_api import sync_playwright  # the optional extra "browser", which `take` has seen

    from crawlers import browser

    asked = json.load(sys.stdin)
    crawl = Crawl(**asked["crawl"])
    caps = Caps(connection_bytes=RESOURCE_BYTES, total_bytes=TOTAL_BYTES, connection_s=PAGE_S, idle_s=crawl.timeout_s)
    portraits = []
    with egress.serving(Guard.of(crawl), caps) as proxy, sync_playwright() as driver:
        options = browser.launch_options(
            Path(asked["browser"]), server=proxy.server, username=egress.USER, password=proxy.token
        )
        options["env"] = {**options["env"], **typefaces.environment(Path(asked["folder"]))}
        started = driver.chromium.launch(**options)
        by = f"Chromium {started.version}, sandbox {'on' if options['chromium_sandbox'] else 'off'}"
        for number, one in enumerate(asked["sitters"], start=1):
            context = started.new_context(
                viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, user_agent=crawl.user_agent,
                java_script_enabled=False, service_workers="block", accept_downloads=False, reduced_motion="reduce",
            )  # fmt: skip
            folder = Path(asked["folder"]) / str(number)
            folder.mkdir(parents=True)
            sitting = _Sitting(Sitter(**one), product(crawl.user_agent), Portrait(one["url"], by))
            portraits.append(sitting.taken(context, folder))
            context.close()
        started.close()
    said = json.dumps([asdict(portrait) for portrait in portraits])
    (Path(asked["folder"]) / ANSWER).write_text(said, "utf-8")  # stdout may hold what the browser's driver says


@dataclass
class _Sitting:
    """One page while it is shown."""

    sitter: Sitter
    agent: str
    portrait: Portrait
    is_handed_over: bool = False
    loaded: int = 0
    answers: list["Response"] = field(default_factory=list)
    rules: dict[str, Protego] = field(default_factory=dict)

    def taken(self, context: "BrowserContext", folder: Path) -> Portrait:
        from playwright.sync_api import Error

        for origin, (status, path) in self.sitter.robots.items():
            self.rules[origin] = robots_rules(status, Path(path).read_bytes(), self.agent)
        page = context.new_page()
        page.set_default_timeout(PAGE_S * 1000)
        page.route("**", self.decide)
        page.on("response", lambda answer: self.answers.append(answer))
        try:
            page.goto(self.sitter.url, wait_until="domcontentloaded")
            _at_rest(page)
            self._kept(page, folder)
            self._list()
        except Error as broken:
            says = str(broken).strip().splitlines()[0][:200]
            self.portrait.files, self.portrait.trouble = {}, f"The browser could not show it ({says})."
        return self.portrait

    def decide(self, route: "Route") -> None:
        """Hand over what was captured, let pass what the page looks like, stop everything else."""
        request = route.request
        if request.is_navigation_request():
            if self.is_handed_over:
                route.abort()
                return
            self.is_handed_over = True
            body, kind = Path(self.sitter.body).read_bytes(), self.sitter.content_type
            route.fulfill(status=self.sitter.status, headers={"Content-Type": kind}, body=body)
            return
        url = urls.canonical(request.url) or request.url
        if url in self.sitter.media:
            path, mime = self.sitter.media[url]
            body = Path(path).read_bytes()
            route.fulfill(status=200, headers={"Content-Type": mime}, body=body)
        elif request.resource_type in _SHOWN and self.loaded < MOST_RESOURCES and self._may_load(url):
            self.loaded += 1
            route.continue_()  # by the browser itself, so through the egress
        else:
            route.abort()

    def _may_load(self, url: str) -> bool:
        rules = self.rules.get(urls.origin(url))
        return url.startswith(("http://", "https://")) and (rules is None or bool(rules.can_fetch(url, self.agent)))

    def _list(self) -> None:
        """Write down what the page was shown with."""
        from playwright.sync_api import Error

        for answer in self.answers:
            if answer.request.is_navigation_request():
                continue
            try:
                sha256 = hashlib.sha256(answer.body()).hexdigest()
            except Error:  # a redirect, or cut off by the egress
                sha256 = None
            is_captured = (urls.canonical(answer.url) or answer.url) in self.sitter.media
            source = "captured" if is_captured else "fetched to show it" if sha256 else "not loaded"
            row = {"url": answer.url, "from": source, "status": answer.status, "sha256": sha256}
            self.portrait.resources.append(row)

    def _kept(self, page: "Page", folder: Path) -> None:
        dom = page.content()[:MAX_DOM_CHARACTERS]
        (folder / "dom.html").write_text(dom, "utf-8")
        page.screenshot(path=folder / "viewport.png", animations="disabled")
        metrics = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")
        size = metrics["cssContentSize"]
        self.portrait.height_px = int(size["height"])
        page.screenshot(
            path=folder / "page.jpg", type="jpeg", quality=80, full_page=True, animations="disabled",
            clip={
                "x": 0, "y": 0, "width": max(1, min(int(size["width"]), 2 * WIDTH_PX)),
                "height": max(1, min(self.portrait.height_px, MAX_HEIGHT_PX)),
            },
        )  # fmt: skip
        self.portrait.files = {name: str(folder / name) for name in ("dom.html", "viewport.png", "page.jpg")}


def _at_rest(page: "Page") -> None:
    from playwright.sync_api import TimeoutError as Late

    try:
        page.wait_for_load_state("networkidle", timeout=QUIET_S * 1000)
    except Late:
        return  # shown as far as it came


if __name__ == "__main__":
    main()
