"""The search of hashes tells what brute force tells, on any thread, wherever mekiki is installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.indexes import hamming
from matcher.indexes.hamming_scan import BLOCK

Triple = tuple[int, int, int]
ROOT = Path(__file__).parents[3]


def hashes(count: int, seed: int, *, different: int = 256) -> NDArray[np.uint8]:
    """Return random hashes; with few different bytes many are equally near."""
    return np.random.default_rng(seed).integers(0, different, (count, 32)).astype(np.uint8)


def truth(parts: Sequence[NDArray[np.uint8]], asked: NDArray[np.uint8], radius: int, most: int) -> list[Triple]:
    stored = np.concatenate([hashes(0, 0), *parts])
    bits = np.bitwise_count(asked[:, None] ^ stored[None]).sum(axis=2, dtype=int)
    found: list[Triple] = []
    for query, row in enumerate(bits):
        near = sorted((int(row[place]), int(place)) for place in np.flatnonzero(row <= radius))[:most]
        found += [(query, place, distance) for distance, place in near]
    return found


def told(parts: Sequence[NDArray[np.uint8]], asked: NDArray[np.uint8], radius: int, most: int) -> list[Triple]:
    pairs = hamming.nearest([hamming.laid_out(part) for part in parts], asked, radius, most)
    return list(zip(*(column.tolist() for column in pairs), strict=True))


@given(
    counts=st.lists(st.sampled_from([0, 1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3]), max_size=4),
    queries=st.integers(0, 6),
    radius=st.integers(0, 256),
    most=st.sampled_from([1, 5, 400, hamming.EVERY]),
    different=st.sampled_from([2, 256]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_it_tells_what_brute_force_tells(
    counts: list[int], queries: int, radius: int, most: int, different: int, seed: int
) -> None:
    parts = [hashes(count, seed + number, different=different) for number, count in enumerate(counts)]
    asked = hashes(queries, seed + 50, different=different)
    assert told(parts, asked, radius, most) == truth(parts, asked, radius, most)


@pytest.mark.parametrize(("radius", "found"), [(89, 0), (90, 1)])
def test_the_radius_is_inclusive(radius: int, found: int) -> None:
    stored = hashes(BLOCK, 3)
    asked = stored[[700]] ^ np.packbits(np.arange(256) < 90)
    assert told([stored], asked, radius, 9) == [(0, 700, 90)] * found


def test_however_many_are_found_none_is_lost() -> None:
    stored, asked = np.repeat(hashes(1, 1), 3000, axis=0), np.repeat(hashes(1, 1), hamming.QUERIES + 5, axis=0)
    query, place, bits = hamming.nearest([hamming.laid_out(stored)], asked, 0)
    assert len(query) == 3000 * len(asked) > hamming.ROOM
    assert (np.bincount(query) == 3000).all()
    assert (place.reshape(len(asked), 3000) == np.arange(3000)).all()
    assert not bits.any()


def test_of_equally_near_ones_those_that_stand_first_are_told() -> None:
    stored = np.repeat(hashes(1, 1), 3 * BLOCK, axis=0)
    stored[2 * BLOCK] ^= 1
    asked = stored[[2 * BLOCK]]
    assert told([stored], asked, 256, 3) == [(0, 2 * BLOCK, 0), (0, 0, 32), (0, 1, 32)]


def test_hashes_come_back_as_they_were_laid_out() -> None:
    codes = hashes(77, 5)
    assert (hamming.codes_of(hamming.laid_out(codes)) == codes).all()
    assert (hamming.codes_of(hamming.laid_out(codes[::3])) == codes[::3]).all()


def test_threads_that_search_at_once_get_their_own_answers() -> None:
    stored = [hashes(20_000, seed) for seed in range(3)]
    asked = [hashes(30, 10 + number) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda codes: told(stored, codes, 100, 400), asked))
    assert found == [told(stored, codes, 100, 400) for codes in asked]
    assert all(found)


def test_commands_that_compare_nothing_do_not_load_the_compiler() -> None:
    script = "import sys, dashboard.cli.match, dashboard.jobs; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


SEARCH = """
import numpy as np, hamming_scan
kept = np.full(1, 8), np.zeros(1, int), np.zeros((1, 257), int)
words, asked = np.arange(16, dtype=np.uint64).reshape(4, 4), np.zeros((1, 4), np.uint64)
print(hamming_scan.scan(words, asked, 0, 0, kept, 9, np.empty((9, 3), int)))
"""


def searched(folder: Path, cache: str) -> str:
    """Return what a process says that searches with the loop in this folder."""
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": cache, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", SEARCH], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "matcher" / "indexes" / "hamming_scan.py", tmp_path)
    return tmp_path


def test_where_nothing_can_be_written_it_compiles_for_the_process(installed: Path) -> None:
    (installed / "__pycache__").write_text("a file, where a folder would be needed")
    assert searched(installed, "/dev/null") == "(3, 4)"
    assert not list(installed.rglob("*.nb?"))


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_copy_of_what_was_compiled_is_no_error(installed: Path, kind: str) -> None:
    assert searched(installed, "/dev/null") == "(3, 4)"
    (kept,) = installed.rglob(f"*.{kind}")
    kept.write_bytes(kept.read_bytes()[:10])
    assert searched(installed, "/dev/null") == "(3, 4)"


def test_what_cannot_be_written_to_is_searched_and_asked_all_the_same() -> None:
    """Fingerprints come from the decoding child, and a mapped file, as memory that nobody may change."""
    stored = hashes(50, 1)
    fixed = hamming.laid_out(stored)
    fixed.flags.writeable = False
    asked = np.frombuffer(stored[:3].tobytes(), np.uint8).reshape(3, 32)
    assert not asked.flags.writeable
    query, place, bits = hamming.nearest([fixed], asked, 0)
    assert list(zip(query.tolist(), place.tolist(), bits.tolist(), strict=True)) == [(0, 0, 0), (1, 1, 0), (2, 2, 0)]
