"""The dossier of a case: everything that was seen, compared, checked and decided, as one evidence bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Session

from config import clock
from config.errors import MekikiError
from crawlers import bundles, captures, custody, settle, urls, wacz
from crawlers.bundles import Contents
from crawlers.captures import Capture, Sighting
from crawlers.custody import CustodyEntry
from crawlers.frontier import Sweep
from matcher import cases, collected
from matcher.cases import CaseDetail, FindingDetail


class AlreadyHeld(MekikiError):
    """A case is under a legal hold already."""


class NotHeld(MekikiError):
    """A case is under no legal hold."""


class NotWritten(MekikiError):
    """A bundle cannot be written where it should be."""


class NoReason(MekikiError):
    """A hold begins or ends without a word why."""


@dataclass(frozen=True)
class Export:
    """A bundle that was written."""

    case_uuid: str
    path: Path
    captures: int
    sums_sha256: str  # of its SHA256SUMS; also on the custody log


def export(session: Session, case_uuid: str, path: Path, *, more: Mapping[str, Any] | None = None) -> Export:
    """Write the case's evidence bundle to `path` and return what was written, for `exported` to put on the custody log.

    Only reads, and takes a while where films go along: give a reading session. `more` are further documents by name.
    The references' own pixels never go along: a match names the reference and its sha256. Raises UnknownCase, and
    NotWritten, also rather than write over what may be evidence.
    """
    if path.exists():
        raise NotWritten(f"{path} is there already and may have been handed on; give another name.")
    detail = cases.case_detail(session, case_uuid)
    evidence = captures_of(session, detail)
    sweeps = session.scalars(select(Sweep).where(Sweep.id.in_({capture.sweep_id for capture in evidence}))).all()
    subjects = [
        f"case:{detail.case.uuid}",
        *(f"sweep:{sweep.uuid}" for sweep in sweeps),
        *(f"capture:{capture.uuid}" for capture in evidence),
    ]
    documents = {"case.json": as_document(detail), **(more or {})}
    pages = [
        wacz.Page(each.capture.uuid, each.capture.final_url, each.finding.title, each.capture.fetched_at)
        for each in detail.findings
    ]
    title = f"{detail.work.title}: {detail.case.place}"
    kept = collected.files_of(session, detail.case)
    try:
        sums = bundles.write(session, path, Contents(title, evidence, pages, subjects, documents, kept))
    except OSError as refused:
        raise NotWritten(f"{path} cannot be written ({refused.strerror}); give another place with -o.") from refused
    return Export(detail.case.uuid, path, len(evidence), sums)


def exported(session: Session, made: Export, *, by: str) -> None:
    """Put on the custody log that a bundle was written."""
    note = {"file": made.path.name, "sums_sha256": made.sums_sha256, "captures": made.captures}
    custody.record(session, actor=by, action=custody.EXPORTED, subject=f"case:{made.case_uuid}", note=note)


def hold(session: Session, case_uuid: str, *, by: str, reason: str) -> None:
    """Keep everything of a case whatever the settings say, until it is released. Raises AlreadyHeld, NoReason."""
    _check(reason)
    subject = f"case:{cases.find(session, case_uuid).uuid}"
    held = custody.hold_of(session, subject)
    if held is not None:
        raise AlreadyHeld(f"{held.actor} holds it since {held.at:%Y-%m-%d}: {held.note['reason']}")
    custody.record(session, actor=by, action=custody.HELD, subject=subject, note={"reason": reason})


def release(session: Session, case_uuid: str, *, by: str, reason: str) -> None:
    """End the legal hold of a case. Raises NotHeld, NoReason."""
    _check(reason)
    subject = f"case:{cases.find(session, case_uuid).uuid}"
    if custody.hold_of(session, subject) is None:
        raise NotHeld("Nobody holds this case; there is nothing to release.")
    custody.record(session, actor=by, action=custody.RELEASED, subject=subject, note={"reason": reason})


def _check(reason: str) -> None:
    if not reason.strip():
        raise NoReason("Say why, in a sentence; it is kept on the custody log.")


def viewed(session: Session, case_uuid: str, *, by: str) -> None:
    """Put on the custody log that somebody looked at the evidence of a case, once a person and day."""
    subject, now = f"case:{case_uuid}", clock.now()
    seen = (
        select(CustodyEntry.at)
        .where(CustodyEntry.subject == subject, CustodyEntry.action == custody.VIEWED, CustodyEntry.actor == by)
        .order_by(CustodyEntry.id.desc())
        .limit(1)
    )
    last = session.scalar(seen)
    if last is None or last.date() != now.date():
        custody.record(session, actor=by, action=custody.VIEWED, subject=subject)


def captures_of(session: Session, detail: CaseDetail) -> list[Capture]:
    """Return the captures of the case's pages, of all their media and of what their hosts' robots.txt said, in order of
    time; where a server only said that nothing had changed, also the capture that brought the body."""
    findings = [each.finding for each in detail.findings]
    media = select(Sighting.capture_id).where(Sighting.finding_id.in_([finding.id for finding in findings]))
    ids = {*(finding.capture_id for finding in findings), *session.scalars(media)}
    said = session.scalars(select(Capture).where(Capture.id.in_(ids))).all()
    rows = [*said, *captures.confirmed_by(session, said)]
    hosts = {(row.sweep_id, urls.origin(url)) for row in rows for url in (row.url, row.final_url)}
    rules = (captures.find(session, sweep_id, settle.robots_url(origin)) for sweep_id, origin in hosts)
    found = {row.id: row for row in (*rows, *filter(None, rules))}
    return [found[capture_id] for capture_id in sorted(found)]


def as_document(detail: CaseDetail) -> dict[str, Any]:
    """Return the case as JSON holds it: the case, its findings with matches and checks, and the decisions."""
    return {
        "case": _columns(detail.case),
        "work": {"title": detail.work.title, "uuid": detail.work.uuid, "owner": detail.owner.name},
        "findings": [_finding(each) for each in detail.findings],
        "decisions": [_columns(decision) for decision in detail.decisions],
    }


def _finding(detail: FindingDetail) -> dict[str, Any]:
    return {
        **_columns(detail.finding),
        "capture": detail.capture.uuid,
        "seen": [
            {
                **_columns(medium.sighting),
                "matches": [
                    {**_columns(match), "reference": reference.name, "reference_sha256": reference.blob,
                     "bank": reference.bank}
                    for match, reference in medium.matches
                ],
            }
            for medium in detail.seen
        ],
        "assessments": [_columns(assessment) for assessment in detail.assessments],
    }  # fmt: skip


def _columns(row: DeclarativeBase) -> Mapping[str, Any]:
    """Every column of a row; times become text on the way into JSON."""
    return {column.key: getattr(row, column.key) for column in row.__mapper__.column_attrs}
