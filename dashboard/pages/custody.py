"""The evidence of a case: what was captured and collected, who stamped it, who did what to it, how long it stays."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

import config.home
from crawlers import custody, timestamps
from crawlers.captures import Capture
from crawlers.custody import CustodyEntry
from crawlers.frontier import Sweep
from crawlers.timestamps import TimestampErrand, TimestampToken
from dashboard import collect
from dashboard.pages import words
from dashboard.visits import Visit
from matcher import cases, collected, dossier, retention
from matcher.case_rows import Case
from matcher.catalogue import Work


@dataclass(frozen=True)
class Kept:
    """One capture as the page shows it."""

    at: datetime
    kind: str
    url: str
    status: int
    size_bytes: int
    sha256: str
    server: str | None
    is_held: bool
    is_deleted: bool  # on purpose; bytes neither held nor deleted are missing


@dataclass(frozen=True)
class Stamped:
    """One timestamp, or what keeps it from being there."""

    of: str  # "sweep" or "case"
    url: str
    at: datetime | None  # None: there is none yet, or this program cannot read it
    authority: str
    says: str


@dataclass(frozen=True)
class Act:
    """One line of the custody log."""

    at: datetime
    by: str
    says: str
    why: str


def show(visit: Visit) -> Response:
    """Show the evidence of a case; that somebody looked is evidence too."""
    with visit.writes() as session:
        detail = cases.case_detail(session, visit.of("uuid"))
        case = detail.case
        dossier.viewed(session, case.uuid, by=visit.person.name)
        evidence = dossier.captures_of(session, detail)
        subjects = _subjects(session, case, evidence)
        return visit.show(
            "evidence.html", case=case, work=session.get_one(Work, case.work_id),
            captures=_captures(session, evidence, subjects), collections=collected.of_case(session, case.id),
            stamps=_stamps(session, subjects), asks=visit.home.settings.evidence.timestamp_urls,
            acts=_acts(session, subjects, visit.say), hold=custody.hold_of(session, subjects[0]),
            due_at=retention.due_at(session, case), keep_days=visit.home.settings.evidence.keep_days,
        )  # fmt: skip


def hold(visit: Visit) -> Response:
    """Keep everything of a case until it is released."""
    with visit.writes() as session:
        dossier.hold(session, visit.of("uuid"), by=visit.person.name, reason=visit.form.get("reason", ""))
    return _back(visit, visit.say("Held: nothing captured for this case is deleted until it is released."))


def release(visit: Visit) -> Response:
    """End the hold of a case."""
    with visit.writes() as session:
        dossier.release(session, visit.of("uuid"), by=visit.person.name, reason=visit.form.get("reason", ""))
    return _back(visit, visit.say("Released: what was captured is kept as long as the settings say."))


def export(visit: Visit) -> Response:
    """Answer with the bundle of a case as a file."""
    uuid = visit.of("uuid")
    with visit.reads() as session:
        more, case_id = collect.documents(session, uuid), cases.find(session, uuid).id
    with visit.home.sessions().begin() as session:
        collect.collect_if_due(session, case_id, actor=visit.person.name)
    folder = tempfile.TemporaryDirectory(dir=visit.home.path, prefix=".bundle-")
    path = Path(folder.name) / f"{uuid}.zip"
    try:
        with visit.writes() as session:
            dossier.export(session, uuid, path, actor=visit.person.name, more=more)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path, media_type="application/zip", filename=path.name, background=BackgroundTask(folder.cleanup)
    )  # fmt: skip


def _back(visit: Visit, note: str) -> Response:
    return visit.go(f"/cases/{visit.of('uuid')}/evidence", note)


def _subjects(session: Session, case: Case, evidence: Sequence[Capture]) -> list[str]:
    sweeps = select(Sweep.uuid).where(Sweep.id.in_({capture.sweep_id for capture in evidence})).order_by(Sweep.id)
    return [f"case:{case.uuid}", *(f"sweep:{uuid}" for uuid in session.scalars(sweeps))]


def _captures(session: Session, evidence: Sequence[Capture], subjects: Sequence[str]) -> list[Kept]:
    blobs = config.home.of(session).blobs
    acts = custody.entries(session, subjects, custody.DELETED)
    deleted = custody.deleted(custody.said(entry) for entry in acts)
    return [
        Kept(
            at=one.fetched_at, kind=one.kind, url=one.url, status=one.status, size_bytes=one.size_bytes,
            sha256=one.body_sha256, server=one.ip_address, is_held=blobs.has(one.body_sha256),
            is_deleted=one.uuid in deleted,
        )
        for one in evidence
    ]  # fmt: skip


def _stamps(session: Session, subjects: Sequence[str]) -> list[Stamped]:
    return [_stamp(errand, token) for errand, token in timestamps.of(session, subjects)]


def _stamp(errand: TimestampErrand, token: TimestampToken | None) -> Stamped:
    says = (token.says if token else errand.trouble) or ""
    at, authority = (token.stamped_at, token.authority or "") if token else (None, "")
    return Stamped(errand.subject.partition(":")[0], errand.url, at, authority, says)


def _acts(session: Session, subjects: Sequence[str], say: words.Say) -> list[Act]:
    """Return the custody log of a case and its sweeps, newest first."""
    names = words.acts(say)
    entries: list[CustodyEntry] = custody.entries(session, subjects)
    return [
        Act(entry.at, entry.actor, names.get(entry.action, entry.action), str(entry.note.get("reason", "")))
        for entry in reversed(entries)
    ]
