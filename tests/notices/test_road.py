"""The road of a notice through the tables, on SQLite and on PostgreSQL."""

import io
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import Home
from crawlers.recheck import Watch, WatchLook
from notices import draft, ledger, regimes, retract, send, verify
from notices.ledger import Notice
from tests.factories import NOW
from tests.notices import world


def opened(file: Path) -> EmailMessage:
    message = message_from_bytes(file.read_bytes(), policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize("name", sorted(regimes.load_all()))
def test_a_decided_case_becomes_a_letter_in_the_outbox(
    session: Session, home: Home, frozen_clock: object, name: str
) -> None:
    draft.draft(session, [world.decided_case(session, name).id])
    notice = ledger.find(session, "N-2026-000001")
    ledger.approve(session, notice.id, "Aoi Mori")
    send.send(session, list(send.pending(session, 10)))
    message = opened(home.settings.outbox / "N-2026-000001.eml")
    text = message.get_body()
    assert text is not None
    assert text.get_content().split() == notice.body.split()
    pdf = next(part for part in message.iter_attachments() if part.get_content_type() == "application/pdf")
    words = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf.get_content())).pages)
    assert "Lantern Road" in words
    assert message["To"] == notice.recipient["address"]


def test_from_a_decision_to_a_removal_to_a_retraction(session: Session, home: Home, frozen_clock: object) -> None:
    case = world.decided_case(session)
    draft.draft(session, list(draft.pending(session, 10)))
    notice = session.scalars(select(Notice).where(Notice.case_id == case.id)).one()
    ledger.approve(session, notice.id, "Aoi Mori")
    send.send(session, list(send.pending(session, 10)))
    watch = session.scalars(select(Watch)).one()
    session.add(WatchLook(watch_id=watch.id, at=NOW, outcome="gone", status=404, says="The page answers 404."))
    session.flush()
    verify.verify(session, list(verify.pending(session, 10)))
    retract.retract(session, notice.id, "Ren Abe", "The page had a licence.")
    send.send(session, list(send.pending(session, 10)))
    assert [event.event for event in ledger.events(session, notice)] == [
        "draft", "approved", "queued", "sent", "removed", "retracted", "retracted",
    ]  # fmt: skip
    assert sorted(file.name for file in home.settings.outbox.glob("*.eml")) == [
        "N-2026-000001-R.eml", "N-2026-000001.eml",
    ]  # fmt: skip
    for stage in (draft, send, verify):
        assert list(stage.pending(session, 10)) == []
