"""The pictures of a film and the local points on them, as film-sift and seen-sift tell them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Vectors
from fingerprints.keypoints import DESCRIPTOR_BYTES
from fingerprints.quantised import unpacked
from matcher.indexes.film_points import Codes

# A station's logo recurs all over a film: a point that looks the same at the same place in so many pictures far apart
# in time is part of an overlay, and would make every film with that logo a copy.
OVERLAY_PICTURES = 4
OVERLAY_APART_S = 15.0
OVERLAY_LIKE = 150.0  # L2
OVERLAY_CELL_PX = 8

MOST_HELD_S = 300.0  # of a picture; a slate of hours would be compared with every moment of another one
STRONGEST, LARGE_PX = 30, 4.0  # what film-sift keeps of a reference, in a copy that is a little smaller

Numbers = NDArray[np.int64] | NDArray[np.int32]


@dataclass(frozen=True)
class Pictures:
    """A film's kept pictures and the points on them."""

    begins_s: NDArray[np.float64]
    held_s: NDArray[np.float64]
    picture: Numbers  # of each point, which picture it is on
    places: NDArray[np.float32]  # of each point, x, y, size and angle
    codes: Codes  # 16 bytes a point as stored; 128 unpacked
    size: tuple[float, float]  # width and height of the frame the places refer to

    @classmethod
    def of(cls, vectors: Vectors) -> "Pictures":
        """Return the pictures of a fingerprint."""
        begins, first, picture = np.unique(vectors.positions[:, 0], return_index=True, return_inverse=True)
        return cls(
            begins.astype(np.float64),
            np.minimum(vectors.positions[first, 1].astype(np.float64), MOST_HELD_S),
            picture.ravel().astype(np.int64),
            vectors.positions[:, 2:6],
            vectors.codes,
            (vectors.facts.get("width", 0.0), vectors.facts.get("height", 0.0)),
        )

    def only(self, keep: NDArray[np.bool_]) -> "Pictures":
        """Return the film with only some of its points; the pictures stay as they are numbered."""
        return replace(self, picture=self.picture[keep], places=self.places[keep], codes=self.codes[keep])

    def unpacked(self) -> "Pictures":
        """Return the film with descriptors of 128 bytes."""
        return self if self.codes.shape[1] == DESCRIPTOR_BYTES else replace(self, codes=unpacked(self.codes))

    def most_telling(self, most: int) -> "Pictures":
        """Return the film with so many points of each picture: the strongest, then large ones, then the others."""
        return self.only(most_telling(self.picture, self.places[:, 2], most))

    def without_overlays(self) -> "Pictures":
        """Return the film without the points that recur, alike and in place, all over it."""
        return self.only(~_is_overlay(self))


def most_telling(picture: Numbers, sizes: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """Say of each point whether it is among so many of its picture that a reference is likeliest to have kept; those
    of one picture stand together, strongest first."""
    first = np.searchsorted(picture, picture)
    strength = np.arange(len(picture)) - first
    order = np.lexsort((strength, (strength >= STRONGEST) & (sizes < LARGE_PX), strength >= STRONGEST, picture))
    kept = np.zeros(len(picture), bool)
    kept[order] = strength < most  # the same places of each picture, in the other order
    return kept


def _is_overlay(film: Pictures) -> NDArray[np.bool_]:
    """Say of each point whether it recurs, alike and in place, all over the film."""
    overlay = np.zeros(len(film.codes), bool)
    cell = np.floor(film.places[:, :2] / OVERLAY_CELL_PX).astype(np.int64) @ np.array([1, 1 << 20])
    order = np.argsort(cell, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(cell[order])) + 1) if len(order) else []:
        if len(group) <= OVERLAY_PICTURES:
            continue
        codes = unpacked(film.codes[group]).astype(np.float32)
        at_s = film.begins_s[film.picture[group]]
        squared = (codes**2).sum(axis=1)
        alike = squared[:, None] + squared[None, :] - 2 * codes @ codes.T < OVERLAY_LIKE**2
        apart = np.abs(at_s[:, None] - at_s[None, :]) > OVERLAY_APART_S
        overlay[group] = (alike & apart).sum(axis=1) >= OVERLAY_PICTURES
    return overlay
