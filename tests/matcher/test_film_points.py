"""Where sightings of single pictures line up to stretches."""

import numpy as np

from fingerprints.interface import Laid, Vectors
from fingerprints.quantised import CODE_BYTES
from matcher.addresses import address
from matcher.film_points import Points, Sighting, kept

WORK = 11
STRAIGHT = Laid(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), (1.0, 1.0), (1.0, 1.0))


def pictures(*spans: tuple[float, float]) -> Vectors:
    """Return a reference whose pictures begin at these seconds and are held for so long, one point on each."""
    positions = np.array([(begin_s, held_s, 1.0, 1.0, 1.0, 0.0) for begin_s, held_s in spans], np.float32)
    return Vectors(np.zeros((len(spans), CODE_BYTES), np.uint8), positions, {"width": 320.0, "height": 180.0})


def test_a_held_drawing_is_not_taken_for_others_that_share_a_few_points_with_it() -> None:
    points = Points()
    points.put(address(WORK), kept(pictures((60.0, 7.0), (82.0, 2.0), (84.0, 2.0), (86.0, 1.0)))[0])
    seen = [Sighting(2.0, 6.0, picture, shared, STRAIGHT) for picture, shared in ((0, 24), (1, 8), (2, 8), (3, 6))]
    first, *_ = points.lined_up(WORK, seen, np.arange(0.0, 12.0, 0.5))
    assert first.points == 24
    assert 59.0 <= first.segment.reference_start_s < first.segment.reference_end_s <= 67.5
