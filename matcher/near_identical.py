"""Groups captured pictures that are the same to the eye, recompressed or resized, so that a reviewer looks once.

It says nothing about references: two captures in one group may both be innocent. Cropped, turned and lettered copies
stay apart, for there the reviewer has something to see. Hashes of whole pictures cannot tell one page in two languages
or one drawing with two expressions: those stand in one group too, so a page that shows one of a group lets all be seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fingerprints import kinds, store
from fingerprints.interface import Vectors

# Both inclusive. Of 120 pictures each, 100 % of those saved again as JPEG 30, 97 % of those at half and at a quarter of
# the size stay together; none of 187,000 pairs of other pictures comes together.
PDQ_BITS, PHASH_BITS = 31, 4  # of 256, the PDQ paper's own measure, and of 64
PDQ_ALONE_BITS = 16  # without a pHash; at 31, other things in front of one background come together
PDQ_BYTES, PHASH_BYTES = 32, 8
_WHOLE = (0, 0, 0, 1, 1)  # turn, left, top, right, bottom of the whole picture as it is
_Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Look:
    """What a picture looks like as a whole; None where there is no such code."""

    blob: str
    pdq: NDArray[np.uint8] | None  # (32,); none of a flat picture, which would be near every other flat one
    phash: NDArray[np.uint8] | None  # (8,); a package from a studio may come without


def groups(session: Session, blobs: Sequence[str]) -> list[list[str]]:
    """Return the blobs in groups of the same picture to the eye: every blob once, in the order given.

    Groups are ordered by their first blob. What was not described yet, is no picture or is flat stands alone.
    """
    wanted = list(dict.fromkeys(blobs))
    pictured = kinds.picture_kinds()
    pdq, phash = (store.load_many(session, wanted, name, pictured[name].version) for name in ("pdq256", "phash64"))
    return grouped(Look(blob, _whole(pdq.get(blob)), _only(phash.get(blob))) for blob in wanted)


def grouped(looks: Iterable[Look]) -> list[list[str]]:
    """Return the blobs of the looks; those near each other, also by way of others, in one group."""
    every = list(looks)
    first = list(range(len(every)))  # of each look an earlier one of its group; itself when there is none
    for one, other in _near(every):
        earlier, later = sorted((_root(first, one), _root(first, other)))
        first[later] = earlier
    found: dict[int, list[str]] = {}
    for number, look in enumerate(every):
        found.setdefault(_root(first, number), []).append(look.blob)
    return list(found.values())


def _near(looks: Sequence[Look]) -> Iterator[tuple[int, int]]:
    """Yield every two looks, by number, that are the same to the eye."""
    hashed = np.array([number for number, look in enumerate(looks) if look.pdq is not None], np.intp)
    pdq = _words([look.pdq for look in looks], PDQ_BYTES)
    phash = _words([look.phash for look in looks], PHASH_BYTES)
    has_phash = np.array([look.phash is not None for look in looks], np.bool_)
    for place, one in enumerate(hashed.tolist()):
        others = hashed[place + 1 :]
        far, further = _bits(pdq[one], pdq[others]), _bits(phash[one], phash[others])
        both = has_phash[others] & has_phash[one]
        near = np.where(both, (far <= PDQ_BITS) & (further <= PHASH_BITS), far <= PDQ_ALONE_BITS)
        yield from ((one, other) for other in others[near].tolist())


def _root(first: list[int], number: int) -> int:
    """Return the first look of the group, and shorten the way to it."""
    while first[number] != number:
        first[number] = first[first[number]]
        number = first[number]
    return number


def _words(codes: Sequence[NDArray[np.uint8] | None], size: int) -> _Codes:
    """Return the codes as rows of 64-bit words; a missing one is a row of 0, for others to leave out."""
    rows = [np.zeros(size, np.uint8) if code is None else code for code in codes]
    return np.array(rows, np.uint8).reshape(len(rows), size).view(np.uint64)


def _bits(one: _Codes, others: _Codes) -> NDArray[np.int64]:
    """Return in how many bits each of the others differs from the one."""
    return np.asarray(np.bitwise_count(one ^ others).sum(axis=1), np.int64)


def _whole(pdq: Vectors | None) -> NDArray[np.uint8] | None:
    """Return the code of the whole picture as it is, which is the first of pdq256 where there is one."""
    if pdq is None or len(pdq.codes) == 0 or pdq.codes.shape[1] != PDQ_BYTES:
        return None
    turn, _quality, *box = pdq.positions[0, :6].tolist()
    return pdq.codes[0] if (turn, *box) == _WHOLE else None


def _only(phash: Vectors | None) -> NDArray[np.uint8] | None:
    return None if phash is None or phash.codes.shape != (1, PHASH_BYTES) else phash.codes[0]
