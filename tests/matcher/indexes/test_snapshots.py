"""A generation on disk is whole or noticed, whatever was killed, flipped, cut, lost or full."""

import json
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config import clock
from matcher.indexes.hamming import Codes
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.snapshots import (
    ASIDE,
    CHECKED,
    LARGE_BYTES,
    POINTER,
    SnapshotDamaged,
    SnapshotNotWritten,
    Snapshots,
)

ROOT = Path(__file__).parents[3]


def codes(owner: int, version: int) -> Codes:
    return np.random.default_rng((owner, version)).integers(0, 256, (1 + owner % 3, 32)).astype(np.uint8)


def state(covers: int) -> dict[int, Codes]:
    """Return what the index holds once so many changes are in: each replaces one owner, and removes another."""
    held: dict[int, Codes] = {}
    for change in range(1, covers + 1):
        held[change % 40] = codes(change % 40, change)
        held.pop((change * 7) % 40, None)
    return held


def changed(index: HashIndex, change: int) -> None:
    gone = (change * 7) % 40
    added = {change % 40: codes(change % 40, change)}
    index.change({owner: held for owner, held in added.items() if owner != gone}, [gone], covers=change)


def holds(index: HashIndex, held: dict[int, Codes]) -> bool:
    return len(index) == sum(map(len, held.values())) and all(
        (index.codes_of(owner) == mine).all() and set(index.within(mine, 0).owner.tolist()) == {owner}
        for owner, mine in held.items()
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def two(folder: Path) -> Path:
    """A folder with two generations, after 20 changes and after 50."""
    index = HashIndex(Snapshots(folder))
    for change in range(1, 51):
        changed(index, change)
        if change in (20, 50):
            index.compact()
    return folder


def test_what_was_compacted_is_there_after_opening(two: Path) -> None:
    index = HashIndex(Snapshots(two))
    figures = index.figures()
    assert (index.damages, index.covers, figures.generation, figures.delta, figures.tombstones) == ([], 50, 2, 0, 0)
    assert holds(index, state(50))
    assert figures.age_s is not None
    assert figures.bytes_mapped > len(index) * 32
    assert index.bytes_held() == 0
    changed(index, 51)
    index.compact()
    assert holds(HashIndex(Snapshots(two)), state(51))
    assert sorted(path.name for path in two.glob("generation-*")) == ["generation-2", "generation-3"]


def test_an_index_of_nothing_is_kept_too(folder: Path) -> None:
    HashIndex(Snapshots(folder)).compact()
    index = HashIndex(Snapshots(folder))
    assert (len(index), index.damages, index.figures().generation) == (0, [], 1)


def files_of(generation: Path) -> list[str]:
    return sorted(path.name for path in generation.iterdir() if path.stat().st_size)


def test_a_flipped_byte_in_any_file_is_noticed_and_the_generation_before_is_used(two: Path) -> None:
    names = files_of(two / "generation-2")
    assert {"codes", "places", "manifest.json"} < {*names}
    for name in names:
        path = two / "generation-2" / name
        kept = path.read_bytes()
        at = random.Random(name).randrange(len(kept))
        path.write_bytes(kept[:at] + bytes([kept[at] ^ 4]) + kept[at + 1 :])
        index = HashIndex(Snapshots(two))
        (sentence,) = index.damages
        assert str(path) in sentence
        assert (index.covers, index.figures().generation) == (20, 1)
        path.write_bytes(kept)
    assert HashIndex(Snapshots(two)).damages == []
    assert holds(index, state(20))


def test_a_damaged_generation_is_replaced_and_the_whole_one_before_it_is_kept(two: Path) -> None:
    (two / "generation-2" / "places").unlink()
    index = HashIndex(Snapshots(two))
    changed(index, 21)
    index.compact()
    assert sorted(path.name for path in two.glob("generation-*")) == ["generation-1", "generation-3"]
    index = HashIndex(Snapshots(two))
    assert (index.damages, index.covers) == ([], 21)
    assert holds(index, state(21))


def test_a_pointer_that_was_flipped_is_noticed_and_the_newest_generation_is_used(two: Path) -> None:
    kept = (two / POINTER).read_bytes()
    for at in range(len(kept)):
        (two / POINTER).write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
        index = HashIndex(Snapshots(two))
        assert [str(two / POINTER) in sentence for sentence in index.damages] == [True]
        assert index.covers == 50


@pytest.mark.parametrize("name", ["codes", "first", "manifest.json"])
@pytest.mark.parametrize("size", [None, 0, 5])
def test_a_file_that_is_missing_or_cut_short_is_noticed(two: Path, name: str, size: int | None) -> None:
    path = two / "generation-2" / name
    content = path.read_bytes()
    path.unlink()
    if size is not None:
        path.write_bytes(content[:size])
    index = HashIndex(Snapshots(two))
    assert [str(path) in sentence for sentence in index.damages] == [True]
    assert index.covers == 20


def test_when_nothing_is_whole_it_says_so_and_begins_with_nothing(two: Path) -> None:
    for generation in ("generation-1", "generation-2"):
        (two / generation / "places").unlink()
    index = HashIndex(Snapshots(two))
    assert (len(index), index.covers, len(index.damages)) == (0, 0, 2)
    for change in range(1, 10):
        changed(index, change)
    index.compact()
    assert holds(HashIndex(Snapshots(two)), state(9))
    assert HashIndex(Snapshots(two)).damages == []


def test_a_generation_that_was_renamed_but_not_pointed_to_is_no_damage(two: Path) -> None:
    (two / POINTER).unlink()
    index = HashIndex(Snapshots(two))
    assert (index.covers, index.damages) == (50, [])


def test_a_full_disk_is_one_sentence_and_the_old_generation_stays(two: Path) -> None:
    index = HashIndex(Snapshots(two))
    changed(index, 51)
    before = sorted(two.rglob("*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(SnapshotNotWritten, match="make room; the generation before stays in use"):
            index.compact()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert holds(index, state(51))
    assert sorted(path for path in two.rglob("*") if path.name != "writer.lock") == [
        path for path in before if path.name != "writer.lock"
    ]
    index.compact()
    assert holds(HashIndex(Snapshots(two)), state(51))


def test_only_one_process_writes_at_a_time(folder: Path) -> None:
    snapshots = Snapshots(folder)

    def arrays() -> Iterator[tuple[str, np.ndarray]]:
        with pytest.raises(SnapshotNotWritten, match="Another process"):
            Snapshots(folder).write([], 2)
        yield "one", np.arange(3)

    assert snapshots.write(arrays(), 1).generation == 1


def test_another_process_takes_up_what_one_wrote_and_keeps_what_it_knows_beyond(folder: Path) -> None:
    one, other = HashIndex(Snapshots(folder)), HashIndex(Snapshots(folder))
    for change in range(1, 31):
        changed(one, change)
        if change <= 10:
            changed(other, change)
    one.compact()
    assert other.refresh()
    assert holds(other, state(30))
    assert not other.refresh()
    for change in range(31, 45):
        changed(other, change)
        if change <= 37:
            changed(one, change)
    one.compact()
    assert other.refresh()
    assert (other.covers, other.figures().generation) == (44, 2)
    assert holds(other, state(44))


def test_an_index_that_is_open_outlives_its_files(two: Path) -> None:
    index = HashIndex(Snapshots(two))
    shutil.rmtree(two)
    assert holds(index, state(50))


KILLED_AT = """
import os, signal, sys
import numpy as np
from pathlib import Path
from matcher.indexes.snapshots import Snapshots
def arrays():
    for number in range(4):
        if number == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield f"array-{number}", np.arange(1000)
Snapshots(Path(sys.argv[1])).write(arrays(), 7)
"""


@pytest.mark.parametrize("number", [0, 3])
def test_what_is_killed_while_it_writes_leaves_the_old_generation(two: Path, number: int) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_AT, str(two), str(number)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert list(two.glob(f"{ASIDE}*"))
    index = HashIndex(Snapshots(two))
    assert (index.covers, index.damages) == (50, [])
    changed(index, 51)
    index.compact()
    assert not list(two.glob(f"{ASIDE}*"))
    assert holds(HashIndex(Snapshots(two)), state(51))


WRITER = """
import sys
from pathlib import Path
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.snapshots import Snapshots
from tests.matcher.indexes.test_snapshots import changed
index = HashIndex(Snapshots(Path(sys.argv[1])))
print(index.covers, len(index.damages), flush=True)
for change in range(index.covers + 1, 10**6):
    changed(index, change)
    if change % 3 == 0:
        index.compact()
        print(change, 0, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_kill_at_any_moment_leaves_one_whole_generation(folder: Path, seed: int) -> None:
    told, chance = 0, random.Random(seed)
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline().split()[1] == "0"
            assert child.stdout.readline()  # a first generation is whole
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.0, 0.4))
            child.kill()
            told = max([told, *(int(line.split()[0]) for line in child.stdout.read().splitlines() if " 0" in line)])
        index = HashIndex(Snapshots(folder))
        assert index.damages == []
        assert index.covers >= told
        assert holds(index, state(index.covers))


@pytest.fixture
def large(folder: Path) -> Path:
    """The large file of a generation; beside it is a small one."""
    Snapshots(folder).write([("many", np.zeros(LARGE_BYTES, np.uint8)), ("few", np.zeros(9, np.uint8))], 1)
    return folder / "generation-1" / "many"


def opened(folder: Path, after: timedelta) -> None:
    """Open the generation some time after it was written."""
    with clock.frozen(clock.now() + after):
        Snapshots(folder).opened(1)


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(7)
        file.write(b"1")


def noted(folder: Path) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((folder / CHECKED).read_text())
    return found


def test_a_large_file_that_was_found_whole_is_not_read_again_for_an_hour(folder: Path, large: Path) -> None:
    opened(folder, timedelta(hours=1))
    assert list(noted(folder)) == ["generation-1/many"]
    flip(large)
    # As a bad disk does it: nothing tells that the file was touched.
    facts = large.stat()
    touched = [facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns]
    (folder / CHECKED).write_text(json.dumps({name: [at, touched] for name, (at, _) in noted(folder).items()}))
    opened(folder, timedelta(hours=1, minutes=50))
    with pytest.raises(SnapshotDamaged, match="many"):
        opened(folder, timedelta(hours=2, minutes=10))


def test_a_large_file_that_was_touched_is_read_again(folder: Path, large: Path) -> None:
    opened(folder, timedelta(hours=1))
    flip(large)
    with pytest.raises(SnapshotDamaged, match="many"):
        opened(folder, timedelta(hours=1))


def test_a_file_touched_just_now_is_read_again(folder: Path, large: Path) -> None:
    opened(folder, timedelta())
    assert noted(folder) == {}


@pytest.mark.parametrize("note", ["", "{", "[]", '{"generation-1/many": 3}', '{"generation-1/many": [0, ["x"]]}'])
def test_a_note_that_says_nothing_is_as_none(folder: Path, large: Path, note: str) -> None:
    (folder / CHECKED).write_text(note)
    flip(large)
    with pytest.raises(SnapshotDamaged, match="many"):
        opened(folder, timedelta(hours=1))


def test_a_small_file_is_read_each_time(folder: Path, large: Path) -> None:
    opened(folder, timedelta(hours=1))
    flip(large.with_name("few"))
    with pytest.raises(SnapshotDamaged, match="few"):
        opened(folder, timedelta(hours=1))
