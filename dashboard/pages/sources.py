"""Sources: how the last sweeps of each went, what they met, and whether one needs a person."""

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from config import home
from crawlers import sources
from crawlers.frontier import Sweep
from crawlers.sources import SourceError
from dashboard import source_health
from dashboard.pages import words
from dashboard.source_health import SourceHealth
from dashboard.visits import Visit

RECENT = 15
TONES = {
    "never swept": "un", "running": "ok", "well": "ok", "few": "un", "changed": "no", "moved": "no", "shut out": "no",
    "failing": "no",
}  # fmt: skip


def show(visit: Visit) -> Response:
    """Show every source with its health, and the newest sweeps."""
    with visit.reads() as session:
        recent = session.scalars(
            select(Sweep).where(Sweep.purpose == "sweep").order_by(Sweep.id.desc()).limit(RECENT)
        ).all()
        rows, fault = read(session)
    states = {"running": visit.say("running"), "done": visit.say("done"), "failed": visit.say("failed")}
    return visit.show(
        "sources.html", sources=rows, all_sources=rows, fault=fault, tones=TONES, recent=recent, sweep_states=states,
        condition_names=words.source_conditions(visit.say), step_names=words.source_steps(visit.say),
        field_names=words.fields(visit.say),
    )  # fmt: skip


def read(session: Session) -> tuple[list[SourceHealth], str | None]:
    """Return how every source is, and what is wrong with a file when the definitions cannot be used."""
    try:
        return source_health.read(session, sources.load_all(home.of(session).settings.sources)), None
    except SourceError as wrong:  # what was swept is told all the same
        return source_health.read(session, {}), str(wrong)
