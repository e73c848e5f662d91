"""What mekiki learns of references that were made from one template, and what it must not take for one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.settings import Matching
from fingerprints import store
from fingerprints.interface import Description
from matcher import retrieve, shared_areas, stop_areas
from matcher.catalogue import Work
from matcher.interface import Box
from matcher.references import Reference
from matcher.shared_areas import SharedLook
from matcher.stop_areas import StopArea
from tests import factories
from tests.matcher.drawn_cards import ART, card_reference, described_card
from tests.matcher.drawn_pictures import Picture, described, drawn, reference, vectors

WHOLE = Box(0, 0, 1, 1)
MIDDLE = Box(0.25, 0.3, 0.75, 0.7)  # of the art, away from the frame
BARS = (Box(0, 0, 1, ART.top), Box(0, ART.bottom, 1, 1), Box(0, 0, ART.left, 1), Box(ART.right, 0, 1, 1))
DESIGN = 2


def works(session: Session, count: int) -> list[Work]:
    owner = factories.owner(session)
    return [factories.work(session, f"Deck {number}", of=owner) for number in range(count)]


def cards(session: Session, count: int = 2) -> list[Reference]:
    """Register cards of one design, each of another work."""
    return [card_reference(session, of, DESIGN, 20 + number) for number, of in enumerate(works(session, count))]


def work_through(session: Session) -> None:
    while ids := shared_areas.pending(session, 4):
        shared_areas.learn(session, ids)


def areas(session: Session, row: Reference) -> tuple[Box, ...]:
    return stop_areas.areas_of(session, [row.id]).get(row.id, ())


def covered(boxes: tuple[Box, ...], part: Box) -> float:
    """Return how much of a part of the picture the boxes cover."""
    x, y = np.meshgrid(np.linspace(part.left, part.right, 101), np.linspace(part.top, part.bottom, 101))
    hidden = np.zeros(x.shape, bool)
    for box in boxes:
        hidden |= (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
    return float(hidden.mean())


def found(session: Session, description: Description) -> list[int]:
    return [each.reference_id for each in retrieve.shelf(session).compare(session, vectors(description))]


def test_the_frame_that_cards_of_two_works_share_is_learned_on_both_and_their_art_is_not(session: Session) -> None:
    rows = cards(session)
    work_through(session)
    for row in rows:
        learned = areas(session, row)
        assert min(covered(learned, bar) for bar in BARS) > 0.85
        assert covered(learned, MIDDLE) < 0.1


def likelihood(session: Session, description: Description) -> float:
    """Return how sure a shelf that tells everything is of anything."""
    shelf = retrieve.Shelf(Matching(likely_copy=0.9, worth_a_look=0.001))
    shelf.refresh(session)
    return max((each.score for each in shelf.compare(session, vectors(description))), default=0.0)


def test_a_stranger_in_the_frame_is_near_before_learning_and_not_after(session: Session) -> None:
    rows = cards(session)
    stranger = described_card(DESIGN, 29)
    before = likelihood(session, stranger)
    assert before > 0.1
    work_through(session)
    assert likelihood(session, stranger) < 0.2 * before
    assert [found(session, described_card(DESIGN, 20 + number)) for number in (0, 1)] == [[row.id] for row in rows]


def test_a_third_card_learns_a_frame_that_the_others_know_already(session: Session) -> None:
    first, second, third_work = works(session, 3)
    card_reference(session, first, DESIGN, 20), card_reference(session, second, DESIGN, 21)
    work_through(session)
    third = card_reference(session, third_work, DESIGN, 22)
    work_through(session)
    assert covered(areas(session, third), BARS[0]) > 0.85


def test_what_one_card_knows_spreads_to_the_cards_of_its_own_work(session: Session) -> None:
    one, other = works(session, 2)
    card_reference(session, one, DESIGN, 20), card_reference(session, other, DESIGN, 21)
    work_through(session)
    sibling = card_reference(session, other, DESIGN, 22)
    session.get_one(Reference, sibling.id - 2).disabled_at = factories.NOW  # only its own work is left to learn from
    session.flush()
    work_through(session)
    assert covered(areas(session, sibling), BARS[0]) > 0.85


def test_pictures_of_one_work_may_share_whatever_they_share(session: Session) -> None:
    work = factories.work(session)
    card_reference(session, work, DESIGN, 20), card_reference(session, work, DESIGN, 21)
    work_through(session)
    assert stop_areas.areas_of(session) == {}


def shrunk(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def cropped(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[: picture.shape[0] * 2 // 3])


def soft(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.uint8)


def unchanged(picture: Picture) -> Picture:
    return picture


@pytest.mark.parametrize("alter", [unchanged, shrunk, cropped, soft])
def test_one_picture_registered_under_two_works_teaches_nothing(
    session: Session, alter: Callable[[Picture], Picture]
) -> None:
    one, other = works(session, 2)
    reference(session, one, 11)
    again = factories.reference(session, other, "again.png")
    store.save(session, again.blob, described(alter(drawn(11))))
    work_through(session)
    assert found(session, described(drawn(11)))
    assert stop_areas.areas_of(session) == {}


def test_a_picture_of_the_negative_bank_teaches_and_stays_whole(session: Session) -> None:
    work = factories.work(session)
    row = card_reference(session, work, DESIGN, 20)
    stock = card_reference(session, work, DESIGN, 21, bank="negative")
    work_through(session)
    assert covered(areas(session, row), BARS[0]) > 0.85
    assert areas(session, stock) == ()


def test_what_a_person_withdrew_is_not_learned_again(session: Session) -> None:
    rows = cards(session)
    work_through(session)
    for area in stop_areas.ever_of(session, rows[0].id):
        stop_areas.withdraw(session, area, by="Aoi Mori")
    card_reference(session, factories.work(session, of=factories.owner(session, "Another")), DESIGN, 25)
    work_through(session)
    assert covered(areas(session, rows[0]), WHOLE) < 0.15


def test_an_area_that_a_person_marks_is_carried_to_the_pictures_that_show_it(session: Session) -> None:
    work = factories.work(session)
    marked, sibling = (card_reference(session, work, DESIGN, art) for art in (20, 21))
    work_through(session)
    assert shared_areas.pending(session, 4) == []
    stop_areas.mark(session, marked, BARS[0], by="Aoi Mori", reason="The bar of every card.")
    assert shared_areas.pending(session, 4) == [marked.id]
    work_through(session)
    learned = areas(session, sibling)
    assert covered(learned, BARS[0]) > 0.8
    assert covered(learned, BARS[1]) == 0


def test_every_picture_is_looked_for_once(session: Session) -> None:
    rows = cards(session)
    work_through(session)
    before = session.scalar(select(func.count()).select_from(StopArea))
    assert shared_areas.pending(session, 4) == []
    shared_areas.learn(session, [row.id for row in rows])
    assert session.scalar(select(func.count()).select_from(StopArea)) == before
    assert set(session.scalars(select(SharedLook.reference_id))) == {row.id for row in rows}


def test_films_and_what_was_not_described_yet_are_not_looked_for(session: Session) -> None:
    reference(session, factories.work(session), 11, is_described=False)
    assert shared_areas.pending(session, 4) == []


def test_fingerprints_without_pixels_teach_nothing(session: Session) -> None:
    for number, work in enumerate(works(session, 2)):
        description = described_card(DESIGN, 20 + number)
        kept = {name: each for name, each in description.fingerprints.items() if name[0] != "thumb"}
        row = factories.reference(session, work, f"packed {number}.png")
        store.save(session, row.blob, Description(description.facts, kept))
    work_through(session)
    assert stop_areas.areas_of(session) == {}
