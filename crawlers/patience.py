"""How long one answer may be read: a page that takes longer is given up with a sentence, and the sweep goes on.

Most pages take a few milliseconds and are read where they arrive, so that they cost nothing more. A large one is read
in a child, and so is one that turns out to be slow: a parser in C listens to nobody, but the kernel ends a process.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from types import TracebackType

from config.errors import MekikiError
from crawlers import alarm, confined, reading, reading_wire, spiders
from crawlers.alarm import TooSlow
from crawlers.extract import Reader
from crawlers.reading import Said, Sheet
from crawlers.reading_child import NO_ROOM
from crawlers.sources import Source

# What is read where it arrives. Even a search whose time grows with the square of a page is done soon within these.
SMALL_BYTES = 512 << 10
FEW_TAGS = 10_000
QUICK_S = 0.3  # of processor time, that reading may hold everything else
MOST_S = 10.0  # of processor time, that a child may take; the largest honest pages and sitemaps take half of it
WHOLE_S = 120.0  # by the clock, on a machine that is busy
STARTING_S = 120.0
LEAVING_S = 2.0  # that a process may take to be gone once it says no more
MOST_SHEETS = 200  # of one child; then a fresh one, so that nothing a hostile page left in it stays for long


class ReaderBroken(MekikiError):
    """The child that reads costly pages cannot be started: a fault of this installation, not of any page."""

    permanent = False


class ChildDied(Exception):
    """The child ended, or had to be ended, over a sheet; str() says why."""


class Patience:
    """Reads the answers of one source, here or in a child; it is to be closed."""

    def __init__(self, source: Source, *, quick_s: float = QUICK_S, most_s: float = MOST_S) -> None:
        self.source = source
        self.quick_s, self.most_s = quick_s, most_s
        self._read: Reader = spiders.reader(source)
        self._turn = asyncio.Lock()  # one child at a time
        self._child: _Child | None = None

    async def read(self, sheet: Sheet) -> Said:
        """Return what a sheet says; trouble when that takes too long. Raises ReaderBroken."""
        is_small = len(sheet.body) <= SMALL_BYTES and sheet.body.count(b"<") <= FEW_TAGS
        if is_small or sheet.is_binary:
            with contextlib.suppress(TooSlow):
                return alarm.within(self.quick_s, partial(reading.of_sheet, sheet, self.source, self._read))
        async with self._turn:
            return await asyncio.to_thread(self._elsewhere, sheet)

    def _elsewhere(self, sheet: Sheet) -> Said:
        if self._child is not None and self._child.sheets >= MOST_SHEETS:
            self.close()
        if self._child is None:
            self._child = _Child(self.source, self.most_s)
        try:
            said = self._child.ask(sheet)
        except ChildDied as died:
            self.close()
            return Said(str(died), None)
        if said.trouble == NO_ROOM:
            self.close()
        return said

    def close(self) -> None:
        """End the child, whatever it is doing."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def __enter__(self) -> "Patience":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class _Child:
    """One process that reads sheet after sheet."""

    def __init__(self, source: Source, most_s: float) -> None:
        self.sheets = 0
        self._is_late = False
        self._most_s = most_s
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawlers.reading_child", str(most_s)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd="/", env=confined.environment("/"),
            start_new_session=True,  # Ctrl-C is for the sweep, which closes its child in order
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._sheets, self._said = self._process.stdin, self._process.stdout
        try:
            with self._deadline(STARTING_S):
                self._sheets.write(source.model_dump_json().encode() + b"\n")
                self._sheets.flush()
                reading_wire.said(self._said)
        except (OSError, EOFError, reading_wire.Garbled) as broken:
            self.end()
            raise ReaderBroken(
                "The child that reads costly pages cannot start; run `mekiki doctor` or install mekiki again."
            ) from broken

    def ask(self, sheet: Sheet) -> Said:
        """Return what a sheet says. Raises ChildDied."""
        self.sheets += 1
        try:
            with self._deadline(WHOLE_S):
                reading_wire.send_sheet(self._sheets, sheet)
                return reading_wire.said(self._said)
        except (OSError, EOFError) as gone:
            raise ChildDied(self._why()) from gone
        except reading_wire.Garbled as garbled:
            raise ChildDied("it made its reader say what was not asked") from garbled

    @contextlib.contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._late)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _late(self) -> None:
        self._is_late = True
        self._process.kill()

    def _why(self) -> str:
        """Return why the process has gone, or is going."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(LEAVING_S)
        if self._is_late:
            return f"reading it takes more than {WHOLE_S:g} s"
        if self._process.returncode == -signal.SIGPROF:
            return f"reading it takes more than {self._most_s:g} s of processor time"
        return f"its reader broke over it (code {self._process.returncode})"

    def end(self) -> None:
        """End the process and clear up after it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._sheets, self._said):
            with contextlib.suppress(OSError):
                pipe.close()
