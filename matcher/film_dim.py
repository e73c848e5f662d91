"""Where a stretch that frames settled goes on into a scene too dim to name a film by itself. Pure.

The hash of a dim frame is near those of many dim frames, so it is neither looked for nor does it prove anything. On a
line that brighter frames laid down it only has to agree with the one frame that belongs there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.indexes.hamming import Codes
from matcher.interface import Segment

DIM_BITS = 84  # of 256; a stranger, or another moment of a dim scene, is that near once in ten million frames
REACH_S = 1.5  # without a frame that agrees; then the stretch has ended
BESIDE_S = 0.2  # of the line; the reference has four frames a second
HALF_STEP_S = 0.125  # a frame stands for a quarter of a second


@dataclass(frozen=True)
class Dim:
    """The dim frames of a film, in order of time; those of one moment may be several views."""

    at_s: NDArray[np.float64]
    codes: Codes


def carried_on(segment: Segment, query: Dim, reference: Dim) -> Segment:
    """Return the segment, longer by the dim seconds before and after it in which both films agree frame by frame."""
    if not len(query.at_s) or not len(reference.at_s) or segment.query_end_s <= segment.query_start_s:
        return segment
    slope = (segment.reference_end_s - segment.reference_start_s) / (segment.query_end_s - segment.query_start_s)

    def there_s(at_s: float) -> float:
        return segment.reference_start_s + slope * (at_s - segment.query_start_s)

    def reached(edge_s: float, frames: Iterable[int]) -> float:
        """Return how far frames beyond an edge carry it, the nearest first."""
        for frame in frames:
            at_s = float(query.at_s[frame])
            if abs(at_s - edge_s) > REACH_S:
                break
            if _agree(there_s(at_s), query.codes[frame], reference):
                edge_s = at_s + (HALF_STEP_S if at_s > edge_s else -HALF_STEP_S)
        return edge_s

    first, after = np.searchsorted(query.at_s, [segment.query_start_s, segment.query_end_s])
    start_s = reached(segment.query_start_s, range(int(first) - 1, -1, -1))
    end_s = reached(segment.query_end_s, range(int(after), len(query.at_s)))
    return replace(
        segment,
        query_start_s=start_s,
        query_end_s=end_s,
        reference_start_s=there_s(start_s),
        reference_end_s=there_s(end_s),
    )


def _agree(at_s: float, code: NDArray[np.uint8], reference: Dim) -> bool:
    first, last = np.searchsorted(reference.at_s, [at_s - BESIDE_S, at_s + BESIDE_S])
    if first == last:
        return False
    return int(np.bitwise_count(reference.codes[first:last] ^ code).sum(axis=1).min()) <= DIM_BITS
