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
import crawlers.evidence
from crawlers import bundles, custody, timestamps
from crawlers.captures import Capture
from crawlers.frontier import Sweep
from crawlers.timestamps import TimestampErrand, TimestampToken
from dashboard import collect, portraits, staff
from dashboard.pages import words
from dashboard.visits import Visit
from matcher import cases, collected, dossier, retention
from matcher.case_rows import Case
from matcher.catalogue import Work


@dataclass(frozen=True)
class Kept:
    """One capture as the page shows it."""

    at: datetime
    what: str  # "page", "robots", "image", "video" or "audio"
    url: str
    status: int
    size_bytes: int
    sha256: str
    server: str | None
    is_held: bool
    is_deleted: bool  # on purpose; bytes neither held nor deleted are missing
    is_hidden: bool  # of another work, and not for this person
    is_changed: bool  # its row does not agree with its hash; whether its bytes do is asked by `_checked`


@dataclass(frozen=True)
class Stamped:
    """One timestamp, or what keeps it from being there."""

    of: str  # "sweep" or "case"
    url: str
    at: datetime | None  # None: there is none yet, or this program cannot read it
    authority: str
    says: str
    is_there: bool  # a token came, though perhaps one that this program cannot read
    next_try: datetime | None


@dataclass(frozen=True)
class Checked:
    """What came of reading everything of a case again."""

    captures: int
    documents: int
    stamps: int
    faults: tuple[tuple[str, str], ...]  # (what, a sentence how it differs)


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
            captures=_captures(session, evidence, subjects, visit.person.id),
            collections=collected.of_case(session, case.id), kind_names=words.captures(visit.say),
            portraits=tuple(portraits.of_case(session, case, visit.person.id).values()),
            stamps=_stamps(session, subjects), asks=visit.home.settings.evidence.timestamp_urls,
            acts=_acts(session, subjects, evidence, visit.say), hold=custody.hold_of(session, subjects[0]),
            due_at=retention.due_at(session, case), keep_days=visit.home.settings.evidence.keep_days,
            checked=_checked(session, case, evidence, subjects) if visit.asked("check") else None,
        )  # fmt: skip


def process(visit: Visit) -> Response:
    """Answer with the newest description of how the evidence of a case was captured and collected."""
    with visit.reads() as session:
        case = cases.find(session, visit.of("uuid"))
        rows = collected.of_case(session, case.id)
        told = next((row.files["process.txt"] for row in reversed(rows) if "process.txt" in row.files), None)
    if told is None or not visit.home.blobs.has(told):
        return Response(status_code=404)
    return Response(visit.home.blobs.get(told), media_type="text/plain", headers={"Cache-Control": "no-store"})


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
        with visit.reads() as session:
            made = dossier.export(session, uuid, path, more=more)
        with visit.writes() as session:
            dossier.exported(session, made, by=visit.person.name)
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


def _captures(
    session: Session, evidence: Sequence[Capture], subjects: Sequence[str], person_id: int
) -> list[Kept]:  # fmt: skip
    hidden = staff.hidden(session, {one.body_sha256 for one in evidence}, person_id)
    blobs = config.home.of(session).blobs
    acts = custody.entries(session, subjects, custody.DELETED)
    deleted = custody.deleted(custody.said(entry) for entry in acts)
    return [
        Kept(
            at=one.fetched_at, what=one.mime.partition("/")[0] if one.kind == "media" else one.kind, url=one.url,
            status=one.status, size_bytes=one.size_bytes, sha256=one.body_sha256, server=one.ip_address,
            is_held=blobs.has(one.body_sha256), is_deleted=one.uuid in deleted, is_hidden=one.body_sha256 in hidden,
            is_changed=crawlers.evidence.row_differs(one) is not None,
        )
        for one in evidence
    ]  # fmt: skip


def _stamps(session: Session, subjects: Sequence[str]) -> list[Stamped]:
    return [_stamp(errand, token) for errand, token in timestamps.of(session, subjects)]


def _stamp(errand: TimestampErrand, token: TimestampToken | None) -> Stamped:
    says = (token.says if token else errand.trouble) or ""
    at, authority = (token.stamped_at, token.authority or "") if token else (None, "")
    kind = errand.subject.partition(":")[0]
    return Stamped(kind, errand.url, at, authority, says, is_there=token is not None, next_try=errand.next_due)


def _checked(session: Session, case: Case, evidence: Sequence[Capture], subjects: Sequence[str]) -> Checked:
    """Read everything of a case again and say what is not what it was."""
    addresses = {capture.uuid: capture.url for capture in evidence}
    faults = [*crawlers.evidence.verify_some(session, evidence, subjects), *collected.faults_of(session, case)]
    documents = [name for name in collected.files_of(session, case) if not name.endswith(bundles.SUMS)]
    return Checked(
        captures=len(evidence), documents=len(documents),
        stamps=sum(token is not None for _errand, token in timestamps.of(session, subjects)),
        faults=tuple((addresses.get(fault.uuid, fault.table), fault.says) for fault in faults),
    )  # fmt: skip


def _acts(
    session: Session, subjects: Sequence[str], evidence: Sequence[Capture], say: words.Say
) -> list[Act]:  # fmt: skip
    """Return the custody log of a case and its sweeps, newest first, without what befell only others' captures."""
    ours = {capture.uuid for capture in evidence}
    return [
        Act(entry.at, entry.actor, words.act(say, entry.action, entry.note), str(entry.note.get("reason", "")))
        for entry in reversed(custody.entries(session, subjects))
        if entry.action != custody.DELETED or "captures" not in entry.note or ours & set(entry.note["captures"])
    ]
