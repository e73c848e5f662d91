"""The two indexes of films give what brute force gives, also after films were taken away."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from fingerprints.quantised import packed, unpacked
from matcher.indexes.film_frames import FilmFrames
from matcher.indexes.film_points import FilmPoints
from tests.measure.drawings import drawing

RANDOM = np.random.default_rng(5)


def hashes(count: int) -> NDArray[np.uint8]:
    return RANDOM.integers(0, 256, (count, 32)).astype(np.uint8)


def flipped(codes: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return the codes with the first `bits` bits turned."""
    mask = np.packbits(np.arange(256) < bits)
    return codes ^ mask


def test_every_frame_within_the_radius_is_found_and_none_beyond() -> None:
    index, one, other = FilmFrames(), hashes(60), hashes(50)
    index.add(7, one)
    index.add(9, other)
    near = index.within(np.concatenate([flipped(one[[3]], 90), flipped(other[[4]], 91)]), 90)
    assert (near.query.tolist(), near.owner.tolist(), near.row.tolist()) == ([0], [7], [3])
    assert near.distance.tolist() == [90]


def test_the_frames_are_those_of_brute_force() -> None:
    index, stored, asked = FilmFrames(), hashes(900), hashes(40)
    index.add(1, stored[:500])
    index.add(2, stored[500:])
    near = index.within(asked, 112)
    distance = np.bitwise_count(asked[:, None] ^ stored[None]).sum(axis=2)
    wanted = {(int(q), int(s)) for q, s in np.argwhere(distance <= 112)}
    assert wanted
    found = zip(near.query.tolist(), (near.row + 500 * (near.owner == 2)).tolist(), strict=True)
    assert set(found) == wanted


def test_frames_of_a_removed_film_are_gone_and_the_others_keep_their_rows() -> None:
    index, parts = FilmFrames(), [hashes(20) for _ in range(3)]
    for owner, part in enumerate(parts):
        index.add(owner, part)
    index.remove(1)
    index.remove(77)
    assert len(index) == 40
    assert len(index.within(parts[1], 60).query) == 0
    near = index.within(parts[2][[5]], 0)
    assert (near.owner.tolist(), near.row.tolist()) == ([2], [5])


def test_an_empty_index_and_no_queries_give_nothing() -> None:
    index = FilmFrames()
    assert len(index.within(hashes(3), 90).query) == 0
    index.add(1, hashes(0))
    index.add(2, hashes(3))
    assert len(index.within(hashes(0), 90).query) == 0
    assert len(FilmPoints().nearest(np.zeros((2, 128), np.uint8), 5).query) == 0


def points(count: int) -> np.ndarray:
    """Return real descriptors: noise has no lists."""
    found = [RootSift().describe(Frame(drawing(np.random.default_rng(seed)))).codes for seed in range(count // 60)]
    return np.concatenate(found)[:count]


@pytest.mark.parametrize("count", [600, 6000])
def test_a_slightly_changed_descriptor_finds_its_own(count: int) -> None:
    stored = points(count)
    index = FilmPoints()
    index.add(3, packed(stored[: count // 2]))
    index.add(4, packed(stored[count // 2 :]))
    rows = RANDOM.choice(len(stored), 200, replace=False)
    asked = np.clip(stored[rows] + RANDOM.integers(-4, 5, (200, 128)), 0, 255).astype(np.uint8)
    near = index.nearest(asked, 5)
    found = np.where(near.owner == 4, near.row + count // 2, near.row)
    assert np.mean([rows[query] in found[near.query == query] for query in range(200)]) >= 0.8  # 4 of 16,384 lists


def test_films_can_be_added_to_and_taken_from_an_index_in_use() -> None:
    stored = packed(points(3000))
    index = FilmPoints()
    index.add(1, stored[:2900])
    assert (index.nearest(unpacked(stored[:50]), 1).owner == 1).all()
    index.add(2, stored[2900:])
    assert np.mean(index.nearest(unpacked(stored[2900:]), 1).owner == 2) >= 0.9
    index.remove(2)
    assert (index.nearest(unpacked(stored[2900:]), 1).owner == 1).all()
    assert len(index) == 2900
