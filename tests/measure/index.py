"""Measures the indexes beside faiss, in one run on the same vectors: `make measure-index`.

The hashes are those of the corpus' films, enlarged as tests/measure/index_shelf.py says. Speeds are CPU time on one
thread. What is searched was found by brute force too: recall is over all of it.
"""

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from matcher.indexes import hamming
from matcher.indexes.hamming import EVERY, Codes
from matcher.indexes.hash_index import MOST_PER_QUERY, HashIndex
from matcher.indexes.snapshots import Snapshots
from tests.measure import (
    films_corpus,
    index_crowd,
    index_life,
    index_opening,
    index_peers,
    index_reverse,
    index_shelf,
    index_vectors,
)
from tests.measure.index_crowd import Seat
from tests.measure.index_shelf import RANGE, SEED, Shelf

OUT = Path("build/measure/index.json")
PARTS = ("faiss-cpu", "numba", "numpy")
OWNERS_AT_ONCE = 200  # that are told to an index together
PORTIONS = (4096, 64, 1)  # queries asked at a time
WIDE = (85, 90)  # bits; as film frames are compared
NEW_EPISODE, SIGHTINGS = 3 * 4 * 24 * 60, 5_000_000  # hashes


@dataclass(frozen=True)
class Size:
    """How large the run is."""

    shelves: tuple[int, ...]
    queries: int
    peer_queries: int
    lists: tuple[int, ...]  # of the inverted file of each shelf
    changes: int
    kills: int
    crowd_s: float
    sightings: int


FULL = Size((1_000_000, 10_000_000), 8000, 400, (1024, 4096), 1000, 50, 600.0, SIGHTINGS)
QUICK = Size((1_000_000,), 4000, 400, (1024,), 200, 8, 20.0, 500_000)


def filled(stored: Shelf, folder: Path | None) -> tuple[HashIndex, float]:
    """Return an index of a shelf, told in portions and made one base, and the seconds of CPU that it took."""
    index, portion = HashIndex(None if folder is None else Snapshots(folder)), dict[int, Codes]()
    began = time.process_time()
    for owner, codes in stored.owners():
        portion[owner] = codes
        if len(portion) == OWNERS_AT_ONCE:
            index.change(portion)
            portion = {}
    index.change(portion)
    index.compact()
    return index, time.process_time() - began


def speed(index: HashIndex, stored: Shelf, queries: Codes, size: Size, lists: int) -> dict[str, Any]:
    """Return how fast and how complete the searches are, ours and the peers'."""
    index.within(queries[:64], RANGE)
    ours: dict[str, Any] = {}
    for portion in PORTIONS:
        some = queries if portion > 1 else queries[: size.peer_queries]
        began, each_s = time.process_time(), []
        for start in range(0, len(some), portion):
            at_s = time.process_time()
            index.within(some[start : start + portion], RANGE)
            each_s.append(time.process_time() - at_s)
        ours[f"queries_per_s_core_by_{portion}"] = round(len(some) / (time.process_time() - began))
        if portion == 1:
            ours |= {
                f"one_query_p{share}_ms": round(float(np.percentile(each_s, share)) * 1000, 3) for share in (50, 99)
            }
    few = queries[: size.peer_queries]
    truth = hamming.nearest([hamming.laid_out(stored.codes)], few, RANGE)
    near = index.within(few, RANGE, most=EVERY)
    place = near.owner * index_shelf.EPISODE + near.row
    found = set(zip(near.query.tolist(), place.tolist(), strict=True))
    began = time.process_time()
    index.within(few, RANGE, most=EVERY)
    every = len(few) / (time.process_time() - began)
    flat = index_peers.flat(stored.codes, few, RANGE, truth)
    inverted = index_peers.inverted(stored.codes, few, RANGE, truth, lists)
    return {
        **ours, "queries_per_s_core": ours["queries_per_s_core_by_64"], "queries_per_s_core_every_hit": round(every),
        "recall": index_peers.recall(found, truth, len(few)), "false_hits": len(found) - len(truth[0]),
        "hits_per_query": round(len(truth[0]) / len(few), 1),
        "ratio_to_flat": round(every / flat["queries_per_s_core"], 1),
        "ratio_to_ivf": round(every / inverted["queries_per_s_core"], 1), "flat": flat, "ivf": inverted,
    }  # fmt: skip


def backfill(films: list[Codes], sightings: int) -> dict[str, Any]:
    """Return what it costs to look for one new episode among the hashes of earlier sightings."""
    stored = index_shelf.shelf(films, sightings)
    index, _ = filled(stored, None)
    random = np.random.default_rng(SEED)
    episode = index_shelf.asked(stored, films, NEW_EPISODE, seed=1)[:NEW_EPISODE]
    found: dict[str, Any] = {"sighting_hashes": sightings, "episode_hashes": NEW_EPISODE}
    index.within(episode[:1], RANGE)
    for radius in (RANGE, *WIDE):
        began = time.process_time()
        near = index.within(episode, radius)
        found[f"cpu_s_radius_{radius}"] = round(time.process_time() - began, 2)
        found[f"hits_radius_{radius}"] = len(near.query)
    some = episode[random.integers(0, NEW_EPISODE, 200)]
    ours, truth = (
        index.within(some, WIDE[1]),
        hamming.nearest([hamming.laid_out(stored.codes)], some, WIDE[1], MOST_PER_QUERY),
    )
    place = ours.owner * index_shelf.EPISODE + ours.row
    found["is_exact"] = bool(np.array_equal(place, truth[1]) and np.array_equal(ours.query, truth[0]))
    return found


def of_shelf(films: list[Codes], count: int, lists: int, scratch: Path, size: Size) -> dict[str, Any]:
    """Return every figure of one shelf."""
    folder, is_largest = scratch / f"index-{count}", count == size.shelves[-1]
    stored = index_shelf.shelf(films, count)
    queries = index_shelf.asked(stored, films, size.queries)
    index, built_s = filled(stored, folder)
    figures = index.figures()
    found: dict[str, Any] = {
        "entries": count, "unique": len(index._state.base.arrays["codes"]), "build_cpu_s": round(built_s, 1),
        "bytes_per_entry": round((figures.bytes_mapped + figures.bytes_held) / count, 1),
        **index_life.opening(folder),
    }  # fmt: skip
    _say(f"{count} hashes: {found}")
    found |= speed(index, stored, queries, size, lists)
    _say(f"{found}")
    found |= index_life.fresh(index, queries, size.changes)
    _say(f"fresh: {found}")
    found |= index_life.flipped(folder, scratch / "flipped")
    # Up to what changes and a new base take, so that every moment has its turn.
    kills = size.kills if count == size.shelves[0] else size.kills // 10
    found |= index_life.killed(folder, stored, kills, 3.0 + 2.0 * count / 1_000_000)
    _say(f"killed: {found}")
    if is_largest:
        index = HashIndex(Snapshots(folder))
        np.save(scratch / "truth.npy", hamming.laid_out(stored.codes))
        np.save(scratch / "queries.npy", queries)
        del stored
        seat = Seat(folder, scratch / "truth.npy", scratch / "queries.npy")
        found["crowd"] = index_crowd.crowd(index, seat, size.crowd_s)
        _say(f"crowd: {found['crowd']}")
    return found


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small shelf; under five minutes")
    size = QUICK if (is_quick := parser.parse_args().quick) else FULL
    began, films = time.monotonic(), index_shelf.films()
    _say(f"{sum(map(len, films))} hashes of {len(films)} films")
    filled(index_shelf.shelf(films, 1000), None)[0].within(films[0][:1], RANGE)  # loads what is compiled
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as scratch:
        shelves = [
            of_shelf(films, count, lists, Path(scratch), size)
            for count, lists in zip(size.shelves, size.lists, strict=True)
        ]
    episode = backfill(films, size.sightings)
    vectors = index_vectors.measure(is_quick=is_quick)
    _say(f"local points and floats: {vectors}")
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as scratch:
        opening = index_opening.measured(Path(scratch), index_opening.QUICK if is_quick else index_opening.FULL)
    _say(f"opening a shelf: {opening}")
    reverse = index_reverse.measure(is_quick=is_quick)
    _say(f"what is kept of captures: {reverse}")
    largest, first = shelves[-1], shelves[0]
    ours = {key: value for key, value in largest.items() if key not in ("flat", "ivf", "crowd")}
    result = {
        "measure": "index", "seed": SEED, "corpus": films_corpus.corpus_hash(), "hashes": index_shelf.digest(films),
        "machine": f"{platform.machine()}, {platform.processor() or 'unknown'}, Python {platform.python_version()}",
        "half": "nothing is tuned on it", "quick": is_quick,
        "ours": ours | {
            "kills_survived": first["kills_survived"], "kills": first["kills"],
            "add_to_found_p99_s": largest["add_to_found_p99_s"], "backfill_cpu_s": episode[f"cpu_s_radius_{RANGE}"],
        },
        "peers": {"faiss IndexBinaryFlat": largest["flat"], "faiss IndexBinaryIVF": largest["ivf"]},
        "shelves": shelves, "backfill": episode, "size": asdict(size), **vectors, "opening": opening,
        "reverse": reverse,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1),
        "took_s": round(time.monotonic() - began), "versions": {name: version(name) for name in PARTS},
    }  # fmt: skip
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def show(result: dict[str, Any]) -> None:
    """Print the figures."""
    shelves = result["shelves"]
    keys = dict.fromkeys(key for each in shelves for key in each if key not in ("flat", "ivf", "crowd"))
    lines = [f"{key:44}" + "".join(f"{each.get(key, ''):>14}" for each in shelves) for key in keys]
    for peer in ("flat", "ivf"):
        for key in [key for key, value in shelves[0][peer].items() if not isinstance(value, dict)]:
            lines.append(f"faiss {peer}: {key:32}" + "".join(f"{each[peer].get(key, '')!s:>14}" for each in shelves))
    lines += [f"backfill: {key:34}{value!s:>14}" for key, value in result["backfill"].items()]
    lines += [f"eight readers: {key:29}{value!s:>14}" for key, value in shelves[-1]["crowd"].items()]
    points, floats, many = result["points"], result["floats"], result["points"]["many"]
    lines += [f"{'':44}{'points':>14}{'floats':>14}{'many points':>14}"]
    for key in dict.fromkeys(key for each in (points, floats, many) for key in each if key != "many"):
        lines.append(f"{key:44}" + "".join(f"{each.get(key, '')!s:>14}" for each in (points, floats, many)))
    for key, value in result["opening"].items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        lines += [f"opening: {f'{key} {name}':35}{each!s:>14}" for name, each in rows]
    for medium, each in result["reverse"].items():
        lines += [f"kept of {medium}: {key:32} {value}" for key, value in each.items()]
    sys.stdout.write("\n".join(lines) + "\n")


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


if __name__ == "__main__":
    main()
