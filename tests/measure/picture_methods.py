"""The ways to find a picture that are measured side by side: ours, and the peers, on the same pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from fingerprints.borders import shrunk
from fingerprints.interface import Frame, Vectors
from fingerprints.kinds.pdq import Pdq256
from fingerprints.kinds.rootsift import RootSift
from fingerprints.kinds.thumb import Thumb
from fingerprints.pictures import frame_size
from matcher import score
from matcher.pictures import PictureShelf
from tests.measure.attacks import Picture
from tests.measure.learned_areas import Areas, learned

KINDS = (Pdq256(), RootSift(), Thumb())
PEER_PX = 512  # PDQ's authors shrink to this; the other hashes lose nothing by it
PLAIN_SPREAD = 24  # grey levels within a border line that the peer's trim takes off
Described = dict[str, Vectors]


@dataclass(frozen=True)
class Prediction:
    """A method's best answer to one query: which reference, and how sure on the method's own scale."""

    reference: int | None
    score: float


def described(picture: Picture) -> Described:
    """Return what our kinds say of a picture, which they see as the decoder hands it to them."""
    frame = Frame(_as_decoded(picture))
    return {kind.name: kind.describe(frame) for kind in KINDS}


def _as_decoded(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    wide, tall = frame_size(width, height)
    size = (max(1, round(wide)), max(1, round(tall)))
    return picture if size == (width, height) else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def filled(
    references: Sequence[Mapping[str, Vectors]], works: Sequence[str] = (), marked: Areas | None = None
) -> PictureShelf:
    """Return a shelf with the references, numbered in their order; given their works, without what these merely share,
    as the product learns it, and without what is marked as not distinctive."""
    shelf = PictureShelf()
    for number, vectors in enumerate(references):
        shelf.add(number, vectors)
    areas = learned(shelf, references, works) if works else {}
    for number, boxes in (marked or {}).items():
        areas[number] = (*boxes, *areas.get(number, ()))
    for number, boxes in sorted(areas.items()):
        shelf.add(number, references[number], boxes)
    return shelf


class Method(Protocol):
    """One way to find a picture among references."""

    name: str

    @property
    def bytes_per_reference(self) -> float:
        """What it keeps of a reference to search for it."""
        ...

    def __call__(self, picture: Picture) -> Prediction:
        """Return the best answer."""
        ...


class Ours:
    """The shelf, as `mekiki match` uses it; everything with any score counts here, not only what is worth a look."""

    name = "ours"

    def __init__(self, references: Sequence[Picture], works: Sequence[str] = (), marked: Areas | None = None) -> None:
        self._references = [described(picture) for picture in references]
        self._shelf = filled(self._references, works, marked)

    def __call__(self, picture: Picture) -> Prediction:
        """Return the best answer."""
        looks = self._shelf.looks(described(picture), self._references.__getitem__)
        ranked = [(score.probability(each.evidence), -each.reference_id) for each in looks]
        if not ranked:
            return Prediction(None, 0.0)
        chance, negated = max(ranked)
        return Prediction(-negated, chance)

    @property
    def bytes_per_reference(self) -> float:
        """What the index holds."""
        return self._shelf.bytes_held() / len(self._shelf)


class Hashes:
    """A peer: the nearest hash in bits wins. Each of the `views` of a reference is hashed, and of a query too, of which
    `all_of` may give several hashes."""

    def __init__(
        self, name: str, references: Sequence[Picture], one: Callable[[Picture], NDArray[np.bool_]],
        all_of: Callable[[Picture], NDArray[np.bool_]] | None = None,
        views: Sequence[Callable[[Picture], Picture]] = (lambda picture: picture,),
    ) -> None:  # fmt: skip
        self.name = name
        self._all_of = all_of or (lambda picture: one(picture)[None])
        self._views = views
        small = [shrunk(picture, PEER_PX) for picture in references]
        self._codes = np.array([[one(view(picture)) for view in views] for picture in small])

    @property
    def bytes_per_reference(self) -> float:
        """The bits of its hashes."""
        return float(self._codes[0].size / 8)

    def __call__(self, picture: Picture) -> Prediction:
        """Return the nearest reference; the score falls with the distance."""
        small = shrunk(picture, PEER_PX)
        codes = np.vstack([self._all_of(view(small)) for view in self._views])
        distances = (codes[:, None, None] != self._codes[None]).sum(axis=3).min(axis=(0, 2))
        nearest = int(distances.argmin())
        return Prediction(nearest, 1 - float(distances[nearest]) / self._codes.shape[2])


def _pdq(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(pdqhash.compute(np.ascontiguousarray(picture))[0], dtype=bool)


def _pdq_dihedral(picture: Picture) -> NDArray[np.bool_]:
    return np.asarray(pdqhash.compute_dihedral(np.ascontiguousarray(picture))[0], dtype=bool)


def trimmed(picture: Picture) -> Picture:
    """Return the picture without its plain borders, by a rule of its own: a peer must not lean on ours."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    rows, columns = (np.flatnonzero(np.ptp(grey, axis=axis) >= PLAIN_SPREAD) for axis in (1, 0))
    if not len(rows) or not len(columns):
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


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
        Hashes("pdq_dihedral_trim", references, _pdq, _pdq_dihedral, (np.asarray, trimmed)),
    ]
