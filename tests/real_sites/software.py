"""The server software: installed into build/real-sites, started on a free port of loopback, ended by its process id.

`python -m tests.real_sites.software` installs it; nothing of it enters the project's own environment or its locks.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "real-sites"
PYTHON = BUILD / "venv" / "bin" / "python"
PACKAGES = BUILD / "players" / "node_modules"
PINNED = ("requirements.txt", "package.json", "package-lock.json")
INSTALLED = BUILD / "installed"  # holds the hash of what is pinned
SERVING = re.compile(r"\bport (\d+)|^(\d+)$")  # how the servers say where they listen


def install() -> None:
    """Install what is pinned, unless it is there already."""
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINNED)).hexdigest()
    if INSTALLED.is_file() and INSTALLED.read_text("ascii") == wanted:
        return
    if shutil.which("npm") is None:
        raise SystemExit("The players come from npm; install Node.js with npm and run this again.")
    shutil.rmtree(BUILD, ignore_errors=True)
    PACKAGES.parent.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", BUILD / "venv"], check=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
    for name in PINNED[1:]:
        shutil.copy(HERE / name, PACKAGES.parent)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=PACKAGES.parent, check=True)
    INSTALLED.write_text(wanted, "ascii")


@contextmanager
def running(*command: str | Path) -> Iterator[int]:
    """Run a server that says its port on its first line, until the block ends; yields the port."""
    server = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout is not None
    try:
        said = server.stdout.readline()
        found = SERVING.search(said.strip())
        assert found is not None, f"{command[2]} did not start: {said!r}"
        yield int(found[1] or found[2])
    finally:
        server.terminate()
        server.wait(timeout=30)
        server.stdout.close()


def django(name: str, folder: Path, drawn: Path) -> tuple[str | Path, ...]:
    """Return the command of one of tests/real_sites/servers, on a folder of its own."""
    folder.mkdir()
    return PYTHON, "-m", f"tests.real_sites.servers.{name}", folder, drawn


def files(folder: Path) -> tuple[str | Path, ...]:
    """Return the command of Python's own web server on a folder."""
    return sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder


if __name__ == "__main__":
    install()
