"""The last voice of a page: what its markup usually means, looked for only when nobody has spoken yet. Pure."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from crawlers import signs
from crawlers.page import Page
from crawlers.structured import Said

_AUTHOR = "[rel~=author], .uploader, .author, .username"
_SELLER = ".seller, .shop-name, .seller-name"
# WooCommerce and others strike the old price with <del> and show the new one with <ins>.
_PRICE = "[itemprop=price], .price ins, .price--sale, .price-sale, .sale-price"
_CONDITION = "[itemprop=itemCondition], .item-condition, .product-condition, .condition"
_STOCK = ".stock, .availability, .stock-status, .product-stock, .sold-out"


def voice(page: Page) -> Said:
    """Return what the page's markup usually means; each field is looked for when it is read."""
    return _Usual(page)


def _looked_for(find: Callable[[Page], str]) -> Any:  # a field of Said to those who read it
    return cached_property(lambda voice: find(voice.page))


class _Usual(Said):
    page: Page

    def __init__(self, page: Page) -> None:
        vars(self).update(voice="heuristic", page=page)  # the dataclass's own would fill in every field

    title = _looked_for(lambda page: page.first("h1") or page.first("title"))
    uploader = _looked_for(lambda page: page.first(_AUTHOR))
    seller = _looked_for(lambda page: page.first(_SELLER))
    seller_page = _looked_for(lambda page: page.leads(_SELLER))
    price = _looked_for(
        lambda page: (
            page.first("[itemprop=price]::attr(content)") or page.first(_PRICE) or page.first(".price, .product-price")
        )
    )
    condition = _looked_for(lambda page: page.first(_CONDITION))
    stock = _looked_for(lambda page: page.first(_STOCK))
    published_at = _looked_for(lambda page: page.first("time::attr(datetime)") or page.first("time"))
    attribution = _looked_for(lambda page: signs.attribution(page.text))
