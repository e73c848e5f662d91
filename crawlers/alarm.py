"""An alarm on processor time: what takes longer than it may is left, in the middle of whatever it does in Python.

It rings between two steps of Python and inside of regular expressions. A library in C does not hear it: what may be
slow there belongs in a child, see crawlers.patience.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

AGAIN_S = 0.05  # a parser that swallowed the first ring hears the next
T = TypeVar("T")


class TooSlow(BaseException):  # no Exception: parsers swallow those
    """What ran has had its time."""


class _Alarm:
    """The one alarm of this process; it rings in the main thread."""

    is_set = False
    is_hung = False

    def hang(self) -> None:
        """Take the signal over, for good: handed back too early it would end the process."""
        if not self.is_hung:
            signal.signal(signal.SIGPROF, self._ring)
            self.is_hung = True

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_set:
            raise TooSlow

    def timed(self, seconds: float, make: Callable[[], T]) -> T:
        """Return what is made, or raise TooSlow."""
        self.is_set = True
        signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_S)
        try:
            return make()
        finally:
            self.unset()

    def unset(self) -> None:
        """Ring no more."""
        self.is_set = False
        signal.setitimer(signal.ITIMER_PROF, 0)


_alarm = _Alarm()


def within(seconds: float, make: Callable[[], T]) -> T:
    """Return what is made. Raises TooSlow when that takes more processor time than so much.

    Only the main thread may call it.
    """
    _alarm.hang()
    try:
        return _alarm.timed(seconds, make)
    except TooSlow:
        _alarm.unset()  # it may have rung while it was being unset
        raise
