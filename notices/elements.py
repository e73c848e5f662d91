"""What a notice says, as plain values, and what of it is missing. Pure: values in, values out; nothing is invented."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from w3lib.url import safe_url_string

from notices.interface import Recipient
from notices.regimes import Element, Regime

MAX_TITLE = 200  # characters of a crawled title or name; enough to recognise it, too little to write a letter in
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi marks, zero-width, lone surrogates, unassigned
NOBODY = Recipient("", "", "", "", "", "", "", "")  # the host is unknown: nobody can be asked yet
URL_SIGNS = "/:?#[]@!$&'()*+,;=%~|"  # what stays as it is in an address (RFC 3986, 2.2)
Elements = dict[str, Any]  # `Facts` as it is stored in Notice.elements (JSON)


@dataclass(frozen=True)
class Sender:
    """Who writes: the organisation that runs this home."""

    organisation: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    country: str = ""


@dataclass(frozen=True)
class Principal:
    """Who holds the rights."""

    name: str = ""
    representative: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    country: str = ""


@dataclass(frozen=True)
class Authority:
    """On what authority the sender acts."""

    is_owner: bool = False
    basis: str = ""  # the mandate, or the owner's own name


@dataclass(frozen=True)
class WorkFacts:
    """The work, as it is registered."""

    title: str = ""
    kind: str = ""
    creator: str = ""
    aliases: tuple[str, ...] = ()
    official_urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """A stretch of the copy, and the stretch of the work it is; both as "00:00:12-00:00:59"."""

    of_copy: str
    of_work: str


@dataclass(frozen=True)
class Matched:
    """One medium of the page that holds a part of the work."""

    asset: str  # episode, volume, product
    page: str  # "" when the medium is no page
    seconds: str  # "" when the medium has no length
    stretches: tuple[Stretch, ...]
    url: str
    kind: str
    sha256: str
    seen_at: str


@dataclass(frozen=True)
class Copy:
    """One page that shows the work without permission."""

    page_url: str  # as captured, percent-encoded
    urls: tuple[str, ...]  # exact addresses only; a bare home page is none
    title: str
    uploader: str
    seen_at: str
    sha256: str
    captures: tuple[str, ...]  # uuids of the captures that prove it
    matches: tuple[Matched, ...]
    finding_id: int


@dataclass(frozen=True)
class DecisionFacts:
    """A person's verdict; recorded with the notice, not printed."""

    uuid: str = ""
    person: str = ""
    reason: str = ""
    at: str = ""


@dataclass(frozen=True)
class Signature:
    """Who approved the letter, and on which day; empty until then."""

    name: str = ""
    date: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything a letter may say."""

    number: str
    sender: Sender
    owner: Principal
    authority: Authority
    recipient: Recipient
    designated_agent: str  # the recipient's name when its address is the one in the Copyright Office's directory
    work: WorkFacts
    copies: tuple[Copy, ...]
    decision: DecisionFacts
    signature: Signature = field(default_factory=Signature)

    def stored(self) -> Elements:
        """Return the facts as they are kept in Notice.elements."""
        return asdict(self)


@dataclass(frozen=True)
class Missing:
    """An element the law asks for and the notice lacks."""

    element: str
    citation: str
    says: str  # what to do about it


def missing(regime: Regime, elements: Mapping[str, Any], *, is_signed: bool) -> list[Missing]:
    """Return every blocker that is not met; before approval the approver's own elements are not asked for."""
    return [_named(element) for element in _unmet(regime, elements, is_signed=is_signed, severity="blocker")]


def warnings(regime: Regime, elements: Mapping[str, Any]) -> list[Missing]:
    """Return what the approver should know but may overrule."""
    return [_named(element) for element in _unmet(regime, elements, is_signed=False, severity="warning")]


def values(elements: Mapping[str, Any], path: str) -> list[str]:
    """Return the values at a path like "copies[].urls[]"; a list that is empty counts as one blank value."""
    return [str(value).strip() for value in _walk(elements, path.split("."))]


def with_gaps(regime: Regime, elements: Mapping[str, Any]) -> Elements:
    """Return the elements with a visible mark in each required field that is blank, to show an unfinished letter."""
    shown = deepcopy(dict(elements))
    for element in regime.elements:
        for path in element.fields:
            if "[" not in path and "" in values(elements, path):
                table, _, key = path.partition(".")
                shown.setdefault(table, {})[key] = f"[missing: {element.id}]"
    shown["signature"] = {"name": "", "date": ""} | {k: v or f"[{k}]" for k, v in shown["signature"].items()}
    return shown


def plain(text: str | None, limit: int | None = None) -> str:
    """Return text as one visible line: no control, bidi or zero-width characters, no line ends, single spaces."""
    seen = "".join(" " if c in "\t\n\r\v\f" else c for c in text or "" if c in "\t\n\r\v\f" or _is_seen(c))
    line = " ".join(seen.split())
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def exact(url: str) -> str:
    """Return the address in ASCII, percent-encoded, or "" when it is a bare home page or no web address."""
    encoded = encoded_url(url)
    parts = urlsplit(encoded)
    is_bare = parts.path in ("", "/") and not parts.query
    return "" if parts.scheme not in ("http", "https") or is_bare else encoded


def encoded_url(url: str) -> str:
    """Return the address in ASCII on one line, percent-encoded, its host in IDNA."""
    line = plain(url).replace(" ", "%20")
    with suppress(ValueError):  # no address a browser would open, for instance "http://[::1"; kept, but harmless
        line = str(safe_url_string(line))
    return quote(line, safe=URL_SIGNS)


def clock_time(seconds: float) -> str:
    """Return seconds as "00:05:01"."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def moment(at: datetime) -> str:
    """Return a time as every letter writes it, in whatever language."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in UNSEEN


def _named(element: Element) -> Missing:
    return Missing(element.id, element.citation, element.asks)


def _unmet(regime: Regime, elements: Mapping[str, Any], *, is_signed: bool, severity: str) -> Iterator[Element]:
    for element in regime.elements:
        if element.severity != severity or (element.at_approval and not is_signed):
            continue
        if any("" in values(elements, path) for path in (*element.fields, *element.records)):
            yield element


def _walk(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield "" if value is None else value
        return
    name, *rest = steps
    inner = value.get(name.removesuffix("[]"), "") if isinstance(value, Mapping) else ""
    if not name.endswith("[]"):
        yield from _walk(inner, rest)
        return
    if not inner:
        yield ""
    for item in inner:
        yield from _walk(item, rest)
