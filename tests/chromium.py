"""The Chromium of the browser tests, the one mekiki itself would use; `python -m tests.chromium --install` gets one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from config.errors import MekikiError
from crawlers import chromium


def find() -> Path | None:
    """Return the Chromium that is here, None when there is none."""
    return chromium.find()


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield a running Chromium; in its sandbox where it can have one, for it sees nothing but our own pages."""
    path = find()
    if path is None:
        raise FileNotFoundError("no Chromium here; run `python -m tests.chromium --install`")
    wanted = ("--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required")
    with chromium.launched(path, *wanted) as browser:
        yield browser


if __name__ == "__main__":
    if sys.argv[1:] != ["--install"]:
        raise SystemExit("Say `python -m tests.chromium --install`.")
    try:
        sys.stdout.write(f"Chromium is at {chromium.install().path}.\n")
    except MekikiError as failed:
        raise SystemExit(str(failed)) from failed
