"""The egress lets through what the guard allows, to the very address it checked, and nothing else."""

import base64
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from crawlers import egress
from crawlers.egress import Caps, Egress
from crawlers.guard import Guard
from tests.crawlers.small_web import SmallWeb, picture

CAPS = Caps(connection_bytes=300_000, total_bytes=2_000_000, connection_s=20.0, idle_s=5.0)


@contextmanager
def running(web: SmallWeb, caps: Caps = CAPS, *hosts: str) -> Iterator[Egress]:
    names = hosts or ("web.test",)
    guard = Guard([f"{name}:{web.port}" for name in names], dict.fromkeys(names, "127.0.0.1"))
    with egress.serving(guard, caps) as made:
        yield made


def say(proxy: Egress, text: str, *, token: str | None = None) -> tuple[int, bytes, bytes]:
    """Send bytes as they are and return status, head and body of what comes back until it closes."""
    secret = base64.b64encode(f"mekiki:{proxy.token if token is None else token}".encode()).decode()
    first, _, rest = text.partition("\r\n")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=15) as line:
        line.sendall(f"{first}\r\nProxy-Authorization: Basic {secret}\r\n{rest}".encode("latin-1"))
        got = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head else 0, head, body


def get(proxy: Egress, url: str, *headers: str) -> tuple[int, bytes, bytes]:
    lines = [f"GET {url} HTTP/1.1", "Host: somewhere.example", *headers, "", ""]
    return say(proxy, "\r\n".join(lines))


def test_a_page_comes_through_and_its_true_address_is_remembered(web: SmallWeb) -> None:
    with running(web) as proxy:
        status, head, body = get(proxy, web.url("/photo/3.png"), "X-Asked: yes")

        assert (status, body) == (200, picture(3))
        assert b"Connection: close" in head
        assert proxy.address("web.test", web.port) == "127.0.0.1"
        assert proxy.passed_bytes > len(body)
    assert web.count("/photo/3.png") == 1


def test_a_tunnel_comes_through(web: SmallWeb) -> None:
    with running(web) as proxy:
        request = "GET /photo/4.png HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n"
        status, _head, inside = say(proxy, f"CONNECT web.test:{web.port} HTTP/1.1\r\n\r\n{request}")

        assert status == 200
        assert inside.endswith(picture(4))
        assert proxy.address("web.test", web.port) == "127.0.0.1"


def test_the_server_is_told_the_host_that_was_checked_and_no_password(web: SmallWeb) -> None:
    with running(web) as proxy, socket.create_server(("127.0.0.1", 0)) as heard:
        port = heard.getsockname()[1]
        proxy.guard.allowed |= {f"127.0.0.1:{port}"}
        secret = base64.b64encode(f"mekiki:{proxy.token}".encode()).decode()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=15) as line:
            line.sendall(
                f"GET http://127.0.0.1:{port}/a?b=c#d HTTP/1.1\r\nHost: internal.example\r\nX-Kept: 1\r\n"
                f"Connection: X-Dropped\r\nX-Dropped: 1\r\nProxy-Authorization: Basic {secret}\r\n\r\n".encode()
            )
            served, _ = heard.accept()
            with served:
                said = served.recv(65536)
                served.sendall(b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n")
                answer = line.recv(65536)
    assert said.startswith(f"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode())
    assert b"X-Kept: 1" in said
    assert b"internal" not in said
    assert b"Dropped" not in said
    assert b"roxy" not in said
    assert answer == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("token", ["", "wrong", "x" * 4000])
def test_without_the_password_nothing_is_reached(web: SmallWeb, token: str) -> None:
    with running(web) as proxy:
        status, head, _ = say(proxy, f"GET {web.url('/')} HTTP/1.1\r\n\r\n", token=token)

    assert status == 407
    assert b"Proxy-Authenticate: Basic" in head
    assert web.asked == []


@pytest.mark.parametrize("host", [
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "2130706433", "0x7f000001", "0", "[::1]",
    "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "trap.test",
])  # fmt: skip
def test_no_spelling_of_this_machine_is_reached(web: SmallWeb, host: str) -> None:
    with running(web) as proxy:
        proxy.guard.pinned["trap.test"] = "127.0.0.1"
        plain, _, why = get(proxy, f"http://{host}:{web.port}/photo/1.png")
        tunnel, *_ = say(proxy, f"CONNECT {host}:{web.port} HTTP/1.1\r\n\r\n")

    assert {plain, tunnel} <= {403, 502}
    assert b"which is" in why or b"has no address" in why
    assert web.asked == []


@pytest.mark.parametrize("line", [
    "GET file:///etc/passwd HTTP/1.1", "GET https://web.test/ HTTP/1.1", "GET /photo/1.png HTTP/1.1", "GET * HTTP/1.1",
    "GET ftp://web.test/ HTTP/1.1", "GET http://u:p@web.test/ HTTP/1.1", "DELETE http://web.test/ HTTP/1.1",
    "CONNECT web.test HTTP/1.1", "CONNECT web.test:0 HTTP/1.1", "CONNECT web.test:99999 HTTP/1.1",
    "CONNECT a@web.test:80 HTTP/1.1", "CONNECT web.test:80/x HTTP/1.1", "GET http://[::1 HTTP/1.1", "nonsense",
    "GET  http://web.test/ HTTP/1.1", "GET http://web.test/ HTTP/2",
])  # fmt: skip
def test_what_is_no_plain_request_is_refused_with_a_sentence(web: SmallWeb, line: str) -> None:
    with running(web) as proxy:
        status, _, why = say(proxy, f"{line}\r\n\r\n")

    assert status in (400, 403, 405)
    assert len(why.decode().split()) >= 4
    assert web.asked == []


@pytest.mark.parametrize("fields", [
    "Transfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4", "Content-Length: 99999999", "A : b",
    "A: b\r\n folded", "A: b\nHost: inside.example", "Content-Length: -1", "Content-Length: +3",
])  # fmt: skip
def test_a_request_that_two_servers_could_read_in_two_ways_is_refused(web: SmallWeb, fields: str) -> None:
    with running(web) as proxy:
        status, *_ = say(proxy, f"POST {web.url('/')} HTTP/1.1\r\n{fields}\r\n\r\nabc")

    assert status in (400, 411, 413)
    assert web.asked == []


def test_a_name_that_changes_its_address_is_checked_at_every_connection(web: SmallWeb) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1", "127.0.0.2"]])
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    guard = Guard([f"127.0.0.1:{web.port}"])  # stands for what is public; 127.0.0.2 is what must not be reached
    with egress.serving(guard, CAPS, look_up=rebinding) as proxy:
        seen = [get(proxy, web.url("/photo/1.png", "rebound.example"))[0] for _ in range(3)]

        assert seen == [200, 403, 403]
        assert "127.0.0.2" in str(proxy.refusal("rebound.example", web.port))
    assert asked == ["rebound.example"] * 3  # once a connection: what was checked is what is connected
    assert web.count("/photo/1.png") == 1


def test_an_endless_answer_is_cut_at_the_limit(web: SmallWeb) -> None:
    with running(web) as proxy:
        status, _, body = get(proxy, web.url("/endless"))

        assert status == 200
        assert len(body) <= CAPS.connection_bytes
        assert "more than the limit of 300000 bytes" in str(proxy.refusal("web.test", web.port))


def test_an_endless_tunnel_is_cut_at_the_limit(web: SmallWeb) -> None:
    with running(web) as proxy:
        request = "GET /endless HTTP/1.1\r\nHost: web.test\r\n\r\n"
        _status, _head, inside = say(proxy, f"CONNECT web.test:{web.port} HTTP/1.1\r\n\r\n{request}")

    assert 0 < len(inside) <= CAPS.connection_bytes


def test_a_sweep_that_has_used_up_its_bytes_gets_no_more(web: SmallWeb) -> None:
    with running(web, Caps(connection_bytes=300_000, total_bytes=500_000, idle_s=5.0)) as proxy:
        for _ in range(2):
            get(proxy, web.url("/endless"))
        status, _, why = get(proxy, web.url("/photo/1.png"))

    assert status == 403
    assert b"500000 bytes that this sweep may take are used up" in why
    assert web.count("/photo/1.png") == 0


def test_a_server_that_drips_is_left(web: SmallWeb) -> None:
    with running(web, Caps(connection_bytes=300_000, total_bytes=2_000_000, connection_s=1.0, idle_s=5.0)) as proxy:
        status, _, body = get(proxy, web.url("/slow"))

    assert status == 200
    assert len(body) < 100


@pytest.mark.parametrize("head", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nA" + b"a" * 100_000])
def test_a_server_that_sends_no_head_is_said_to(web: SmallWeb, head: bytes) -> None:
    with running(web) as proxy, socket.create_server(("127.0.0.1", 0)) as heard:
        port = heard.getsockname()[1]
        proxy.guard.allowed |= {f"127.0.0.1:{port}"}
        secret = base64.b64encode(f"mekiki:{proxy.token}".encode()).decode()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=15) as line:
            line.sendall(
                f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nProxy-Authorization: Basic {secret}\r\n\r\n".encode()
            )
            served, _ = heard.accept()
            with served:
                served.recv(65536)
                served.sendall(head)
            answer = line.recv(65536)

    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway")


def test_nothing_listens_once_it_is_over(web: SmallWeb) -> None:
    with running(web) as proxy:
        port = proxy.port
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
