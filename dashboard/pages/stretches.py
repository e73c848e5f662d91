"""What episodes share, on the page of a work: shown to the rights holder, who confirms or rejects each stretch."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response

from dashboard import previews
from dashboard.pages import words
from dashboard.pages.media import FOR_A_DAY
from dashboard.visits import Visit
from matcher import found_stretches
from matcher.catalogue import Asset, Work
from matcher.found_stretches import FoundStretch
from matcher.references import Reference

INTO_S = 1.0  # how far into a stretch its picture is taken: the first frame is often black
SHOWN = 200  # on one page


@dataclass(frozen=True)
class StretchRow:
    """One stretch as the work's page shows it."""

    uuid: str
    film: str
    name: str  # what it is, in the person's language
    start_s: float
    end_s: float
    shared_with: int
    is_held: bool  # whether there is a film to take a picture from
    picture: str  # address of it; it changes when the stretch grows
    confirmed_by: str | None
    rejected_by: str | None
    why: str | None

    @property
    def is_open(self) -> bool:
        """Whether somebody has still to look at it."""
        return self.confirmed_by is None and self.rejected_by is None


def read(session: Session, visit: Visit, work: Work) -> tuple[Sequence[StretchRow], int]:
    """Return the stretches of a work's films, those that nobody spoke of first, and how many there are."""
    names = words.stretches(visit.say)
    found = sorted(found_stretches.listed(session, work), key=lambda row: not row[2].is_open)
    rows = [
        StretchRow(
            uuid=row.uuid, film=asset.name, name=names[row.kind], start_s=row.start_s, end_s=row.end_s,
            shared_with=row.shared_with, is_held=visit.home.blobs.has(reference.blob),
            picture=f"/media/stretches/{row.uuid}/{_shown_at(row):.0f}.jpg",
            confirmed_by=row.confirmed_by, rejected_by=row.rejected_by, why=row.rejected_why,
        )
        for asset, reference, row in found[:SHOWN]
    ]  # fmt: skip
    return rows, len(found)


def confirm(visit: Visit) -> Response:
    """Write down that the person agrees."""
    with visit.writes() as session:
        stretch = found_stretches.find(session, visit.of("uuid"))
        found_stretches.confirm(session, stretch, by=visit.person.name)
        page = _page(session, stretch)
    return visit.go(page, visit.say("Confirmed: it names the work and proves no episode."))


def reject(visit: Visit) -> Response:
    """Let the stretch prove its episode again."""
    with visit.writes() as session:
        stretch = found_stretches.find(session, visit.of("uuid"))
        found_stretches.reject(session, stretch, by=visit.person.name, why=visit.form.get("reason", ""))
        page = _page(session, stretch)
    return visit.go(page, visit.say("Rejected: it proves its episode, from the next comparison on."))


def picture(visit: Visit) -> Response:
    """Answer with a JPEG of what a stretch shows."""
    with visit.reads() as session:
        stretch = found_stretches.find(session, visit.of("uuid"))
        blob = session.get_one(Reference, stretch.reference_id).blob
        at_s = _shown_at(stretch)
    return FileResponse(previews.moment(visit.home, blob, at_s), media_type="image/jpeg", headers=FOR_A_DAY)


def _shown_at(stretch: FoundStretch) -> float:
    """Return the whole second whose picture stands for the stretch."""
    return float(round(min(stretch.start_s + INTO_S, (stretch.start_s + stretch.end_s) / 2)))


def _page(session: Session, stretch: FoundStretch) -> str:
    """Return where the stretch is shown."""
    uuids = select(Work.uuid).join(Asset, Asset.work_id == Work.id).join(Reference, Reference.asset_id == Asset.id)
    return f"/works/{session.scalars(uuids.where(Reference.id == stretch.reference_id)).one()}#stretches"
