"""Evidence: finds every captured byte, header, time or hash that is not what it was when it was captured."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

import config.home
from config.blobs import BlobStore
from crawlers import captures, custody, timestamps, tokens, urls
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.custody import CustodyEntry
from crawlers.frontier import Sweep
from crawlers.timestamps import TimestampErrand, TimestampToken
from crawlers.tokens import NotStamped, Unreadable

COLLECTED = custody.COLLECTED
CHUNK_BYTES = 1 << 20
EVERYTHING = true()


@dataclass(frozen=True)
class Fault:
    """One row that is not what it was, and in one sentence what differs."""

    table: str
    row_id: int
    uuid: str
    says: str

    def __str__(self) -> str:
        """Name the row, then say what differs."""
        return f"{self.table} row {self.row_id} ({self.uuid}): {self.says}"


def collected(session: Session, sweep: Sweep, *, actor: str = "mekiki") -> CustodyEntry:
    """Put the end of a sweep's chain on the custody log, so that captures cut off its end are missed, and return it."""
    count = session.scalar(select(func.count()).select_from(Capture).where(Capture.sweep_id == sweep.id))
    note: dict[str, Any] = {
        "captures": count,
        "last_hash": captures.last_hash(session, sweep.id),
        "source": sweep.source,
    }
    if sweep.legal:
        note["legal"] = sweep.legal
    entry = custody.record(session, actor=actor, action=COLLECTED, subject=f"sweep:{sweep.uuid}", note=note)
    end = {"sweep": sweep.uuid, **note, "at": entry.at.isoformat(timespec="milliseconds"), "custody": entry.hash}
    timestamps.wish(session, f"sweep:{sweep.uuid}", json.dumps(end, ensure_ascii=False, indent=1).encode())
    return entry


def count(session: Session) -> int:
    """Return how many captures `verify` will look at, for a progress bar."""
    return session.scalar(select(func.count()).select_from(Capture)) or 0


def verify(session: Session, progress: Callable[[], object] = lambda: None) -> list[Fault]:
    """Read every captured blob and every chain again and return what differs; [] means the evidence is whole.

    `progress` is called once a capture.
    """
    return [
        *_captures(session, progress), *_ends(session), *_custody(session), *_orphans(session), *_stamps(session),
    ]  # fmt: skip


def verify_some(session: Session, kept: Sequence[Capture], subjects: Sequence[str]) -> list[Fault]:
    """Read these captures again, what of these subjects of custody was stamped, and the whole log; [] is whole.

    `subjects` are those of `custody.record`: the case's own and its sweeps'.
    """
    blobs, found = config.home.of(session).blobs, list[Fault]()
    for capture in kept:
        before = select(Capture.hash).where(Capture.sweep_id == capture.sweep_id, Capture.id < capture.id)
        previous = session.scalar(before.order_by(Capture.id.desc()).limit(1)) or captures.FIRST_HASH
        says = _differs(session, blobs, capture, previous)
        if says:
            found.append(Fault("captures", capture.id, capture.uuid, says))
    return [
        *found, *_ends(session, CustodyEntry.subject.in_(subjects)), *_custody(session),
        *_stamps(session, TimestampErrand.subject.in_(subjects)),
    ]  # fmt: skip


def _captures(session: Session, progress: Callable[[], object]) -> Iterator[Fault]:
    blobs = config.home.of(session).blobs
    last: dict[int, str] = {}  # sweep -> hash of its capture before this one
    rows = select(Capture).order_by(Capture.id).execution_options(yield_per=200)
    for capture in session.scalars(rows):
        says = _differs(session, blobs, capture, last.get(capture.sweep_id, captures.FIRST_HASH))
        last[capture.sweep_id] = capture.hash
        if says:
            yield Fault("captures", capture.id, capture.uuid, says)
        progress()


def _differs(session: Session, blobs: BlobStore, capture: Capture, previous: str) -> str | None:
    """Say how a capture differs from what it was; `previous` is the hash of the one before it in its sweep."""
    says = row_differs(capture) or _body_differs(blobs, capture)
    if says and not blobs.has(capture.body_sha256) and _was_deleted(session, capture):
        says = row_differs(capture)  # its bytes went on purpose; what they were stays on record
    if says is None and capture.previous_hash != previous:
        says = "the capture before it in its sweep was removed or replaced."
    return says


def _body_differs(blobs: BlobStore, capture: Capture) -> str | None:
    """Say how the stored body, or a piece it was put together from, differs from what was captured."""
    pieces = [(part[1], int(part[2])) for part in capture.parts or ()]
    for sha256, size in [(capture.body_sha256, capture.size_bytes), *pieces]:
        if sha256 != capture.body_sha256 and not blobs.has(sha256):
            continue  # a piece of a playlist may live on only inside the film it became
        if not blobs.has(sha256):
            return f"its stored bytes, blob {sha256}, are gone."
        found, found_size = _hash_of(blobs, sha256)
        if found != sha256:
            return f"its stored bytes were changed: their sha256 is {found}, it was {sha256}."
        if found_size != size:
            return f"its size says {size} bytes, its stored bytes are {found_size}."
    return None


def _was_deleted(session: Session, capture: Capture) -> bool:
    sweep = session.get_one(Sweep, capture.sweep_id)
    acts = custody.entries(session, [f"sweep:{sweep.uuid}"], custody.DELETED)
    return capture.uuid in custody.deleted(custody.said(entry) for entry in acts)


def row_differs(capture: Capture) -> str | None:
    """Say how a capture's row was changed since it was written; None when it agrees with its hash."""
    if captures.seal(capture) != capture.hash:
        return "its address, time, status, headers, sizes or hashes were changed: they do not agree with its hash."
    if urls.url_hash(capture.url) != capture.url_hash:
        return "the short hash of its address was changed."
    return None


def sha256_of(blobs: BlobStore, sha256: str) -> str:
    """Return the sha256 of what a stored blob holds now."""
    return _hash_of(blobs, sha256)[0]


def _hash_of(blobs: BlobStore, sha256: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with blobs.path(sha256).open("rb") as stored:
        while chunk := stored.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _ends(session: Session, about: ColumnElement[bool] = EVERYTHING) -> Iterator[Fault]:
    """A chain shows what was changed inside it; only the custody log knows where it ended."""
    for entry in session.scalars(
        select(CustodyEntry)
        .where(CustodyEntry.action == COLLECTED, CustodyEntry.subject.startswith("sweep:"), about)
        .order_by(CustodyEntry.id)
    ):
        sweep = session.scalar(select(Sweep).where(Sweep.uuid == entry.subject.removeprefix("sweep:")))
        if sweep is None:
            yield Fault("custody", entry.id, entry.uuid, f"it speaks of {entry.subject}, which is gone.")
            continue
        nth = (
            select(Capture.hash)
            .where(Capture.sweep_id == sweep.id)
            .order_by(Capture.id)
            .offset(max(0, entry.note["captures"] - 1))
            .limit(1)
        )
        end = session.scalar(nth) or captures.FIRST_HASH
        if end != entry.note["last_hash"]:
            says = f"its {entry.note['captures']} captures no longer end as the custody log says; some were removed."
            yield Fault("sweeps", sweep.id, sweep.uuid, says)


def _custody(session: Session) -> Iterator[Fault]:
    for entry, says in custody.broken_links(session):
        yield Fault("custody", entry.id, entry.uuid, f"{says}.")


def _stamps(session: Session, about: ColumnElement[bool] = EVERYTHING) -> Iterator[Fault]:
    """Tokens that are gone, were changed, or stamp something else than they were kept for."""
    blobs = config.home.of(session).blobs
    rows = select(TimestampToken, TimestampErrand.document).join(TimestampErrand).where(about)
    rows = rows.order_by(TimestampToken.id)
    for token, document in session.execute(rows.execution_options(yield_per=200)):
        if not (blobs.has(token.blob) and blobs.has(document)):
            yield Fault("timestamp_tokens", token.id, token.uuid, "the token, or the document it stamps, is gone.")
            continue
        if _hash_of(blobs, token.blob)[0] != token.blob or _hash_of(blobs, document)[0] != document:
            yield Fault("timestamp_tokens", token.id, token.uuid, "the token, or the document it stamps, was changed.")
            continue
        try:
            tokens.check(blobs.get(token.blob), blobs.get(document))
        except Unreadable:
            continue  # kept as it came; the bundle's README says how another program reads it
        except NotStamped as no:
            yield Fault("timestamp_tokens", token.id, token.uuid, str(no))


def _orphans(session: Session) -> Iterator[Fault]:
    """Rows that point at a capture which is gone, or which they no longer describe."""
    findings = (
        select(FindingRow)
        .outerjoin(Capture, Capture.id == FindingRow.capture_id)
        .where(Capture.id.is_(None))
        .order_by(FindingRow.id)
    )
    for finding in session.scalars(findings):
        yield Fault("findings", finding.id, finding.uuid, f"its capture, row {finding.capture_id}, is gone.")
    sightings = (
        select(Sighting, Capture.body_sha256)
        .outerjoin(Capture, Capture.id == Sighting.capture_id)
        .where(Capture.id.is_(None) | (Capture.body_sha256 != Sighting.blob))
        .order_by(Sighting.id)
    )
    for sighting, body in session.execute(sightings):
        says = "is gone" if body is None else "holds other bytes than the sighting says"
        yield Fault("sightings", sighting.id, sighting.uuid, f"its capture, row {sighting.capture_id}, {says}.")
