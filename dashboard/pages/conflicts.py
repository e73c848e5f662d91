"""Conflicts: the same content registered by two owners, shown on both works' pages until somebody settled it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.responses import Response

from dashboard.visits import Visit
from fingerprints import store
from matcher import overlaps
from matcher.catalogue import Work
from matcher.overlaps import VERDICTS, BadSettlement, Claim, Conflict

PICTURED = ("image", "video")


@dataclass(frozen=True)
class Side:
    """One owner's claim as pages show it."""

    verdict: str  # that says it is theirs
    owner: str
    work: str
    work_uuid: str
    reference: str
    blob: str
    is_shown: bool  # it is held here and can be drawn
    added_at: datetime
    spans: Sequence[Sequence[float]]  # of films, in seconds


@dataclass(frozen=True)
class ConflictRow:
    """One conflict as pages show it."""

    uuid: str
    says: str
    sides: tuple[Side, Side]  # registered earlier, later
    settled: str | None  # in whose favour, in the person's language; None: it is open
    by: str
    reason: str


def show(visit: Visit) -> Response:
    """Show every conflict, open ones first."""
    with visit.reads() as session:
        rows = read(session, visit)
    return visit.show("conflicts.html", conflicts=rows)


def settle(visit: Visit) -> Response:
    """Write down whose the content is."""
    verdict = next((one for one in VERDICTS if one == visit.form.get("verdict")), None)
    if verdict is None:
        raise BadSettlement("Choose whose it is: of one owner, of the other, or of both.")
    with visit.writes() as session:
        overlap = overlaps.find(session, visit.of("uuid"))
        overlaps.settle(session, overlap, verdict, by=visit.person.name, reason=visit.form.get("reason", ""))
    return visit.go("/conflicts", visit.say("Settled: what was held for the side that is right goes on."))


def read(session: Session, visit: Visit, work: Work | None = None, *, only_open: bool = False) -> list[ConflictRow]:
    """Return the conflicts of one work or of all, open ones first."""
    return [_row(session, visit, each) for each in overlaps.listed(session, work, only_open=only_open)]


def _row(session: Session, visit: Visit, conflict: Conflict) -> ConflictRow:
    said = conflict.settlement
    whose = {"newer": conflict.newer.owner.name, "older": conflict.older.owner.name, "shared": visit.say("both")}
    return ConflictRow(
        uuid=conflict.overlap.uuid, says=conflict.says,
        sides=(
            _side(session, visit, "older", conflict.older, conflict),
            _side(session, visit, "newer", conflict.newer, conflict),
        ),
        settled=whose[said.verdict] if said else None, by=said.by if said else "", reason=said.reason if said else "",
    )  # fmt: skip


def _side(session: Session, visit: Visit, verdict: str, claim: Claim, conflict: Conflict) -> Side:
    medium = store.medium(session, claim.reference.blob)
    return Side(
        verdict=verdict, owner=claim.owner.name, work=claim.work.title, work_uuid=claim.work.uuid,
        reference=claim.reference.name, blob=claim.reference.blob,
        is_shown=medium is not None and medium.kind in PICTURED and visit.home.blobs.has(claim.reference.blob),
        added_at=claim.reference.added_at, spans=conflict.overlap.parts[verdict] if conflict.overlap.seconds else (),
    )  # fmt: skip
