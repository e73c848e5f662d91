"""Evidence bundles: captures with their bodies, archive and timestamps in one ZIP file that anybody can verify.

Whoever gets one needs neither this program nor its home; `crawlers.bundle_checks` reads one again.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import config.home
from config import clock
from config.blobs import BlobMissing
from crawlers import custody, sealed_zip, timestamps, wacz, warc
from crawlers.captures import Capture
from crawlers.custody import CustodyEntry

SUMS = "SHA256SUMS"
CAPTURES, CHAIN, CUSTODY, ARCHIVE = "captures.json", "chain.json", "custody.json", "captured.wacz"
BODIES, STAMPS = "bodies/", "timestamps/"
STAMPS_LIST = f"{STAMPS}timestamps.json"
README = Path(__file__).with_name("bundle_readme.md")


@dataclass(frozen=True)
class Contents:
    """What goes into one bundle."""

    title: str
    evidence: Sequence[Capture]
    pages: Sequence[wacz.Page]  # of the captures, those a reader of the archive begins with
    subjects: Sequence[str]  # choose the custody entries and the timestamps that go along
    documents: Mapping[str, Any] = field(default_factory=dict)  # by name: text and bytes as they are, all else as JSON
    kept: Mapping[str, str] = field(default_factory=dict)  # by name: blobs that were collected before


def write(session: Session, path: Path, contents: Contents) -> str:
    """Write a bundle and return the sha256 of its SHA256SUMS, which stands for all of it.

    The file appears whole or not at all. Raises BlobMissing when a body is gone that nobody deleted on purpose.
    """
    blobs = config.home.of(session).blobs
    deleted = custody.deleted(custody.said(entry) for entry in custody.entries(session, contents.subjects))
    held = [capture for capture in contents.evidence if capture.uuid not in deleted]
    bodies = {f"{BODIES}{sha256}": sha256 for capture in held for sha256 in bodies_of(capture)}
    stamped = _stamps(session, contents)
    blob_files = {**bodies, **contents.kept, **stamped.blobs}
    missing = next((sha256 for sha256 in blob_files.values() if not blobs.has(sha256)), None)
    if missing is not None:
        raise BlobMissing(f"Blob {missing} is not in {blobs.root}; restore it from a backup.")
    texts = {
        "README.md": README.read_text("utf-8"),
        CAPTURES: [said(capture) for capture in contents.evidence],
        CHAIN: _chains(session, contents.evidence),
        CUSTODY: _custody(session, contents.subjects),
        STAMPS_LIST: stamped.rows,
        **contents.documents,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
        part = Path(folder) / "bundle.zip"
        with part.open("wb") as out:
            packing = sealed_zip.Writer(out)
            for name, content in texts.items():
                packing.add(name, _bytes(content))
            for name, sha256 in blob_files.items():
                packing.add(name, blobs.path(sha256))
            if held:
                packing.add(ARCHIVE, _archive(session, Path(folder), held, contents))
            listing = sums(packing.packed)
            packing.add(SUMS, listing)
            packing.close()
        part.rename(path)
    return hashlib.sha256(listing).hexdigest()


def sums(packed: Sequence[sealed_zip.Packed]) -> bytes:
    """Return what `sha256sum -c` reads."""
    return "".join(f"{one.sha256}  {one.name}\n" for one in packed).encode()


def bodies_of(capture: Capture) -> list[str]:
    """Return the hashes of everything kept of a capture: its body, and of a rendered page also what was sent."""
    sent = warc.as_sent(capture)
    return [
        capture.body_sha256,
        *([sent.sha256] if sent and sent.sha256 not in (capture.body_sha256, warc.EMPTY) else []),
    ]


def said(capture: Capture) -> dict[str, Any]:
    """Return everything a capture says: its seal can be computed again from this alone."""
    return {
        "uuid": capture.uuid,
        "sweep_id": capture.sweep_id,
        "kind": capture.kind,
        "url": capture.url,
        "final_url": capture.final_url,
        "fetched_at": capture.fetched_at.isoformat(timespec="microseconds"),
        "status": capture.status,
        "headers": capture.headers,
        "mime": capture.mime,
        "body_sha256": capture.body_sha256,
        "size_bytes": capture.size_bytes,
        "ip_address": capture.ip_address,
        "parts": capture.parts,
        "confirms": capture.confirms,
        "request": capture.request,
        "previous_hash": capture.previous_hash,
        "hash": capture.hash,
    }


def as_text(content: Any) -> str:
    """Return what a bundle holds of something that is JSON."""
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"


@dataclass(frozen=True)
class _Stamped:
    rows: list[dict[str, Any]]
    blobs: dict[str, str]


def _stamps(session: Session, contents: Contents) -> _Stamped:
    """Return the tokens that came, with the documents they stamp unless those are in the bundle anyway."""
    names = {sha256: name for name, sha256 in contents.kept.items()}
    rows, blobs = [], dict[str, str]()
    for number, (errand, token) in enumerate(timestamps.of(session, contents.subjects), start=1):
        if errand.document not in names:
            name = f"{STAMPS}{errand.subject.replace(':', '-')}-{errand.document[:8]}.json"
            names[errand.document], blobs[name] = name, errand.document
        if token is not None:
            blobs[f"{STAMPS}{number}.tsr"] = token.blob
        rows.append({
            "document": names[errand.document], "token": f"{STAMPS}{number}.tsr" if token else None,
            "asked": errand.url, "asked_at": _moment(errand.asked_at),
            "received_at": _moment(token.received_at) if token else None,
            "stamped_at": _moment(token.stamped_at) if token else None,
            "authority": token.authority if token else None,
            "says": (token.says if token else errand.trouble or "It was not asked yet."),
        })  # fmt: skip
    return _Stamped(rows, blobs)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _archive(session: Session, folder: Path, held: Sequence[Capture], contents: Contents) -> Path:
    blobs = config.home.of(session).blobs
    path = folder / ARCHIVE
    known = {capture.uuid for capture in held}
    pages = [page for page in contents.pages if page.id in known]
    wacz.write(
        path, held, lambda sha256: blobs.path(sha256).open("rb"), pages=pages, title=contents.title, at=clock.now()
    )
    return path


def _chains(session: Session, evidence: Sequence[Capture]) -> list[dict[str, Any]]:
    """The whole chain of every sweep involved, hashes only: [[uuid, previous hash, hash], ...]."""
    return [
        {
            "sweep_id": sweep_id,
            "links": [
                list(link)
                for link in session.execute(
                    select(Capture.uuid, Capture.previous_hash, Capture.hash)
                    .where(Capture.sweep_id == sweep_id)
                    .order_by(Capture.id)
                )
            ],
        }
        for sweep_id in sorted({capture.sweep_id for capture in evidence})
    ]


def _custody(session: Session, subjects: Sequence[str]) -> dict[str, Any]:
    """The entries of these subjects, and the hash of every entry since the first of them: the chain they stand in."""
    entries = custody.entries(session, subjects)
    since = select(CustodyEntry.hash).where(CustodyEntry.id >= entries[0].id) if entries else None
    chain = [] if since is None else session.scalars(since.order_by(CustodyEntry.id)).all()
    return {
        "entries": [{**custody.said(entry), "hash": entry.hash} for entry in entries],
        "before": entries[0].previous_hash if entries else custody.FIRST_HASH,
        "chain": list(chain),
    }


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return (content if isinstance(content, str) else as_text(content)).encode()
