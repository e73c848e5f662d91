"""Retracting: a notice that was wrong is taken back by a letter to the same recipient, and its siblings are held."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

import config.home
from config import clock
from crawlers.recheck import Watch
from matcher import places
from matcher.case_rows import Case
from notices import elements as said
from notices import ledger, letters, pdf, regimes
from notices.ledger import BEFORE_SENDING, SENT, Notice

UNDER_WAY = BEFORE_SENDING - {"held"}


def retract(session: Session, notice_id: int, person: str, reason: str) -> Notice:
    """Take back a notice that has left, in the name of a person; the letter leaves through the door at its next turn.

    Notices about the same work on the same host that have not left yet are held, and the place is no longer watched.
    Raises NotAllowed for a notice that has not left (withdraw it) and NotApprovable without a person or a reason.
    """
    notice = ledger.locked(session, notice_id)
    name = ledger.person_named(person)
    if not said.plain(reason):
        raise ledger.NotApprovable("A retraction says why; give the reason, it stands in the letter.", ["reason"])
    if notice.state not in SENT:
        raise ledger.NotAllowed(f'{notice.number} is "{notice.state}"; only a notice that has left can be retracted.')
    text, day = _letter(session, notice, name, reason)
    page = pdf.Page(f"{notice.number}-R", text.subject, text.body, notice.language, day)
    ledger.record(session, notice, "retracted", by=name, note={
        "says": said.plain(reason), "subject": text.subject, "body": text.body,
        "pdf_sha256": config.home.of(session).blobs.put(pdf.typeset(page)),
    })  # fmt: skip
    notice.leaves_at = clock.now()
    for watch in session.scalars(select(Watch).where(Watch.subject == f"notice:{notice.uuid}")):
        watch.next_due = None
    for sibling in siblings(session, notice):
        why = f"{notice.number} about the same work on the same host was retracted: {reason}"
        ledger.hold(session, sibling.id, by=name, reason=why)
    session.flush()
    return notice


def siblings(session: Session, notice: Notice) -> Sequence[Notice]:
    """Return the notices about the same work on the same host that have not left yet and are not held."""
    case = session.get_one(Case, notice.case_id)
    host = places.host_of(case.place)
    rows = session.execute(
        select(Notice, Case.place)
        .join(Case, Case.id == Notice.case_id)
        .where(Case.work_id == case.work_id, Notice.id != notice.id, Notice.state.in_(UNDER_WAY))
        .order_by(Notice.id)
    )
    return [sibling for sibling, place in rows if places.host_of(place) == host]


def _letter(session: Session, notice: Notice, name: str, reason: str) -> tuple[letters.Text, str]:
    zone = ZoneInfo(config.home.of(session).settings.schedule.timezone)
    day = clock.now().astimezone(zone).date().isoformat()
    elements = {**notice.elements, "signature": {"name": name, "date": day}}
    return letters.retraction(regimes.get(notice.regime), notice.language, elements, pdf.displayable(reason)), day
