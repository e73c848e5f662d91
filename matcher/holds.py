"""Holds: which cases may lead to no notice yet, because all that they stand on is in question.

Asked whenever a case opens, is decided, drafted, approved, and once more when its notice would leave.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from config import clock
from config.errors import MekikiError
from crawlers.captures import Sighting
from matcher import assess, quarantines
from matcher.case_rows import Case, CaseFinding
from matcher.catalogue import Asset
from matcher.match import Match
from matcher.references import Reference, in_force


class Held(MekikiError):
    """A case stands on nothing but references that are in question."""


def stands(finding_id: InstrumentedAttribute[int], work_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return the condition that something at a finding proves the work and is not in quarantine."""
    return (
        select(Match.id)
        .join(Sighting, Sighting.blob == Match.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(Sighting.finding_id == finding_id, Asset.work_id == work_id)
        .where(Reference.bank.in_(assess.PROTECTED), in_force(clock.now()), ~quarantines.is_quarantined())
        .exists()
    )


def of(session: Session, case_ids: Collection[int]) -> dict[int, str]:
    """Return why each of these cases is held, as a sentence; those that are not held are absent."""
    names = {reference.id: reference.name for reference, _event in quarantines.current(session)}
    if not names or not case_ids:
        return {}
    rows = session.execute(
        select(CaseFinding.case_id, Match.reference_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .join(Sighting, Sighting.finding_id == CaseFinding.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(CaseFinding.case_id.in_(case_ids), Asset.work_id == Case.work_id)
        .where(Reference.bank.in_(assess.PROTECTED), in_force(clock.now()))
        .distinct()
    )
    on: dict[int, set[int]] = {}
    for case_id, reference_id in rows:
        on.setdefault(case_id, set()).add(reference_id)
    return {case_id: _quarantined(names[min(ids)]) for case_id, ids in on.items() if ids <= names.keys()}


def check(session: Session, case_id: int) -> None:
    """Refuse to go on with a case that is held. Raises Held."""
    if why := of(session, [case_id]).get(case_id):
        raise Held(why)


def _quarantined(name: str) -> str:
    return f"Held: nothing but {name} speaks for this case, and that reference is in quarantine."
