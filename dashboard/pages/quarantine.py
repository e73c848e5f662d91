"""Quarantine: what suddenly matched far more than its history, shown so that a person sees in a second which it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from crawlers.captures import FindingRow, Sighting
from dashboard.visits import Visit
from fingerprints import store
from matcher import catalogue, flood_verdicts, plain, quarantines
from matcher.match import Match
from matcher.plain import Plainness
from matcher.quarantines import QuarantineEvent
from matcher.references import Reference

SHOWN = 5  # places: enough to see whether they show the work
PICTURED = ("image", "video")


@dataclass(frozen=True)
class Shot:
    """A picture with what it is."""

    blob: str
    says: str
    is_shown: bool  # it is held here and can be drawn


@dataclass(frozen=True)
class Alarm:
    """One quarantined reference as a person is told of it."""

    uuid: str
    work: str
    work_uuid: str
    reference: Shot
    found: tuple[Shot, ...]  # a few different media, the newest
    places: int
    says: str
    plain: Plainness | None
    at: datetime


def show(visit: Visit) -> Response:
    """Show everything that is in quarantine."""
    with visit.reads() as session:
        alarms = read(session, visit)
    return visit.show("quarantine.html", alarms=alarms)


def release(visit: Visit) -> Response:
    """Let a reference out: what was held goes on."""
    with visit.writes() as session:
        reason = visit.form.get("reason", "")
        row = flood_verdicts.release(session, visit.of("uuid"), by=visit.person.name, reason=reason)
    places = row.figures["places"]
    return visit.go("/queue", visit.say("Released at %(places)s places: what was held goes on.", places=places))


def disable(visit: Visit) -> Response:
    """Take a reference out of matching, and its cases out of the queue."""
    with visit.writes() as session:
        flood_verdicts.disable(
            session, visit.of("uuid"), by=visit.person.name, reason=visit.form.get("reason", "")
        )  # fmt: skip
    return visit.go("/quarantine", visit.say("Disabled: its cases have left the queue, and nothing of them is sent."))


def read(session: Session, visit: Visit) -> list[Alarm]:
    """Return one alarm for each reference in quarantine, the newest first."""
    return [_alarm(session, visit, reference, event) for reference, event in quarantines.current(session)]


def _alarm(session: Session, visit: Visit, reference: Reference, event: QuarantineEvent) -> Alarm:
    work = catalogue.work_of(session, reference.asset_id)
    medium = store.medium(session, reference.blob)
    return Alarm(
        uuid=reference.uuid, work=work.title, work_uuid=work.uuid,
        reference=_shot(visit, reference.blob, reference.name, medium.kind if medium else None),
        found=tuple(_shot(visit, blob, place, kind) for blob, place, kind in _found(session, reference)),
        places=flood_verdicts.places(session, reference), says=event.says, plain=plain.of(session, reference),
        at=event.at,
    )  # fmt: skip


def _shot(visit: Visit, blob: str, says: str, kind: str | None) -> Shot:
    return Shot(blob, says, kind in PICTURED and visit.home.blobs.has(blob))


def _found(session: Session, reference: Reference) -> list[tuple[str, str, str]]:
    """Return (blob, place, kind) of the newest different media that the reference matched."""
    rows = session.execute(
        select(Sighting.blob, FindingRow.place, Sighting.kind)
        .join(FindingRow, FindingRow.id == Sighting.finding_id)
        .join(Match, Match.blob == Sighting.blob)
        .where(Match.reference_id == reference.id)
        .order_by(Sighting.id.desc())
        .limit(10 * SHOWN)
    )
    first: dict[str, tuple[str, str, str]] = {}
    for blob, place, kind in rows:
        first.setdefault(blob, (blob, place, kind))
    return list(first.values())[:SHOWN]
