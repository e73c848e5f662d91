"""On a large shelf one frame of a held shot stands for the others, and nobody notices."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.kinds.film_pdq import CENTRE_72, CENTRE_85, FULL
from matcher.indexes.film_frames import FilmFrames

Codes = NDArray[np.uint8]
RANDOM = np.random.default_rng(12)
VIEWS = (FULL, CENTRE_85, CENTRE_72)
HELD = 12  # frames of each shot


def turned(codes: Codes, bits: int) -> Codes:
    """Return the codes, each with so many random bits turned."""
    order = RANDOM.random((len(codes), 256)).argsort(axis=1)
    return codes ^ np.packbits(order < bits, axis=1)


def film(shots: int, wobble: int = 10) -> tuple[Codes, NDArray[np.float32]]:
    """Return (codes, views) of held shots, the views of a moment together, as film-pdq tells them."""
    first = RANDOM.integers(0, 256, (shots, 1, len(VIEWS), 32)).astype(np.uint8)
    codes = turned(np.repeat(first, HELD, axis=1).reshape(-1, 32), wobble)
    return codes, np.tile(np.array(VIEWS, np.float32), shots * HELD)


def triples(near: object) -> set[tuple[int, int, int, float]]:
    columns = (getattr(near, name).tolist() for name in ("query", "owner", "row", "distance"))
    return set(zip(*columns, strict=True))


def shelves(films: list[tuple[Codes, NDArray[np.float32]]]) -> tuple[FilmFrames, FilmFrames]:
    """Return the same films on a shelf that counts as small and on one that counts as large."""
    small, large = FilmFrames(), FilmFrames(small=10)
    for owner, (codes, views) in enumerate(films):
        small.add(owner, codes, views)
        large.add(owner, codes, views)
    return small, large


@pytest.mark.parametrize("bits", [0, 30, 60])
def test_a_large_shelf_tells_the_pairs_that_a_small_one_tells(bits: int) -> None:
    films = [film(12) for _ in range(4)]
    small, large = shelves(films)
    asked = turned(films[2][0][::7], bits)
    wanted, found = triples(small.within(asked, 84)), triples(large.within(asked, 84))
    assert found <= wanted
    assert len(found) >= 0.98 * len(wanted) > 0


def test_a_large_shelf_compares_a_fraction_of_its_hashes() -> None:
    films = [film(12) for _ in range(4)]
    small, large = shelves(films)
    small.within(films[0][0][:1], 0)
    assert large.bytes_held() < small.bytes_held() * 0.75  # each hash is held once more where it is compared


def test_frames_without_views_all_stand_for_themselves_on_a_large_shelf() -> None:
    codes, _ = film(5)
    large = FilmFrames(small=10)
    large.add(3, codes)
    assert triples(large.within(codes, 0)) >= {(row, 3, row, 0.0) for row in range(len(codes))}


def test_rows_are_those_that_were_added_whatever_the_order_of_views() -> None:
    codes, views = film(6)
    _, large = shelves([film(3), (codes, views)])
    near = large.within(codes[[0, 50, 100]], 0)
    assert {(0, 1, 0, 0.0), (1, 1, 50, 0.0), (2, 1, 100, 0.0)} <= triples(near)
    assert (large.codes_of(1) == codes).all()


def test_a_shelf_that_grows_large_and_shrinks_again_keeps_its_promises() -> None:
    shelf = FilmFrames(small=500)
    films = [film(6) for _ in range(5)]
    for owner, (codes, views) in enumerate(films):
        shelf.add(owner, codes, views)
        assert (0, owner, 7, 0.0) in triples(shelf.within(codes[[7]], 40))
    for owner in (0, 3, 1):
        shelf.remove(owner)
        assert owner not in shelf
        assert not len(shelf.within(films[owner][0], 60).query)
    assert len(shelf) == 2 * len(films[0][0])
    assert (0, 4, 9, 0.0) in triples(shelf.within(films[4][0][[9]], 40))


@pytest.mark.parametrize("small", [10, 10**6])
def test_a_few_owners_can_be_asked_alone_and_then_exactly(small: int) -> None:
    shelf = FilmFrames(small=small)
    one, other = film(4), film(4)
    shelf.add(1, *one)
    shelf.add(2, *other)
    asked = turned(one[0][:40], 40)
    distance = np.bitwise_count(asked[:, None] ^ one[0][None]).sum(axis=2)
    wanted = {(int(q), 1, int(r), float(distance[q, r])) for q, r in np.argwhere(distance <= 90)}
    assert triples(shelf.within(asked, 90, owners=[1, 77])) == wanted
    assert not len(shelf.within(asked, 60, owners=[2]).query)
    assert not len(shelf.within(asked, 90, owners=[]).query)


def test_a_film_that_is_added_again_takes_its_own_place() -> None:
    shelf = FilmFrames()
    first, then = film(3), film(2)
    shelf.add(5, *first)
    shelf.within(first[0][:1], 0)
    shelf.add(5, *then)
    assert len(shelf) == len(then[0])
    assert not len(shelf.within(first[0], 60).query)
    assert (0, 5, 0, 0.0) in triples(shelf.within(then[0][:1], 0))


def test_the_radius_of_chance_shrinks_as_the_shelf_grows() -> None:
    few, many = FilmFrames(), FilmFrames()
    few.add(1, RANDOM.integers(0, 256, (10, 32)).astype(np.uint8))
    many.add(1, RANDOM.integers(0, 256, (200_000, 32)).astype(np.uint8))
    asked = RANDOM.integers(0, 256, (50, 32)).astype(np.uint8)
    assert few.chance_bits() > many.chance_bits() > 90
    assert len(many.within(asked, many.chance_bits()).query) <= 50 * 8
