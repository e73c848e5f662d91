"""Captures that are the same to the eye stand in one group; others never do."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy.orm import Session

from fingerprints import kinds, store
from fingerprints.interface import Description, Frame, MediaFacts, Vectors
from matcher.near_identical import PDQ_ALONE_BITS, PDQ_BITS, PHASH_BITS, Look, grouped, groups
from tests.measure.drawings import drawing

Pixels = NDArray[np.uint8]
KINDS = [kind for kind in kinds.PICTURE_KINDS if kind.name in ("pdq256", "phash64")]


def drawn(seed: int) -> Pixels:
    return drawing(np.random.default_rng(seed))


def saved_again(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def resized(pixels: Pixels, share: float) -> Pixels:
    picture = Image.fromarray(pixels)
    return np.asarray(picture.resize((round(picture.width * share), round(picture.height * share))))


def put(session: Session, blob: str, pixels: Pixels, *, without: str = "") -> str:
    found = {(kind.name, kind.version): kind.describe(Frame(pixels)) for kind in KINDS if kind.name != without}
    store.save(session, blob, Description(MediaFacts("image", pixels.shape[1], pixels.shape[0]), found))
    return blob


def code(size: int, *bits: int) -> NDArray[np.uint8]:
    made = np.zeros(size * 8, np.uint8)
    made[list(bits)] = 1
    return np.packbits(made)


def look(blob: str, pdq: int | None, phash: int | None = 0) -> Look:
    """A look whose codes have this many bits set, so that two looks differ in as many as their numbers do."""
    return Look(
        blob,
        None if pdq is None else code(32, *range(pdq)),
        None if phash is None else code(8, *range(phash)),
    )


def test_a_picture_saved_again_or_made_smaller_is_one_with_itself(session):
    art = drawn(3)
    copies = {"a": art, "b": saved_again(art, 40), "c": resized(art, 0.5), "d": drawn(4), "e": resized(art, 1.4)}
    for blob, pixels in copies.items():
        put(session, blob, pixels)
    assert groups(session, ["d", "c", "a", "e", "b"]) == [["d"], ["c", "a", "e", "b"]]


def test_other_pictures_mirrored_and_cropped_ones_stand_alone(session):
    art = drawn(3)
    height, width = art.shape[:2]
    cropped = art[height // 5 :, : width * 3 // 4]
    blobs = [
        put(session, f"{number}", np.ascontiguousarray(pixels))
        for number, pixels in enumerate([art, art[:, ::-1], cropped, *map(drawn, range(10, 16))])
    ]
    assert groups(session, blobs) == [[blob] for blob in blobs]


def test_what_has_no_hashes_stands_alone_and_loses_nobody(session):
    flat = np.full((200, 300, 3), 128, np.uint8)
    store.save(session, "broken", Description(None, {}, "This file is damaged."))
    blobs = [
        put(session, "flat", flat),
        put(session, "flat too", flat),
        "broken",
        "never seen",
        put(session, "a", drawn(3)),
    ]
    assert groups(session, blobs) == [[blob] for blob in blobs]
    assert groups(session, []) == []


def test_a_blob_named_twice_is_shown_once(session):
    put(session, "a", drawn(3))
    assert groups(session, ["a", "b", "a"]) == [["a"], ["b"]]


def test_without_a_phash_pdq_alone_decides(session):
    put(session, "a", drawn(3))
    put(session, "b", saved_again(drawn(3), 60), without="phash64")
    assert groups(session, ["a", "b"]) == [["a", "b"]]


def test_a_code_of_a_part_of_the_picture_is_not_taken_for_the_whole(session):
    version = kinds.picture_kinds()["pdq256"].version
    part = Vectors(code(32, 1).reshape(1, -1), np.array([[0, 100, 0.5, 0, 1, 1]], np.float32))
    for blob in ("a", "b"):
        store.save(session, blob, Description(MediaFacts("image", 9, 9), {("pdq256", version): part}))
    assert groups(session, ["a", "b"]) == [["a"], ["b"]]


def test_codes_of_another_size_from_a_package_are_left_out(session):
    versions = {name: kind.version for name, kind in kinds.picture_kinds().items()}
    odd = Vectors(np.zeros((1, 3), np.uint8), np.array([[0, 100, 0, 0, 1, 1]], np.float32))
    for blob in ("a", "b"):
        strange = {(name, versions[name]): odd for name in ("pdq256", "phash64")}
        store.save(session, blob, Description(MediaFacts("image", 9, 9), strange))
    assert groups(session, ["a", "b"]) == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ((0, 0), (PDQ_BITS, PHASH_BITS), True),
        ((0, 0), (PDQ_BITS + 1, 0), False),
        ((0, 0), (0, PHASH_BITS + 1), False),
        ((0, None), (PDQ_ALONE_BITS, 0), True),
        ((0, 0), (PDQ_ALONE_BITS + 1, None), False),
        ((0, None), (PDQ_ALONE_BITS, None), True),
        ((None, 0), (None, 0), False),
    ],
)
def test_both_hashes_have_to_agree_where_there_are_both(one, other, is_same):
    assert (len(grouped([look("a", *one), look("b", *other)])) == 1) is is_same


def test_pictures_are_joined_by_way_of_one_between():
    chain = [look("a", 0), look("far", 200), look("c", 2 * PDQ_BITS), look("b", PDQ_BITS)]
    assert grouped(chain) == [["a", "c", "b"], ["far"]]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 250)), st.one_of(st.none(), st.integers(0, 60))), max_size=12
    )
)
def test_every_blob_is_in_one_group_and_the_order_of_arrival_changes_no_group(numbers):
    looks = [look(str(number), *bits) for number, bits in enumerate(numbers)]
    found = grouped(looks)
    assert sorted(blob for group in found for blob in group) == sorted(each.blob for each in looks)
    assert all([int(blob) for blob in group] == sorted(map(int, group)) for group in found)
    assert [int(group[0]) for group in found] == sorted(int(group[0]) for group in found)
    assert {frozenset(group) for group in grouped(reversed(looks))} == {frozenset(group) for group in found}
