"""Areas that are not distinctive take their points, their hashes and their pixels out of every comparison."""

import numpy as np

from fingerprints.interface import Vectors
from matcher import distinctive
from matcher.interface import Box
from matcher.pictures import PictureShelf
from tests.matcher.drawn_pictures import described, described_drawing, drawn, vectors

WANTED = 11
LEFT_HALF = Box(0.0, 0.0, 0.5, 1.0)
EVERYTHING = Box(0.0, 0.0, 1.0, 1.0)


def wanted() -> dict[str, Vectors]:
    return vectors(described_drawing(WANTED))


def test_no_point_inside_an_area_is_left_and_every_point_outside_is() -> None:
    whole, rest = wanted()["rootsift"], distinctive.without(wanted(), [LEFT_HALF])["rootsift"]
    facts = whole.facts
    across = facts["left"] + whole.positions[:, 0] / facts["width"] * (facts["right"] - facts["left"])
    assert len(rest.codes) == (across > 0.5).sum() > 0
    assert (rest.codes == whole.codes[across > 0.5]).all()


def test_a_hash_that_mostly_sees_an_area_is_gone() -> None:
    assert len(distinctive.without(wanted(), [Box(0, 0, 0.7, 1)])["pdq256"].codes) == 0
    assert len(distinctive.without(wanted(), [Box(0, 0, 0.3, 1)])["pdq256"].codes) > 0


def test_the_mask_hides_the_area_and_nothing_else() -> None:
    facts = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    mask = distinctive.mask((40, 80), facts, [LEFT_HALF])
    assert (mask[:, :40] == 0).all()
    assert (mask[:, 40:] == 255).all()


def test_a_reference_that_is_nowhere_distinctive_is_never_found() -> None:
    shelf = PictureShelf()
    shelf.add(WANTED, wanted(), [EVERYTHING])
    assert shelf.compare(vectors(described(drawn(WANTED))), lambda _: wanted()) == []


def test_the_distinctive_half_is_found_and_the_other_half_is_not() -> None:
    shelf = PictureShelf()
    shelf.add(WANTED, wanted(), [LEFT_HALF])
    picture = drawn(WANTED)
    middle = picture.shape[1] // 2
    halves = [np.ascontiguousarray(half) for half in (picture[:, :middle], picture[:, middle:])]
    found = [len(shelf.compare(vectors(described(half)), lambda _: wanted())) for half in halves]
    assert found == [0, 1]
