"""The shelf: every active, described reference in memory, ready to be compared, kept fresh from the database.

The indexes are caches of what the database says; nothing is decided here. One shelf serves one home in one process.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, func, or_, select
from sqlalchemy.orm import Session

from config import clock, home
from config.settings import Matching
from fingerprints import kinds, store
from fingerprints.interface import Vectors, Watch, Watched
from fingerprints.store import Fingerprint, Medium
from matcher import film_again, film_watch, found_stretches, pictures, stop_areas
from matcher.closer_look import Fitted
from matcher.films import FilmShelf
from matcher.interface import Box, Comparison, Reason
from matcher.lives import ReferenceChange
from matcher.pictures import PictureShelf
from matcher.references import Exclusion, Reference, ends_at, in_force
from matcher.stop_areas import StopArea

HELD_PICTURES = 2000  # described references kept in memory for closer looks, about 70 KB each
LOADED_AT_ONCE = 200  # references, when the shelf is filled
FILM_KINDS = ("film-pdq", "film-sift", "sound-bits")  # of references
SEEN_KINDS = (*film_watch.KINDS, "sound-bits")  # of sightings
Watcher = Callable[[Sequence[Watch]], Watched]  # decodes stretches of the film in question
_Sign = tuple[object, ...]


@dataclass(frozen=True)
class Shelved:
    """A reference as it stands on the shelf; another row under its number makes it another one."""

    reference_id: int
    blob: str
    medium: str
    exclusions: tuple[tuple[float, float], ...] = ()
    areas: tuple[Box, ...] = ()  # not distinctive; of pictures
    fingerprints: int = 0  # sum of the ids of its film fingerprints: a film described more deeply is another one


class Shelf:
    """All references of one home. Several threads may use it; they take turns."""

    def __init__(self, matching: Matching) -> None:
        chances = {"likely_copy": matching.likely_copy, "worth_a_look": matching.worth_a_look}
        self._pictures, self._films = PictureShelf(**chances), FilmShelf(**chances)
        self._chances = chances
        self._bare: PictureShelf | None = None  # see `looks`
        self._not_bare: dict[int, Shelved] = {}
        self._shelved: dict[int, Shelved] = {}
        self._held: OrderedDict[int, dict[str, Vectors]] = OrderedDict()
        self._sign: _Sign = ()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._shelved)

    def refresh(self, session: Session) -> None:
        """Take up what was registered, described, excluded or disabled since, by whichever process; cheap when nothing
        was."""
        with self._lock:
            sign = _sign(session)
            if sign == self._sign:
                return
            wanted = _wanted(session)
            for gone in [each for each in self._shelved.values() if wanted.get(each.reference_id) != each]:
                self._remove(gone)
            new = [each for each in wanted.values() if each.reference_id not in self._shelved]
            for start in range(0, len(new), LOADED_AT_ONCE):
                self._add(session, new[start : start + LOADED_AT_ONCE])
            self._sign = sign

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
            some = [self._not_bare.popitem()[1] for _ in range(min(LOADED_AT_ONCE, len(self._not_bare)))]
            if self._bare is None:
                self._bare = PictureShelf(**self._chances)
            for each, found in _described(session, some, pictures.SEARCHED):
                self._bare.add(each.reference_id, found)
        return self._bare

    def _remove(self, gone: Shelved) -> None:
        del self._shelved[gone.reference_id]
        self._held.pop(gone.reference_id, None)
        self._pictures.remove(gone.reference_id)
        if self._bare is not None:
            self._bare.remove(gone.reference_id)
        self._not_bare.pop(gone.reference_id, None)
        self._films.remove(gone.reference_id)

    def _add(self, session: Session, new: Sequence[Shelved]) -> None:
        images = [each for each in new if each.medium == "image"]
        for each, vectors in _described(session, images, pictures.SEARCHED):
            self._pictures.add(each.reference_id, vectors, each.areas)
        others = [each for each in new if each.medium != "image"]
        for each, vectors in _described(session, others, FILM_KINDS):
            self._films.add(each.reference_id, vectors, each.exclusions)
        self._not_bare |= {each.reference_id: each for each in images if each.areas}
        self._shelved |= {each.reference_id: each for each in new}

    def _loader(self, session: Session) -> Callable[[int], Mapping[str, Vectors]]:
        def load(reference_id: int) -> Mapping[str, Vectors]:
            if reference_id not in self._held:
                shelved = self._shelved[reference_id]
                self._held[reference_id] = vectors_of(session, shelved.blob, pictures.KINDS)
            self._held.move_to_end(reference_id)
            while len(self._held) > HELD_PICTURES:
                self._held.popitem(last=False)
            return self._held[reference_id]

        return load


def _glanced_at(comparison: Comparison, error: str) -> Comparison:
    says = f"Only its key frames were compared, for it could not be watched closely. {error}"
    return replace(comparison, reasons=(*comparison.reasons, Reason("key frames only", 1.0, says)))


_shelves: WeakKeyDictionary[Engine, Shelf] = WeakKeyDictionary()
_shelves_lock = threading.Lock()


def shelf(session: Session) -> Shelf:
    """Return the shelf of the session's home, fresh."""
    opened = home.of(session)
    with _shelves_lock:
        if opened.engine not in _shelves:
            _shelves[opened.engine] = Shelf(opened.settings.matching)
        found = _shelves[opened.engine]
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
    described = select(Medium.id).where(Medium.blob == Reference.blob, _is_described()).exists()
    gap = session.scalar(select(func.min(Reference.id)).where(active, ~described))
    upto = select(func.max(Reference.id)).where(active)
    return session.scalar(upto if gap is None else upto.where(Reference.id < gap)) or 0


def _is_described() -> ColumnElement[bool]:
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


def _sign(session: Session) -> _Sign:
    """Return numbers that change whenever the shelf has to."""
    readable = select(Reference.id).join(Medium, Medium.blob == Reference.blob)
    active = readable.where(in_force(clock.now()), Medium.kind.is_not(None)).subquery()
    references = session.execute(select(func.count(), func.max(active.c.id), func.sum(active.c.id))).one()
    films = select(func.count(), func.max(Fingerprint.id)).where(Fingerprint.kind.in_(kinds.film_kinds()))
    deeper = session.execute(films).one()  # a film was described anew, or by its local points as well
    lives = session.execute(select(func.count(), func.max(ReferenceChange.uuid)).select_from(ReferenceChange)).one()
    exclusions = session.execute(select(func.count(), func.max(Exclusion.id))).one()
    # The newest uuid, not the newest id: SQLite gives the id of a row that was rolled back to the next one.
    counted = func.count(), func.count(StopArea.withdrawn_at), func.max(StopArea.uuid)
    areas = session.execute(select(*counted)).one()
    return (
        *references,
        *deeper,
        *lives,
        *_moments_passed(session),
        *exclusions,
        *found_stretches.sign(session),
        *areas,
    )


def _moments_passed(session: Session) -> tuple[int, ...]:
    """Return how many moments have come at which a reference returns or expires: time changes the shelf as well.

    As long as nobody writes, the numbers only grow; that a sum of ids stays the same hides no change.
    """
    now = clock.now()
    returned = select(func.count(Reference.id)).where(Reference.disabled_until <= now)
    expired = select(func.count(Reference.id)).where(Reference.bank == "provisional", ends_at() <= now)
    disabled = select(func.count(Reference.disabled_at))
    return tuple(session.scalar(each) or 0 for each in (returned, expired, disabled))


def _wanted(session: Session) -> dict[int, Shelved]:
    """Return every reference that belongs on the shelf."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for row in session.execute(
        select(Exclusion.reference_id, Exclusion.start_s, Exclusion.end_s).order_by(Exclusion.id)
    ):
        spans.setdefault(row.reference_id, []).append((row.start_s, row.end_s))
    for number, found in found_stretches.in_force(session).items():
        spans.setdefault(number, []).extend(found)
    areas = stop_areas.areas_of(session)
    of_film = Fingerprint.blob == Reference.blob, Fingerprint.kind.in_(kinds.film_kinds())
    described = select(func.sum(Fingerprint.id)).where(*of_film).correlate(Reference).scalar_subquery()
    rows = session.execute(
        select(Reference.id, Reference.blob, Medium.kind, func.coalesce(described, 0))
        .join(Medium, Medium.blob == Reference.blob)
        .where(in_force(clock.now()), Medium.kind.is_not(None))
        .order_by(Reference.id)
    )
    return {
        number: Shelved(number, blob, kind, tuple(spans.get(number, ())), areas.get(number, ()), fingerprints)
        for number, blob, kind, fingerprints in rows
        if kind is not None
    }


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
