"""What every index on disk has in common: it opens, is taken up from another process, and is made anew in time."""

from typing import Protocol

from config import log
from matcher.indexes.figures import Figures
from matcher.indexes.snapshots import SnapshotDamaged

MOST_CHANGED = 0.02  # of the entries; a base is then made anew, else every process would read them from the database
_log = log.get(__name__)


class Durable(Protocol):
    """A rebuildable index: an immutable base on disk, and what came and went since in memory."""

    damages: list[str]  # a sentence about each thing on disk that was not whole

    def refresh(self) -> bool:
        """Take up a newer base that another process wrote; say whether there was one. Raises SnapshotDamaged."""
        ...

    def compact(self) -> None:
        """Write a new base of everything that counts. Raises SnapshotNotWritten."""
        ...

    def figures(self) -> Figures:
        """Return how the index stands."""
        ...


def told(index: Durable) -> None:
    """Tell the log what of an index was not whole when it was opened."""
    for damage in index.damages:
        _log.warning("index damaged, built again", reason=damage)


def taken_up(index: Durable) -> bool:
    """Take up a newer base, and say whether there was one; one that is damaged is told once and left alone."""
    known, is_new = [*index.damages], False
    try:
        is_new = index.refresh()
    except SnapshotDamaged as damaged:
        index.damages = list(dict.fromkeys([*index.damages, str(damaged)]))
    for damage in index.damages:
        if damage not in known:
            _log.warning("index damaged, built again", reason=damage)
    return is_new


def is_due(index: Durable, few: int) -> bool:
    """Say whether a new base of an index should be written: more than `few` entries came or went since, and more than
    MOST_CHANGED of all; or what is on disk is damaged."""
    figures = index.figures()
    changed = figures.delta + figures.tombstones
    return bool(index.damages) or changed > max(few, MOST_CHANGED * figures.entries)
