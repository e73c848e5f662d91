"""Binary codes searched one by one: exact, and quick enough for one code a picture."""

import faiss
import numpy as np
from numpy.typing import NDArray

from matcher.indexes.numbering import entries, entry_range, owner_of, row_of
from matcher.interface import Hit

BITS = 256


class BinaryFlat:
    """Exact Hamming search over 32-byte codes."""

    name = "binary-flat"

    def __init__(self) -> None:
        self._flat = faiss.IndexBinaryFlat(BITS)
        self._index = faiss.IndexBinaryIDMap(self._flat)

    def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
        """Store the codes of `owner`; searchable when this returns."""
        if len(codes):
            self._index.add_with_ids(np.ascontiguousarray(codes), entries(owner, len(codes)))

    def remove(self, owner: int) -> None:
        """Forget every code of `owner`; unknown owners are no error."""
        self._index.remove_ids(faiss.IDSelectorRange(*entry_range(owner)))

    def search(self, codes: NDArray[np.uint8], count: int) -> list[list[Hit]]:
        """Return, per query row, the `count` nearest codes, nearest first; equal distances by owner, then row."""
        if not len(codes) or not len(self):
            return [[] for _ in codes]
        distances, ids = self._index.search(np.ascontiguousarray(codes), min(count, len(self)))
        return [
            [Hit(owner_of(entry), row_of(entry), float(bits)) for bits, entry in sorted(zip(near, found, strict=True))]
            for near, found in zip(distances.tolist(), ids.tolist(), strict=True)
        ]

    def __len__(self) -> int:
        """Return how many codes are stored."""
        return int(self._index.ntotal)

    def bytes_held(self) -> int:
        """Return the bytes of memory that the stored codes take."""
        return len(self) * (BITS // 8 + np.dtype(np.int64).itemsize)
