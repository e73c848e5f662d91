"""The promises of an index, as a test class: subclass it, say how to make one, and pytest runs them."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from matcher.interface import Hit, Index

SEED = 7


class IndexContract:
    """What every vector index keeps. Subclasses give `make` and `sample`; an approximate one says how much it finds."""

    least_recall: ClassVar[float] = 1.0  # of the nearest vector that brute force finds
    order_error: ClassVar[float] = 1e-3  # by which the first hit may be farther than the nearest vector truly is
    distance_error: ClassVar[float] = 1e-3  # by which a told distance may be off; more when it stores fewer bytes
    is_binary: ClassVar[bool] = True  # distances in bits; otherwise L2

    def make(self) -> Index:
        """Return an empty index."""
        raise NotImplementedError

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        """Return vectors as this index is meant for."""
        raise NotImplementedError

    def near(self, codes: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Return what the same things look like after a re-upload: a tenth of the bits, or some of each value, off."""
        random = np.random.default_rng(seed)
        if self.is_binary:
            flipped: NDArray[np.uint8] = np.packbits(random.random((len(codes), codes.shape[1] * 8)) < 0.1, axis=1)
            return np.asarray(codes ^ flipped, dtype=np.uint8)
        return np.asarray(np.clip(codes + random.integers(-8, 9, codes.shape), 0, 255), dtype=np.uint8)

    def distances(self, queries: NDArray[np.uint8], stored: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return every query's distance to every stored vector, by brute force."""
        if self.is_binary:
            return np.asarray(np.bitwise_count(queries[:, None] ^ stored[None]).sum(axis=2), dtype=np.float64)
        wide = queries[:, None].astype(np.float64) - stored[None].astype(np.float64)
        return np.asarray(np.sqrt((wide**2).sum(axis=2)), dtype=np.float64)

    def own(self, hits: list[Hit]) -> list[Hit]:
        """Return the hits on what was added, without what the index was born with."""
        return [hit for hit in hits if hit.owner >= 0]

    def test_it_finds_what_brute_force_finds(self) -> None:
        """The nearest stored vector comes first, with its true distance, both within what the index promises."""
        stored, index = [self.sample(60, SEED + owner) for owner in range(5)], self.make()
        for owner, codes in enumerate(stored):
            index.add(owner, codes)
        queries = self.near(np.concatenate(stored)[::3], SEED)
        truth = self.distances(queries, np.concatenate(stored))
        found = [self.own(hits) for hits in index.search(queries, 300)]
        is_nearest = [
            bool(hits) and row[hits[0].owner * 60 + hits[0].row] - row.min() < self.order_error
            for hits, row in zip(found, truth, strict=True)
        ]
        assert np.mean(is_nearest) >= self.least_recall
        for hits, row in zip(found, truth, strict=True):
            for hit in hits[:10]:
                assert abs(hit.distance - row[hit.owner * 60 + hit.row]) < self.distance_error

    def test_hits_come_nearest_first(self) -> None:
        """Distances never fall along a list of hits, and there are no more than were asked for."""
        index = self.make()
        index.add(1, self.sample(100, SEED))
        for hits in index.search(self.sample(10, SEED + 1), 7):
            assert len(hits) <= 7
            assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)

    def test_what_was_added_is_found_at_once(self) -> None:
        """A vector is its own nearest neighbour as soon as `add` returned."""
        index = self.make()
        for owner in (3, 0, 2**40):
            codes = self.sample(20, SEED + owner % 1000)
            index.add(owner, codes)
            hits = [self.own(found)[0] for found in index.search(codes, 3)]
            assert {hit.owner for hit in hits} == {owner}
            assert max(hit.distance for hit in hits) < self.distance_error

    def test_what_was_removed_is_never_found_again(self) -> None:
        """Removing forgets every vector of that owner and of nobody else; strangers may be removed too."""
        index, codes, others = self.make(), self.sample(30, SEED), self.sample(30, SEED + 1)
        index.add(1, codes)
        index.add(2, others)
        index.remove(1)
        index.remove(4)
        assert len(index) == 30
        assert {hit.owner for hits in index.search(codes, 30) for hit in self.own(hits)} <= {2}
        assert [self.own(hits)[0].owner for hits in index.search(others, 3)] == [2] * 30

    def test_an_empty_index_has_no_hits(self) -> None:
        """Nothing stored is an answer; so are no queries, and no vectors added."""
        index = self.make()
        index.add(1, self.sample(1, SEED)[:0])
        assert len(index) == 0
        assert [self.own(hits) for hits in index.search(self.sample(2, SEED), 5)] == [[], []]
        assert index.search(self.sample(2, SEED)[:0], 5) == []

    def test_one_vector_is_enough_and_may_be_the_last(self) -> None:
        """A single vector is told once, however many are asked for; without it the index is empty again."""
        index, code = self.make(), self.sample(1, SEED)
        for _ in range(2):
            index.add(9, code)
            assert len(index) == 1
            hits = [self.own(found) for found in index.search(np.concatenate([code, code]), 5)]
            assert [[(hit.owner, hit.row) for hit in found] for found in hits] == [[(9, 0)], [(9, 0)]]
            index.remove(9)
            assert len(index) == 0
            assert [self.own(found) for found in index.search(code, 5)] == [[]]

    def test_the_same_question_has_the_same_answer(self) -> None:
        """Two indexes filled alike answer alike, in order too."""
        answers = []
        for _ in range(2):
            index = self.make()
            for owner in range(4):
                index.add(owner, self.sample(50, SEED + owner))
            answers.append(index.search(self.sample(20, SEED + 50), 9))
        assert answers[0] == answers[1]
