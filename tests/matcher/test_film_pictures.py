"""Which points of a picture are asked where many films are."""

import numpy as np

from matcher.film_pictures import LARGE_PX, STRONGEST, most_telling


def test_the_strongest_points_and_then_large_ones_are_the_most_telling_of_each_picture() -> None:
    picture = np.repeat([0, 2, 3], [100, 10, 50])
    sizes = np.full(len(picture), LARGE_PX - 1, np.float32)
    sizes[90:100] = LARGE_PX
    kept = np.flatnonzero(most_telling(picture, sizes, STRONGEST + 12))
    expected = [*range(STRONGEST), STRONGEST, STRONGEST + 1, *range(90, 100), *range(100, 110), *range(110, 152)]
    assert kept.tolist() == expected


def test_a_film_without_points_has_none_to_ask() -> None:
    assert not len(most_telling(np.zeros(0, np.int64), np.zeros(0, np.float32), 5))
