"""The flood guard: a reference that suddenly matches far more than its history is quarantined before it does harm.

A black frame, a logo or a stock picture registered by mistake, or on purpose, matches everywhere. What counts are the
cases that a reference carries alone, for where other references speak too it is no stranger; and its history is what
people confirmed, for matches that nobody looked at prove nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

import config.home
from config import clock
from config.settings import Flood
from crawlers.captures import FindingRow, Sighting
from matcher import assess, quarantines
from matcher.case_rows import Assessment, Case, CaseFinding, Decision
from matcher.catalogue import Asset
from matcher.match import Match
from matcher.references import Reference, in_force

CONFIRMS = ("infringing", "licensed", "fan use")  # verdicts of somebody who saw the work there


@dataclass(frozen=True)
class Carried:
    """A case that one reference carries alone."""

    matched_at: datetime
    is_confirmed: bool  # a person said that the work is there


@dataclass(frozen=True)
class Figures:
    """How often a reference matches, and how often it may."""

    places: int  # within the window; of a reference without history, ever
    limit: int  # more than these are a flood
    usual: int  # the most within a window before, as people confirmed them or let them pass
    siblings: float  # places of the work's other references within the window, their median
    is_proven: bool  # it has a history

    @property
    def is_flood(self) -> bool:
        """Whether the reference matches far more than it ever did."""
        return self.places > self.limit

    def says(self, window_hours: float) -> str:
        """Return the sentences that a person reads first."""
        others = f"The other references of the work: {self.siblings:g} each."
        if not self.is_proven:
            return f"Found at {self.places} places, and nobody confirmed any before; up to {self.limit} pass. {others}"
        within = f"Found at {self.places} places within {window_hours:g} hours; {self.usual} was the most before"
        return f"{within}, up to {self.limit} pass. {others}"


def judge(
    carried: Sequence[Carried], flood: Flood, *, now: datetime, released: int = 0, siblings: float = 0.0
) -> Figures:
    """Return the figures of a reference that is about to open one more case than it carries. Pure.

    `released` is how many places a person let pass at once. What siblings get says something only of a reference that
    has a history: a new one is no safer because the others of its work are much copied.
    """
    window = timedelta(hours=flood.window_hours)
    back = [(now - each.matched_at) // window for each in carried]
    known = Counter(
        number
        for number, each in zip(back, carried, strict=True)
        if each.is_confirmed and number >= 1 and number * window <= timedelta(days=flood.history_days)
    )
    usual = max([released, *known.values()])
    is_proven = usual > 0
    places = 1 + (sum(number < 1 for number in back) if is_proven else len(back))
    most = max(float(usual), siblings if is_proven else 0.0)
    return Figures(places, max(flood.new_places, int(flood.times * most)), usual, siblings, is_proven)


def guard(session: Session, assessment: Assessment) -> None:
    """Quarantine every reference that would open this case alone and is in flood with it."""
    flood, now = config.home.of(session).settings.flood, clock.now()
    for reference in _alone(session, assessment):
        newest = quarantines.locked(session, reference.id)
        if newest is not None and newest.event == "quarantined":
            continue
        released = newest.figures["places"] if newest is not None and newest.event == "released" else 0
        carried = carried_by(session, reference, assessment.work_id)
        figures = judge(carried, flood, now=now, released=released)
        if figures.is_flood:
            since = now - timedelta(hours=flood.window_hours)
            siblings = _siblings(session, reference, assessment.work_id, since)
            figures = judge(carried, flood, now=now, released=released, siblings=siblings)
        if figures.is_flood:
            quarantines.record(
                session, reference, "quarantined", by=quarantines.MEKIKI, says=figures.says(flood.window_hours),
                figures=asdict(figures),
            )  # fmt: skip


def carried_by(session: Session, reference: Reference, work_id: int) -> list[Carried]:
    """Return the cases of the work that stand on this reference alone; not those that turned out to be allowed."""
    newest = select(func.max(Decision.id)).where(Decision.case_id == Case.id).correlate(Case).scalar_subquery()
    matched_at = case((Match.found_at > FindingRow.found_at, Match.found_at), else_=FindingRow.found_at)
    rows = session.execute(
        select(Case.id, func.min(matched_at).label("at"), func.max(Decision.verdict).label("verdict"))
        .join(CaseFinding, CaseFinding.case_id == Case.id)
        .join(FindingRow, FindingRow.id == CaseFinding.finding_id)
        .join(Sighting, Sighting.finding_id == FindingRow.id)
        .join(Match, Match.blob == Sighting.blob)
        .outerjoin(Decision, Decision.id == newest)
        .where(Case.work_id == work_id, Match.reference_id == reference.id, ~_has_support(reference))
        .where((Case.state != "closed") | Decision.id.is_not(None))
        .group_by(Case.id)
    ).all()
    return [Carried(at, verdict in CONFIRMS) for _case, at, verdict in rows]


def _alone(session: Session, assessment: Assessment) -> list[Reference]:
    """Return the references that prove the work at this finding without the help of others, by id.

    Another one that matches the same media only is no help: two black frames of one work find the same places.
    """
    quarantined = {reference.id for reference, _event in quarantines.current(session)}
    shows: defaultdict[int, set[str]] = defaultdict(set)
    found: dict[int, Reference] = {}
    for medium in assess.seen_at(session, assessment.finding_id, assessment.work_id):
        for _match, reference in medium.matches:
            if reference.bank in assess.PROTECTED and reference.id not in quarantined:
                shows[reference.id].add(medium.sighting.blob)
                found[reference.id] = reference
    every = set[str]().union(*shows.values())
    return [found[number] for number in sorted(found) if shows[number] == every]


def _has_support(reference: Reference) -> ColumnElement[bool]:
    """Return the condition, within a query over cases, that another reference matches another medium of the case."""
    other, seen, member, same = aliased(Match), aliased(Sighting), aliased(CaseFinding), aliased(Match)
    is_mine = select(same.id).where(same.blob == other.blob, same.reference_id == reference.id).correlate(other)
    return (
        select(other.id)
        .join(seen, seen.blob == other.blob)
        .join(member, member.finding_id == seen.finding_id)
        .join(Reference, Reference.id == other.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(member.case_id == Case.id, Asset.work_id == Case.work_id, Reference.id != reference.id)
        .where(Reference.bank.in_(assess.PROTECTED), in_force(clock.now()))
        .where(~quarantines.is_quarantined(), ~is_mine.exists())
        .correlate(Case)
        .exists()
    )


def _siblings(session: Session, reference: Reference, work_id: int, since: datetime) -> float:
    """Return at how many places the work's other references matched since then: their median."""
    siblings = session.scalars(
        select(Reference.id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(Asset.work_id == work_id, Reference.id != reference.id, in_force(clock.now()))
        .where(Reference.bank.in_(assess.PROTECTED))
    ).all()
    matched = session.execute(
        select(Match.reference_id, func.count(Case.id.distinct()).label("cases"))
        .join(Sighting, Sighting.blob == Match.blob)
        .join(CaseFinding, CaseFinding.finding_id == Sighting.finding_id)
        .join(FindingRow, FindingRow.id == CaseFinding.finding_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .where(Case.work_id == work_id, Match.reference_id.in_(siblings))
        .where((Match.found_at > since) | (FindingRow.found_at > since))
        .group_by(Match.reference_id)
    )
    counts = dict(matched.all())
    return float(median([counts.get(number, 0) for number in siblings] or [0]))
