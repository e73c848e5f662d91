"""An index of packed local descriptors in shipped inverted lists, in parts that can be mapped from files.

What is searched lies in the files as faiss scans it: opening makes, assigns and copies nothing, and all processes share
the pages. Each process holds for itself the graph over the lists' middles (5 MB, made when it is first searched), what
came since the base was written, and a bit for each entry once some do not count.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.quantised import CODE_BYTES, PART_BITS, PARTS, book
from matcher.indexes import mapped_lists, parts, shipped_lists
from matcher.indexes.mapped_lists import MappedLists
from matcher.indexes.parted_index import PartedIndex, State
from matcher.indexes.parts import BEGINS, OWNERS, Array, Arrays, Asked, Distances, Numbers, Part
from matcher.indexes.point_blocks import Blocks, Codes, Counts
from matcher.indexes.shipped_lists import DIMENSIONS, background, coarse_quantiser
from matcher.indexes.snapshots import SnapshotDamaged

SIZES, BLOCKS, CODES, SIGN = "sizes", "blocks", "codes", "sign"  # arrays, beside those of every part
MOVED = 1 << 18  # entries, about, that are put together at a time

Located = tuple[Counts, Codes]  # the list and the packed code of each descriptor of an owner


class PointPart(Part):
    """Descriptors by owner and row, in inverted lists."""

    def near(self, asked: Asked, count: int) -> tuple[Distances, Numbers]:
        """Return squared distances and places; asked are descriptors as float32, the lists that are looked into, and
        how far those are."""
        vectors, lists, far = asked
        squares, places = np.empty((len(vectors), count), np.float32), np.empty((len(vectors), count), np.int64)
        params = mapped_lists.searched(lists.shape[1], self.counting)
        pointers = (faiss.swig_ptr(array) for array in (lists, far, squares, places))
        # Not the method without `_c`: its wrapper takes no parameters.
        scan: Any = self._scan[0]
        scan.search_preassigned_c(len(vectors), faiss.swig_ptr(vectors), count, *pointers, False, params)
        return squares, places

    @functools.cached_property
    def blocks(self) -> Blocks:
        """The entries by list."""
        return Blocks(self.arrays[SIZES], self.arrays[BLOCKS])

    @functools.cached_property
    def _scan(self) -> tuple[faiss.IndexIVFPQFastScan, MappedLists]:
        """What searches the blocks, and what it reads them through."""
        lists = MappedLists(self.blocks.table(), self.blocks.content, CODE_BYTES)
        scan = empty_scan()
        scan.replace_invlists(lists, False)
        scan.ntotal = int(self.begins[-1])
        return scan, lists


class PointIndex(PartedIndex[PointPart]):
    """An index of descriptors that are packed into 16 bytes; see `PartedIndex` for how it is changed and kept."""

    keeps_codes = False  # by owner as well as by list

    def _located(self, codes: NDArray[np.uint8]) -> Located:
        """Return the lists and packed codes of what is added."""
        raise NotImplementedError

    def _born(self) -> PointPart:
        return born()

    def _holding(self, added: Mapping[int, NDArray[np.uint8]]) -> PointPart:
        located = {owner: self._located(codes) for owner, codes in added.items()}
        return self._opened(dict(laid(located, keeps_codes=self.keeps_codes)))

    def _opened(self, arrays: Arrays) -> PointPart:
        if not np.array_equal(arrays[SIGN], shipped_lists.sign()) or (CODES in arrays) < self.keeps_codes:
            raise SnapshotDamaged("An index of points was made with other lists than are shipped; it is built again.")
        return PointPart(arrays)

    def _built(self, of: Sequence[PointPart], *, is_base: bool) -> Iterator[tuple[str, Array]]:  # noqa: ARG002
        return built(of, keeps_codes=self.keeps_codes)


def nearest(state: State[PointPart], codes: NDArray[np.uint8], count: int, probes: int) -> parts.Table:
    """Return the nearest descriptors of each query, the background's among them; distances are squared."""
    if not len(codes):
        none = np.zeros((0, count), np.int64)
        return none.astype(np.float32), none, none
    shipped_lists.on_one_thread()
    vectors = np.ascontiguousarray(codes, np.float32)
    far, lists = coarse_quantiser().search(vectors, probes)
    return parts.nearest(state.parts, (vectors, lists, far), count)


def empty_scan() -> faiss.IndexIVFPQFastScan:
    """Return what searches inverted lists, without any. Of a descriptor 16 bytes are stored, which lose nothing against
    128, measured, and are scanned in registers."""
    lists = len(background().centroids)
    scan = faiss.IndexIVFPQFastScan(coarse_quantiser(), DIMENSIONS, lists, PARTS, PART_BITS, faiss.METRIC_L2)
    # Whole descriptors, not their difference to the list's middle: one table of distances serves all lists.
    scan.by_residual = False
    faiss.copy_array_to_vector(book().astype(np.float32).ravel(), scan.pq.centroids)
    scan.is_trained = True
    return scan


def packed(descriptors: NDArray[np.uint8]) -> Codes:
    """Return descriptors in 16 bytes each, as `fingerprints.quantised` packs them, sooner."""
    return np.asarray(_packer().pq.compute_codes(np.ascontiguousarray(descriptors, np.float32)), np.uint8)


@functools.cache
def _packer() -> faiss.IndexIVFPQFastScan:
    return empty_scan()  # all of it: what packs would go with it


@functools.cache
def born() -> PointPart:
    """Return the background alone, of which all indexes begin; picture 0 belongs to -1, and so on."""
    shipped = background()
    lists, codes = shipped_lists.lists_of(shipped.codes), packed(shipped.codes)
    numbers = np.unique(shipped.pictures).tolist()
    by_picture = {-1 - number: shipped.pictures == number for number in numbers}
    located = {owner: (lists[is_its], codes[is_its]) for owner, is_its in by_picture.items()}
    return PointPart(dict(laid(located, keeps_codes=True)))


def laid(added: Mapping[int, Located], *, keeps_codes: bool) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of a part that holds these owners."""
    owners = sorted(added)
    lists, codes = (np.concatenate([added[owner][column] for owner in owners]) for column in (0, 1))
    order = np.argsort(lists, kind="stable")
    sizes = np.bincount(lists, minlength=len(background().centroids)).astype(np.int32)
    blocks, ends = Blocks.empty(sizes), np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    for first, last in _portions(sizes):
        some = order[ends[first] : ends[last]]
        blocks.write((lists[some], some, codes[some]), first, last)
    begins = np.concatenate([[0], np.cumsum([len(added[owner][0]) for owner in owners])])
    yield from _named(np.array(owners, np.int64), begins.astype(np.int64), blocks)
    if keeps_codes:
        yield CODES, codes


def built(of: Sequence[PointPart], *, keeps_codes: bool) -> Iterator[tuple[str, Array]]:
    """Yield the arrays of everything that counts in some parts, a portion of the lists at a time."""
    owners, begins, targets = parts.together(of)
    every = np.stack([part.blocks.sizes for part in of]).sum(axis=0, dtype=np.int64)
    portions = _portions(every)
    sizes = np.zeros(len(every), np.int32)
    for portion in portions:
        sizes += np.bincount(_kept(of, targets, portion)[0], minlength=len(sizes)).astype(np.int32)
    blocks = Blocks.empty(sizes)
    for portion in portions:
        lists, places, is_kept = _kept(of, targets, portion)
        codes = np.concatenate([part.blocks.codes(*portion) for part in of])[is_kept]
        order = np.lexsort((places, lists))
        blocks.write((lists[order], places[order], codes[order]), *portion)
    yield from _named(owners, begins, blocks)
    if keeps_codes:
        yield CODES, _by_owner(of, targets, int(begins[-1]))


def _portions(sizes: Counts) -> list[tuple[int, int]]:
    """Return lists in a row, from the first to before the last of them, that hold about MOVED entries together."""
    ends = np.cumsum(sizes, dtype=np.int64)
    return list(itertools.pairwise([0, *(np.flatnonzero(np.diff(ends // MOVED)) + 1).tolist(), len(sizes)]))


def _named(owners: Numbers, begins: Numbers, blocks: Blocks) -> Iterator[tuple[str, Array]]:
    yield OWNERS, owners
    yield BEGINS, begins
    yield SIZES, blocks.sizes
    yield BLOCKS, blocks.content
    yield SIGN, shipped_lists.sign()


def _kept(
    of: Sequence[PointPart], targets: list[Numbers], portion: tuple[int, int]
) -> tuple[Counts, Numbers, NDArray[np.bool_]]:
    """Return list and new place of the entries of some lists that are kept; and of all of them, which those are."""
    lists, places = [], []
    for part, target in zip(of, targets, strict=True):
        some, old = part.blocks.places(*portion)
        lists.append(some)
        places.append(parts.moved(part, target, old))
    new = np.concatenate(places)
    return np.concatenate(lists)[new >= 0], new[new >= 0], new >= 0


def _by_owner(of: Sequence[PointPart], targets: list[Numbers], count: int) -> Codes:
    """Return the codes of everything that is kept, in order of new places."""
    codes = np.empty((count, CODE_BYTES), np.uint8)
    for part, target in zip(of, targets, strict=True):
        old = part.arrays[CODES]
        for start in range(0, len(old), MOVED):
            some = old[start : start + MOVED]
            new = parts.moved(part, target, np.arange(start, start + len(some)))
            codes[new[new >= 0]] = some[new >= 0]
    return codes
