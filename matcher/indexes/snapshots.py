"""Generations of an index on disk: arrays that are mapped, never changed, and checked when they are opened.

A generation is a folder: a file for each array, and a manifest with what it holds and a SHA-256 of each. It is written
aside, flushed to the disk and renamed; the file that points to it is renamed last. So a kill leaves the old generation
or the new one, whole. Nothing here is the truth: what cannot be read is built again.

Every byte is read when a generation is opened, but for large files that some process found whole within an hour and
that nobody touched since: a process that starts every few minutes need not read gigabytes each time.
"""

import errno
import hashlib
import json
import math
import mmap
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from config import clock
from config.errors import MekikiError

Array = NDArray[Any]
Whole = tuple[float, tuple[int, ...]]  # when a file was found whole, and what `_touched` said of it

FORMAT = 1  # raise it when arrays change their meaning; older generations are then built again
POINTER, MANIFEST, LOCK, CHECKED = "current", "manifest.json", "writer.lock", "checked"
LARGE_BYTES = 1 << 22  # read in milliseconds; smaller files are checked each time
CHECKED_FOR_S = 3600.0
SETTLED_S = 2.0  # a file that was touched so short a time ago may be touched again without getting another time
NAME, ASIDE = "generation-", "aside-"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SnapshotDamaged(MekikiError):
    """A generation on disk is not what was written."""


class SnapshotNotWritten(MekikiError):
    """A new generation could not be written; the one before stays in use."""

    permanent = False


class SnapshotBusy(SnapshotNotWritten):
    """Another process is writing a generation of the same index."""


@dataclass(frozen=True)
class Pieces:
    """An array that comes piece by piece, so that nobody has to hold all of it."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    pieces: Iterable[Array]  # whose items, one after another, are those of the array


@dataclass(frozen=True)
class Snapshot:
    """One generation, opened."""

    generation: int
    covers: int  # how far the truth had come that went into it, as the writer counted
    made_at: str  # ISO 8601, UTC
    arrays: Mapping[str, Array]  # read-only, mapped

    @property
    def bytes_mapped(self) -> int:
        """Return the bytes of all arrays; one copy of them serves every process."""
        return sum(array.nbytes for array in self.arrays.values())


@dataclass(frozen=True)
class Summary:
    """What a generation says of itself, without opening it."""

    generation: int
    made_at: datetime
    bytes_on_disk: int
    covers: int  # as in Snapshot


class Snapshots:
    """The generations of one index, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._whole = 0  # the last generation that was opened or written here

    def current(self) -> int:
        """Return the generation in use; 0 when there is none. Raises SnapshotDamaged when the pointer to it is."""
        try:
            name, told = (self.folder / POINTER).read_bytes().split(b"\n")
        except FileNotFoundError:
            return max(self._known(), default=0)  # killed before the first one was pointed to
        except (OSError, ValueError) as unreadable:
            raise _damaged(self.folder / POINTER, "cannot be read") from unreadable
        if hashlib.sha256(name).hexdigest().encode() != told:
            raise _damaged(self.folder / POINTER, "is not what was written")
        return int(name.removeprefix(NAME.encode()))

    def newest(self) -> tuple[Snapshot | None, list[str]]:
        """Return the newest generation that is whole, and a sentence about each that is not; None: build it anew."""
        damages: list[str] = []
        current = 0
        try:
            current = self.current()
        except SnapshotDamaged as damaged:
            damages.append(str(damaged))
        others = sorted(self._known() - {current}, reverse=True)
        for generation in [current, *others] if current else others:
            try:
                return self.opened(generation), damages
            except SnapshotDamaged as damaged:
                damages.append(str(damaged))
        return None, damages

    def summary(self) -> Summary | None:
        """Return what the generation in use says of itself, its arrays unread; None when there is none. Raises
        SnapshotDamaged."""
        generation = self.current()
        if not generation:
            return None
        manifest = _manifest(self.folder / f"{NAME}{generation}", generation)
        files = manifest["files"]
        return Summary(
            generation,
            datetime.fromisoformat(manifest["made_at"]),
            sum(int(facts["bytes"]) for facts in files.values()),
            int(manifest["covers"]),
        )

    def array(self, name: str) -> Array | None:
        """Return one array of the generation in use, checked; None when it has none of this name, or there is no
        generation. Raises SnapshotDamaged."""
        generation = self.current()
        if not generation:
            return None
        folder = self.folder / f"{NAME}{generation}"
        facts = _manifest(folder, generation)["files"].get(name)
        return None if facts is None else _mapped(folder / name, facts)

    def opened(self, generation: int) -> Snapshot:
        """Return a generation, checked. Raises SnapshotDamaged."""
        folder = self.folder / f"{NAME}{generation}"
        manifest = _manifest(folder, generation)
        known, found, arrays = self._checked(), dict[str, Whole](), dict[str, Array]()
        for name, facts in manifest["files"].items():
            path, key = folder / name, f"{folder.name}/{name}"
            touched = _touched(path)  # before it is read
            is_known = key in known and known[key][1] == touched
            arrays[name] = _sized(path, facts) if is_known else _mapped(path, facts)
            if facts["bytes"] >= LARGE_BYTES:
                found[key] = known[key] if is_known else (clock.now().timestamp(), touched)
        if found != known:
            self._note(found)
        self._whole = generation
        return Snapshot(generation, int(manifest["covers"]), str(manifest["made_at"]), arrays)

    def write(self, arrays: Iterable[tuple[str, Array | Pieces]], covers: int) -> Snapshot:
        """Store a new generation durably and return it, mapped; all others but one to fall back to are removed.

        Raises SnapshotNotWritten when the disk is full or the folder cannot be written to, SnapshotBusy when somebody
        else is writing; what was there stays.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=0):
                return self._written(arrays, covers)
        except Timeout as busy:
            raise SnapshotBusy(
                f"Another process is writing the index in {self.folder}; try again when it is done."
            ) from busy
        except OSError as failed:
            why = "the disk is full: make room" if failed.errno in FULL else f"{failed.strerror}"
            raise SnapshotNotWritten(
                f"The index in {self.folder} could not be written, {why}; the generation before stays in use."
            ) from failed

    def _written(self, arrays: Iterable[tuple[str, Array | Pieces]], covers: int) -> Snapshot:
        for left in self.folder.glob(f"{ASIDE}*"):  # by somebody who was killed
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        generation = max(self._known(), default=0) + 1
        aside, folder = self.folder / f"{ASIDE}{generation}", self.folder / f"{NAME}{generation}"
        try:
            aside.mkdir()
            files = {name: _stored(aside / name, array) for name, array in arrays}
            body = json.dumps(
                {"format": FORMAT, "generation": generation, "covers": covers,
                 "made_at": clock.now().isoformat(), "files": files}
            )  # fmt: skip
            _put(aside / MANIFEST, [f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}".encode()])
            _flushed(aside)
            aside.rename(folder)
            _flushed(self.folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        name = folder.name.encode()
        _put(self.folder / f"{ASIDE}{POINTER}", [name, b"\n", hashlib.sha256(name).hexdigest().encode()])
        (self.folder / f"{ASIDE}{POINTER}").rename(self.folder / POINTER)
        _flushed(self.folder)
        # One that is known to be whole stays, to fall back to. Whoever has another one mapped keeps it.
        before = self._whole or max(self._known() - {generation}, default=0)
        for old in self._known() - {generation, before}:
            shutil.rmtree(self.folder / f"{NAME}{old}", ignore_errors=True)
        self._whole = generation
        manifest = _manifest(folder, generation)
        mapped = {name: _view(folder / name, facts) for name, facts in manifest["files"].items()}
        return Snapshot(generation, covers, str(manifest["made_at"]), mapped)

    def _checked(self) -> dict[str, Whole]:
        """Return the large files that were found whole within an hour."""
        try:
            told = json.loads((self.folder / CHECKED).read_bytes())
            files = {str(name): (float(at), tuple(map(int, touched))) for name, (at, touched) in told.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
        now = clock.now().timestamp()
        return {name: each for name, each in files.items() if 0 <= now - each[0] < CHECKED_FOR_S}

    def _note(self, found: Mapping[str, Whole]) -> None:
        """Tell other processes which files are whole, but for those that somebody touched just now."""
        settled = {name: each for name, each in found.items() if max(each[1][2:]) < (each[0] - SETTLED_S) * 1e9}
        aside = self.folder / f"{CHECKED}.{os.getpid()}.{threading.get_ident()}"
        try:
            aside.write_text(json.dumps(settled))
            aside.rename(self.folder / CHECKED)
        except OSError:  # then they are read again next time
            aside.unlink(missing_ok=True)

    def _known(self) -> set[int]:
        """Return the generations whose folders are there."""
        names = (path.name.removeprefix(NAME) for path in self.folder.glob(f"{NAME}*"))
        return {int(name) for name in names if name.isdecimal()}


def _manifest(folder: Path, generation: int) -> dict[str, Any]:
    try:
        told, _, body = (folder / MANIFEST).read_bytes().partition(b"\n")
    except OSError as missing:
        raise _damaged(folder / MANIFEST, "cannot be read") from missing
    if hashlib.sha256(body).hexdigest().encode() != told:
        raise _damaged(folder / MANIFEST, "is not what was written")
    manifest: dict[str, Any] = json.loads(body)
    if manifest["format"] != FORMAT or manifest["generation"] != generation:
        raise _damaged(folder / MANIFEST, "is of another format or generation")
    return manifest


def _mapped(path: Path, facts: Mapping[str, Any]) -> Array:
    """Return an array, checked."""
    array = _sized(path, facts)
    if hashlib.sha256(array.reshape(-1).view(np.uint8).data).hexdigest() != facts["sha256"]:
        raise _damaged(path, "is not what was written")
    return array


def _sized(path: Path, facts: Mapping[str, Any]) -> Array:
    """Return an array whose file has the right size."""
    try:
        if path.stat().st_size != facts["bytes"]:
            raise _damaged(path, "is cut short" if path.stat().st_size < facts["bytes"] else "is too long")
        return _view(path, facts)
    except OSError as missing:
        raise _damaged(path, "cannot be read") from missing


def _touched(path: Path) -> tuple[int, ...]:
    """Return numbers that change when somebody touches a file; none when there is no such file."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _view(path: Path, facts: Mapping[str, Any]) -> Array:
    """Return an array that reads from the file; nothing is copied."""
    kind, shape = np.dtype(facts["dtype"]), tuple(facts["shape"])
    if not facts["bytes"]:
        return np.zeros(shape, kind)  # nothing cannot be mapped
    with path.open("rb") as file:
        return np.frombuffer(mmap.mmap(file.fileno(), facts["bytes"], access=mmap.ACCESS_READ), kind).reshape(shape)


def _stored(path: Path, array: Array | Pieces) -> dict[str, Any]:
    """Write an array through to the disk and return what the manifest says of it."""
    told, size = hashlib.sha256(), math.prod(array.shape) * array.dtype.itemsize

    def hashed() -> Iterator[memoryview]:
        for piece in array.pieces if isinstance(array, Pieces) else [array]:
            content = np.ascontiguousarray(piece, array.dtype).reshape(-1).view(np.uint8).data
            told.update(content)
            yield content

    if _put(path, hashed()) != size:
        raise ValueError(f"the pieces of {path.name} are not as many as its shape says")
    return {"dtype": array.dtype.str, "shape": list(array.shape), "bytes": size, "sha256": told.hexdigest()}


def _put(path: Path, chunks: Iterable[bytes | memoryview]) -> int:
    """Write through to the disk and return how many bytes there were."""
    # Written, not mapped: a full disk is then an error, not a signal that ends the process.
    with path.open("wb") as out:
        size = sum(out.write(chunk) for chunk in chunks)
        out.flush()
        os.fsync(out.fileno())
    return size


def _flushed(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path, how: str) -> SnapshotDamaged:
    return SnapshotDamaged(f"The file {path} of the index {how}; an older generation is used, or it is built again.")
