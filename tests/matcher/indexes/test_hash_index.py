"""The index of hashes tells what brute force tells, whatever came, went and was compacted before, in any thread."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from matcher.indexes.hamming import Codes
from matcher.indexes.hash_delta import PART, Delta
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.near import Near
from matcher.indexes.snapshots import Snapshots
from matcher.interface import Index
from matcher.testing import IndexContract

OWNERS = st.sampled_from([*range(8), 2**40, 77])
NOTHING = np.zeros((0, 32), np.uint8)
Quadruple = tuple[int, int, int, int]


def codes(count: int, seed: int) -> Codes:
    """Return hashes of which some are equal and some nearly so, in any two calls."""
    random = np.random.default_rng(seed)
    shots = np.random.default_rng(0).integers(0, 256, (5, 32)).astype(np.uint8)
    noise = np.packbits(random.random((count, 256)) < random.choice([0.0, 0.03, 0.3], (count, 1)), axis=1)
    return shots[random.integers(0, 5, count)] ^ noise


def truth(model: Mapping[int, Codes], asked: Codes, radius: int, most: int = 400) -> list[Quadruple]:
    """Return (query, owner, row, bits) as brute force finds them."""
    found: list[Quadruple] = []
    for query, code in enumerate(asked):
        near = []
        for owner, stored in model.items():
            bits = np.bitwise_count(code ^ stored).sum(axis=1, dtype=int)
            near += [(int(bits[row]), owner, int(row)) for row in np.flatnonzero(bits <= radius)]
        found += [(query, owner, row, bits) for bits, owner, row in sorted(near)[:most]]
    return found


def quadruples(near: Near) -> list[Quadruple]:
    columns = (near.query, near.owner, near.row, near.distance.astype(int))
    return list(zip(*(column.tolist() for column in columns), strict=True))


class TestHashIndex(IndexContract):
    def make(self) -> Index:
        return HashIndex()

    def sample(self, count: int, seed: int) -> NDArray[np.uint8]:
        return np.random.default_rng(seed).integers(0, 256, (count, 32)).astype(np.uint8)


class TestCompactedIndex(TestHashIndex):
    """The same promises where everything is in the base."""

    def make(self) -> Index:
        return Compacting()


class Compacting(HashIndex):
    def add(self, owner: int, codes: Codes) -> None:
        super().add(owner, codes)
        self.compact()


class Operations(RuleBasedStateMachine):
    """Any sequence of what may be done to an index, against a plain dictionary."""

    @initialize()
    def begin(self) -> None:
        self.index, self.model = HashIndex(), dict[int, Codes]()

    @rule(owner=OWNERS, count=st.sampled_from([0, 1, 2, 30]), seed=st.integers(0, 99))
    def add(self, owner: int, count: int, seed: int) -> None:
        self.index.add(owner, codes(count, seed))
        self.model[owner] = codes(count, seed)

    @rule(owner=OWNERS)
    def remove(self, owner: int) -> None:
        self.index.remove(owner)
        self.model.pop(owner, None)

    @rule(owners=st.lists(OWNERS, max_size=4), gone=OWNERS, seed=st.integers(0, 99))
    def change(self, owners: list[int], gone: int, seed: int) -> None:
        added = {owner: codes(3, seed + number) for number, owner in enumerate(owners) if owner != gone}
        self.index.change(added, [gone])
        self.model = {owner: held for owner, held in (self.model | added).items() if owner != gone}

    @rule()
    def compact(self) -> None:
        self.index.compact()
        assert len(self.index) == self.index.figures().entries
        assert self.index.figures().delta == self.index.figures().tombstones == 0

    @invariant()
    def it_tells_what_brute_force_tells(self) -> None:
        asked = codes(4, 7)
        assert len(self.index) == sum(map(len, self.model.values()))
        for radius, most in ((31, 400), (20, 3), (120, 400)):
            assert quadruples(self.index.within(asked, radius, most=most)) == truth(self.model, asked, radius, most)
        some = {owner: held for owner, held in self.model.items() if owner in (1, 3, 77)}
        assert quadruples(self.index.within(asked, 40, owners=[3, 1, 77, 5555])) == truth(some, asked, 40)
        for owner in (1, 77, 5555):
            assert (self.index.codes_of(owner) == self.model.get(owner, NOTHING)).all()
            assert (owner in self.index) == bool(len(self.model.get(owner, NOTHING)))


TestOperations = Operations.TestCase
TestOperations.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


def test_an_owner_of_one_hash_and_one_of_many_are_found_in_a_large_delta() -> None:
    random = np.random.default_rng(1)
    model = {owner: random.integers(0, 256, (1, 32)).astype(np.uint8) for owner in range(0, 9000, 2)}
    delta = Delta().changed(model)
    for owner, count in ((5, 3 * PART), (4001, 1), (9999, 7), (-3, 2)):
        model[owner] = random.integers(0, 256, (count, 32)).astype(np.uint8)
        delta = delta.changed({owner: model[owner]})
    for owner in (0, 4002, 8998):
        delta = delta.changed({}, [owner])
        del model[owner]
    assert len(delta) == sum(map(len, model.values()))
    assert max(map(len, delta.parts)) <= 2 * PART
    assert delta.owners().tolist() == sorted(delta.owners().tolist())
    assert all((delta.codes_of(owner) == model[owner]).all() for owner in (5, 4001, 9999, -3, 4000))
    asked = np.concatenate([model[owner][-1:] for owner in (5, 4001, 9999, -3, 4000)])
    assert quadruples(delta.near(asked, 0, 9)) == truth(model, asked, 0)


def test_a_change_costs_what_changed_and_not_what_is_held() -> None:
    index = HashIndex()
    index.add(1, codes(200_000, 1))
    index.compact()
    before = index.figures()
    index.add(2, codes(10, 2))
    index.remove(1)
    index.add(1, codes(20, 3))
    after = index.figures()
    assert (after.entries, after.delta, after.tombstones) == (30, 30, 200_000)
    assert index.bytes_held() - before.bytes_held < 200_000 / 8 + 30 * 64


def test_what_happens_while_a_base_is_made_is_not_lost() -> None:
    index, model = HashIndex(), {owner: codes(2000, owner) for owner in range(40)}
    index.change(model)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(index.compact)
        for owner in range(20, 60):
            index.add(owner, codes(5, owner + 100))
            model[owner] = codes(5, owner + 100)
            index.remove(owner - 20)
            del model[owner - 20]
        made.result()
    asked = codes(3, 1)
    assert quadruples(index.within(asked, 20)) == truth(model, asked, 20)
    index.compact()
    assert quadruples(index.within(asked, 20)) == truth(model, asked, 20)
    assert len(index) == sum(map(len, model.values()))


@pytest.fixture
def churned(tmp_path: Path) -> Iterator[tuple[HashIndex, list[dict[int, Codes]]]]:
    """An index that one thread keeps changing and compacting, with every state that it ever was in."""
    index, states, stop = HashIndex(Snapshots(tmp_path / "index")), [dict[int, Codes]()], threading.Event()

    def churn() -> None:
        random = np.random.default_rng(5)
        for step in range(100_000):
            if stop.is_set():
                return
            owner = int(random.integers(12))
            added = {} if step % 3 == 0 else {owner: codes(int(random.integers(1, 40)), step)}
            # Noted before it is done: a reader may see it as soon as it is.
            states.append({key: held for key, held in states[-1].items() if key != owner} | added)
            index.change(added, [owner])

    def compact() -> None:
        while not stop.is_set():
            index.compact()

    threads = [threading.Thread(target=churn), threading.Thread(target=compact)]
    for thread in threads:
        thread.start()
    yield index, states
    stop.set()
    for thread in threads:
        thread.join()


def test_every_answer_is_that_of_one_state_that_was_current_meanwhile(
    churned: tuple[HashIndex, list[dict[int, Codes]]],
) -> None:
    index, states = churned
    asked = codes(3, 1)

    def read(different: int) -> list[tuple[int, int, list[Quadruple]]]:
        answers: list[tuple[int, int, list[Quadruple]]] = []
        while len({tuple(found) for _, _, found in answers}) < different or index.figures().generation < 3:
            before = max(0, len(states) - 2)  # the last one that was noted may not be done yet
            found = quadruples(index.within(asked, 31))
            answers.append((before, len(states), found))
        return answers

    with ThreadPoolExecutor(8) as pool:
        every = [answer for answers in pool.map(read, [6] * 8) for answer in answers]
    known: dict[int, list[Quadruple]] = {}
    for first, last, found in every:
        for number in {*range(first, last)} - {*known}:
            known[number] = truth(states[number], asked, 31)
        assert any(known[number] == found for number in range(first, last))
