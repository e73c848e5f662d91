"""The truth of a demo world: which works are registered, what every page of its web shows, and what should be found."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crawlers.interface import MediaKind
from matcher.catalogue import WorkKind
from matcher.interface import Bank

Truth = Literal["pirated", "allowed", "unrelated"]


@dataclass(frozen=True)
class Title:
    """A work to register, with its originals."""

    title: str
    owner: str
    kind: WorkKind
    originals: tuple[tuple[str, tuple[Path, ...]], ...]  # (asset, files)
    bank: Bank = "works"
    aliases: tuple[str, ...] = ()
    creator: str = ""
    official: tuple[str, ...] = ()  # places where the owner shows it


@dataclass(frozen=True)
class Shown:
    """One picture or film of a page."""

    file: Path  # an HLS film: its master playlist, with everything beside it
    kind: MediaKind = "image"


@dataclass(frozen=True)
class Place:
    """One page of the small web and the truth about it."""

    host: str
    path: str
    title: str
    truth: Truth
    media: tuple[Shown, ...]
    work: str = ""  # title of the work it shows; "" for unrelated
    how: str = ""  # what was done to the work, in words for the table
    text: tuple[str, ...] = ()
    by: str = ""  # uploader or seller
    price: int | None = None  # yen, of a marketplace's offer
    is_forbidden: bool = False  # robots.txt keeps crawlers out

    @property
    def key(self) -> str:
        """Host and path: what stays the same whatever port the web is served on."""
        return self.host + self.path


@dataclass(frozen=True)
class Grant:
    """A licence to register."""

    work: str
    grantee: str
    place: str


@dataclass(frozen=True)
class Permission:
    """A creator's rule for fans to register."""

    owner: str
    says: str
    max_seconds: float | None = None
    max_pictures: int | None = None


@dataclass(frozen=True)
class World:
    """Everything the demo needs to know of one world."""

    titles: tuple[Title, ...]
    places: tuple[Place, ...]
    grants: tuple[Grant, ...] = ()
    permissions: tuple[Permission, ...] = ()
    gone: tuple[str, ...] = ()  # keys of pages that are taken down after the notices
    left: tuple[str, ...] = ()  # keys of pages whose cases are left for the person who opens the console
    moved: str = ""  # key of the page that is taken down and put up elsewhere
    owners: dict[str, dict[str, str]] = field(default_factory=dict)  # what a notice says of each principal

    def of(self, truth: Truth) -> tuple[Place, ...]:
        """Return the places of one truth that a crawler may see."""
        return tuple(place for place in self.places if place.truth == truth and not place.is_forbidden)
