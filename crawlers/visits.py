"""A visit of a browser to one page: what it is handed, what it may ask for, and what it saw. Knows no browser."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrapy.exceptions import IgnoreRequest

MAX_FILMS = 20  # of one page


class NotRendered(IgnoreRequest):  # type: ignore[misc,unused-ignore]
    """The browser could not show a page; str() says why, and the page as sent stands."""


@dataclass
class Visit:
    """One page in a browser."""

    status: int
    headers: Mapping[str, str]  # as sent, without what speaks of the connection or the coding of the bytes
    body: bytes
    hosts: frozenset[str]  # where the page's scripts may lead
    may_go: Callable[[str], Awaitable[bool]]  # whether robots.txt lets us go there
    may_load: Callable[[str], bool]  # the same of what a page loads, as far as it is known already
    max_bytes: int  # of the page as shown
    timeout_s: float  # of the whole visit
    context: Mapping[str, Any]  # how the browser presents itself
    page: Any = None
    films: list[str] = field(default_factory=list)  # addresses a player asked for
    trouble: str | None = None
    shown_by: str = ""  # the browser and its sandbox, for the record

    def film(self, url: str) -> None:
        """Remember the address of a film, once."""
        if url not in self.films and len(self.films) < MAX_FILMS:
            self.films.append(url)


def everything(_request: object) -> bool:
    """Stop what a page asks for while nobody watches over it, as Playwright's handler asks for a rule."""
    return True
