"""Assessing: is this use allowed? Gathers what is known of one work at one finding and keeps every answer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

import config.home
from config import clock
from crawlers.captures import Capture, FindingRow, Sighting
from matcher import allowances, catalogue, fan_rules, licences, negatives, places
from matcher.case_rows import Assessment, Case, CaseFinding
from matcher.catalogue import Asset, Work
from matcher.fan_rules import FanRule
from matcher.interface import AllowanceRows, Answer, Bank, Use
from matcher.licences import Licence
from matcher.match import Match
from matcher.references import Reference

Moment = Literal["opening", "deciding", "leaving"]
PROTECTED: tuple[Bank, ...] = ("works", "goods", "provisional")
SAME_LENGTH_S = 1.0  # two measurements of one stretch of film differ by less


@dataclass(frozen=True)
class Seen:
    """One matched medium of a finding."""

    sighting: Sighting
    matches: tuple[tuple[Match, Reference], ...]

    def of(self, *banks: Bank) -> list[Match]:
        """Return the matches with references of these banks."""
        return [match for match, reference in self.matches if reference.bank in banks]

    def is_explained_by(self, bank: Bank) -> bool:
        """Say whether this bank explains the medium at least as well as the work does."""
        return any(
            other.score >= max(match.score for match in self.of(*PROTECTED)) - 0.05
            and seconds([other]) >= seconds(self.of(*PROTECTED)) - SAME_LENGTH_S
            for other in self.of(bank)
            if other.lane == "copy"
        )


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return findings with a match, a sighting or a registry row that their newest assessment did not know."""
    is_known = (
        select(Assessment.id)
        .where(Assessment.finding_id == Sighting.finding_id, Assessment.work_id == Asset.work_id)
        .where(Assessment.newest_match_id >= Match.id, Assessment.newest_sighting_id >= Sighting.id)
        .exists()
    )
    involved = _matched(Sighting.finding_id).where(~is_known).distinct().order_by(Sighting.finding_id).limit(limit)
    found = session.scalars(involved).all()
    return found if len(found) == limit else [*found, *_touched_by_registry(session, limit - len(found), found)]


def assess(session: Session, ids: Sequence[int]) -> None:
    """Append an assessment for every work that is involved in each finding."""
    for finding_id in ids:
        matched = works_at(session, finding_id)
        opened = session.scalars(
            select(Case.work_id)
            .join(CaseFinding, CaseFinding.case_id == Case.id)
            .where(CaseFinding.finding_id == finding_id, Case.state == "open")
        )
        for work_id in sorted({*matched, *opened}):
            assess_use(session, finding_id=finding_id, work_id=work_id, moment="opening")


def again(session: Session, work_id: int) -> None:
    """Assess every open case of a work once more, after something was changed that has no time of its own."""
    members = (
        select(CaseFinding.finding_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .where(Case.work_id == work_id, Case.state == "open")
    )
    for finding_id in session.scalars(members.distinct().order_by(CaseFinding.finding_id)).all():
        assess_use(session, finding_id=finding_id, work_id=work_id, moment="opening")


def works_at(session: Session, finding_id: int) -> list[int]:
    """Return the works that something on the page matches."""
    matched = _matched(Asset.work_id).where(Sighting.finding_id == finding_id)
    return sorted(set(session.scalars(matched)))


def assess_use(session: Session, *, finding_id: int, work_id: int, moment: Moment) -> Assessment:
    """Check every allowance for one work at one finding now, keep the transcript, and return it."""
    use = use_of(session, finding_id, work_id)
    answers = allowances.check(use, rows_of(session, use))
    matched = select(func.max(Match.id), func.max(Sighting.id)).select_from(Match)
    newest = session.execute(
        _joined(matched).where(Sighting.finding_id == finding_id, Asset.work_id == work_id)
    ).one()  # fmt: skip
    row = Assessment(
        finding_id=finding_id,
        work_id=work_id,
        moment=moment,
        outcome=allowances.outcome(answers),
        answers=[asdict(answer) for answer in answers],
        matched_seconds=use.matched_seconds,
        newest_match_id=newest[0] or 0,
        newest_sighting_id=newest[1] or 0,
        at=use.at,
    )
    session.add(row)
    session.flush()
    return row


def answers_of(assessment: Assessment) -> list[Answer]:
    """Return the transcript of an assessment as answers."""
    return [Answer(**answer) for answer in assessment.answers]


def use_of(session: Session, finding_id: int, work_id: int) -> Use:
    """Return everything an allowance may ask about one work at one finding."""
    finding = session.get_one(FindingRow, finding_id)
    work = session.get_one(Work, work_id)
    owner = session.get_one(catalogue.Owner, work.owner_id)
    seen = [medium for medium in seen_at(session, finding_id, work_id) if medium.of(*PROTECTED)]
    released = [medium for medium in seen if medium.is_explained_by("licensed")]
    known = [medium for medium in seen if medium.is_explained_by("negative")]
    counted = [medium for medium in seen if medium not in released and medium not in known]
    films = [medium for medium in counted if medium.sighting.kind != "image"]
    references = [(match, reference) for medium in seen for match, reference in medium.matches]
    return Use(
        work_id=work_id,
        owner_id=work.owner_id,
        finding_id=finding_id,
        place=finding.place,
        host=places.host_of(finding.place),
        at=clock.now(),
        territory=finding.territory,
        page_kind=finding.kind,
        is_commercial=finding.is_commercial,
        attribution=finding.attribution,
        title=finding.title,
        text=finding.text,
        matched_seconds=sum(seconds(medium.of(*PROTECTED)) for medium in films) if films else None,
        pictures=len(counted) - len(films),
        banks=tuple(sorted({reference.bank for _match, reference in references})),
        reference_ids=tuple(sorted({reference.id for _match, reference in references})),
        aliases=tuple(name for name in (work.title, *work.aliases, work.creator, owner.name) if name),
        media=len(seen),
        released_media=len(released),
        known_media=len(known),
        newest_media_at=_newest_media_at(session, finding.place, [medium.sighting.blob for medium in seen]),
    )


def rows_of(session: Session, use: Use) -> AllowanceRows:
    """Return the registry rows that concern one use."""
    work = session.get_one(Work, use.work_id)
    return AllowanceRows(
        licences=licences.rows_for(session, work),
        fan_rules=fan_rules.rows_for(session, work),
        negatives=negatives.rows_for(session, place=use.place, work_id=use.work_id),
        floor_seconds=config.home.of(session).settings.allowance.max_fan_seconds,
        official_hosts=[places.pattern_of(url) for url in work.official_urls],
    )


def seen_at(session: Session, finding_id: int, work_id: int) -> list[Seen]:
    """Return the finding's media that match the work or explain it away, in page order; the same bytes count once."""
    rows = session.execute(
        _joined(select(Sighting, Match, Reference).select_from(Match))
        .where(Sighting.finding_id == finding_id, Reference.disabled_at.is_(None))
        .where((Asset.work_id == work_id) | (Reference.bank == "negative"))
        .order_by(Sighting.position, Sighting.id, Match.id)
    )
    first: dict[str, Sighting] = {}
    found: dict[str, list[tuple[Match, Reference]]] = defaultdict(list)
    for sighting, match, reference in rows:
        if first.setdefault(sighting.blob, sighting) is sighting:
            found[sighting.blob].append((match, reference))
    return [Seen(first[blob], tuple(matches)) for blob, matches in found.items()]


def seconds(matches: Iterable[Match]) -> float:
    """Return how much of one medium is footage of the work: the union of the matched stretches of the medium."""
    total, reached = 0.0, float("-inf")
    stretches = sorted((segment["query"][0], segment["query"][1]) for each in matches for segment in each.segments)
    for start, end in stretches:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    if stretches:
        return total
    return max((each.matched_seconds for each in matches), default=0.0)


def _joined(query: Select) -> Select:  # type: ignore[type-arg]
    return (
        query.join(Sighting, Sighting.blob == Match.blob)
        .join(Reference, Reference.id == Match.reference_id)
        .join(Asset, Asset.id == Reference.asset_id)
    )


def _matched(column: InstrumentedAttribute[int]) -> Select[int]:
    query = _joined(select(column).select_from(Match))
    return cast(Select[int], query.where(Reference.disabled_at.is_(None), Reference.bank.in_(PROTECTED)))


def _touched_by_registry(session: Session, limit: int, known: Sequence[int]) -> Sequence[int]:
    """Return findings of open cases that a newer licence, fan rule or disabled reference may release.

    Without this a new licence would keep later cases from opening and leave the open ones to be decided by hand.
    """
    newer_rows = [
        select(table.id)
        .where((table.work_id == Work.id) | (table.work_id.is_(None) & (table.owner_id == Work.owner_id)))
        .where(_unknown_since(table.at))
        .exists()
        for table in (Licence, FanRule)
    ]
    disabled = (
        select(Reference.id)
        .join(Asset, Asset.id == Reference.asset_id)
        .where(Asset.work_id == Work.id, Reference.disabled_at.is_not(None), _unknown_since(Reference.disabled_at))
        .exists()
    )
    return session.scalars(
        select(CaseFinding.finding_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .join(Work, Work.id == Case.work_id)
        .where(Case.state == "open", CaseFinding.finding_id.not_in(known), or_(*newer_rows, disabled))
        .distinct()
        .order_by(CaseFinding.finding_id)
        .limit(limit)
    ).all()


def _unknown_since(
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
) -> ColumnElement[bool]:
    """Say, within a query over cases and their findings, that no assessment was made since the moment."""
    since = (
        select(Assessment.id)
        .where(Assessment.finding_id == CaseFinding.finding_id, Assessment.work_id == Case.work_id)
        .where(Assessment.at >= moment)
    )
    return ~since.exists()


def _newest_media_at(session: Session, place: str, blobs: Sequence[str]) -> datetime | None:
    """Return when the newest of the blobs was first seen at the place; None when nothing matched."""
    first_seen = (
        select(func.min(Capture.fetched_at).label("at"))
        .select_from(Sighting)
        .join(Capture, Capture.id == Sighting.capture_id)
        .join(FindingRow, FindingRow.id == Sighting.finding_id)
        .where(FindingRow.place == place, Sighting.blob.in_(blobs))
        .group_by(Sighting.blob)
    )
    return max(session.scalars(first_seen), default=None)
