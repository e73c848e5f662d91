"""The indexes in parts tell what one index of everything that is in them tells, whatever came, went, was
compacted, opened again or taken up from another process before; and what is on disk is whole or noticed."""

import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fingerprints.quantised import CODE_BYTES, packed
from matcher.indexes.film_points import FilmPoints
from matcher.indexes.float_ivf import FloatIvf, OtherVectors
from matcher.indexes.near import Near
from matcher.indexes.parted_index import PartedIndex
from matcher.indexes.parts import Part
from matcher.indexes.shipped_lists import background
from matcher.indexes.sift_ivf import SiftIvf
from matcher.indexes.snapshots import Snapshots
from tests.matcher.indexes.drawn_points import Codes, descriptors, shaken

ROOT = Path(__file__).parents[3]
Index = PartedIndex[Any]


class Learned(FloatIvf):
    """An index of floats whose base has lists as soon as there is anything to learn them from."""

    many = 40


KINDS: list[type[Index]] = [SiftIvf, FilmPoints, FloatIvf, Learned]
OWNERS = st.sampled_from([0, 1, 2, 3, 77, 2**40, 2**63 - 1])
COUNTS = st.sampled_from([0, 1, 2, 40, 150])


def codes(kind: type[Index], owner: int, count: int = 60, version: int = 0) -> Codes:
    """Return what is added of an owner; some of it is equal for two owners, and to a background's."""
    mine = shaken(descriptors(owner % 7), version)[:count]
    mine[::9] = background().codes[: len(mine[::9])]
    return floats(mine) if issubclass(kind, FloatIvf) else packed(mine) if kind is FilmPoints else mine


def floats(descriptors: Codes) -> Codes:
    """Return codes of vectors of 32 numbers."""
    return np.ascontiguousarray(descriptors[:, :32], np.float32).view(np.uint8)


def questions() -> Codes:
    return np.concatenate([shaken(descriptors(seed)[:40], 99) for seed in range(5)] + [background().codes[:10]])


def told(index: Index) -> list[object]:
    """Return everything that an index tells of some queries."""
    return [*told_at_once(index, 0), *told_at_once(index, 1)]


def told_at_once(index: Index, number: int) -> list[object]:
    """Return the answer to one question: about a moment, however many change the index meanwhile."""
    asked, count = questions(), (8, 3)[number]
    if isinstance(index, SiftIvf):
        return [column.tolist() for column in index.nearest(asked, count)]
    if isinstance(index, FloatIvf):
        return [column.tolist() for column in index.nearest(floats(asked), count)]
    assert isinstance(index, FilmPoints)
    near = index.nearest(asked[:50] if number else asked, count, owners=[1, 2, 2**63 - 1, 999] if number else None)
    return [column.tolist() for column in (near.query, near.owner, near.row, near.distance)]


def whole(kind: type[Index], model: Mapping[int, Codes]) -> Index:
    """Return one index of what is there, put in at once."""
    index = kind()
    index.change(model)
    return index


class Operations(RuleBasedStateMachine):
    """Any sequence of what may be done to an index, against one that was made of the outcome."""

    kind: type[Index]

    @initialize()
    def begin(self) -> None:
        self.index, self.model = self.kind(), dict[int, Codes]()

    @rule(owner=OWNERS, count=COUNTS, version=st.integers(0, 3))
    def add(self, owner: int, count: int, version: int) -> None:
        self.model[owner] = codes(self.kind, owner, count, version)
        self.index.add(owner, self.model[owner])

    @rule(owner=OWNERS)
    def remove(self, owner: int) -> None:
        self.index.remove(owner)
        self.model.pop(owner, None)

    @rule(owners=st.lists(OWNERS, max_size=4), gone=OWNERS, version=st.integers(0, 3))
    def change(self, owners: list[int], gone: int, version: int) -> None:
        added = {owner: codes(self.kind, owner, 30, version) for owner in owners if owner != gone}
        self.index.change(added, [gone])
        self.model = {owner: held for owner, held in (self.model | added).items() if owner != gone}

    @rule()
    def compact(self) -> None:
        self.index.compact()
        figures = self.index.figures()
        assert (figures.entries, figures.delta, figures.tombstones) == (len(self.index), 0, 0)

    @invariant()
    def it_tells_what_one_index_of_all_tells(self) -> None:
        held = {owner: mine for owner, mine in self.model.items() if len(mine)}
        assert len(self.index) == sum(map(len, held.values()))
        assert self.index.owners().tolist() == sorted(held)
        assert all((owner in self.index) == (owner in held) for owner in (0, 77, 5555, -1))
        assert told(self.index) == told(whole(self.kind, held))


class SiftOperations(Operations):
    kind = SiftIvf


class FilmOperations(Operations):
    kind = FilmPoints


class FloatOperations(Operations):
    kind = FloatIvf


class LearnedOperations(Operations):
    kind = Learned


CASES = (SiftOperations, FilmOperations, FloatOperations, LearnedOperations)
for case in CASES:
    case.TestCase.settings = settings(max_examples=8, stateful_step_count=10, deadline=None)
TestSift, TestFilm, TestFloat, TestLearned = (case.TestCase for case in CASES)


def test_of_equally_near_ones_the_lowest_owners_are_told_wherever_they_lie(kind: type[Index]) -> None:
    index = kind()
    for owner in range(29, -1, -1):
        index.add(owner, codes(kind, 1, 20))
        if owner == 12:
            index.compact()
    for owners in ([0, 1, 2], [1, 3, 4]):
        asked = descriptors(1)[10:18]
        found = index.nearest(floats(asked) if issubclass(kind, FloatIvf) else asked, 3)
        told_owners = found.owner.reshape(-1, 3) if isinstance(found, Near) else found[1]
        assert {tuple(row) for row in told_owners.tolist()} == {tuple(owners)}
        for owner in (0, 2):
            index.remove(owner)


def test_an_owner_is_a_number_from_zero_on() -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        SiftIvf().add(-1, descriptors(1))
    index = SiftIvf()
    index.remove(-1)
    assert len(index.nearest(background().codes[:5], 3)[0]) == 5


def test_vectors_of_another_length_and_what_is_no_number_are_refused() -> None:
    index, vectors = FloatIvf(), np.ones((3, 8), np.float32)
    index.add(1, vectors.view(np.uint8))
    with pytest.raises(OtherVectors, match="16 numbers"):
        index.add(2, np.ones((1, 16), np.float32).view(np.uint8))
    with pytest.raises(OtherVectors):
        index.search(np.ones((1, 16), np.float32).view(np.uint8), 3)
    with pytest.raises(OtherVectors):
        index.add(2, (vectors * np.nan).view(np.uint8))
    index.compact()
    index.remove(1)
    index.add(2, np.ones((1, 4), np.float32).view(np.uint8))
    index.compact()
    assert [hit.owner for hit in index.search(np.ones((1, 4), np.float32).view(np.uint8), 3)[0]] == [2]


def state(covers: int) -> dict[int, tuple[int, int]]:
    """Return which count and version of which owner is in once so many changes are."""
    held: dict[int, tuple[int, int]] = {}
    for change in range(1, covers + 1):
        held[change % 9] = (5 + change % 40, change % 4)
        held.pop((change * 7) % 9, None)
    return held


def changed(index: Index, change: int) -> None:
    owner, gone = change % 9, (change * 7) % 9
    added = {} if owner == gone else {owner: codes(type(index), owner, 5 + change % 40, change % 4)}
    index.change(added, [gone], covers=change)


def holds(index: Index, covers: int) -> bool:
    held = state(covers)
    model = {owner: codes(type(index), owner, *what) for owner, what in held.items()}
    return index.covers == covers and told(index) == told(whole(type(index), model))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Index]:
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def two(kind: type[Index], folder: Path) -> Path:
    """A folder with two generations, after 12 changes and after 30."""
    index = kind(Snapshots(folder))
    for change in range(1, 31):
        changed(index, change)
        if change in (12, 30):
            index.compact()
    return folder


def test_what_was_compacted_is_there_after_opening_and_nothing_is_assigned_again(kind: type[Index], two: Path) -> None:
    class Opened(kind):  # type: ignore[misc,valid-type]
        def _holding(self, added: Mapping[int, Codes]) -> Part:
            raise AssertionError("something was assigned to lists again")

    index = Opened(Snapshots(two))
    figures = index.figures()
    assert (index.damages, index.covers, figures.generation, figures.delta, figures.tombstones) == ([], 30, 2, 0, 0)
    assert figures.age_s is not None
    assert figures.bytes_mapped > len(index) * CODE_BYTES
    assert figures.bytes_held == 0
    assert told(index) == told(kind(Snapshots(two)))
    assert holds(kind(Snapshots(two)), 30)


def test_what_is_added_to_and_removed_from_an_opened_index_is_kept_by_the_next_compaction(
    kind: type[Index], two: Path
) -> None:
    index = kind(Snapshots(two))
    for change in range(31, 36):
        changed(index, change)
    assert holds(index, 35)
    assert index.figures().delta > 0
    assert index.figures().tombstones > 0
    index.compact()
    assert holds(index, 35)
    assert holds(kind(Snapshots(two)), 35)


def test_an_index_of_nothing_is_kept_too(kind: type[Index], folder: Path) -> None:
    kind(Snapshots(folder)).compact()
    index = kind(Snapshots(folder))
    assert (len(index), index.damages, index.figures().generation) == (0, [], 1)
    assert told(index) == told(kind())
    index.add(5, codes(kind, 5, 1))
    index.compact()
    assert told(kind(Snapshots(folder))) == told(whole(kind, {5: codes(kind, 5, 1)}))


def test_a_flipped_byte_in_any_file_is_noticed_and_the_generation_before_is_used(kind: type[Index], two: Path) -> None:
    paths = sorted(path for path in (two / "generation-2").iterdir() if path.stat().st_size)
    assert {"owners", "begins", "manifest.json"} < {path.name for path in paths}
    for path in paths:
        at = random.Random(path.name).randrange(path.stat().st_size)
        kept = path.read_bytes()
        path.write_bytes(kept[:at] + bytes([kept[at] ^ 4]) + kept[at + 1 :])
        index = kind(Snapshots(two))
        assert [str(path) in sentence for sentence in index.damages] == [True]
        assert (index.covers, index.figures().generation) == (12, 1)
        path.write_bytes(kept)
    assert holds(kind(Snapshots(two)), 30)


@pytest.mark.parametrize("kind", [SiftIvf, FilmPoints])
def test_lists_that_are_not_those_that_are_shipped_are_not_searched(kind: type[Index], folder: Path) -> None:
    snapshots = Snapshots(folder)
    arrays = dict(whole(kind, {1: codes(kind, 1)})._state.parts[-1].arrays)
    snapshots.write((arrays | {"sign": np.zeros(32, np.uint8)}).items(), 1)
    index = kind(Snapshots(folder))
    assert (len(index), len(index.damages)) == (0, 1)
    index.add(1, codes(kind, 1))
    index.compact()
    assert kind(Snapshots(folder)).damages == []


def test_another_process_takes_up_what_one_wrote_and_keeps_what_it_knows_beyond(
    kind: type[Index], folder: Path
) -> None:
    one, other = kind(Snapshots(folder)), kind(Snapshots(folder))
    for change in range(1, 16):
        changed(one, change)
        if change <= 6:
            changed(other, change)
    one.compact()
    assert other.refresh()
    assert not other.refresh()
    assert holds(other, 15)
    for change in range(16, 24):
        changed(other, change)
        if change <= 19:
            changed(one, change)
    one.compact()
    assert other.refresh()
    assert (other.figures().generation, holds(other, 23)) == (2, True)


def test_owners_that_stand_for_their_content_need_no_count_of_changes(kind: type[Index], folder: Path) -> None:
    one, other = kind(Snapshots(folder)), kind(Snapshots(folder))
    other.change({owner: codes(kind, owner) for owner in (1, 2, 3)})
    one.change({owner: codes(kind, owner) for owner in (2, 3, 4)})
    one.compact()
    other.remove(3)
    assert other.refresh()
    assert other.owners().tolist() == [1, 2, 4]
    assert other.figures().delta == len(codes(kind, 1))
    assert told(other) == told(whole(kind, {owner: codes(kind, owner) for owner in (1, 2, 4)}))


def test_a_damaged_newer_generation_is_left_alone(kind: type[Index], folder: Path) -> None:
    one, other = kind(Snapshots(folder)), kind(Snapshots(folder))
    other.add(1, codes(kind, 1))
    one.add(2, codes(kind, 2))
    one.compact()
    (folder / "generation-1" / "begins").write_bytes(b"nothing")
    assert not other.refresh()
    assert not other.refresh()
    assert len(other.damages) == 1
    assert other.owners().tolist() == [1]


def test_an_index_that_is_open_outlives_its_files(kind: type[Index], two: Path) -> None:
    index, again = kind(Snapshots(two)), kind(Snapshots(two))
    before = told(index)
    for path in sorted(two.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert told(index) == before == told(again)


WRITER = """
import sys
from pathlib import Path
from matcher.indexes.snapshots import Snapshots
from tests.matcher.indexes import test_parted_indexes as tests
index = tests.KINDS[int(sys.argv[2])](Snapshots(Path(sys.argv[1])))
print(index.covers, len(index.damages), flush=True)
for change in range(index.covers + 1, 10**6):
    tests.changed(index, change)
    if change % 3 == 0:
        index.compact()
        print(change, 0, flush=True)
"""


@pytest.mark.parametrize("kind", [FilmPoints, Learned])
def test_a_kill_at_any_moment_leaves_one_whole_generation(kind: type[Index], folder: Path) -> None:
    told_, chance = 0, random.Random(1)
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(folder), str(KINDS.index(kind))]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline().split()[1] == "0"
            assert child.stdout.readline()  # a first generation is whole
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.0, 0.3))
            child.kill()
            told_ = max([told_, *(int(line.split()[0]) for line in child.stdout.read().splitlines() if " 0" in line)])
        index = kind(Snapshots(folder))
        assert index.damages == []
        assert index.covers >= told_
        assert holds(index, index.covers)


@pytest.mark.parametrize("kind", [SiftIvf, FilmPoints, Learned])
def test_every_answer_is_that_of_one_moment_while_threads_change_and_compact_the_index(
    kind: type[Index], folder: Path
) -> None:
    command = [sys.executable, "-m", "tests.matcher.indexes.crowded_index", str(KINDS.index(kind)), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr  # a fault of the engine would have ended it
    right, answers = map(int, done.stdout.split())
    assert right == answers > 0
