"""The ways to find a picture that are measured side by side: ours, and the peers, on the same pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from fingerprints.interface import Frame, Vectors
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.thumb import Thumb
from matcher import score
from matcher.pictures import PictureShelf
from tests.measure.attacks import Picture

KINDS = (Pdq256(), RootSift(), Thumb())


@dataclass(frozen=True)
class Prediction:
    """A method's best answer to one query: which reference, and how sure on the method's own scale."""

    reference: int | None
    score: float


def described(picture: Picture) -> dict[str, Vectors]:
    """Return what our kinds say of a picture."""
    return {kind.name: kind.describe(Frame(picture)) for kind in KINDS}


def filled(references: Sequence[dict[str, Vectors]]) -> PictureShelf:
    """Return a shelf with the references, numbered in their order."""
    shelf = PictureShelf()
    for number, vectors in enumerate(references):
        shelf.add(number, vectors)
    return shelf


class Ours:
    """The shelf, as `mekiki match` uses it; everything with any score counts here, not only what is worth a look."""

    name = "ours"

    def __init__(self, references: Sequence[Picture]) -> None:
        self._references = [described(picture) for picture in references]
        self._shelf = filled(self._references)
        self.bytes_per_reference = float(
            np.mean([sum(v.codes.nbytes + v.positions.nbytes for v in each.values()) for each in self._references])
        )

    def __call__(self, picture: Picture) -> Prediction:
        """Return the best answer."""
        looks = self._shelf.looks(described(picture), self._references.__getitem__)
        ranked = [(score.probability(each.evidence), -each.reference_id) for each in looks]
        if not ranked:
            return Prediction(None, 0.0)
        chance, negated = max(ranked)
        return Prediction(-negated, chance)


class Hashes:
    """A peer: one hash a reference, the nearest in bits wins. `all_of` may give several hashes of a query."""

    def __init__(
        self, name: str, references: Sequence[Picture], one: Callable[[Picture], NDArray[np.bool_]],
        all_of: Callable[[Picture], NDArray[np.bool_]] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._all_of = all_of or (lambda picture: one(picture)[None])
        self._codes = np.array([one(picture) for picture in references])
        self.bytes_per_reference = self._codes.shape[1] / 8

    def __call__(self, picture: Picture) -> Prediction:
        """Return the nearest reference; the score falls with the distance."""
        codes = self._all_of(picture)
        distances = (codes[:, None] != self._codes[None]).sum(axis=2).min(axis=0)
        nearest = int(distances.argmin())
        return Prediction(nearest, 1 - float(distances[nearest]) / self._codes.shape[1])


def _pdq(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(pdqhash.compute(np.ascontiguousarray(picture))[0], dtype=bool)


def _pdq_dihedral(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(pdqhash.compute_dihedral(np.ascontiguousarray(picture))[0], dtype=bool)


def _phash(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(imagehash.phash(Image.fromarray(picture)).hash, dtype=bool).ravel()


def _dhash(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(imagehash.dhash(Image.fromarray(picture)).hash, dtype=bool).ravel()


def peers(references: Sequence[Picture]) -> list[Hashes]:
    """Return the peers over the same references."""
    return [
        Hashes("imagehash_phash", references, _phash),
        Hashes("imagehash_dhash", references, _dhash),
        Hashes("pdq", references, _pdq),
        Hashes("pdq_dihedral", references, _pdq, _pdq_dihedral),
    ]
