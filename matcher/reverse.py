"""The reverse search: which of the media of which hashes are kept may hold a reference. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.quantised import unpacked
from matcher import film_watch, kept, pictures, votes
from matcher.film_looks import LEAST_QUALITY, LINE_BITS, REFERENCE_VIEWS
from matcher.films import FilmShelf
from matcher.indexes.hamming import Codes
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.sift_ivf import SiftIvf

QUERIES = 256  # asked at a time; with MOST it bounds the memory of a picture that everything is near to
MOST = 20_000  # hashes near to one of the reference's
LEAST_WEIGHT = 2.0  # of the votes of a picture's kept points; strangers reach it once in 250 pictures


def pictures_near(index: HashIndex, hashes: Vectors) -> set[int]:
    """Return the pictures of which a hash is near to one of the reference's (pdq256), in any turn."""
    asked = hashes.codes[hashes.positions[:, kept.IS_EVEN] == 0]
    return set(_owners(index, asked, pictures.HASH_LIMIT))


def pictures_by_points(
    references: Mapping[int, Vectors], rows: Iterable[tuple[int, Codes]]
) -> Iterator[tuple[int, int]]:
    """Yield (reference, picture) where a few of the picture's points vote for a reference (rootsift, by number); `rows`
    are the numbers of pictures with their packed points."""
    index = SiftIvf()
    index.change({number: vectors.codes for number, vectors in references.items()})
    for number, points in rows:
        descriptors = unpacked(points)
        for codes in (descriptors, mirrored(descriptors)):
            for ballot in votes.counted(*index.nearest(codes, pictures.NEIGHBOURS)):
                if ballot.weight >= LEAST_WEIGHT:
                    yield ballot.owner, number


def films_near(index: HashIndex, looks: Vectors, kept_of: Callable[[int], Vectors]) -> set[int]:
    """Return the films of which a glance would make the reference promising; `looks` are its film-pdq frames, `kept_of`
    loads what is kept of a film."""
    shows = np.isin(looks.positions[:, 1], REFERENCE_VIEWS) & (looks.positions[:, 2] >= LEAST_QUALITY)
    shelf = FilmShelf()
    shelf.add(0, {FilmPdq.name: looks})
    found = set()
    for number in _owners(index, looks.codes[shows], int(LINE_BITS)):  # no line is further on average
        glance = kept_of(number)
        if len(glance.codes) and shelf.promising({film_watch.LOOKS: glance}, float(glance.positions[-1, 0])).owners:
            found.add(number)
    return found


def _owners(index: HashIndex, codes: Codes, radius: int) -> Iterator[int]:
    """Yield whoever has a hash near to one of these, each once."""
    different = np.unique(codes, axis=0)
    told: set[int] = set()
    for start in range(0, len(different), QUERIES):
        near = index.within(different[start : start + QUERIES], radius, most=MOST)
        new = {*np.unique(near.owner).tolist()} - told
        told |= new
        yield from sorted(new)
