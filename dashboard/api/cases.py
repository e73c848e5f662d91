"""The queue and one case as JSON, and whether the console answers at all."""

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dashboard.pages import queue
from dashboard.visits import Visit
from matcher import cases

LIMIT = 500


def listed(visit: Visit) -> Response:
    """Answer with the open cases, least time left first."""
    with visit.reads() as session:
        waiting = queue.read(session, LIMIT)
    return JSONResponse({
        "cases": [
            {
                "uuid": one.uuid, "work": one.work, "place": one.place, "due_at": one.due_at.isoformat(),
                "score": one.score, "lane": one.lane, "harm": one.harm, "sightings": one.sightings,
                "held": one.held,
                "held_by": one.holder.name if one.holder else None,
            }
            for one in waiting
        ]
    })  # fmt: skip


def show(visit: Visit) -> Response:
    """Answer with one case: what it rests on, what was checked, what people said."""
    with visit.reads() as session:
        detail = cases.case_detail(session, visit.of("uuid"))
        return JSONResponse({
            "uuid": detail.case.uuid, "work": detail.work.title, "owner": detail.owner.name,
            "place": detail.case.place, "state": detail.case.state, "score": detail.case.score,
            "lane": detail.case.lane, "harm": detail.case.harm,
            "detected_at": detail.case.detected_at.isoformat(), "due_at": detail.case.due_at.isoformat(),
            "pages": [
                {"url": one.finding.url, "title": one.finding.title, "captured_at": one.capture.fetched_at.isoformat(),
                 "sha256": one.capture.body_sha256}
                for one in detail.findings
            ],
            "answers": detail.assessment.answers,
            "decisions": [
                {"person": one.person, "verdict": one.verdict, "reason": one.reason, "at": one.at.isoformat()}
                for one in detail.decisions
            ],
        })  # fmt: skip


def health(request: Request) -> Response:
    """Answer whether the console reaches its database; for a monitor, so it asks for no log-in and tells nothing."""
    with request.app.state.home.readers()() as session:
        session.execute(text("select 1"))
    return JSONResponse({"ok": True})
