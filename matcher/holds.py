"""Holds: which cases may lead to no notice yet, because all that they stand on is in question.

Asked whenever a case opens, is decided, drafted, approved, and once more when its notice would leave.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from config import clock
from config.errors import MekikiError
from crawlers.captures import Sighting
from matcher import alignment, assess, film_watch, overlaps, quarantines
from matcher.case_rows import Case, CaseFinding
from matcher.catalogue import Asset
from matcher.match import Match
from matcher.references import Reference, in_force

LEAST_OWN_S = 5.0  # of a film outside of what is disputed: enough to prove it
EDGE = 0.05  # of a picture: so far may a match reach beyond a disputed box and still be within
SPAN = 2  # numbers of a stretch, (start, end) in seconds; a box has four
Part = Sequence[float]


class Held(MekikiError):
    """A case stands on nothing but references that are in question."""


@dataclass(frozen=True)
class Doubts:
    """What is in question now: whole references, and parts of them."""

    quarantined: frozenset[int]  # references
    disputed: Mapping[int, Sequence[Part]]  # by reference, what another owner claims too

    def __bool__(self) -> bool:
        return bool(self.quarantined or self.disputed)

    def objection(self, reference: Reference, match: Match) -> str | None:
        """Return the sentence that keeps a match from proving its case; None when it does prove it."""
        if reference.id in self.quarantined:
            return f"Held: nothing but {reference.name} speaks for this case, and that reference is in quarantine."
        if reference.id in self.disputed and is_within(match, self.disputed[reference.id]):
            return f"Held: this case rests on a part of {reference.name} that another owner claims too."
        return None

    def proven(self, seen: Sequence[assess.Seen]) -> list[assess.Seen]:
        """Return what was seen without the matches that are in question: what a letter may name."""
        return [
            replace(
                medium,
                matches=tuple(
                    (match, reference)
                    for match, reference in medium.matches
                    if reference.bank not in assess.PROTECTED or self.objection(reference, match) is None
                ),
            )
            for medium in seen
        ]


def doubts_of(session: Session) -> Doubts:
    """Return what is in question at this moment."""
    quarantined = frozenset(reference.id for reference, _event in quarantines.current(session))
    return Doubts(quarantined, overlaps.disputed(session))


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
    doubts = doubts_of(session)
    if not case_ids or not doubts:
        return {}
    rows = session.execute(
        select(CaseFinding.case_id, Reference, Match)
        .join(Case, Case.id == CaseFinding.case_id)
        .join(Sighting, Sighting.finding_id == CaseFinding.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(CaseFinding.case_id.in_(case_ids), Asset.work_id == Case.work_id)
        .where(Reference.bank.in_(assess.PROTECTED), in_force(clock.now()))
        .where(CaseFinding.case_id.in_(_touched(case_ids, {*doubts.quarantined, *doubts.disputed})))
        .order_by(CaseFinding.case_id, Reference.id)
    )
    on: dict[int, list[str | None]] = {}
    for case_id, reference, match in rows:
        on.setdefault(case_id, []).append(doubts.objection(reference, match))
    return {case_id: min(filter(None, says)) for case_id, says in on.items() if None not in says}


def check(session: Session, case_id: int) -> None:
    """Refuse to go on with a case that is held. Raises Held."""
    if why := of(session, [case_id]).get(case_id):
        raise Held(why)


def _touched(case_ids: Collection[int], reference_ids: Collection[int]) -> Select[int]:
    """Return the cases in which one of these references matches; the others need no closer look."""
    return (
        select(CaseFinding.case_id)
        .join(Sighting, Sighting.finding_id == CaseFinding.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .where(CaseFinding.case_id.in_(case_ids), Match.reference_id.in_(reference_ids))
    )


def is_within(match: Match, parts: Sequence[Part]) -> bool:
    """Say whether next to nothing of a match lies outside of these parts of its reference. Pure.

    Where it lies in its reference is not known of every match; then it is taken to lie within.
    """
    spans = [(segment["reference"][0], segment["reference"][1]) for segment in match.segments]
    if spans:
        holes = [(part[0], part[1]) for part in parts if len(part) == SPAN]
        return alignment.union_length(film_watch.without(spans, holes)) < LEAST_OWN_S
    outline = (match.transform or {}).get("reference_outline")
    if not outline:
        return True
    across, down = [x for x, _ in outline], [y for _, y in outline]
    return any(
        min(across) >= part[0] - EDGE and min(down) >= part[1] - EDGE
        and max(across) <= part[2] + EDGE and max(down) <= part[3] + EDGE
        for part in parts if len(part) != SPAN
    )  # fmt: skip
