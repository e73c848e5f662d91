"""Shops by their software: the catalogue leads to every offer, and each offer is kept from its own page."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from config.home import Home
from crawlers import platforms
from crawlers.captures import FindingRow, Sighting
from crawlers.page import Page
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import Answer, SmallWeb, html, write_source

FRONT = html("<h1>Kiln shop</h1><p>Our goods load by script.</p><div id=app></div><b class=price>¥1</b>")


def said(value: object) -> Answer:
    return Answer(json.dumps(value).encode(), kind="application/json; charset=utf-8")


def in_shop(folder: Home, web: SmallWeb, platform: str, seed: str = "/") -> None:
    file = write_source(folder.settings.sources, web, platform, "marketplace", [seed], "max_depth = 100\n")
    text = file.read_text("utf-8").replace('kind = "marketplace"', f'kind = "marketplace"\nplatform = "{platform}"')
    file.write_text(text.replace('territory = "JP"', 'territory = "JP"\ncurrency = "JPY"'), "utf-8")


def rows(home: Home) -> list[FindingRow]:
    with home.readers()() as session:
        return list(session.scalars(select(FindingRow).order_by(FindingRow.url)))


def shopify(web: SmallWeb, offers: Mapping[str, int]) -> None:
    handles = list(offers)
    for number, part in enumerate((handles[:2], handles[2:], []), 1):
        listed = {"products": [{"handle": handle, "title": handle.title()} for handle in part]}
        web.changed[f"/products.json?limit=250&page={number}"] = said(listed)
    for at, (handle, price) in enumerate(offers.items()):
        theme = {
            "title": handle.title(), "handle": handle, "price": price * 100, "price_varies": False,
            "available": price != 900, "images": [web.url(f"/photo/{at}.png"), web.url(f"/photo/{at + 50}.png")],
        }  # fmt: skip
        web.changed[f"/products/{handle}"] = html(
            f"<h1>{handle.title()}</h1><a href='/cart'>Cart</a><script type='application/json' data-product-json>"
            f"{json.dumps(theme)}</script>"
        )
    web.changed["/"] = FRONT


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_shopify_shop_is_swept_by_its_catalogue(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    shopify(web, {"cup": 900, "plate": 1980, "stand": 3500})
    in_shop(web_home, web, "shopify")

    ended = mekiki("sweep", "shopify")

    assert ended.returncode == 0, ended.stderr
    found = rows(web_home)
    assert [(row.title, row.price, row.currency, row.stock) for row in found] == [
        ("Cup", 900, "JPY", "sold out"), ("Plate", 1980, "JPY", "in stock"), ("Stand", 3500, "JPY", "in stock"),
    ]  # fmt: skip
    assert {row.seller_id for row in found} == {f"web.test:{web.port}"}
    assert found[0].place == f"web.test:{web.port}/products/cup"
    with web_home.readers()() as session:
        shown = session.scalars(
            select(Sighting.url).where(Sighting.finding_id == found[0].id).order_by(Sighting.position)
        )
        assert list(shown) == [web.url("/photo/0.png"), web.url("/photo/50.png")]
    assert web.count("/cart") == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_woocommerce_shop_is_swept_by_its_catalogue(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    path = "/wp-json/wc/store/v1/products"
    web.changed["/"] = FRONT
    web.changed[f"{path}?page=1&per_page=100"] = said([{"name": "Cup", "permalink": web.url("/goods/cup/")}])
    web.changed[f"{path}?page=2&per_page=100"] = said([])
    web.changed["/goods/cup/"] = html(
        "<div class='product type-product'><div class=woocommerce-product-gallery>"
        "<div><a href='/photo/1.png'><img src='/photo/1-100x100.png' data-large_image='/photo/1.png'></a></div>"
        "<div><a href='/photo/2.png'><img src='/photo/2-100x100.png' data-large_image='/photo/2.png'></a></div></div>"
        "<div class=summary><h1>Cup</h1><p class=price><del>¥3,000</del> <ins>¥1,980</ins></p>"
        "<p class='stock out-of-stock'>在庫切れ</p></div></div>"
    )
    in_shop(web_home, web, "woocommerce")

    ended = mekiki("sweep", "woocommerce")

    assert ended.returncode == 0, ended.stderr
    (cup,) = rows(web_home)
    assert (cup.title, cup.price, cup.stock) == ("Cup", 1980, "sold out")
    with web_home.readers()() as session:
        assert list(session.scalars(select(Sighting.url).order_by(Sighting.position))) == [
            web.url("/photo/1.png"), web.url("/photo/2.png"),
        ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_that_schema_org_describes_needs_no_selector(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    items: list[dict[str, Any]] = [{"@type": "ListItem", "position": n, "url": f"/item/{n}"} for n in range(3)]
    listed = {"@context": "https://schema.org", "@type": "ItemList", "itemListElement": items}
    web.changed["/"] = html(
        "<b class=price>¥1</b><a href='/board/1'>Forum</a>",
        f'<script type="application/ld+json">{json.dumps(listed)}</script>',
    )
    in_shop(web_home, web, "schema.org")
    name = web_home.settings.sources / "schema.org.toml"
    name.write_text(name.read_text("utf-8").replace('id = "schema.org"', 'id = "listed"'), "utf-8")

    ended = mekiki("sweep", "listed")

    assert ended.returncode == 0, ended.stderr
    assert [row.title for row in rows(web_home) if row.price] == [f"Acrylic stand {n}" for n in range(3)]
    assert web.count("/board/1") == 0


@pytest.mark.parametrize(("url", "platform", "expected"), [
    ("https://a.example/", "shopify", "https://a.example/products.json?limit=250&page=1"),
    ("https://a.example/collections/anime?sort=new", "shopify",
     "https://a.example/collections/anime/products.json?limit=250&page=1"),
    ("https://a.example/en-us/collections/anime", "shopify",
     "https://a.example/en-us/collections/anime/products.json?limit=250&page=1"),
    ("https://a.example/shop/", "woocommerce", "https://a.example/wp-json/wc/store/v1/products?page=1&per_page=100"),
])  # fmt: skip
def test_a_catalogue_begins_where_the_seed_lists(url: str, platform: platforms.Platform, expected: str) -> None:
    assert platforms.first(url, platform) == expected


@pytest.mark.parametrize("body", [
    "<html>closed</html>", "[]", '{"products": []}', '{"products": 7}', '{"products": [7, {"handle": "../../x"}]}',
    "[" * 100_000,
])  # fmt: skip
def test_a_catalogue_that_names_nothing_ends(body: str) -> None:
    page = Page("https://a.example/products.json?limit=250&page=3", body)

    assert platforms.catalogue(page, "shopify") == ()


def test_a_catalogue_without_end_ends() -> None:
    body = json.dumps({"products": [{"handle": "cup"}]})
    page = Page(f"https://a.example/products.json?limit=250&page={platforms.MAX_PAGES}", body)

    assert platforms.catalogue(page, "shopify") == ("https://a.example/products/cup",)
