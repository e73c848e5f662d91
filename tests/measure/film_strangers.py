"""Reference hours that nobody copied, made of real ones in bulk: as skewed as real ones are, and unlike them all."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Frame, Vectors
from fingerprints.kinds.film_sift import FilmSift
from fingerprints.quantised import PART_BITS, PARTS, packed, unpacked
from matcher.indexes.film_frames import FilmFrames
from matcher.indexes.film_points import FilmPoints
from matcher.indexes.parts import in_memory
from matcher.indexes.point_index import PointPart, laid
from matcher.indexes.shipped_lists import background, coarse_quantiser
from tests.conftest import CORPUS
from tests.measure import film_alterations as alterations
from tests.measure import films_corpus
from tests.measure.film_alterations import Picture

SUFFIXES = {".webp", ".jpg", ".png"}
STRANGER = 1_000  # the first owner that is made up
EPISODE_S = 1440.0
POINTS_AN_HOUR = 2_700 * 130  # pictures of a reference hour, a fifth of its seconds held, and points of a picture
GROUPS = 8  # of four parts of a descriptor; each comes from another one of the same list
MOST_MIXED = 8192  # different ones made for one list; beyond, they repeat
SMOOTHED = 0.5  # of a descriptor, in every list, so that none is empty

Codes = NDArray[np.uint8]


def add_frames(frames: FilmFrames, looks: Sequence[Vectors], hours: int) -> None:
    """Store episodes made of real films, each with a random half of its bits turned over in every frame."""
    random = np.random.default_rng(7)
    for episode in range(round(hours * 3600 / EPISODE_S)):
        codes, made_s = [], 0.0
        while made_s < EPISODE_S:
            look = looks[int(random.integers(len(looks)))]
            codes.append(look.codes ^ random.integers(0, 256, look.codes.shape[1]).astype(np.uint8))
            made_s += float(look.positions[-1, 0])
        frames.add(STRANGER + episode, np.concatenate(codes))


def parents(pictures: int) -> Codes:
    """Return the points of so many still pictures, whole and from nearby; none of them is in a film of the corpus."""
    folders = sorted(
        {folder for half in films_corpus.HALVES.values() for folder in half.stills if "comics" not in folder}
    )
    paths = sorted(path for folder in folders for path in (CORPUS / folder).rglob("*") if path.suffix in SUFFIXES)
    found = [packed(background().codes)]
    for path in paths[:: max(1, len(paths) // pictures)]:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None:
            shown = np.asarray(picture, np.uint8)
            found += [_points(shown), _points(alterations.cropped(0.5)(shown, shown))]
    return np.concatenate(found)


def _points(picture: Picture) -> Codes:
    one = FilmSift().begin()
    one.see(Frame(np.ascontiguousarray(picture[:, :, ::-1])))
    return one.finish().codes


def points(parents: Codes, hours: int) -> FilmPoints:
    """Return an index that already holds so many hours of points, mixed from the parents', as if they were one film's.

    They are put into their lists directly: to look for the list of each would take hours.
    """
    quantiser, lists = coarse_quantiser(), len(background().centroids)
    made = _mixed(_by_list(parents, quantiser, lists), hours * POINTS_AN_HOUR)
    whose = np.repeat(np.arange(lists), [len(some) for some in made])
    filled = FilmPoints()
    part = PointPart(in_memory(laid({STRANGER: (whose, np.concatenate(made))}, keeps_codes=True)))
    filled._state = replace(filled._state, parts=(*filled._state.parts, part))
    return filled


def _by_list(parents: Codes, quantiser: faiss.Index, lists: int) -> list[NDArray[np.uint8]]:
    """Return the parts of the parents, (count, PARTS), of each list."""
    parts = np.empty((len(parents), PARTS), np.uint8)
    parts[:, ::2], parts[:, 1::2] = parents & 15, parents >> PART_BITS
    whose = quantiser.search(unpacked(parents).astype(np.float32), 1)[1].ravel()
    order = np.argsort(whose, kind="stable")
    return np.split(parts[order], np.cumsum(np.bincount(whose, minlength=lists))[:-1])


def _mixed(parents: list[NDArray[np.uint8]], count: int) -> list[Codes]:
    """Return packed descriptors of each list, as many as its share of the parents."""
    random = np.random.default_rng(9)
    share = np.array([len(each) for each in parents]) + SMOOTHED
    wanted = np.rint(share / share.sum() * count).astype(int)
    every = np.concatenate(parents)
    found = []
    for mine, number in zip(parents, wanted.tolist(), strict=True):
        pool = (
            mine
            if len(mine) >= GROUPS // 2
            else np.concatenate([mine, every[random.integers(len(every), size=GROUPS)]])
        )
        chosen = pool[random.integers(len(pool), size=(min(number, MOST_MIXED), GROUPS))]
        groups = chosen.reshape(-1, GROUPS, GROUPS, PARTS // GROUPS)
        parts = groups[:, np.arange(GROUPS), np.arange(GROUPS)].reshape(-1, PARTS)
        codes = parts[:, ::2] | parts[:, 1::2] << PART_BITS
        found.append(np.ascontiguousarray(np.resize(codes, (number, PARTS // 2))))
    return found
