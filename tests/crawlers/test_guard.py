"""No address of this machine or a private network is reached, however it is spelt, unless a setting names it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.guard import BadPin, Guard, literal, objection

CLOSED = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "169.254.169.254", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.8",
    "198.18.0.1", "192.88.99.1", "203.0.113.5", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
    "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:5ef5:79fd:0:0:80ff:fffe", "3fff::1", "100::1", "not an address", "",
)  # fmt: skip
OPEN = ("8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8", "64:ff9b::808:808")
SPELLINGS = (
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "[::1]",
    "１２７.0.0.1",
)


@pytest.mark.parametrize("address", CLOSED)
def test_closed_addresses_are_refused(address: str) -> None:
    assert objection(address) is not None


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_pass(address: str) -> None:
    assert objection(address) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_wrapped_into_ipv6_is_judged_like_itself(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(f"64:ff9b::{address}")
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))

    expected = objection(str(address)) is None
    assert [objection(str(wrapped)) is None for wrapped in (mapped, translated, six_to_four)] == [expected] * 3


@given(st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="127.0.0.0/8"),
                 st.ip_addresses(network="100.64.0.0/10"), st.ip_addresses(network="fc00::/7")))  # fmt: skip
def test_no_private_address_passes(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert objection(str(address)) is not None


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_this_machine_is_seen_through(host: str) -> None:
    assert literal(host) in ("127.0.0.1", "::1")
    assert Guard().check_url(f"http://{host}/") is not None


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "ftp://example.com/", "data:text/html,x", "javascript:alert(1)", "http://user:pw@example.com/",
    "http://example.com\\@127.0.0.1/", "http:///nohost", "http://[::1", "gopher://example.com/", "http://example.com:99999/",
    "http://%31%32%37.0.0.1/", "http://a..example/", "http://lo%63alhost/", f"http://{'a' * 64}.example/", "http://-/",
])  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    assert Guard().check_url(url) is not None


def test_a_setting_opens_exactly_one_host_and_port() -> None:
    guard = Guard(["127.0.0.1:8080"])

    assert guard.check_url("http://127.0.0.1:8080/x") is None
    assert guard.check_url("http://127.0.0.1:8081/x") is not None
    assert guard.check_url("http://127.0.0.2:8080/x") is not None
    assert guard.objection("rebound.example", 8080, "127.0.0.1") is None
    assert guard.objection("rebound.example", 80, "127.0.0.1") is not None


def test_an_allowed_name_counts_only_while_its_address_is_pinned() -> None:
    pinned = Guard(["board.test:80"], {"board.test": "10.1.2.3"})
    unpinned = Guard(["board.test:80"])

    assert pinned.objection("board.test", 80, "10.1.2.3") is None
    assert pinned.objection("board.test", 80, "10.1.2.4") is not None
    assert unpinned.objection("board.test", 80, "10.1.2.3") is not None


def test_one_bad_address_among_good_ones_closes_the_name() -> None:
    assert Guard().check_all("mixed.example", 80, ["8.8.8.8", "10.0.0.1"]) is not None


def test_a_pin_that_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(BadPin, match="no IP address"):
        Guard(pinned_hosts={"a.test": "localhost"})
