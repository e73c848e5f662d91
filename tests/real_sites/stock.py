"""What is put into the servers, and so what must come out of them again. Plain values: both Pythons read this file."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Offer:
    """A product of the shop."""

    title: str
    price: Decimal
    currency: str
    in_stock: int
    upc: str
    pictures: tuple[str, ...]  # file names, of the drawn folder
    text: str


@dataclass(frozen=True)
class Photo:
    """A picture of the gallery, or of the wiki, with its words."""

    title: str
    picture: str
    text: str


@dataclass(frozen=True)
class Post:
    """The first post of a topic of the forum."""

    title: str
    author: str
    text: str
    picture: str
    posted: str  # ISO 8601, UTC


PICTURES = tuple(f"drawn{number}.png" for number in range(9))
OFFERS = (
    Offer("提灯街道 アクリルスタンド 第1弾", Decimal("1980.00"), "JPY", 12, "4900000000017", PICTURES[:2], "全5種。"),
    Offer("Lantern Road Towel", Decimal("3500.00"), "JPY", 0, "4900000000024", PICTURES[2:3], "A long towel."),
    Offer("提灯街道 B2タペストリー", Decimal("12800.00"), "JPY", 3, "4900000000031", PICTURES[3:4], "布製。"),
)
PHOTOS = (
    Photo("Harbour at night", PICTURES[0], "Drawn for the summer festival."),
    Photo("Cat and umbrella", PICTURES[4], "出典: 提灯街道 第3話"),
    Photo("雨の駅", PICTURES[5], "Pencil and ink."),
)
ARTICLES = (
    Photo("Lantern Road", PICTURES[6], "A series about a road of lanterns."),
    Photo("登場人物", PICTURES[7], "主人公と猫。"),
)
POSTS = (
    Post("第1話の感想", "kirin", "とてもよかった。原画を貼ります。", PICTURES[8], "2026-11-03T12:04:00+00:00"),
    Post("Where can I read chapter 12?", "tanuki", "I found this page somewhere.", PICTURES[1],
         "2026-10-20T23:30:00+00:00"),
)  # fmt: skip
