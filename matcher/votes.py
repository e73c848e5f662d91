"""Which references deserve a closer look: near descriptors vote, each by how much nearer it is than the crowd. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.geometry import LEAST_POINTS
from matcher.indexes.numbering import ROWS

MOST_CANDIDATES = 16


@dataclass(frozen=True)
class Ballot:
    """The votes of one query for one reference."""

    owner: int
    weight: float
    pairs: NDArray[np.intp]  # (count, 2): query row, reference row


def counted(distances: NDArray[np.float32], entries: NDArray[np.int64]) -> list[Ballot]:
    """Return a ballot per owner that has enough pairs to be aligned, the heaviest MOST_CANDIDATES of them.

    Both tables are (query rows, neighbours), nearest first, as an index answers; entry -1 is no neighbour. A query
    descriptor gives an owner one vote, for its nearest row, weighed by how much nearer it is than the last of the
    neighbours (Jegou 2011: a descriptor with many equally near neighbours says little). Background pictures
    (owners below 0) take part as neighbours and get no ballot.
    """
    is_there = entries != -1
    crowd = np.where(is_there, distances, 0).max(axis=1, initial=0, keepdims=True)
    weights = 1 - (distances / np.where(crowd > 0, crowd, 1)) ** 2
    owners = entries // ROWS
    places = np.flatnonzero((is_there & (owners >= 0)).ravel())  # row by row, nearest first
    if not len(places):
        return []
    owner, row = owners.ravel()[places], places // entries.shape[1]
    _, first = np.unique(owner * len(entries) + row, return_index=True)
    places, owner, row = places[first], owner[first], row[first]  # sorted by owner, then row
    found, starts, counts = np.unique(owner, return_index=True, return_counts=True)
    total = np.add.reduceat(weights.ravel()[places].astype(np.float64), starts)
    order = np.lexsort((found, -total))
    chosen = [number for number in order.tolist() if counts[number] >= LEAST_POINTS][:MOST_CANDIDATES]
    pairs = np.column_stack([row, entries.ravel()[places] % ROWS]).astype(np.intp)
    return [
        Ballot(int(found[each]), float(total[each]), pairs[starts[each] : starts[each] + counts[each]])
        for each in chosen
    ]
