"""What a page offers: seller, condition, stock and every photograph, and never those of its neighbours."""

import json
from decimal import Decimal

import pytest

from crawlers import conditions, extract, listings, sellers, sources, spiders
from crawlers.interface import Finding
from crawlers.page import Page
from crawlers.sources import Source

ITEM = "https://market.example/item/7"


def source(extra: str = "", identity: str = "") -> Source:
    return sources.parse(
        '[source]\nid = "m"\nname = "M"\nkind = "marketplace"\nterritory = "JP"\ncurrency = "JPY"\nlanguages = ["ja"]\n'
        f'{identity}\n[scope]\nseeds = ["https://market.example/"]\n{extra}\n', "m.toml",
    )  # fmt: skip


def read(markup: str, extra: str = "", url: str = ITEM, identity: str = "") -> Finding:
    made = source(extra, identity)
    return extract.read_page(spiders.reader(made), Page(url, markup), made)


def product(**said: object) -> str:
    whole = {"@context": "https://schema.org", "@type": "Product", "name": "Acrylic stand"} | said
    return f'<script type="application/ld+json">{json.dumps(whole)}</script>'


def offer(**said: object) -> dict[str, object]:
    return {"@type": "Offer", "price": "1980", "priceCurrency": "JPY"} | said


def photos(found: Finding) -> list[str]:
    return [link.url.removeprefix("https://market.example") for link in found.media]


@pytest.mark.parametrize(("words", "expected"), [
    ("https://schema.org/NewCondition", "new"), ("UsedCondition", "used"), ("http://schema.org/RefurbishedCondition",
    "refurbished"), ("https://schema.org/DamagedCondition", "damaged"),
    ("新品、未使用", "new"), ("未使用に近い", "used"),
    ("目立った傷や汚れなし", "used"), ("やや傷や汚れあり", "used"), ("全体的に状態が悪い", "damaged"),
    ("中古 - 非常に良い", "used"),
    ("新品・未開封", "new"), ("整備済み品", "refurbished"), ("Brand New", "new"), ("Pre-owned", "used"),
    ("新品・中古", None), ("New and used", None), ("renewal of the series", None), ("", None),
])  # fmt: skip
def test_a_condition_is_read_in_every_shops_words(words: str, expected: str | None) -> None:
    assert conditions.condition(words) == expected


@pytest.mark.parametrize(("words", "expected"), [
    ("https://schema.org/InStock", "in stock"), ("http://schema.org/OutOfStock", "sold out"), ("SoldOut", "sold out"),
    ("https://schema.org/PreOrder", "preorder"), ("LimitedAvailability", "few left"), ("Discontinued", "discontinued"),
    ("在庫あり", "in stock"), ("在庫：0", "sold out"), ("在庫なし", "sold out"), ("在庫 ×", "sold out"),
    ("在庫 ○", "in stock"),
    ("残り3点", "few left"), ("売り切れました", "sold out"), ("完売", "sold out"), ("予約受付中", "preorder"),
    ("お取り寄せ", "backorder"), ("販売終了", "discontinued"), ("on_sale", "in stock"), ("sold_out", "sold out"),
    ("売り切れ次第終了", None), ("在庫100", None), ("", None),
])  # fmt: skip
def test_a_stock_is_read_in_every_shops_words(words: str, expected: str | None) -> None:
    assert conditions.stock(words) == expected


@pytest.mark.parametrize(("page", "expected"), [
    ("/shop/123", "market.example/shop/123"), ("https://www.market.example/shop/123/?tab=reviews&utm_source=x",
    "market.example/shop/123"), ("/shop/123/reviews/", "market.example/shop/123"),
    ("/shop/123/items/", "market.example/shop/123"),
    ("/seller.php?id=77&sort=new", "market.example/seller.php?id=77"), ("https://kiln.example/", "kiln.example"),
    ("/", None), ("#top", None), ("javascript:void(0)", None), ("", None), ("/item/7", None),
])  # fmt: skip
def test_a_seller_is_told_by_their_page(page: str, expected: str | None) -> None:
    assert sellers.identity(ITEM, seller_page=page) == expected


def test_a_registered_number_is_the_same_seller_on_every_site() -> None:
    here = sellers.identity(ITEM, seller_page="/shop/123", number="T1234567890123")
    there = sellers.identity("https://other.example/p/1", seller_page="/u/9", number="t1234-5678-90123")

    assert here == there == "registered T1234567890123"


def test_two_shops_of_one_seller_are_one_and_two_of_one_name_are_two() -> None:
    def sold_by(name: str, page: str) -> Finding:
        return read(product(offers=offer(seller={"@type": "Organization", "name": name, "url": page})))

    old, renamed = sold_by("Kiln", "/shop/123"), sold_by("KILN official", "https://market.example/shop/123?tab=all")
    namesake = sold_by("Kiln", "/shop/124")

    ids = [found.listing.seller_id for found in (old, renamed, namesake) if found.listing]
    assert ids == ["market.example/shop/123", "market.example/shop/123", "market.example/shop/124"]


def test_the_sellers_element_tells_their_page() -> None:
    found = read("<h1>Cup</h1><p class=s>by <a href='/u/7?from=item'>Mori</a></p><b class=price>¥900</b>",
                 '[extract]\nseller = ".s a::text"')  # fmt: skip

    assert found.listing is not None
    assert (found.listing.seller, found.listing.seller_id) == ("Mori", "market.example/u/7")


def test_what_schema_org_says_of_an_offer_is_read() -> None:
    found = read(product(
        sku="K-7", gtin13="4901234567894", brand={"@type": "Brand", "name": "Kiri"},
        offers=[offer(price="2400", availability="https://schema.org/OutOfStock"),
                offer(itemCondition="https://schema.org/UsedCondition", availability="https://schema.org/InStock")],
    ))  # fmt: skip

    said = found.listing
    assert said is not None
    assert (said.price, said.highest, said.currency) == (Decimal(1980), Decimal(2400), "JPY")
    assert (said.condition, said.stock, said.gtin, said.brand, said.sku) == (
        "used", "in stock", "4901234567894", "Kiri", "K-7",
    )  # fmt: skip


def test_the_struck_price_of_a_specification_is_not_the_price() -> None:
    struck = {"@type": "UnitPriceSpecification", "priceType": "https://schema.org/ListPrice", "price": 3000}
    asked = {"@type": "UnitPriceSpecification", "price": 1980, "priceCurrency": "JPY"}

    found = read(product(offers={"@type": "Offer", "priceSpecification": [struck, asked]}))

    assert found.listing is not None
    assert found.listing.price == 1980


def test_an_offer_of_several_sellers_is_nobodys_in_particular() -> None:
    found = read(product(offers=[offer(seller={"name": "A"}), offer(seller={"name": "B"})]))

    assert found.listing is not None
    assert (found.listing.seller, found.listing.seller_id) == (None, None)


def test_a_currency_is_taken_from_the_voice_that_names_the_price() -> None:
    head = '<meta property="og:title" content="x"><meta property="product:price:currency" content="USD">'
    found = read(f"<head>{head}</head><h1>Cup</h1><b class=price>NT$ 320</b>")

    assert found.listing is not None
    assert (found.listing.price, found.listing.currency) == (320, "TWD")


def test_a_sale_price_beats_the_struck_one_of_the_markup() -> None:
    found = read("<h1>Cup</h1><p class=price><del>¥3,000</del> <ins>¥1,980</ins></p>")

    assert found.listing is not None
    assert found.listing.price == 1980


@pytest.mark.parametrize(("written", "expected"), [
    ("4901234567894", "4901234567894"), ("4901234567890", None), ("49012347", "49012347"), ("036000291452",
    "036000291452"), ("0000000000000", None), ("m88123", None), ("", None), ("490-1234-567894", "4901234567894"),
])  # fmt: skip
def test_a_gtin_counts_only_with_its_check_digit(written: str, expected: str | None) -> None:
    assert listings.gtin(written) == expected


GALLERY = """<h1>Stand</h1><div class=gallery><div class=main><img src="/p/7-1_600x600.jpg"></div>
<ul><li><a href="#"><img src="/p/7-1_100x100.jpg"></a></li>
<li><a href="/p/7-2_1200x1200.jpg"><img src="/p/7-2_100x100.jpg"></a></li>
<li><img src="data:image/gif;base64,R0" data-src="/p/7-3_100x100.jpg" data-zoom-image="/p/7-3.jpg"></li>
<li><img srcset="/p/7-4.jpg?width=200 200w,/p/7-4.jpg?width=1600 1600w"></li></ul></div>
<div class=others><a href="/item/8"><img src="/p/8-1.jpg"></a><a href="/item/9"><img src="/p/9-1.jpg"></a></div>"""


def test_every_photograph_of_the_gallery_is_taken_once_and_none_of_the_neighbours() -> None:
    found = read(GALLERY + product(image="https://market.example/p/7-1.jpg"))

    assert photos(found) == ["/p/7-1.jpg", "/p/7-2_1200x1200.jpg", "/p/7-3.jpg", "/p/7-4.jpg?width=1600"]


def test_the_photographs_of_recommended_products_are_not_this_pages() -> None:
    others = {
        "@context": "https://schema.org", "@type": "ItemList", "itemListElement": [
            {"@type": "ListItem", "item": {"@type": "Product", "name": "Other", "image": "/p/8-1.jpg",
             "offers": offer(price="5"), "url": "/item/8"}},
            {"@type": "Product", "name": "Third", "image": "/p/9-1.jpg", "url": "/item/9"},
        ],
    }  # fmt: skip
    found = read(f'<script type="application/ld+json">{json.dumps(others)}</script>' + product(
        image=["/p/7-1.jpg"], offers=offer()))  # fmt: skip

    assert (found.title, photos(found)) == ("Acrylic stand", ["/p/7-1.jpg"])
    assert found.listing is not None
    assert found.listing.price == 1980


def test_of_several_products_the_one_that_names_the_page_is_its_own() -> None:
    first = product(name="Other", url="https://market.example/item/8", image="/p/8-1.jpg", offers=offer(price="5"))
    found = read(first + product(name="This", url=ITEM, image="/p/7-1.jpg", offers=offer()))

    assert (found.title, photos(found)) == ("This", ["/p/7-1.jpg"])


STATE = {"props": {"pageProps": {
    "item": {"id": "m7", "name": "アクリルスタンド", "price": 1980, "currency": "JPY", "status": "on_sale",
             "itemCondition": {"id": 3, "name": "目立った傷や汚れなし"}, "seller": {"id": 4711, "name": "まるまる堂"},
             "photos": ["https://cdn.example/m7_1.jpg", "https://cdn.example/m7_2.jpg"], "created": 1793707440},
    "recommended": [{"id": "m8", "name": "別の品", "price": 5, "photos": ["https://cdn.example/m8_1.jpg"]}],
}}}  # fmt: skip


@pytest.mark.parametrize("script", [
    f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(STATE)}</script>',
    f"<script>window.__INITIAL_STATE__ = {json.dumps(STATE)};(function(){{}})()</script>",
])  # fmt: skip
@pytest.mark.parametrize("url", ["https://market.example/item/m7", "https://market.example/x"])
def test_what_the_pages_script_draws_from_is_read(script: str, url: str) -> None:
    found = read(f"<h1>アクリル スタンド</h1>{script}", url=url)

    said = found.listing
    assert said is not None
    assert (said.price, said.currency, said.condition, said.stock) == (1980, "JPY", "used", "in stock")
    assert (said.seller, said.seller_id) == ("まるまる堂", "market.example seller 4711")
    assert [link.url for link in found.media] == ["https://cdn.example/m7_1.jpg", "https://cdn.example/m7_2.jpg"]
    assert found.published_at is not None
    assert found.published_at.timestamp() == 1793707440
    assert found.provenance["price"] == "hydration"


def test_script_data_of_another_thing_is_not_believed() -> None:
    script = f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(STATE)}</script>'
    found = read(f"<h1>Something else</h1><b class=price>¥900</b>{script}", url="https://market.example/item/m99")

    assert found.listing is not None
    assert (found.listing.price, found.media) == (900, ())


def test_a_themes_prices_in_hundredths_are_told_by_its_own_words() -> None:
    theme = {"title": "Stand", "price": 198000, "price_varies": False, "images": ["//cdn.example/s.jpg"]}
    found = read(f"<h1>Stand</h1><script type='application/json'>{json.dumps(theme)}</script>")

    assert found.listing is not None
    assert found.listing.price == 1980


@pytest.mark.parametrize(
    "block", ['{"a":' * 100_000, "[" * 100_000, "9" * 100_000, '{"name": "Stand", "price": ' + "9" * 9000]
)
def test_hostile_script_data_is_left_out(block: str) -> None:
    found = read(f'<h1>Stand</h1><b class=price>¥900</b><script type="application/json">{block}</script>')

    assert found.listing is not None
    assert found.listing.price == 900
