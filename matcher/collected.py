"""What was collected about a case while it could still be seen: documents under one listing that authorities stamp.

Collections are only ever added: a case that grows is collected again, and what was collected before stays.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, cast, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

import config.home
from config import clock, derived
from config.database import AppendOnly, Base, Row
from crawlers import bundles, custody, evidence, timestamps
from crawlers.evidence import Fault
from matcher.case_rows import Case, CaseFinding

FOLDER = "collected/"
SHOWING = frozenset({"pages", "pairs"})  # folders of what shows captured pages and media


class CaseCollection(AppendOnly, Row, Base):
    """The documents of one collecting."""

    __tablename__ = "case_collections"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime]
    newest_finding_id: Mapped[int]  # of case_findings: what the case rested on then
    listing: Mapped[str] = mapped_column(String(64))  # blob: what `sha256sum -c` reads
    files: Mapped[dict[str, Any]]  # name -> blob


def pending(session: Session, limit: int) -> Sequence[int]:
    """Return the open cases that were not collected since their newest finding joined."""
    newest = select(func.max(CaseFinding.id)).where(CaseFinding.case_id == Case.id).scalar_subquery()
    known = select(func.max(CaseCollection.newest_finding_id)).where(CaseCollection.case_id == Case.id)
    rows = select(Case.id).where(Case.state == "open", newest > func.coalesce(known.scalar_subquery(), 0))
    return session.scalars(rows.order_by(Case.id).limit(limit)).all()


def is_due(session: Session, case: Case) -> bool:
    """Say whether something of a case, whatever its state, was not collected yet."""
    known = session.scalar(
        select(func.max(CaseCollection.newest_finding_id)).where(CaseCollection.case_id == case.id)
    )  # fmt: skip
    return newest(session, case) > (known or 0)


def newest(session: Session, case: Case) -> int:
    """Return the finding that joined a case last, as `keep` is told what its documents rest on."""
    return session.scalar(select(func.max(CaseFinding.id)).where(CaseFinding.case_id == case.id)) or 0


def keep(
    session: Session, case: Case, documents: Mapping[str, bytes], *, actor: str, newest_finding_id: int
) -> CaseCollection:
    """Keep the documents, put that on the custody log, and have their listing stamped."""
    blobs = config.home.of(session).blobs
    listing = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in documents.items())
    row = CaseCollection(
        case_id=case.id, at=clock.now(), listing=blobs.put(listing.encode()),
        newest_finding_id=newest_finding_id,
        files={name: blobs.put(content) for name, content in documents.items()},
    )  # fmt: skip
    session.add(row)
    session.flush()
    subject = f"case:{case.uuid}"
    note = {"files": len(documents), "sums_sha256": row.listing}
    custody.record(session, actor=actor, action=custody.COLLECTED, subject=subject, note=note)
    timestamps.wish(session, subject, listing.encode())
    return row


def of_case(session: Session, case_id: int) -> Sequence[CaseCollection]:
    """Return everything that was collected about a case, oldest first."""
    rows = select(CaseCollection).where(CaseCollection.case_id == case_id)
    return session.scalars(rows.order_by(CaseCollection.id)).all()


def forget(session: Session, case: Case, *, why: Mapping[str, Any], is_over: Callable[[Case], bool]) -> None:
    """Delete what shows a case's pages and media; what was measured and said of them stays, and the log says so.

    The same bytes may show the page of another case: they stay as long as that one's time `is_over` is not.
    """
    home = config.home.of(session)
    shown = {name: blob for name, blob in files_of(session, case).items() if name.split("/")[2] in SHOWING}
    needed = {
        blob
        for other in _cases_with(session, set(shown.values())) if other.id != case.id and not is_over(other)
        for blob in files_of(session, other).values()
    }  # fmt: skip
    gone = {name: blob for name, blob in shown.items() if blob in needed or home.blobs.remove(blob)}
    if gone:
        held = sorted(needed & set(gone.values()))
        previews = derived.forget(home, set(gone.values()) - needed)
        note = {"files": gone, "made_of_them": previews, "held_for_another_case": held, **why}
        custody.record(session, actor="mekiki", action=custody.DELETED, subject=f"case:{case.uuid}", note=note)


def _cases_with(session: Session, blobs: Collection[str]) -> Sequence[Case]:
    """Return the cases of which one of these blobs was collected."""
    named = or_(false(), *(cast(CaseCollection.files, Text).contains(blob) for blob in blobs))
    return session.scalars(select(Case).where(Case.id.in_(select(CaseCollection.case_id).where(named)))).all()


def was_collected_since(session: Session, case: Case, since: datetime) -> bool:
    """Say whether something of a case was collected after a moment."""
    last = session.scalar(select(func.max(CaseCollection.at)).where(CaseCollection.case_id == case.id))
    return last is not None and last > since


def faults(session: Session) -> Iterator[Fault]:
    """Yield every collected file that is gone or was changed, though nobody deleted it on purpose."""
    for case in session.scalars(select(Case).where(Case.id.in_(select(CaseCollection.case_id))).order_by(Case.id)):
        yield from faults_of(session, case)


def faults_of(session: Session, case: Case) -> Iterator[Fault]:
    """Yield every file collected about one case that is gone or was changed, though nobody deleted it on purpose."""
    blobs = config.home.of(session).blobs
    for name, blob in files_of(session, case).items():
        if not blobs.has(blob) or evidence.sha256_of(blobs, blob) != blob:
            says = f"{name} of what was collected for it is gone or was changed."
            yield Fault("case_collections", case.id, case.uuid, says)


def files_of(session: Session, case: Case) -> dict[str, str]:
    """Return the blobs of everything collected about a case by the name they have in its bundle."""
    named: dict[str, str] = {}
    for number, row in enumerate(of_case(session, case.id), start=1):
        folder = f"{FOLDER}{number}/"
        named |= {f"{folder}{name}": blob for name, blob in row.files.items()}
        named[f"{folder}{bundles.SUMS}"] = row.listing
    acts = custody.entries(session, [f"case:{case.uuid}"], custody.DELETED)
    for name in custody.deleted((custody.said(entry) for entry in acts), "files"):
        named.pop(name, None)
    return named
