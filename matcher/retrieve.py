"""The shelf: every active, described reference, ready to be compared, kept fresh from the database.

The indexes are caches of what the database says; nothing is decided here. One shelf serves one home in one process.
What was stored on disk (see `upkeep`) is opened from there and shared by all processes; the rest is read from the
database.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, func, or_, select
from sqlalchemy.orm import Session

from config import clock, home, log
from config.settings import Matching
from fingerprints import kinds, store
from fingerprints.interface import Vectors, Watch, Watched
from fingerprints.store import Fingerprint, Medium
from matcher import film_again, film_watch, pictures, shelved
from matcher.closer_look import Fitted
from matcher.films import FilmShelf
from matcher.indexes.durable import Durable, is_due, told
from matcher.indexes.snapshots import SnapshotBusy
from matcher.interface import Comparison, Reason
from matcher.pictures import PictureShelf
from matcher.references import Reference, in_force
from matcher.shelved import FILM_KINDS, Shelved

HELD_PICTURES = 2000  # described references kept in memory for closer looks, about 70 KB each
PICTURES_AT_ONCE, FILMS_AT_ONCE = 200, 16  # loaded when the shelf is filled; about 50 MB of each
SEEN_KINDS = (*film_watch.KINDS, "sound-bits")  # of sightings
Watcher = Callable[[Sequence[Watch]], Watched]  # decodes stretches of the film in question
_log = log.get(__name__)


class Shelf:
    """All references of one home, or some. Several threads may use it; they take turns."""

    def __init__(self, matching: Matching, indexes: Path | None = None, *, only: frozenset[int] | None = None) -> None:
        """Open the shelf that is kept in the folder `indexes`; without one it is in memory alone. With `only`, no other
        references stand on it."""
        self.only = only
        likely_copy, worth_a_look = matching.likely_copy, matching.worth_a_look
        self._pictures = PictureShelf(likely_copy=likely_copy, worth_a_look=worth_a_look, indexes=indexes)
        self._films = FilmShelf(likely_copy=likely_copy, worth_a_look=worth_a_look, indexes=indexes)
        self._bare: PictureShelf | None = None  # see `looks`
        self._not_bare: dict[int, Shelved] = {}
        self._shelved: dict[int, Shelved] = {}
        self._held: OrderedDict[int, dict[str, Vectors]] = OrderedDict()
        self._sign: shelved.Sign = ()
        self._lock = threading.RLock()
        self.indexes: Mapping[str, Durable] = {
            "films": self._films.kept, "film-points": self._films.points, "pictures": self._pictures.kept,
            "picture-hashes": self._pictures.hashes, "picture-points": self._pictures.points,
        }  # fmt: skip
        self._left: set[str] = set()  # to another process, that was writing them
        for index in self.indexes.values():
            told(index)

    def __len__(self) -> int:
        return len(self._shelved)

    def refresh(self, session: Session) -> None:
        """Take up what was registered, described, excluded or disabled since, by whichever process; cheap when nothing
        was. What any process stored on disk before is not read from the database again."""
        with self._lock:
            sign = shelved.sign(session)
            if sign == self._sign:
                return
            every = shelved.wanted(session, versions_in_use())
            wanted = {number: each for number, each in every.items() if self.only is None or number in self.only}
            for reference_id in [known for known, each in self._shelved.items() if wanted.get(known) != each]:
                self._forget(reference_id)
            new = [each for each in wanted.values() if self._shelved.get(each.reference_id) != each]
            self._not_bare |= {each.reference_id: each for each in new if each.areas}
            numbered = {each.number: each for each in wanted.values() if each.is_described}
            missing = self._pictures.keep({number: each.areas for number, each in numbered.items() if each.is_image})
            for some in _portions(missing, PICTURES_AT_ONCE):
                described = _described(session, [numbered[number] for number in some], pictures.SEARCHED)
                self._pictures.add_all({each.number: (vectors, each.areas) for each, vectors in described})
            missing = self._films.keep(
                {number: each.exclusions for number, each in numbered.items() if not each.is_image}
            )
            for some in _portions(missing, FILMS_AT_ONCE):
                described = _described(session, [numbered[number] for number in some], FILM_KINDS)
                self._films.add_all({each.number: (vectors, each.exclusions) for each, vectors in described})
            self._shelved, self._sign, self._left = wanted, sign, set()

    def is_due(self, name: str, few: int) -> bool:
        """Say whether a new base of an index should be written: see `durable.is_due`."""
        return name not in self._left and is_due(self.indexes[name], few)

    def compact(self, name: str) -> None:
        """Write a new base of an index; questions are answered meanwhile. Where another process is writing one, that
        will do. Raises SnapshotNotWritten; the index then stays in memory as it is."""
        try:
            self.indexes[name].compact()
        except SnapshotBusy:
            self._left.add(name)
            return
        self.indexes[name].damages.clear()
        with self._lock:
            self._films.stand_anew()  # on what is mapped now; what is in memory can go

    def compare(self, session: Session, vectors: Mapping[str, Vectors]) -> list[Comparison]:
        """Return every reference that a still picture holds and that is worth a person's look, best first."""
        with self._lock:
            return self._pictures.compare(vectors, self._loader(session))

    def compare_film(self, glance: Mapping[str, Vectors], duration_s: float, watcher: Watcher) -> list[Comparison]:
        """Return every reference that a film or a sound holds and that is worth a person's look, best first.

        Nobody else has to wait while the stretches that the glance makes promising are decoded.
        """
        glance = film_again.looked_again(glance, duration_s, watcher)
        with self._lock:
            promise = self._films.promising(glance, duration_s)
        watched = watcher([each.watch for each in promise.asked]) if promise.asked else Watched(None, ())
        if watched.seen:
            with self._lock:
                further = self._films.further(glance, promise, watched.seen, duration_s=duration_s)
            promise, watched = film_again.watched_again(promise, watched, further, watcher)
        with self._lock:
            found = self._films.compare(glance, promise, watched.seen)
        return found if watched.error is None else [_glanced_at(each, watched.error) for each in found]

    def compare_registered(self, looks: Vectors) -> list[Comparison]:
        """Return every film on the shelf that another film on it holds, by its film-pdq frames; itself too."""
        with self._lock:
            return self._films.compare_registered(looks)

    def looks(self, session: Session, vectors: Mapping[str, Vectors]) -> list[Fitted]:
        """Return the closer look at every picture that this one shares something with, distinctive or not."""
        with self._lock:
            load = self._loader(session)
            bare = self._without_areas(session)
            looks = self._pictures.looks(vectors, load) + (bare.looks(vectors, load) if bare else [])
        return list({fitted.reference_id: fitted for fitted in looks}.values())  # of two, the one that saw everything

    def _without_areas(self, session: Session) -> PictureShelf | None:
        """Return the references with areas that are not distinctive, standing here as if they had none: a third card in
        a known frame has to find the frame. Made when it is first needed, which is in learning only."""
        while self._not_bare:
            some = [self._not_bare.popitem()[1] for _ in range(min(PICTURES_AT_ONCE, len(self._not_bare)))]
            if self._bare is None:
                self._bare = PictureShelf()
            for each, found in _described(session, some, pictures.SEARCHED):
                self._bare.add(each.reference_id, found)
        return self._bare

    def _forget(self, reference_id: int) -> None:
        """Forget what was kept of a reference for closer looks and for learning."""
        self._held.pop(reference_id, None)
        if self._bare is not None:
            self._bare.remove(reference_id)
        self._not_bare.pop(reference_id, None)

    def _loader(self, session: Session) -> Callable[[int], Mapping[str, Vectors]]:
        def load(reference_id: int) -> Mapping[str, Vectors]:
            if reference_id not in self._held:
                self._held[reference_id] = vectors_of(session, self._shelved[reference_id].blob, pictures.KINDS)
            self._held.move_to_end(reference_id)
            while len(self._held) > HELD_PICTURES:
                self._held.popitem(last=False)
            return self._held[reference_id]

        return load


def _portions(numbers: Sequence[int], most: int) -> list[Sequence[int]]:
    return [numbers[start : start + most] for start in range(0, len(numbers), most)]


def _glanced_at(comparison: Comparison, error: str) -> Comparison:
    says = f"Only its key frames were compared, for it could not be watched closely. {error}"
    return replace(comparison, reasons=(*comparison.reasons, Reason("key frames only", 1.0, says)))


_shelves: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()
_few: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()  # see `shelf_of`
_shelves_lock = threading.Lock()


def open_shelf(session: Session) -> Shelf | None:
    """Return the shelf of the session's home as it stands; None when nobody in this process has asked for it yet."""
    return _shelves.get(home.of(session).engine)


def shelf(session: Session) -> Shelf:
    """Return the shelf of the session's home, fresh."""
    opened = home.of(session)
    with _shelves_lock:
        if opened.engine not in _shelves:
            _shelves[opened.engine] = Shelf(opened.settings.matching, opened.settings.indexes)
        found = _shelves[opened.engine]
    found.refresh(session)
    return found


def shelf_of(session: Session, ids: frozenset[int]) -> Shelf:
    """Return a shelf of the session's home that holds a few references, and maybe some more; fresh."""
    opened = home.of(session)
    with _shelves_lock:
        found = _few.get(opened.engine)
        if found is None or found.only is None or not ids <= found.only:
            found = _few[opened.engine] = Shelf(opened.settings.matching, only=ids)
    found.refresh(session)
    return found


def vectors_of(session: Session, blob: str, names: Sequence[str]) -> dict[str, Vectors]:
    """Return what the current versions of these kinds say of a blob; kinds never written for it are absent."""
    versions = versions_in_use()
    found = {name: store.load(session, blob, name, versions[name]) for name in names if name in versions}
    return {name: vectors for name, vectors in found.items() if vectors is not None}


def settled_reference_id(session: Session) -> int:
    """Return up to which reference id every active reference was described, or found unreadable; 0 when there is none.

    A reference beyond a gap may be on the shelf already; whoever looks now has to look again once the gap is closed.
    """
    active = in_force(clock.now())
    described = select(Medium.id).where(Medium.blob == Reference.blob, is_described()).exists()
    gap = session.scalar(select(func.min(Reference.id)).where(active, ~described))
    upto = select(func.max(Reference.id)).where(active)
    return session.scalar(upto if gap is None else upto.where(Reference.id < gap)) or 0


def undescribed(session: Session) -> int:
    """Return how many references in force nobody has described yet."""
    described = select(Medium.id).where(Medium.blob == Reference.blob, is_described()).exists()
    return session.scalar(select(func.count(Reference.id)).where(in_force(clock.now()), ~described)) or 0


def is_described() -> ColumnElement[bool]:
    """Return the condition that a reference's medium was described as one: a film may have been glanced at only, when
    the same file was seen on the web first."""
    of_film = Fingerprint.blob == Medium.blob, Fingerprint.kind.in_(kinds.film_kinds())
    as_reference = select(Fingerprint.id).where(*of_film).correlate(Medium).exists()
    return or_(Medium.kind.is_(None), Medium.kind != "video", as_reference)


def versions_in_use() -> dict[str, int]:
    """Return the version of every kind, by name."""
    pictured = {name: kind.version for name, kind in kinds.picture_kinds().items()}
    filmed = {name: kind.version for name, kind in [*kinds.film_kinds().items(), *kinds.seen_kinds().items()]}
    return pictured | filmed | {name: kind.version for name, kind in kinds.sound_kinds().items()}


def _described(
    session: Session, shelved: Sequence[Shelved], names: Sequence[str]
) -> list[tuple[Shelved, dict[str, Vectors]]]:
    """Return the references with their vectors, one query a kind."""
    versions = versions_in_use()
    blobs = list({each.blob for each in shelved})
    by_kind = {name: store.load_many(session, blobs, name, versions[name]) for name in names if name in versions}
    return [
        (each, {name: found[each.blob] for name, found in by_kind.items() if each.blob in found}) for each in shelved
    ]
