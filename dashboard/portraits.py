"""What a case's pages looked like when they were captured: the pictures that a browser made of them, for people to
look at instead of the live page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import of
from crawlers.captures import Capture, FindingRow, Sighting
from dashboard import staff
from matcher import collected
from matcher.case_rows import Case, CaseFinding

LIST, FIRST_SCREEN, WHOLE = "pages.json", "viewport.png", "page.jpg"


@dataclass(frozen=True)
class Portrait:
    """One page as a browser showed what was captured of it."""

    url: str
    at: datetime  # when it was collected
    first_screen: str | None  # blobs; None: there is no picture, or its bytes were deleted
    whole: str | None
    is_clipped: bool  # its whole picture ends before the page does
    trouble: str | None  # a sentence: why there is no picture


def of_case(session: Session, case: Case, person_id: int) -> dict[str, Portrait]:
    """Return the newest portrait of every page of a case that has one, by the page's address.

    A page that shows something of another work that the person may not see is left out.
    """
    blobs, named = of(session).blobs, collected.files_of(session, case)
    found: dict[str, Portrait] = {}
    for number, collection in enumerate(collected.of_case(session, case.id), start=1):
        listing = collection.files.get(LIST)
        if listing is None or not blobs.has(listing):
            continue
        folder = f"{collected.FOLDER}{number}/"
        held = {name: blob for name, blob in collection.files.items() if folder + name in named and blobs.has(blob)}
        for said in json.loads(blobs.get(listing)):
            found[said["url"]] = _portrait(said, held, collection.at)
    secret = _secret_pages(session, case, person_id) if found else frozenset()
    return {url: one for url, one in found.items() if url not in secret}


def pictures(session: Session, case: Case, person_id: int) -> frozenset[str]:
    """Return the blobs of all pictures of a case's pages that the person may see."""
    every = of_case(session, case, person_id).values()
    return frozenset(blob for one in every for blob in (one.first_screen, one.whole) if blob)


def _secret_pages(session: Session, case: Case, person_id: int) -> frozenset[str]:
    rows = session.execute(
        select(Capture.url, Sighting.blob)
        .join(FindingRow, FindingRow.capture_id == Capture.id)
        .join(CaseFinding, CaseFinding.finding_id == FindingRow.id)
        .join(Sighting, Sighting.finding_id == FindingRow.id)
        .where(CaseFinding.case_id == case.id)
    ).all()
    hidden = staff.hidden(session, {blob for _url, blob in rows}, person_id)
    return frozenset(url for url, blob in rows if blob in hidden)


def _portrait(said: Mapping[str, Any], held: Mapping[str, str], at: datetime) -> Portrait:
    def picture(called: str) -> str | None:
        return next((held[name] for name in said["files"] if name.endswith(f"/{called}") and name in held), None)

    return Portrait(
        url=said["url"], at=at, first_screen=picture(FIRST_SCREEN), whole=picture(WHOLE),
        is_clipped=said["clipped_at_px"] is not None, trouble=said["trouble"],
    )  # fmt: skip
