"""What is measured alike of the indexes of local points and of floats: recall beside brute force, life, opening.

What is stored are descriptors of the corpus' pictures, what is asked those of attacked copies of them.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from fingerprints.quantised import packed
from matcher.indexes.film_points import FilmPoints
from matcher.indexes.float_ivf import FloatIvf
from matcher.indexes.parted_index import PartedIndex
from matcher.indexes.parts import Table
from matcher.indexes.sift_ivf import SiftIvf
from matcher.indexes.snapshots import CHECKED, Snapshots
from tests.conftest import CORPUS
from tests.measure import film_strangers
from tests.measure.attacks import ATTACKS
from tests.measure.pictures_corpus import FOLDERS, LEFT_OUT, read

Codes = NDArray[np.uint8]
Index = SiftIvf | FloatIvf
KINDS: dict[str, type[Any]] = {kind.name: kind for kind in (SiftIvf, FilmPoints, FloatIvf)}
SUFFIXES = {".webp", ".jpg", ".png"}
PORTION, NEIGHBOURS = 500, 10  # queries asked at a time; of each, neighbours
TOLD_AT_ONCE = 100  # owners that are told to an index together
DISTINCT = 0.8  # of the tenth's distance, or less: a nearest one that is no accident (Lowe 2004 compares the second)
NORM = 512.0  # of a descriptor
ATTACKED = 4  # every so many pictures are asked, attacked
SEARCHERS, COMING = 2, 10**15  # threads that search meanwhile; the first owner that comes and goes
CHILD = "from tests.measure.index_vectors import opened as run; import sys; run(*sys.argv[1:])"
SEED = 7


@dataclass(frozen=True)
class Size:
    """How large the run is."""

    pictures: int
    queries: int
    changes: int
    hours: int  # of film that are made up


FULL, QUICK = Size(700, 5000, 100, 15), Size(150, 2000, 30, 3)


@dataclass(frozen=True)
class Stock:
    """What is stored, by owner from 0 on, and what is asked; codes as the index takes them."""

    owners: list[Codes]
    queries: Codes
    vectors: Callable[[Codes], NDArray[np.float32]]  # what codes stand for


def descriptors(pictures: int, queries: int) -> Stock:
    """Return the descriptors of so many pictures, and of attacked copies."""
    paths = [path for folder in FOLDERS for path in sorted((CORPUS / folder).rglob("*")) if path.suffix in SUFFIXES]
    paths = [path for path in paths if not any(word in path.name for word in LEFT_OUT)]
    kind, owners, asked = RootSift(), list[Codes](), list[Codes]()
    for number, path in enumerate(paths[:: -(-len(paths) // pictures)]):
        picture = read(path)
        owners.append(kind.describe(Frame(picture)).codes)
        if number % ATTACKED == 0:
            attack, random = ATTACKS[number // ATTACKED % len(ATTACKS)], np.random.default_rng((SEED, number))
            copy = attack.alter(picture, random, lambda draw: read(paths[int(draw.integers(len(paths)))]))
            asked.append(kind.describe(Frame(copy)).codes)
    every = np.concatenate(asked)
    some = every[np.random.default_rng(SEED).permutation(len(every))[:queries]]
    return Stock(owners, some, lambda codes: codes.astype(np.float32))


def as_floats(stock: Stock) -> Stock:
    """Return the same as vectors of 128 floats, of length 1."""

    def codes(descriptors: Codes) -> Codes:
        return np.ascontiguousarray(descriptors / NORM, np.float32).view(np.uint8)

    return Stock([codes(each) for each in stock.owners], codes(stock.queries), lambda found: found.view(np.float32))


def measure(*, is_quick: bool) -> dict[str, dict[str, Any]]:
    """Return every figure of every index, by name."""
    size = QUICK if is_quick else FULL
    stock = descriptors(size.pictures, size.queries)
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as scratch:
        found = {
            "points": of_one(SiftIvf, stock, Path(scratch), size.changes),
            "floats": of_one(FloatIvf, as_floats(stock), Path(scratch), size.changes),
        }
        found["points"]["many"] = many(stock, Path(scratch), size)
    return found


def of_one(kind: type[Index], stock: Stock, scratch: Path, changes: int) -> dict[str, Any]:
    """Return the figures of one index."""
    folder = scratch / kind.name
    index, figures = filled(kind, stock.owners, folder)
    figures |= speed(index, stock)
    figures |= fresh(index, stock, changes)
    figures |= without(index, stock)
    index = kind(Snapshots(folder))  # the pages of two processes that have them mapped are shared
    index.nearest(stock.queries, NEIGHBOURS)
    return figures | opening(index, stock.owners[0], stock.queries, scratch)


def many(stock: Stock, scratch: Path, size: Size) -> dict[str, Any]:
    """Return the figures of the index of films, on a shelf of many hours that are made up of real descriptors, with as
    many neighbours and lists as such a shelf is asked for."""
    parents = packed(np.concatenate(stock.owners))
    index = FilmPoints(Snapshots(scratch / FilmPoints.name))
    index._state, made = film_strangers.points(parents, size.hours)._state, time.process_time()
    index.add(0, parents)
    added_s, began = time.process_time() - made, time.process_time()
    index.compact()
    compacted_s, began = time.process_time() - began, time.process_time()
    for start in range(0, len(stock.queries), PORTION):
        index.nearest(stock.queries[start : start + PORTION], NEIGHBOURS)
    spent_s, figures = time.process_time() - began, index.figures()
    index = FilmPoints(Snapshots(scratch / FilmPoints.name))  # see `of_one`
    return {
        "entries": len(index), "add_cpu_s_per_million": round(added_s / len(parents) * 1e6, 1),
        "compact_cpu_s": round(compacted_s, 1), "bytes_per_entry": round(figures.bytes_mapped / len(index), 1),
        "queries_per_s_core": round(len(stock.queries) / spent_s),
        **opening(index, parents[:200], stock.queries, scratch),
    }  # fmt: skip


def filled(kind: type[Index], owners: Sequence[Codes], folder: Path) -> tuple[Index, dict[str, Any]]:
    """Return an index of everything, compacted, and what it cost."""
    index, began = kind(Snapshots(folder)), time.process_time()
    for start in range(0, len(owners), TOLD_AT_ONCE):
        index.change(dict(enumerate(owners[start : start + TOLD_AT_ONCE], start)))
    added_s, began = time.process_time() - began, time.process_time()
    index.compact()
    compacted_s, stored = (
        time.process_time() - began,
        sum(path.stat().st_size for path in folder.glob("generation-*/*")),
    )
    return index, {
        "entries": len(index), "add_cpu_s": round(added_s, 2), "compact_cpu_s": round(compacted_s, 2),
        "bytes_per_entry": round(stored / len(index), 1),
    }  # fmt: skip


def speed(index: Index, stock: Stock) -> dict[str, Any]:
    """Return queries a second, and how much is found of what brute force finds among all stored vectors."""
    queries = stock.queries
    index.nearest(queries[:PORTION], NEIGHBOURS)
    began = time.process_time()
    for start in range(0, len(queries), PORTION):
        index.nearest(queries[start : start + PORTION], NEIGHBOURS)
    spent_s = time.process_time() - began
    asked, vectors = stock.vectors(queries), stock.vectors(np.concatenate(stock.owners))
    flat = faiss.IndexFlatL2(vectors.shape[1])
    flat.add(vectors)
    began = time.process_time()
    answers = [flat.search(asked[start : start + PORTION], NEIGHBOURS) for start in range(0, len(asked), PORTION)]
    flat_s = time.process_time() - began
    squares, truth = (np.concatenate(column) for column in zip(*answers, strict=True))
    told = places(index.nearest(queries, 2 * NEIGHBOURS), stock)
    is_first = told[:, 0] == truth[:, 0]
    distinct = np.sqrt(squares[:, 0]) <= DISTINCT * np.sqrt(squares[:, -1])
    common = [len({*ours} & {*theirs}) / NEIGHBOURS for ours, theirs in zip(told.tolist(), truth.tolist(), strict=True)]
    return {
        "queries": len(queries), "queries_per_s_core": round(len(queries) / spent_s),
        "recall_1": round(float(is_first.mean()), 4), "recall_10": round(float(np.mean(common)), 4),
        "nearest_among_10": round(float((told == truth[:, :1]).any(axis=1).mean()), 4),
        "distinct_queries": int(distinct.sum()), "distinct_recall_1": round(float(is_first[distinct].mean()), 4),
        "distinct_among_10": round(float((told == truth[:, :1]).any(axis=1)[distinct].mean()), 4),
        "flat_queries_per_s_core": round(len(queries) / flat_s), "flat_bytes_per_entry": 4 * vectors.shape[1],
        "ratio_to_flat": round(flat_s / spent_s, 1),
    }  # fmt: skip


def places(table: Table, stock: Stock) -> NDArray[np.int64]:
    """Return which of all stored vectors were told, the nearest NEIGHBOURS; -1 - n: none. What belongs to nobody is
    left out."""
    _, owners, rows = table
    begins = np.cumsum([0, *map(len, stock.owners)])
    found = np.where((rows >= 0) & (owners >= 0), begins[np.maximum(owners, 0)] + rows, -1)
    order = np.argsort(found < 0, axis=1, kind="stable")[:, :NEIGHBOURS]
    return np.take_along_axis(found, order, axis=1)


def fresh(index: Index, stock: Stock, changes: int) -> dict[str, Any]:
    """Return how long it takes until what was added is found, and what was removed is not, while others search; then
    the same while a new base is made."""
    figures: dict[str, Any] = {}
    for name, is_compacting in (("", False), ("_compacting", True)):
        stop = threading.Event()
        threads = [threading.Thread(target=_search, args=(index, stock.queries, stop)) for _ in range(SEARCHERS)]
        threads += [threading.Thread(target=index.compact)] * is_compacting
        for thread in threads:
            thread.start()
        found_s, gone_s, told = list[float](), list[float](), 0
        while len(found_s) < changes or (is_compacting and threads[-1].is_alive()):
            owner, codes = COMING + len(found_s), stock.owners[len(found_s) % len(stock.owners)]
            came_s, went_s, again = _come_and_gone(index, owner, codes)
            found_s.append(came_s)
            gone_s.append(went_s)
            told += again
        stop.set()
        for thread in threads:
            thread.join()
        figures |= {
            f"{kind}{name}_p{share}_ms": round(float(np.percentile(all_s, share)) * 1000, 1)
            for kind, all_s in (("add_to_found", found_s), ("remove_to_gone", gone_s)) for share in (50, 99)
        } | {f"removed_told{name}": told, f"changes{name}": len(found_s)}  # fmt: skip
    return figures


def _search(index: Index, queries: Codes, stop: threading.Event) -> None:
    for start in range(0, 10**9, PORTION):
        if stop.is_set():
            return
        index.nearest(np.roll(queries, -start, axis=0)[:PORTION], NEIGHBOURS)


def _come_and_gone(index: Index, owner: int, codes: Codes) -> tuple[float, float, int]:
    """Add an owner and remove it; return how long each took until a search told of it, and how often it was told all
    the same."""
    began = time.perf_counter()
    index.add(owner, codes)
    found = owner in index.nearest(codes[:20], NEIGHBOURS)[1]
    came_s, began = time.perf_counter() - began, time.perf_counter()
    index.remove(owner)
    again = int((index.nearest(codes[:20], NEIGHBOURS)[1] == owner).sum())
    assert found or not len(codes)
    return came_s, time.perf_counter() - began, again


def without(index: Index, stock: Stock) -> dict[str, Any]:
    """Remove a tenth of the owners; return how often one of them is told all the same, how much is found of what brute
    force finds among the others, and of how many queries the same is told as by an index that never had them: of all
    where lists are shipped, while those that are learned differ a little."""
    gone = range(0, len(stock.owners), 10)
    left = [codes[:0] if owner in gone else codes for owner, codes in enumerate(stock.owners)]
    some = replace(stock, owners=left, queries=stock.queries[: 2 * PORTION])
    index.change({}, gone)
    never = type(index)()
    never.change(dict(enumerate(left)))
    never.compact()
    pairs = zip(*(each.nearest(some.queries, NEIGHBOURS) for each in (index, never)), strict=True)
    found = speed(index, some)
    kept = ("queries_per_s_core", "recall_1", "recall_10", "distinct_recall_1")
    return {
        "owners_removed": len(gone),
        "removed_owners_told": int(np.isin(index.nearest(stock.queries, NEIGHBOURS)[1], gone).sum()),
        "told_as_if_never_there": round(float(np.mean(np.all([a == b for a, b in pairs], axis=(0, 2)))), 4),
        **{f"{name}_a_tenth_removed": found[name] for name in kept},
    }  # fmt: skip


def opening(index: PartedIndex[Any], few: Codes, queries: Codes, scratch: Path) -> dict[str, Any]:
    """Return what opening the same index costs a new process, in time and in memory of its own; `few` is some of what
    is stored. The file is in the page cache already, for a cold one cannot be forced here."""
    np.save(scratch / "few.npy", few)
    np.save(scratch / "asked.npy", queries[:PORTION])
    command = [sys.executable, "-c", CHILD, index.name, str(scratch)]
    (scratch / index.name / CHECKED).unlink(missing_ok=True)  # then all files are read
    first, later = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(2)
    )
    names = ("first_query_s", "private_mb_of_a_second_process")
    return {
        "open_checking_all_s": float(first[0]), "open_later_s": float(later[0]),
        **dict(zip(names, map(float, first[1:]), strict=True)),
        "mapped_mb": round(index.figures().bytes_mapped / 1e6, 1),
    }  # fmt: skip


def opened(name: str, scratch: str) -> None:
    """Open an index, search it, and print what it took; run as a child."""
    few, asked = np.load(Path(scratch) / "few.npy"), np.load(Path(scratch) / "asked.npy")
    small = KINDS[name]()
    small.add(0, few)
    small.nearest(asked, NEIGHBOURS)  # loads what every process has for itself, however large the index is
    private_kb, began = _private_kb(), time.perf_counter()
    index = KINDS[name](Snapshots(Path(scratch) / name))
    opened_s, began = time.perf_counter() - began, time.perf_counter()
    index.nearest(asked[:1], NEIGHBOURS)
    first_s = time.perf_counter() - began
    index.nearest(asked, NEIGHBOURS)
    assert not index.damages, index.damages
    sys.stdout.write(f"{opened_s:.3f} {first_s:.3f} {(_private_kb() - private_kb) / 1024:.1f}\n")


def _private_kb() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))
