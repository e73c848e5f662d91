"""Reviewers see what a place offers, and who sells it under whatever name."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from crawlers.captures import FindingRow
from dashboard import app, offers
from dashboard.pages import evidence
from matcher import cases
from tests import factories
from tests.dashboard import seeds
from tests.dashboard.test_console import act, enter


def sold(session: Session, path: str, seller: str | None, seller_id: str | None) -> offers.Offer | None:
    url = f"http://bazaar.example/item/{path}"
    return offers.of(session, factories.finding(session, url, seller=seller, seller_id=seller_id, price=Decimal(5)))


def test_a_renamed_seller_is_the_same_one_and_a_namesake_another(session: Session) -> None:
    sold(session, "1", "Kiln", "bazaar.example/shop/1")
    sold(session, "2", "Kiln", "bazaar.example/shop/2")
    offer = sold(session, "3", "KILN official", "bazaar.example/shop/1")

    assert offer is not None
    assert offer.seller == offers.Seller("KILN official", "bazaar.example/shop/1", 2, ("Kiln",))


def test_a_name_alone_ties_nothing_together(session: Session) -> None:
    sold(session, "1", "Kiln", None)
    offer = sold(session, "2", "Kiln", None)

    assert offer is not None
    assert offer.seller == offers.Seller("Kiln", None, 0, ())


def test_a_page_that_offers_nothing_has_no_offer(session: Session) -> None:
    assert offers.of(session, factories.finding(session)) is None


@pytest.mark.parametrize(("language", "words"), [
    ("en", ("new", "few left", "sold by mug-planet", "¥1,480", "bazaar.example/shop/88", "4901234567894")),
    ("ja", ("新品", "残りわずか", "出品者：mug-planet", "￥1,480", "bazaar.example/shop/88", "4901234567894")),
])  # fmt: skip
def test_the_case_shows_the_offer_in_both_languages(
    tmp_path_factory: pytest.TempPathFactory, language: str, words: tuple[str, ...]
) -> None:
    seeded = seeds.fill(seeds.make_home(tmp_path_factory.mktemp("offers") / "home"), states=["draft"])
    with TestClient(app.make(seeded.home), base_url="http://console.test", follow_redirects=False) as client:
        enter(client)
        assert act(client, "/language", "/works", language=language, back="/works") == (303, "/works")
        page = client.get(f"/cases/{seeded.mug}").text

    assert [word for word in words if word not in page] == []


def test_every_photograph_of_a_page_is_seen_and_the_matching_one_marked(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    seeded = seeds.fill(seeds.make_home(tmp_path_factory.mktemp("photos") / "home"), states=["draft"])
    with seeded.home.sessions().begin() as session:
        case = cases.find(session, seeded.mug)
        (page,) = evidence.pages(session, case, 1)
        for number in range(30):
            photo = seeds.jpeg(seeds.drawn(100 + number))
            factories.sighting(session, session.get_one(FindingRow, page.id), photo, kind="image", position=1 + number)
            seeded.home.blobs.put(photo)
        (page,) = evidence.pages(session, case, 1)
        assert [one.is_matched for one in page.media.shown] == [True] + [False] * 23
        assert page.media.count == 31
    with TestClient(app.make(seeded.home), base_url="http://console.test", follow_redirects=False) as client:
        text = enter(client).get(f"/cases/{seeded.mug}").text
    assert text.count('class="hit"') == 1
    assert "31 pictures and films on the page" in text
    assert "Only the first 24 are listed." in text
