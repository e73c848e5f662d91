"""A decoding child: `python -m fingerprints.decoder LIMITS KINDS`. Reads requests on stdin, answers on the stdout it
was born with and ends when stdin ends.

Everything hostile is opened here and nowhere else. Pixels never leave; only vectors, facts and the previews a person
asked for do.
"""

import contextlib
import ctypes
import functools
import importlib
import json
import os
import queue
import resource
import stat
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from fingerprints import kinds as fingerprint_kinds
from fingerprints import packing, pictures, screening, sniff, views, watching, wire
from fingerprints.interface import Depth, Description, PictureKind, Vectors
from fingerprints.limits import Limits
from fingerprints.sniff import Format, Unreadable

NICENESS = 10  # decoding gives way to whoever waits in front of a screen
MAX_OPEN_FILES = 64
MAX_WRITTEN_BYTES = 4 << 30  # of one proxy
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
GRACE_S = 30  # of processor time beyond the file's own, before the kernel ends a child nobody watches any more


def main(arguments: list[str]) -> None:
    """Serve requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak between two answers
    limits = Limits(**json.loads(arguments[0]))
    try:
        kinds = importlib.import_module(arguments[1])
        _restrict(limits)
    except Exception as fault:  # noqa: BLE001  told to the parent, which stops: no file is to blame
        wire.send(answers, {"error": f"{type(fault).__name__}: {fault}"})
        sys.exit(1)
    wire.send(answers, {"error": None})
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = requests.get()
        _allow_processor_time(limits)
        head, blocks = _answer(request, limits, kinds)
        wire.send(answers, head, blocks)


def _listen(stdin: BinaryIO, requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """Queue what the parent asks; leave at once when the parent is gone, also in the middle of a file."""
    for line in stdin:
        requests.put(json.loads(line))
    os._exit(0)


def _restrict(limits: Limits) -> None:
    size = _own_bytes() + (limits.memory_mb << 20)
    for what, most in (
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_CORE, 0),  # a dump would hold pixels
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_FSIZE, MAX_WRITTEN_BYTES),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS; a lower hard limit is as good
            resource.setrlimit(what, (most, most))
    os.nice(NICENESS)
    _leave_the_network()


def _own_bytes() -> int:
    """Return the address space that the libraries take before any file is opened; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text("ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _leave_the_network() -> None:
    """Put this process into a network of its own, with nobody in it, where the system allows that (Linux)."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    if unshare is not None:
        unshare(CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER)


def _allow_processor_time(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime + limits.timeout_s + GRACE_S)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or until < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _answer(request: dict[str, Any], limits: Limits, kinds: ModuleType) -> tuple[dict[str, Any], list[bytes]]:
    path = Path(request["path"])
    try:
        form = _format(path)
        if request["do"] == "preview":
            at_s, long_side_px = float(request["at_s"]), int(request["long_side_px"])
            return {"error": None}, [views.preview(path, form, limits, at_s=at_s, long_side_px=long_side_px)]
        if request["do"] == "proxy":
            views.proxy(path, form, limits, out=Path(request["out"]), long_side_px=int(request["long_side_px"]))
            return {"error": None}, []
        if request["do"] == "watch":
            return packing.watched_to_message(_watched(path, form, limits, kinds, request["watches"]))
        return packing.to_message(_described(path, form, limits, kinds, request))
    except Unreadable as unreadable:
        return {"error": str(unreadable)}, []
    except MemoryError:
        return {"error": f"This file needs more than {limits.memory_mb} MB to decode (decode.memory_mb)."}, []
    except OSError as failed:
        return {"error": f"This file cannot be opened ({failed.strerror or failed})."}, []
    except Exception as fault:  # noqa: BLE001  style.md 23: here a job is run; the fault is recorded against its file
        return {"error": f"Describing this file failed ({type(fault).__name__}: {fault}); please report it."}, []


def _format(path: Path) -> Format:
    if not stat.S_ISREG(path.stat().st_mode):
        raise Unreadable("This is not a file.")
    with path.open("rb") as file:
        return sniff.sniff(file.read(sniff.HEAD_BYTES))


def _described(path: Path, form: Format, limits: Limits, kinds: ModuleType, request: Mapping[str, Any]) -> Description:
    if form.family == "picture":
        facts, frame = pictures.read_picture(path, form, limits)
        pictured = _pictured(kinds, tuple(request["also"]))
        return Description(facts, {(kind.name, kind.version): kind.describe(frame) for kind in pictured})
    depth: Depth = request["depth"]
    films = fingerprint_kinds.filmed(depth, films=kinds.film_kinds(), seen=kinds.seen_kinds())
    return screening.screen(path, form, limits, films=films, sounds=kinds.sound_kinds().values(), depth=depth)


def _watched(
    path: Path, form: Format, limits: Limits, kinds: ModuleType, rows: Sequence[Mapping[str, Any]]
) -> list[dict[tuple[str, int], Vectors]]:
    known = kinds.seen_kinds()
    seen = watching.watch(path, form, limits, [packing.watch_of(row) for row in rows], kinds=known)
    return [{(name, known[name].version): vectors for name, vectors in each.items()} for each in seen]


@functools.cache  # asking every installed distribution for its kinds takes 2 ms
def _pictured(kinds: ModuleType, also: tuple[str, ...]) -> tuple[PictureKind, ...]:
    return (*kinds.picture_kinds().values(), *(kinds.exchange(also) if also else ()))


if __name__ == "__main__":
    main(sys.argv[1:])
