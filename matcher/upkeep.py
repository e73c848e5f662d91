"""The indexes on disk: which there are, how they stand, and when one is written anew.

They are caches. A home without them, with damaged ones or with a full disk matches as well, only later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from config import home
from config.errors import MekikiError
from matcher import film_points, pictures, retrieve, shelved
from matcher.addresses import lacking
from matcher.indexes.arrays import OWNERS, SHAPES, Numbers
from matcher.indexes.durable import Durable
from matcher.indexes.parts import BEGINS
from matcher.indexes.snapshots import SnapshotDamaged, SnapshotNotWritten, Snapshots


class IndexNotWritten(MekikiError):
    """A new base of an index could not be written; matching goes on without it."""


@dataclass(frozen=True)
class Kept:
    """One index of a home."""

    name: str  # of its folder
    says: str  # what it holds, for people
    few: int  # entries that may come or go before it is written anew, about 16 MB of fingerprints
    beside: str  # the folder of the arrays that are kept of the same references
    column: str = ""  # whoever has rows of it there has entries here; "": everybody


FILMS, PICTURES = "films", "pictures"
INDEXES = (
    Kept(FILMS, "films: frames, sound, and where points lie", 4, FILMS),
    Kept("film-points", "films: local points", 200_000, FILMS, film_points.PLACES),
    Kept(PICTURES, "pictures: where points and hashes lie", 1000, PICTURES),
    Kept("picture-hashes", "pictures: hashes", 5000, PICTURES, pictures.BOXES),
    Kept("picture-points", "pictures: local points", 400_000, PICTURES, pictures.FEATURES),
)


@dataclass(frozen=True)
class Standing:
    """How an index stands, for an operator."""

    name: str
    says: str
    entries: int  # in what is on disk
    made_at: datetime | None  # of what is on disk; None: nothing is
    bytes_on_disk: int  # mapped, and shared by all processes
    bytes_held: int  # by this process alone
    lag: int  # references in force, or captured media, of which something is not on disk: each process reads them
    damage: str | None  # one sentence


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


def standing(session: Session) -> list[Standing]:
    """Return how every index stands, without opening any: what its newest generation says of itself, and what of the
    references it lacks."""
    opened, shelf = home.of(session), retrieve.open_shelf(session)
    wanted = shelved.wanted(session, retrieve.versions_in_use()).values()
    found = []
    for each in INDEXES:
        is_of_pictures = each.beside == PICTURES
        numbers = [one.number for one in wanted if one.is_described and one.is_image == is_of_pictures]
        held = None if shelf is None else shelf.indexes[each.name]
        found.append(_stands(opened.settings.indexes, each, np.array(numbers, np.int64), held))
    return found


def _stands(folder: Path, each: Kept, numbers: Numbers, index: Durable | None) -> Standing:
    held = 0 if index is None else index.figures().bytes_held
    try:
        summary = Snapshots(folder / each.name).summary()
        count, lag = entries(folder / each.name), len(_lacking(folder, each, numbers))
    except SnapshotDamaged as damaged:
        return Standing(each.name, each.says, 0, None, 0, held, len(numbers), str(damaged))
    if summary is None:
        return Standing(each.name, each.says, 0, None, 0, held, lag, None)
    return Standing(each.name, each.says, count, summary.made_at, summary.bytes_on_disk, held, lag, None)


def entries(folder: Path) -> int:
    """Return how many entries an index has, without what is shipped."""
    owners, begins = _array(folder, OWNERS), _array(folder, BEGINS)
    return int(begins[-1] - begins[np.searchsorted(owners, 0)]) if len(begins) else len(owners)


def _lacking(folder: Path, each: Kept, numbers: Numbers) -> Numbers:
    """Return the references of which something should be in an index and is not, by number."""
    known = _array(folder / each.beside, OWNERS)
    unknown = lacking(known, numbers)
    if not each.column:
        return unknown
    rows = _array(folder / each.beside, each.column + SHAPES).reshape(-1, 2)[:, 0]
    having = np.intersect1d(numbers, known[rows > 0], assume_unique=True)
    return np.union1d(unknown, lacking(_array(folder / each.name, OWNERS), having))


def _array(folder: Path, name: str) -> Numbers:
    found = Snapshots(folder).array(name)
    return np.zeros(0, np.int64) if found is None else found
