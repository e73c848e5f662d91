"""What the matcher's rooms exchange: hits of an index, segments of two films, a match with its reasons, an answer of
an allowance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Bank = Literal["works", "goods", "licensed", "negative", "provisional"]
Lane = Literal["copy", "lead"]
Verdict = Literal["infringing", "licensed", "fan use", "not a match", "unsure"]
BANKS: tuple[Bank, ...] = ("works", "goods", "licensed", "negative", "provisional")
VERDICTS: tuple[Verdict, ...] = ("infringing", "licensed", "fan use", "not a match", "unsure")


@dataclass(frozen=True)
class Hit:
    """One stored vector near a query vector."""

    owner: int  # whose vector it is: the number it was added under
    row: int  # which of that owner's vectors
    distance: float  # bits for binary kinds, L2 for float kinds


class Index(Protocol):
    """Stored vectors that can be searched. A rebuildable cache; the database is the truth."""

    name: str

    def add(self, owner: int, codes: NDArray[np.uint8]) -> None:
        """Store the vectors of `owner`, (count, bytes) uint8; searchable when this returns. Floats travel as bytes too,
        as rows of float32, little-endian."""
        ...

    def remove(self, owner: int) -> None:
        """Forget every vector of `owner`; unknown owners are no error."""
        ...

    def search(self, codes: NDArray[np.uint8], count: int) -> list[list[Hit]]:
        """Return, per query row, the `count` nearest stored vectors, nearest first."""
        ...

    def __len__(self) -> int:
        """Return how many vectors are stored."""
        ...


@dataclass(frozen=True)
class Altered:
    """What was done to the picture of a copied stretch: where the reference's frame lies, and what is left of it."""

    outline: tuple[tuple[float, float], ...]  # the reference's four corners in the query's frame, as fractions of it
    window: tuple[tuple[float, float], ...]  # the part of the reference that the query shows, as fractions; a polygon
    is_mirrored: bool
    turn_degrees: float  # clockwise


@dataclass(frozen=True)
class Segment:
    """One stretch of the query that is one stretch of the reference, both in seconds."""

    query_start_s: float
    query_end_s: float
    reference_start_s: float
    reference_end_s: float
    speed: float  # reference seconds per query second; 1.25 means the copy runs faster
    score: float  # evidence, in seconds' worth of agreeing frames
    altered: Altered | None = None  # None: nobody saw clearly enough how the picture lies


@dataclass(frozen=True)
class Reason:
    """One signal that speaks for or against a match, with its sentence for reviewers."""

    signal: str
    value: float
    says: str


@dataclass(frozen=True)
class Box:
    """An upright part of a picture, its sides as fractions of the whole picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Transform:
    """How the reference lies in the query picture."""

    is_mirrored: bool
    # query = matrix @ (reference x, y, 1), in pixels of two pictures of the sizes below
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    query_size: tuple[float, float] = (1.0, 1.0)  # width, height of the frame that was described
    reference_size: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True)
class Comparison:
    """The outcome of comparing one query with one reference."""

    reference_id: int
    score: float  # calibrated probability that the query holds the reference
    lane: Lane
    reasons: tuple[Reason, ...]
    transform: Transform | None = None  # pictures
    outline: tuple[tuple[float, float], ...] = ()  # the reference's outline in the query, fractions of width and height
    reference_outline: tuple[tuple[float, float], ...] = ()  # the matched region in the reference, fractions
    segments: tuple[Segment, ...] = ()  # films and sound
    matched_seconds: float = 0.0  # union on the query's axis


AllowanceVerdict = Literal["allows", "does not allow", "unknown"]


@dataclass(frozen=True)
class Answer:
    """What one allowance says of one use; `unknown` sends the use to a person, never to a notice."""

    allowance: str
    verdict: AllowanceVerdict
    says: str  # a sentence with the row that decided
    row: str | None = None  # "licence:<uuid>", "fan rule:<uuid>", "negative:<uuid>"


@dataclass(frozen=True)
class Use:
    """One use of one work at one place, with everything an allowance may ask about it."""

    work_id: int
    owner_id: int
    finding_id: int
    place: str  # host[:port]/path, canonical
    host: str  # host[:port]
    at: datetime
    territory: str | None  # ISO 3166 alpha-2 of the place's audience, when known
    page_kind: str
    is_commercial: bool | None
    attribution: str | None
    title: str
    text: str
    matched_seconds: float | None  # None: no film or sound is involved
    pictures: int  # matched still pictures
    banks: tuple[str, ...] = ()  # banks of the references that matched
    reference_ids: tuple[int, ...] = field(default=())
    aliases: tuple[str, ...] = ()  # the work's title, aliases and owner name, as a credit would name them
    media: int = 1  # matched media, films and pictures alike; 0 once no reference that matched is in force
    released_media: int = 0  # of those, the ones that are a reference of the bank "licensed"
    known_media: int = 0  # of those, the ones that are a reference of the bank "negative"
    newest_media_at: datetime | None = None  # when the newest matched medium was first seen at this place
    why_gone: tuple[str, ...] = ()  # a sentence for each reference that matched and is out of force


class Allowance(Protocol):
    """Any reason not to notice. Its class docstring is what reviewers read."""

    name: str

    def check(self, use: Use, rows: "AllowanceRows") -> Answer:
        """Answer for one use; pure, over the rows that were loaded for it."""
        ...


@dataclass(frozen=True)
class LicenceRow:
    """A licence in force or not, as loaded for one work."""

    uuid: str
    grantee: str
    place: str  # "host", "host/path prefix" or "*.host"
    territory: str | None  # None: worldwide
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class FanRuleRow:
    """What a creator allows beyond the floor."""

    uuid: str
    max_seconds: float | None  # None: as the floor
    needs_non_commercial: bool
    needs_attribution: bool
    max_pictures: int | None  # still pictures that may be shown; None: the rule says nothing of pictures
    says: str


@dataclass(frozen=True)
class NegativeRow:
    """An earlier "no": this place is not that reference, or this place was judged allowed."""

    uuid: str
    place: str
    verdict: str
    by: str
    reason: str
    expires_at: datetime | None
    at: datetime | None = None  # when it was said; media that came to the place later were not judged


@dataclass(frozen=True)
class AllowanceRows:
    """The registry rows that concern one use."""

    licences: Sequence[LicenceRow]
    fan_rules: Sequence[FanRuleRow]
    negatives: Sequence[NegativeRow]
    floor_seconds: float  # allowance.max_fan_seconds
    official_hosts: Sequence[str] = ()
