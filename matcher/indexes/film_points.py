"""The local points of all registered films: the nearest stored descriptors, for many queries at once, on disk or
not."""

from collections.abc import Collection

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.keypoints import DESCRIPTOR_BYTES
from fingerprints.quantised import PART_BITS, PARTS, book, unpacked
from matcher.indexes import point_index
from matcher.indexes.near import Near
from matcher.indexes.parted_index import State
from matcher.indexes.parts import NONE, Distances, Numbers
from matcher.indexes.point_index import CODES, Located, PointIndex, PointPart
from matcher.indexes.shipped_lists import AT_ONCE, lists_of, on_one_thread
from matcher.indexes.sift_ivf import PROBES

Codes = NDArray[np.uint8]  # (count, CODE_BYTES)

# (descriptors, how many times the neighbours that were asked for are told): the more strangers there are, the more of
# them are nearer to a faint copy than its original. Measured: 35 million strangers cost 4 of 100 clips; four times as
# many neighbours and three times as many lists bring all of them back.
CROWDS = ((100_000_000, 6), (1_000_000, 4))
PROBES_IN_A_CROWD = 12  # lists looked into


class FilmPoints(PointIndex):
    """Packed descriptors in inverted lists that are shipped: nothing is trained, the first film is found as well as the
    thousandth. Descriptors of background pictures take the place of a film's where they are nearer."""

    name = "film-points"
    keeps_codes = True

    def nearest(self, codes: NDArray[np.uint8], count: int, owners: Collection[int] | None = None) -> Near:
        """Return nearest stored descriptors of each query, (count, 128) uint8: up to `count`, on a large shelf up to
        four or six times as many. Distances are L2 between byte vectors, about 130 too long for an equal one.

        With `owners`, only theirs are looked at, all of them; unknown ones are no error.
        """
        state = self._state  # once: everything below is about the same moment
        if not len(codes) or not len(state):
            return Near.nothing()
        if owners is None:
            times = _crowd(len(state))
            found = point_index.nearest(state, codes, count * times, PROBES if times == 1 else PROBES_IN_A_CROWD)
        else:
            found = _among(state, codes, count, {*owners})
        squared, owner, row = found
        query, place = np.nonzero((row >= 0) & (owner >= 0))
        distance = np.sqrt(np.maximum(squared[query, place], 0)).astype(np.float64)
        return Near(query, owner[query, place], row[query, place], distance)

    @property
    def is_crowded(self) -> bool:
        """Whether there are so many descriptors that a query meets strangers first."""
        return _crowd(len(self)) > 1

    def _located(self, codes: NDArray[np.uint8]) -> Located:
        some = (codes[start : start + AT_ONCE] for start in range(0, len(codes), AT_ONCE))
        return np.concatenate([lists_of(unpacked(part)) for part in some]), codes


def _crowd(count: int) -> int:
    return next((times for least, times in CROWDS if count >= least), 1)


def _among(state: State[PointPart], asked: Codes, count: int, owners: set[int]) -> tuple[Distances, Numbers, Numbers]:
    """Return the tables of the nearest among the descriptors of a few owners, by comparing all."""
    theirs = {
        int(part.owners[slot]): part.arrays[CODES][part.places_of(slot)]
        for part in state.parts
        for slot in part.slots_of([owner for owner in owners if owner >= 0]).tolist()
    }
    if not theirs:
        nothing = np.full((len(asked), count), NONE, np.int64)
        return nothing.astype(np.float32), nothing, nothing
    known = sorted(theirs)
    codes = [theirs[owner] for owner in known]
    counts = [len(each) for each in codes]
    owner, row = np.repeat(np.array(known, np.int64), counts), np.concatenate([np.arange(each) for each in counts])
    on_one_thread()
    plain = faiss.IndexPQ(DESCRIPTOR_BYTES, PARTS, PART_BITS)
    faiss.copy_array_to_vector(book().astype(np.float32).ravel(), plain.pq.centroids)
    plain.is_trained = True
    faiss.copy_array_to_vector(np.concatenate(codes).ravel(), plain.codes)
    plain.ntotal = len(row)
    packed_for_registers = faiss.IndexPQFastScan(plain)  # type: ignore[arg-type]  # its stub knows one constructor
    squared, places = packed_for_registers.search(asked.astype(np.float32), count)
    return squared, np.where(places >= 0, owner[places], NONE), np.where(places >= 0, row[places], NONE)
