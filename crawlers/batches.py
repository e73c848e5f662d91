"""Batches: what the answers of a moment change is written in one transaction, and counts when all of it is written.

A transaction of its own for every answer costs more than reading the page. A kill before the commit leaves the batch's
addresses in line and nothing else, as it does with a batch of one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crawlers.answers import Answer

MOST = 32  # answers; other processes wait so long for SQLite's write lock
LONGEST_S = 0.25  # that an answer waits for others; a site that is asked politely answers one by one anyway


@dataclass(frozen=True)
class _Waiting:
    answer: Answer
    is_written: asyncio.Future[None]


@dataclass
class Batch:
    """Collects answers and writes them together; `write` makes one transaction of those it is given."""

    write: Callable[[Sequence[Answer]], None]
    _waiting: list[_Waiting] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    async def add(self, answer: Answer) -> None:
        """Return when an answer was written together with others; what that raises is raised here alone."""
        loop = asyncio.get_running_loop()
        is_written: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Waiting(answer, is_written))
        if len(self._waiting) >= MOST:
            self._write()
        elif self._timer is None:
            self._timer = loop.call_later(LONGEST_S, self._write)
        await is_written

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, waiting, self._waiting = None, self._waiting, []
        fault = self._fault(waiting)
        if fault is None or len(waiting) == 1:
            _tell(waiting, fault)
            return
        for one in waiting:  # nobody suffers for another's fault
            _tell([one], self._fault([one]))

    def _fault(self, waiting: Sequence[_Waiting]) -> Exception | None:
        """Write the answers together and return what kept that from being done."""
        try:
            self.write([one.answer for one in waiting])
        except Exception as fault:  # noqa: BLE001  handed to whoever waits for the answer
            return fault
        return None


def _tell(waiting: Sequence[_Waiting], fault: Exception | None) -> None:
    for one in waiting:
        if one.is_written.done():  # whoever waited has gone
            continue
        if fault is None:
            one.is_written.set_result(None)
        else:
            one.is_written.set_exception(fault)
