"""The indexes of what was seen: the hashes that are kept of every capture, for references that are new.

They are caches of the table `kept`. A row of it is never changed but to be forgotten, and its ids ascend as rows become
visible, so whoever opens an index only reads the rows beyond what it covers. A forgotten one that is found still is
nobody's candidate; it leaves the index when a new generation is written.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from config import home, log
from fingerprints.frequencies import CODE_BYTES
from matcher import retrieve, upkeep
from matcher.indexes.durable import is_due, taken_up, told
from matcher.indexes.hamming import Codes
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.snapshots import SnapshotDamaged, SnapshotNotWritten, Snapshots
from matcher.kept import KINDS, Kept
from matcher.upkeep import Standing

ROWS_AT_ONCE = 5_000  # of the table, told to an index together
FEW = 100_000  # hashes that may come or go before an index is written anew
SAYS = {"image": "captures: hashes of pictures", "video": "captures: hashes of films"}
_log = log.get(__name__)


class Captured:
    """The hashes of the pictures and of the films that were seen, for any number of threads."""

    def __init__(self, folder: Path) -> None:
        versions = retrieve.versions_in_use()
        self._versions = {medium: versions[kind] for medium, kind in KINDS.items()}
        self._indexes = {
            medium: HashIndex(Snapshots(folder / _folder(medium, version)))
            for medium, version in self._versions.items()
        }
        self._lock = threading.Lock()
        for index in self._indexes.values():
            told(index)

    def __getitem__(self, medium: str) -> HashIndex:
        """Return the index of one medium."""
        return self._indexes[medium]

    def refresh(self, session: Session) -> None:
        """Take up what was kept since, by whichever process; write a new generation when that was much."""
        with self._lock:
            for medium, index in self._indexes.items():
                taken_up(index)
                newest = session.scalar(select(func.max(Kept.id))) or 0
                for some in _between(session, medium, self._versions[medium], (index.covers, newest)):
                    index.change(some, covers=max(some))
                    if is_due(index, FEW):
                        _compact(session, index)
                index.change({}, covers=newest)


def _between(session: Session, medium: str, version: int, ids: tuple[int, int]) -> Iterator[dict[int, Codes]]:
    """Yield the hashes of the rows after one id and up to another, by row."""
    covers, newest = ids
    alike = select(Kept.id, Kept.codes).where(Kept.medium == medium, Kept.version == version, Kept.id <= newest)
    while True:
        rows = session.execute(alike.where(Kept.id > covers).order_by(Kept.id).limit(ROWS_AT_ONCE))
        found = {number: np.frombuffer(codes, np.uint8).reshape(-1, CODE_BYTES) for number, codes in rows}
        if not found:
            return
        yield found
        covers = max(found)


def _compact(session: Session, index: HashIndex) -> None:
    """Write a new generation without what was forgotten; where that fails, the index goes on in memory."""
    forgotten = select(Kept.id).where(Kept.forgotten_at.is_not(None), Kept.id <= index.covers)
    index.change({}, [number for number in session.scalars(forgotten) if number in index])
    try:
        index.compact()
        index.damages.clear()
    except SnapshotNotWritten as failed:  # a full disk, or another process is at it
        _log.warning("index not written", says=str(failed))


def standing(session: Session) -> list[Standing]:
    """Return how the indexes of what was seen stand, without opening any."""
    opened, versions = home.of(session), retrieve.versions_in_use()
    with _opened_lock:
        known = _opened.get(opened.engine)
    found = []
    for medium, kind in KINDS.items():
        name, damage, summary = _folder(medium, versions[kind]), None, None
        snapshots = Snapshots(opened.settings.indexes / name)
        try:
            summary = snapshots.summary()
        except SnapshotDamaged as damaged:
            damage = str(damaged)
        beyond = select(func.count()).select_from(Kept).where(Kept.medium == medium)
        lag = session.scalar(beyond.where(Kept.id > (summary.covers if summary else 0))) or 0
        held = known[medium].bytes_held() if known else 0
        entries = upkeep.entries(snapshots.folder) if summary else 0
        made_at, size = (summary.made_at, summary.bytes_on_disk) if summary else (None, 0)
        found.append(Standing(name, SAYS[medium], entries, made_at, size, held, lag, damage))
    return found


def _folder(medium: str, version: int) -> str:
    return f"captured-{medium}s-{version}"


_opened: WeakKeyDictionary[Engine, Captured] = WeakKeyDictionary()
_opened_lock = threading.Lock()


def captured(session: Session) -> Captured:
    """Return the indexes of the session's home, fresh."""
    opened = home.of(session)
    with _opened_lock:
        if opened.engine not in _opened:
            _opened[opened.engine] = Captured(opened.settings.indexes)
        found = _opened[opened.engine]
    found.refresh(session)
    return found
