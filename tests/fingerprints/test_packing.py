"""Vectors as bytes: what a child or a package says is believed only when its parts agree."""

from dataclasses import replace

import numpy as np
import pytest

from fingerprints import packing, wire
from fingerprints.interface import Description, Frame, MediaFacts, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.rootsift import RootSift
from fingerprints.packing import Misshapen
from fingerprints.testing import drawing, same
from fingerprints.wire import BrokenMessage

FOUND = Vectors(np.arange(6, dtype=np.uint8).reshape(2, 3), np.ones((2, 1), np.float32), {"width": 1.5})


def test_a_description_survives_the_pipe():
    head, blocks = packing.to_message(Description(MediaFacts("video", 3, 4, 5.0), {("a", 1): FOUND, ("b", 2): FOUND}))
    back = packing.from_message(head, b"".join(blocks))
    assert back.facts == MediaFacts("video", 3, 4, 5.0)
    assert list(back.fingerprints) == [("a", 1), ("b", 2)]
    assert all(same(found, FOUND) for found in back.fingerprints.values())


def test_an_error_survives_the_pipe():
    head, blocks = packing.to_message(Description(None, {}, "It is text."))
    assert packing.from_message(head, b"".join(blocks)) == Description(None, {}, "It is text.")


@pytest.mark.parametrize(
    "head",
    [
        {}, {"facts": None, "fingerprints": []}, {"facts": {"medium": "image"}, "fingerprints": []},
        {"fingerprints": [{"kind": "a", "version": 1, "count": 9, "width": 9, "columns": 9, "facts": {}}]},
        {"fingerprints": [{"kind": "a", "version": 1, "count": -2, "width": 3, "columns": 1, "facts": {}}]},
        {"fingerprints": [{"kind": "a", "version": 1, "count": 0, "width": 3, "columns": 1, "facts": {"x": 1e999}}]},
        {"fingerprints": 5}, {"fingerprints": [5]},
    ],
)  # fmt: skip
def test_a_lying_child_is_not_believed(head):
    with pytest.raises(Misshapen):
        packing.from_message(head, b"12345678")


LIKE_FILM_PDQ = Vectors(np.zeros((3, 32), np.uint8), np.array([(n, 0, 50, 0.5) for n in range(3)], np.float32))


def other(row: int, column: int, value: float) -> Vectors:
    """Return LIKE_FILM_PDQ with one other number."""
    positions = LIKE_FILM_PDQ.positions.copy()
    positions[row, column] = value
    return replace(LIKE_FILM_PDQ, positions=positions)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(LIKE_FILM_PDQ, codes=np.zeros((3, 16), np.uint8)),
        replace(LIKE_FILM_PDQ, positions=np.ascontiguousarray(LIKE_FILM_PDQ.positions[:, :3])),
        replace(LIKE_FILM_PDQ, facts={"width": 320.0}),
        other(2, 0, 1e9), other(0, 0, -0.25), other(1, 0, np.nan), other(0, 1, 5), other(1, 2, 101), other(2, 3, 101),
        other(0, 0, 1.5),  # out of order
    ],
)  # fmt: skip
def test_vectors_that_their_kind_never_makes_are_not_believed(wrong: Vectors):
    key = FilmPdq.name, FilmPdq.version
    for sent, is_believed in ((LIKE_FILM_PDQ, True), (wrong, False)):
        head, blocks = packing.to_message(Description(MediaFacts("video"), {key: sent}))
        if is_believed:
            assert same(packing.from_message(head, b"".join(blocks)).fingerprints[key], sent)
            continue
        with pytest.raises(Misshapen, match="not what that kind makes"):
            packing.from_message(head, b"".join(blocks))


@pytest.mark.parametrize(
    "facts", [{}, {"width": 0.0}, {"picture_height": np.nan}, {"left": 0.5, "right": 0.5}, {"top": 0.9, "bottom": 0.1}]
)
def test_facts_that_no_picture_has_are_not_believed(facts: dict[str, float]):
    points = RootSift().describe(Frame(drawing(1)))
    assert RootSift.table.fits(points)
    assert not RootSift.table.fits(replace(points, facts=points.facts | facts if facts else {}))
    assert RootSift.table.fits(replace(points, codes=points.codes[:0], positions=points.positions[:0], facts={}))


def test_a_kind_that_breaks_its_promise_is_told():
    for codes, positions in (
        (np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32)),
        (np.zeros((2, 3), np.uint8), np.zeros((2, 1), np.float64)),
        (np.zeros((2, 3), np.uint8), np.zeros((3, 1), np.float32)),
        (np.zeros(3, np.uint8), np.zeros((3, 1), np.float32)),
    ):
        with pytest.raises(Misshapen, match="correct the fingerprint kind"):
            packing.shape(Vectors(codes, positions))


@pytest.mark.parametrize("sent", [b"\xff" * 12, b"\x02\x00\x00\x00" + bytes(8) + b"[]", b"\x01" + bytes(11) + b"?"])
def test_a_message_that_is_none_is_refused(sent: bytes):
    rest = bytearray(sent)

    def read(count: int) -> bytes:
        taken, rest[:] = bytes(rest[:count]), rest[count:]
        return taken

    with pytest.raises(BrokenMessage):
        wire.receive(read)
