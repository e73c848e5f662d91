"""How long captured bytes are kept: `[evidence] keep_days`, and longer wherever somebody still needs them.

What goes are bytes, and every picture that was made of them. The capture's row, its hash and its place in the chain
stay, and the custody log says what went and why. Whatever is in doubt is kept, and looked at again later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import ForeignKey, Select, Text, cast, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock, derived
from config.blobs import STILL_NEW
from config.database import Base, Row
from crawlers import bundles, custody, looks, warc
from crawlers.captures import Capture, FindingRow, Sighting
from crawlers.frontier import Sweep
from fingerprints import store
from matcher import collected
from matcher.case_rows import Case, CaseFinding, Decision
from matcher.references import Reference

AGAIN = timedelta(days=1)  # when what had to be kept is looked at again, unless it is known better


class CaptureRetention(Row, Base):
    """What became of a capture's bytes when their time was over."""

    __tablename__ = "capture_retentions"

    capture_id: Mapped[int] = mapped_column(ForeignKey("captures.id"), unique=True)
    next_look: Mapped[datetime | None] = mapped_column(index=True)  # None: its bytes were deleted
    says: Mapped[str | None] = mapped_column(Text)  # why they were kept
    is_for_case: Mapped[bool] = mapped_column(default=False)  # kept for itself, not for another capture of its bytes


@dataclass(frozen=True)
class _Kept:
    """Why bytes stay, and when to look again."""

    says: str
    until: datetime
    is_for_case: bool = False


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return the captures whose time may be over, oldest first; none while everything is kept for ever."""
    keep_days = config.home.of(session).settings.evidence.keep_days
    if not keep_days:
        return []
    now = clock.now()
    due = select(CaptureRetention.capture_id).where(CaptureRetention.next_look <= now)
    again = session.scalars(due.order_by(CaptureRetention.next_look, CaptureRetention.id).limit(limit)).all()
    # Captures are numbered in the order of their time: those behind the last one that was looked at need no search.
    looked_at = session.scalar(select(func.max(CaptureRetention.capture_id))) or 0
    rows = select(Capture.id, Capture.fetched_at).where(Capture.id > looked_at).order_by(Capture.id).limit(limit)
    old = [row.id for row in session.execute(rows) if row.fetched_at < now - timedelta(days=keep_days)]
    return [*again, *old][:limit]


def look(session: Session, ids: Sequence[int]) -> None:
    """Delete the bytes of these captures, or write down why they stay and when to look again."""
    blobs = config.home.of(session).blobs
    gone: dict[int, Capture] = {}
    for capture_id in ids:
        row = _row(session, capture_id)
        if row is not None and row.next_look is None:
            continue  # it went with another capture of the same bytes
        capture = session.get_one(Capture, capture_id)
        kept = _needed_by_case(session, capture) or _needed_otherwise(session, capture)
        if kept is None and not blobs.remove(capture.body_sha256):
            kept = _Kept("The same bytes were stored again today.", clock.now() + AGAIN)
        _note(session, capture, kept)
        for one in [capture, *_waiting_for(session, capture)] if kept is None else []:
            _note(session, one, None)
            gone[one.id] = one
            for sha256 in bundles.bodies_of(one)[1:]:  # the page as it was sent, where it was shown otherwise
                if not (_is_body(session, sha256) or _is_shell(session, sha256)):
                    blobs.remove(sha256)
    if gone:
        _forget(session, list(gone.values()))


def _forget(session: Session, gone: Sequence[Capture]) -> None:
    """Delete what shows the bytes that went, and put on the custody log what did."""
    home = config.home.of(session)
    hashes = {sha256 for capture in gone for sha256 in bundles.bodies_of(capture)}
    made_of_them = derived.forget(home, hashes)
    store.forget_pictures(session, sorted(hashes))
    looks.forget_bodies(session, gone)
    why = {"why": "retention", "keep_days": home.settings.evidence.keep_days}
    cases = {case.id: case for capture in gone for case in _cases_on(session, capture)}
    for case_id in sorted(cases):
        collected.forget(session, cases[case_id], why=why, is_over=partial(_is_over, session))
    for sweep_id in dict.fromkeys(capture.sweep_id for capture in gone):
        of_it = {capture.uuid: capture.body_sha256 for capture in gone if capture.sweep_id == sweep_id}
        previews = {sha256: made_of_them[sha256] for sha256 in of_it.values() if sha256 in made_of_them}
        note = {"captures": of_it, "made_of_them": previews, **why}
        subject = f"sweep:{session.get_one(Sweep, sweep_id).uuid}"
        custody.record(session, actor="mekiki", action=custody.DELETED, subject=subject, note=note)


def deleted() -> Select[int]:
    """Ask for the captures whose bytes were deleted because their time was over."""
    return select(CaptureRetention.capture_id).where(CaptureRetention.next_look.is_(None))


def due_at(session: Session, case: Case) -> datetime | None:
    """Return from when the bytes of a case may be deleted; None while it is open, held, or all is kept for ever."""
    keep_days = config.home.of(session).settings.evidence.keep_days
    if not keep_days or case.state == "open" or custody.hold_of(session, f"case:{case.uuid}") is not None:
        return None
    last = session.scalar(select(func.max(Decision.at)).where(Decision.case_id == case.id)) or case.detected_at
    return last + timedelta(days=keep_days)


def _needed_by_case(session: Session, capture: Capture) -> _Kept | None:
    for case in _cases_on(session, capture):
        due = due_at(session, case)
        if due is None:
            return _Kept(
                f"A case rests on it that is open or held: {case.uuid}.", clock.now() + AGAIN, is_for_case=True
            )
        if due > clock.now():
            return _Kept(f"A case rests on it: {case.uuid}.", due, is_for_case=True)
        if not _is_over(session, case):
            return _Kept(f"What shows it was collected anew: {case.uuid}.", clock.now() + AGAIN, is_for_case=True)
    return None


def _is_over(session: Session, case: Case) -> bool:
    """Say whether nothing of a case is needed any more; what was stored lately cannot be deleted yet."""
    due = due_at(session, case)
    is_fresh = collected.was_collected_since(session, case, clock.now() - 2 * STILL_NEW)
    return due is not None and due <= clock.now() and not is_fresh


def _needed_otherwise(session: Session, capture: Capture) -> _Kept | None:
    keep = timedelta(days=config.home.of(session).settings.evidence.keep_days)
    hashes = bundles.bodies_of(capture)
    if session.scalar(select(Reference.id).where(Reference.blob.in_(hashes)).limit(1)) is not None:
        return _Kept("A reference has the same bytes.", clock.now() + keep)
    # A newer capture of the same bytes, or an older one that a case rests on; else two would keep each other for ever.
    row = CaptureRetention
    others = (
        select(func.max(Capture.fetched_at))
        .outerjoin(row, row.capture_id == Capture.id)
        .where(Capture.body_sha256 == capture.body_sha256, row.id.is_(None) | row.next_look.is_not(None))
        .where((Capture.id > capture.id) | ((Capture.id < capture.id) & row.is_for_case))
    )
    newest = session.scalar(others)
    if newest is None and capture.mime == "text/html" and _is_shell(session, capture.body_sha256):
        return _Kept("A page that stays came as the same bytes.", clock.now() + AGAIN)
    if newest is None:
        return None
    return _Kept("Another capture has the same bytes.", max(newest + keep, clock.now() + AGAIN))


def _is_body(session: Session, sha256: str) -> bool:
    """Say whether a capture that stays has these bytes."""
    row = CaptureRetention
    alike = select(Capture.id).outerjoin(row, row.capture_id == Capture.id).where(Capture.body_sha256 == sha256)
    return session.scalar(alike.where(row.id.is_(None) | row.next_look.is_not(None)).limit(1)) is not None


def _is_shell(session: Session, sha256: str) -> bool:
    """Say whether a page came as these bytes that is shown otherwise and stays; those that scripts make often come as
    one empty shell.

    Whoever stores bytes again touches their blob: until that is long ago, the newest captures are asked. Of those that
    have outlived their time, only what is kept for a case.
    """
    opened = config.home.of(session)
    since = clock.now() - timedelta(days=opened.settings.evidence.keep_days)
    path = opened.blobs.path(sha256)
    alike = select(Capture.id).where(cast(Capture.parts, Text).contains(sha256), Capture.status != warc.NOT_MODIFIED)
    if path.is_file() and datetime.fromtimestamp(path.stat().st_mtime, UTC) > since:
        young = alike.where(Capture.fetched_at > since).order_by(Capture.id.desc()).limit(1)
        if session.scalar(young) is not None:
            return True
    kept = alike.join(CaptureRetention, CaptureRetention.capture_id == Capture.id)
    outlived = kept.where(CaptureRetention.next_look.is_not(None), CaptureRetention.is_for_case)
    return session.scalar(outlived.limit(1)) is not None


def _cases_on(session: Session, capture: Capture) -> Sequence[Case]:
    sighted = select(Sighting.finding_id).where(Sighting.capture_id == capture.id)
    found = select(FindingRow.id).where(FindingRow.capture_id == capture.id)
    page = select(CaseFinding.case_id).where(CaseFinding.finding_id.in_(found))
    media = select(CaseFinding.case_id).where(CaseFinding.finding_id.in_(sighted))
    return session.scalars(select(Case).where(Case.id.in_(page) | Case.id.in_(media)).order_by(Case.id)).all()


def _waiting_for(session: Session, capture: Capture) -> Sequence[Capture]:
    """Return the captures that were kept only because this one had the same bytes."""
    rows = select(Capture).join(CaptureRetention, CaptureRetention.capture_id == Capture.id)
    twins = rows.where(Capture.body_sha256 == capture.body_sha256, CaptureRetention.next_look.is_not(None))
    return session.scalars(twins.order_by(Capture.id)).all()


def _row(session: Session, capture_id: int) -> CaptureRetention | None:
    return session.scalar(select(CaptureRetention).where(CaptureRetention.capture_id == capture_id))


def _note(session: Session, capture: Capture, kept: _Kept | None) -> None:
    row = _row(session, capture.id)
    if row is None:
        row = CaptureRetention(capture_id=capture.id)
        session.add(row)
    row.says, row.next_look = (kept.says, kept.until) if kept else (None, None)
    row.is_for_case = kept is not None and kept.is_for_case
    session.flush()
