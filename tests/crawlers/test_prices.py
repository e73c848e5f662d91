"""Prices are read as shops write them, and what is ambiguous or no price is none."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawlers import prices

# text, what the source's signs mean, its territory: amount, currency, highest of a range
TABLE: list[tuple[str, str | None, str | None, str | None, str | None, str | None]] = [
    # yen, in every spelling
    ("1,980円", None, None, "1980", "JPY", None),
    ("１，９８０円（税込）", None, None, "1980", "JPY", None),
    ("￥３，５００", "JPY", None, "3500", "JPY", None),
    ("販売価格：¥ 1,980 （税込）", "JPY", None, "1980", "JPY", None),
    ("￥1,980-", "JPY", None, "1980", "JPY", None),
    ("1980 yen", None, None, "1980", "JPY", None),
    ("JPY 1,980", None, None, "1980", "JPY", None),
    ("1,980 JPY", None, None, "1980", "JPY", None),
    # what a bare sign means
    ("¥1,980", None, "JP", "1980", "JPY", None),
    ("¥1,980", None, "CN", "1980", "CNY", None),
    ("¥299", "CNY", "JP", "299", "CNY", None),
    ("¥1,980", None, None, "1980", None, None),
    ("¥1,980", "USD", "US", "1980", "USD", None),
    ("$12.50", None, None, "12.50", "USD", None),
    ("$12.50", "SGD", None, "12.50", "SGD", None),
    ("$10.00", None, "AU", "10.00", "AUD", None),
    ("$49.95 CAD", None, "US", "49.95", "CAD", None),
    ("1 980 kr", None, "SE", "1980", "SEK", None),
    ("1 980 kr", None, "DK", "1980", "DKK", None),
    # large numbers with words
    ("39.8万円", None, None, "398000", "JPY", None),
    ("１．２万円", None, None, "12000", "JPY", None),
    ("2万5,000円", None, None, "25000", "JPY", None),
    ("3千円", None, None, "3000", "JPY", None),
    ("1億2,000万円", None, None, "120000000", "JPY", None),
    ("¥12.8万", "CNY", None, "128000", "CNY", None),
    ("15만원", None, None, "150000", "KRW", None),
    ("1.5万", "JPY", None, "15000", "JPY", None),
    ("$1.2k", None, None, "1200", "USD", None),
    # separators of other countries
    ("1.299,00 €", None, None, "1299.00", "EUR", None),
    ("1.234.567,89 €", None, None, "1234567.89", "EUR", None),
    ("1 980,00 €", None, None, "1980.00", "EUR", None),
    ("12,50 €", None, None, "12.50", "EUR", None),
    ("CHF 1'980.00", None, None, "1980.00", "CHF", None),
    ("1’980.– CHF", None, None, "1980", "CHF", None),
    ("$1,234.56", None, None, "1234.56", "USD", None),
    ("₹1,00,000", None, None, "100000", "INR", None),
    ("Rp 150.000", None, None, "150000", "IDR", None),
    ("1.980.000₫", None, None, "1980000", "VND", None),
    ("R$ 59,90", None, None, "59.90", "BRL", None),
    ("49,90 zł", None, None, "49.90", "PLN", None),
    ("1.980", "JPY", None, "1980", "JPY", None),
    ("19.900", "KWD", None, "19.900", "KWD", None),
    ("1980.00", "JPY", None, "1980.00", "JPY", None),
    ("1980.0000", "EUR", None, "1980", "EUR", None),
    # signs of other countries
    ("NT$ 320", None, None, "320", "TWD", None),
    ("HK$1,280.00", None, None, "1280.00", "HKD", None),
    ("RM25.00", None, None, "25.00", "MYR", None),
    ("₩15,000", None, None, "15000", "KRW", None),
    ("฿350", None, None, "350", "THB", None),
    ("350 บาท", None, None, "350", "THB", None),
    ("128元", None, None, "128", "CNY", None),
    ("£9.99", None, None, "9.99", "GBP", None),
    ("USD 7", "JPY", None, "7", "USD", None),
    # postage, points, coupons and instalments are no price
    ("送料 ¥520 商品 ¥1,200", "JPY", None, "1200", "JPY", None),
    ("¥1,200 送料 ¥520", "JPY", None, "1200", "JPY", None),
    ("US $12.00 + US $3.00 shipping", None, None, "12.00", "USD", None),
    ("1,980円 送料無料", None, None, "1980", "JPY", None),
    ("送料無料 1,980円", None, None, "1980", "JPY", None),
    ("送料込み 1,980円", None, None, "1980", "JPY", None),
    ("¥1,980 198ポイント", "JPY", None, "1980", "JPY", None),
    ("30%OFF ¥1,400", "JPY", None, "1400", "JPY", None),
    ("500円OFFクーポン 1,980円", None, None, "1980", "JPY", None),
    ("クーポン 500円引き 価格 1,980円", None, None, "1980", "JPY", None),
    ("月々 1,200円 総額 14,400円", None, None, "14400", "JPY", None),
    ("1,980円/月", None, None, None, None, None),
    ("100g 1,980円", None, None, "1980", "JPY", None),
    ("4K UHD ¥3,980", "JPY", None, "3980", "JPY", None),
    # what a buyer pays: not the struck price, and with tax
    ("定価 3,000円 特価 1,980円", None, None, "1980", "JPY", None),
    ("元値 3,000円 → 1,980円", None, None, "1980", "JPY", None),
    ("was $20 now $12", None, None, "12", "USD", None),
    ("1,800円(税込1,980円)", None, None, "1980", "JPY", None),
    ("1,980円(税抜1,800円)", None, None, "1980", "JPY", None),
    ("1,800円+税", None, None, "1800", "JPY", None),
    ("現在 1,000円 即決 3,000円", None, None, "1000", "JPY", None),
    # ranges
    ("1,980円〜3,980円", None, None, "1980", "JPY", "3980"),
    ("1,980～3,980円", None, None, "1980", "JPY", "3980"),
    ("$10.00 - $20.00", None, None, "10.00", "USD", "20.00"),
    ("$10 - 20", None, None, "10", "USD", "20"),
    ("1,980円～", None, None, "1980", "JPY", None),
    ("From $10.00", None, None, "10.00", "USD", None),
    # free
    ("無料", "JPY", None, "0", "JPY", None),
    ("0円", None, None, "0", "JPY", None),
    ("Free", "USD", None, "0", "USD", None),
    ("送料無料", "JPY", None, None, None, None),
    # a bare number, and what is none
    ("1280", "JPY", None, "1280", "JPY", None),
    ("価格 1280", "JPY", None, "1280", "JPY", None),
    ("1/7 スケール 12800", "JPY", None, None, None, None),
    ("残り 25", "JPY", None, None, None, None),
    ("-500円", "JPY", None, None, None, None),
    ("12,34,5円", None, None, None, None, None),
    ("オープン価格", "JPY", None, None, None, None),
    ("ask the seller", "JPY", None, None, None, None),
    ("", "JPY", None, None, None, None),
    ("9" * 10_000, "JPY", None, None, None, None),
]


@pytest.mark.parametrize(("text", "currency", "territory", "amount", "code", "highest"), TABLE)
def test_a_price_is_read_as_shops_write_it(
    text: str, currency: str | None, territory: str | None, amount: str | None, code: str | None, highest: str | None
) -> None:
    expected = (None if amount is None else Decimal(amount), code, None if highest is None else Decimal(highest))

    assert prices.parse(text, currency, territory) == expected


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(TABLE) >= 60


@given(st.text(st.sampled_from("0123456789.,'’ ¥$€円万億千元kr()~-送料税込円引OFF%／"), max_size=250))
@settings(max_examples=150, deadline=None)
def test_no_text_breaks_the_reader(text: str) -> None:
    found = prices.parse(text, "JPY", "JP")

    assert found.amount is None or found.amount >= 0
    assert found.highest is None or (found.amount is not None and found.highest > found.amount)


@pytest.mark.parametrize("text", ["9" * 200, "1,", "1 000", "¥", "(1円", "万1", "送料", "1円~", "US$ ", "1'", "1円("])
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()

    prices.parse(text * 200, "JPY")

    assert time.process_time() - before < 0.2
