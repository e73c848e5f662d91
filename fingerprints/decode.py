"""Decodes hostile files in children with limits, on all cores, and keeps going when one of them dies.

Nothing here opens a picture or a film: this is the parent's side. The child's side is `fingerprints.decoder`.
"""

import atexit
import contextlib
import itertools
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from config.errors import MekikiError
from config.settings import Settings
from fingerprints import packing, wire
from fingerprints.interface import Depth, Description, Watch, Watched
from fingerprints.limits import Limits
from fingerprints.wire import BrokenMessage

__all__ = ["Describer", "Limits", "describe_file", "limits_of", "shared"]

AHEAD = 4  # files begun or waiting, per child, beyond the one whose turn it is
MOST_FILES = 500  # of one child; then a fresh one, so that neither leaks nor a hostile file stay for long
STARTING_S = 120.0  # how long a child may take to start on a machine that is busy
LEAVING_S = 2.0  # how long a child may take to leave by itself
CLOSED = "this Describer is closed"
_Answer = tuple[dict[str, Any], bytes]
_Task = tuple[Future[_Answer], dict[str, Any]]
FIRST, NEXT, LAST = 0, 1, 2  # turns: what somebody waits for, what is described ahead of its turn, the end


def limits_of(settings: Settings) -> Limits:
    """Return the limits a home sets in [decode]."""
    return Limits(**settings.decode.model_dump())


class DecoderBroken(MekikiError):
    """No decoding child can be started: a fault of this installation, not of any file."""

    permanent = False


class ChildDied(Exception):
    """The child ended, or had to be ended, before it answered."""


class _Child:
    """One long-lived decoding process; it takes one request at a time."""

    def __init__(self, limits: Limits, kinds: str) -> None:
        self._timeout_s = limits.timeout_s
        self._is_ready = False
        self.files = 0  # opened so far
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fingerprints.decoder", json.dumps(asdict(limits)), kinds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what codecs grumble about; the sentence comes in the answer
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the parent, which closes its children in order
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout

    def start(self) -> None:
        """Wait until a new process is ready. Raises DecoderBroken, so that no file is blamed for our own fault."""
        if self._is_ready:
            return
        try:
            error = self._receive(time.monotonic() + STARTING_S)[0].get("error")
        except ChildDied as died:
            error = str(died)
        if error is not None:
            self.kill()
            raise DecoderBroken(f"The decoder cannot start ({error}); run `mekiki doctor` or install mekiki again.")
        self._is_ready = True

    def is_alive(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> _Answer:
        """Return the answer to one request. Raises ChildDied."""
        self.files += 1
        with contextlib.suppress(BrokenPipeError):  # it has gone; reading its answer says how
            self._questions.write(json.dumps(request).encode("ascii") + b"\n")
            self._questions.flush()
        return self._receive(time.monotonic() + self._timeout_s)

    def _receive(self, deadline: float) -> _Answer:
        try:
            return wire.receive(lambda count: _read(self._answers.fileno(), count, deadline))
        except TimeoutError as slow:
            self.kill()
            raise ChildDied(f"it took longer than {self._timeout_s:g} s (decode.timeout_s)") from slow
        except EOFError as gone:
            self.kill()
            raise ChildDied(_cause_of_death(self._process.returncode)) from gone
        except BrokenMessage as garbled:
            self.kill()
            raise ChildDied("the decoder answered with something it was not asked for") from garbled

    def interrupt(self) -> None:
        """End the process while another thread waits for its answer; that thread clears up."""
        self._process.kill()

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def leave(self) -> None:
        """Let an idle process end by itself."""
        self._close_pipes()
        try:
            self._process.wait(LEAVING_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _close_pipes(self) -> None:
        for pipe in (self._questions, self._answers):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


ROOT = str(Path(__file__).parents[1])


def _environment() -> dict[str, str]:
    """Return all that a child learns of our environment: no secret can leak from one that never had it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    path = os.pathsep.join([ROOT, *filter(None, sys.path)])  # the folder a child starts in is no place for imports
    return kept | {
        "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",  # one child per core
    }  # fmt: skip


def _read(pipe: int, count: int, deadline: float) -> bytes:
    """Return exactly `count` bytes. Raises TimeoutError and EOFError."""
    poll = select.poll()  # not select(): it cannot watch descriptors above 1024
    poll.register(pipe, select.POLLIN)
    pieces = bytearray()
    while len(pieces) < count:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise TimeoutError
        piece = os.read(pipe, min(count - len(pieces), 1 << 20))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)


def _cause_of_death(code: int) -> str:
    return f"the decoder was ended by signal {-code}" if code < 0 else f"the decoder left with code {code}"


class Describer:
    """A pool of decoding children, started when first needed and kept until closed; threads may share it.

    A closer watch, a preview or a copy to play is begun before every file that waits to be described.
    """

    def __init__(self, limits: Limits, *, kinds: str = "fingerprints.kinds") -> None:
        self.limits = limits
        self.workers = limits.workers or os.cpu_count() or 1
        self._kinds = kinds  # the module whose picture_kinds(), film_kinds(), seen_kinds() and so on children use
        self._tasks: queue.PriorityQueue[tuple[int, int, _Task | None]] = queue.PriorityQueue()
        self._number = itertools.count()  # of tasks; of the same turn, the first come is the first served
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._is_closed = False

    def __enter__(self) -> "Describer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def describe(
        self, paths: Iterable[Path], *, depth: Depth, also: Sequence[str] = ()
    ) -> Iterator[tuple[Path, Description]]:
        """Yield every path with its description, in the order given, while all children work ahead.

        `depth` says how deeply films are described; pictures and sounds are the same at every depth. `also` names the
        exchange kinds that are wanted of pictures; ask `kinds.exchange` first whether they exist.
        """
        rest = iter(paths)
        waiting: deque[tuple[Path, Future[_Answer]]] = deque()

        asked = {"depth": depth, "also": list(also)}

        def begin(count: int) -> None:
            waiting.extend((path, self._begin("describe", path, **asked)) for path in itertools.islice(rest, count))

        try:
            begin(self.workers * AHEAD)
            while waiting:
                path, future = waiting.popleft()
                yield path, _description(*future.result())
                begin(1)
        finally:
            for _, future in waiting:
                future.cancel()

    def watch(self, path: Path, watches: Sequence[Watch]) -> Watched:
        """Return what stretches of a film show on every frame; the seconds are those of its description."""
        head, body = self._begin("watch", path, watches=[packing.watch_row(each) for each in watches]).result()
        try:
            return packing.watched_from_message(head, body, watches)
        except packing.Misshapen as wrong:
            return Watched(str(wrong), ())

    def ask(self, path: Path, do: str, **more: Any) -> tuple[str | None, bytes]:
        """Have one child do one thing with one file; return its error, one sentence or None, and what it made."""
        head, body = self._begin(do, path, **more).result()
        error = head.get("error")
        return (None if error is None else str(error)), body

    def close(self) -> None:
        """End every child, also the ones at work; nothing can be described afterwards."""
        with self._lock:
            self._is_closed = True
            idle, busy = self._idle, list(self._busy)
            self._idle = []
            for _ in self._threads:
                self._tasks.put((LAST, next(self._number), None))
        for child in busy:
            child.interrupt()
        for child in idle:
            child.leave()
        for thread in self._threads:
            thread.join(LEAVING_S)

    def _begin(self, do: str, path: Path, **more: Any) -> Future[_Answer]:
        future: Future[_Answer] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError(CLOSED)
            task = future, {"do": do, "path": str(path.absolute())} | more
            self._tasks.put((NEXT if do == "describe" else FIRST, next(self._number), task))
            if len(self._threads) < self.workers:
                # Daemons, because Python waits for all others before it lets `close` end the children they wait for.
                self._threads.append(threading.Thread(target=self._work, name="describer", daemon=True))
                self._threads[-1].start()
        return future

    def _work(self) -> None:
        while (task := self._tasks.get()[2]) is not None:
            future, request = task
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._ask(request))
                except BaseException as failed:  # noqa: BLE001  handed to whoever waits for the answer
                    future.set_exception(failed)

    def _ask(self, request: dict[str, Any]) -> _Answer:
        child = self._take()
        try:
            child.start()
            return child.ask(request)
        except ChildDied as died:
            if self._is_closed:  # we ended it ourselves: the file is not to blame
                raise RuntimeError(CLOSED) from died
            return {"error": f"Decoding this file failed: {died}."}, b""
        finally:
            self._put_back(child)

    def _take(self) -> _Child:
        with self._lock:
            if self._is_closed:
                raise RuntimeError(CLOSED)
            child = self._idle.pop() if self._idle else None
            if child is None or not child.is_alive():
                child = _Child(self.limits, self._kinds)
            self._busy.add(child)
            return child

    def _put_back(self, child: _Child) -> None:
        with self._lock:
            self._busy.discard(child)
            is_kept = child.is_alive() and child.files < MOST_FILES and not self._is_closed
            if is_kept:
                self._idle.append(child)
        if not is_kept:
            child.leave()


def _description(head: dict[str, Any], body: bytes) -> Description:
    try:
        return packing.from_message(head, body)
    except packing.Misshapen as wrong:
        return Description(None, {}, str(wrong))


_shared: dict[tuple[int, Limits], Describer] = {}
_shared_lock = threading.Lock()


def shared(limits: Limits) -> Describer:
    """Return this process's own pool for these limits; its children live until the process ends."""
    with _shared_lock:
        key = (os.getpid(), limits)  # a forked copy of this process must not talk to its parent's children
        if key not in _shared:
            _shared[key] = Describer(limits)
            atexit.register(_shared[key].close)
        return _shared[key]


def describe_file(path: Path, limits: Limits, *, depth: Depth) -> Description:
    """Return the description of one file, made by a child of the shared pool."""
    return next(shared(limits).describe([path], depth=depth))[1]
