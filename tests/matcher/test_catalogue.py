"""The promises of the catalogue: a work is found by any of its names, and an unknown one names the nearest."""

import pytest
from sqlalchemy.orm import Session

from matcher import catalogue
from matcher.catalogue import Owner, UnknownOwner, UnknownWork, WorkExists


@pytest.fixture
def kiri(session: Session) -> Owner:
    return catalogue.owner(session, "Studio Kiri", address="1-2-3 Kanda")


def test_a_work_is_found_by_title_alias_and_uuid(session: Session, kiri: Owner) -> None:
    work = catalogue.add_work(session, "Lantern Road", owner=kiri, aliases=["ランタンロード"])
    for name in ("Lantern Road", "lantern  road", "ＬＡＮＴＥＲＮ　ＲＯＡＤ", "ﾗﾝﾀﾝﾛｰﾄﾞ", work.uuid):
        assert catalogue.find_work(session, name).id == work.id


def test_an_unknown_work_names_the_nearest(session: Session, kiri: Owner) -> None:
    catalogue.add_work(session, "Lantern Road", owner=kiri)
    with pytest.raises(UnknownWork, match='did you mean "Lantern Road"'):
        catalogue.find_work(session, "Lantern Rood")


def test_a_name_of_two_works_asks_which(session: Session, kiri: Owner) -> None:
    for title in ("Lantern Road", "Lantern Road 2"):
        catalogue.add_work(session, title, owner=kiri, aliases=["LR"])
    with pytest.raises(UnknownWork, match="names 2 works"):
        catalogue.find_work(session, "LR")


def test_a_title_goes_before_an_alias(session: Session, kiri: Owner) -> None:
    catalogue.add_work(session, "Lantern Road", owner=kiri, aliases=["Dusk"])
    dusk = catalogue.add_work(session, "Dusk", owner=kiri)
    assert catalogue.find_work(session, "dusk").id == dusk.id


def test_one_owner_has_one_work_of_a_title(session: Session, kiri: Owner) -> None:
    catalogue.add_work(session, "Lantern Road", owner=kiri)
    with pytest.raises(WorkExists):
        catalogue.add_work(session, "LANTERN ROAD", owner=kiri)
    other = catalogue.owner(session, "Another Studio")
    assert catalogue.add_work(session, "Lantern Road", owner=other).owner_id == other.id


def test_details_that_are_not_given_stay(session: Session, kiri: Owner) -> None:
    again = catalogue.owner(session, "Studio Kiri", email="rights@kiri.example")
    assert (again.id, again.address, again.email) == (kiri.id, "1-2-3 Kanda", "rights@kiri.example")


def test_an_unknown_owner_is_a_sentence(session: Session, kiri: Owner) -> None:
    with pytest.raises(UnknownOwner, match='did you mean "Studio Kiri"'):
        catalogue.find_owner(session, "Studio Kir")


def test_amending_adds_names_and_places_and_keeps_the_rest(session: Session, kiri: Owner) -> None:
    work = catalogue.add_work(session, "Lantern Road", owner=kiri, aliases=["LR"], creator="Aoi Mori")
    catalogue.amend(session, work, aliases=["LR", "ランタンロード"], official_urls=["https://kiri.example/"])
    session.expire_all()
    assert (work.aliases, work.official_urls) == (["LR", "ランタンロード"], ["https://kiri.example/"])
    assert work.creator == "Aoi Mori"
