"""What a fingerprint is made of: frames in, vectors out. A kind is a pure function of pixels or samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import Box, content, grey

Medium = Literal["image", "video", "audio"]
Tier = Literal["points", "hashes"]  # how much of a reference film is kept: local points too, or hashes alone
Depth = Literal[Tier, "glance"]  # how deeply a medium is described: as a reference of a tier, or as a sighting is first


@dataclass(frozen=True)
class Frame:
    """One decoded picture."""

    pixels: NDArray[np.uint8]  # (height, width, 3), RGB
    at_s: float = 0.0  # position in the medium, seconds; 0 for a still picture

    @cached_property
    def luminance(self) -> NDArray[np.uint8]:
        """The grey picture, (height, width); made once for all kinds."""
        return grey(self.pixels)

    @cached_property
    def inside(self) -> Box:
        """The part inside plain borders; found once for all kinds."""
        return content(self.luminance)


@dataclass(frozen=True)
class Sound:
    """Decoded sound, mono."""

    samples: NDArray[np.float32]  # (count,), -1 to 1
    rate_hz: int


@dataclass(frozen=True)
class Vectors:
    """What a kind says of one medium: one row a vector, with where each row sits."""

    codes: NDArray[np.uint8]  # (count, bytes)
    positions: NDArray[np.float32]  # (count, columns); the kind's table names the columns, its docstring explains them
    facts: dict[str, float] = field(default_factory=dict)  # per medium, named by the kind's table


class Column(NamedTuple):
    """One number of a position, or one fact of a medium, and between what it lies."""

    name: str
    least: float
    most: float


@dataclass(frozen=True)
class Table:
    """What the vectors of a kind look like. Nobody computes with vectors from outside that look otherwise: they come
    from other people's programs, and from children that decode hostile files."""

    code_bytes: int | None  # None: as many as the medium makes it
    columns: tuple[Column, ...]  # of a position; rows come in order of a first one called "second"
    facts: tuple[Column, ...] = ()  # of a medium; one without vectors may come without them

    def fits(self, vectors: Vectors) -> bool:
        """Say whether these vectors look as they should."""
        codes, positions = vectors.codes, vectors.positions
        if positions.shape[1] != len(self.columns) or self.code_bytes not in (None, codes.shape[1]):
            return False
        if not set(vectors.facts) <= {fact.name for fact in self.facts}:
            return False
        return not len(positions) or (self._fit(positions) and self._are_possible(vectors.facts))

    def _fit(self, positions: NDArray[np.float32]) -> bool:
        least, most = np.array([column[1:] for column in self.columns], np.float32).T
        if not ((positions >= least) & (positions <= most)).all():  # nor is anything no number
            return False
        return self.columns[0].name != SECOND.name or not (np.diff(positions[:, 0]) < 0).any()

    def _are_possible(self, facts: Mapping[str, float]) -> bool:
        if not all(fact.least <= facts.get(fact.name, math.nan) <= fact.most for fact in self.facts):
            return False
        return "left" not in facts or (facts["left"] < facts["right"] and facts["top"] < facts["bottom"])


SECOND = Column("second", 0, 1 << 18)  # three days; a float32 still tells thirtieths of a second apart
QUALITY = Column("quality", 0, 100)
BOX = tuple(Column(side, 0, 1) for side in ("left", "top", "right", "bottom"))  # as fractions of a picture
NO_PLACE = (Column("none", 0, 0),)  # of kinds that have one code for the whole picture


class PictureKind(Protocol):
    """One way to describe a still picture. Never change what a (name, version) yields; raise the version."""

    name: str
    version: int
    table: Table
    may_travel: bool  # False: shows too much of the picture to leave the studio in a fingerprint package

    def describe(self, frame: Frame) -> Vectors:
        """Return the vectors of one picture; the frame is not changed. Empty vectors are an answer."""
        ...


class FilmPass(Protocol):
    """One film being described, frame by frame, so that no film has to fit into memory."""

    def see(self, frame: Frame) -> None:
        """Take the next frame; frames come in order of time."""
        ...

    def finish(self) -> Vectors:
        """Return the vectors of everything seen."""
        ...


class FilmKind(Protocol):
    """One way to describe a film: a reference, whole, or a sighting, at a glance and where it is watched closely."""

    name: str
    version: int
    table: Table
    may_travel: bool
    frames_per_second: float  # how many frames of a second it wants to see, of a film that is described or watched
    glance_s: float  # of a film that is glanced at, the least seconds between two key frames it wants to see; inf: none
    tier: Tier  # "points": left out where only hashes are kept

    def begin(self) -> FilmPass:
        """Start on a new film."""
        ...


class SoundKind(Protocol):
    """One way to describe sound, of a sound file or of a film."""

    name: str
    version: int
    table: Table
    may_travel: bool

    def describe(self, sound: Sound) -> Vectors:
        """Return the vectors of the sound, in order of time."""
        ...


@dataclass(frozen=True)
class MediaFacts:
    """What a decoder learned of a file, apart from its fingerprints."""

    medium: Medium
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    frames_per_second: float = 0.0
    has_sound: bool = False


@dataclass(frozen=True)
class Description:
    """Everything one decoding child says of one file: facts and fingerprints, or one sentence why not."""

    facts: MediaFacts | None
    fingerprints: dict[tuple[str, int], Vectors]  # (kind, version) -> vectors
    error: str | None = None  # one sentence; facts is then None


@dataclass(frozen=True)
class Laid:
    """How a reference's frame lies in the frames of a film that was seen."""

    # seen = matrix @ (reference x, y, 1), in pixels of frames of the sizes below; a negative determinant mirrors
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    reference_size: tuple[float, float]  # width, height
    seen_size: tuple[float, float]  # width, height

    @property
    def is_mirrored(self) -> bool:
        """Whether the frames show the reference mirrored."""
        (a, b, _), (c, d, _) = self.matrix
        return a * d - b * c < 0


@dataclass(frozen=True)
class Watch:
    """One stretch of a film that is worth every frame."""

    start_s: float
    end_s: float
    kinds: tuple[str, ...]  # names of the kinds for sightings to run on it
    laid: Laid | None = None  # straighten every frame by it first; None: frames as they are


@dataclass(frozen=True)
class Watched:
    """What a decoding child says of stretches of one film, or one sentence why not."""

    error: str | None  # one sentence; seen is then empty
    seen: tuple[Mapping[str, Vectors], ...]  # of each watch, by name of the kind
