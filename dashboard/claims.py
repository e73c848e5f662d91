"""Claims: an atomic lease on a case, so that two people never decide the same one at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import clock, database
from config.errors import MekikiError
from dashboard.people import CaseClaim, Person

LEASE = timedelta(minutes=10)


class Claimed(MekikiError):
    """Somebody else holds the case."""

    permanent = False


@dataclass(frozen=True)
class Holder:
    """Who holds a case, and until when."""

    person_id: int
    name: str
    until: datetime


def take(session: Session, case_id: int, person_id: int) -> datetime:
    """Take the case, or prolong one's own hold of it, and return until when it is held. Raises Claimed."""
    until = clock.now() + LEASE
    if _renewed(session, case_id, person_id, until):
        return until
    try:
        with session.begin_nested():
            session.execute(
                insert(CaseClaim).values(uuid=database.new_uuid(), case_id=case_id, person_id=person_id, until=until)
            )
    except IntegrityError:  # there is a claim: somebody else's, which is for holders() to name
        holder = holders(session, [case_id]).get(case_id)
        name = holder.name if holder else "Somebody"
        raise Claimed(f"{name} is working on this case; take the next one.") from None
    return until


def keep(session: Session, case_id: int, person_id: int) -> datetime | None:
    """Prolong one's own living claim; None when it was released, ran out, or is somebody else's."""
    holder = holders(session, [case_id]).get(case_id)
    return take(session, case_id, person_id) if holder and holder.person_id == person_id else None


def release(session: Session, case_id: int, person_id: int) -> None:
    """Give the case back; nothing happens to somebody else's claim."""
    session.execute(delete(CaseClaim).where(CaseClaim.case_id == case_id, CaseClaim.person_id == person_id))


def release_all(session: Session, person_id: int) -> None:
    """Give back everything a person holds; done when they log out."""
    session.execute(delete(CaseClaim).where(CaseClaim.person_id == person_id))


def holders(session: Session, case_ids: Collection[int]) -> dict[int, Holder]:
    """Return who holds which of the cases at this moment."""
    rows = session.execute(
        select(CaseClaim.case_id, CaseClaim.person_id, Person.name, CaseClaim.until)
        .join(Person, Person.id == CaseClaim.person_id)
        .where(CaseClaim.case_id.in_(case_ids), CaseClaim.until > clock.now())
    )
    return {case_id: Holder(person_id, name, until) for case_id, person_id, name, until in rows}


def _renewed(session: Session, case_id: int, person_id: int, until: datetime) -> bool:
    """Take over a claim that is one's own or has run out, in one statement, so that only one of two can."""
    changed = session.execute(
        update(CaseClaim)
        .where(CaseClaim.case_id == case_id)
        .where((CaseClaim.person_id == person_id) | (CaseClaim.until <= clock.now()))
        .values(person_id=person_id, until=until)
        .returning(CaseClaim.id)
    )
    return changed.first() is not None
