"""Inverted lists for faiss in memory of ours, mapped from a file or not: nothing is copied, all processes share it."""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray


class MappedLists(faiss.OnDiskInvertedLists):
    """Inverted lists in one array: of each list its codes, then the numbers of its entries."""

    def __init__(self, table: NDArray[np.uint64], content: NDArray[np.uint8], code_size: int) -> None:
        """Read the lists from `content`. `table` says of each how many entries it has, how many it has room for, and
        at which byte it begins; `code_size` is in bytes. The content has to outlive this."""
        super().__init__()
        lists: Any = self.lists  # a vector of C++, no list
        lists.resize(len(table))
        faiss.memcpy(lists.data(), faiss.swig_ptr(table), table.nbytes)
        self.nlist, self.code_size = len(table), code_size
        self.read_only, self.prefetch_nthread = True, 0
        self.ptr = faiss.swig_ptr(content)

    def __del__(self) -> None:
        self.ptr = None  # faiss would unmap it, and it is not its own


def selector(counting: NDArray[np.uint8]) -> Any:
    """Return what has faiss leave out the entries that do not count; a bit for each, none: all of them count."""
    return faiss.IDSelectorBitmap(counting) if len(counting) else None  # type: ignore[call-arg,arg-type]


def searched(probes: int, counting: NDArray[np.uint8]) -> Any:
    """Return how faiss searches lists: how many of them, and leaving out which entries."""
    return faiss.SearchParametersIVF(nprobe=probes, sel=selector(counting))  # type: ignore[call-arg]
