"""What a person does to a case: decide, undo, claim, give back. Each form acts on one case, and only once."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, Response

from config.errors import MekikiError
from dashboard import claims, taking_back
from dashboard.pages import case as case_page
from dashboard.pages import words
from dashboard.visits import Visit
from matcher import cases
from matcher.cases import Case
from matcher.interface import VERDICTS
from notices import draft


class Overtaken(MekikiError):
    """Somebody decided the case while the page was open, or the same form was sent twice."""


def decide(visit: Visit) -> Response:
    """Record a verdict; draw up the notice at once when it is "infringing"."""
    verdict = visit.form.get("verdict", "")
    with visit.writes() as session:
        case = _untouched(session, visit)
        claims.take(session, case.id, visit.person.id)
        known = next((one for one in VERDICTS if one == verdict), None)
        if known is None:
            raise cases.NotDecidable("Choose one of the five verdicts.")
        reason = visit.form.get("reason", "").strip() or words.reasons(str)[verdict]
        cases.decide(session, case.id, person=visit.person.name, verdict=known, reason=reason)
        claims.release(session, case.id, visit.person.id)
    here = f"/cases/{case.uuid}"
    if verdict == "infringing":
        return visit.go(here, _drafted(visit, case.id))
    if verdict != "unsure":
        return visit.go(here)
    with visit.reads() as session:
        free = case_page.free_uuid(session, visit.person.id, after=case.uuid)
    return visit.go(f"/cases/{free or case.uuid}", visit.say("Left open for somebody else to look at."))


def undo(visit: Visit) -> Response:
    """Take the decision back, and its notices with it, as long as none of them has left."""
    with visit.writes() as session:
        case = _untouched(session, visit)
        reason = visit.form.get("reason", "").strip() or "Taken back in the console."
        taking_back.undo(session, case.id, person=visit.person.name, reason=reason)
    return visit.go(f"/cases/{case.uuid}", visit.say("The decision was undone; the case is open again."))


def claim(visit: Visit) -> Response:
    """Take the case for ten minutes."""
    with visit.writes() as session:
        case = cases.find(session, visit.of("uuid"))
        claims.take(session, case.id, visit.person.id)
    return visit.go(f"/cases/{case.uuid}")


def keep(visit: Visit) -> Response:
    """Prolong one's own claim; a page that is open asks for it every minute."""
    with visit.writes() as session:
        until = claims.keep(session, cases.find(session, visit.of("uuid")).id, visit.person.id)
    return JSONResponse({"until": until.isoformat() if until else None})


def release(visit: Visit) -> Response:
    """Give the case back."""
    with visit.writes() as session:
        case = cases.find(session, visit.of("uuid"))
        claims.release(session, case.id, visit.person.id)
    return visit.go(f"/cases/{case.uuid}")


def _untouched(session: Session, visit: Visit) -> Case:
    """Return the case of a form, locked; refuse a form that was sent twice or has been overtaken by somebody else."""
    case = session.scalar(select(Case).where(Case.uuid == visit.of("uuid")).with_for_update())
    if case is None:
        raise cases.UnknownCase("There is no such case; go back to the queue.")
    newest = cases.newest_decision(session, case.id)
    if (newest.uuid if newest else "") != visit.form.get("seen", ""):
        raise Overtaken("This case was decided meanwhile; look at it again before you change it.")
    return case


def _drafted(visit: Visit, case_id: int) -> str:
    """Draw up the notice of a case now; a sentence when that was not possible: the decision stands all the same."""
    try:
        with visit.home.sessions().begin() as session:  # the next number counts every notice, seen or not
            draft.draft(session, [case_id])
    except MekikiError as hindered:
        return str(hindered)
    return ""
