"""Pictures and films of evidence and references, never as they were crawled: decoded and written anew; and drawings of
how they match."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, JSONResponse, Response

from crawlers.captures import Sighting
from dashboard import explained, portraits, previews, staff
from dashboard.visits import Visit
from matcher import cases
from matcher.match import Match
from matcher.references import Reference

# A blob never changes, and neither does its preview; but it may be somebody's unpublished work, so no shared cache,
# and where it was captured it may have to go: a browser must not keep what we have deleted.
FOR_A_DAY = {"Cache-Control": "private, max-age=86400"}
DRAWINGS = {
    "points.jpg": ("points", "image/jpeg"), "agreement.jpg": ("agreement", "image/jpeg"),
    "page.png": ("page", "image/png"),
}  # fmt: skip
SOON = {"Cache-Control": "no-store", "Retry-After": "2"}


def picture(visit: Visit) -> Response:
    """Answer with a JPEG of a sighting or a reference."""
    blob, size = visit.of("blob"), visit.of("size")
    if size not in previews.LONG_SIDES or not _is_ours_to_show(visit, blob):
        return Response(status_code=404)
    return FileResponse(previews.picture(visit.home, blob, size), media_type="image/jpeg", headers=FOR_A_DAY)


def film(visit: Visit) -> Response:
    """Answer with a WebM of a film, or with 202 while it is being made."""
    blob = visit.of("blob")
    if not _is_ours_to_show(visit, blob):
        return Response(status_code=404)
    films: previews.Films = visit.request.app.state.films
    path = films.film(blob)
    if path is None:
        return JSONResponse({"state": "preparing"}, 202, headers=SOON)
    return FileResponse(path, media_type="video/webm", headers=FOR_A_DAY)


def portrait(visit: Visit) -> Response:
    """Answer with a JPEG of a case's page as it was captured."""
    blob, size = visit.of("blob"), visit.of("size")
    with visit.reads() as session:
        is_of_case = blob in portraits.pictures(session, cases.find(session, visit.of("uuid")), visit.person.id)
    if size not in previews.LONG_SIDES or not is_of_case:
        return Response(status_code=404)
    return FileResponse(previews.picture(visit.home, blob, size), media_type="image/jpeg", headers=FOR_A_DAY)


def drawing(visit: Visit) -> Response:
    """Answer with a drawing that explains a match of two pictures, made when it is asked for."""
    part, kind = DRAWINGS.get(visit.of("part"), ("", ""))
    with visit.reads() as session:
        match = session.scalar(select(Match).where(Match.uuid == visit.of("uuid")))
        if match is None or not match.transform or not part:  # films have no transform
            return Response(status_code=404)
        made = explained.part(session, match, part)
    return Response(made, media_type=kind, headers=FOR_A_DAY) if made else Response(status_code=404)


def _is_ours_to_show(visit: Visit, blob: str) -> bool:
    """Say whether the blob is a medium of a sighting or a reference; pages and messages are never served here."""
    with visit.reads() as session:
        return _is_medium(session, blob) and not staff.hides(session, blob, visit.person.id)


def _is_medium(session: Session, blob: str) -> bool:
    seen = exists().where(Sighting.blob == blob)
    known = exists().where(Reference.blob == blob)
    return bool(session.scalar(select(seen | known)))
