"""Arrays by owner are what was put, whatever came, went, was compacted, killed or damaged, in whichever process."""

import random
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from matcher.indexes.arrays import Arrays, Owned
from matcher.indexes.snapshots import SnapshotBusy, SnapshotDamaged, SnapshotNotWritten, Snapshots

ROOT = Path(__file__).parents[3]
OWNERS = st.sampled_from([*range(7), 2**62, 40])


def arrays(owner: int, version: int = 0) -> Owned:
    """Return what an owner has: two tables, one of them, one that is empty, or nothing at all; the same in any call."""
    chance = np.random.default_rng((owner, version))
    rows = int(chance.integers(0, 5))
    words, places = chance.integers(0, 9, (4, rows)).astype(np.uint64), chance.random(rows).astype(np.float32)
    return [{"words": words, "places": places}, {"places": places}, {"words": words}, {}][int(chance.integers(4))]


def holds(stored: Arrays, model: dict[int, Owned]) -> bool:
    """Say whether exactly this is stored, to the bit."""
    taken = {owner: stored.take(owner) for owner in model}
    return (
        len(stored) == len(model)
        and stored.owners().tolist() == sorted(model)
        and all(found is not None and same(found, model[owner]) for owner, found in taken.items())
        and all(
            stored.having(name).tolist() == sorted(owner for owner, held in model.items() if len(held.get(name, ())))
            for name in ("words", "places", "unknown")
        )
    )


def same(found: Owned, wanted: Owned) -> bool:
    return found.keys() == wanted.keys() and all(
        found[name].dtype == wanted[name].dtype and np.array_equal(found[name], wanted[name]) for name in wanted
    )


class Operations(RuleBasedStateMachine):
    """Any sequence of what may be done, against a plain dictionary."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.stored, self.model = Arrays(Snapshots(Path(self.folder.name))), dict[int, Owned]()

    @rule(owner=OWNERS, version=st.integers(0, 99))
    def put(self, owner: int, version: int) -> None:
        self.model[owner] = arrays(owner, version)
        self.stored.put(owner, self.model[owner])

    @rule(owner=OWNERS)
    def remove(self, owner: int) -> None:
        self.stored.remove(owner)
        self.model.pop(owner, None)

    @rule()
    def compact(self) -> None:
        self.stored.compact()
        figures = self.stored.figures()
        assert (figures.entries, figures.delta, figures.tombstones) == (len(self.model), 0, 0)

    @rule()
    def compact_and_open_again(self) -> None:
        self.stored.compact()
        self.stored = Arrays(Snapshots(Path(self.folder.name)))
        assert self.stored.damages == []

    @invariant()
    def it_holds_what_was_put(self) -> None:
        assert holds(self.stored, self.model)
        assert self.stored.take(5555) is None
        assert 5555 not in self.stored
        assert all(owner in self.stored for owner in self.model)

    def teardown(self) -> None:
        self.folder.cleanup()


TestOperations = Operations.TestCase
TestOperations.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "arrays"


@pytest.fixture
def two(folder: Path) -> Path:
    """A folder with two generations: of the owners below 20, and of those below 40."""
    stored = Arrays(Snapshots(folder))
    for most in (20, 40):
        stored.change(model(most))
        stored.compact()
    return folder


def model(most: int) -> dict[int, Owned]:
    return {owner: arrays(owner) for owner in range(most)}


def test_what_is_in_the_base_is_mapped_and_cannot_be_changed(two: Path) -> None:
    stored = Arrays(Snapshots(two))
    assert holds(stored, model(40))
    assert stored.bytes_held() < 100
    figures = stored.figures()
    assert figures.bytes_mapped > 0
    assert (figures.generation, figures.delta, figures.tombstones) == (2, 0, 0)
    assert figures.age_s is not None
    owner = int(stored.having("words")[0])
    stored.put(77, {"words": np.ones((4, 2), np.uint64)})
    for number in (owner, 77):
        taken = stored.take(number)
        assert taken is not None
        assert not taken["words"].flags.writeable


def test_nothing_is_kept_too(folder: Path) -> None:
    Arrays(Snapshots(folder)).compact()
    stored = Arrays(Snapshots(folder))
    assert holds(stored, {})
    assert (stored.damages, stored.figures().generation) == ([], 1)


def test_without_a_place_on_disk_it_works_in_memory() -> None:
    stored = Arrays()
    stored.change(model(9))
    stored.compact()
    assert not stored.refresh()
    assert holds(stored, model(9))


def test_what_cannot_be_stored_is_refused() -> None:
    with pytest.raises(ValueError, match="one or two"):
        Arrays().put(1, {"cube": np.zeros((2, 2, 2))})


def test_one_name_has_one_type_of_item(folder: Path) -> None:
    stored = Arrays(Snapshots(folder))
    stored.change({1: {"seen": np.zeros(2, np.int64)}, 2: {"seen": np.zeros(2, np.float64)}})
    with pytest.raises(ValueError, match="seen are of several types"):
        stored.compact()
    stored.remove(2)
    stored.compact()
    assert Arrays(Snapshots(folder)).owners().tolist() == [1]


def files_of(generation: Path) -> list[Path]:
    return [path for path in sorted(generation.iterdir()) if path.stat().st_size]


def test_a_flipped_byte_in_any_file_is_noticed_and_the_generation_before_is_used(two: Path) -> None:
    paths = files_of(two / "generation-2")
    assert {"words", "words.begins", "words.shapes", "owners"} < {path.name for path in paths}
    for path in paths:
        content = path.read_bytes()
        at = random.Random(path.name).randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        stored = Arrays(Snapshots(two))
        assert [str(path) in sentence for sentence in stored.damages] == [True]
        assert holds(stored, model(20))
        with pytest.raises(SnapshotDamaged):
            stored.refresh()
        path.write_bytes(content)


def test_another_process_takes_up_what_one_wrote_and_keeps_what_it_has_beyond(two: Path) -> None:
    one, other = Arrays(Snapshots(two)), Arrays(Snapshots(two))
    assert not other.refresh()
    one.change({50: arrays(50), 51: arrays(51)}, [3])
    other.change({51: arrays(51), 52: arrays(52)})
    one.compact()
    assert other.refresh()
    assert holds(other, {owner: arrays(owner) for owner in (*range(40), 50, 51, 52) if owner != 3})
    assert other.figures().delta == 1  # that of 52


def test_what_happens_while_a_base_is_written_is_not_lost(two: Path) -> None:
    stored, held = Arrays(Snapshots(two)), model(40)
    stop, begun = threading.Event(), threading.Event()

    def compact() -> None:
        while not stop.is_set():
            stored.compact()
            begun.set()

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(compact)
        begun.wait()
        for step in range(300):
            owner = step * 7 % 60
            if step % 3:
                held[owner] = arrays(owner, step)
                stored.put(owner, held[owner])
            else:
                stored.remove(owner)
                held.pop(owner, None)
        stop.set()
        made.result()
    assert holds(stored, held)
    stored.compact()
    assert holds(Arrays(Snapshots(two)), held)


def test_only_one_process_writes_at_a_time_and_the_other_goes_on_in_memory(two: Path) -> None:
    stored = Arrays(Snapshots(two))
    stored.put(50, arrays(50))

    def meanwhile() -> Iterator[tuple[str, np.ndarray]]:
        with pytest.raises(SnapshotBusy, match="Another process"):
            stored.compact()
        yield "owners", np.zeros(0, np.int64)

    Snapshots(two).write(meanwhile(), 0)
    assert holds(stored, model(40) | {50: arrays(50)})


def test_a_full_disk_is_one_sentence_and_everything_stays(two: Path) -> None:
    stored = Arrays(Snapshots(two))
    stored.put(50, arrays(50))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SnapshotNotWritten, match="make room"):
            stored.compact()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert holds(stored, model(40) | {50: arrays(50)})
    assert holds(Arrays(Snapshots(two)), model(40))


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    stored = Arrays(Snapshots(tmp_path / "file" / "arrays"))
    stored.put(1, arrays(1))
    with pytest.raises(SnapshotNotWritten, match="could not be written"):
        stored.compact()
    assert holds(stored, {1: arrays(1)})


WRITER = """
import sys
from pathlib import Path
from matcher.indexes.arrays import Arrays
from matcher.indexes.snapshots import Snapshots
from tests.matcher.indexes.test_arrays import arrays
stored = Arrays(Snapshots(Path(sys.argv[1])))
print(len(stored), len(stored.damages), flush=True)
while True:
    for owner in range(len(stored), len(stored) + 5):
        stored.put(owner, arrays(owner))
    stored.compact()
    print(len(stored), 0, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_at_any_moment_leaves_one_whole_generation(folder: Path, seed: int) -> None:
    told, chance = 0, random.Random(seed)
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline().split()[1] == "0"
            assert child.stdout.readline()  # a first generation is whole
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.0, 0.4))
            child.kill()
            lines = child.stdout.read().splitlines()
            told = max([told, *(int(line.split()[0]) for line in lines if line.endswith(" 0"))])
        stored = Arrays(Snapshots(folder))
        assert stored.damages == []
        assert len(stored) >= told
        assert holds(stored, model(len(stored)))
