"""The vector indexes: stored vectors that can be searched; rebuildable caches, the database is the truth.

To add one, write its file here and add its line to the tuple.
"""

from collections.abc import Callable

import faiss

from matcher.indexes.binary_flat import BinaryFlat
from matcher.indexes.sift_ivf import SiftIvf
from matcher.interface import Index

BUILT_IN: tuple[Callable[[], Index], ...] = (BinaryFlat, SiftIvf)

# One search takes milliseconds: splitting it costs more than it gives. Cores are filled by working on several pictures.
faiss.omp_set_num_threads(1)
