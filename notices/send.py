"""The only door out: an approved notice whose wait is over leaves here, after everything has been checked once more."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

import config.home
from config import clock
from config.home import Home
from crawlers import custody, recheck
from matcher import allowances, assess, holds
from matcher.case_rows import Assessment, Case, Decision, findings, newest_decision
from notices import channels, draft, ledger, message
from notices.interface import Channel, DeliveryError, Letter, Receipt, Recipient
from notices.ledger import MEKIKI, Notice

NEXT_TRY = timedelta(minutes=15)


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return notices that may leave by now: queued ones, and retracted ones whose retraction has not left yet.

    A queued one whose case is held waits behind the door, and goes on by itself when the hold is over.
    """
    is_retraction = (Notice.state == "retracted") & Notice.retraction_sha256.is_(None)
    due = session.execute(
        select(Notice.id, Notice.case_id, Notice.state)
        .where((Notice.state == "queued") | is_retraction, Notice.leaves_at <= clock.now())
        .order_by(Notice.leaves_at, Notice.id)
    ).all()
    held = holds.of(session, [case_id for _id, case_id, _state in due])
    return [number for number, case_id, state in due if state != "queued" or case_id not in held][:limit]


def send(session: Session, ids: Sequence[int]) -> None:
    """Let each notice leave, or hold it with a sentence when anything speaks against it by now.

    Killed between delivery and commit it runs again with the same bytes, and the channel delivers them once.
    """
    home = config.home.of(session)
    channel = channels.opened(home)
    for notice_id in ids:
        notice = ledger.locked(session, notice_id)
        if notice.leaves_at is None or notice.leaves_at > clock.now():
            continue
        if notice.state == "queued" and not holds.of(session, [notice.case_id]):
            _leave(session, home, channel, notice)
        elif notice.state == "retracted" and notice.retraction_sha256 is None:
            _take_back(session, home, channel, notice)


def objection(session: Session, notice: Notice) -> str | None:
    """Return the sentence that keeps a notice from leaving; None when nothing speaks against it.

    Every allowance is checked again. An answer nobody knew when the case was decided goes back to a person; a
    question the deciding person had before them has been answered by their decision.
    """
    decision = newest_decision(session, notice.case_id)
    if decision is None or decision.verdict != "infringing":
        verdict = decision.verdict if decision else "open"
        return f'The case is no longer decided as infringing; it is "{verdict}".'
    approved = [event for event in ledger.events(session, notice) if event.event == "approved"]
    if not approved or approved[-1].note["letter_sha256"] != ledger.seal(notice):
        return "The letter is not the one that was approved."
    case = session.get_one(Case, notice.case_id)
    if case.state == "closed":
        return "The case is closed: the place is gone, or every use at it is allowed."
    if gone := _no_longer_proven(session, notice, case):
        return gone
    # The page may have been seen again since the letter was drawn up, for instance with a credit on it.
    newest = [member.finding_id for member in findings(session, case.id)][-1:]
    for finding_id in dict.fromkeys([*(copy["finding_id"] for copy in notice.elements["copies"]), *newest]):
        check = assess.assess_use(session, finding_id=finding_id, work_id=case.work_id, moment="leaving")
        if check.outcome == "allowed":
            allowing = allowances.decisive(assess.answers_of(check))
            return f"The use is allowed: {allowing.says if allowing else 'an allowance covers it.'}"
        if new := _unanswered(session, check, decision):
            return f"A person must look again: {' '.join(new)}"
    return None


def _no_longer_proven(session: Session, notice: Notice, case: Case) -> str | None:
    """Return a sentence when the letter names what nothing proves now: it is out of force, quarantined or disputed."""
    doubts = holds.doubts_of(session)
    for copy in notice.elements["copies"]:
        named = {(match["asset"], match["page"], match["sha256"]) for match in copy["matches"]}
        if not named <= draft.found_at(session, copy["finding_id"], case.work_id):
            return "What the letter rests on matches no more: a reference was disabled or has expired."
        if doubted := sorted(named - draft.found_at(session, copy["finding_id"], case.work_id, doubts)):
            return f"The letter names {doubted[0][0]}, which proves nothing now; check the notice again."
    return None


def _unanswered(session: Session, check: Assessment, decision: Decision) -> list[str]:
    if check.outcome != "person":
        return []
    before = session.get(Assessment, decision.assessment_id) if decision.assessment_id else None
    known = (
        {answer.allowance for answer in assess.answers_of(before) if answer.verdict == "unknown"} if before else set()
    )
    unknown = [answer for answer in assess.answers_of(check) if answer.verdict == "unknown"]
    return [answer.says for answer in unknown if answer.allowance not in known]


def _leave(session: Session, home: Home, channel: Channel, notice: Notice) -> None:
    if why_not := objection(session, notice):
        ledger.hold(session, notice.id, by=MEKIKI, reason=why_not)
        return
    try:
        letter = _letter(home, notice)
        receipt = channel.deliver(letter)
    except message.BadHeader as bad:
        ledger.hold(session, notice.id, by=MEKIKI, reason=str(bad))
        return
    except DeliveryError as error:
        _not_taken(session, notice, error)
        return
    notice.message_sha256, notice.leaves_at = home.blobs.put(letter.message), None
    ledger.record(session, notice, "sent", by=MEKIKI, note=_note(receipt, notice.message_sha256))
    _watch(session, notice)
    _attach(session, notice)


def _not_taken(session: Session, notice: Notice, error: DeliveryError) -> None:
    if error.permanent:
        ledger.hold(session, notice.id, by=MEKIKI, reason=str(error))
        return
    notice.leaves_at = clock.now() + NEXT_TRY
    ledger.record(session, notice, "queued", by=MEKIKI, note={
        "says": str(error), "leaves_at": notice.leaves_at.isoformat(),
    })  # fmt: skip


def _letter(home: Home, notice: Notice) -> Letter:
    pdf_sha256 = notice.pdf_sha256 or ""
    return Letter(
        number=notice.number,
        subject=notice.subject,
        body=notice.body,
        recipient=Recipient(**notice.recipient),
        message=message.compose(_envelope(notice, notice.subject, notice.body, pdf_bytes=home.blobs.get(pdf_sha256))),
    )


def _envelope(notice: Notice, subject: str, body: str, *, pdf_bytes: bytes, answers: str = "") -> message.Envelope:
    sender = notice.elements["sender"]
    return message.Envelope(
        number=notice.number,
        subject=subject,
        body=body,
        from_name=sender["organisation"],
        from_address=sender["email"],
        to_address=notice.recipient["address"],
        at=notice.leaves_at or clock.now(),
        pdf=pdf_bytes,
        urls_csv=message.urls_csv(notice.elements),
        answers=answers,
    )


def _take_back(session: Session, home: Home, channel: Channel, notice: Notice) -> None:
    """Let the letter of retraction leave; no allowance is asked, because taking back is always allowed."""
    said = [event for event in ledger.events(session, notice) if "body" in event.note][-1].note
    first = message.message_id(notice.number, notice.body, notice.elements["sender"]["email"])
    envelope = _envelope(
        notice, said["subject"], said["body"], pdf_bytes=home.blobs.get(said["pdf_sha256"]), answers=first
    )
    letter = Letter(
        number=f"{notice.number}-R",
        subject=envelope.subject,
        body=envelope.body,
        recipient=Recipient(**notice.recipient),
        message=message.compose(envelope),
    )
    try:
        receipt = channel.deliver(letter)
    except DeliveryError as error:
        notice.leaves_at = None if error.permanent else clock.now() + NEXT_TRY
        ledger.record(session, notice, "retracted", by=MEKIKI, note={"says": str(error)})
        return
    notice.retraction_sha256, notice.leaves_at = home.blobs.put(letter.message), None
    ledger.record(session, notice, "retracted", by=MEKIKI, note=_note(receipt, notice.retraction_sha256))


def _note(receipt: Receipt, message_sha256: str) -> dict[str, str | bool]:
    return {
        "channel": receipt.channel,
        "is_dry_run": receipt.is_dry_run,
        "reference": receipt.reference,
        "message_sha256": message_sha256,
    }


def _watch(session: Session, notice: Notice) -> None:
    for copy in notice.elements["copies"]:
        recheck.watch(
            session,
            subject=f"notice:{notice.uuid}",
            url=copy["page_url"],
            media_urls=list(dict.fromkeys(match["url"] for match in copy["matches"])),
            blobs=list(dict.fromkeys(match["sha256"] for match in copy["matches"])),
        )


def _attach(session: Session, notice: Notice) -> None:
    for copy in notice.elements["copies"]:
        for capture in copy["captures"]:
            custody.record(
                session,
                actor=MEKIKI,
                action="attached to a notice",
                subject=f"capture:{capture}",
                note={"notice": notice.number, "message_sha256": notice.message_sha256},
            )
