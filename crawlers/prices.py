"""Prices as shops write them: full-width digits, 万円, ranges, postage beside them, a "¥" that is yen or yuan. Pure.

Every amount of a text is read with its sign and with the words that belong to it; postage, points, coupons and
instalments are no price, a struck price and one without tax give way to what a buyer pays. What is ambiguous is none.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

MAX_CHARACTERS = 200  # a price is short; nothing longer is looked at
MAX_DIGITS = 15
# Where the minor unit is not used, "1.980" can only be thousands.
_WHOLE = frozenset({"JPY", "KRW", "VND", "IDR", "CLP", "TWD", "HUF", "COP", "PYG"})
_THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND"})
_TIMES = {"億": 100_000_000, "万": 10_000, "萬": 10_000, "만": 10_000, "千": 1_000, "k": 1_000, "K": 1_000}
_CODES = (
    "JPY", "USD", "EUR", "GBP", "CNY", "RMB", "TWD", "NTD", "HKD", "KRW", "THB", "MYR", "SGD",
    "IDR", "VND", "AUD", "CAD", "NZD", "BRL", "MXN", "INR", "PHP", "CHF", "SEK", "NOK", "DKK", "PLN",
    "CZK", "HUF", "RUB", "UAH", "TRY", "ILS", "AED", "SAR", "KWD", "BHD", "ZAR",
)  # fmt: skip
_RENAMED = {"RMB": "CNY", "NTD": "TWD"}
# Signs by what they mean; where one means several, the source or its territory decides: see _meaning.
_BEFORE: dict[str, str] = {
    "NT$": "TWD", "HK$": "HKD", "US$": "USD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "SG$": "SGD",
    "S$": "SGD", "NZ$": "NZD", "R$": "BRL", "MX$": "MXN", "CN¥": "CNY", "JP¥": "JPY", "RM": "MYR", "Rp": "IDR",
    "Fr.": "CHF", "zł": "PLN", "₩": "KRW", "฿": "THB", "€": "EUR", "£": "GBP", "₫": "VND", "₹": "INR", "₱": "PHP",
    "₽": "RUB", "₺": "TRY", "₪": "ILS", "₴": "UAH", "$": "$", "¥": "¥", "kr.": "kr", "kr": "kr",
}  # fmt: skip
_AFTER = _BEFORE | {
    "円": "JPY", "yen": "JPY", "元": "CNY", "块": "CNY", "人民币": "CNY", "원": "KRW", "บาท": "THB", "đ": "VND",
    "Kč": "CZK", "Ft": "HUF", "руб": "RUB", "грн": "UAH", "лв": "BGN",
}  # fmt: skip
_YEN_LANDS = {"JP": "JPY", "CN": "CNY"}
_DOLLAR_LANDS = {"US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD", "TW": "TWD",
                 "MX": "MXN", "BR": "BRL"}  # fmt: skip
_CROWN_LANDS = {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK"}


def _any_of(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_NUMBER = r"\d{1,3}(?:[ ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,'’]\d+)*"
_PART = rf"(?:{_NUMBER})[ ]?(?:[億万萬만千]|[kK](?![a-zA-Z]))?"
_AMOUNT = re.compile(
    rf"(?:(?P<code>\b(?:{_any_of(_CODES)}))[ ]?)?(?:(?P<before>(?<![A-Za-z])(?:{_any_of(list(_BEFORE))}))[ ]?)?"
    rf"(?P<body>{_PART}(?:(?<=[億万萬만千])[ ]?{_PART}){{0,2}})(?:[.,][-–—]{{1,2}})?"
    rf"(?:[ ]?(?P<after>{_any_of(list(_AFTER))})(?!(?<=[A-Za-z])[A-Za-z])(?!分)(?![ ]?\d))?"
    rf"(?:[ ]?(?P<code_after>{_any_of(_CODES)})\b)?"
)
_ONE_PART = re.compile(rf"(?P<number>{_NUMBER})[ ]?(?P<times>[億万萬만千kK])?")
# A number that counts something else than money.
_COUNTED = re.compile(
    r"(?<![\d.,])\d[\d.,]*[ ]?(?:%[ ]?(?:off\b|オフ|引き?|還元|ポイント還元)?|ポイント還元|ポイント|pts?\b|points?\b"
    r"|個|点|枚|件|人|回|日|時|年|月|巻|話|冊|本|セット|袋|箱|名|位|号|歳|歩|秒|倍"
    r"|cm\b|mm\b|kg\b|g\b|ml\b|pcs?\b|pieces?\b|items?\b|stars?\b|sold\b|days?\b|/\d|[:×x]\d)", re.IGNORECASE
)  # fmt: skip
_RANGE = re.compile(r"\s*(?:~|〜|-|–|—|から|to|až|bis|至|到)\s*", re.IGNORECASE)
_FREE = re.compile(r"\W*(?:価格|値段|price)?\W*(?:無料|タダ|free|gratis|免费|免費|무료)\W*", re.IGNORECASE)
# Beside these words a number without a sign is a price; beside any other it may be anything.
_PRICE_WORDS = re.compile(
    r"販売価格|価格|値段|金額|特価|セール|現在|即決|税込み?|税抜き?|本体|から|より|[億万萬만千](?![^\W\d_])|price|total|from|now|sale|to\b",
    re.IGNORECASE,
)
_OTHER_WORD = re.compile(r"[^\W\d_]")
# Words that belong to an amount, and what they make of it: None is no price at all, lower gives way.
_WEIGHTS: tuple[tuple[re.Pattern[str], int | None], ...] = (
    (re.compile(r"(?:送料|配送料|発送料|手数料|代引|運費|运费|郵費|배송비|shipping|postage|delivery|\bfees?\b|versand|porto)"
                r"(?!\W*(?:無料|込|別|サービス|free|incl|0円))", re.I), None),
    (re.compile(r"円引|割引|値引|クーポン|coupon|\bsave\b|discount|ポイント|point|還元|cash ?back|お得"
                r"|(?<![a-z])off(?![a-z])|オフ", re.I), None),
    (re.compile(r"月々|月額|分割|×|per month|/ ?(?:mo\b|月)|monthly|instal?lments?|あたり|単価|\bper\b", re.I), None),
    (re.compile(r"定価|通常|元値|元の価格|参考|希望小売|旧価格|\bwas\b|list price|\brrp\b|msrp|regular|original"
                r"|原价|原價|정가|statt|compare at|before", re.I), -2),
    (re.compile(r"税抜|税別|本体価格|\+ ?税|excl|ex\.? ?(?:vat|tax)|plus tax|before tax|zzgl", re.I), -1),
    (re.compile(r"セール|特価|販売価格|現在|即決|税込|sale|\bnow\b|our price|incl", re.I), 1),
)  # fmt: skip


class Price(NamedTuple):
    """A written price; None is what the text does not say. `highest` is set for a range."""

    amount: Decimal | None
    currency: str | None  # ISO 4217
    highest: Decimal | None = None


_NO_PRICE = Price(None, None)


@dataclass(frozen=True)
class _Amount:
    value: Decimal
    currency: str | None
    is_signed: bool
    start: int
    end: int


def parse(text: str, currency: str | None = None, territory: str | None = None) -> Price:
    """Return the price a text names; `currency` and `territory` are the source's, for signs that mean several.

    Of a range the lowest is the amount. A number without any sign is a price only when it stands alone.
    """
    plain = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).replace("−", "-").strip()
    plain = _COUNTED.sub(lambda counted: " " * len(counted[0]), plain)
    if _FREE.fullmatch(plain):
        return Price(Decimal(0), currency)
    found = _amounts(plain, currency, territory)
    if any(one.is_signed for one in found):
        found = _with_bare_ends(plain, found)
    elif _OTHER_WORD.search(_PRICE_WORDS.sub("", plain)) or (len(found) > 1 and not _is_range(plain, found)):
        return _NO_PRICE
    best = _best(plain, found)
    if best is None:
        return _NO_PRICE
    upper = found[best + 1] if best + 1 < len(found) else None
    is_range = upper is not None and _RANGE.fullmatch(plain[found[best].end : upper.start]) is not None
    lowest = found[best]
    code = lowest.currency or (upper.currency if upper and is_range else None) or currency
    if upper is None or not is_range or upper.value <= lowest.value:
        return Price(lowest.value, code)
    return Price(lowest.value, code, upper.value)


def _amounts(text: str, currency: str | None, territory: str | None) -> list[_Amount]:
    found: list[_Amount] = []
    for hit in _AMOUNT.finditer(text):
        sign = hit["before"] or hit["after"]
        code = hit["code"] or hit["code_after"]
        meaning = _RENAMED.get(code, code) if code else _meaning(sign, currency, territory)
        value = _value(hit["body"], meaning or currency)
        if value is not None and not _is_taken_off(text[: hit.start()], found):
            found.append(_Amount(value, meaning, bool(sign or code), hit.start(), hit.end()))
    return found


def _is_taken_off(text: str, found: list[_Amount]) -> bool:
    """Say whether a minus stands before an amount; one between two amounts is a range."""
    before = text.rstrip()
    return before.endswith(("-", "▲", "△")) and not (found and _RANGE.fullmatch(text[found[-1].end :]))


def _meaning(sign: str | None, currency: str | None, territory: str | None) -> str | None:
    """Return the currency of a sign; None where it means several and nothing says which."""
    says = None if sign is None else _BEFORE.get(sign) or _AFTER[sign]
    if says == "¥":
        return currency if currency in ("JPY", "CNY") else _YEN_LANDS.get(territory or "")
    if says == "$":
        return currency if currency in _DOLLAR_LANDS.values() else _DOLLAR_LANDS.get(territory or "", "USD")
    if says == "kr":
        return currency if currency in _CROWN_LANDS.values() else _CROWN_LANDS.get(territory or "")
    return says


def _value(body: str, currency: str | None) -> Decimal | None:
    """Return the number of "1,980", "39.8万", "1億2,000万", "1.299,00"; None when its separators make no sense."""
    total, is_scaled = Decimal(0), False
    for part in _ONE_PART.finditer(body):
        times = _TIMES.get(part["times"] or "", 1)
        number = _number(part["number"], None if times > 1 else currency, is_scaled=times > 1)
        if number is None:
            return None
        total += number * times
        is_scaled |= times > 1
    return total.quantize(Decimal(1)) if is_scaled and total == total.to_integral_value() else total  # 398000, not .0


def _number(written: str, currency: str | None, *, is_scaled: bool) -> Decimal | None:
    digits = re.sub(r"[ '’]", "", written)
    marks = re.sub(r"\d", "", digits)
    if len(digits) - len(marks) > MAX_DIGITS:
        return None
    if not marks:
        return Decimal(digits)
    groups = re.split(r"[.,]", digits)
    if len(set(marks)) == 2 and marks[-1] not in marks[:-1]:  # "1.299,00": the last one is the decimal mark
        whole, _, rest = digits.rpartition(marks[-1])
        groups = re.split(r"[.,]", whole)
        return Decimal(f"{''.join(groups)}.{rest}") if _are_thousands(groups) else None
    if len(set(marks)) == 2:
        return None
    if len(marks) > 1:
        return Decimal("".join(groups)) if _are_thousands(groups) else None
    if len(groups[1]) != 3 or groups[0] == "0" or len(groups[0]) > 3 or (is_scaled and marks == "."):
        return Decimal(f"{groups[0]}.{groups[1]}")
    if currency in _THREE_DECIMALS and marks == ".":
        return Decimal(f"{groups[0]}.{groups[1]}")
    return Decimal("".join(groups))  # prices have two decimals or none, so three digits are thousands


def _are_thousands(groups: list[str]) -> bool:
    """Say whether groups are thousands, or lakhs as India writes them: 1,00,000."""
    inner = {len(group) for group in groups[1:-1]}
    return 1 <= len(groups[0]) <= 3 and (len(groups) == 1 or len(groups[-1]) == 3) and (inner <= {3} or inner == {2})


def _with_bare_ends(text: str, found: list[_Amount]) -> list[_Amount]:
    """Keep signed amounts, and bare ones only as an end of a range: "$10 - 20", "1,980~3,980円"."""
    kept = []
    for at, one in enumerate(found):
        beside = [(found[at - 1], one)] if at else []
        beside += [(one, found[at + 1])] if at + 1 < len(found) else []
        ends = (low.is_signed or high.is_signed for low, high in beside if _joined(text, low, high))
        if one.is_signed or any(ends):
            kept.append(one)
    return kept


def _joined(text: str, low: _Amount, high: _Amount) -> bool:
    return _RANGE.fullmatch(text[low.end : high.start]) is not None


def _is_range(text: str, found: list[_Amount]) -> bool:
    return len(found) == 2 and _joined(text, *found)


def _best(text: str, found: list[_Amount]) -> int | None:
    """Return which amount a buyer pays: the one whose own words weigh most, the first of equals."""
    weights = [_weight(words) for words in _own_words(text, found)]
    fit = [(weight, -at) for at, weight in enumerate(weights) if weight is not None]
    return -max(fit)[1] if fit else None


def _weight(words: str) -> int | None:
    known = [weight for pattern, weight in _WEIGHTS if pattern.search(words)]
    if None in known:
        return None
    return sum(weight for weight in known if weight is not None)


def _own_words(text: str, found: list[_Amount]) -> list[str]:
    """Return the words that belong to each amount.

    Words stand before their amount, those in brackets right behind it; all stand behind when only the text's end does.
    """
    if not found:
        return []
    edges = [0, *(one.end for one in found)]
    starts = [*(one.start for one in found), len(text)]
    gaps = [text[begin:end] for begin, end in zip(edges, starts, strict=True)]
    is_postfix = bool(_known(gaps[-1])) and not _known(gaps[0]) and not gaps[-1].lstrip().startswith("(")
    words = [""] * len(found)
    for at, gap in enumerate(gaps):
        behind, ahead = _split(gap, is_last=at == len(found), is_postfix=is_postfix)
        if at:
            words[at - 1] += " " + behind
        if at < len(found):
            words[at] += " " + ahead
    return words


def _known(words: str) -> bool:
    return any(pattern.search(words) for pattern, _weight in _WEIGHTS)


_DIRECTLY_BEHIND = re.compile(
    r"\s*(?:[(\[【].{0,40}?[)\]】]|\+ ?税|円?引き?|割引|(?:オフ|off(?![a-z]))(?:クーポン| coupon)?"
    r"|/ ?(?:月|mo\b|month))",
    re.IGNORECASE,
)


def _split(gap: str, *, is_last: bool, is_postfix: bool) -> tuple[str, str]:
    """Return the words between two amounts as (those of the one before, those of the one after)."""
    if is_last or is_postfix:
        return gap, ""
    close = _DIRECTLY_BEHIND.match(gap)
    return (gap[: close.end()], gap[close.end() :]) if close else ("", gap)
