"""Works and what protects them: references with their banks, licences, and what fans may do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from config import clock
from config.errors import MekikiError
from dashboard import people, staff
from dashboard.pages import conflicts, stretches, words
from dashboard.visits import Visit
from fingerprints.store import Medium
from matcher import lives, references
from matcher.cases import Case, waiting
from matcher.catalogue import Asset, Owner, Work
from matcher.fan_rules import FanRule
from matcher.licences import Licence
from matcher.references import Exclusion, Reference, in_force

SHOWN = 300


class UnknownWork(MekikiError):
    """No work has this uuid."""


@dataclass(frozen=True)
class WorkRow:
    """One work as the list shows it."""

    uuid: str
    title: str
    kind: str
    owner: str
    is_provisional: bool
    references: int
    open_cases: int
    cover: str | None  # blob of a reference that has a picture


@dataclass(frozen=True)
class Shot:
    """One reference as the work's page shows it."""

    uuid: str
    blob: str
    asset: str
    name: str
    bank: str
    kind: str | None
    duration_s: float
    error: str | None
    is_held: bool
    added_at: datetime
    is_disabled: bool
    is_in_force: bool  # False as well for what was provisional and has expired
    ends_at: datetime | None  # of what is provisional
    back_at: datetime | None  # of what is disabled until then
    why_not: str | None  # the sentence that says why it does not match
    exclusions: int


def listed(visit: Visit) -> Response:
    """Show every work."""
    with visit.reads() as session:
        works = _works(session)
    return visit.show("works.html", works=works, kinds=words.kinds(visit.say))


def show(visit: Visit) -> Response:
    """Show one work with its references, what they share, licences and fan rules."""
    with visit.reads() as session:
        work = found(session, visit.of("uuid"))
        named = staff.of_work(session, work)
        others = [one for one in people.everybody(session) if one not in named and not one.disabled_at]
        owner = session.get_one(Owner, work.owner_id)
        shots = _shots(session, visit, work)
        shared, shared_count = stretches.read(session, visit, work)
        claims = conflicts.read(session, visit, work)
        licences = session.scalars(
            select(Licence)
            .where(Licence.owner_id == owner.id, (Licence.work_id == work.id) | Licence.work_id.is_(None))
            .order_by(Licence.revoked_at.is_not(None), Licence.id.desc())
        ).all()
        rules = session.scalars(
            select(FanRule)
            .where(FanRule.owner_id == owner.id, (FanRule.work_id == work.id) | FanRule.work_id.is_(None))
            .order_by(FanRule.id.desc())
        ).all()
        open_cases = session.scalars(
            select(Case).where(Case.work_id == work.id, waiting()).order_by(Case.due_at).limit(20)
        ).all()
    return visit.show(
        "work.html", work=work, owner=owner, shots=shots, licences=licences, rules=rules, open_cases=open_cases,
        staff=named, others=others, is_on_staff=visit.person.id in [one.id for one in named],
        stretches=shared, stretch_count=shared_count, conflicts=claims,
        now=clock.now(), floor_s=visit.home.settings.allowance.max_fan_seconds,
        kinds=words.kinds(visit.say), banks=words.banks(visit.say),
    )  # fmt: skip


def found(session: Session, uuid: str) -> Work:
    """Return the work with this uuid. Raises UnknownWork."""
    work = session.scalar(select(Work).where(Work.uuid == uuid))
    if work is None:
        raise UnknownWork("There is no such work; go back to the list of works.")
    return work


def _works(session: Session) -> list[WorkRow]:
    open_cases = dict(session.execute(select(Case.work_id, func.count()).where(waiting()).group_by(Case.work_id)).all())
    counts = dict(
        session.execute(
            select(Asset.work_id, func.count(Reference.id))
            .join(Reference, Reference.asset_id == Asset.id)
            .where(in_force(clock.now()))
            .group_by(Asset.work_id)
        ).all()
    )
    covers = dict(
        session.execute(
            select(Asset.work_id, Reference.blob)
            .join(Reference, Reference.asset_id == Asset.id)
            .join(Medium, Medium.blob == Reference.blob)
            .where(Medium.kind.in_(("image", "video")), in_force(clock.now()))
            .order_by(Reference.id.desc())  # the last one of a work wins: the first that was registered
        ).all()
    )
    rows = session.execute(select(Work, Owner.name).join(Owner, Owner.id == Work.owner_id).order_by(Work.title))
    now = clock.now()
    return [
        WorkRow(
            work.uuid, work.title, work.kind, owner,
            bool(work.provisional_until and work.provisional_until > now),
            counts.get(work.id, 0), open_cases.get(work.id, 0), covers.get(work.id),
        )
        for work, owner in rows
    ]  # fmt: skip


def _shots(session: Session, visit: Visit, work: Work) -> list[Shot]:
    excluded = select(func.count()).where(Exclusion.reference_id == Reference.id).scalar_subquery()
    rows = session.execute(
        select(Reference, Asset.name, Medium, excluded)
        .join(Asset, Asset.id == Reference.asset_id)
        .outerjoin(Medium, Medium.blob == Reference.blob)
        .where(Asset.work_id == work.id)
        .order_by(Asset.name, Reference.position, Reference.id)
        .limit(SHOWN)
    )
    now = clock.now()
    return [
        Shot(
            row.uuid, row.blob, asset, row.name, row.bank, medium.kind if medium else None,
            medium.duration_s if medium else 0.0, medium.error if medium else None,
            visit.home.blobs.has(row.blob), row.added_at, references.is_disabled(row, now),
            references.is_in_force(row, work, now),
            (row.expires_at or work.provisional_until) if row.bank == "provisional" else None,
            row.disabled_until, lives.why_not(session, row, work, now), exclusions,
        )
        for row, asset, medium, exclusions in rows
    ]  # fmt: skip
