"""What a source's file expects of every finding, and what one lacks. Pure."""

from collections.abc import Callable, Iterable
from typing import Literal

from crawlers.interface import Finding

Field = Literal["title", "text", "uploader", "seller", "price", "condition", "stock", "date", "attribution", "images",
                "video"]  # fmt: skip
_HAS: dict[Field, Callable[[Finding], object]] = {
    "title": lambda found: found.title,
    "text": lambda found: found.text,
    "uploader": lambda found: found.uploader,
    "seller": lambda found: found.listing and found.listing.seller,
    "price": lambda found: found.listing and found.listing.price is not None,
    "condition": lambda found: found.listing and found.listing.condition,
    "stock": lambda found: found.listing and found.listing.stock,
    "date": lambda found: found.published_at,
    "attribution": lambda found: found.attribution,
    "images": lambda found: any(link.kind == "image" for link in found.media),
    "video": lambda found: any(link.kind == "video" for link in found.media),
}


def missing(finding: Finding, must_have: Iterable[Field]) -> tuple[Field, ...]:
    """Return which of the fields a finding must have are not there, in order."""
    return tuple(name for name in must_have if not _HAS[name](finding))
