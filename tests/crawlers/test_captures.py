"""Captures of a sweep hold together: whoever changes, removes or slips one in is found out."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from config import database
from crawlers import captures
from crawlers.captures import Capture, Fetched
from crawlers.interface import Finding, Listing
from tests import factories

FETCHED = Fetched(
    url="http://a.example/1", final_url="http://a.example/1", status=200,
    headers=(("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")), mime="text/html",
    blob="0" * 64, size_bytes=4, fetched_at=factories.NOW, ip_address="192.0.2.1",
    parts=(("http://a.example/s", "1" * 64, 4),),
)  # fmt: skip


def three(session: Session) -> int:
    sweep = factories.sweep(session)
    for number in range(3):
        captures.keep(session, sweep.id, "page", replace(FETCHED, url=f"http://a.example/{number}"))
    return sweep.id


def test_captures_are_chained_from_the_first_on(session: Session) -> None:
    sweep_id = three(session)
    first, second, third = session.query(Capture).order_by(Capture.id)

    assert first.previous_hash == captures.FIRST_HASH
    assert [second.previous_hash, third.previous_hash] == [first.hash, second.hash]
    session.expire_all()
    assert captures.broken_links(session, sweep_id) == []


@pytest.mark.parametrize(("column", "value"), [
    ("url", "http://a.example/other"), ("final_url", "http://b.example/"), ("status", 404), ("headers", []),
    ("mime", "image/png"), ("body_sha256", "f" * 64), ("size_bytes", 5), ("ip_address", "192.0.2.2"), ("parts", None),
    ("kind", "media"), ("fetched_at", factories.NOW.replace(year=2025)), ("previous_hash", "f" * 64),
])  # fmt: skip
def test_a_changed_capture_is_found_out(session: Session, column: str, value: object) -> None:
    sweep_id = three(session)
    second = session.query(Capture).order_by(Capture.id)[1]

    session.execute(update(Capture).where(Capture.id == second.id).values({column: value}))
    session.expire_all()

    assert second.id in captures.broken_links(session, sweep_id)


def test_a_capture_is_never_changed_through_the_application(session: Session) -> None:
    three(session)
    session.query(Capture).order_by(Capture.id)[1].status = 404

    with pytest.raises(database.AppendOnlyViolation):
        session.flush()


def test_an_absurd_price_is_no_price(session: Session) -> None:
    sweep = factories.sweep(session)
    listing = Listing(Decimal("1e40"), "JPY", "shop")
    finding = Finding("http://a.example/1", "marketplace", "A", listing=listing)

    capture = captures.keep(session, sweep.id, "page", FETCHED)
    (row,) = captures.store_findings(session, "a", [(capture, finding)])

    assert (row.price, row.seller) == (None, "shop")


def test_words_that_no_database_holds_are_mended(session: Session) -> None:
    sweep = factories.sweep(session)
    listing = Listing(Decimal(5), "JPY", "sh\x00op", brand="\ud800brand")
    finding = Finding("http://a.example/1", "marketplace", "T\x00itle \udfff", listing=listing)

    capture = captures.keep(session, sweep.id, "page", FETCHED)
    (row,) = captures.store_findings(session, "a", [(capture, finding)])

    assert (row.title, row.seller, row.brand) == ("Title ?", "shop", "?brand")


def test_what_an_offer_says_is_kept(session: Session) -> None:
    sweep = factories.sweep(session)
    listing = Listing(
        Decimal(1980), "JPY", "Kiln", brand="Kiri", sku="K-7", highest=Decimal(2400), condition="used",
        stock="in stock", gtin="4901234567894", seller_id="market.example/shop/123",
    )  # fmt: skip
    finding = Finding("http://a.example/1", "marketplace", "Cup", listing=listing)

    capture = captures.keep(session, sweep.id, "page", FETCHED)
    (row,) = captures.store_findings(session, "a", [(capture, finding)])
    session.expire_all()

    assert (row.highest_price, row.condition, row.stock, row.gtin) == (2400, "used", "in stock", "4901234567894")
    assert (row.brand, row.sku, row.seller_id) == ("Kiri", "K-7", "market.example/shop/123")
