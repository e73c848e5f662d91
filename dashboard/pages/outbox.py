"""The outbox: what waits behind the door, when it leaves, and what left, really or as a dry run."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from dashboard.pages import notice_view
from dashboard.visits import Visit
from notices.ledger import Notice, NoticeEvent

DRY_RUN_CHANNEL = "outbox"
SHOWN = 100


@dataclass(frozen=True)
class Left:
    """One message that went through the door."""

    uuid: str
    number: str
    subject: str
    recipient: str
    at: datetime
    channel: str
    is_dry_run: bool


def show(visit: Visit) -> Response:
    """Show what waits and what left."""
    with visit.reads() as session:
        rows = session.scalars(
            select(Notice).where(Notice.state.in_(("approved", "queued"))).order_by(Notice.leaves_at, Notice.id)
        ).all()
        waiting = notice_view.read(session, rows, visit)
        left = _left(session)
    settings = visit.home.settings.notices
    return visit.show(
        "outbox.html", waiting=waiting, left=left, channel=settings.channel,
        is_dry_run=settings.channel == DRY_RUN_CHANNEL, delay=settings.outbox_delay_minutes,
    )  # fmt: skip


def _left(session: Session) -> list[Left]:
    rows = session.execute(
        select(NoticeEvent, Notice)
        .join(Notice, Notice.id == NoticeEvent.notice_id)
        .where(NoticeEvent.event == "sent")
        .order_by(NoticeEvent.id.desc())
        .limit(SHOWN)
    )
    return [
        Left(
            notice.uuid, notice.number, notice.subject, notice.recipient.get("name", ""), event.at,
            str(event.note.get("channel", "")), bool(event.note.get("is_dry_run", event.note.get("dry_run"))),
        )
        for event, notice in rows
    ]  # fmt: skip
