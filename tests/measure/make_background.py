"""Makes matcher/indexes/background.npz and fingerprints/book.npy, once: `python -m tests.measure.make_background`.

Draws pictures from a fixed seed, describes them, learns from all of them the middles of the inverted lists by k-means
(two levels: 128 groups of 128) and the code book that makes 16 bytes of a descriptor, and keeps the descriptors of the
last 100 as background pictures. It holds nobody's art.
"""

import sys
import time

import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Frame
from fingerprints.kinds.rootsift import RootSift
from fingerprints.quantised import BOOK, PART_BITS, PARTS
from matcher.indexes.shipped_lists import BACKGROUND, DIMENSIONS
from tests.measure.drawings import drawing

SEED = 20261122
PICTURES = 2600
KEPT = 100
KEPT_POINTS = 220  # of each kept picture, the strongest
GROUPS = 128  # of lists; each group is split into as many
BOOK_POINTS = 200_000  # descriptors that the code book is learned from


def described(count: int) -> list[NDArray[np.uint8]]:
    """Return the descriptors of `count` drawings, each drawn from a seed of its own."""
    kind = RootSift()
    return [kind.describe(Frame(drawing(np.random.default_rng((SEED, number))))).codes for number in range(count)]


def middles(codes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return GROUPS * GROUPS cluster middles, learned in two levels."""
    outer = faiss.Kmeans(codes.shape[1], GROUPS, niter=12, seed=SEED, verbose=False, max_points_per_centroid=1000)
    outer.train(codes)
    group = outer.index.search(codes, 1)[1][:, 0]
    found = []
    for number in range(GROUPS):
        members = np.ascontiguousarray(codes[group == number])
        wanted = min(GROUPS, len(members))
        inner = faiss.Kmeans(codes.shape[1], wanted, niter=10, seed=SEED, min_points_per_centroid=1)
        inner.train(members)
        found.append(inner.centroids)
    return np.unique(np.rint(np.concatenate(found)).clip(0, 255).astype(np.uint8), axis=0)


def book(codes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the (32, 16, 4) entries of the code book: for each four components, the 16 that stand for all."""
    chosen = np.random.default_rng(SEED).permutation(len(codes))[:BOOK_POINTS]
    quantiser = faiss.ProductQuantizer(DIMENSIONS, PARTS, PART_BITS)
    quantiser.train(np.ascontiguousarray(codes[chosen]))
    entries = faiss.vector_to_array(quantiser.centroids).reshape(PARTS, 1 << PART_BITS, -1)
    return np.asarray(np.rint(entries).clip(0, 255), dtype=np.uint8)


def main() -> None:
    """Write the file and say how large it is."""
    faiss.omp_set_num_threads(1)  # the same file on every machine
    began = time.monotonic()
    pictures = described(PICTURES)
    everything = np.concatenate(pictures).astype(np.float32)
    kept = [codes[:KEPT_POINTS] for codes in pictures[-KEPT:]]
    numbers = np.concatenate([np.full(len(codes), number, np.int32) for number, codes in enumerate(kept)])
    centroids = middles(everything)
    np.savez_compressed(BACKGROUND, centroids=centroids, codes=np.concatenate(kept), pictures=numbers)
    np.save(BOOK, book(everything))
    size_mb = BACKGROUND.stat().st_size / 1e6
    sys.stdout.write(
        f"{len(centroids)} lists, {len(numbers)} background descriptors of {KEPT} pictures, {size_mb:.1f} MB, "
        f"{time.monotonic() - began:.0f} s\n"
    )


if __name__ == "__main__":
    main()
