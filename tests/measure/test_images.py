"""The measuring of images itself: fair halves, fair figures, the same pictures every time."""

from pathlib import Path

import numpy as np
import pytest

from tests.measure import manga_attacks, templates
from tests.measure.attacks import Picture
from tests.measure.drawings import drawing
from tests.measure.images import figures, hard_negatives
from tests.measure.picture_answers import Answer
from tests.measure.picture_methods import Prediction, trimmed
from tests.measure.pictures_corpus import FRAMED, HARD_NEGATIVES, Half, Item, Query, half


@pytest.fixture(scope="module")
def halves(corpus: Path) -> tuple[Half, Half]:
    return half(0, per_attack=12, negatives=60), half(1, per_attack=12, negatives=60)


def drawn(seed: int) -> Picture:
    return drawing(np.random.default_rng(seed))


def answer(score: float, *, kin: str | None = "kin", is_right: bool = True, name: str = "attack") -> Answer:
    item = Item("art/one.png", "illustration", "", "family", "kin")
    return Answer(Query(name, "easy", item, kin, None, 0), Prediction(0, score), is_right)


def test_no_work_and_no_template_is_tuned_on_and_reported(halves: tuple[Half, Half]) -> None:
    for of in ("family", "design"):
        tuned, reported = ({getattr(item, of) for item in part.references} - {0} for part in halves)
        assert not tuned & reported


def test_what_nothing_is_right_for_is_not_registered(halves: tuple[Half, Half]) -> None:
    for part in halves:
        registered = {item.kin for item in part.references}
        asked = [query for query in part.queries if query.hardness == "negative"]
        assert {query.name for query in asked} >= set(HARD_NEGATIVES)
        assert not registered & {query.item.kin for query in asked}
        assert not registered & {item.kin for item in part.carriers}
        assert not registered & {partner.kin for query in part.queries for partner in query.partners}


def test_every_attack_has_its_dozen_and_a_right_answer(halves: tuple[Half, Half]) -> None:
    for part in halves:
        registered = {item.kin for item in part.references}
        attacked = [query.name for query in part.queries if query.kin is not None and query.attack is not None]
        assert min(attacked.count(name) for name in attacked) >= 12
        assert {query.kin for query in part.queries} - {None} <= registered


def test_a_look_alike_has_the_frame_of_a_registered_picture(halves: tuple[Half, Half]) -> None:
    for part in halves:
        designs = {(item.layout, item.design) for item in part.references if item.layout}
        asked = [query.item for query in part.queries if query.name == FRAMED]
        assert asked
        assert all((item.layout, item.design) in designs for item in asked)


def test_a_query_is_the_same_picture_every_time(halves: tuple[Half, Half]) -> None:
    part = halves[1]
    for name in ("webtoon strip", "printed on mug", "in a template", "collage cropped"):
        query = next(query for query in part.queries if query.name == name)
        assert np.array_equal(query.picture(part.carriers), query.picture(part.carriers))


@pytest.mark.parametrize("layout", templates.LAYOUTS)
def test_two_pictures_in_one_design_share_the_furniture_only(layout: str) -> None:
    one, other = (templates.framed(drawn(seed), layout, 5) for seed in (1, 2))
    same = (one == other).all(axis=2).mean()
    assert 0.1 < same < 0.9
    assert (templates.framed(drawn(1), layout, 6) == one).all(axis=2).mean() < same


@pytest.mark.parametrize("method", manga_attacks.PRINTS)
def test_a_print_is_grey_and_twice_as_large(method: str) -> None:
    page = drawn(4)
    printed = manga_attacks.printed(page, method)
    assert printed.shape == (2 * page.shape[0], 2 * page.shape[1], 3)
    assert (np.ptp(printed, axis=2) == 0).all()


def test_a_print_is_re_toned_by_the_other_method() -> None:
    assert manga_attacks.print_of("re-toned", "dots", coin=True) == "scan"
    assert manga_attacks.print_of("re-toned", "scan", coin=True) == "dots"
    assert manga_attacks.print_of("half page", "", coin=True) == ""


def test_precision_counts_the_false_ones_above() -> None:
    found = figures([answer(0.9), answer(0.8, kin=None, is_right=False), answer(0.7), answer(0.6)])
    assert found["recall_at_p999"] == pytest.approx(1 / 3)
    assert found["recall_at_1"] == 1
    assert found["uap"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_hard_negatives_are_told_by_class() -> None:
    asked = [answer(score, kin=None, is_right=False, name=FRAMED) for score in (0.6, 0.4, 0.1, 0.0)]
    told = hard_negatives(asked, Half([], [], []))[FRAMED]
    assert told["below_review"] == 0.75
    assert [row[0] for row in told["worst"]] == [0.6, 0.4, 0.1, 0.0]


def test_the_trimming_peer_takes_off_plain_borders_only() -> None:
    picture = drawn(9)
    framed = np.pad(picture, ((9, 9), (30, 30), (0, 0)), constant_values=255)
    assert trimmed(framed).shape[1] <= picture.shape[1]
    assert trimmed(np.full((20, 20, 3), 7, np.uint8)).shape == (20, 20, 3)
