"""The index of films' hashes: films come and go at their own cost, and everything that is told is exact."""

import tracemalloc

import numpy as np
from numpy.typing import NDArray

from matcher.indexes.film_frames import MOST_PER_QUERY, FilmFrames

Codes = NDArray[np.uint8]
RANDOM = np.random.default_rng(12)
HELD = 12  # frames of each shot


def turned(codes: Codes, bits: int) -> Codes:
    """Return the codes, each with so many random bits turned."""
    order = RANDOM.random((len(codes), 256)).argsort(axis=1)
    return codes ^ np.packbits(order < bits, axis=1)


def film(shots: int, wobble: int = 10) -> Codes:
    """Return the hashes of held shots."""
    first = RANDOM.integers(0, 256, (shots, 32)).astype(np.uint8)
    return turned(np.repeat(first, HELD, axis=0), wobble)


def triples(near: object) -> set[tuple[int, int, int, float]]:
    columns = (getattr(near, name).tolist() for name in ("query", "owner", "row", "distance"))
    return set(zip(*columns, strict=True))


def pairs(asked: Codes, owner: int, stored: Codes, radius: int) -> set[tuple[int, int, int, float]]:
    """Return what brute force tells of one film."""
    distance = np.bitwise_count(asked[:, None] ^ stored[None]).sum(axis=2)
    return {(int(q), owner, int(r), float(distance[q, r])) for q, r in np.argwhere(distance <= radius)}


def test_everything_within_the_radius_is_told_of_every_film() -> None:
    shelf, films = FilmFrames(), [film(12) for _ in range(4)]
    for owner, codes in enumerate(films):
        shelf.add(owner, codes)
    asked = np.concatenate([turned(codes[::7], 40) for codes in films])
    wanted = set().union(*(pairs(asked, owner, codes, 90) for owner, codes in enumerate(films)))
    assert triples(shelf.within(asked, 90)) == wanted
    assert len(wanted) > HELD * len(asked) * 0.9


def test_a_few_owners_can_be_asked_alone() -> None:
    shelf, one, other = FilmFrames(), film(4), film(4)
    shelf.add(1, one)
    shelf.add(2, other)
    asked = turned(one[:40], 40)
    assert triples(shelf.within(asked, 90, owners=[1, 77, 1])) == pairs(asked, 1, one, 90)
    assert not len(shelf.within(asked, 60, owners=[2]).query)
    assert not len(shelf.within(asked, 90, owners=[]).query)


def test_of_a_frame_that_is_near_to_too_many_the_nearest_are_told() -> None:
    shelf, still = FilmFrames(), film(1)[:1]
    far, near = turned(np.repeat(still, MOST_PER_QUERY, axis=0), 20), turned(np.repeat(still, 9, axis=0), 5)
    shelf.add(1, far)
    shelf.add(2, near)
    found = shelf.within(still, 90)
    assert len(found.query) == MOST_PER_QUERY
    assert found.row[found.owner == 2].tolist() == list(range(9))
    assert found.distance.tolist() == sorted(found.distance.tolist())


def test_a_shelf_that_grows_and_shrinks_keeps_its_promises() -> None:
    shelf = FilmFrames()
    films = [film(6) for _ in range(5)]
    for owner, codes in enumerate(films):
        shelf.add(owner, codes)
        assert (0, owner, 7, 0.0) in triples(shelf.within(codes[[7]], 40))
    for owner in (0, 3, 1):
        shelf.remove(owner)
        assert owner not in shelf
        assert not len(shelf.within(films[owner], 60).query)
    assert len(shelf) == 2 * len(films[0])
    assert (0, 4, 9, 0.0) in triples(shelf.within(films[4][[9]], 40))
    assert (shelf.codes_of(4) == films[4]).all()


def test_hashes_are_held_once_and_a_film_comes_and_goes_at_its_own_cost() -> None:
    shelf, small = FilmFrames(), film(5)
    for owner in range(10):
        shelf.add(owner, RANDOM.integers(0, 256, (20_000, 32)).astype(np.uint8))
    shelf.within(small, 60)
    assert shelf.bytes_held() == len(shelf) * 32
    tracemalloc.start()
    try:
        shelf.remove(4)
        shelf.add(77, small)
        shelf.codes_of(77)
        shelf.remove(77)
        moved = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert moved < 20_000 * 32 / 10


def test_a_film_that_is_added_again_takes_its_own_place() -> None:
    shelf, first, then = FilmFrames(), film(3), film(2)
    shelf.add(5, first)
    shelf.within(first[:1], 0)
    shelf.add(5, then)
    assert len(shelf) == len(then)
    assert not len(shelf.within(first, 60).query)
    assert (0, 5, 0, 0.0) in triples(shelf.within(then[:1], 0))


def test_the_radius_of_chance_shrinks_as_the_shelf_grows() -> None:
    few, many = FilmFrames(), FilmFrames()
    few.add(1, RANDOM.integers(0, 256, (10, 32)).astype(np.uint8))
    many.add(1, RANDOM.integers(0, 256, (200_000, 32)).astype(np.uint8))
    asked = RANDOM.integers(0, 256, (50, 32)).astype(np.uint8)
    assert few.chance_bits() > many.chance_bits() > 90
    assert len(many.within(asked, many.chance_bits()).query) <= 50 * 8
