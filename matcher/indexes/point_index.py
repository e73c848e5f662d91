"""An index of packed local descriptors in shipped inverted lists, in parts that can be mapped from files.

What is searched lies in the files as faiss scans it: opening makes, assigns and copies nothing, and all processes share
the pages. Each process holds for itself the graph over the lists' middles (5 MB, made when it is first searched), what
came since the base was written, and a bit for each entry once some do not count. Measured: 5.4 million entries, 225 MB,
open in 0.2 s, nearly all of it to check them, and a second process has 1 MB of them for itself.
"""

import functools
import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.quantised import CODE_BYTES, PART_BITS, PARTS, book
from matcher.indexes import mapped_lists, parts, shipped_lists
from matcher.indexes.mapped_lists import MappedLists
from matcher.indexes.parted_index import PartedIndex, State
from matcher.indexes.parts import (
    BEGINS,
    MOVED,
    OWNERS,
    Array,
    Arrays,
    Asked,
    Distances,
    Numbers,
    Part,
    in_memory,
)
from matcher.indexes.point_blocks import Blocks, Codes, Counts, Entries, bytes_of
from matcher.indexes.shipped_lists import DIMENSIONS, background, coarse_quantiser
from matcher.indexes.snapshots import Pieces, SnapshotDamaged

SIZES, BLOCKS, CODES, SIGN = "sizes", "blocks", "codes", "sign"  # arrays, beside those of every part

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

    @abstractmethod
    def _located(self, codes: NDArray[np.uint8]) -> Located:
        """Return the lists and packed codes of what is added."""

    def _born(self) -> PointPart:
        return born()

    def _holding(self, added: Mapping[int, NDArray[np.uint8]]) -> PointPart:
        located = {owner: self._located(codes) for owner, codes in added.items()}
        return self._opened(in_memory(laid(located, keeps_codes=self.keeps_codes)))

    def _opened(self, arrays: Arrays) -> PointPart:
        told, needed = arrays.get(SIGN), {SIZES, BLOCKS, *([CODES] if self.keeps_codes else [])}
        if told is None or not np.array_equal(told, shipped_lists.sign()) or not needed <= arrays.keys():
            raise SnapshotDamaged("An index of points was made with other lists than are shipped; it is built again.")
        return PointPart(arrays)

    def _built(self, of: Sequence[PointPart], *, is_base: bool) -> Iterator[tuple[str, Array | Pieces]]:  # noqa: ARG002
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
    return PointPart(in_memory(laid(located, keeps_codes=True)))


def laid(added: Mapping[int, Located], *, keeps_codes: bool) -> Iterator[tuple[str, Array | Pieces]]:
    """Yield the arrays of a part that holds these owners."""
    owners = sorted(added)
    lists, codes = (np.concatenate([added[owner][column] for owner in owners]) for column in (0, 1))
    order = np.argsort(lists, kind="stable")
    sizes = np.bincount(lists, minlength=len(background().centroids)).astype(np.int32)
    ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    begins = np.concatenate([[0], np.cumsum([len(added[owner][0]) for owner in owners])])

    def entries(first: int, last: int) -> Entries:
        some = order[ends[first] : ends[last]]
        return lists[some], some, codes[some]

    yield from _named(np.array(owners, np.int64), begins.astype(np.int64), sizes, entries)
    if keeps_codes:
        yield CODES, codes


def built(of: Sequence[PointPart], *, keeps_codes: bool) -> Iterator[tuple[str, Array | Pieces]]:
    """Yield the arrays of everything that counts in some parts; hardly anything of them is in memory at a time."""
    owners, begins, targets = parts.together(of)

    def kept(first: int, last: int) -> tuple[Counts, Numbers, NDArray[np.bool_]]:
        """Return list and new place of what is kept of some lists; and of everything in them, whether it is."""
        found = [part.blocks.places(first, last) for part in of]
        every = [parts.moved(part, target, old) for part, target, (_, old) in zip(of, targets, found, strict=True)]
        lists, places = np.concatenate([some for some, _ in found]), np.concatenate(every)
        return lists[places >= 0], places[places >= 0], places >= 0

    def entries(first: int, last: int) -> Entries:
        lists, places, is_kept = kept(first, last)
        codes = np.concatenate([part.blocks.codes(first, last) for part in of])[is_kept]
        order = np.lexsort((places, lists))
        return lists[order], places[order], codes[order]

    sizes = np.zeros(len(of[0].blocks.sizes), np.int32)
    for portion in _portions(np.stack([part.blocks.sizes for part in of]).sum(axis=0, dtype=np.int64)):
        sizes += np.bincount(kept(*portion)[0], minlength=len(sizes)).astype(np.int32)
    yield from _named(owners, begins, sizes, entries)
    if keeps_codes:
        shape = (int(begins[-1]), CODE_BYTES)
        yield CODES, Pieces(np.dtype(np.uint8), shape, parts.moved_rows(CODES, of, begins, targets))


def _named(
    owners: Numbers, begins: Numbers, sizes: Counts, entries: Callable[[int, int], Entries]
) -> Iterator[tuple[str, Array | Pieces]]:
    """Yield the arrays of a part; `entries` gives those of some lists, from the first to before the last."""

    def content() -> Iterator[Array]:
        for first, last in _portions(sizes):
            lists, places, codes = entries(first, last)
            yield Blocks.of(sizes[first:last], (lists - first, places, codes)).content

    yield OWNERS, owners
    yield BEGINS, begins
    yield SIZES, sizes
    yield BLOCKS, Pieces(np.dtype(np.uint8), (bytes_of(sizes),), content())
    yield SIGN, shipped_lists.sign()


def _portions(sizes: Counts) -> list[tuple[int, int]]:
    """Return lists in a row, from the first to before the last of them, that hold about MOVED entries together."""
    ends = np.cumsum(sizes, dtype=np.int64)
    return list(itertools.pairwise([0, *(np.flatnonzero(np.diff(ends // MOVED)) + 1).tolist(), len(sizes)]))
