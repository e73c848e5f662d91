"""How an entry of an index carries its owner and row in one number, so that no table has to be kept beside it."""

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 20  # of one owner; a film of three hours at 8 frames a second with 8 codes a frame stays below
OWNERS = 1 << 42  # owners run from -OWNERS to OWNERS; below 0 are background pictures


def entries(owner: int, count: int) -> NDArray[np.int64]:
    """Return the numbers of rows 0 to count - 1 of `owner`. Raises ValueError when they do not fit."""
    if count > ROWS or abs(owner) > OWNERS:
        raise ValueError(f"{count} rows of owner {owner} do not fit into an index; store them under several owners")
    return np.arange(count, dtype=np.int64) + owner * ROWS


def entry_range(owner: int) -> tuple[int, int]:
    """Return the first number of `owner` and the first that is not theirs any more."""
    return owner * ROWS, (owner + 1) * ROWS


def owner_of(entry: int) -> int:
    """Return whose entry it is."""
    return entry // ROWS


def row_of(entry: int) -> int:
    """Return which of its owner's rows it is."""
    return entry % ROWS
