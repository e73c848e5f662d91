"""Content-addressed files: bytes in, sha256 out. A stored blob is never changed and never overwritten."""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config import clock
from config.errors import MekikiError

CHUNK_BYTES = 1 << 20
STILL_NEW = timedelta(days=1)
_PART = ".part-"


class BlobMissing(MekikiError):
    """The database names a blob that the store does not hold."""


class DiskFull(MekikiError):
    """The disk that holds the blobs has no room left."""

    permanent = False


class BlobStore:
    """Blobs below one folder, as `ab/cd/<sha256>`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Return where the blob lies, or would lie; it need not exist."""
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str) -> bool:
        """Say whether the blob is stored."""
        return self.path(sha256).is_file()

    def put(self, content: bytes) -> str:
        """Store bytes durably and return their sha256 in hex; storing the same bytes twice keeps one copy."""
        return self.put_chunks([content])

    def put_file(self, path: Path) -> str:
        """Store a copy of a file and return its sha256 in hex; the file may be larger than memory."""
        return self.put_chunks(_chunks(path))

    def put_chunks(self, chunks: Iterable[bytes]) -> str:
        """Store the chunks as one blob: written aside, fsynced, then renamed, so a kill leaves no half blob."""
        with _full_disk_as_sentence(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.root, prefix=_PART)
            part = Path(name)
            try:
                digest = hashlib.sha256()
                with os.fdopen(handle, "wb") as out:
                    for chunk in chunks:
                        digest.update(chunk)
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                return self._settle(part, digest.hexdigest())
            finally:
                part.unlink(missing_ok=True)

    def get(self, sha256: str) -> bytes:
        """Return the blob's bytes. Raises BlobMissing."""
        try:
            return self.path(sha256).read_bytes()
        except FileNotFoundError as missing:
            raise BlobMissing(f"Blob {sha256} is not in {self.root}; restore it from a backup.") from missing

    def remove(self, sha256: str) -> bool:
        """Delete a blob that nothing needs any more; False when it was stored anew within the last day.

        Whoever stored it just now may not have written down yet that it is needed.
        """
        path = self.path(sha256)
        with contextlib.suppress(FileNotFoundError):
            if clock.now() - datetime.fromtimestamp(path.stat().st_mtime, UTC) < STILL_NEW:
                return False
            path.unlink()
        return True

    def tidy(self) -> None:
        """Delete what killed processes left half written more than a day ago."""
        oldest = clock.now() - STILL_NEW
        for part in self.root.glob(f"{_PART}*"):
            with contextlib.suppress(FileNotFoundError):  # somebody else tidies up
                if datetime.fromtimestamp(part.stat().st_mtime, UTC) < oldest:
                    part.unlink()

    def _settle(self, part: Path, sha256: str) -> str:
        final = self.path(sha256)
        if final.is_file():
            with contextlib.suppress(PermissionError):  # somebody else's file: it is there, which is what counts
                os.utime(final)  # stored again: see `remove`
            return sha256
        final.parent.mkdir(parents=True, exist_ok=True)
        part.chmod(0o440)
        part.rename(final)
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)
        return sha256


@contextlib.contextmanager
def _full_disk_as_sentence(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"No room left on the disk that holds {root}; free some space and run it again.") from error
        raise


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
