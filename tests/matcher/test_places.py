"""The promises of places: one spelling, and patterns that cover what they say and nothing beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import places
from matcher.places import BadPlace


@pytest.mark.parametrize(
    ("pattern", "place", "covered"),
    [
        ("vidbox.example", "vidbox.example/watch/1", True),
        ("vidbox.example", "vidbox.example:8443/watch/1", True),
        ("vidbox.example", "www.vidbox.example", True),
        ("www.vidbox.example", "vidbox.example/", True),
        ("vidbox.example", "evil-vidbox.example/", False),
        ("vidbox.example", "vidbox.example.evil.test/", False),
        ("vidbox.example", "tv.vidbox.example/", False),
        ("*.vidbox.example", "tv.vidbox.example/1", True),
        ("*.vidbox.example", "vidbox.example/1", True),
        ("*.vidbox.example", "notvidbox.example/1", False),
        ("127.0.0.1:8001", "127.0.0.1:8001/x", True),
        ("127.0.0.1:8001", "127.0.0.1:8002/x", False),
        ("vidbox.example/shop", "vidbox.example/shop", True),
        ("vidbox.example/shop", "vidbox.example/shop/1", True),
        ("vidbox.example/shop", "vidbox.example/shop?page=2", True),
        ("vidbox.example/shop", "vidbox.example/shopping", False),
        ("vidbox.example/Shop", "vidbox.example/shop", False),
    ],
)
def test_a_pattern_covers_what_it_says(pattern: str, place: str, covered: bool) -> None:
    assert places.covers(places.pattern_of(pattern), place) is covered


@pytest.mark.parametrize("text", ["", "https://", "*", "*.example", "vid*.example", "two words.example", "*.*"])
def test_a_pattern_that_is_no_place_or_too_many_is_refused(text: str) -> None:
    with pytest.raises(BadPlace):
        places.pattern_of(text)


def test_a_pasted_address_becomes_a_pattern() -> None:
    assert places.pattern_of("https://Vidbox.Example/Kiri/#about") == "vidbox.example/Kiri"


@given(st.from_regex(r"[a-z]{1,8}\.example(:\d{2,5})?(/[a-z]{1,5}){0,3}", fullmatch=True))
def test_every_place_is_covered_by_itself_and_by_its_host(place: str) -> None:
    assert places.covers(places.pattern_of(place), place)
    assert places.covers(places.host_of(place), place)
