"""Captures: every response as it came, hash-chained within its sweep, and the findings and sightings read off them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from config import clock, database
from config.database import AppendOnly, Base, Row, new_uuid
from crawlers import urls
from crawlers.interface import Finding, Listing, MediaKind

CaptureKind = Literal["page", "media", "robots"]
FIRST_HASH = "0" * 64  # what the first capture of a sweep chains to
PRICE_LIMIT = Decimal("1e12")  # of Numeric(14, 2); a larger "price" is no price


class Capture(AppendOnly, Row, Base):
    """One response as it came: address, time, status, headers and body, chained to the one before it in its sweep."""

    __tablename__ = "captures"
    __table_args__ = (UniqueConstraint("sweep_id", "url_hash"),)

    sweep_id: Mapped[int] = mapped_column(ForeignKey("sweeps.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # "page", "media" or "robots"
    url: Mapped[str] = mapped_column(Text)  # canonical, as asked for
    url_hash: Mapped[str] = mapped_column(String(32), index=True)  # blake2b-128 of url, hex
    final_url: Mapped[str] = mapped_column(Text)  # after redirects
    fetched_at: Mapped[datetime]
    status: Mapped[int]
    headers: Mapped[list[Any]]  # [[name, value], ...] as received, in order
    mime: Mapped[str] = mapped_column(String(100))  # sniffed from the bytes, never believed from the header
    body_sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int]
    ip_address: Mapped[str | None] = mapped_column(String(45))
    parts: Mapped[list[Any] | None]  # [[url, sha256, size], ...] when the body was put together from a playlist
    confirms: Mapped[str | None] = mapped_column(String(64))  # hash of the capture whose body a 304 says still stands
    # What was asked, see crawlers.transcript; None: captured before that was kept.
    request: Mapped[dict[str, Any] | None]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))  # sha256 over every field above and previous_hash


class FindingRow(AppendOnly, Row, Base):
    """A page's Finding at rest."""

    __tablename__ = "findings"

    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id"), unique=True)
    source: Mapped[str] = mapped_column(String(100), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    url: Mapped[str] = mapped_column(Text)  # canonical
    place: Mapped[str] = mapped_column(String(500), index=True)  # canonical url without scheme, the place of a case
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    uploader: Mapped[str | None] = mapped_column(Text)
    seller: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    highest_price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))  # of a range
    condition: Mapped[str | None] = mapped_column(String(20))  # see crawlers.interface.Condition
    stock: Mapped[str | None] = mapped_column(String(20))  # see crawlers.interface.Stock
    seller_id: Mapped[str | None] = mapped_column(String(300), index=True)  # stays when the seller is renamed
    brand: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    gtin: Mapped[str | None] = mapped_column(String(14), index=True)
    published_at: Mapped[datetime | None]
    language: Mapped[str | None] = mapped_column(String(20))
    territory: Mapped[str | None] = mapped_column(String(2))  # ISO 3166, of the site's audience, as its source says
    is_commercial: Mapped[bool | None]
    attribution: Mapped[str | None] = mapped_column(Text)
    provenance: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]


class Sighting(AppendOnly, Row, Base):
    """One medium at one place: the page's finding and the captured bytes."""

    __tablename__ = "sightings"
    __table_args__ = (UniqueConstraint("finding_id", "capture_id"), Index("ix_sightings_blob", "blob"))

    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"), index=True)
    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # "image", "video" or "audio"
    position: Mapped[int] = mapped_column(Integer)  # order on the page
    url: Mapped[str] = mapped_column(Text)
    blob: Mapped[str] = mapped_column(String(64))  # sha256 of the medium's bytes


@dataclass(frozen=True)
class Fetched:
    """One response as it came, its body already stored as a blob."""

    url: str  # canonical, as asked for
    final_url: str  # after redirects
    status: int
    headers: tuple[tuple[str, str], ...]  # as received, in order
    mime: str  # sniffed
    blob: str  # sha256 of the body
    size_bytes: int
    fetched_at: datetime
    ip_address: str | None = None
    parts: tuple[tuple[str, str, int], ...] | None = None  # (url, sha256, bytes) of each piece of a playlist
    confirms: str | None = None  # hash of the capture whose body a 304 says still stands
    request: Mapping[str, Any] | None = None  # what was asked, see crawlers.transcript


def seal(capture: Capture) -> str:
    """Return the sha256 over a canonical JSON of everything the capture says, and of the hash before it."""
    said = {
        "uuid": capture.uuid,
        "sweep": capture.sweep_id,
        "kind": capture.kind,
        "url": capture.url,
        "final_url": capture.final_url,
        "fetched_at": capture.fetched_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "status": capture.status,
        "headers": [list(header) for header in capture.headers],
        "mime": capture.mime,
        "body_sha256": capture.body_sha256,
        "size_bytes": capture.size_bytes,
        "ip_address": capture.ip_address,
        "parts": None if capture.parts is None else [list(part) for part in capture.parts],
        "previous_hash": capture.previous_hash,
    }
    if capture.confirms is not None:  # older captures were sealed without it
        said["confirms"] = capture.confirms
    if capture.request is not None:  # older captures were sealed without it
        said["request"] = capture.request
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


# Made once: to put a query together costs as much as to ask it.
_NEWEST = select(Capture.hash).where(Capture.sweep_id == bindparam("sweep_id")).order_by(Capture.id.desc()).limit(1)


def keep(session: Session, sweep_id: int, kind: CaptureKind, fetched: Fetched) -> Capture:
    """Append the capture of a response to its sweep's chain."""
    return keep_all(session, sweep_id, [(kind, fetched)])[0]


def keep_all(session: Session, sweep_id: int, answers: Sequence[tuple[CaptureKind, Fetched]]) -> list[Capture]:
    """Append captures to a sweep's chain in this order; a sweep is one process, so the chain never forks."""
    rows: list[Capture] = []
    previous = last_hash(session, sweep_id)
    for kind, fetched in answers:
        row = _captured(sweep_id, kind, fetched, previous)
        row.hash = previous = seal(row)
        rows.append(row)
    database.append_all(session, rows)
    return rows


def _captured(sweep_id: int, kind: CaptureKind, fetched: Fetched, previous: str) -> Capture:
    return Capture(
        uuid=new_uuid(),
        sweep_id=sweep_id,
        kind=kind,
        url=fetched.url,
        url_hash=urls.url_hash(fetched.url),
        final_url=fetched.final_url,
        fetched_at=fetched.fetched_at,
        status=fetched.status,
        headers=[list(header) for header in fetched.headers],
        mime=fetched.mime,
        body_sha256=fetched.blob,
        size_bytes=fetched.size_bytes,
        ip_address=fetched.ip_address,
        parts=None if fetched.parts is None else [list(part) for part in fetched.parts],
        confirms=fetched.confirms,
        request=None if fetched.request is None else dict(fetched.request),
        previous_hash=previous,
    )


def confirming(standing: Capture, answer: Fetched) -> Fetched:
    """Return a 304 as it is captured: its own status, headers and time, with the body that it says still stands."""
    return replace(
        answer,
        mime=standing.mime,
        blob=standing.body_sha256,
        size_bytes=standing.size_bytes,
        parts=None if standing.parts is None else tuple((url, sha256, size) for url, sha256, size in standing.parts),
        confirms=standing.hash,
    )


def confirmed_by(session: Session, rows: Iterable[Capture]) -> Sequence[Capture]:
    """Return the captures whose bodies these say still stand; they are of the same addresses."""
    named = [(row.url_hash, row.confirms) for row in rows if row.confirms is not None]
    of_urls = select(Capture).where(Capture.url_hash.in_({url_hash for url_hash, _ in named}))
    return session.scalars(of_urls.where(Capture.hash.in_({confirmed for _, confirmed in named}))).all()


def last_hash(session: Session, sweep_id: int) -> str:
    """Return the hash the next capture of a sweep chains to."""
    return session.scalar(_NEWEST, {"sweep_id": sweep_id}) or FIRST_HASH


def find(session: Session, sweep_id: int, url: str) -> Capture | None:
    """Return the sweep's capture of a canonical url, or None when it has none."""
    return session.scalar(select(Capture).where(Capture.sweep_id == sweep_id, Capture.url_hash == urls.url_hash(url)))


def broken_links(session: Session, sweep_id: int) -> list[int]:
    """Return the ids of the captures of a sweep whose own hash or whose chain does not hold; [] is a sound chain."""
    broken = []
    previous = FIRST_HASH
    for row in session.scalars(select(Capture).where(Capture.sweep_id == sweep_id).order_by(Capture.id)):
        if row.previous_hash != previous or seal(row) != row.hash:
            broken.append(row.id)
        previous = row.hash
    return broken


def store_findings(
    session: Session, source: str, pages: Sequence[tuple[Capture, Finding]], *, territory: str | None = None
) -> list[FindingRow]:
    """Append what captured pages say. `territory` is the source's word for whom its site addresses."""
    rows = [_stored(source, capture, finding, territory) for capture, finding in pages]
    database.append_all(session, rows)
    return rows


def _stored(source: str, capture: Capture, finding: Finding, territory: str | None) -> FindingRow:
    return FindingRow(
        capture_id=capture.id,
        source=source,
        kind=finding.kind,
        url=finding.url,
        place=urls.place(finding.url),
        title=storable(finding.title),
        text=storable(finding.text),
        uploader=None if finding.uploader is None else storable(finding.uploader),
        **_offered(finding.listing),
        published_at=finding.published_at,
        language=finding.language,
        territory=territory,
        is_commercial=finding.is_commercial,
        attribution=None if finding.attribution is None else storable(finding.attribution),
        provenance=dict(finding.provenance),
        found_at=clock.now(),
    )


def _offered(listing: Listing | None) -> dict[str, Any]:
    if listing is None:
        return {}
    written = {
        name: None if words is None else storable(words)
        for name, words in (("seller", listing.seller), ("seller_id", listing.seller_id), ("brand", listing.brand),
                            ("sku", listing.sku))
    }  # fmt: skip
    return written | {
        "price": _price(listing.price), "highest_price": _price(listing.highest), "currency": listing.currency,
        "condition": listing.condition, "stock": listing.stock, "gtin": listing.gtin,
    }  # fmt: skip


def storable(words: str) -> str:
    """Return a page's words as every database can hold them: no NUL, no half of a surrogate pair."""
    return words.replace("\x00", "").encode("utf-8", "replace").decode()


def _price(amount: Decimal | None) -> Decimal | None:
    return None if amount is None or amount >= PRICE_LIMIT else round(amount, 2)


def store_sightings(session: Session, shown: Iterable[tuple[int, Capture, MediaKind, int]]) -> list[Sighting]:
    """Append which media pages showed (finding's id, capture, kind, position on the page), and return what is new.

    The same bytes of one address twice on one page are one sighting.
    """
    wanted = {(finding_id, one.url, one.body_sha256): (one, kind, at) for finding_id, one, kind, at in shown}
    for some in database.portions([*{finding_id for finding_id, _, _ in wanted}]):
        known = select(Sighting.finding_id, Sighting.url, Sighting.blob).where(Sighting.finding_id.in_(some))
        for finding_id, url, blob in session.execute(known):
            wanted.pop((finding_id, url, blob), None)
    rows = [
        Sighting(finding_id=finding_id, capture_id=one.id, kind=kind, position=at, url=url, blob=blob)
        for (finding_id, url, blob), (one, kind, at) in wanted.items()
    ]
    database.append_all(session, rows)
    return rows
