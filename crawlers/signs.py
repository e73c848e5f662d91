"""Signs in a page's words and markup: does it earn money, and whom does it credit. Pure; a sign is never a verdict."""

import functools
import re
from decimal import Decimal

from crawlers.page import Page

MAX_ATTRIBUTION = 500  # characters
MAX_LINE = 300  # characters; a longer line is a story, not a credit
_ADVERTISING = (
    "ins.adsbygoogle, iframe[src*='doubleclick.net'], script[src*='googlesyndication'], script[src*='doubleclick.net'],"
    "script[src*='adsystem'], script[src*='exoclick'], script[src*='juicyads'], script[src*='popads'],"
    "[id^='div-gpt-ad'], [class~='advertisement'], [class~='sponsored'], [data-ad-client], [data-ad-slot]"
)
_MEMBERSHIP = re.compile(
    r"プレミアム会員|有料会員|有料プラン|VIP会員|月額\s*[\d,]+\s*円|会員限定|paid membership|premium membership"
    r"|premium members?\b|members[- ]only|subscribe to (?:unlock|watch|read)|become a patron|buy me a coffee",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"©|\(c\)\s|\bcopyright\b|\ball rights reserved\b|\bcredits?\s*[:：]|\bcredit(?:s|ed)? to\b|\bsource\s*[:：]"
    r"|版权|版權|コピーライト"
    r"|(?:原作|出典|引用元|転載元|制作|製作|作画|作者|著者|原案)\s*[:：/／は]"
    r"|^\W{0,3}(?:原作|出典|引用元|転載元|制作|製作|作画|作者|著者|原案)\b",
    re.IGNORECASE,
)
# "by" credits only before a name: "sorted by date" does not.
_BY_NAME = re.compile(r"\b[Bb]y\s+[A-Z\u3040-\u30ff\u4e00-\u9fff]")

# One of these stands in every line that credits; most pages have none, and looking for words is cheap.
_CREDITING = (
    "©", "(c)", "copyright", "all rights", "credit", "source", "by", "版权", "版權", "コピーライト", "原作", "出典",
    "引用元", "転載元", "制作", "製作", "作画", "作者", "著者", "原案",
)  # fmt: skip


def earns_money(page: Page, price: Decimal | None, stated: bool | None) -> tuple[bool | None, str]:
    """Return whether the page's use is commercial and what says so: a price, the source's file, or the page.

    None: nothing shows it, which never means no.
    """
    if price is not None and price > 0:
        return True, "price"
    if stated is not None:
        return stated, "source"
    if page.selector.css(_ADVERTISING):
        return True, "advertising"
    if _MEMBERSHIP.search(page.text):
        return True, "membership"
    return None, ""


@functools.lru_cache(maxsize=2)  # several readers ask a page the same
def attribution(text: str) -> str:
    """Return the lines in which a page credits a maker, joined by " / "; "" when there is none."""
    lowered = text.lower()
    if not any(word in lowered for word in _CREDITING):
        return ""
    lines = [
        line for line in text.split("\n") if len(line) <= MAX_LINE and (_CREDIT.search(line) or _BY_NAME.search(line))
    ]
    return " / ".join(dict.fromkeys(lines))[:MAX_ATTRIBUTION]
