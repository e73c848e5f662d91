"""Assessing: is this use allowed? Gathers what is known of one work at one finding and keeps every answer."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

import config.home
from config import clock
from crawlers.captures import Capture, FindingRow, Sighting
from matcher import allowances, catalogue, fan_rules, licences, lives, marks, negatives, places
from matcher.case_rows import Assessment, Case, CaseFinding
from matcher.catalogue import Asset, Work
from matcher.fan_rules import FanRule
from matcher.interface import AllowanceRows, Answer, Bank, Use
from matcher.licences import Licence
from matcher.marks import Done, Look
from matcher.match import Match
from matcher.references import Reference, in_force

Moment = Literal["opening", "deciding", "leaving"]
ASSESSED = "assessed"  # the mark of what was assessed
PROTECTED: tuple[Bank, ...] = ("works", "goods", "provisional")
REGISTRY = (Licence, FanRule)
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
    """Return findings with a match, a sighting or a registry row that their newest assessment did not know, or with a
    reference that has come into force or gone out of it since.

    Below the mark of what was assessed, only what can be pending again is asked for; see `remember`.
    """
    return _unknown(session, limit, marks.done(session, ASSESSED))


def remember(session: Session) -> None:
    """Move the mark of what was assessed."""
    marks.advance(session, ASSESSED, (Sighting.id, Match.id, CaseFinding.id), _look)


def _look(session: Session, done: Done) -> Look:
    return Look(_unknown(session, 1, done))


def _unknown(session: Session, limit: int, done: Done) -> Sequence[int]:
    found: list[int] = []
    for rows in _asked_for(session, done):
        column = rows.selected_columns[0]
        others = rows.where(column.not_in(found)).distinct().order_by(column)
        found += session.scalars(others.limit(limit - len(found)))
        if len(found) == limit:
            break
    return found


def _asked_for(session: Session, done: Done) -> Iterator[Select[int]]:
    """Yield what asks for findings that are to be assessed again: all, or what may be among what changed since."""
    involved, turned, touched = _involved(), _turned(Assessment.finding_id), _touched_by_registry()
    if done.since is None:
        yield from (involved, turned, touched)
        return
    back = list(session.scalars(lives.turned(done.since, clock.now())))
    matched = select(Sighting.finding_id).join(Match, Match.blob == Sighting.blob)
    known = select(Match.id).where(Match.blob == Sighting.blob).exists()  # not joined: SQLite would go by the matches
    news = [
        select(Sighting.finding_id).where(done.beyond(Sighting.id), known),
        matched.where(done.beyond(Match.id)),
        *(matched.where(Match.reference_id.in_(some)) for some in marks.portions(back)),
    ]
    for some in marks.portions(finding for each in news for finding in session.scalars(each)):
        yield involved.where(Sighting.finding_id.in_(some))
        yield turned.where(Sighting.finding_id.in_(some))
    for some in marks.portions(back):
        yield turned.where(Reference.id.in_(some))
    of_cases = select(CaseFinding.finding_id).join(Case, Case.id == CaseFinding.case_id)
    is_new = (Case.state_at > done.since) | done.beyond(CaseFinding.id)
    for some in marks.portions(session.scalars(of_cases.where(is_new))):
        yield turned.where(Assessment.finding_id.in_(some))
        yield touched.where(CaseFinding.finding_id.in_(some))
    works = select(Work.id).where(or_(*(_of_work(table).where(table.at > done.since).exists() for table in REGISTRY)))
    for some in marks.portions(session.scalars(works)):
        yield touched.where(Work.id.in_(some))


def _involved() -> Select[int]:
    """Ask for findings with a match of which no assessment knew, or not at this sighting."""
    is_known = (
        select(Assessment.id)
        .where(Assessment.finding_id == Sighting.finding_id, Assessment.work_id == Asset.work_id)
        .where(Assessment.newest_match_id >= Match.id, Assessment.newest_sighting_id >= Sighting.id)
        .exists()
    )
    return _matched(Sighting.finding_id).where(~is_known)


def assess(session: Session, ids: Sequence[int]) -> None:
    """Append an assessment for every work that is involved in each finding."""
    for finding_id in ids:
        matched = works_at(session, finding_id)
        opened = session.scalars(
            select(Case.work_id)
            .join(CaseFinding, CaseFinding.case_id == Case.id)
            .where(CaseFinding.finding_id == finding_id, Case.state == "open")
        )
        turned = session.scalars(_turned(Assessment.work_id).where(Assessment.finding_id == finding_id).distinct())
        for work_id in sorted({*matched, *opened, *turned}):
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
    now = clock.now()
    return Use(
        work_id=work_id,
        owner_id=work.owner_id,
        finding_id=finding_id,
        place=finding.place,
        host=places.host_of(finding.place),
        at=now,
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
        why_gone=() if seen else _why_gone(session, finding_id, work, now),
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


def seen_at(session: Session, finding_id: int, work_id: int, *, only_in_force: bool = True) -> list[Seen]:
    """Return the finding's media that match the work or explain it away, in page order; the same bytes count once.

    What is out of force by now counts only when the history is asked for.
    """
    rows = session.execute(
        _joined(select(Sighting, Match, Reference).select_from(Match))
        .where(Sighting.finding_id == finding_id, in_force(clock.now()) if only_in_force else true())
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
    return cast(Select[int], query.where(in_force(clock.now()), Reference.bank.in_(PROTECTED)))


def _turned(column: InstrumentedAttribute[int]) -> Select[int]:
    """Ask for uses that nobody decided yet, and of which a reference began or ceased to match since the last look."""
    newer = aliased(Assessment)
    of_use = newer.finding_id == Assessment.finding_id, newer.work_id == Assessment.work_id
    is_newest = ~select(newer.id).where(*of_use, newer.moment == "opening", newer.id > Assessment.id).exists()
    is_decided = (
        select(Case.id)
        .join(CaseFinding, CaseFinding.case_id == Case.id)
        .where(CaseFinding.finding_id == Assessment.finding_id, Case.work_id == Assessment.work_id)
        .where(Case.state == "decided")
        .exists()
    )
    of_work = (Asset.work_id == Assessment.work_id) | (Reference.bank == "negative")
    return cast(
        Select[int],
        _joined(select(column).select_from(Match))
        .join(Assessment, (Assessment.finding_id == Sighting.finding_id) & of_work)
        .where(Assessment.moment == "opening", lives.turned_since(Assessment.at, clock.now()), is_newest, ~is_decided),
    )


def _touched_by_registry() -> Select[int]:
    """Ask for findings of open cases that a newer licence or fan rule may release.

    Without this a new licence would keep later cases from opening and leave the open ones to be decided by hand.
    """
    newer_rows = (_of_work(table).where(_unknown_since(table.at)).exists() for table in REGISTRY)
    return (
        select(CaseFinding.finding_id)
        .join(Case, Case.id == CaseFinding.case_id)
        .join(Work, Work.id == Case.work_id)
        .where(Case.state == "open", or_(*newer_rows))
    )


def _of_work(table: type[Licence | FanRule]) -> Select[int]:
    """Ask, within a query over works, for the registry rows that concern a work: its own, and its owner's."""
    is_its = (table.work_id == Work.id) | (table.work_id.is_(None) & (table.owner_id == Work.owner_id))
    return select(table.id).where(is_its)


def _unknown_since(moment: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    """Say, within a query over cases and their findings, that no assessment was made since the moment."""
    since = (
        select(Assessment.id)
        .where(Assessment.finding_id == CaseFinding.finding_id, Assessment.work_id == Case.work_id)
        .where(Assessment.at >= moment)
    )
    return ~since.exists()


def _why_gone(session: Session, finding_id: int, work: Work, at: datetime) -> tuple[str, ...]:
    """Return a sentence for each reference of the work that matched here and does not any more."""
    ours = _joined(select(Reference).select_from(Match)).where(Reference.bank.in_(PROTECTED))
    rows = ours.where(Sighting.finding_id == finding_id, Asset.work_id == work.id).order_by(Reference.id)
    gone = (lives.why_not(session, reference, work, at) for reference in session.scalars(rows.distinct()))
    return tuple(sentence for sentence in gone if sentence is not None)


def is_supported() -> ColumnElement[bool]:
    """Return the condition that something a Case rests on is in force now, so that somebody should look at it."""
    rests = _joined(select(Match.id).select_from(Match)).join(
        CaseFinding, CaseFinding.finding_id == Sighting.finding_id
    )
    ours = rests.where(CaseFinding.case_id == Case.id, Asset.work_id == Case.work_id)
    counted = ours.where(Reference.bank.in_(PROTECTED), in_force(clock.now()))
    return cast(ColumnElement[bool], counted.correlate(Case).exists())


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
