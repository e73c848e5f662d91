"""Another process that writes into a home's database, and waits a second at most for whoever holds its lock."""

import subprocess
import sys

WAITS_S = 1.0
_WRITES = """
import sys
from sqlalchemy import create_engine, text
waits = {"timeout": float(sys.argv[2])} if sys.argv[1].startswith("sqlite") else {}
with create_engine(sys.argv[1], connect_args=waits).begin() as there:
    there.execute(text("INSERT INTO job_runs (uuid, job, started_at, finished_at, rows) "
                       "VALUES (:uuid, 'meanwhile', '2026-11-22', '2026-11-22', 0)"), {"uuid": sys.argv[3]})
"""


def command(url: str, uuid: str = "meanwhile") -> list[str]:
    """Return the command that writes one row; it fails where the lock is held."""
    return [sys.executable, "-c", _WRITES, url, str(WAITS_S), uuid]


def elsewhere(url: str) -> subprocess.CompletedProcess[str]:
    """Write from another process now, and return how that ended."""
    return subprocess.run(command(url), capture_output=True, text=True, check=False)
