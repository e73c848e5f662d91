"""Who may see what is not released yet: the people named for a work see what its provisional references matched.

Everybody else gets the same answers as if it did not exist. `limit` says so to a session, once, and every question
asked through it leaves out those references, what they matched, the cases that rest on them and their notices.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, Table, event, select
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, with_loader_criteria

from config import clock
from config.database import Base, Row
from config.errors import MekikiError
from crawlers.captures import Sighting
from dashboard.people import Person
from matcher.case_rows import Case, CaseFinding
from matcher.catalogue import Asset, Work
from matcher.found_stretches import FoundStretch
from matcher.match import Match
from matcher.references import Reference
from notices.ledger import Notice, NoticeEvent

NOBODY = 0  # no row has this id


class NotOnStaff(MekikiError):
    """Only somebody who is named for a work may name others in the console."""


class WorkStaff(Row, Base):
    """One person who may see a work's provisional material, from when to when; who stopped stays on record."""

    __tablename__ = "work_staff"

    work_id: Mapped[int] = mapped_column(ForeignKey("works.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(String(200))


def name(session: Session, work: Work, person: Person, *, by: str) -> None:
    """Let a person see a work's provisional material from now on; nothing happens when they may already."""
    if _row(session, work, person) is None:
        session.add(WorkStaff(work_id=work.id, person_id=person.id, added_at=clock.now(), added_by=by))
        session.flush()


def remove(session: Session, work: Work, person: Person, *, by: str) -> None:
    """Let a person see it no longer, from their next question on."""
    row = _row(session, work, person)
    if row is not None:
        row.removed_at, row.removed_by = clock.now(), by
        session.flush()


def of_work(session: Session, work: Work) -> Sequence[Person]:
    """Return the people who may see a work's provisional material, by login."""
    named = select(Person).join(WorkStaff, WorkStaff.person_id == Person.id)
    return session.scalars(
        named.where(WorkStaff.work_id == work.id, WorkStaff.removed_at.is_(None)).order_by(Person.login)
    ).all()


def unseen_works(session: Session) -> Sequence[str]:
    """Return the titles with provisional references whose matches nobody sees, by title."""
    named = select(WorkStaff.work_id).join(Person, Person.id == WorkStaff.person_id)
    seen = named.where(WorkStaff.removed_at.is_(None), Person.disabled_at.is_(None))
    provisional = select(Asset.work_id).join(Reference, Reference.asset_id == Asset.id)
    rows = select(Work.title).where(
        Work.id.in_(provisional.where(Reference.bank == "provisional")), Work.id.not_in(seen)
    )
    return session.scalars(rows.order_by(Work.title)).all()


def limit(session: Session, person_id: int | None) -> Session:
    """Let a session see only what this person may see, and return it; None is somebody nobody named for anything.

    It holds for what is asked through mapped classes, not for aliases of them.
    """
    secret, cases = secret_references(person_id), _secret_cases(person_id)
    notices = select(_table(Notice).c.id).where(_table(Notice).c.case_id.in_(cases))
    options = [
        with_loader_criteria(Reference, Reference.id.not_in(secret)),
        with_loader_criteria(Match, Match.reference_id.not_in(secret)),
        with_loader_criteria(FoundStretch, FoundStretch.reference_id.not_in(secret)),
        with_loader_criteria(Case, Case.id.not_in(cases)),
        with_loader_criteria(CaseFinding, CaseFinding.case_id.not_in(cases)),
        with_loader_criteria(Notice, Notice.id.not_in(notices)),
        with_loader_criteria(NoticeEvent, NoticeEvent.notice_id.not_in(notices)),
    ]

    @event.listens_for(session, "do_orm_execute")
    def _leave_out(asked: ORMExecuteState) -> None:
        if asked.is_select and not asked.is_column_load and not asked.is_relationship_load:
            asked.statement = asked.statement.options(*options)

    return session


def secret_references(person_id: int | None) -> Select[int]:
    """Return the ids of the provisional references that a person may not see.

    Asked of tables, not of classes: what `limit` leaves out of classes must not be left out here.
    """
    references, assets, staff = _table(Reference), _table(Asset), _table(WorkStaff)
    named = select(staff.c.work_id).where(staff.c.person_id == (person_id or NOBODY), staff.c.removed_at.is_(None))
    rows = select(references.c.id).join(assets, assets.c.id == references.c.asset_id)
    return rows.where(references.c.bank == "provisional", assets.c.work_id.not_in(named))


def has_secrets(session: Session, person_id: int | None) -> bool:
    """Say whether there is anything at all that a person may not see."""
    return session.scalar(secret_references(person_id).limit(1)) is not None


def hides(session: Session, blob: str, person_id: int) -> bool:
    """Say whether bytes are a secret to a person: a reference they may not see or a copy of one, and nothing else."""
    secret, references, matches = secret_references(person_id), _table(Reference), _table(Match)
    tied = (
        select(references.c.id)
        .where(references.c.blob == blob)
        .union(select(matches.c.reference_id).where(matches.c.blob == blob))
    )
    ties = set(session.scalars(tied))
    return bool(ties) and ties <= set(session.scalars(secret.where(references.c.id.in_(ties))))


def hidden(session: Session, blobs: Collection[str], person_id: int) -> frozenset[str]:
    """Return which of these bytes are a secret to a person; quick where there are no secrets at all."""
    if not has_secrets(session, person_id):
        return frozenset()
    return frozenset(blob for blob in blobs if hides(session, blob, person_id))


def person_called(session: Session, said: str) -> int | None:
    """Return the id of the person with this login or name who may still log in; None for nobody, or more than one."""
    called = (Person.login == said.strip().lower()) | (Person.name == said.strip())
    found = session.scalars(select(Person.id).where(called, Person.disabled_at.is_(None))).all()
    return found[0] if len(found) == 1 else None


def _secret_cases(person_id: int | None) -> Select[int]:
    """Return the ids of the cases in which a reference matched that the person may not see."""
    cases, members, seen, matches, references, assets = map(
        _table, (Case, CaseFinding, Sighting, Match, Reference, Asset)
    )
    return (
        select(cases.c.id)
        .join(members, members.c.case_id == cases.c.id)
        .join(seen, seen.c.finding_id == members.c.finding_id)
        .join(matches, matches.c.blob == seen.c.blob)
        .join(references, references.c.id == matches.c.reference_id)
        .join(assets, (assets.c.id == references.c.asset_id) & (assets.c.work_id == cases.c.work_id))
        .where(references.c.id.in_(secret_references(person_id)))
    )


def _table(of: type[Base]) -> Table:
    found: Any = of.__table__
    return found  # type: ignore[no-any-return]


def _row(session: Session, work: Work, person: Person) -> WorkStaff | None:
    return session.scalar(
        select(WorkStaff).where(
            WorkStaff.work_id == work.id, WorkStaff.person_id == person.id, WorkStaff.removed_at.is_(None)
        )
    )
