"""Multi-index search tells what brute force tells, however the hashes crowd."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.indexes import hamming, multi_index
from matcher.indexes.hamming import Codes
from matcher.indexes.multi_index import EVERYTHING, RADIUS, MultiIndex

ROOT = Path(__file__).parents[3]
NEVER = 1e9  # what comparing one hash costs, so that buckets are always cheaper
CUT = (12,) * 20 + (16,)  # some chunks lie across two words
Triple = tuple[int, int, int]


def turned(codes: Codes, share: float, seed: int) -> Codes:
    """Return the codes, about so many of their bits turned over."""
    random = np.random.default_rng(seed)
    return codes ^ np.packbits(random.random((len(codes), 256)) < share, axis=1)


def crowded(count: int, seed: int) -> Codes:
    """Return hashes as films have them: strangers, held shots, black frames alike and black frames with noise."""
    random = np.random.default_rng(seed)
    some = random.integers(0, 256, (max(1, count // 4), 32)).astype(np.uint8)
    shots = turned(np.repeat(some[:3], count // 4, axis=0)[: count // 4], 0.02, seed)
    noise = turned(np.repeat(some[:1], count // 4, axis=0), 0.05, seed + 1)
    every = np.concatenate([some, shots, noise, np.repeat(some[:1], count, axis=0)])
    return every[:count][random.permutation(count)]


def index_of(codes: Codes, counts: list[int] | None = None) -> MultiIndex:
    """Return an index that looks into buckets whatever it costs."""
    owned = np.array([len(codes)] if counts is None else counts)
    return MultiIndex(dict(multi_index.built(np.arange(len(owned)), owned, codes, CUT)), compare_ns=NEVER)


def truth(stored: Codes, asked: Codes, radius: int, most: int) -> list[Triple]:
    bits = np.bitwise_count(asked[:, None] ^ stored[None]).sum(axis=2, dtype=int)
    found: list[Triple] = []
    for query, row in enumerate(bits):
        near = sorted((int(row[place]), int(place)) for place in np.flatnonzero(row <= radius))[:most]
        found += [(query, place, distance) for distance, place in near]
    return found


def told(index: MultiIndex, asked: Codes, radius: int, most: int = hamming.EVERY) -> list[Triple]:
    return list(zip(*(column.tolist() for column in index.near(asked, radius, most)), strict=True))


@given(
    count=st.sampled_from([0, 1, 2, 50, 400, 3000]),
    radius=st.sampled_from([0, 1, 9, 20, 30, 31, 32, 40, 70, 256]),
    most=st.sampled_from([1, 7, 400, hamming.EVERY]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_it_tells_what_brute_force_tells(count: int, radius: int, most: int, seed: int) -> None:
    stored = crowded(count, seed)
    asked = np.concatenate([turned(stored[:6], 0.06, seed), crowded(3, seed + 1)])
    assert told(index_of(stored), asked, radius, most) == truth(stored, asked, radius, most)


@pytest.mark.parametrize("bits", range(RADIUS + 2))
def test_the_radius_is_inclusive_wherever_the_bits_are_turned(bits: int) -> None:
    stored = np.random.default_rng(bits).integers(0, 256, (500, 32)).astype(np.uint8)
    index = index_of(stored)
    order = np.random.default_rng(bits).random((40, 256)).argsort(axis=1)
    spread = stored[:40] ^ np.packbits(order < bits, axis=1)
    together = stored[:40] ^ np.packbits((np.arange(256) + 5 * np.arange(40)[:, None]) % 256 < bits, axis=1)
    wanted = [] if bits > RADIUS else [(query, query, bits) for query in range(40)]
    assert told(index, spread, RADIUS) == wanted
    assert told(index, together, RADIUS) == wanted


def test_queries_that_are_asked_again_have_the_same_answers() -> None:
    stored = crowded(2000, 4)
    asked = np.concatenate([stored[:700], turned(stored[:500], 0.05, 2), stored[100:300], crowded(40, 9)])
    for most in (3, 400):
        assert told(index_of(stored), asked, RADIUS, most) == truth(stored, asked, RADIUS, most)


def test_only_entries_that_count_are_told() -> None:
    stored = crowded(2000, 5)
    counting = np.random.default_rng(1).random(len(stored)) < 0.3
    asked = turned(stored[::100], 0.03, 1)
    bits = np.packbits(counting, bitorder="little")
    for most in (3, 400, hamming.EVERY):
        pairs = index_of(stored).near(asked, RADIUS, most, bits)
        wanted = [
            (query, int(np.flatnonzero(counting)[place]), near)
            for query, place, near in truth(stored[counting], asked, RADIUS, most)
        ]
        assert list(zip(*(column.tolist() for column in pairs), strict=True)) == wanted


def test_a_large_index_chooses_its_own_cut_and_stays_exact() -> None:
    stored = np.concatenate(
        [np.random.default_rng(2).integers(0, 256, (300_000, 32)).astype(np.uint8), crowded(20_000, 3)]
    )
    index = MultiIndex(dict(multi_index.built(np.arange(1), np.array([len(stored)]), stored)))
    assert sum(index.arrays["widths"]) == 256
    asked = turned(stored[::8000], 0.06, 4)
    for radius in (10, RADIUS, 45, 85):
        wanted = hamming.nearest([hamming.laid_out(stored)], asked, radius, 400)
        assert all((ours == theirs).all() for ours, theirs in zip(index.near(asked, radius, 400), wanted, strict=True))


def test_equal_hashes_are_held_once_and_a_black_frame_costs_no_more_than_another() -> None:
    strangers = np.random.default_rng(2).integers(0, 256, (4000, 32)).astype(np.uint8)
    black = np.repeat(strangers[:1], 500_000, axis=0)
    index = index_of(np.concatenate([strangers, black]))
    assert len(index) == 504_000
    assert len(index.arrays["codes"]) == 4000
    assert told(index, strangers[:1], RADIUS, 3) == [(0, 0, 0), (0, 4000, 0), (0, 4001, 0)]
    beside = strangers[[0]] ^ np.array([0] * 4 + [255] * 28, np.uint8)  # in its bucket, and otherwise nothing like it
    assert told(index, beside, RADIUS) == []
    spent = []
    for asked in (np.repeat(strangers[:1], 1000, axis=0), np.repeat(strangers[7:8], 1000, axis=0)):
        began = time.process_time()
        index.near(asked, RADIUS, 3)
        spent.append(time.process_time() - began)
    assert spent[0] < 5 * spent[1]


def test_a_crowd_of_unequal_hashes_is_passed_over_by_queries_that_share_its_bucket() -> None:
    crowd = turned(np.zeros((5000, 32), np.uint8), 0.01, 1)
    index = index_of(crowd)
    apart = np.concatenate([index.arrays[f"distances-{number}"] for number in range(len(CUT))])
    assert len(apart) > 5000 * 10
    assert np.concatenate([index.arrays[f"groups-{number}"] for number in range(len(CUT))]).shape[0] < len(apart) / 50


def test_entries_come_back_as_they_were_added() -> None:
    stored = crowded(90, 3)
    index = index_of(stored, [40, 0, 50])
    assert (index.codes_at(index.places_of(0)) == stored[:40]).all()
    assert index.codes_at(index.places_of(1)).shape == (0, 32)
    assert (index.codes_at(index.places_of(2)) == stored[40:]).all()
    assert index.places_of(3) == index.places_of(-1) == slice(0, 0)


def test_more_pairs_than_the_room_holds_are_all_told() -> None:
    stored = turned(np.zeros((multi_index.ROOM + 100, 32), np.uint8), 0.01, 1)
    query, _, _ = index_of(stored).near(stored[:3], RADIUS)
    assert np.bincount(query).tolist() == [len(stored)] * 3


def test_what_is_searched_may_be_read_only() -> None:
    arrays = dict(multi_index.built(np.arange(1), np.array([200]), crowded(200, 1), CUT))
    for array in arrays.values():
        array.flags.writeable = False
    index = MultiIndex(arrays, compare_ns=NEVER)
    asked = crowded(200, 1)[:5]
    assert told(index, asked, RADIUS) == truth(crowded(200, 1), asked, RADIUS, hamming.EVERY)
    assert not len(EVERYTHING)


def test_the_compiler_is_loaded_by_the_first_search() -> None:
    script = "import sys, matcher.indexes.multi_index; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
