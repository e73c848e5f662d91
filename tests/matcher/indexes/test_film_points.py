"""The index of points: a few owners alone, removal, and more neighbours where there are more strangers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from fingerprints.quantised import packed, unpacked
from matcher.indexes.film_points import FilmPoints
from tests.measure.drawings import drawing

Codes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def films() -> list[Codes]:
    """Three films' packed descriptors, real ones: noise has no lists."""
    drawn = [RootSift().describe(Frame(drawing(np.random.default_rng(seed)))).codes for seed in range(30)]
    return [packed(np.concatenate(drawn[number::3])) for number in range(3)]


def test_a_few_owners_are_compared_whole(films: list[Codes]) -> None:
    index = FilmPoints()
    for owner, codes in enumerate(films):
        index.add(owner, codes)
    asked = unpacked(films[1][:20])
    near = index.nearest(asked, 3, owners=[0, 2, 99])
    stored = unpacked(np.concatenate([films[0], films[2]])).astype(np.float32)
    wanted = np.sqrt(((stored[None] - asked[:, None].astype(np.float32)) ** 2).sum(axis=2))
    nearest = np.sort(wanted, axis=1)[:, 0]
    told = np.array([near.distance[near.query == query].min() for query in range(20)])
    assert set(near.owner.tolist()) <= {0, 2}
    assert np.abs(told - nearest).max() <= 10  # sums are made of bytes, in registers
    assert not len(index.nearest(asked, 3, owners=[99]).query)


def test_removed_films_are_never_told_and_the_others_stay(films: list[Codes]) -> None:
    index = FilmPoints()
    for owner, codes in enumerate(films):
        index.add(owner, codes)
    index.nearest(unpacked(films[0][:5]), 3)
    index.remove(1)
    index.remove(1)
    asked = unpacked(films[1][:300])
    assert 1 not in set(index.nearest(asked, 10).owner.tolist())
    assert 1 not in set(index.nearest(asked, 10, owners=[0, 1]).owner.tolist())
    assert len(index) == len(films[0]) + len(films[2])
    own = index.nearest(unpacked(films[2][:300]), 1)
    assert np.mean(own.owner == 2) >= 0.9


def test_a_film_can_come_back_as_another_one(films: list[Codes]) -> None:
    index = FilmPoints()
    index.add(7, films[0])
    index.nearest(unpacked(films[0][:5]), 3)
    index.remove(7)
    index.add(7, films[1][:200])
    near = index.nearest(unpacked(films[1][:200]), 1)
    assert (near.owner == 7).all()
    assert near.row.max() < 200
    index.add(7, films[2][:100])
    assert index.nearest(unpacked(films[2][:100]), 1).row.max() < 100
    assert len(index) == 100


def test_an_owner_without_points_and_one_that_never_was_are_no_error() -> None:
    index = FilmPoints()
    index.add(1, np.zeros((0, 16), np.uint8))
    index.remove(2)
    assert len(index) == 0
    assert not len(index.nearest(np.zeros((3, 128), np.uint8), 5).query)
    assert not len(index.nearest(np.zeros((3, 128), np.uint8), 5, owners=[1]).query)
