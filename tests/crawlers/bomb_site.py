"""A server on loopback that says what no honest server says: bodies, heads and packings without end."""

import gzip
import io
import json
import re
import socketserver
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import brotli
from backports import zstd
from PIL import Image

MANY = 2000  # times a mebibyte of zeros
ENDLESS_S = 60.0  # a server that never ends has to end some day, or a failing test would not
SIZE = (64, 64)  # pixels of what is honest
_MEBIBYTE = bytes(1 << 20)
GIANT_BYTES = 5 << 30
ROBOTS = ("robots-endless.test", "robots-gzip.test", "robots-agents.test", "robots-rules.test")
HOSTS = tuple(f"bomb{number}.test" for number in range(8))  # so that politeness to one host does not spare us
Say = Callable[[socketserver.StreamRequestHandler], None]


def answered(body: bytes, kind: str, *head: str, status: str = "200 OK") -> Say:
    """Return an honest frame around a body."""
    lines = [f"Content-Type: {kind}", f"Content-Length: {len(body)}", *head]
    whole = (f"HTTP/1.1 {status}\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode() + body
    return lambda to: _send(to, whole)


def page(body: str, head: str = "") -> Say:
    """Return a page of HTML."""
    return answered(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "text/html")


def picture(shade: int = 99) -> bytes:
    """Return a small honest picture."""
    out = io.BytesIO()
    Image.new("RGB", SIZE, (shade % 256, 120, 60)).save(out, "PNG")
    return out.getvalue()


def _send(to: socketserver.StreamRequestHandler, content: bytes) -> None:
    to.wfile.write(content)
    to.wfile.flush()


def endless(before: str, again: bytes, *, pause_s: float = 0.0) -> Say:
    """Return an answer whose last words are said for ever."""

    def say(to: socketserver.StreamRequestHandler) -> None:
        _send(to, before.encode("latin-1"))
        until = time.monotonic() + ENDLESS_S
        while time.monotonic() < until:
            _send(to, again)
            time.sleep(pause_s)

    return say


def packed(how: str, body: bytes) -> Say:
    """Return a body that claims to be packed in this way."""
    return answered(body, "text/html", f"Content-Encoding: {how}")


def _gzip() -> bytes:
    return gzip.compress(_MEBIBYTE) * MANY  # a gzip file may consist of many


def _chunked(lines: bytes) -> str:
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n{lines.decode()}"


OK = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def _floods() -> dict[str, Say]:
    """Answers that never end, in every place where one can go on."""
    return {
        "endless": endless(f"{OK}\r\n", bytes(1 << 16)),
        "endless-chunks": endless(_chunked(b""), b"10000\r\n" + bytes(1 << 16) + b"\r\n"),
        "endless-head": endless(OK, b"X-More: " + b"a" * 1000 + b"\r\n"),
        "endless-names": endless(OK, b"".join(b"X-%d: a\r\n" % number for number in range(1000))),
        "endless-line": endless(f"{OK}X-Long: ", b"a" * 4096),
        "endless-folding": endless(f"{OK}X-Folded: a\r\n", b" aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
        "endless-patience": endless("", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "endless-trailer": endless(_chunked(b"1\r\na\r\n0\r\n"), b"X-More: " + b"a" * 1000 + b"\r\n"),
        "endless-chunk-size": endless(_chunked(b""), b"0" * 4096),
    }


def _packings() -> dict[str, Say]:
    """Bodies that grow when they are unpacked, or that no one can unpack."""
    bomb, sound = _gzip(), b"<h1>Packed</h1>"
    many = sound
    for _ in range(40):
        many = gzip.compress(many, 0)
    return {
        "gzip": packed("gzip", bomb),
        "gzip-gzip": packed("gzip, gzip", gzip.compress(bomb)),
        "deflate": packed("deflate", zlib.compress(bytes(64 << 20))),
        "br": packed("br", brotli.compress(bytes(64 << 20), quality=1)),
        "zstd": packed("zstd", zstd.compress(_MEBIBYTE) * MANY),
        "gzip-forty-times": packed(", ".join(["gzip"] * 40), many),
        "no-gzip": packed("gzip", b"this was never packed"),
        "broken-gzip": packed("gzip", gzip.compress(b"a" * 999)[:12] + b"\xff" * 99),
        "broken-deflate": packed("deflate", b"\xff" * 99),
        "broken-br": packed("br", b"\xff" * 99),
        "broken-zstd": packed("zstd", b"(\xb5/\xfd" + b"\xff" * 99),
        "unknown-packing": packed("pack200", b"\xca\xfe\xd0\x0d"),
    }


def _lies() -> dict[str, Say]:
    """Heads that contradict themselves or are none."""
    return {
        "two-lengths": lambda to: _send(to, f"{OK}Content-Length: 5\r\nContent-Length: 9\r\n\r\nabcde".encode()),
        "length-below-zero": lambda to: _send(to, f"{OK}Content-Length: -5\r\n\r\nabcde".encode()),
        "length-of-words": lambda to: _send(to, f"{OK}Content-Length: many\r\n\r\nabcde".encode()),
        "too-long-a-length": lambda to: _send(to, f"{OK}Content-Length: {10**30}\r\n\r\nabcde".encode()),
        "unknown-transfer": lambda to: _send(to, f"{OK}Transfer-Encoding: pigeon\r\n\r\nabcde".encode()),
        "no-http": lambda to: _send(to, b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n"),
        "no-status": lambda to: _send(to, b"HTTP/1.1 OK\r\n\r\n"),
        "strange-status": answered_as("HTTP/1.1 999 Never\r\n"),
        "no-colon": lambda to: _send(to, f"{OK}this is no header\r\n\r\nabc".encode()),
        "strange-name": lambda to: _send(to, f"{OK}\x01\x02: \xff\r\nContent-Length: 3\r\n\r\nabc".encode("latin-1")),
        "cut-off": lambda to: _send(to, f"{OK}Content-Length: 500\r\n\r\nabcde".encode()),
        "nothing": lambda _to: None,
        "strange-redirect": lambda to: _send(
            to, b"HTTP/1.1 302 F\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"
        ),
    }


def answered_as(status: str) -> Say:
    """Return a page under this line of status."""
    return lambda to: _send(to, f"{status}Content-Type: text/html\r\nContent-Length: 3\r\n\r\nabc".encode())


def _pages() -> dict[str, Say]:
    """Pages that cost more to read than to send."""
    things = [{"@type": "Product", "name": f"n{number}", "image": f"/i/{number}.png"} for number in range(60_000)]
    deep = '{"@type":"Product","isPartOf":' * 50_000
    said = '<script type="application/ld+json">'
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "deep": page("<div>" * 100_000 + "bottom"),
        "deep-words": page("<b>a" * 100_000),
        "deep-links": page("<a href='/x'><img src='/i/1.png'>" * 60_000),
        "wide": page("<p>a</p>" * 600_000),
        "attributes": page("<p " + " ".join(f"a{number}=''" for number in range(400_000)) + ">"),
        "large-json-ld": page("", f"{said}{json.dumps({'@graph': things})}</script>"),
        "deep-json-ld": page("", f"{said}{deep}</script>"),
        "comments-json-ld": page("", f"{said}{'/*' * 900_000}</script>"),
        "broken-json-ld": page("", f"{said}{{'a': {'[' * 500_000}</script>"),
        "deep-microdata": page("<div itemscope itemtype='http://schema.org/Product' itemprop='a'>" * 30_000),
        "many-microdata": page("<div itemscope itemtype='http://schema.org/Product' itemref='a'>x</div>" * 20_000
                               + "<p id='a' itemprop='name'>n</p>"),
        "laughs": answered(f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "{"ha" * 50}">{laughs}]>'
                           "<html><body><h1>&l9;</h1><img src='/i/1.png'></body></html>".encode(), "text/html"),
        "entity": answered(b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
                           b"<html><body><h1>&x;</h1><img src='/i/1.png'></body></html>", "text/html"),
        "punycode": answered(b"<h1>a</h1>-" + b"zz9" * 2_000_000, "text/html; charset=punycode"),
        "srcset": page(f"<img srcset=\"{'/i/1.png 1x, ' * 200_000}\">"),
        "scripts": page("<script>" + '"/a' * 1_500_000 + "</script>"),
        "numbers": page(f"<h1>n</h1><p class='price'>{'9' * 1_000_000}円</p><time>{'令和' * 200_000}</time>"),
        "many-pictures": page("".join(f"<img src='/i/{number}.png'>" for number in range(0, 50_000, 100))[:40]),
    }  # fmt: skip


def unpacking(begin: bytes, again: bytes) -> bytes:
    """Return a gzip file that unpacks to a beginning and two gigabytes of the same, made without making those."""

    def block(content: bytes) -> bytes:
        engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return engine.compress(content) + engine.flush(zlib.Z_FULL_FLUSH)  # which refers to nothing before it

    repeated = block(again * ((1 << 20) // len(again)))
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block(begin) + repeated * 2048


def _directories() -> dict[str, Say]:
    """Sitemaps and feeds that unpack to gigabytes."""
    rss = b'<rss version="2.0"><channel>'
    return {
        name: answered(unpacking(begin, again), "application/gzip")
        for name, begin, again in (
            ("map-of-entries", b"<urlset>", b"<url><loc>/a</loc><image><loc>/i/1.png</loc></image></url>"),
            ("map-of-nothing", b"<urlset>", b"<url/>"),
            ("map-of-one-entry", b"<urlset><url>", b"<a/>"),
            ("map-of-space", b"<urlset>", b" " * 64),
            ("map-of-lines", b"http://bomb0.test/1\n", b"http://bomb0.test/\n"),
            ("feed-of-items", rss, b"<item><link>/a</link></item>"),
        )
    }


def giant(head: bytes) -> Callable[[str], Say]:
    """Return a film of five gigabytes, by the range that is asked for: this head, and nothing but zeros behind it."""

    def ranged(asked: str) -> Say:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if found is None:
            length = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {GIANT_BYTES}\r\n\r\n"
            return endless(length + head.decode("latin-1"), bytes(1 << 16))
        first, last = int(found[1]), min(int(found[2]), GIANT_BYTES - 1)
        body = head[first : last + 1].ljust(last + 1 - first, b"\0")
        say = f"bytes {first}-{last}/{GIANT_BYTES}"
        return answered(body, "video/mp4", f"Content-Range: {say}", status="206 Partial Content")

    return ranged


def _robots() -> dict[str, Say]:
    """Rules for robots that never end, grow, or take each other's product."""
    agents = b"".join(b"User-agent: %x\n" % number for number in range(17_000))
    rules = b"".join(b"Allow: /%x\n" % number for number in range(17_000))
    wild = b"".join(b"Allow: /" + b"*a" * 200 + b"%x\n" % number for number in range(1200))
    return {
        ROBOTS[0]: endless(f"{OK}\r\n", b"Allow: /\n" * 6000),
        ROBOTS[1]: packed("gzip", gzip.compress(bytes(64 << 20))),
        ROBOTS[2]: answered(agents + rules, "text/plain"),
        ROBOTS[3]: answered(b"User-agent: *\n" + wild, "text/plain"),
    }


class BombSite(socketserver.ThreadingTCPServer):
    """Answers every path with its bomb; `/next/N` leads to the next page for ever, `/round/N` to the next redirect."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bombs = _floods() | _packings() | _lies() | _pages() | _directories()
        self.robots = _robots()
        self.ranged: dict[str, Callable[[str], Say]] = {}
        self.pages: dict[str, Say] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str, host: str = HOSTS[0]) -> str:
        return f"http://{host}:{self.port}{path}"

    def answer(self, path: str, host: str, asked: str) -> Say:
        """Return what is said to a request for a range, or for all of it."""
        if path in self.ranged:
            return self.ranged[path](asked)
        if path == "/robots.txt":
            return self.robots.get(host, answered(b"User-agent: *\nAllow: /\n", "text/plain"))
        path = path.partition("?")[0]
        known = self.pages.get(path) or self.bombs.get(path.removeprefix("/"))
        if known is not None:
            return known
        where, _, number = path.removeprefix("/").partition("/")
        if where == "next":
            return page(f"<h1>{number}</h1><a class='next' href='/next/{int(number) + 1}'>next</a>")
        if where == "round":
            away = f"HTTP/1.1 302 F\r\nLocation: /round/{int(number) + 1}\r\nContent-Length: 0\r\n\r\n".encode()
            return lambda to: _send(to, away)
        if where == "i":
            return answered(picture(), "image/png")
        return answered_as("HTTP/1.1 404 Not Found\r\n")


class _Handler(socketserver.StreamRequestHandler):
    server: BombSite
    timeout = ENDLESS_S

    def handle(self) -> None:
        with suppress(OSError):
            while line := self.rfile.readline(65536):
                path = line.split(b" ")[1].decode("latin-1")
                host = asked = ""
                while (header := self.rfile.readline(65536)).strip():
                    if header.lower().startswith(b"host:"):
                        host = header.split(b":")[1].strip().decode("latin-1")
                    if header.lower().startswith(b"range:"):
                        asked = header.split(b":")[1].strip().decode("latin-1")
                self.server.asked[path] += 1
                say = self.server.answer(path, host, asked)
                say(self)
                if path.removeprefix("/").partition("?")[0] in self.server.bombs:
                    return  # a frame that is broken leaves nothing to go on with


@contextmanager
def serving() -> Iterator[BombSite]:
    """Serve the bombs until the block ends."""
    site = BombSite()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
