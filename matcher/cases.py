"""Cases: what one person decides at once. One work at one place, opened only when no allowance covers the use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from config import clock
from config.errors import MekikiError
from crawlers.captures import Capture, FindingRow
from matcher import allowances, assess, flood, holds, negatives, uncased
from matcher.case_rows import (
    PROMISE,
    UNDONE,
    Assessment,
    Case,
    CaseFinding,
    Decision,
    decisions,
    findings,
    newest_assessment,
    newest_decision,
)
from matcher.catalogue import Owner, Work
from matcher.interface import VERDICTS, Verdict
from matcher.uncased import pending, remember

__all__ = [
    "Assessment", "Case", "CaseFinding", "Decision", "newest_assessment", "newest_decision", "pending", "remember",
]  # fmt: skip

LEAK, COMMERCE, OTHER = 2, 1, 0  # harm: what is asked for first when the same time is left


class AllowedUse(MekikiError):
    """An allowance covers the use, so it cannot be called infringing."""


class UnknownCase(MekikiError):
    """No case has this uuid."""


class NotDecidable(MekikiError):
    """A decision lacks something, or the case is in another state."""


@dataclass(frozen=True)
class QueueRow:
    """One case as the queue shows it."""

    case_id: int
    uuid: str
    work: str
    place: str
    title: str  # of the newest finding
    source: str
    page_kind: str
    detected_at: datetime
    due_at: datetime
    left_s: float  # of the 24 hours; negative when they are over
    harm: int
    score: float
    lane: str
    outcome: str  # of the newest assessment: "open", or "person" when an allowance could not know
    matched_seconds: float | None
    findings: int
    said: str | None  # "unsure" when somebody looked and could not say
    held: str | None  # why it may lead to no notice yet


@dataclass(frozen=True)
class FindingDetail:
    """One finding of a case: the page, what matched on it, and every check that was made."""

    finding: FindingRow
    capture: Capture
    seen: list[assess.Seen]
    assessments: Sequence[Assessment]  # oldest first, every moment


@dataclass(frozen=True)
class CaseDetail:
    """Everything a person needs to decide one case."""

    case: Case
    work: Work
    owner: Owner
    findings: list[FindingDetail]  # newest first
    assessment: Assessment  # the newest
    decisions: Sequence[Decision]
    decision: Decision | None  # the one in force


def open_cases(session: Session, ids: Sequence[int]) -> None:
    """Open a case for each assessment, or let its finding join the case of the same work and place.

    An open case whose findings are all allowed by now is closed: a licence that was registered late releases it.
    A reference that is in flood with the new case is quarantined here, and the case that it alone would open is not.
    """
    for assessment_id in ids:
        assessment = session.get_one(Assessment, assessment_id)
        finding = session.get_one(FindingRow, assessment.finding_id)
        case = session.scalar(
            select(Case).where(Case.work_id == assessment.work_id, Case.place == finding.place).with_for_update()
        )
        if (case is None or _may_reopen(session, case)) and not _may_open(session, assessment):
            continue
        if case is None:
            case = Case(work_id=assessment.work_id, place=finding.place, lane="lead", score=0.0, harm=OTHER)
            _start_clock(case, finding)
            session.add(case)
            session.flush()
        elif _may_reopen(session, case) and assessment.outcome != "allowed":
            _start_clock(case, finding)
        _join(session, case, assessment)


def queue(session: Session, limit: int = 100, *, offset: int = 0) -> list[QueueRow]:
    """Return the open cases: the least time left first, then harm, then score."""
    rows = session.execute(
        select(Case, Work.title)
        .join(Work, Work.id == Case.work_id)
        .where(waiting())
        .order_by(Case.due_at, Case.harm.desc(), Case.score.desc(), Case.id)
        .limit(limit)
        .offset(offset)
    ).all()
    held = holds.of(session, [case.id for case, _title in rows])
    return [_queue_row(session, case, title, held.get(case.id)) for case, title in rows]


def waiting() -> ColumnElement[bool]:
    """Return the condition that a Case waits for somebody's decision: it is open, and still rests on something.

    A reference that was disabled a second ago takes its cases out of the queue before anything else has run.
    """
    return (Case.state == "open") & assess.is_supported()


def find(session: Session, uuid: str) -> Case:
    """Return the case with this uuid. Raises UnknownCase."""
    case = session.scalar(select(Case).where(Case.uuid == uuid))
    if case is None:
        raise UnknownCase(f"There is no case {uuid}; `mekiki case list` shows the open ones.")
    return case


def case_detail(session: Session, uuid: str) -> CaseDetail:
    """Return everything known of one case. Raises UnknownCase."""
    case = find(session, uuid)
    work = session.get_one(Work, case.work_id)
    details = [_finding_detail(session, each, case) for each in reversed(findings(session, case.id))]
    return CaseDetail(
        case=case,
        work=work,
        owner=session.get_one(Owner, work.owner_id),
        findings=details,
        assessment=details[0].assessments[-1],
        decisions=decisions(session, case.id),
        decision=newest_decision(session, case.id),
    )


def newest_finding_id(session: Session, case_id: int) -> int:
    """Return the finding that shows the place as it was seen last."""
    return findings(session, case_id)[-1].finding_id


def decide(session: Session, case_id: int, *, person: str, verdict: Verdict, reason: str) -> Decision:
    """Record a person's verdict on an open case, after checking every allowance once more, and return it.

    "unsure" leaves the case open for somebody else. Raises NotDecidable without a person, a reason or an open case,
    and for "infringing" AllowedUse when an allowance allows the use and Held while the case is held.
    """
    if verdict not in VERDICTS:
        raise NotDecidable(f'"{verdict}" is no verdict; choose one of {", ".join(VERDICTS)}.')
    if not person.strip() or not reason.strip():
        raise NotDecidable("A decision carries the name of a person and a reason; give both.")
    case = _locked(session, case_id)
    if case.state != "open":
        raise NotDecidable(_why_not_open(session, case))
    if verdict == "infringing":
        holds.check(session, case_id)
    finding_id = newest_finding_id(session, case_id)
    check = assess.assess_use(session, finding_id=finding_id, work_id=case.work_id, moment="deciding")
    if verdict == "infringing" and check.outcome == "allowed":
        allowing = allowances.decisive(assess.answers_of(check))
        raise AllowedUse(f"{allowing.says if allowing else ''} This use is allowed; it cannot be called infringing.")
    if verdict != "unsure":
        case.state = "decided"
    if verdict in negatives.REMEMBERED:
        negatives.remember(
            session, place=case.place, work_id=case.work_id, verdict=verdict, reason=reason.strip(), by=person
        )
    return _record(session, Decision(
        case_id=case_id, person=person.strip(), verdict=verdict, reason=reason.strip(), assessment_id=check.id,
        undoes_id=None, at=clock.now(),
    ))  # fmt: skip


def undo(session: Session, case_id: int, *, person: str, reason: str) -> Decision:
    """Take back the decision in force, open the case again with the clock it had, and return the undoing row.

    A notice that has left is not called back by this; the caller looks at the ledger first. Raises NotDecidable.
    """
    if not person.strip() or not reason.strip():
        raise NotDecidable("Undoing a decision carries the name of a person and a reason; give both.")
    case = _locked(session, case_id)
    undone = newest_decision(session, case_id)
    if undone is None:
        raise NotDecidable("There is no decision to undo; the case is open.")
    if undone.verdict in negatives.REMEMBERED:
        negatives.restore_at(session, place=case.place, work_id=case.work_id)
    case.state = "open"
    return _record(session, Decision(
        case_id=case_id, person=person.strip(), verdict=UNDONE, reason=reason.strip(), assessment_id=None,
        undoes_id=undone.id, at=clock.now(),
    ))  # fmt: skip


def close(session: Session, case_id: int) -> None:
    """Close a case because its place is gone; the same work seen there again opens it again."""
    session.get_one(Case, case_id).state = "closed"
    session.flush()


def _may_open(session: Session, assessment: Assessment) -> bool:
    """Say whether an assessment may open a case, once the flood guard has looked at what speaks for it."""
    if assessment.outcome == "allowed":
        return True  # it opens none; a case that is there learns of it
    flood.guard(session, assessment)
    return session.scalar(select(Assessment.id).where(Assessment.id == assessment.id, uncased.stands())) is not None


def _locked(session: Session, case_id: int) -> Case:
    """Return the case as it is now and keep others from deciding it; what this session read of it before is stale."""
    locked = select(Case).where(Case.id == case_id).with_for_update()
    return session.scalars(locked, execution_options={"populate_existing": True}).one()


def _record(session: Session, row: Decision) -> Decision:
    session.add(row)
    session.flush()
    return row


def _why_not_open(session: Session, case: Case) -> str:
    decision = newest_decision(session, case.id)
    if case.state == "closed" or decision is None:
        return "The case is closed; it opens again by itself when the work is seen there again."
    return f'{decision.person} has already decided this case as "{decision.verdict}"; undo that first.'


def _start_clock(case: Case, finding: FindingRow) -> None:
    case.state = "open"
    case.detected_at = finding.found_at
    case.due_at = finding.found_at + PROMISE


def _may_reopen(session: Session, case: Case) -> bool:
    """Say whether a new finding opens the case again: it was closed, or an earlier "no" no longer holds."""
    if case.state == "closed":
        return True
    decision = newest_decision(session, case.id)
    return case.state == "decided" and decision is not None and decision.verdict in negatives.REMEMBERED


def _join(session: Session, case: Case, assessment: Assessment) -> None:
    """Put the assessment's finding into the case, or bring the one that is there up to date."""
    members = {each.finding_id: each for each in findings(session, case.id)}
    member = members.get(assessment.finding_id)
    if member is None:
        member = CaseFinding(case_id=case.id, finding_id=assessment.finding_id, assessment_id=assessment.id)
        session.add(member)
        members[assessment.finding_id] = member
    member.assessment_id = assessment.id
    finding = session.get_one(FindingRow, assessment.finding_id)
    if case.state == "open" and finding.found_at < case.detected_at:
        _start_clock(case, finding)
    _weigh(session, case, assessment)
    session.flush()
    outcomes = [session.get_one(Assessment, each.assessment_id).outcome for each in members.values()]
    if case.state == "open" and all(outcome == "allowed" for outcome in outcomes):
        case.state = "closed"
    session.flush()


def _weigh(session: Session, case: Case, assessment: Assessment) -> None:
    seen = assess.seen_at(session, assessment.finding_id, assessment.work_id)
    matches = [match for medium in seen for match in medium.of(*assess.PROTECTED)]
    case.score = max([case.score, *(match.score for match in matches)])
    case.lane = "copy" if case.lane == "copy" or any(match.lane == "copy" for match in matches) else "lead"
    case.harm = max(case.harm, _harm(session, assessment, seen))


def _harm(session: Session, assessment: Assessment, seen: Sequence[assess.Seen]) -> int:
    banks = {reference.bank for medium in seen for _match, reference in medium.matches}
    work = session.get_one(Work, assessment.work_id)
    if "provisional" in banks or (work.provisional_until and work.provisional_until > clock.now()):
        return LEAK
    kind = session.get_one(FindingRow, assessment.finding_id).kind
    return COMMERCE if "goods" in banks or kind == "marketplace" else OTHER


def _queue_row(session: Session, case: Case, work: str, held: str | None) -> QueueRow:
    members = findings(session, case.id)
    finding = session.get_one(FindingRow, members[-1].finding_id)
    assessment = session.get_one(Assessment, members[-1].assessment_id)
    decision = newest_decision(session, case.id)
    return QueueRow(
        case_id=case.id,
        uuid=case.uuid,
        work=work,
        place=case.place,
        title=finding.title,
        source=finding.source,
        page_kind=finding.kind,
        detected_at=case.detected_at,
        due_at=case.due_at,
        left_s=(case.due_at - clock.now()).total_seconds(),
        harm=case.harm,
        score=case.score,
        lane=case.lane,
        outcome=assessment.outcome,
        matched_seconds=assessment.matched_seconds,
        findings=len(members),
        said=decision.verdict if decision else None,
        held=held,
    )


def _finding_detail(session: Session, member: CaseFinding, case: Case) -> FindingDetail:
    finding = session.get_one(FindingRow, member.finding_id)
    checks = session.scalars(
        select(Assessment)
        .where(Assessment.finding_id == finding.id, Assessment.work_id == case.work_id)
        .order_by(Assessment.id)
    )
    # What was decided is told as it was decided, whatever happened to a reference since.
    seen = assess.seen_at(session, finding.id, case.work_id, only_in_force=case.state != "decided")
    return FindingDetail(finding, session.get_one(Capture, finding.capture_id), seen, checks.all())
