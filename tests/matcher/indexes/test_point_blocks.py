"""Local points lie in blocks as the engine lays them out itself, and are told as it tells them."""

from dataclasses import replace

import faiss
import numpy as np

from fingerprints.quantised import CODE_BYTES, packed
from matcher.indexes import point_index
from matcher.indexes.numbering import entries
from matcher.indexes.parts import MOVED, NONE, in_memory
from matcher.indexes.point_blocks import Blocks
from matcher.indexes.point_index import BLOCKS, PointPart
from matcher.indexes.shipped_lists import background, coarse_quantiser, lists_of
from matcher.indexes.sift_ivf import PROBES, SiftIvf
from tests.matcher.indexes.drawn_points import descriptors
from tests.matcher.indexes.test_parted_indexes import codes, questions


def test_what_is_told_is_what_the_engine_tells_of_entries_that_it_laid_out_itself() -> None:
    stored = [codes(SiftIvf, owner) for owner in range(5)]
    plain = point_index.empty_scan()
    plain.nprobe = PROBES
    shipped = background()
    plain.add_with_ids(shipped.codes.astype(np.float32), np.arange(-2 - len(shipped.codes), -2))
    for owner, mine in enumerate(stored):
        plain.add_with_ids(mine.astype(np.float32), entries(owner, len(mine)))
    index = SiftIvf()
    for owner in (3, 1, 4, 0, 2):
        index.add(owner, stored[owner])
    asked = questions()
    for count in (1, 8, 30):
        squares, found = plain.search(asked.astype(np.float32), count)
        distances, owners, rows = index.nearest(asked, count)
        assert ((found == -1) == (rows == NONE)).all()
        assert (np.where(found == -1, np.inf, np.sqrt(squares)) == distances).all()
        mine = np.where(owners < 0, -1, owners * entries(1, 1) + rows)
        before = distances < distances.max(axis=1, keepdims=True)  # of the farthest, equally far, the engine keeps any
        there, here = np.where(before, np.maximum(found, -1), -1), np.where(before, mine, -1)
        assert (np.sort(there, axis=1) == np.sort(here, axis=1)).all()


def test_blocks_are_those_of_the_engine() -> None:
    lists, packed_codes = lists_of(descriptors(3)), packed(descriptors(3))
    engine = point_index.empty_scan()
    engine.add_with_ids(descriptors(3).astype(np.float32), np.arange(len(lists)))
    arrays = in_memory(point_index.laid({0: (lists, packed_codes)}, keeps_codes=False))
    blocks = Blocks(arrays["sizes"], arrays[BLOCKS])
    theirs = faiss.downcast_InvertedLists(engine.invlists)
    for number, (size, room, begins) in enumerate(blocks.table().astype(int).tolist()):
        assert theirs.list_size(number) == size
        if size:
            content = faiss.rev_swig_ptr(theirs.get_codes(number), room * CODE_BYTES)
            assert (content == arrays[BLOCKS][begins : begins + room * CODE_BYTES]).all()
    whose, places = blocks.places(0, len(blocks.sizes))
    assert (whose == lists[places]).all()
    assert (blocks.codes(0, len(blocks.sizes)) == packed_codes[places]).all()
    some = blocks.places(2000, 9000)[1]
    assert (blocks.codes(2000, 9000) == packed_codes[some]).all()


def test_more_entries_than_are_moved_at_a_time_stay_whole() -> None:
    chance = np.random.default_rng(1)
    counts = {owner: int(count) for owner, count in enumerate(chance.integers(0, 60_000, 14))} | {5: MOVED + 1000}
    located = {
        owner: (chance.integers(0, 16384, count) ** 2 // 16384, chance.integers(0, 256, (count, 16), dtype=np.uint8))
        for owner, count in counts.items()
    }
    halves = [{owner: each for owner, each in located.items() if owner % 2 == half} for half in (0, 1)]
    parts = [PointPart(in_memory(point_index.laid(half, keeps_codes=True))).without([3, 4]) for half in halves]
    made = PointPart(in_memory(point_index.built(parts, keeps_codes=True)))
    left = [owner for owner in range(14) if owner not in (3, 4) and counts[owner]]
    lists, codes_ = (np.concatenate([located[owner][column] for owner in left]) for column in (0, 1))
    assert (made.owners.tolist(), np.diff(made.begins).tolist()) == (left, [counts[owner] for owner in left])
    assert (made.arrays["codes"] == codes_).all()
    whose, places = made.blocks.places(0, 16384)
    assert (np.lexsort((places, whose)) == np.arange(len(lists))).all()
    assert (whose == lists[places]).all()
    assert (made.blocks.codes(0, 16384) == codes_[places]).all()


def test_of_equally_near_ones_in_several_lists_those_of_the_lowest_owners_are_told() -> None:
    asked = descriptors(3)[:1]
    lists = np.sort(coarse_quantiser().search(asked.astype(np.float32), PROBES)[1].ravel())
    # The engine looks into the lists in turn: it meets the highest owners first, and keeps them.
    whose = {owner: lists[[3 - owner // 10]] for owner in range(40)}
    part = PointPart(
        in_memory(point_index.laid({each: (whose[each], packed(asked)) for each in whose}, keeps_codes=False))
    )
    index = SiftIvf()
    index._state = replace(index._state, parts=(part,))
    assert index.nearest(asked, 5)[1].tolist() == [[0, 1, 2, 3, 4]]
    index.change({}, [1, 3, *range(5, 30)])
    assert index.nearest(asked, 5)[1].tolist() == [[0, 2, 4, 30, 31]]
