"""Which pages need a browser: those that say nothing by themselves because scripts make them.

A browser costs fifty times a plain page, so `auto` opens one only where nothing was read off the page and it looks made
by scripts, remembers for which pages that helped, and spends at most three in a hundred pages on finding out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Render

BARE_TEXT = 200  # characters of visible text; a page with fewer and with scripts is a shell
SPARSE_TEXT = 600  # with which a page that asks for JavaScript still is one
EMPTY_ROOT_TEXT = 40
IN_VAIN = 2  # visits without gain to pages of one shape, before its others are left alone
WASTE = 0.03  # of all pages, that may be opened in vain
_ROOTS = "#root, #app, #__next, #__nuxt, #___gatsby, #svelte, app-root, [data-reactroot], [ng-version]"
_PROGRAM = "script:not([type]), script[type='module'], script[type*='javascript'], script[type='']"
_ASKS = re.compile(
    r"javascript[^.。]{0,60}(?:enable|require|need|turn on|有効|必要|オン)"
    r"|(?:enable|requires?|need)[^.]{0,40}javascript",
    re.IGNORECASE,
)
RENDERED = "#rendered"  # of a capture's part: this is the page as a browser showed it
IN_VAIN_MARK = "#rendered-in-vain"


def is_shown(parts: Iterable[tuple[str, str, int]] | None) -> bool:
    """Say of a capture's parts whether it is a page as a browser showed it."""
    return any(RENDERED in name and IN_VAIN_MARK not in name for name, _, _ in parts or ())


def says_nothing(finding: Finding) -> bool:
    """Say whether nothing was read off a page: no medium, no offer, no way on."""
    return not finding.media and finding.listing is None and not finding.links


def gained(before: Finding, after: Finding) -> bool:
    """Say whether the page as a browser showed it says what the page as sent did not."""
    return len(after.media) > len(before.media) or (before.listing is None and after.listing is not None) or (
        not before.links and bool(after.links)
    )  # fmt: skip


def is_made_by_scripts(page: Page) -> bool:
    """Say whether a page looks like a shell that scripts fill."""
    tree = page.selector
    if not tree.css(_PROGRAM):
        return False
    visible = len(page.text)
    if visible < BARE_TEXT:
        return True
    if any(_length(root.xpath(".//text()").getall()) < EMPTY_ROOT_TEXT for root in tree.css(_ROOTS)):
        return True
    if any(not video.xpath("@src | .//source/@src") for video in tree.css("video")):
        return True  # a player that a script will fill
    words = " ".join(tree.css("noscript").xpath("string()").getall())[:2000]
    return visible < SPARSE_TEXT and _ASKS.search(words) is not None


def is_shell(page: Page, finding: Finding | None, mode: Render) -> bool:
    """Say whether nothing was read off a page that scripts seem to make; not asked where it decides nothing."""
    return mode == "auto" and finding is not None and says_nothing(finding) and is_made_by_scripts(page)


def _length(texts: Iterable[str]) -> int:
    return sum(len(text.strip()) for text in texts)


def shape(url: str) -> str:
    """Return what pages like this one have in common: host and path, with what numbers or names one page left out."""
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    general = ["*" if any(mark.isdigit() for mark in step) or len(step) > 40 else step for step in steps]
    if len(general) > 1:
        general[-1] = "*"
    return f"{parts.netloc.lower()}/{'/'.join(general)}"


@dataclass
class Memory:
    """For which pages of one source a browser helped, in this sweep and the one before."""

    mode: Render = "http"
    has_browser: bool = False
    pages: int = 0  # looked at in this sweep
    opened: int = 0
    in_vain: int = 0
    missed: int = 0  # that a browser would have been opened for, had there been one
    _tries: dict[str, int] = field(default_factory=dict)
    _helped: dict[str, int] = field(default_factory=dict)

    def recall(self, url: str, *, helped: bool) -> None:
        """Take up what an earlier sweep learnt of a page."""
        seen = shape(url)
        self._tries[seen] = self._tries.get(seen, 0) + 1
        self._helped[seen] = self._helped.get(seen, 0) + helped

    def wants(self, url: str, *, is_read: bool, is_shell: bool) -> bool:
        """Say whether a browser is to open this page. Counts the pages that go without because there is none."""
        self.pages += 1
        if self.mode == "http" or not is_read:
            return False
        if self.mode == "auto" and not is_shell:
            return False
        if not self.has_browser:
            self.missed += 1
            return False
        return self.mode == "browser" or self._may_try(shape(url))

    def _may_try(self, seen: str) -> bool:
        tries, helped = self._tries.get(seen, 0), self._helped.get(seen, 0)
        if helped:
            return 2 * helped >= tries  # mostly
        return tries < IN_VAIN and self.in_vain < max(1.0, WASTE * self.pages)

    def learn(self, url: str, *, helped: bool) -> None:
        """Remember what opening a page brought."""
        self.recall(url, helped=helped)
        self.opened += 1
        self.in_vain += not helped
