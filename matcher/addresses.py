"""The number under which the indexes hold a reference: whose it is, and what of it was stored.

Whoever stores the same content of the same reference takes the same number, in any process and at any time; other
content takes another one. So an index on disk needs no list of changes: what is wanted and there is right. In ascending
order of numbers the references are in the order in which they were registered.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

CONTENT_BITS = 32  # two contents of one reference have one number once in four thousand million changes of it


def address(reference_id: int, content: Iterable[object] = ()) -> int:
    """Return the number of a reference of which this was stored; `content` is told apart by how it is written."""
    told = hashlib.blake2b(repr(tuple(content)).encode(), digest_size=CONTENT_BITS // 8).digest()
    return reference_id << CONTENT_BITS | int.from_bytes(told, "big")


def reference_of(number: int) -> int:
    """Return whose number it is."""
    return number >> CONTENT_BITS


def lacking(others: Numbers, numbers: Numbers) -> Numbers:
    """Return which numbers others lack, in order; each comes once on either side."""
    return np.setdiff1d(numbers, others, assume_unique=True)


def references_of(numbers: Numbers) -> Numbers:
    """Return whose numbers these are."""
    return numbers >> CONTENT_BITS
