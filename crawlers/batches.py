"""Batches: what the answers of a moment change is written in one transaction, and counts when all of it is written.

A transaction of its own for every answer costs more than reading the page. A kill before the commit leaves the batch's
addresses in line and nothing else, as it does with a batch of one.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from crawlers.settle import Transaction

MOST = 32  # changes; other processes wait so long for SQLite's write lock
LONGEST_S = 0.25  # that a change waits for others; a site that is asked politely answers one by one anyway


@dataclass(frozen=True)
class _Change:
    make: Callable[[], None]
    is_made: asyncio.Future[None]


@dataclass
class Batch:
    """Collects changes and makes them together. As a transaction it is the one they share, else one of its own."""

    transaction: Transaction
    _waiting: list[_Change] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _session: Session | None = None  # of the changes that are made now

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        """Yield the session of the batch that is written now; outside of one, a session that commits by itself."""
        if self._session is not None:
            yield self._session
            return
        with self.transaction() as session:
            yield session

    async def change(self, make: Callable[[], None]) -> None:
        """Return when `make` was called and committed together with others; what it raises is raised here alone."""
        loop = asyncio.get_running_loop()
        is_made: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Change(make, is_made))
        if len(self._waiting) >= MOST:
            self._write()
        elif self._timer is None:
            self._timer = loop.call_later(LONGEST_S, self._write)
        await is_made

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, changes, self._waiting = None, self._waiting, []
        fault = self._fault(changes)
        if fault is None or len(changes) == 1:
            _tell(changes, fault)
            return
        for change in changes:  # nobody suffers for another's fault
            _tell([change], self._fault([change]))

    def _fault(self, changes: Sequence[_Change]) -> Exception | None:
        """Make the changes in one transaction and return what kept it from being committed."""
        try:
            with self.transaction() as session, session.no_autoflush:
                self._session = session
                for change in changes:
                    change.make()
                    session.flush()  # once a change: before each of its queries it would cost more than the change
        except Exception as fault:  # noqa: BLE001  handed to whoever waits for the change
            return fault
        finally:
            self._session = None
        return None


def _tell(changes: Sequence[_Change], fault: Exception | None) -> None:
    for change in changes:
        if change.is_made.done():  # whoever waited has gone
            continue
        if fault is None:
            change.is_made.set_result(None)
        else:
            change.is_made.set_exception(fault)
