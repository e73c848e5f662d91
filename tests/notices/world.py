"""Rows and settings the tests of the notices start from."""

from typing import Any

from sqlalchemy.orm import Session

from config.home import Home
from matcher.case_rows import Assessment, Case, CaseFinding, Decision
from matcher.catalogue import Owner, Work
from tests import factories
from tests.factories import NOW

SENDER = {
    "organisation": "Kiri Rights Office", "name": "Ren Abe", "email": "rights@kiri-office.example",
    "phone": "+81-3-1111-2222", "address": "4-5-6 Jimbocho, Chiyoda-ku, Tokyo 101-0051", "country": "JP",
}  # fmt: skip
PLACES = {
    "us-dmca-512c": "http://vidbox.example/watch/1",
    "eu-dsa-16": "https://scanhaven.example/read/7",
    "jp-platform-act": "https://bazaar.example/v/灯",
}


def with_settings(home: Home, **changes: dict[str, Any]) -> Home:
    """Return the home with other settings."""
    sections = {
        name: getattr(home.settings, name).model_copy(update=values) for name, values in changes.items()
    }  # fmt: skip
    return Home(home.settings.model_copy(update=sections), home.engine)


def decision(session: Session, case: Case, verdict: str = "infringing", **changes: Any) -> Decision:
    """Return a person's verdict on the case."""
    values: dict[str, Any] = {"person": "Yui Sato", "reason": "A whole episode, with advertising.", "at": NOW}
    row = Decision(case_id=case.id, verdict=verdict, **(values | changes))
    session.add(row)
    session.flush()
    return row


def case(session: Session, *, of: Work | None = None, url: str = PLACES["us-dmca-512c"], **finding: Any) -> Case:
    """Return an undecided case: one page that shows most of an episode."""
    work = of or factories.work(session, creator="Aoi Mori", aliases=["灯の道"])
    reference = factories.reference(session, work, f"Episode {url[-1]}")
    page = factories.finding(session, url, **finding)
    seen = factories.sighting(session, page, body=url.encode())
    segments = [{"query": [12.0, 612.5], "reference": [301.0, 901.5], "speed": 1.0, "score": 500.0}]
    match = factories.match(session, seen, reference, segments=segments, matched_seconds=600.5)
    check = Assessment(
        finding_id=page.id, work_id=work.id, moment="opening", outcome="open", answers=[], matched_seconds=600.5,
        newest_match_id=match.id, at=NOW,
    )  # fmt: skip
    row = Case(
        work_id=work.id, place=page.place, detected_at=NOW, due_at=NOW, score=0.99, lane="copy", harm=0, state="decided"
    )
    session.add_all([check, row])
    session.flush()
    session.add(CaseFinding(case_id=row.id, finding_id=page.id, assessment_id=check.id))
    session.flush()
    return row


def decided_case(session: Session, regime: str = "us-dmca-512c", *, of: Work | None = None, **finding: Any) -> Case:
    """Return a case decided as infringing, at a host of that regime."""
    made = case(session, of=of, url=finding.pop("url", PLACES[regime]), **finding)
    decision(session, made)
    return made


def other_owner(session: Session, **changes: Any) -> Owner:
    """Return a second owner."""
    return factories.owner(session, "Atelier Sora", **changes)
