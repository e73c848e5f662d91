"""Where a stretch ends that frames and points both speak of: neither is believed beyond what it can know."""

import numpy as np
import pytest

from fingerprints.interface import Laid
from matcher.film_looks import Look
from matcher.film_points import Shown, Sighting
from matcher.film_stretches import fused
from matcher.interface import Segment

AS_IT_IS = Laid(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (320.0, 180.0), (320.0, 180.0))


def segment(start_s: float, end_s: float, offset_s: float) -> Segment:
    return Segment(start_s, end_s, start_s + offset_s, end_s + offset_s, 1.0, end_s - start_s)


def look(start_s: float, end_s: float, offset_s: float, *, bits: float = 40.0) -> Look:
    length_s = end_s - start_s
    return Look(segment(start_s, end_s, offset_s), False, bits, 4, length_s, 4)


def shown(start_s: float, end_s: float, offset_s: float, *, pictures: int) -> Shown:
    points = 20
    return Shown(
        segment(start_s, end_s, offset_s), pictures, pictures, points, Sighting(start_s, 0.5, 0, points, AS_IT_IS)
    )


def span(looks: list[Look], points: list[Shown], *cuts_s: float) -> tuple[float, float]:
    """Return where the surest stretch lies in the query."""
    first = fused(looks, points, np.array(cuts_s))[0].segment
    return first.query_start_s, first.query_end_s


def test_points_go_on_over_a_piece_of_the_same_scene_that_frames_saw() -> None:
    pieces = [look(18.4, 22.9, 4.2), look(16.1, 17.6, 5.0, bits=84.0)]  # their lines are 0.8 s apart
    assert span(pieces, [shown(14.9, 22.9, 4.2, pictures=9)], 15.0, 23.0) == (15.0, 23.0)


def test_points_do_not_go_on_over_another_scene_that_frames_saw() -> None:
    scenes = [look(18.4, 22.9, 4.2), look(16.1, 17.6, 30.0)]
    assert span(scenes, [shown(14.9, 22.9, 4.2, pictures=9)], 15.0, 23.0) == (17.6, 23.0)


@pytest.mark.parametrize(("pictures", "start_s"), [(2, 3.0), (3, 0.25)])
def test_it_takes_several_pictures_to_go_on_where_frames_end_with_the_shot(pictures: int, start_s: float) -> None:
    found = span([look(3.0, 23.0, 40.0)], [shown(0.25, 3.25, 40.0, pictures=pictures)], 3.0, 23.0)
    assert found == (start_s, 23.0)
