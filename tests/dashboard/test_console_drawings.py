"""The drawings that explain a match in the console, and which references of a work it shows."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from crawlers.captures import Sighting
from dashboard.pages import evidence
from fingerprints import store
from matcher import cases
from matcher.catalogue import Work
from matcher.match import Match
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.seeds import Seeded
from tests.dashboard.test_console import enter, visitor


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """A filled home, whose pictures are described where a test needs it."""
    return seeds.fill(seeds.make_home(tmp_path_factory.mktemp("drawings") / "home"), states=["draft"])


@pytest.fixture
def client(seeded: Seeded) -> Iterator[TestClient]:
    with visitor(seeded.home) as made:
        yield enter(made)


def described(seeded: Seeded, place: str) -> Match:
    """Return the surest match of a case's first picture, both sides described."""
    with seeded.home.sessions().begin() as session:
        case = cases.find(session, place)
        (pair, *_) = evidence.pairs(session, case)
        store.describe(session, [pair.found.blob, pair.ours.blob], depth="points")
        return session.query(Match).filter_by(uuid=pair.uuid).one()


@pytest.mark.parametrize(
    ("part", "kind"), [("points.jpg", "image/jpeg"), ("agreement.jpg", "image/jpeg"), ("page.png", "image/png")]
)
def test_a_match_is_drawn_for_who_has_logged_in(client: TestClient, seeded: Seeded, part: str, kind: str) -> None:
    path = f"/media/matches/{described(seeded, seeded.mug).uuid}/{part}"
    drawn = client.get(path)
    assert drawn.headers["content-type"] == kind
    assert drawn.headers["cache-control"].startswith("private, max-age=")
    with visitor(seeded.home) as stranger:
        assert stranger.get(path).headers["location"] == "/login"


def test_what_is_no_drawing_of_a_match_is_not_there(client: TestClient, seeded: Seeded) -> None:
    uuid = described(seeded, seeded.mug).uuid
    assert client.get(f"/media/matches/{uuid}/raw.jpg").status_code == 404
    assert client.get("/media/matches/0190a0f0-0000-7000-8000-000000000000/points.jpg").status_code == 404
    with seeded.home.readers()() as session:
        (film,) = evidence.pairs(session, cases.find(session, seeded.film))
    assert client.get(f"/media/matches/{film.uuid}/points.jpg").status_code == 404


def test_drawings_are_offered_only_where_they_can_be_made(client: TestClient, seeded: Seeded) -> None:
    before = client.get(f"/cases/{seeded.fan}").text
    described(seeded, seeded.fan)
    after = client.get(f"/cases/{seeded.fan}").text
    assert "/media/matches/" not in before
    assert after.count("/media/matches/") == 3


def test_the_surest_reference_of_a_work_is_shown_and_the_others_listed(client: TestClient, seeded: Seeded) -> None:
    with seeded.home.sessions().begin() as session:
        case = cases.find(session, seeded.mug)
        (best,) = evidence.pairs(session, case)
        sighting = session.query(Sighting).filter_by(blob=best.found.blob).one()
        work = session.get_one(Work, case.work_id)
        for name, score in (("official art 01.png", 0.61), ("official art 02.png", 0.82)):
            factories.match(session, sighting, factories.reference(session, work, name), score=score)
    page = client.get(f"/cases/{seeded.mug}").text
    others = page.partition('<ol class="others">')[2].partition("</ol>")[0]
    assert best.reference not in others
    assert re.findall(r">(official art \d+\.png)", others) == ["official art 02.png", "official art 01.png"]
    assert re.findall(r"0\.\d+", others) == ["0.820", "0.610"]
