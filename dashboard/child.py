"""A command of mekiki in a process of its own: how several sweeps, the clock and the demo start their work."""

import sys

from config.home import Home


def command(home: Home, *words: str) -> list[str]:
    """Return the arguments that start `mekiki` with these words on this home, with the Python that runs now."""
    return [sys.executable, "-m", "dashboard.cli", "--home", str(home.path), *words]
