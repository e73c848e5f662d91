"""Verifying: what later looks at a watched place saw -> events of the notice. "Unreachable" is never "removed"."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from crawlers.recheck import Watch, WatchLook
from matcher import cases
from notices import ledger
from notices.ledger import MEKIKI, SENT, Notice, NoticeEvent

# What a look says -> what happened to the notice. A host that does not answer has removed nothing.
EVENTS = {"gone": "removed", "still there": "still there", "moved": "moved", "back again": "back again"}


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return looks at the places of sent notices that are not events yet, oldest first."""
    return session.scalars(_untold(WatchLook.id).order_by(WatchLook.id).limit(limit)).all()


def verify(session: Session, ids: Sequence[int]) -> None:
    """Record, for each look, what it means for its notice."""
    for look, notice in session.execute(_untold(WatchLook, Notice).where(WatchLook.id.in_(ids)).order_by(WatchLook.id)):
        note = {"says": look.says, "status": look.status, "looked_at": look.at.isoformat()}
        if look.moved_to:
            note["moved_to"] = look.moved_to
        ledger.record(session, notice, EVENTS[look.outcome], by=MEKIKI, note=note, look_id=look.id)
        if look.outcome == "gone":
            cases.close(session, notice.case_id)


def _untold(*columns: Any) -> Select[Any]:
    told = select(NoticeEvent.id).where(NoticeEvent.look_id == WatchLook.id).exists()
    return (
        select(*columns)
        .select_from(WatchLook)
        .join(Watch, Watch.id == WatchLook.watch_id)
        .join(Notice, Watch.subject == literal("notice:") + Notice.uuid)
        .where(WatchLook.outcome.in_(EVENTS), Notice.state.in_(SENT), ~told)
    )
