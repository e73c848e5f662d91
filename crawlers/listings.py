"""What a page offers: price, condition, stock and seller, from the voices of the page in their order of trust. Pure.

Price and currency are one statement: the currency of another voice counts only where the price has no sign of its own.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from crawlers import conditions, prices, sellers
from crawlers.interface import Condition, Listing, Stock
from crawlers.page import Page
from crawlers.prices import Price
from crawlers.sources import Source
from crawlers.structured import Said

State = TypeVar("State", Condition, Stock)
Asking = Callable[[str], str]  # the name of a field -> what the first voice that speaks of it says
_CODE = re.compile(r"[A-Z]{3}")


def read(voices: Sequence[Said], said: Asking, page: Page, source: Source) -> Listing | None:
    """Return the offer, None when the page names neither price nor seller. `said` notes which voice spoke."""
    price = _price(voices, said, source)
    seller = said("seller") or None
    if price.amount is None and seller is None:
        return None
    return Listing(
        price=price.amount,
        currency=price.currency,
        seller=seller,
        brand=said("brand") or None,
        sku=said("sku") or None,
        highest=price.highest,
        condition=_state(voices, said, "condition", conditions.condition),
        stock=_state(voices, said, "stock", conditions.stock),
        gtin=gtin(said("gtin")),
        seller_id=_seller_id(voices, page, source),
    )


def _price(voices: Sequence[Said], said: Asking, source: Source) -> Price:
    if not said("price"):
        return Price(None, None)
    speaker = next(voice for voice in voices if voice.price)
    stated = speaker.currency.strip().upper()
    if not _CODE.fullmatch(stated):
        stated = ""
    usual, territory = source.source.currency, source.source.territory
    price = prices.parse(speaker.price, stated or usual, territory)
    if not stated and price.currency in (None, usual):
        stated = said("currency").strip().upper()
        stated = stated if _CODE.fullmatch(stated) else ""
    elif stated:
        said("currency")
    highest = price.highest or _upper(prices.parse(speaker.highest, stated or usual, territory).amount, price.amount)
    return Price(price.amount, stated or price.currency, highest)


def _upper(highest: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return highest if highest is not None and amount is not None and highest > amount else None


def _state(voices: Sequence[Said], said: Asking, name: str, read: Callable[[str], State | None]) -> State | None:
    """Return the state the first voice names that says one of the known words."""
    for voice in voices:
        words = str(getattr(voice, name))
        state = read(words) if words else None
        if state:
            return state if said(name) else None
    return None


def _seller_id(voices: Sequence[Said], page: Page, source: Source) -> str | None:
    """Return the seller's identity of the first voice that gives one; a shop of its own is its seller itself."""
    found = (
        sellers.identity(page.url, seller_page=voice.seller_page, seller_id=voice.seller_id, number=voice.seller_number)
        for voice in voices
    )
    own = sellers.of_shop(page.url) if source.source.platform in ("shopify", "woocommerce") else None
    return next(filter(None, found), own)


def gtin(written: str) -> str | None:
    """Return a JAN, EAN, UPC or GTIN whose check digit is right (GS1 General Specifications, section 7.9)."""
    digits = re.sub(r"[\s-]", "", written)
    if not re.fullmatch(r"\d{8}|\d{12,14}", digits):
        return None
    weighted = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(digits)))
    return digits if weighted % 10 == 0 and digits.strip("0") else None
