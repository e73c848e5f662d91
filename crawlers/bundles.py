"""Evidence bundles: captures with their bodies in one ZIP file that anybody can verify without this program."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

import config.home
from config import clock
from config.blobs import BlobMissing
from config.errors import MekikiError
from crawlers import captures, custody
from crawlers.captures import Capture
from crawlers.custody import CustodyEntry

SUMS = "SHA256SUMS"
CAPTURES, CHAIN, CUSTODY = "captures.json", "chain.json", "custody.json"
BODIES = "bodies/"
CHUNK_BYTES = 1 << 20
MAX_JSON_BYTES = 256 << 20  # a bundle comes from outside when it is verified
README = Path(__file__).with_name("bundle_readme.md")


class BadBundle(MekikiError):
    """A file is no evidence bundle."""


def write(
    session: Session, path: Path, *, evidence: Sequence[Capture], documents: Mapping[str, Any], subjects: Sequence[str]
) -> str:
    """Write a bundle and return the sha256 of its SHA256SUMS, which stands for all of it.

    `documents` are further files by name, text as it is and all else as JSON; `subjects` choose the custody entries
    that go along. The file appears whole or not at all. Raises BlobMissing when a body is gone.
    """
    blobs = config.home.of(session).blobs
    texts = {
        "README.md": README.read_text("utf-8"),
        CAPTURES: _json([_said(capture) for capture in evidence]),
        CHAIN: _json(_chains(session, evidence)),
        CUSTODY: _json(_custody(session, subjects)),
        **{name: content if isinstance(content, str) else _json(content) for name, content in documents.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            sums = [_put_text(bundle, each, text) for each, text in texts.items()]
            for sha256 in sorted({capture.body_sha256 for capture in evidence}):
                if not blobs.has(sha256):
                    raise BlobMissing(f"Blob {sha256} is not in {blobs.root}; restore it from a backup.")
                sums.append(_put_file(bundle, f"{BODIES}{sha256}", blobs.path(sha256)))
            listing = "".join(f"{sha256}  {name}\n" for name, sha256 in sums)
            _put_text(bundle, SUMS, listing)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return hashlib.sha256(listing.encode()).hexdigest()


def verify(path: Path) -> list[str]:
    """Read a bundle again, without any home, and return what is wrong with it, one sentence each; [] is whole.

    Checked are the sha256 of every file, the body and the seal of every capture, and the chain of every sweep.
    Raises BadBundle when the file is none.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            faults = list(_sums_differ(bundle))
            said = _read(bundle, CAPTURES)
            chains = _read(bundle, CHAIN)
            return [
                *faults,
                *_captures_differ(bundle, said, chains),
                *_chains_differ(chains),
                *_custody_differs(bundle),
            ]
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as bad:
        raise BadBundle(f"{path} is no evidence bundle of mekiki, or a damaged one ({bad}).") from bad


def sums_sha256(path: Path) -> str:
    """Return the sha256 of the bundle's SHA256SUMS, to compare with the custody log. Raises BadBundle."""
    try:
        with zipfile.ZipFile(path) as bundle:
            return hashlib.sha256(bundle.read(SUMS)).hexdigest()
    except (OSError, zipfile.BadZipFile, KeyError) as bad:
        raise BadBundle(f"{path} is no evidence bundle of mekiki, or a damaged one ({bad}).") from bad


def _said(capture: Capture) -> dict[str, Any]:
    """Everything a capture says: its seal can be computed again from this alone."""
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
        "previous_hash": capture.previous_hash,
        "hash": capture.hash,
    }


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


def _custody(session: Session, subjects: Sequence[str]) -> list[dict[str, Any]]:
    chosen = or_(*(CustodyEntry.subject == subject for subject in subjects))
    entries = session.scalars(select(CustodyEntry).where(chosen).order_by(CustodyEntry.id)) if subjects else ()
    return [{**custody.said(entry), "hash": entry.hash} for entry in entries]


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=clock.now().timetuple()[:6])
    entry.compress_type = zipfile.ZIP_STORED if name.startswith(BODIES) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o440 << 16
    return entry


def _put_text(bundle: zipfile.ZipFile, name: str, text: str) -> tuple[str, str]:
    content = text.encode()
    bundle.writestr(_entry(name), content)
    return name, hashlib.sha256(content).hexdigest()


def _put_file(bundle: zipfile.ZipFile, name: str, path: Path) -> tuple[str, str]:
    digest = hashlib.sha256()
    with path.open("rb") as source, bundle.open(_entry(name), "w", force_zip64=True) as out:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            out.write(chunk)
    return name, digest.hexdigest()


def _sums_differ(bundle: zipfile.ZipFile) -> Iterator[str]:
    lines = bundle.read(SUMS).decode().splitlines()
    listed = {name: sha256 for sha256, name in (line.split("  ", 1) for line in lines)}
    held = {entry.filename for entry in bundle.infolist()} - {SUMS}
    yield from (f"{name} is listed and missing." for name in sorted(listed.keys() - held))
    yield from (f"{name} is not listed in {SUMS}." for name in sorted(held - listed.keys()))
    for name in sorted(held & listed.keys()):
        if _sha256(bundle, name) != listed[name]:
            yield f"{name} was changed: its sha256 is not the one in {SUMS}."


def _captures_differ(bundle: zipfile.ZipFile, said: Any, chains: Any) -> Iterator[str]:
    links = {link[0]: link[2] for chain in chains for link in chain["links"]}
    held = set(bundle.namelist())
    for capture in said:
        name = f"capture {capture['uuid']} ({capture['url']})"
        body = f"{BODIES}{capture['body_sha256']}"
        if body not in held or _sha256(bundle, body) != capture["body_sha256"]:
            yield f"{name}: its body is missing or was changed."
        if captures.seal(_capture(capture)) != capture["hash"]:
            yield f"{name}: its address, time, status, headers or hashes were changed."
        if links.get(capture["uuid"]) != capture["hash"]:
            yield f"{name}: it is not in the chain of its sweep."


def _chains_differ(chains: Any) -> Iterator[str]:
    for chain in chains:
        previous = captures.FIRST_HASH
        for uuid, before, own in chain["links"]:
            if before != previous:
                yield f"sweep {chain['sweep_id']}: the chain is broken before capture {uuid}."
            previous = own


def _custody_differs(bundle: zipfile.ZipFile) -> Iterator[str]:
    for entry in _read(bundle, CUSTODY):
        said = {name: value for name, value in entry.items() if name != "hash"}
        if custody.seal(said) != entry["hash"]:
            yield f"the custody entry of {entry['at']} ({entry['action']} {entry['subject']}) was changed."


def _capture(said: Mapping[str, Any]) -> Capture:
    fields = {name: value for name, value in said.items() if name not in ("hash", "fetched_at")}
    return Capture(**fields, fetched_at=datetime.fromisoformat(said["fetched_at"]))


def _read(bundle: zipfile.ZipFile, name: str) -> Any:
    if bundle.getinfo(name).file_size > MAX_JSON_BYTES:
        raise ValueError(f"{name} is too large")
    return json.loads(bundle.read(name))


def _sha256(bundle: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with bundle.open(name) as held:
        while chunk := held.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
