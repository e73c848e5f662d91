"""Whatever is added and removed in whatever order, an index answers for what is in it now, and for nothing else."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.interface import Index
from matcher.testing import IndexContract
from tests.matcher.test_indexes import TestHashIndex as Binary
from tests.matcher.test_indexes import TestSiftIvf as Sift

OWNERS = st.integers(0, 4)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove"]), OWNERS, st.integers(0, 12)), max_size=14)


@functools.cache
def sample(case: IndexContract, owner: int) -> NDArray[np.uint8]:
    """Return the vectors of an owner; drawing and describing them takes longer than all the rest."""
    return case.sample(12, owner)


def played(index: Index, case: IndexContract, steps: list[tuple[str, int, int]]) -> dict[int, NDArray[np.uint8]]:
    """Return what is in the index after the steps; an owner is added once at a time, as the shelf does."""
    held: dict[int, NDArray[np.uint8]] = {}
    for what, owner, count in steps:
        index.remove(owner)
        held.pop(owner, None)
        if what == "add":
            held[owner] = sample(case, owner)[:count]
            index.add(owner, held[owner])
    return held


@pytest.mark.parametrize("case", [Binary(), Sift()], ids=["hashes", "sift-ivf"])
@given(steps=STEPS)
@settings(max_examples=25, deadline=None)
def test_an_index_holds_what_was_added_and_not_removed(case: IndexContract, steps: list[tuple[str, int, int]]) -> None:
    index = case.make()
    held = played(index, case, steps)
    assert len(index) == sum(len(codes) for codes in held.values())
    queries = np.concatenate([sample(case, owner) for owner in range(5)])
    for hits in index.search(queries, 50):
        for hit in case.own(hits):
            assert hit.row < len(held.get(hit.owner, ()))


@given(steps=STEPS, seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_exact_search_is_brute_force(steps: list[tuple[str, int, int]], seed: int) -> None:
    case, index = Binary(), Binary().make()
    held = played(index, case, steps)
    queries = case.near(case.sample(3, seed % 5), seed)
    rows = [(owner, row, code) for owner, codes in held.items() for row, code in enumerate(codes)]
    for query, hits in zip(queries, index.search(queries, 1000), strict=True):
        truth = sorted((float(np.bitwise_count(query ^ code).sum()), owner, row) for owner, row, code in rows)
        assert [(hit.distance, hit.owner, hit.row) for hit in hits] == truth
