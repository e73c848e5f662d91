"""What a picture that explains a match promises: the right places, the numbers of its sentences, any shape."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dashboard import blocks, dictionary, exhibit, explain, laid_over, sheet
from dashboard.blocks import AGREES, PLAIN, Blocks
from dashboard.exhibit import Exhibit
from dashboard.explain import Named
from matcher import closer_look
from matcher.interface import Comparison, Reason, Transform
from matcher.pictures import PictureShelf
from tests.matcher.drawn_pictures import Picture, described, drawn, vectors

WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
NAMED = Named("clip.jpg", "ランタンロード", "第1巻", "page 11.png", ("SHA-256 " + "0" * 64,))


def plain(width: int, height: int) -> Picture:
    return np.full((height, width, 3), 200, np.uint8)


def shown(query: Picture, reference: Picture) -> Exhibit:
    """Return everything of a real match of two pictures."""
    ours, mine = vectors(described(reference)), vectors(described(query))
    shelf = PictureShelf()
    shelf.add(1, ours)
    (comparison,) = shelf.compare(mine, lambda _number: ours)
    assert comparison.transform is not None
    matrix = laid_over.in_fractions(comparison.transform)
    of_ours, of_mine = (closer_look.picture_size(one[closer_look.POINTS]) for one in (ours, mine))
    pairs = closer_look.agreeing_points(laid_over.between(matrix, of_ours, of_mine), ours, mine)
    return Exhibit(query, reference, comparison, pairs, blocks.of(ours, mine, matrix))


def copy_of(seed: int) -> Picture:
    """Return a mirrored copy with a wide bar at its side, as of a frame around it."""
    mirrored = drawn(seed)[:, ::-1]
    return np.ascontiguousarray(np.hstack([drawn(20)[: mirrored.shape[0], :120], mirrored[: drawn(20).shape[0]]]))


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_the_map_shows_what_its_sentence_tells() -> None:
    for query in (drawn(11), drawn(11)[60:, 40:], copy_of(11)):
        found = shown(query, drawn(11))
        assert found.blocks is not None
        says = next(reason.says for reason in found.comparison.reasons if "blocks agree" in reason.says)
        some, every = map(int, re.findall(r"(\d+) of (\d+) blocks", says)[0])
        assert abs(found.blocks.compared - every) <= 1  # the map is measured again; a block may be just at the limit
        assert abs(found.blocks.agreeing - some) <= 1


def test_the_same_part_of_a_mirrored_copy_lies_pixel_on_pixel() -> None:
    part = exhibit.same_part(shown(copy_of(11), drawn(11)), (300, 300))
    assert part.ours is not None
    seen, ours = (np.asarray(one.convert("L")).astype(float)[20:-20, 20:-20] for one in (part.seen, part.ours))
    assert np.corrcoef(seen.ravel(), ours.ravel())[0, 1] > 0.9


def test_lines_join_the_places_where_the_points_really_are() -> None:
    found = shown(copy_of(11), drawn(11))
    assert len(found.pairs) > 10
    matrix = found.matrix
    put = found.pairs[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(put - found.pairs[:, 2:]).max() < 0.05


@settings(max_examples=20, deadline=None)
@given(
    query=st.tuples(st.integers(1, 1500), st.integers(1, 1500)),
    reference=st.tuples(st.integers(1, 1500), st.integers(1, 1500)),
    factor=st.floats(0.05, 20),
    is_turned=st.booleans(),
)
def test_pictures_of_any_shape_fit_their_room(
    query: tuple[int, int], reference: tuple[int, int], factor: float, is_turned: bool
) -> None:
    matrix = ((0.0, -factor, 5.0), (factor, 0.0, 0.0)) if is_turned else ((factor, 0.0, 0.0), (0.0, factor, 0.0))
    transform = Transform(False, matrix, query, reference)
    comparison = Comparison(1, 0.6, "lead", (), transform, WHOLE, WHOLE)
    one = Exhibit(plain(*query), plain(*reference), comparison, np.zeros((0, 4)), None)
    for room in ((1560, 980), (760, 1500)):
        drawing = exhibit.joined(one, room)
        assert drawing.width <= room[0]
        assert drawing.height <= room[1]
    assert opened(explain.pictures(one, NAMED)).width >= explain.PAGE_PX


@pytest.mark.parametrize("size", [(200, 2400), (2400, 200), (40, 30), (1200, 800)])
def test_a_page_is_as_wide_as_every_other(size: tuple[int, int]) -> None:
    transform = Transform(False, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), size, size)
    reasons = (Reason("points in one shape", 12.0, "12 of 20 points agree in one shape."),)
    comparison = Comparison(1, 0.97, "copy", reasons, transform, WHOLE, WHOLE)
    grid = Blocks(np.array([[AGREES, PLAIN]], np.int8), (0.0, 0.0, 1.0, 1.0))
    one = Exhibit(plain(*size), plain(*size), comparison, np.full((3, 4), 0.5), grid)
    long = replace(NAMED, seen="x" * 400 + "無断転載" * 40)
    for named in (NAMED, long):
        assert opened(explain.pictures(one, named)).width == explain.PAGE_PX + 2 * explain.MARGIN_PX


def test_a_reference_without_pixels_is_explained_too() -> None:
    transform = Transform(False, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (100, 80), (100, 80))
    comparison = Comparison(1, 0.6, "lead", (), transform, WHOLE, WHOLE)
    one = Exhibit(drawn(11)[:80, :100], None, comparison, np.zeros((0, 4)), None)
    assert opened(explain.pictures(one, NAMED)).format == "PNG"


@pytest.mark.parametrize("outline", [(), ((0.2, 0.2), (0.2, 0.2), (0.2, 0.2)), ((5.0, 5.0), (6.0, 5.0), (6.0, 6.0))])
def test_an_outline_that_cannot_be_drawn_leaves_the_whole_picture(outline: tuple[tuple[float, float], ...]) -> None:
    assert laid_over.part(outline) == laid_over.Box(0.0, 0.0, 1.0, 1.0)


def test_lines_come_from_all_over_the_picture() -> None:
    crowd = np.column_stack([np.zeros((200, 2)), np.full((200, 2), 0.1)])
    far = np.column_stack([np.zeros((3, 2)), np.array([[0.9, 0.9], [0.5, 0.9], [0.9, 0.1]])])
    chosen = exhibit.spread(np.vstack([crowd, far]), 20)
    assert len(chosen) == 20
    assert {tuple(place) for place in far[:, 2:]} <= {tuple(place) for place in chosen[:, 2:]}


@given(st.text(alphabet="aé 漢字、。ペッパー한글线-_", max_size=120), st.integers(40, 400))
def test_no_line_of_words_is_wider_than_its_column(text: str, width: int) -> None:
    assert sheet.words(text, width).width <= width


@pytest.mark.parametrize("text", ["Pepper & Carrot", "ペッパーとキャロット", "페퍼와 캐럿", "小辣椒与胡萝卜"])
def test_a_title_in_any_script_is_drawn_in_letters_and_not_in_empty_boxes(text: str) -> None:
    pieces = {np.asarray(sheet.words(letter, 100)).tobytes() for letter in text if letter != " "}
    assert len(pieces) == len(set(text) - {" "})


def test_every_caption_is_there_in_both_languages() -> None:
    japanese = dictionary.of("ja").say
    for caption in ("Seen", "Our reference", "Where the drawings agree", "Likely copy", "mirrored"):
        assert japanese(caption) != caption
