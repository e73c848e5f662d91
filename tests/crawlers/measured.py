"""`python -m tests.crawlers.measured FILE WORDS...`: `mekiki WORDS...` in this very process, within limits.

Writes the most memory it ever held (VmHWM of /proc, in mebibytes) into FILE. The limit of address space is there so
that a test that fails does not take the machine with it.
"""

import re
import resource
import sys
from pathlib import Path

from dashboard.cli import main

ADDRESS_SPACE = 3 << 30
PROCESSOR_S = 300


def most_mebibytes() -> float:
    """Return the most memory this process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    target = Path(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    sys.argv = ["mekiki", *sys.argv[2:]]
    try:
        main()
    finally:
        target.write_text(f"{most_mebibytes():.1f}")
