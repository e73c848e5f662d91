"""What a look at an address changes: its rest, what it is asked with, and when it is believed gone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from config import clock
from crawlers import frontier, looks, revisit
from crawlers.captures import Capture
from crawlers.frontier import Address, FrontierEntry, Sweep
from crawlers.interface import Finding, Listing, MediaLink
from crawlers.looks import Reading, Validators
from crawlers.revisit import Rhythm
from tests import factories
from tests.conftest import NOW

URL = "http://vidbox.example/watch/1"
RHYTHM = Rhythm(min_s=3600.0, max_s=100 * 3600.0)
GIVEN = Validators('"v1"', "Sun, 22 Nov 2026 03:00:00 GMT")
FINDING = Finding(
    url=URL, kind="video", title="Lantern Road 1", text="1,204 views. Uploaded by grabber.",
    listing=Listing(Decimal("1980"), "JPY", "Shop A"), media=(MediaLink(f"{URL}/1.mp4", "video", 0),),
    links=("http://vidbox.example/watch/2",),
)  # fmt: skip


@pytest.fixture
def sweep(session: Session) -> Sweep:
    return factories.sweep(session)


@pytest.fixture
def row(session: Session, sweep: Sweep) -> FrontierEntry:
    (made,) = frontier.add(session, sweep.id, [Address(URL, "page", 1)])
    return made


@pytest.fixture
def capture(session: Session, sweep: Sweep) -> Capture:
    return factories.capture(session, URL, sweep)


def hours(row: FrontierEntry) -> float:
    assert row.rests_until is not None
    assert row.settled_at is not None
    return (row.rests_until - row.settled_at) / timedelta(hours=1)


def test_what_changes_is_asked_twice_as_often_and_what_rests_half_as_often_again(
    row: FrontierEntry, capture: Capture, sweep: Sweep
) -> None:
    def look(says: str) -> float:
        said = Reading("finding", says)
        looks.answered(row, sweep.id, capture, reading=said, validators=GIVEN, rhythm=RHYTHM)
        return hours(row)

    assert [look("a"), look("a"), look("a"), look("b"), look("c"), look("d"), look("e")] == [
        4.0, 6.0, 9.0, 4.5, 2.25, 1.125, 1.0,
    ]  # fmt: skip
    assert (row.looks, row.changes) == (7, 4)
    for _ in range(20):
        look("e")
    assert hours(row) == 100.0


def test_a_list_is_asked_often_and_never_rests_long(row: FrontierEntry, capture: Capture, sweep: Sweep) -> None:
    for _ in range(20):
        said = Reading("list", "a")
        looks.answered(row, sweep.id, capture, reading=said, validators=GIVEN, rhythm=RHYTHM)

    assert hours(row) == 4.0


def test_an_address_is_asked_with_its_validators_and_now_and_then_without(
    row: FrontierEntry, capture: Capture, sweep: Sweep
) -> None:
    assert looks.conditions(row) == {}
    looks.answered(row, sweep.id, capture, reading=Reading("finding", "a"), validators=GIVEN, rhythm=RHYTHM)
    asked = {"If-None-Match": '"v1"', "If-Modified-Since": GIVEN.last_modified}
    assert looks.conditions(row) == asked

    for _ in range(looks.MAX_CONFIRMED):
        assert looks.conditions(row) == asked
        looks.confirmed(row, sweep.id, RHYTHM)
    assert looks.conditions(row) == {}

    looks.answered(row, sweep.id, capture, reading=Reading("finding", "a"), validators=GIVEN, rhythm=RHYTHM)
    looks.failed(row, sweep.id, "the server answered 500", RHYTHM)
    assert looks.conditions(row) == {}


@pytest.mark.parametrize("tag", ["", '"a\r\nX-Evil: 1"', '"ä"', '"' + "a" * 300 + '"'])
def test_a_validator_that_is_no_plain_header_is_not_kept(tag: str) -> None:
    assert Validators.of([("ETag", tag)]) == looks.NONE
    assert Validators.of([("etag", ' W/"a b" ')]) == Validators('W/"a b"')


def test_gone_is_believed_when_two_looks_say_so_that_lie_apart(row: FrontierEntry, sweep: Sweep) -> None:
    with clock.frozen(NOW):
        assert not looks.absent(row, sweep.id, "404", RHYTHM)
        assert (row.state, hours(row)) == ("failed", 1.0)
    with clock.frozen(NOW + timedelta(minutes=30)):
        assert not looks.absent(row, sweep.id, "404", RHYTHM)
    with clock.frozen(NOW + timedelta(hours=1)):
        assert looks.absent(row, sweep.id, "404", RHYTHM)
        assert (row.state, hours(row), row.gone_at) == ("gone", 100.0, clock.now())
    with clock.frozen(NOW + timedelta(hours=101)):
        assert not looks.absent(row, sweep.id, "404", RHYTHM), "it is said once"


def test_a_page_that_comes_back_is_not_gone(row: FrontierEntry, capture: Capture, sweep: Sweep) -> None:
    with clock.frozen(NOW):
        looks.absent(row, sweep.id, "404", RHYTHM)
    with clock.frozen(NOW + timedelta(hours=1)):
        looks.answered(row, sweep.id, capture, reading=Reading("finding", "a"), validators=GIVEN, rhythm=RHYTHM)
    with clock.frozen(NOW + timedelta(hours=9)):
        assert not looks.absent(row, sweep.id, "404", RHYTHM)


def test_an_address_without_an_answer_is_asked_less_and_less(row: FrontierEntry, sweep: Sweep) -> None:
    rests = []
    for _ in range(9):
        looks.failed(row, sweep.id, "no answer", RHYTHM)
        rests.append(hours(row))

    assert rests == [pytest.approx(1 / 60), 1, 2, 4, 8, 16, 32, 64, 100]


def test_a_counter_a_clock_and_chance_recommendations_are_no_change() -> None:
    same = [
        {"text": "1,977 views. Uploaded by grabber."},
        {"links": ("http://vidbox.example/watch/77",)},
    ]  # fmt: skip
    other = [
        {"title": "Lantern Road 2"},
        {"text": "1,204 views. Licensed by Studio Kiri."},
        {"listing": Listing(Decimal("1981"), "JPY", "Shop A")},
        {"media": (MediaLink(f"{URL}/2.mp4", "video", 0),)},
        {"attribution": "Studio Kiri"},
    ]
    said = revisit.reading_sha256(FINDING)

    for change in same:
        assert revisit.reading_sha256(Finding(**(vars(FINDING) | change))) == said, change
    for change in other:
        assert revisit.reading_sha256(Finding(**(vars(FINDING) | change))) != said, change


def test_a_list_changes_with_where_it_leads() -> None:
    listed = Finding(url=URL, kind="page", title="Newest", links=("http://vidbox.example/watch/1",))
    more = Finding(url=URL, kind="page", title="Newest", links=("http://vidbox.example/watch/2",))

    assert revisit.shows(listed) == "list"
    assert revisit.reading_sha256(listed) != revisit.reading_sha256(more)
