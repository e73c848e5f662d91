"""Prices as shops write them: full-width digits, 万円, postage beside them, a "¥" that may be yen or yuan. Pure."""

import re
import unicodedata
from decimal import Decimal

from price_parser import Price

_POSTAGE = re.compile(r"(?:送料|配送料|手数料|shipping|postage|delivery)[^\d\n]{0,8}[\d,.]+\s*円?", re.IGNORECASE)
_TEN_THOUSANDS = re.compile(r"([\d,.]+)\s*万(?:\s*([\d,]+))?\s*円?")
_FREE = re.compile(r"^\s*(無料|0円|free)\s*$", re.IGNORECASE)
# The longest sign first: "NT$" is no "$".
_SIGNS: tuple[tuple[str, str], ...] = (
    ("NT$", "TWD"), ("HK$", "HKD"), ("US$", "USD"), ("A$", "AUD"), ("S$", "SGD"), ("R$", "BRL"), ("RM", "MYR"),
    ("Rp", "IDR"),
    ("RMB", "CNY"), ("円", "JPY"), ("元", "CNY"), ("₩", "KRW"), ("원", "KRW"), ("฿", "THB"), ("€", "EUR"),
    ("£", "GBP"), ("₫", "VND"), ("₹", "INR"), ("₱", "PHP"),
)  # fmt: skip
_CODE = re.compile(r"(?<![A-Z])(JPY|USD|EUR|GBP|CNY|TWD|HKD|KRW|THB|MYR|SGD|IDR|VND|AUD|CAD|BRL|INR|PHP)(?![A-Z])")
_YEN_OR_YUAN = "¥"


def parse(text: str, currency: str | None = None) -> tuple[Decimal | None, str | None]:
    """Return amount and ISO 4217 currency of a written price; `currency` is what the source's signs mean.

    Either is None when the text does not say it.
    """
    plain = unicodedata.normalize("NFKC", text[:200])
    if _FREE.match(plain):
        return Decimal(0), currency
    code = _currency(plain, currency)
    without_postage = _POSTAGE.sub(" ", plain)
    if re.search(r"\d", without_postage):
        plain = without_postage
    amount = _ten_thousands(plain)
    if amount is None:
        amount = Price.fromstring(plain).amount
    return amount, code if amount is not None else None


def _ten_thousands(text: str) -> Decimal | None:
    found = _TEN_THOUSANDS.search(text)
    if found is None:
        return None
    rest = Decimal(found[2].replace(",", "")) if found[2] else Decimal(0)
    amount = Decimal(found[1].replace(",", "")) * 10_000 + rest
    return amount.to_integral_value() if amount == amount.to_integral_value() else amount  # 35000, not 35000.0


def _currency(text: str, source: str | None) -> str | None:
    code = _CODE.search(text)
    if code:
        return code[1]
    for sign, meaning in _SIGNS:
        if sign in text:
            return meaning
    if _YEN_OR_YUAN in text:
        return source if source in ("JPY", "CNY") else "JPY"
    if "$" in text:
        return source if source and source.endswith("D") else "USD"
    return source
