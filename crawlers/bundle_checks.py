"""Reads an evidence bundle again, without any home and without a network, and names everything that was changed."""

import hashlib
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography import x509

from config.errors import MekikiError
from crawlers import bundles, captures, custody, sealed_zip, tokens, wacz, warc
from crawlers.captures import Capture
from crawlers.sealed_zip import NotSealed, Reader
from crawlers.tokens import NotStamped, Unreadable

MAX_JSON_BYTES = 256 << 20  # a bundle comes from outside
MAX_TOKEN_BYTES = 1 << 20


class BadBundle(MekikiError):
    """A file is no evidence bundle."""


@dataclass(frozen=True)
class Examined:
    """What reading a bundle again showed."""

    faults: tuple[str, ...]  # what was changed, one sentence each; () is whole
    notes: tuple[str, ...]  # what else its reader should know: who stamped it, what cannot be checked here
    sums_sha256: str  # of its SHA256SUMS, to compare with the custody log of whoever exported it


def examine(path: Path, roots: Sequence[x509.Certificate] = ()) -> Examined:
    """Read a bundle from its first byte to its last. `roots` are the certificates of authorities its reader trusts.

    Raises BadBundle when the file is none.
    """
    if path.is_dir():
        raise BadBundle(
            f"{path} is a folder; give the ZIP file as it was exported. The README.md of an unpacked one says how its "
            "files are checked."
        )
    if not path.exists():
        raise BadBundle(f"There is no file {path}.")
    try:
        bundle = sealed_zip.read(path)
    except NotSealed as damaged:
        raise BadBundle(_no_bundle(path, damaged)) from damaged
    listing = bundle.packed.get(bundles.SUMS)
    if listing is None:
        seen = " ".join(bundle.faults)
        raise BadBundle(f"{path} is no evidence bundle of mekiki: it has no {bundles.SUMS}. {seen}".rstrip())
    faults, notes = [*bundle.faults, *_sums_differ(bundle, bundles.SUMS)], list[str]()
    try:
        said, chains = _json(bundle, bundles.CAPTURES), _json(bundle, bundles.CHAIN)
        log = _json(bundle, bundles.CUSTODY)
        faults += _captures_differ(bundle, said, chains, log)
        faults += _confirmed_differ(said)
        faults += _chains_differ(chains)
        faults += _custody_differs(log)
        faults += _collections_differ(bundle, said)
        faults += _archive_differs(bundle, said)
        for is_fault, says in _stamps(bundle, chains, roots):
            (faults if is_fault else notes).append(says)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as odd:
        if not faults:  # what is known to be changed may well be unreadable
            raise BadBundle(_no_bundle(path, odd)) from odd
        faults.append(f"The rest could not be read ({odd}).")
    return Examined(tuple(dict.fromkeys(faults)), tuple(notes), listing.sha256)


def _no_bundle(path: Path, why: Exception) -> str:
    return f"{path} is no evidence bundle of mekiki as it was exported, or a damaged one ({why}); ask for another copy."


def verify(path: Path) -> list[str]:
    """Return what is wrong with a bundle, one sentence each; [] is whole. Raises BadBundle."""
    return list(examine(path).faults)


def _sums_differ(bundle: Reader, sums: str, deleted: Collection[str] = ()) -> Iterator[str]:
    """Compare a listing with the files beside it and below; what was deleted on purpose may be missing."""
    folder = sums.removesuffix(bundles.SUMS)
    lines = bundle.get(sums, MAX_JSON_BYTES).decode("utf-8", "replace").splitlines()
    listed = {folder + name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    held = {name for name in bundle.packed if name.startswith(folder)} - {sums}
    yield from (f"{name} is listed in {sums} and missing." for name in sorted(listed.keys() - held - set(deleted)))
    yield from (f"{name} is not listed in {sums}." for name in sorted(held - listed.keys()))
    for name in sorted(held & listed.keys()):
        if bundle.packed[name].sha256 != listed[name]:
            yield f"{name} was changed: its sha256 is not the one in {sums}."


def _captures_differ(bundle: Reader, said: Any, chains: Any, log: Any) -> Iterator[str]:
    links = {link[0]: link[2] for chain in chains for link in chain["links"]}
    deleted = custody.deleted(log["entries"])
    for capture in said:
        name = f"capture {capture['uuid']} ({capture['url']})"
        for sha256 in bundles.bodies_of(_capture(capture)):
            body = bundle.packed.get(f"{bundles.BODIES}{sha256}")
            if body is None and capture["uuid"] in deleted:
                continue  # by retention; the custody log says when
            if body is None or body.sha256 != sha256:
                yield f"{name}: its body is missing or was changed."
        if captures.seal(_capture(capture)) != capture["hash"]:
            yield f"{name}: its request, address, time, status, headers or hashes were changed."
        if links.get(capture["uuid"]) != capture["hash"]:
            yield f"{name}: it is not in the chain of its sweep."


def _confirmed_differ(said: Any) -> Iterator[str]:
    """Compare each capture that says a body still stands with the one that brought the body."""
    brought = {capture["hash"]: capture for capture in said}
    for capture in said:
        other = brought.get(capture.get("confirms"))
        if other and (other["url"], other["body_sha256"]) != (capture["url"], capture["body_sha256"]):
            yield f"capture {capture['uuid']} ({capture['url']}): it confirms a capture of something else."


def _chains_differ(chains: Any) -> Iterator[str]:
    for chain in chains:
        previous = captures.FIRST_HASH
        for uuid, before, own in chain["links"]:
            if before != previous:
                yield f"sweep {chain['sweep_id']}: the chain is broken before capture {uuid}."
            previous = own


def _custody_differs(log: Any) -> Iterator[str]:
    follows = dict(zip(log["chain"], [log["before"], *log["chain"]], strict=False))
    for entry in log["entries"]:
        name = f"the custody entry of {entry['at']} ({entry['action']} {entry['subject']})"
        said = {key: value for key, value in entry.items() if key != "hash"}
        if custody.seal(said) != entry["hash"]:
            yield f"{name} was changed."
        elif follows.get(entry["hash"]) != entry["previous_hash"]:
            yield f"{name} does not stand where it says in the log."


def _collections_differ(bundle: Reader, said: Any) -> Iterator[str]:
    """Compare what was collected when a case was opened with its own listing, and with the captures as they are now."""
    now = {capture["uuid"]: capture for capture in said}
    deleted = custody.deleted(_json(bundle, bundles.CUSTODY)["entries"], "files")
    for sums in sorted(name for name in bundle.packed if name.startswith("collected/") and name.endswith(bundles.SUMS)):
        yield from _sums_differ(bundle, sums, deleted)
        for capture in _json(bundle, sums.removesuffix(bundles.SUMS) + bundles.CAPTURES):
            if now.get(capture["uuid"]) != capture:
                yield f"capture {capture['uuid']} ({capture['url']}) is not what was collected."


def _archive_differs(bundle: Reader, said: Any) -> Iterator[str]:
    """Write the archive anew from what the captures say; every byte of it must be the same."""
    deleted = custody.deleted(_json(bundle, bundles.CUSTODY)["entries"])
    kept = [capture for capture in said if capture["uuid"] not in deleted]
    if bundles.ARCHIVE not in bundle.packed:
        if kept:
            yield f"{bundles.ARCHIVE} is missing."
        return
    try:
        packed = sealed_zip.read_within(bundle, bundles.ARCHIVE)
    except NotSealed as damaged:
        yield f"{bundles.ARCHIVE}: {damaged}."
        return
    yield from (f"{bundles.ARCHIVE}: {fault}" for fault in packed.faults)
    for resource in json.loads(packed.get("datapackage.json", MAX_JSON_BYTES))["resources"]:
        one = packed.packed.get(resource["path"])
        if one is None or f"sha256:{one.sha256}" != resource["hash"]:
            yield f"{bundles.ARCHIVE}: {resource['path']} is not what its datapackage.json says."
    anew = _Hash()
    with bundle.path.open("rb") as file:
        warc.write(anew, [_capture(one) for one in kept], lambda sha256: _body(bundle, sha256, file))
    if packed.packed[wacz.ARCHIVE].sha256 != anew.sha256.hexdigest():
        yield f"{bundles.ARCHIVE}: {wacz.ARCHIVE} {_why_another(packed)}."


def _why_another(packed: Reader) -> str:
    """Return in what way an archive is not what this program writes of the same captures."""
    with packed.path.open("rb") as file:
        file.seek(packed.packed[wacz.ARCHIVE].start)
        writer = re.search(rb"\r\nwriter: (\d{1,9})\r\n", file.read(4096))
    if writer is not None and writer[1].decode() != warc.WRITER:
        return (
            f"was written in form {writer[1].decode()}, and this program only compares form {warc.WRITER}; "
            "verify it with the version of mekiki that exported it"
        )
    return f"says other things than {bundles.CAPTURES} and {bundles.BODIES}"


def _stamps(bundle: Reader, chains: Any, roots: Sequence[x509.Certificate]) -> Iterator[tuple[bool, str]]:
    """Yield what each timestamp says, and whether that is a fault."""
    rows = _json(bundle, bundles.STAMPS_LIST)
    ends = {link[2] for chain in chains for link in chain["links"]} | {captures.FIRST_HASH}
    for row in rows:
        document = bundle.get(row["document"], MAX_JSON_BYTES)
        if row["document"].startswith(bundles.STAMPS) and json.loads(document)["last_hash"] not in ends:
            yield True, f"{row['document']}: the chain it speaks of is not in {bundles.CHAIN}."
        if row["token"] is None:
            yield False, f"{row['asked']} has not stamped {row['document']} yet: {row['says']}"
            continue
        try:
            stamp = tokens.check(bundle.get(row["token"], MAX_TOKEN_BYTES), document, roots)
        except Unreadable as odd:
            yield False, f"{row['token']}: {odd}"
        except NotStamped as no:
            yield True, f"{row['token']}, for {row['document']}: {no}"
        else:
            trust = (
                "" if stamp.is_trusted else "; whether that is who it says, only its certificate from elsewhere shows"
            )
            yield False, f"{row['document']} existed at {stamp.at.isoformat()}, says {stamp.authority}{trust}."
    if not rows:
        yield False, "No authority has stamped it: when it was made, only its maker says."


def _capture(said: Mapping[str, Any]) -> Capture:
    fields = {name: value for name, value in said.items() if name != "fetched_at"}
    return Capture(**fields, fetched_at=datetime.fromisoformat(said["fetched_at"]))


def _json(bundle: Reader, name: str) -> Any:
    return json.loads(bundle.get(name, MAX_JSON_BYTES))


class _Hash:
    """A file that keeps nothing of what is written to it but its hash."""

    def __init__(self) -> None:
        self.sha256, self._at = hashlib.sha256(), 0

    def write(self, chunk: bytes, /) -> None:
        self.sha256.update(chunk)
        self._at += len(chunk)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing waits."""


class _Part(io.RawIOBase):
    """A stretch of a file, read as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._at, self._end = file, start, start + size

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        self._file.seek(self._at)
        chunk = self._file.read(left if size < 0 else min(size, left))
        self._at += len(chunk)
        return chunk


def _body(bundle: Reader, sha256: str, file: BinaryIO) -> Any:
    one = bundle.packed[f"{bundles.BODIES}{sha256}"]
    return _Part(file, one.start, one.size)
