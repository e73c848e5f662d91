"""The same hashes in the indexes of faiss, asked the same."""

import time
from typing import Any

import faiss
import numpy as np

from matcher.indexes.hamming import HASH_BITS, Codes, Pairs

ITERATIONS, TRAINED = 6, 40  # of the clustering; hashes it sees for each of its lists
FULL_RECALL = 0.9995


def told(index: Any, queries: Codes, radius: int) -> tuple[set[tuple[int, int]], float]:
    """Return the (query, place) pairs within a radius, inclusive, and the seconds of CPU that it took."""
    began = time.process_time()
    limits, _, places = index.range_search(queries, radius + 1)  # faiss leaves the radius itself out
    spent_s = time.process_time() - began
    query = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
    return set(zip(query.tolist(), places.tolist(), strict=True)), spent_s


def flat(codes: Codes, queries: Codes, radius: int, truth: Pairs) -> dict[str, float]:
    """Return the figures of IndexBinaryFlat."""
    index = faiss.IndexBinaryFlat(HASH_BITS)
    index.add(codes)
    found, spent_s = told(index, queries, radius)
    return {"queries_per_s_core": round(len(queries) / spent_s, 1), "recall": recall(found, truth, len(queries))}


def inverted(codes: Codes, queries: Codes, radius: int, truth: Pairs, lists: int) -> dict[str, Any]:
    """Return the figures of IndexBinaryIVF, asked in as many lists as it takes to find what there is."""
    quantiser = faiss.IndexBinaryFlat(HASH_BITS)
    index = faiss.IndexBinaryIVF(quantiser, HASH_BITS, lists)
    index.cp.niter = ITERATIONS
    began = time.process_time()
    random = np.random.default_rng(1)
    index.train(codes[np.sort(random.permutation(len(codes))[: TRAINED * lists])])
    index.add(codes)
    built_s = time.process_time() - began
    index.nprobe, figures, curve = 16, {"recall": 0.0}, {}
    while figures["recall"] < FULL_RECALL and index.nprobe <= lists:
        found, spent_s = told(index, queries, radius)
        figures = {
            "queries_per_s_core": round(len(queries) / spent_s, 1), "recall": recall(found, truth, len(queries)),
            "lists": lists, "lists_asked": index.nprobe, "build_cpu_s": round(built_s, 1),
        }  # fmt: skip
        curve[index.nprobe] = (figures["recall"], figures["queries_per_s_core"])
        index.nprobe *= 4
    return figures | {"recall_and_speed_by_lists": curve}


def recall(found: set[tuple[int, int]], truth: Pairs, queries: int) -> float:
    """Return the share of what a query is near to that was found, over the queries that are near to anything."""
    wanted = set(zip(truth[0].tolist(), truth[1].tolist(), strict=True))
    near = np.bincount(truth[0], minlength=queries)
    got = np.bincount([query for query, _ in found & wanted], minlength=queries)
    return round(float((got[near > 0] / near[near > 0]).mean()), 4)
