"""What a page offers, as reviewers read it: price, condition, stock, and who sells, under which names and how often."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crawlers.captures import FindingRow

NAMES = 4  # of one seller that are told


@dataclass(frozen=True)
class Seller:
    """Who offers a thing, and what else was seen of them."""

    name: str | None  # as the page displays it
    identity: str | None  # what stays when the name changes
    places: int  # pages on which they were seen offering something
    other_names: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """What one page offers."""

    price: Decimal | None
    highest_price: Decimal | None  # of a range
    currency: str | None
    condition: str | None
    stock: str | None
    brand: str | None
    sku: str | None
    gtin: str | None
    seller: Seller | None


def of(session: Session, finding: FindingRow) -> Offer | None:
    """Return what a finding offers; None when it names neither price nor seller."""
    if finding.price is None and finding.seller is None and finding.seller_id is None:
        return None
    return Offer(
        price=finding.price, highest_price=finding.highest_price, currency=finding.currency,
        condition=finding.condition, stock=finding.stock, brand=finding.brand, sku=finding.sku, gtin=finding.gtin,
        seller=_seller(session, finding),
    )  # fmt: skip


def _seller(session: Session, finding: FindingRow) -> Seller | None:
    if finding.seller is None and finding.seller_id is None:
        return None
    if finding.seller_id is None:  # a name alone is nobody's: others may have it too
        return Seller(finding.seller, None, 0, ())
    same = FindingRow.seller_id == finding.seller_id
    places = session.scalar(select(func.count(FindingRow.place.distinct())).where(same)) or 0
    names = session.scalars(
        select(FindingRow.seller)
        .where(same, FindingRow.seller.is_not(None), FindingRow.seller != finding.seller)
        .group_by(FindingRow.seller)
        .order_by(func.max(FindingRow.id).desc())
        .limit(NAMES)
    )
    return Seller(finding.seller, finding.seller_id, places, tuple(name for name in names if name))
