"""What a named person says of a quarantined reference: the flood is real and goes on, or the reference is disabled."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawlers.captures import FindingRow, Sighting
from matcher import assess, cases, catalogue, flood, lives, quarantines, references
from matcher.case_rows import Assessment, Case, CaseFinding
from matcher.catalogue import Work
from matcher.match import Match
from matcher.quarantines import NotQuarantined, QuarantineEvent
from matcher.references import Reference


def places(session: Session, reference: Reference) -> int:
    """Return at how many places a reference carries a case alone, or will once it is let out."""
    work = catalogue.work_of(session, reference.asset_id)
    waiting = [assessment.finding_id for assessment in _waiting(session, reference, work)]
    more = session.scalar(select(func.count(FindingRow.place.distinct())).where(FindingRow.id.in_(waiting)))
    return len(flood.carried_by(session, reference, work.id)) + (more or 0)


def release(session: Session, uuid: str, *, by: str, reason: str) -> QuarantineEvent:
    """Let a reference out: its held cases go on, and at once every case opens that waited for it.

    As many places as it has by now count as its history from here on, so that one flood asks for a person once.
    Raises NotQuarantined, UnknownReference.
    """
    reference = _quarantined(session, uuid, by=by, reason=reason)
    waiting = _waiting(session, reference, catalogue.work_of(session, reference.asset_id))
    row = quarantines.record(
        session, reference, "released", by=by.strip(), says=reason.strip(),
        figures={"places": places(session, reference)},
    )  # fmt: skip
    cases.open_cases(session, [assessment.id for assessment in waiting])
    return row


def disable(session: Session, uuid: str, *, by: str, reason: str) -> QuarantineEvent:
    """Take a reference out of matching, and out of the queue, at once, every case that stood on it alone.

    Raises NotQuarantined, UnknownReference.
    """
    reference = _quarantined(session, uuid, by=by, reason=reason)
    work = catalogue.work_of(session, reference.asset_id)
    row = quarantines.record(session, reference, "disabled", by=by.strip(), says=reason.strip(), figures={})
    lives.disable(session, uuid, by=by, reason=reason)
    for case, finding_id in _open_cases_on(session, reference, work):
        check = assess.assess_use(session, finding_id=finding_id, work_id=case.work_id, moment="opening")
        cases.open_cases(session, [check.id])
    return row


def _quarantined(session: Session, uuid: str, *, by: str, reason: str) -> Reference:
    reference = references.find(session, uuid)
    if not by.strip() or not reason.strip():
        raise NotQuarantined("Say why the reference leaves quarantine, and who says so; give both.")
    newest = quarantines.locked(session, reference.id)
    if newest is None or newest.event != "quarantined":
        raise NotQuarantined(
            f"{reference.name} is not in quarantine; `mekiki reference quarantine list` shows what is."
        )
    return reference


def _waiting(session: Session, reference: Reference, work: Work) -> Sequence[Assessment]:
    """Return the newest opening assessments that no case took up because of this quarantine, oldest first."""
    found = (
        select(Sighting.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .where(Match.reference_id == reference.id)
        .distinct()
    )
    in_one = (
        select(CaseFinding.id)
        .join(Case, Case.id == CaseFinding.case_id)
        .where(CaseFinding.finding_id == Assessment.finding_id, Case.work_id == work.id)
    )
    newest = (
        select(func.max(Assessment.id))
        .where(Assessment.finding_id.in_(found), Assessment.work_id == work.id, Assessment.moment == "opening")
        .where(~in_one.exists())
        .group_by(Assessment.finding_id)
    )
    rows = select(Assessment).where(Assessment.id.in_(newest), Assessment.outcome != "allowed")
    return session.scalars(rows.order_by(Assessment.id)).all()


def _open_cases_on(session: Session, reference: Reference, work: Work) -> Sequence[tuple[Case, int]]:
    """Return the open cases in which the reference matches, each with every finding of it."""
    on = (
        select(CaseFinding.case_id)
        .join(Sighting, Sighting.finding_id == CaseFinding.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .where(Match.reference_id == reference.id)
        .distinct()
    )
    rows = session.execute(
        select(Case, CaseFinding.finding_id)
        .join(CaseFinding, CaseFinding.case_id == Case.id)
        .where(Case.id.in_(on), Case.work_id == work.id, Case.state == "open")
        .order_by(Case.id, CaseFinding.finding_id)
    ).all()
    return [(case, finding_id) for case, finding_id in rows]
