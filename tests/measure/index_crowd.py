"""Many processes that search one index on disk while one changes it: is every answer right, is the memory shared."""

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np

from matcher.indexes import hamming
from matcher.indexes.hamming import Codes
from matcher.indexes.hash_index import MOST_PER_QUERY, HashIndex
from matcher.indexes.near import Near
from matcher.indexes.snapshots import Snapshots
from tests.measure.index_shelf import EPISODE, FRESH_HASHES, RANGE, change, turned

READERS, PORTION, CHECKED = 8, 64, 20  # processes; queries at a time; one portion in so many is checked
MEMORY = ("Pss", "Pss_Anon", "Rss")  # as /proc/self/smaps_rollup says
CHANGE_S, COMPACT_S = 0.05, 60.0  # between two changes; between two new bases


@dataclass(frozen=True)
class Seat:
    """What a reader is told."""

    folder: Path
    truth: Path  # the first hashes, laid out
    queries: Path


def crowd(index: HashIndex, seat: Seat, seconds: float) -> dict[str, Any]:
    """Change the index for so long while READERS processes search it; return what they say."""
    context = multiprocessing.get_context("spawn")
    head, stop, answers = context.Value("q", index.covers), context.Event(), context.SimpleQueue()
    ready = context.Barrier(READERS + 1)
    readers = [
        context.Process(target=_read, args=(seat, number, (head, stop, answers, ready)), daemon=True)
        for number in range(READERS)
    ]
    for reader in readers:
        reader.start()
    ready.wait()
    began, compacted_at, bases = time.monotonic(), time.monotonic(), 0
    while time.monotonic() - began < seconds:
        number = index.covers + 1
        head.value = number  # in the truth first
        index.change(*change(number), covers=number)
        if time.monotonic() - compacted_at > min(COMPACT_S, seconds / 3):
            index.compact()
            compacted_at, bases = time.monotonic(), bases + 1
        stop.wait(CHANGE_S)
    stop.set()
    told = [answers.get() for _ in readers]
    for reader in readers:
        reader.join()
    mapped = index.figures().bytes_mapped
    return {
        "readers": READERS, "seconds": round(seconds), "changes": index.covers, "new_bases": bases,
        **{name: sum(each[name] for each in told) for name in ("queries", "checked", "wrong", "taken_up")},
        "bytes_mapped": mapped,
        **{f"{name}_mb": round(sum(each[name] for each in told) / READERS / 1024) for name in MEMORY},
        "mb_of_the_index_each": round(sum(each["index_kb"] for each in told) / READERS / 1024),
    }  # fmt: skip


def _read(seat: Seat, number: int, shared: tuple[Any, Event, Any, Any]) -> None:
    head, stop, answers, ready = shared
    index, random = HashIndex(Snapshots(seat.folder)), np.random.default_rng(number)
    truth, queries = np.load(seat.truth, mmap_mode="c"), np.load(seat.queries)
    came: dict[int, Codes] = {}
    went: set[int] = set()
    known, told = 0, {"queries": 0, "checked": 0, "wrong": 0, "taken_up": 0}
    index.within(queries[:1], RANGE)
    ready.wait()
    while not stop.is_set():
        told["taken_up"] += index.refresh()
        for each in range(index.covers + 1, int(head.value) + 1):
            index.change(*change(each), covers=each)
        for each in range(known + 1, index.covers + 1):
            added, gone = change(each)
            came |= added
            for owner in gone:
                came.pop(owner, None)
                went.add(owner)
        known = index.covers
        asked = queries[random.integers(0, len(queries), PORTION)]
        newest = list(came.values())[-4:]
        asked = np.concatenate([asked, *(turned(codes[:1], RANGE, random) for codes in newest)])
        near = index.within(asked, RANGE)
        told["queries"] += len(asked)
        if told["queries"] // PORTION % CHECKED == 0:
            told["checked"] += len(asked)
            told["wrong"] += not _is_right(near, asked, truth, (came, went))
    answers.put(told | _memory(seat.folder))


def _is_right(near: Near, asked: Codes, truth: Any, changes: tuple[dict[int, Codes], set[int]]) -> bool:
    """Say whether brute force over what there is tells the same."""
    came, went = changes
    query, place, bits = hamming.nearest([truth], asked, RANGE)
    is_there = ~np.isin(place // EPISODE, np.fromiter(went, np.int64, len(went)))
    first = np.column_stack([query, bits, place // EPISODE, place % EPISODE])[is_there]
    owners = np.fromiter(came, np.int64, len(came))
    newer = [hamming.laid_out(codes) for codes in came.values()]
    query, place, bits = hamming.nearest(newer, asked, RANGE)
    then = np.column_stack([query, bits, owners[place // FRESH_HASHES], place % FRESH_HASHES])
    every = np.concatenate([first, then])
    every = every[np.lexsort(every.T[::-1])]
    counts = np.bincount(every[:, 0], minlength=len(asked))
    rank = np.arange(len(every)) - np.repeat(np.cumsum(counts) - counts, counts)
    every = every[rank < MOST_PER_QUERY]
    return np.array_equal(every, np.column_stack([near.query, near.distance.astype(int), near.owner, near.row]))


def _memory(folder: Path) -> dict[str, int]:
    """Return kilobytes of this process, a shared page counted in parts; and of the index' files alone."""
    words = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]]
    found = {name.rstrip(":"): int(size) for name, size, _ in words}
    index_kb, is_ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        fields = line.split()
        if "-" in fields[0]:
            is_ours = str(folder) in line
        elif is_ours and fields[0] == "Pss:":
            index_kb += int(fields[1])
    return {name: found[name] for name in MEMORY} | {"index_kb": index_kb}
