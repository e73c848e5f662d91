"""The vector indexes: stored vectors that can be searched; rebuildable caches, the database is the truth.

To add one, write its file here and add its line to the tuple; other distributions add theirs by entry points.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import faiss

from config import plugins
from matcher.indexes.float_ivf import FloatIvf
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.sift_ivf import SiftIvf
from matcher.interface import Index


@dataclass(frozen=True)
class IndexKind:
    """One way to search what a kind of fingerprint gives."""

    name: str
    make: Callable[[], Index]


BUILT_IN = tuple(IndexKind(each.name, each) for each in (HashIndex, SiftIvf, FloatIvf))

# One search takes milliseconds: splitting it costs more than it gives. Cores are filled by working on several pictures.
faiss.omp_set_num_threads(1)


def indexes() -> Mapping[str, IndexKind]:
    """Return every index that vectors may be searched by, by name: the built-ins and those of `mekiki.indexes`."""
    return plugins.gather("indexes", BUILT_IN)
