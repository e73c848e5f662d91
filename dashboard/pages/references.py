"""What a person does to a reference on the page of its work: disable it, for good or until a day, enable, promote."""

from sqlalchemy.orm import Session
from starlette.responses import Response

from dashboard.visits import Visit
from matcher import catalogue, days, licences, lives
from matcher.references import Reference

MOST_REASON = 1000  # characters of a reason that are kept


def disable(visit: Visit) -> Response:
    """Stop a reference from matching at once; it comes back by itself when a day is given."""
    with visit.writes() as session:
        until = days.last_moment(visit.form.get("until", "").strip(), licences.zone_of(session))
        row = lives.disable(session, visit.of("uuid"), by=visit.person.name, reason=_reason(visit), until=until)
        page = _page(session, row)
    return visit.go(page, visit.say("%(name)s matches no more.", name=row.name))


def enable(visit: Visit) -> Response:
    """Let a disabled reference match again at once."""
    with visit.writes() as session:
        row = lives.enable(session, visit.of("uuid"), by=visit.person.name, reason=_reason(visit))
        page = _page(session, row)
    return visit.go(page, visit.say("%(name)s is enabled.", name=row.name))


def promote(visit: Visit) -> Response:
    """Move a provisional reference into the bank works."""
    with visit.writes() as session:
        row = lives.promote(session, visit.of("uuid"), by=visit.person.name, reason=_reason(visit))
        page = _page(session, row)
    return visit.go(page, visit.say("%(name)s is in the bank works from now on.", name=row.name))


def _reason(visit: Visit) -> str:
    return visit.form.get("reason", "").strip()[:MOST_REASON]


def _page(session: Session, row: Reference) -> str:
    return f"/works/{catalogue.work_of(session, row.asset_id).uuid}#r-{row.uuid}"
