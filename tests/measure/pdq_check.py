"""Is our PDQ everybody's PDQ? Compares it with pdqhash on every still picture of the corpus."""

from dataclasses import dataclass

import numpy as np
import pdqhash

from fingerprints.borders import shrunk
from fingerprints.kinds import pdq
from tests.measure.pictures_corpus import all_paths, read

RECOMMENDED_PX = 512  # of the long side, by PDQ's reference program


@dataclass(frozen=True)
class Agreement:
    """How many pictures have the same 256 bits."""

    identical: int
    pictures: int


def compared() -> Agreement:
    """Return how many of all pictures have bit for bit the code and the quality that pdqhash gives them."""
    same = [_is_same(shrunk(read(path), RECOMMENDED_PX)) for path in all_paths()]
    return Agreement(sum(same), len(same))


def _is_same(pixels: np.typing.NDArray[np.uint8]) -> bool:
    pixels = np.ascontiguousarray(pixels)
    bits, quality = pdqhash.compute(pixels)
    codes, our_quality = pdq.standard(pixels)
    return bool(np.array_equal(np.unpackbits(codes), np.asarray(bits, np.uint8))) and our_quality == int(quality)
