"""A notice as pages show it: the letter, what it lacks, where it stands, and what may be done with it now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.pages import words
from dashboard.visits import Visit
from matcher import holds
from matcher.cases import Case
from matcher.catalogue import Work
from notices import ledger, regimes
from notices.ledger import Notice


@dataclass(frozen=True)
class NoticeView:
    """One notice, ready to be shown."""

    uuid: str
    number: str
    state: str
    state_name: str
    tone: str
    regime_name: str
    language: str
    recipient: dict[str, Any]
    subject: str
    body: str
    missing: tuple[dict[str, str], ...]
    leaves_at: datetime | None
    drafted_at: datetime
    pdf_sha256: str | None
    case_uuid: str
    place: str
    work: str
    held: str | None  # why it does not leave, though it may have been signed
    may_approve: bool  # as far as the notice goes; the person must be allowed to as well
    may_hold: bool
    may_withdraw: bool
    may_retract: bool


def read(session: Session, rows: Sequence[Notice], visit: Visit) -> list[NoticeView]:
    """Return the notices as pages show them, in the order given."""
    about = {
        case_id: (uuid, place, title)
        for case_id, uuid, place, title in session.execute(
            select(Case.id, Case.uuid, Case.place, Work.title)
            .join(Work, Work.id == Case.work_id)
            .where(Case.id.in_([row.case_id for row in rows]))
        )
    }
    names = words.events(visit.say)
    waiting = holds.of(session, [row.case_id for row in rows if row.state in ledger.BEFORE_SENDING])
    return [
        replace(view, held=waiting[row.case_id], may_approve=False)
        if row.case_id in waiting and row.state in ledger.BEFORE_SENDING
        else view
        for row in rows
        for view in (_view(row, visit.language, names, *about[row.case_id]),)
    ]


def of_case(session: Session, case_id: int, visit: Visit) -> list[NoticeView]:
    """Return the notices of a case that still count, newest first."""
    rows = session.scalars(
        select(Notice).where(Notice.case_id == case_id, Notice.state != "withdrawn").order_by(Notice.id.desc())
    ).all()
    return read(session, rows, visit)


def asked(element: regimes.Element, language: str) -> str:
    """Return what the law asks for, in the language of who reads it."""
    return element.asks_ja if language == "ja" else element.asks


def _missing(row: Notice, language: str) -> tuple[dict[str, str], ...]:
    elements = {element.id: element for element in regimes.get(row.regime).elements}
    return tuple(
        {**lack, "says": asked(elements[lack["element"]], language) if lack["element"] in elements else lack["says"]}
        for lack in row.missing
    )


def _view(row: Notice, language: str, names: dict[str, str], case_uuid: str, place: str, work: str) -> NoticeView:
    return NoticeView(
        uuid=row.uuid, number=row.number, state=row.state, state_name=names.get(row.state, row.state),
        tone=words.TONES.get(row.state, "quiet"), regime_name=regimes.get(row.regime).header.title,
        language=row.language,
        recipient=row.recipient, subject=row.subject, body=row.body, missing=_missing(row, language),
        leaves_at=row.leaves_at, drafted_at=row.drafted_at, pdf_sha256=row.pdf_sha256,
        case_uuid=case_uuid, place=place, work=work, held=None,
        may_approve=ledger.may_follow(row.state, "approved") and not row.missing,
        may_hold=ledger.may_follow(row.state, "held"), may_withdraw=ledger.may_follow(row.state, "withdrawn"),
        may_retract=row.state in ledger.SENT,
    )  # fmt: skip
