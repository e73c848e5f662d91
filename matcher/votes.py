"""Which references deserve a closer look: near descriptors vote, each by how much nearer it is than the crowd. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.geometry import LEAST_POINTS
from matcher.indexes.parts import NONE

MOST_CANDIDATES = 16


@dataclass(frozen=True)
class Ballot:
    """The votes of one query for one reference."""

    owner: int
    weight: float
    pairs: NDArray[np.intp]  # (count, 2): query row, reference row


def counted(distances: NDArray[np.float32], owners: NDArray[np.int64], rows: NDArray[np.int64]) -> list[Ballot]:
    """Return a ballot per owner that has enough pairs to be aligned, the heaviest MOST_CANDIDATES of them.

    The tables are (query rows, neighbours), nearest first, as an index answers; row -1 is no neighbour. A query
    descriptor gives an owner one vote, for its nearest row, weighed by how much nearer it is than the last of the
    neighbours (Jegou 2011: a descriptor with many equally near neighbours says little). Background pictures
    (owners below 0) take part as neighbours and get no ballot.
    """
    is_there = rows != NONE
    crowd = np.where(is_there, distances, 0).max(axis=1, initial=0, keepdims=True)
    weights = 1 - (distances / np.where(crowd > 0, crowd, 1)) ** 2
    places = np.flatnonzero((is_there & (owners >= 0)).ravel())  # row by row, nearest first
    if not len(places):
        return []
    query = places // owners.shape[1]
    voted, owner = np.unique(owners.ravel()[places], return_inverse=True)
    _, first = np.unique(owner * len(owners) + query, return_index=True)
    places, owner, query = places[first], owner[first], query[first]  # sorted by owner, then query row
    found, starts, counts = np.unique(voted[owner], return_index=True, return_counts=True)
    total = np.add.reduceat(weights.ravel()[places].astype(np.float64), starts)
    order = np.lexsort((found, -total))
    chosen = [number for number in order.tolist() if counts[number] >= LEAST_POINTS][:MOST_CANDIDATES]
    pairs = np.column_stack([query, rows.ravel()[places]]).astype(np.intp)
    return [
        Ballot(int(found[each]), float(total[each]), pairs[starts[each] : starts[each] + counts[each]])
        for each in chosen
    ]
