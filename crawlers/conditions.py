"""In what condition an offered thing is, and whether it can be had: schema.org's words and those of shops. Pure.

What several words say differently is not known; silence is never "new" and never "in stock".
"""

import re
import unicodedata
from typing import TypeVar

from crawlers.interface import Condition, Stock

State = TypeVar("State", Condition, Stock)
MAX_CHARACTERS = 120

_CONDITIONS: tuple[tuple[Condition, str], ...] = (
    ("damaged", r"damagedcondition|ジャンク|破損|訳あり|全体的に状態が悪い|for parts|\bdamaged\b"),
    ("refurbished", r"refurbishedcondition|整備済|再生品|リファービッシュ|\brefurb|reconditioned|翻新"),
    ("used", (
        r"usedcondition|中古|古着|ユーズド|used\b|pre-?owned|second[ -]?hand|目立った傷や汚れ|やや傷や汚れ|傷や汚れあり"
        r"|未使用に近い|開封済|二手|중고|gebraucht|d'occasion"
    )),
    ("new", (
        r"newcondition|新品|未開封|未使用(?!に近い)|brand[ -]?new|\bnew\b|全新|새 상품|미개봉|\bneu\b"
    )),
)  # fmt: skip
_STOCKS: tuple[tuple[Stock, str], ...] = (
    ("discontinued", r"\bdiscontinued\b|生産終了|販売終了|販売を終了|取扱終了|取り扱いを終了"),
    ("preorder", r"\bpre-?(?:order|sale)\b|予約受付|予約商品|予約販売|予約中|预售|예약"),
    ("backorder", r"\bback-?order(?:ed)?\b|\bonbackorder\b|取り?寄せ|入荷待ち|made-?to-?order|受注生産"),
    ("few left", (
        r"limitedavailability|残り\s*(?:わずか|僅か|[1-9]\d?\s*(?:点|個|枚|セット))|在庫(?:わずか|僅少)|low stock"
        r"|only \d+ left|last one"
    )),
    ("sold out", (
        r"outofstock|out[ -]of[ -]stock|sold[ _-]?out|売り?切れ|完売|品切れ?"
        r"|在庫\s*(?:なし|切れ|無し|無|[:：]?\s*0(?!\d)"
        r"|[×✕])|落札済|取引中|\btrading\b|缺货|售罄|已售|품절|ausverkauft"
    )),
    ("in stock", (
        r"\binstock\b|instoreonly|onlineonly|in[ -]stock|on[ _-]sale|在庫\s*(?:あり|有り?|[○◯◎])"
        r"|販売中|出品中|残り\s*\d{2,}"
        r"|有货|现货|재고\s*있음|auf lager|add to (?:cart|basket)|カートに入れる"
    )),
)  # fmt: skip


def condition(words: str) -> Condition | None:
    """Return the condition that a text names; "used, like new" is used."""
    plain = _plain(words)
    if re.search(r"new and used|new or used|新品.{0,3}中古", plain):
        return None
    return _first(plain, _CONDITIONS)


def stock(words: str) -> Stock | None:
    """Return whether a thing can be had, as a text says it."""
    plain = _plain(words)
    if re.search(r"(?:売り?切れ|品切れ|sold out)(?:次第|の(?:場合|際)| when)", plain):  # "while stocks last"
        return None
    return _first(plain, _STOCKS)


def _first(plain: str, table: tuple[tuple[State, str], ...]) -> State | None:
    return next((state for state, pattern in table if re.search(pattern, plain)), None)


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words[:MAX_CHARACTERS]).lower()
