"""What a person sees of a medium, made in a decoding child: one JPEG, or a small film that every browser plays."""

import os
import tempfile
from pathlib import Path

from fingerprints.decode import shared
from fingerprints.limits import Limits
from fingerprints.sniff import Unreadable

__all__ = ["Unreadable", "preview", "proxy"]


def preview(path: Path, limits: Limits, *, at_s: float = 0.0, long_side_px: int = 1024) -> bytes:
    """Return a JPEG of a picture, or of what a film shows `at_s` seconds after its start. Raises Unreadable."""
    error, jpeg = shared(limits).ask(path, "preview", at_s=at_s, long_side_px=long_side_px)
    if error is not None:
        raise Unreadable(error)
    return jpeg


def proxy(path: Path, out: Path, limits: Limits, *, long_side_px: int = 480) -> None:
    """Write a small WebM (VP8, Opus) of a film or a sound to `out`, whole or not at all. Raises Unreadable."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=".part-", suffix=".webm")
    os.close(handle)
    part = Path(name)
    try:
        error, _ = shared(limits).ask(path, "proxy", out=str(part.absolute()), long_side_px=long_side_px)
        if error is not None:
            raise Unreadable(error)
        part.chmod(0o640)
        part.rename(out)
    finally:
        part.unlink(missing_ok=True)
