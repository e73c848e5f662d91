"""What a copy spoils of the original: a block that the case page asks for when it is there, as frames are looked at."""

from sqlalchemy import select
from starlette.responses import Response

from dashboard import degradation
from dashboard.visits import Visit, page
from matcher.match import Match


def show(visit: Visit) -> Response:
    """Answer with the sentences of one match, as a part of a page."""
    with visit.reads() as session:
        match = session.scalar(select(Match).where(Match.uuid == visit.of("uuid")))
        if match is None:
            return Response(status_code=404)
        lines = degradation.lines(degradation.of_match(session, match), visit.language)
    return page(visit.request, visit.home, "_spoiled_lines.html", lines=lines)
