"""Sources: how the last sweeps of each went, and whether one has fallen ill."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from crawlers import health
from crawlers.frontier import Sweep
from dashboard.visits import Visit

RECENT = 30
TONES = {"never swept": "un", "running": "ok", "well": "ok", "few": "un", "failing": "no"}


def show(visit: Visit) -> Response:
    """Show every source with its health, and the newest sweeps."""
    with visit.reads() as session:
        recent = session.scalars(
            select(Sweep).where(Sweep.purpose == "sweep").order_by(Sweep.id.desc()).limit(RECENT)
        ).all()
        rows = read(session)
    states = {"running": visit.say("running"), "done": visit.say("done"), "failed": visit.say("failed")}
    return visit.show("sources.html", sources=rows, tones=TONES, recent=recent, sweep_states=states)


def read(session: Session) -> Sequence[health.Health]:
    """Return the health of every source that was ever swept: those that need a person first, then by name."""
    names = session.scalars(select(Sweep.source).where(Sweep.purpose == "sweep").distinct())
    order = list(reversed(TONES))
    return sorted(
        (health.of(session, name) for name in names), key=lambda one: (order.index(one.condition), one.source)
    )
