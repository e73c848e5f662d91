"""Assessments that no case has taken up yet: which may open one, or change the one that is there."""

from collections.abc import Iterator, Sequence
from itertools import chain

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from crawlers.captures import Sighting
from matcher import holds, marks
from matcher.case_rows import Assessment, Case, CaseFinding
from matcher.marks import Done, Look
from matcher.match import Match
from matcher.quarantines import QuarantineEvent

OPENED = "opened"  # the mark of the assessments that were looked at


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return the newest opening assessments that a case still lacks: not allowed and in none, or newer than its own.

    A case that was closed because every use was allowed is asked again; one whose place is gone waits for a new look.

    What only a quarantined reference speaks for waits, until somebody lets the reference out.
    """
    return _lacking(session, limit, marks.done(session, OPENED))


def remember(session: Session) -> None:
    """Move the mark of the assessments that were looked at."""
    marks.advance(session, OPENED, (Assessment.id,), _look)


def _look(session: Session, done: Done) -> Look:
    return Look(_lacking(session, 1, done))


def _lacking(session: Session, limit: int, done: Done) -> Sequence[int]:
    rows = _uncased().order_by(Assessment.id)
    if done.since is None:
        return session.scalars(rows.limit(limit)).all()
    found: list[int] = []
    for some in marks.portions(_may_lack(session, done)):
        found += session.scalars(rows.where(Assessment.id.in_(some)).limit(limit - len(found)))
        if len(found) == limit:
            break
    return found


def _uncased() -> Select[int]:
    newer = aliased(Assessment)
    is_outdated = (
        select(newer.id)
        .where(newer.finding_id == Assessment.finding_id, newer.work_id == Assessment.work_id)
        .where(newer.moment == "opening", newer.id > Assessment.id)
        .exists()
    )
    # A finding may be in the cases of several works; only the case of this work counts.
    own = (
        select(CaseFinding.id)
        .join(Case, Case.id == CaseFinding.case_id)
        .where(CaseFinding.finding_id == Assessment.finding_id, Case.work_id == Assessment.work_id)
    )
    member, last = aliased(CaseFinding), aliased(Assessment)
    was_otherwise = (
        select(member.id)
        .join(last, last.id == member.assessment_id)
        .where(member.case_id == Case.id, last.outcome != "allowed")
        .exists()
    )
    is_asked_again = (Case.state == "open") | ((Case.state == "closed") & ~was_otherwise)
    in_none = ~own.exists() & (Assessment.outcome != "allowed") & stands()
    is_news = own.where(CaseFinding.assessment_id < Assessment.id, is_asked_again).exists()
    return select(Assessment.id).where(Assessment.moment == "opening", ~is_outdated, in_none | is_news)


def _may_lack(session: Session, done: Done) -> Iterator[int]:
    """Yield the assessments that may lack a case: those that are new, those of cases whose state was changed, and those
    of what a reference matches that was let out of quarantine, since all cases were opened."""
    yield from session.scalars(select(Assessment.id).where(done.beyond(Assessment.id)))
    of_cases = select(CaseFinding.finding_id).join(Case, Case.id == CaseFinding.case_id)
    changed = session.scalars(of_cases.where(Case.state_at > done.since)).all()
    matched = select(Sighting.finding_id).join(Match, Match.blob == Sighting.blob)
    events = select(QuarantineEvent.reference_id).where(QuarantineEvent.at > done.since)
    let_out = session.scalars(events.where(QuarantineEvent.event != "quarantined")).all()
    of_them = (session.scalars(matched.where(Match.reference_id.in_(some))).all() for some in marks.portions(let_out))
    for some in marks.portions([*changed, *chain.from_iterable(of_them)]):
        yield from session.scalars(select(Assessment.id).where(Assessment.finding_id.in_(some)))


def stands() -> ColumnElement[bool]:
    """Return the condition that something proves the work of an Assessment and is not in quarantine."""
    return holds.stands(Assessment.finding_id, Assessment.work_id)
