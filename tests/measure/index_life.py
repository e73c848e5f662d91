"""How an index lives: fresh while it is searched, whole after kills, noticed when damaged, quick to open."""

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from matcher.indexes.hamming import Codes
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.snapshots import SnapshotDamaged, Snapshots
from tests.measure.index_shelf import FRESH, RANGE, Shelf, after, change, turned

SEARCHERS, PORTION = 2, 64  # threads that search meanwhile; queries each asks at a time
CHILD = "from tests.measure.index_life import {} as run; import sys; run(*sys.argv[1:])"


def fresh(index: HashIndex, queries: Codes, changes: int) -> dict[str, Any]:
    """Return how long it takes until what was added is found, and what was removed is not, while others search; then
    the same while a new base is made."""
    figures: dict[str, Any] = {}
    for name, is_compacting in (("", False), ("_compacting", True)):
        stop, searched = threading.Event(), [0]
        threads = [threading.Thread(target=_search, args=(index, queries, stop, searched)) for _ in range(SEARCHERS)]
        if is_compacting:
            threads.append(threading.Thread(target=index.compact))
        for thread in threads:
            thread.start()
        began, added_s, removed_s = time.perf_counter(), list[float](), list[float]()
        while len(added_s) < changes or (threads[-1].is_alive() and is_compacting):
            found_s, gone_s = _come_and_gone(index, len(added_s))
            added_s.append(found_s)
            removed_s.append(gone_s)
        took_s = time.perf_counter() - began
        stop.set()
        for thread in threads:
            thread.join()
        for kind, all_s in (("add_to_found", added_s), ("remove_to_gone", removed_s)):
            figures |= {
                f"{kind}{name}_p{share}_s": round(float(np.percentile(all_s, share)), 4) for share in (50, 99, 100)
            }
        figures[f"searches_meanwhile{name}_per_s_wall"] = round(searched[0] / took_s)
    return figures


def _search(index: HashIndex, queries: Codes, stop: threading.Event, searched: list[int]) -> None:
    for start in range(0, 10**9, PORTION):
        if stop.is_set():
            return
        index.within(np.roll(queries, -start, axis=0)[:PORTION], RANGE)
        searched[0] += PORTION


def _come_and_gone(index: HashIndex, number: int) -> tuple[float, float]:
    """Add an owner and remove it; return how long each took until a search told of it."""
    codes = np.random.default_rng(number).integers(0, 256, (60, 32)).astype(np.uint8)
    owner = 2 * FRESH + number
    began = time.perf_counter()
    index.add(owner, codes)
    found = index.within(codes[:1], RANGE)
    found_s = time.perf_counter() - began
    assert owner in found.owner.tolist()
    began = time.perf_counter()
    index.remove(owner)
    found = index.within(codes[:1], RANGE)
    gone_s = time.perf_counter() - began
    assert owner not in found.owner.tolist()
    return found_s, gone_s


def opened(folder: str) -> None:
    """Open an index in a process of its own and print what it took; run as a child."""
    began = time.perf_counter()
    index = HashIndex(Snapshots(Path(folder)))
    opened_s = time.perf_counter() - began
    began = time.perf_counter()
    index.within(np.zeros((1, 32), np.uint8), RANGE)
    first_s = time.perf_counter() - began
    assert not index.damages, index.damages
    sys.stdout.write(f"{opened_s} {first_s}\n")


def opening(folder: Path) -> dict[str, float]:
    """Return how long a new process takes to open and check an index; its files are in the page cache already, for a
    cold one cannot be forced here."""
    told = subprocess.run(
        [sys.executable, "-c", CHILD.format("opened"), str(folder)], capture_output=True, text=True, check=True
    )
    opened_s, first_s = map(float, told.stdout.split())
    return {"open_warm_s": round(opened_s, 2), "first_query_with_loading_s": round(first_s, 2)}


def changing(folder: str) -> None:
    """Change an index and make new bases of it for ever; run as a child that is killed."""
    index = HashIndex(Snapshots(Path(folder)))
    sys.stdout.write(f"{index.covers}\n")
    sys.stdout.flush()
    while True:
        for number in range(index.covers + 1, index.covers + 21):
            index.change(*change(number), covers=number)
        index.compact()
        sys.stdout.write(f"{index.covers}\n")
        sys.stdout.flush()


def killed(folder: Path, stored: Shelf, kills: int, within_s: float) -> dict[str, Any]:
    """Kill a process that changes an index, again and again; return how often everything was there afterwards."""
    chance, survived, slowest_s, told = random.Random(5), 0, 0.0, 0
    for kill in range(kills):
        command = [sys.executable, "-c", CHILD.format("changing"), str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline()]
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0, within_s))
            child.kill()
            told = max([told, *map(int, [*lines, *child.stdout.read().splitlines()])])
        assert child.returncode == -signal.SIGKILL
        began = time.perf_counter()
        index = HashIndex(Snapshots(folder))
        slowest_s = max(slowest_s, time.perf_counter() - began)
        is_whole = not index.damages and index.covers >= told and _holds(index, stored, kill)
        survived += is_whole
    return {"kills": kills, "kills_survived": survived, "slowest_restart_s": round(slowest_s, 2), "covered": told}


def _holds(index: HashIndex, stored: Shelf, seed: int) -> bool:
    """Say whether an index holds what its changes leave: how much, some owners to the bit, and by searching."""
    came, went = after(index.covers)
    random = np.random.default_rng(seed)
    owners = dict(stored.owners())
    wanted = sum(map(len, came.values())) + sum(len(codes) for owner, codes in owners.items() if owner not in went)
    some = [int(owner) for owner in random.integers(0, len(owners), 20)]
    is_same = all(
        (index.codes_of(owner) == (owners[owner][:0] if owner in went else owners[owner])).all() for owner in some
    ) and all((index.codes_of(owner) == codes).all() for owner, codes in came.items())
    told = {int(owner) for code in came.values() for owner in index.within(turned(code[:2], 9, random), RANGE).owner}
    gone = [owners[owner][:1] for owner in sorted(went & owners.keys())]
    again = index.within(np.concatenate(gone), RANGE).owner.tolist() if gone else []
    return len(index) == wanted and is_same and told >= came.keys() and not went & {*again}


def flipped(folder: Path, scratch: Path) -> dict[str, int]:
    """Flip one bit in each file of the newest generation, in turn; return in how many it was noticed."""
    shutil.copytree(folder, scratch)
    snapshots = Snapshots(scratch)
    generation = snapshots.current()
    paths = [path for path in sorted((scratch / f"generation-{generation}").iterdir()) if path.stat().st_size]
    noticed = 0
    for path in [*paths, scratch / "current"]:
        at = random.Random(path.name).randrange(path.stat().st_size)
        _flip(path, at)
        try:
            snapshots.opened(snapshots.current())
        except SnapshotDamaged:
            noticed += 1
        _flip(path, at)
    snapshots.opened(generation)
    shutil.rmtree(scratch)
    return {"files": len(paths) + 1, "flips_noticed": noticed}


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 16]))
