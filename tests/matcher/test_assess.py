"""The promises of assessing: footage is counted once and in total, every answer is kept, and nothing is asked twice."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.home import Home
from crawlers.captures import FindingRow, Sighting
from matcher import assess, licences
from matcher.case_rows import Assessment
from matcher.catalogue import Owner, Work
from matcher.match import Match
from matcher.references import Reference
from tests import factories

pytestmark = pytest.mark.usefixtures("frozen_clock")


def film(session: Session, finding: FindingRow, work: Work, *stretches: tuple[float, float], **changes: Any) -> Match:
    """One more film on the page, of which these stretches are footage of the work."""
    position = session.query(Sighting).count()
    body = changes.pop("body", f"film {position}".encode())
    sighting = factories.sighting(session, finding, body, position=position)
    return matched(session, sighting.blob, factories.reference(session, work, f"{position}.mp4"), *stretches, **changes)


def matched(
    session: Session, blob: str, reference: Reference, *stretches: tuple[float, float], **changes: Any
) -> Match:
    segments = [{"query": list(each), "reference": list(each), "speed": 1.0, "score": 9.0} for each in stretches]
    total = sum(end - start for start, end in stretches)
    values = {"score": 0.99, "lane": "copy", "reasons": [], "found_at": factories.NOW} | changes
    row = Match(
        blob=blob, reference_id=reference.id, segments=segments, matched_seconds=total, transform=None, **values
    )
    session.add(row)
    session.flush()
    return row


def picture(session: Session, finding: FindingRow, work: Work, position: int) -> None:
    sighting = factories.sighting(session, finding, f"picture {position}".encode(), kind="image", position=position)
    matched(session, sighting.blob, factories.reference(session, work, f"p{position}.png"))


@pytest.fixture
def work(session: Session) -> Work:
    return factories.work(session)


def test_all_films_of_a_page_count_together(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    film(session, finding, work, (0, 12), (20, 25))
    film(session, finding, work, (3, 13))
    use = assess.use_of(session, finding.id, work.id)
    assert (use.matched_seconds, use.pictures, use.media) == (27.0, 0, 2)


def test_one_stretch_that_matches_two_references_counts_once(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    first = film(session, finding, work, (0, 20))
    matched(session, first.blob, factories.reference(session, work, "recap.mp4"), (10, 25))
    assert assess.use_of(session, finding.id, work.id).matched_seconds == 25.0


def test_pictures_are_counted_and_are_no_footage(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    picture(session, finding, work, 1)
    picture(session, finding, work, 2)
    use = assess.use_of(session, finding.id, work.id)
    assert (use.matched_seconds, use.pictures) == (None, 2)


def test_another_works_footage_does_not_count(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    film(session, finding, work, (0, 10))
    dusk = factories.work(session, "Dusk", of=factories.owner(session, "Another"))
    film(session, finding, dusk, (0, 500), body=b"another film")
    assert assess.use_of(session, finding.id, work.id).matched_seconds == 10.0


def test_a_disabled_reference_proves_nothing(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    match = film(session, finding, work, (0, 100))
    session.get_one(Reference, match.reference_id).disabled_at = factories.NOW
    session.flush()
    assert assess.pending(session, 10) == []
    assert assess.use_of(session, finding.id, work.id).media == 0


def test_a_released_trailer_is_explained_and_not_counted(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    trailer = film(session, finding, work, (0, 90))
    matched(session, trailer.blob, factories.reference(session, work, "trailer.mp4", bank="licensed"), (0, 90))
    film(session, finding, work, (0, 10))
    use = assess.use_of(session, finding.id, work.id)
    assert (use.media, use.released_media, use.matched_seconds) == (2, 1, 10.0)


def test_a_trailer_inside_a_whole_film_explains_nothing(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    whole = film(session, finding, work, (0, 1400))
    matched(session, whole.blob, factories.reference(session, work, "trailer.mp4", bank="licensed"), (0, 90))
    use = assess.use_of(session, finding.id, work.id)
    assert (use.released_media, use.matched_seconds) == (0, 1400.0)


def test_the_credit_may_name_the_work_an_alias_the_creator_or_the_owner(session: Session) -> None:
    work = factories.work(session, aliases=["ランタンロード"], creator="Aoi Mori")
    finding = factories.finding(session)
    names = assess.use_of(session, finding.id, work.id).aliases
    assert names == ("Lantern Road", "ランタンロード", "Aoi Mori", "Studio Kiri")


def test_the_transcript_of_an_allowed_use_is_kept(session: Session, work: Work) -> None:
    finding = factories.finding(session, is_commercial=False, attribution="© Studio Kiri")
    film(session, finding, work, (0, 24))
    assess.assess(session, assess.pending(session, 10))
    (kept,) = session.scalars(select(Assessment)).all()
    assert (kept.outcome, kept.moment, kept.matched_seconds) == ("allowed", "opening", 24.0)
    fan = next(answer for answer in assess.answers_of(kept) if answer.allowance == "fan work")
    assert "24 s of footage in total" in fan.says


def test_each_work_on_a_page_has_its_own_assessment(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    film(session, finding, work, (0, 100))
    dusk = factories.work(session, "Dusk", of=factories.owner(session, "Another"))
    film(session, finding, dusk, (0, 100), body=b"another film")
    assess.assess(session, assess.pending(session, 10))
    assert sorted(session.scalars(select(Assessment.work_id))) == sorted([work.id, dusk.id])


def test_nothing_is_assessed_twice_until_something_new_matches(session: Session, work: Work) -> None:
    finding = factories.finding(session)
    first = film(session, finding, work, (0, 10))
    assess.assess(session, assess.pending(session, 10))
    assert assess.pending(session, 10) == []
    matched(session, first.blob, factories.reference(session, work, "ep2.mp4"), (50, 90))
    assert assess.pending(session, 10) == [finding.id]


def test_old_bytes_that_come_to_a_page_later_are_assessed(session: Session, work: Work) -> None:
    other = factories.finding(session, "http://vidbox.example/watch/2")
    known = film(session, other, work, (0, 100), body=b"known film")
    finding = factories.finding(session)
    film(session, finding, work, (0, 10))
    assess.assess(session, assess.pending(session, 10))
    factories.sighting(session, finding, b"known film", position=9)
    assert known.id < session.scalars(select(Match.id).order_by(Match.id.desc())).first()
    assert assess.pending(session, 10) == [finding.id]
    assess.assess(session, [finding.id])
    assert assess.use_of(session, finding.id, work.id).matched_seconds == 110.0


def test_the_limit_of_pending_is_kept(session: Session, work: Work) -> None:
    for number in range(3):
        finding = factories.finding(session, f"http://vidbox.example/watch/{number}")
        film(session, finding, work, (0, 100), body=f"film {number}".encode())
    assert len(assess.pending(session, 2)) == 2


@pytest.mark.parametrize(
    ("audience", "outcome"), [("JP", "allowed"), ("US", "open"), (None, "person")], ids=["same", "other", "unknown"]
)
def test_a_licence_for_a_territory_is_held_against_the_audience_of_the_site(
    session: Session, home: Home, work: Work, audience: str | None, outcome: str
) -> None:
    owner = session.get_one(Owner, work.owner_id)
    grant = licences.Grant(grantee="Vidbox", place="vidbox.example", territory="JP")
    licences.add(session, grant, owner=owner, work=work, by="Aoi Mori")
    finding = factories.finding(session, territory=audience)
    film(session, finding, work, (0, 600))
    assert assess.assess_use(session, finding_id=finding.id, work_id=work.id, moment="opening").outcome == outcome
