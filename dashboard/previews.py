"""Small safe pictures and films of stored media, made by a decoder with limits and kept in the home.

Crawled bytes are never served: what a browser gets was decoded and written anew here.
"""

import contextlib
import io
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from config import derived, log
from config.errors import MekikiError
from config.home import Home
from fingerprints import preview
from fingerprints.decode import Limits, limits_of

LONG_SIDES = {"thumb": 160, "large": 1400, "whole": 20_000}  # pixels
FILM_LONG_SIDE, MOMENT_LONG_SIDE = 640, 320
POSTER_AT_S = 1.0  # the first frame of a film is often black
_log = log.get(__name__)


class NoPreview(MekikiError):
    """A stored medium cannot be shown."""


def picture(home: Home, blob: str, size: str) -> Path:
    """Return the JPEG of a stored picture, or of one frame of a stored film; made on first use. Raises NoPreview."""
    path = derived.folder(home) / f"{blob}.{size}.jpg"
    if path.is_file():
        return path
    _needs(home, blob)
    limits = limits_of(home.settings)

    def write(out: Path) -> None:
        out.write_bytes(preview.preview(home.blobs.path(blob), limits, at_s=POSTER_AT_S, long_side_px=LONG_SIDES[size]))

    return made_of(home, blob, path, write)


def moment(home: Home, blob: str, at_s: float) -> Path:
    """Return the JPEG of what a stored film shows at a second; made on first use. Raises NoPreview."""
    path = derived.folder(home) / f"{blob}.{at_s:.0f}s.jpg"
    if path.is_file():
        return path
    _needs(home, blob)
    limits = limits_of(home.settings)

    def write(out: Path) -> None:
        out.write_bytes(preview.preview(home.blobs.path(blob), limits, at_s=at_s, long_side_px=MOMENT_LONG_SIDE))

    return made_of(home, blob, path, write)


def frame(path: Path, limits: Limits, at_s: float, long_side_px: int) -> Image.Image | None:
    """Return what a film shows at a second; None when that cannot be decoded: of many frames one may be lost."""
    try:
        jpeg = preview.preview(path, limits, at_s=max(0.0, at_s), long_side_px=long_side_px)
    except preview.Unreadable:
        return None
    return Image.open(io.BytesIO(jpeg))


class Films:
    """WebM copies for the two players. One is made at a time, in the background, as each takes a while."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="film")
        self._lock = threading.Lock()
        self._making: set[str] = set()
        self._failed: dict[str, str] = {}

    def film(self, blob: str) -> Path | None:
        """Return the WebM of a stored film; None while it is being made, which this starts. Raises NoPreview."""
        path = derived.folder(self._home) / f"{blob}.webm"
        if path.is_file():
            return path
        _needs(self._home, blob)
        with self._lock:
            if blob in self._failed:
                raise NoPreview(self._failed[blob])
            if blob not in self._making:
                self._making.add(blob)
                self._worker.submit(self._make, blob, path)
        return None

    def close(self) -> None:
        """Stop taking work; films not begun yet are made when next asked for."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _make(self, blob: str, path: Path) -> None:
        source, limits = self._home.blobs.path(blob), limits_of(self._home.settings)
        failure = "The film could not be prepared; look into the log of this home."
        try:
            made_of(
                self._home, blob, path,
                lambda out: preview.proxy(source, out, limits, long_side_px=FILM_LONG_SIDE),
            )  # fmt: skip
            failure = ""
        except MekikiError as unreadable:
            failure = str(unreadable)
        finally:
            with self._lock:
                self._making.discard(blob)
                if failure:
                    self._failed[blob] = failure
            if failure:
                _log.warning("film not prepared", blob=blob, error=failure)


def made_of(home: Home, blob: str, path: Path, write: Callable[[Path], object]) -> Path:
    """Have a file made of a blob; not when the blob was deleted meanwhile, for what shows it goes with it."""
    made(path, write)
    if not home.blobs.has(blob):
        path.unlink(missing_ok=True)
    _needs(home, blob)
    return path


def made(path: Path, write: Callable[[Path], object]) -> Path:
    """Have a file written beside and renamed, so that nobody is ever served half of it; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.rename(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return path


def _needs(home: Home, blob: str) -> None:
    if not home.blobs.has(blob):
        raise NoPreview("Only fingerprints of this medium are here; there is no picture to show.")
