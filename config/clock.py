"""The only place that reads the time, so that tests can freeze it and evidence has one clock."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: list[Callable[[], datetime]] = [_system]


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return _source[-1]()


@contextlib.contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Make `now()` answer `at` inside the block; for tests and for replaying a past decision."""
    _source.append(lambda: at)
    try:
        yield
    finally:
        _source.pop()
