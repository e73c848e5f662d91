"""Addresses: the host that is asked is the one that is meant, and a long one is asked like any other."""

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.home import Home
from crawlers import urls
from tests.crawlers.conftest import Mekiki
from tests.crawlers.small_web import SmallWeb, html, write_source


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_address_is_asked(web: SmallWeb, web_home: Home, mekiki: Mekiki) -> None:
    long = "/watch/" + "x" * 2500
    web.changed["/"] = html(f'<title>A board</title><a href="{long}">on</a>')
    web.changed[long] = html("<title>Far</title><img src='/photo/1.png'>")
    write_source(web_home.settings.sources, web, "board", "image_board", ["/"])

    ended = mekiki("sweep", "board", "--json")

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["pages"] == 2
    assert web.count(long) == 1


@given(st.from_regex(r"https?://[a-zA-Z0-9.:@\[\]\\-]{0,20}[/?#]?[a-z@:.]{0,6}", fullmatch=True))
def test_a_host_is_what_a_parser_says(address: str) -> None:
    try:
        meant = (urlsplit(address).hostname or "").lower()
    except ValueError:
        return
    assert urls.host(address) == meant


@pytest.mark.parametrize(
    "address", ["http://a.example/" + "x" * 8000, "/" + "x" * 8000, "http://a.example/" + "猫" * 900]
)
def test_what_no_server_takes_is_no_address(address: str) -> None:
    assert urls.canonical(address, "http://a.example/") is None
