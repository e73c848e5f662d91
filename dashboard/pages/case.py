"""The case page: the pair side by side, why it matched, what was checked, and the verdict."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from dashboard import claims, explained
from dashboard.pages import evidence, notice_view, queue, words
from dashboard.visits import SEE_OTHER, Visit
from matcher import allowances, assess, cases, holds
from matcher.alterations import is_whole
from matcher.cases import Assessment, Case, CaseFinding, Decision
from matcher.catalogue import Work
from notices.ledger import Notice, NoticeEvent


@dataclass(frozen=True)
class Checked:
    """What one allowance answered, as reviewers read it."""

    allowance: str
    verdict: str
    short: str
    tone: str
    says: str
    asks: str  # what the allowance asks at all: its own docstring; "" when it is no longer installed


@dataclass(frozen=True)
class Happened:
    """One line of the history of a case."""

    at: datetime
    by: str
    says: str
    why: str = ""  # a finished sentence of another package


def first(visit: Visit) -> Response:
    """Show the queue: on a wide screen beside its most urgent case, on a phone by itself."""
    with visit.reads() as session:
        waiting = queue.read(session)
    if not waiting:
        return visit.show("queue_empty.html")
    return _shown(visit, waiting[0].uuid, at_queue=True)


def show(visit: Visit) -> Response:
    """Show one case."""
    return _shown(visit, visit.of("uuid"), at_queue=False)


def following(visit: Visit) -> Response:
    """Go on to the most urgent case that nobody else holds; the queue when there is none."""
    with visit.reads() as session:
        free = free_uuid(session, visit.person.id)
    return RedirectResponse(f"/cases/{free}" if free else "/queue", SEE_OTHER)


def free_uuid(session: Session, person_id: int, *, after: str = "") -> str | None:
    """Return the most urgent case that can be decided and nobody else holds, other than `after`; None when there is
    none."""
    for waiting in queue.read(session):
        if (
            waiting.uuid != after
            and waiting.held is None
            and (waiting.holder is None or waiting.holder.person_id == person_id)
        ):
            return waiting.uuid
    return None


def _shown(visit: Visit, uuid: str, *, at_queue: bool) -> Response:
    with visit.reads() as session:
        case = cases.find(session, uuid)
        waiting = queue.read(session)
        pairs = evidence.pairs(session, case)
        number = _number(visit.asked("pair"), pairs)
        pair = pairs[number - 1] if pairs else None
        assessment = _newest_assessment(session, case)
        said = cases.newest_decision(session, case.id)
        decision = said if case.state != "open" else None
        notices = notice_view.of_case(session, case.id, visit) if decision else []
        holder = claims.holders(session, [case.id]).get(case.id)
        before, after = _neighbours([one.uuid for one in waiting], case.uuid)
        return visit.show(
            "case.html", at_queue=at_queue, queue=waiting, case=case, work=session.get_one(Work, case.work_id),
            pairs=pairs, pair=pair, number=number, stretches_json=_stretches(pair),
            is_drawn=_is_drawn(session, pair),
            pages=evidence.pages(session, case, visit.person.id), answers=_checked(assessment, visit.say),
            checked_at=assessment.at if assessment else None, history=_history(session, case, visit.say),
            notices=notices, decision=decision, seen=said.uuid if said else "",
            may_undo=decision is not None and not any(one.may_retract or one.state == "retracted" for one in notices),
            mine=holder if holder and holder.person_id == visit.person.id else None,
            holder=holder if holder and holder.person_id != visit.person.id else None,
            held=holds.of(session, [case.id]).get(case.id),
            unsure=said if said and case.state == "open" else None,
            previous=before and f"/cases/{before}", next=f"/cases/{after}" if after else "/queue",
            back_to_case=case.uuid, delay=visit.home.settings.notices.outbox_delay_minutes,
            verdict_names=words.verdicts(visit.say), bank_names=words.banks(visit.say),
            condition_names=words.conditions(visit.say), stock_names=words.stocks(visit.say),
        )  # fmt: skip


def _turns(session: Session, case: Case, say: words.Say) -> list[Happened]:
    """Return when looks at the case began to allow it and ceased to: what made it leave the queue and come back."""
    looks = (
        select(Assessment)
        .join(CaseFinding, CaseFinding.finding_id == Assessment.finding_id)
        .where(CaseFinding.case_id == case.id, Assessment.work_id == case.work_id, Assessment.moment == "opening")
        .order_by(Assessment.id)
    )
    happened: list[Happened] = []
    was_allowed: dict[int, bool] = {}
    for look in session.scalars(looks):
        is_allowed = look.outcome == "allowed"
        if is_allowed and was_allowed.get(look.finding_id) is not True:
            decisive = allowances.decisive(assess.answers_of(look))
            happened.append(Happened(look.at, "mekiki", say("Left the queue"), decisive.says if decisive else ""))
        elif not is_allowed and was_allowed.get(look.finding_id):
            happened.append(Happened(look.at, "mekiki", say("Back in the queue")))
        was_allowed[look.finding_id] = is_allowed
    return happened


def _number(asked: str, pairs: list[evidence.Pair]) -> int:
    """Return which pair is shown, from 1: the one asked for, else the surest."""
    if asked.isdecimal() and 1 <= int(asked[:9]) <= len(pairs):
        return int(asked)
    scores = [pair.score for pair in pairs]
    return scores.index(max(scores)) + 1 if scores else 1


def _neighbours(uuids: list[str], here: str) -> tuple[str | None, str | None]:
    if here not in uuids:
        return None, uuids[0] if uuids else None
    at = uuids.index(here)
    return (uuids[at - 1] if at else None), (uuids[at + 1] if at + 1 < len(uuids) else None)


def _stretches(pair: evidence.Pair | None) -> str:
    """Return what the two players follow: seconds of both sides, and where each picture lies in the other."""
    return json.dumps([
        {
            "found": one.found, "ours": one.ours, "speed": one.speed,
            "outline": one.altered.outline if one.altered and not is_whole(one.altered.outline) else (),
            "window": one.altered.window if one.altered and not is_whole(one.altered.window) else (),
        }
        for one in (pair.stretches if pair else ())
    ])  # fmt: skip


def _is_drawn(session: Session, pair: evidence.Pair | None) -> bool:
    """Say whether drawings can explain this pair: both pictures are here, with their fingerprints."""
    return (
        pair is not None and pair.found.kind == "image" and bool(pair.layout.matrix)
        and pair.found.is_held and pair.ours.is_held
        and explained.can_be_drawn(session, pair.found.blob, pair.ours.blob)
    )  # fmt: skip


def _newest_assessment(session: Session, case: Case) -> Assessment | None:
    return session.scalar(
        select(Assessment)
        .join(CaseFinding, CaseFinding.finding_id == Assessment.finding_id)
        .where(CaseFinding.case_id == case.id, Assessment.work_id == case.work_id)
        .order_by(Assessment.id.desc())
        .limit(1)
    )


def _checked(assessment: Assessment | None, say: words.Say) -> list[Checked]:
    asks = {allowance.name: type(allowance).__doc__ or "" for allowance in allowances.every()}
    short = words.answers(say)
    return [
        Checked(
            answer["allowance"], answer["verdict"], short[answer["verdict"]], words.ANSWER_TONES[answer["verdict"]],
            answer["says"], asks.get(answer["allowance"], ""),
        )
        for answer in (assessment.answers if assessment else ())
    ]  # fmt: skip


def _history(session: Session, case: Case, say: words.Say) -> list[Happened]:
    """Return everything that happened to a case, newest first."""
    names = words.verdicts(say) | {"undone": say("Decision undone")}
    happened = [Happened(case.detected_at, "mekiki", say("Detected"))]
    for decision in session.scalars(select(Decision).where(Decision.case_id == case.id)):
        says = f"{names.get(decision.verdict, decision.verdict)} · {decision.reason}"
        happened.append(Happened(decision.at, decision.person, says))
    happened += _turns(session, case, say)
    event_names = words.events(say)
    rows = session.execute(
        select(NoticeEvent, Notice.number).join(Notice).where(Notice.case_id == case.id).order_by(NoticeEvent.id)
    )
    for event, number in rows:
        happened.append(Happened(event.at, event.by, f"{number} · {event_names.get(event.event, event.event)}"))
    return sorted(happened, key=lambda one: one.at, reverse=True)
