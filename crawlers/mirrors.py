"""The hosts of a source: those its file names, and the mirrors a site hops to, by patterns of the file.

A site that moves elsewhere is not followed unless the file allows it: it is proposed to a person. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from crawlers import urls

PERMANENT = frozenset({301, 308})  # RFC 9110, sections 15.4.2 and 15.4.9
_STRANGER = "host.that-belongs-to-nobody.invalid"


class Hosts(frozenset[str]):
    """Host names, and patterns of further ones: `host in hosts` asks both."""

    mirrors: tuple[re.Pattern[str], ...]

    def __new__(cls, named: Iterable[str], mirrors: Iterable[str] = ()) -> "Hosts":
        """Return the set of `named` that also holds whatever one of the patterns matches whole."""
        made = super().__new__(cls, named)
        made.mirrors = tuple(re.compile(pattern) for pattern in mirrors)
        return made

    def __contains__(self, host: object) -> bool:
        """Say whether a host is named or is a mirror."""
        return super().__contains__(host) or (
            isinstance(host, str) and any(pattern.fullmatch(host) for pattern in self.mirrors)
        )


def checked(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns of mirrors. Raises ValueError for one that is broken or matches hosts of anybody."""
    for pattern in patterns:
        try:
            made = re.compile(pattern)
        except re.error as wrong:
            raise ValueError(f'"{pattern}" is no regular expression ({wrong})') from wrong
        if made.fullmatch(_STRANGER):
            raise ValueError(
                f'"{pattern}" matches any host; write the site\'s own name, like "^example\\\\d*\\\\.(com|to)$"'
            )
    return patterns


def moved_to(asked: Sequence[str], reasons: Sequence[Any], landed: str) -> str | None:
    """Return the host to which an address leads for good, on the same path there; None when it does not.

    `asked` are the addresses that redirected, `reasons` their statuses, `landed` is where they led.
    """
    if not asked or not reasons or not PERMANENT.issuperset(reasons):
        return None
    first, last = urlsplit(asked[0]), urlsplit(landed)
    if urls.host(asked[0]) == urls.host(landed) or (first.path, first.query) != (last.path, last.query):
        return None
    return urls.host(landed)
