"""Notices: the list, one notice with its elements and events, and what a person may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response

from config.errors import MekikiError
from dashboard.pages import notice_view, words
from dashboard.visits import Visit
from notices import draft, ledger, regimes, retract
from notices.ledger import Notice, NoticeEvent

SHOWN = 200
# The tabs of the list, and the states each of them holds.
GROUPS: dict[str, tuple[str, ...]] = {
    "draft": ("draft", "held"),
    "waiting": ("approved", "queued"),
    "out": ("sent", "acknowledged", "no reply", "still there", "moved", "back again", "refused"),
    "done": ("removed", "retracted", "withdrawn"),
}


class MayNotApprove(MekikiError):
    """The person who pressed Approve has not been given that right."""


@dataclass(frozen=True)
class Check:
    """One element the law asks for: met or not, with its citation."""

    is_met: bool
    asks: str
    citation: str


@dataclass(frozen=True)
class Event:
    """One event of a notice."""

    at: datetime
    by: str
    name: str
    tone: str
    says: tuple[str, ...]
    leaves_at: datetime | None  # of a queued notice


def listed(visit: Visit) -> Response:
    """Show the notices of one tab, newest first."""
    tab = visit.asked("tab", "draft")
    tab = tab if tab in GROUPS else "draft"
    with visit.reads() as session:
        counts = dict(session.execute(select(Notice.state, func.count()).group_by(Notice.state)).all())
        rows = session.scalars(
            select(Notice).where(Notice.state.in_(GROUPS[tab])).order_by(Notice.id.desc()).limit(SHOWN)
        ).all()
        views = notice_view.read(session, rows, visit)
    say = visit.say
    names = {"draft": say("To approve"), "waiting": say("In the outbox"), "out": say("Sent"), "done": say("Done")}
    tabs = [(key, names[key], sum(counts.get(state, 0) for state in states)) for key, states in GROUPS.items()]
    return visit.show("notices.html", notices=views, tab=tab, tabs=tabs)


def show(visit: Visit) -> Response:
    """Show one notice: the letter, what the law asks of it, and what happened to it."""
    with visit.reads() as session:
        row = ledger.find(session, visit.of("uuid"))
        view = notice_view.read(session, [row], visit)[0]
        events = _events(ledger.events(session, row), visit.say)
        warnings = draft.warnings(session, row) if view.may_approve else []
    return visit.show(
        "notice.html", n=view, events=events, checks=_checks(row, visit.language), warnings=warnings,
        delay=visit.home.settings.notices.outbox_delay_minutes,
    )  # fmt: skip


def pdf(visit: Visit) -> Response:
    """Answer with the PDF of the letter as it leaves."""
    with visit.reads() as session:
        row = ledger.find(session, visit.of("uuid"))
    if row.pdf_sha256 is None or not visit.home.blobs.has(row.pdf_sha256):
        return visit.show("missing.html", status=404, says=visit.say("The PDF is made when the notice is approved."))
    return FileResponse(
        visit.home.blobs.path(row.pdf_sha256), media_type="application/pdf", filename=f"{row.number}.pdf"
    )


def approve(visit: Visit) -> Response:
    """Approve a notice in one's own name; it waits in the outbox before it leaves."""
    if not visit.person.may_approve:
        raise MayNotApprove("You may not approve notices; ask somebody who may, or `mekiki person` to be allowed.")
    with visit.writes() as session:
        ledger.approve(session, _id(session, visit), visit.person.name)
    return _back(visit)


def hold(visit: Visit) -> Response:
    """Keep a notice from leaving until somebody approves it again."""
    with visit.writes() as session:
        reason = _reason(visit, "Held in the console.")
        ledger.hold(session, _id(session, visit), by=visit.person.name, reason=reason)
    return _back(visit)


def withdraw(visit: Visit) -> Response:
    """Put a notice away that has not left."""
    with visit.writes() as session:
        reason = _reason(visit, "Withdrawn in the console.")
        ledger.withdraw(session, _id(session, visit), visit.person.name, reason)
    return _back(visit)


def take_back(visit: Visit) -> Response:
    """Retract a notice that has left: the recipient is told, and the owner's other notices there are held."""
    with visit.reads() as session:
        notice_id = _id(session, visit)
    with visit.home.sessions().begin() as session:  # letters like it are held, whoever may see them
        retract.retract(session, notice_id, visit.person.name, visit.form.get("reason", "").strip())
    return _back(visit)


def _id(session: Session, visit: Visit) -> int:
    return ledger.find(session, visit.of("uuid")).id


def _reason(visit: Visit, default: str) -> str:
    return visit.form.get("reason", "").strip() or default


def _back(visit: Visit) -> Response:
    case_uuid = visit.form.get("case", "")
    is_uuid = len(case_uuid) == 36 and case_uuid.replace("-", "").isalnum()
    return visit.go(f"/cases/{case_uuid}" if is_uuid else f"/notices/{visit.of('uuid')}")


def _checks(row: Notice, language: str) -> list[Check]:
    missing = {lack["element"] for lack in row.missing}
    return [
        Check(element.id not in missing, notice_view.asked(element, language), element.citation)
        for element in regimes.get(row.regime).elements
    ]


def _events(rows: Sequence[NoticeEvent], say: words.Say) -> list[Event]:
    names = words.events(say)
    return [
        Event(
            row.at, row.by, names.get(row.event, row.event), words.TONES.get(row.event, "quiet"), _said(row, say),
            datetime.fromisoformat(row.note["leaves_at"]) if "leaves_at" in row.note else None,
        )
        for row in reversed(rows)
    ]  # fmt: skip


def _said(row: NoticeEvent, say: words.Say) -> tuple[str, ...]:
    """Return what an event notes, as far as it is words for people; hashes stay in the evidence."""
    told = [say("dry run")] if row.note.get("is_dry_run") else []
    told += [str(row.note[name]) for name in ("says", "regime", "recipient", "reference") if row.note.get(name)]
    return tuple(told)
