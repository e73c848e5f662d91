"""What belongs on the shelf, as the database says it now: every reference in force that was described.

Nothing is loaded here but rows of numbers; what is stored of a reference is told by its number alone (see `addresses`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from config import clock
from fingerprints import kinds
from fingerprints.store import Fingerprint, Medium
from matcher import found_stretches, pictures, stop_areas
from matcher.addresses import address
from matcher.interface import Box
from matcher.lives import ReferenceChange
from matcher.references import Exclusion, Reference, ends_at, in_force
from matcher.stop_areas import StopArea

LAYOUT = 2  # raise it when anything else is made of the same fingerprints, to be put on the shelf
FILM_KINDS = ("film-pdq", "film-sift", "sound-bits")  # of references
Sign = tuple[object, ...]


@dataclass(frozen=True)
class Shelved:
    """A reference as it stands on the shelf; another row under its number makes it another one."""

    reference_id: int
    number: int  # of what is stored of it; see `addresses`
    blob: str
    medium: str
    is_described: bool = False  # by the kinds and versions in use
    exclusions: tuple[tuple[float, float], ...] = ()
    areas: tuple[Box, ...] = ()  # not distinctive; of pictures

    @property
    def is_image(self) -> bool:
        """Whether it is a still picture; all others stand with the films."""
        return self.medium == "image"


def wanted(session: Session, versions: Mapping[str, int]) -> dict[int, Shelved]:
    """Return every reference that belongs on the shelf, by id; `versions` are those of the kinds in use, by name."""
    spans: dict[int, list[tuple[float, float]]] = {}
    for row in session.execute(
        select(Exclusion.reference_id, Exclusion.start_s, Exclusion.end_s).order_by(Exclusion.id)
    ):
        spans.setdefault(row.reference_id, []).append((row.start_s, row.end_s))
    for number, found in found_stretches.in_force(session).items():
        spans.setdefault(number, []).extend(found)
    areas = stop_areas.areas_of(session)
    in_use = {
        is_image: [(name, versions[name]) for name in names if name in versions]
        for is_image, names in ((True, pictures.SEARCHED), (False, FILM_KINDS))
    }
    current = or_(
        false(),
        *(
            and_(Fingerprint.kind == name, Fingerprint.version == version)
            for each in in_use.values()
            for name, version in each
        ),
    )
    # Of one blob rows are only ever added, each once: their sum tells which there are.
    described = select(func.sum(Fingerprint.id)).where(Fingerprint.blob == Reference.blob, current)
    rows = session.execute(
        select(Reference.id, Reference.blob, Medium.kind, described.correlate(Reference).scalar_subquery())
        .join(Medium, Medium.blob == Reference.blob)
        .where(in_force(clock.now()), Medium.kind.is_not(None))
        .order_by(Reference.id)
    )
    shelved = {}
    for reference_id, blob, medium, fingerprints in rows:
        boxes = areas.get(reference_id, ())
        sides = [(box.left, box.top, box.right, box.bottom) for box in boxes]
        content = LAYOUT, blob, in_use[medium == "image"], int(fingerprints or 0), sides
        shelved[reference_id] = Shelved(
            reference_id, address(reference_id, content), blob, medium, bool(fingerprints),
            tuple(spans.get(reference_id, ())), boxes,
        )  # fmt: skip
    return shelved


def sign(session: Session) -> Sign:
    """Return numbers that change whenever the shelf has to; much cheaper than to ask what belongs on it."""
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
