"""What crawlers hand on: a Finding is one page as it was seen, with its media; nothing here judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

MediaKind = Literal["image", "video", "audio"]
Condition = Literal["new", "used", "refurbished", "damaged"]
Stock = Literal["in stock", "few left", "preorder", "backorder", "sold out", "discontinued"]
Platform = Literal["shopify", "woocommerce", "schema.org"]
PageKind = Literal["image_board", "manga_reader", "marketplace", "video", "page"]


@dataclass(frozen=True)
class Listing:
    """What a marketplace page offers, as schema.org Product and Offer say it. None: the page does not say."""

    price: Decimal | None  # the lowest of a range
    currency: str | None  # ISO 4217
    seller: str | None  # as the page displays the name
    brand: str | None = None
    sku: str | None = None
    highest: Decimal | None = None  # of a range of prices
    condition: Condition | None = None
    stock: Stock | None = None
    gtin: str | None = None  # JAN, EAN, UPC; its check digit is right
    seller_id: str | None = None  # what stays when the seller is renamed: see crawlers.sellers


@dataclass(frozen=True)
class MediaLink:
    """One picture, film or sound a page shows, in page order."""

    url: str
    kind: MediaKind
    position: int


@dataclass(frozen=True)
class Finding:
    """One page as it was seen. None means the page does not say; it never means no."""

    url: str
    kind: PageKind
    title: str
    text: str = ""  # visible text, at most 20,000 characters
    uploader: str | None = None
    listing: Listing | None = None
    published_at: datetime | None = None
    language: str | None = None
    is_commercial: bool | None = None  # advertising, a price, a paid membership; None when the page does not show
    attribution: str | None = None  # the words with which the page credits the maker
    media: tuple[MediaLink, ...] = ()
    links: tuple[str, ...] = ()  # where the spider goes on
    lists: tuple[str, ...] = ()  # feeds or further sitemaps that name more pages
    next_list: str | None = None  # the next page of this list, by the source's numbering
    is_directory: bool = False  # a sitemap or a feed: it names pages and shows nothing
    told: Mapping[str, tuple[MediaLink, ...]] = field(default_factory=dict)  # page -> media that it shows, so it says
    fault: str | None = None  # why it was read only in part
    provenance: dict[str, str] = field(default_factory=dict)  # field -> "jsonld", "opengraph", "selector", "heuristic"
