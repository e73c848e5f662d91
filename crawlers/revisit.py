"""When an address is asked again: often where things change, rarely where they rest. Pure; it reads no clock.

What stayed as it was rests half as long again, what changed rests half as long: the rest follows the page.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from crawlers.interface import Finding

Shows = Literal["list", "finding", "medium", "nothing"]

UNCHANGED, CHANGED = 1.5, 0.5
_FIRST = {"list": 1.0, "finding": 4.0, "nothing": 4.0, "medium": 28.0}  # times the shortest rest
_LONGEST_OF_A_LIST = 4.0  # times the shortest rest: what is new appears there
RETRY_S = 60.0  # after the first failure: not in the same sweep, but in the next one
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Rhythm:
    """The shortest and the longest rest of a source's addresses."""

    min_s: float
    max_s: float

    def first(self, shows: Shows) -> float:
        """Return how many seconds an address rests after the first look at it."""
        return self._within(self.min_s * _FIRST[shows], shows)

    def next(self, rest_s: float, shows: Shows, *, is_changed: bool) -> float:
        """Return how many seconds an address rests now that rested `rest_s` before this look."""
        return self._within(rest_s * (CHANGED if is_changed else UNCHANGED), shows)

    def after_failures(self, failures: int) -> float:
        """Return how many seconds an address rests after so many looks in a row without an answer."""
        return RETRY_S if failures < 2 else min(self.max_s, self.min_s * 2.0 ** min(failures - 2, 30))

    def _within(self, rest_s: float, shows: Shows) -> float:
        longest = min(self.max_s, self.min_s * _LONGEST_OF_A_LIST) if shows == "list" else self.max_s
        return max(self.min_s, min(longest, rest_s))


def seconds(rest_s: float) -> timedelta:
    """Return a rest as it is added to a time."""
    return timedelta(seconds=rest_s)


def shows(finding: Finding | None) -> Shows:
    """Return what a page is to us: a finding, a list that leads on, or neither."""
    if finding is None:
        return "nothing"
    if finding.media or finding.listing is not None:
        return "finding"
    return "list" if finding.links else "nothing"


def reading_sha256(finding: Finding | None) -> str:
    """Return the sha256 of what a page says, the same as long as it says the same.

    Digits of its running text are left out: the counter of visitors, the clock and the token of a form change with
    every look and say nothing; a price, a date and an address are fields of their own and count.
    """
    if finding is None:
        return hashlib.sha256(b"").hexdigest()
    offer = finding.listing
    said = [
        finding.url, finding.kind, finding.title, _DIGITS.sub("0", finding.text), finding.uploader, finding.language,
        None if offer is None else [str(offer.price), offer.currency, offer.seller, offer.brand, offer.sku],
        None if finding.published_at is None else finding.published_at.isoformat(),
        finding.is_commercial, finding.attribution,
        [[link.url, link.kind, link.position] for link in finding.media],
        list(finding.links) if shows(finding) == "list" else [],  # what a finding recommends beside itself is chance
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()
