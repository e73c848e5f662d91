"""The indexes on disk: which there are, how they stand, and when one is written anew.

They are caches. A home without them, with damaged ones or with a full disk matches as well, only later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from config.errors import MekikiError
from matcher import retrieve
from matcher.indexes.snapshots import SnapshotNotWritten


class IndexNotWritten(MekikiError):
    """A new base of an index could not be written; matching goes on without it."""


@dataclass(frozen=True)
class Kept:
    """One index of a home."""

    name: str  # of its folder
    says: str  # what it holds, for people
    counted: str  # the stored array that has one row an entry
    few: int  # entries that may come or go before it is written anew, about 16 MB of fingerprints


INDEXES = (
    Kept("films", "films: frames, pictures and sound", "owners", 4),
    Kept("pictures", "pictures: where their points lie", "owners", 1000),
    Kept("picture-hashes", "pictures: hashes of the whole and of parts", "places", 5000),
)


def pending(session: Session, limit: int) -> list[int]:
    """Return which of INDEXES changed so much, in this process, that they should be written anew."""
    shelf = retrieve.open_shelf(session)
    if shelf is None:
        return []
    return [number for number, each in enumerate(INDEXES) if shelf.is_due(each.name, each.few)][:limit]


def compact(session: Session, numbers: Sequence[int]) -> None:
    """Write some of INDEXES anew, so that other processes read what came since from there. Nothing is asked of
    `session`. Raises IndexNotWritten."""
    shelf = retrieve.open_shelf(session)
    if shelf is None:
        return
    for number in numbers:
        try:
            shelf.compact(INDEXES[number].name)
        except SnapshotNotWritten as failed:
            raise IndexNotWritten(str(failed)) from failed
