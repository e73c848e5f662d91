"""The ledger of notices: each notice as it was drawn up, its events, which are only ever added, and who may do what."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock
from config.database import AppendOnly, Base, Row
from config.errors import MekikiError
from matcher import holds
from matcher.case_rows import newest_decision
from notices import elements as said
from notices import letters, pdf, regimes

MEKIKI = "mekiki"  # who did it, when the clock did
# What may follow what; the first row is a notice that does not exist yet. `retracted` and `withdrawn` are final.
_SEEN = frozenset({"removed", "still there", "moved", "back again"})  # what a later look may say
ANSWERS = frozenset({"acknowledged", "refused", "no reply"})  # what a recipient may say
_AFTER_SENDING = _SEEN | ANSWERS | {"retracted"}
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "": frozenset({"draft"}),
    "draft": frozenset({"approved", "held", "withdrawn"}),
    "approved": frozenset({"queued", "held", "withdrawn"}),
    "queued": frozenset({"queued", "sent", "held", "withdrawn"}),
    "held": frozenset({"approved", "withdrawn"}),
    "sent": _AFTER_SENDING,
    "acknowledged": _AFTER_SENDING,
    "refused": _AFTER_SENDING,
    "no reply": _AFTER_SENDING,
    "removed": _AFTER_SENDING,
    "still there": _AFTER_SENDING,
    "moved": _AFTER_SENDING,
    "back again": _AFTER_SENDING,
    "retracted": frozenset({"retracted"}),  # again only to note how the letter of retraction fared
    "withdrawn": frozenset(),
}
BEFORE_SENDING = frozenset({"draft", "approved", "queued", "held"})
SENT = frozenset({"sent"}) | _SEEN | ANSWERS
# A case with a notice in one of these has been asked about and needs no second notice.
LIVE = BEFORE_SENDING | {"sent", "acknowledged", "no reply", "still there", "moved"}


class NotApprovable(MekikiError):
    """A notice may not be approved as it is; `elements` names what is missing."""

    def __init__(self, message: str, elements: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.elements = tuple(elements)


class NotAllowed(MekikiError):
    """What was asked cannot happen to a notice in its state."""


class NoSuchNotice(MekikiError):
    """There is no notice of that number."""


class Notice(Row, Base):
    """One request to one recipient, about one decided case, under one regime."""

    __tablename__ = "notices"

    number: Mapped[str] = mapped_column(String(20), unique=True)  # "N-2026-000123"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), index=True)  # the verdict it rests on
    regime: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(10))
    recipient: Mapped[dict[str, Any]]  # notices.interface.Recipient, as it was resolved
    elements: Mapped[dict[str, Any]]  # everything the letter says: notices.elements.Facts
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)  # a preview until it is approved; final from then on
    missing: Mapped[list[Any]]  # [{"element", "citation", "says"}, ...]; not empty: cannot be approved
    state: Mapped[str] = mapped_column(String(12), index=True)  # of the newest event, kept here for the queues
    leaves_at: Mapped[datetime | None]  # when what waits behind the door may leave; None: nothing waits
    message_sha256: Mapped[str | None] = mapped_column(String(64))  # the RFC 5322 message as it left
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    retraction_sha256: Mapped[str | None] = mapped_column(String(64))  # the message that took the notice back
    drafted_at: Mapped[datetime]


class NoticeEvent(AppendOnly, Row, Base):
    """Something that happened to a notice."""

    __tablename__ = "notice_events"

    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"), index=True)
    at: Mapped[datetime]
    # draft, approved, queued, sent, acknowledged, removed, refused, no reply, retracted; also: held, still there,
    # moved, back again, withdrawn
    event: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(200))  # a named person, or "mekiki" for what the clock did
    note: Mapped[dict[str, Any]]
    look_id: Mapped[int | None] = mapped_column(ForeignKey("watch_looks.id"), unique=True)  # the look that said so


def find(session: Session, number: str) -> Notice:
    """Return the notice of a number like "N-2026-000123", or of a uuid. Raises NoSuchNotice."""
    found = session.scalar(select(Notice).where((Notice.number == number) | (Notice.uuid == number)))
    if found is None:
        raise NoSuchNotice(f'There is no notice "{number}"; `mekiki notice list` shows them.')
    return found


def events(session: Session, notice: Notice) -> Sequence[NoticeEvent]:
    """Return everything that happened to a notice, oldest first."""
    return session.scalars(select(NoticeEvent).where(NoticeEvent.notice_id == notice.id).order_by(NoticeEvent.id)).all()


def may_follow(state: str, event: str) -> bool:
    """Say whether the event may happen to a notice in that state."""
    return event in TRANSITIONS.get(state, frozenset())


def record(
    session: Session, notice: Notice, event: str, *, by: str, note: Mapping[str, Any], look_id: int | None = None
) -> NoticeEvent:
    """Add an event and move the notice to its state. Raises NotAllowed when it may not follow."""
    if not may_follow(notice.state, event):
        raise NotAllowed(f'{notice.number} is "{notice.state}", so it cannot become "{event}".')
    row = NoticeEvent(notice_id=notice.id, at=clock.now(), event=event, by=by, note=dict(note), look_id=look_id)
    notice.state = event
    session.add(row)
    session.flush()
    return row


def approve(session: Session, notice_id: int, person: str) -> Notice:
    """Sign a complete notice in the name of a person and put it behind the door; it leaves after the outbox delay.

    The letter is rendered here, with the person's name, and does not change afterwards. Raises NotApprovable, naming
    every element that is missing, and NotAllowed when the notice is in a state that cannot be approved.
    """
    notice = locked(session, notice_id)
    name = person_named(person)
    if not may_follow(notice.state, "approved"):
        raise NotAllowed(f'{notice.number} is "{notice.state}", so it cannot be approved.')
    decision = newest_decision(session, notice.case_id)
    if decision is None or decision.verdict != "infringing":
        raise NotApprovable(f"The case of {notice.number} is no longer decided as infringing; withdraw the notice.")
    if decision.id != notice.decision_id:
        raise NotApprovable(f"The case was decided again since {notice.number} was drawn up; check the notice again.")
    if held := holds.of(session, [notice.case_id]).get(notice.case_id):
        raise NotApprovable(held)
    regime = regimes.get(notice.regime)
    home = config.home.of(session)
    today = clock.now().astimezone(ZoneInfo(home.settings.schedule.timezone)).date().isoformat()
    elements = {**notice.elements, "signature": {"name": name, "date": today}}
    text = _complete(notice, regime, elements)
    notice.elements, notice.subject, notice.body, notice.missing = elements, text.subject, text.body, []
    notice.pdf_sha256 = home.blobs.put(_typeset(notice, today))
    record(session, notice, "approved", by=name, note={
        "letter_sha256": seal(notice), "pdf_sha256": notice.pdf_sha256, "regime": regime.standing,
    })  # fmt: skip
    notice.leaves_at = clock.now() + timedelta(minutes=home.settings.notices.outbox_delay_minutes)
    record(session, notice, "queued", by=MEKIKI, note={"leaves_at": notice.leaves_at.isoformat()})
    return notice


def withdraw(session: Session, notice_id: int, person: str, reason: str) -> Notice:
    """Give a notice up before it has left; it is final. Raises NotAllowed once it has left: retract it then."""
    return _stop(session, notice_id, "withdrawn", by=person_named(person), reason=reason)


def hold(session: Session, notice_id: int, *, by: str, reason: str) -> Notice:
    """Keep a notice from leaving until a named person approves it again, or withdraws it."""
    return _stop(session, notice_id, "held", by=by, reason=reason)


def locked(session: Session, notice_id: int) -> Notice:
    """Return a notice that no other transaction can change meanwhile."""
    query = select(Notice).where(Notice.id == notice_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def person_named(person: str) -> str:
    """Return a person's name as it will be signed. Raises NotApprovable when it is no person's name."""
    name = said.plain(person)
    if not any(character.isalpha() for character in name) or name.casefold() == MEKIKI:
        raise NotApprovable("Only a named person may do this; give the name that signs.", ["signature"])
    return name


def seal(notice: Notice) -> str:
    """Return the sha256 over everything that leaves: whom it goes to, its words, its facts and its PDF."""
    whole = [notice.recipient, notice.subject, notice.body, notice.elements, notice.pdf_sha256]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def answered(session: Session, notice_id: int, event: str, *, person: str, says: str) -> Notice:
    """Record what a recipient answered: "acknowledged", "refused" or "no reply". Raises NotAllowed for anything else.

    That a copy is gone is never taken from an answer; only a later look says so.
    """
    if event not in ANSWERS:
        raise NotAllowed(f'"{event}" is no answer; record one of {", ".join(sorted(ANSWERS))}.')
    notice = locked(session, notice_id)
    record(session, notice, event, by=person_named(person), note={"says": said.plain(says)})
    return notice


def _stop(session: Session, notice_id: int, event: str, *, by: str, reason: str) -> Notice:
    notice = locked(session, notice_id)
    record(session, notice, event, by=by, note={"says": said.plain(reason)})
    notice.leaves_at = None
    session.flush()
    return notice


def _complete(notice: Notice, regime: regimes.Regime, elements: said.Elements) -> letters.Text:
    try:
        return letters.render(regime, notice.language, elements)
    except letters.MissingStatement as lacking:
        named = " ".join(f"{one.element} ({one.citation}): {one.says}" for one in lacking.elements)
        raise NotApprovable(
            f"{notice.number} cannot be approved. {named}", [one.element for one in lacking.elements]
        ) from lacking


def _typeset(notice: Notice, today: str) -> bytes:
    try:
        return pdf.typeset(pdf.Page(notice.number, notice.subject, notice.body, notice.language, today))
    except pdf.UndisplayableText as undisplayable:
        raise NotApprovable(f"{notice.number} cannot be approved. {undisplayable}", ["letter"]) from undisplayable
