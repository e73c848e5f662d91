"""What an index tells of many queries at once: which stored vectors are near to which of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Near:
    """Pairs of a query row and a stored row; the four arrays run in parallel."""

    query: NDArray[np.int64]
    owner: NDArray[np.int64]
    row: NDArray[np.int64]  # which of the owner's vectors
    distance: NDArray[np.float64]  # bits for hashes, L2 for descriptors

    @classmethod
    def nothing(cls) -> "Near":
        """Return no pairs."""
        none = np.zeros(0, np.int64)
        return cls(none, none, none, np.zeros(0))
