"""What a child that meets hostile bytes takes along and what it gives up: memory, time, files, the network.

Nothing here is imported beyond the standard library, so that a child can confine itself before it loads anything else.
"""

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Any

MAX_OPEN_FILES = 64
_STARTS = frozenset({
    "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.forkpty", "pty.spawn",
    "socket.bind", "socket.sendto", "socket.sendmsg", "os.symlink", "os.link", "os.rename", "os.remove", "os.mkdir",
    "os.chmod", "os.chown",
})  # fmt: skip
_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Fenced(PermissionError):
    """Something wanted to leave by another way than the egress."""


def environment(folder: str) -> dict[str, str]:
    """Return all that a child learns of our environment: no secret can leak from one that never had it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    root = str(Path(__file__).parents[1])
    return kept | {
        "PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)]), "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_CACHE_HOME": folder, "YTDLP_NO_PLUGINS": "1",
    }  # fmt: skip


def restrict(*, memory_bytes: int, processor_s: int | None = None) -> None:
    """Give up memory beyond what the process takes now, processor time, files, and writing into any."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0]) if Path("/proc/self/statm").exists() else 0
    limits = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + memory_bytes,
        resource.RLIMIT_CPU: processor_s,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in limits.items():
        if most is not None:
            with contextlib.suppress(ValueError, OSError):  # a lower hard limit is as good
                resource.setrlimit(what, (most, most))


def fence(port: int | None) -> None:
    """Let nothing of this process connect anywhere but to the egress, look up names, start programs or write files.

    `port` is the egress's on this machine; None where there is none.
    """

    def judge(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and tuple(arguments[1])[:2] != ("127.0.0.1", port):
            raise Fenced(f"it wanted to connect to {arguments[1]} without the egress")
        if event in _LOOK_UPS and arguments[0] not in ("127.0.0.1", b"127.0.0.1"):
            raise Fenced(f"it wanted to look up {arguments[0]} without the egress")
        if event in _STARTS:
            raise Fenced(f"it wanted to do {event}")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            raise Fenced(f"it wanted to write {arguments[0]}")

    sys.addaudithook(judge)  # which cannot be taken away again
