"""The queue: open cases, least time left first, then the greatest harm, then the surest match."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawlers.captures import Sighting
from dashboard import claims
from matcher import holds
from matcher.cases import Case, CaseFinding, waiting
from matcher.catalogue import Asset, Work
from matcher.match import Match
from matcher.references import Reference

SHOWN = 100  # nobody reads further down than this; the count says how many there are


@dataclass(frozen=True)
class Waiting:
    """One case as the queue shows it."""

    id: int
    uuid: str
    work: str
    place: str
    due_at: datetime
    score: float
    lane: str
    harm: int
    sightings: int
    blob: str | None  # the found medium of the best match, for the little picture
    holder: claims.Holder | None
    held: str | None  # why it may lead to no notice yet


def read(session: Session, limit: int = SHOWN) -> list[Waiting]:
    """Return the open cases in the order in which they should be decided."""
    rows = session.execute(
        select(Case, Work.title)
        .join(Work, Work.id == Case.work_id)
        .where(waiting())
        .order_by(Case.due_at, Case.harm.desc(), Case.score.desc(), Case.id)
        .limit(limit)
    ).all()
    ids = [case.id for case, _ in rows]
    pictures, holders, held = _pictures(session, ids), claims.holders(session, ids), holds.of(session, ids)
    return [
        Waiting(
            case.id, case.uuid, title, case.place, case.due_at, case.score, case.lane, case.harm,
            *pictures.get(case.id, (0, None)), holders.get(case.id), held.get(case.id),
        )
        for case, title in rows
    ]  # fmt: skip


def _pictures(session: Session, case_ids: Collection[int]) -> dict[int, tuple[int, str | None]]:
    """Return, per case, how many sightings matched and the blob of the best of them."""
    rows = session.execute(
        select(CaseFinding.case_id, Sighting.id, Sighting.blob, func.max(Match.score).label("score"))
        .join(Sighting, Sighting.finding_id == CaseFinding.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .where(CaseFinding.case_id.in_(case_ids), Asset.work_id == Case.work_id)
        .group_by(CaseFinding.case_id, Sighting.id, Sighting.blob)
        .order_by(CaseFinding.case_id, func.max(Match.score).desc(), Sighting.id)
    ).all()
    found: dict[int, tuple[int, str | None]] = {}
    for case_id, _sighting, blob, _score in rows:
        count, best = found.get(case_id, (0, blob))
        found[case_id] = (count + 1, best)
    return found
