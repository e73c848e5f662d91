"""A small web on loopback: a board, a reader, a market, a film site, and everything a hostile server does."""

import gzip
import hashlib
import io
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

POSTS = 12
CHAPTER_PAGES = 4
LISTS, PER_LIST = 16, 62  # of the board of 2,000 addresses
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"film" * 200


def segment(number: str) -> bytes:
    """Return two MPEG-TS packets that differ from every other segment's."""
    return (b"\x47" + number.encode() * 187) * 2


PHOTO = "/photo/{}.png"
_BOMB = gzip.compress(b"\x00" * 8_000_000)
FAR_LINK = "http://10.0.0.7/secret"


@dataclass
class Answer:
    """What the small web says to one request."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0  # send byte by byte, waiting so long after each
    endless: bool = False
    ranges: bool = False  # the server keeps to byte ranges
    wait: Callable[[], object] | None = None  # what the server does before it answers

    def marked(self, asked: str | None) -> "Answer":
        """Return the answer with an ETag, or 304 to one who names it."""
        tag = f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'
        if self.status != 200 or self.endless or self.drip_s:
            return self
        if asked == tag:
            return replace(self, body=b"", status=304, headers=self.headers | {"ETag": tag})
        return replace(self, headers=self.headers | {"ETag": tag})

    def cut(self, asked: str | None) -> "Answer":
        """Return the part a Range header asks for."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked or "")
        if not self.ranges or found is None:
            return self
        first, last = int(found[1]), min(int(found[2]), len(self.body) - 1)
        said = {"Content-Range": f"bytes {first}-{last}/{len(self.body)}"}
        return replace(self, body=self.body[first : last + 1], status=206, headers=said)


def picture(number: int) -> bytes:
    """Return a small PNG that differs from every other number's."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (number * 7 % 256, number * 13 % 256, number * 29 % 256)).save(out, "PNG")
    return out.getvalue()


def html(body: str, head: str = "") -> Answer:
    return Answer(f'<!doctype html><html lang="ja"><head>{head}</head><body>{body}</body></html>'.encode())


class SmallWeb(ThreadingHTTPServer):
    """One loopback server for every host name; remembers what it was asked, when and by whom."""

    daemon_threads = True

    def __init__(self, delay_s: float = 0.0, port: int = 0) -> None:
        self.delay_s = delay_s
        self.asked: list[tuple[float, str]] = []
        self.sent = 0  # bytes of bodies
        self.connections = 0
        self.agents: set[str] = set()
        self.referers: dict[str, str | None] = {}
        self.gone: set[str] = set()
        self.has_etags = False
        self.not_modified = 0  # answers without a body
        self.changed: dict[str, Answer] = {}
        self.changed_on: dict[tuple[str, str], Answer] = {}  # by host name and path
        self.robots = "User-agent: *\nDisallow: /private/\n"
        self.busy_once = {"/busy"}
        self.arrival = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a fault of our own; whoever was killed in the middle of a visit is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        return self.server_port

    def url(self, path: str, host: str = "web.test") -> str:
        return f"http://{host}:{self.port}{path}"

    def wait_for(self, requests: int) -> None:
        """Return when so many requests have arrived in all."""
        with self.arrival:
            assert self.arrival.wait_for(lambda: len(self.asked) >= requests, timeout=60)

    def count(self, path: str) -> int:
        return Counter(asked for _at, asked in self.asked)[path]

    def answer(self, path: str) -> Answer:
        if path in self.gone:
            return Answer(b"gone", 404, "text/plain")
        if path in self.changed:
            return self.changed[path]
        plain = path.partition("?")[0]
        for pattern, make in _ROUTES:
            found = re.fullmatch(pattern, plain)
            if found:
                return make(self, *found.groups())
        return Answer(b"<html>not here</html>", 404)


def _board(_web: SmallWeb) -> Answer:
    return html("".join(f'<a class="thread" href="/board/{n}?utm_source=top#c">{n}</a>' for n in range(POSTS)))


def _post(_web: SmallWeb, number: str) -> Answer:
    return html(
        f'<h1>Post {number}</h1><a href="{PHOTO.format(number)}"><img src="/thumb/{number}.png"></a>'
        f'<a href="/photo/900.png"><img src="/thumb/900.png"></a><p>原作: Studio Kiri</p><img src="/logo.png">'
    )


def _many(_web: SmallWeb, number: str) -> Answer:
    first = int(number) * PER_LIST
    threads = "".join(f'<a class="thread" href="/many/post/{n}">{n}</a>' for n in range(first, first + PER_LIST))
    after = f'<a class="next" href="/many/{int(number) + 1}">next</a>' if int(number) + 1 < LISTS else ""
    return html(threads + after)


def _one_of_many(_web: SmallWeb, number: str) -> Answer:
    return html(f'<h1>Post {number}</h1><img src="{PHOTO.format(10_000 + int(number))}">')


def _chapter(_web: SmallWeb, number: str) -> Answer:
    pages = "".join(
        f'<div><img class="page" src="data:image/gif;base64,R0" data-src="/photo/{int(number) * 100 + n}.png"></div>'
        for n in range(CHAPTER_PAGES)
    )
    after = f'<a class="next" href="/reader/{int(number) + 1}">next</a>' if int(number) < 2 else ""
    return html(f"<h1>Chapter {number}</h1><main>{pages}</main>{after}<img src='/logo.png'>")


def _market(_web: SmallWeb) -> Answer:
    return html("".join(f'<li><a class="item" href="/item/{n}">{n}</a></li>' for n in range(3)))


def _item(web: SmallWeb, number: str) -> Answer:
    product = {
        "@context": "https://schema.org", "@graph": [{
            "@type": ["Product"], "name": f"Acrylic stand {number}", "sku": f"SKU-{number}", "brand": {"name": "Kiri"},
            "image": [web.url(PHOTO.format(500 + int(number)))],
            "offers": [{"@type": "Offer", "price": "1980", "priceCurrency": "JPY", "seller": {"name": "Shop A"}}],
        }],
    }  # fmt: skip
    return html("<h1>other</h1>", f'<script type="application/ld+json">{json.dumps(product)}</script>')


def _films(_web: SmallWeb) -> Answer:
    return html('<a class="film" href="/watch/1">1</a><a class="film" href="/watch/2">2</a>')


def _watch(_web: SmallWeb, number: str) -> Answer:
    player = '<video src="/films/1.mp4"></video>' if number == "1" else '<script>play("/hls/master.m3u8")</script>'
    return html(f"<h1>Film {number}</h1>{player}")


def _playlist(_web: SmallWeb, name: str) -> Answer:
    texts = {
        "master": "#EXT-X-STREAM-INF:BANDWIDTH=900000\nhigh.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nlow.m3u8\n",
        "low": "#EXT-X-TARGETDURATION:4\n#EXTINF:4,\ns0.ts\n#EXTINF:4,\ns1.ts\n#EXTINF:4,\ns2.ts\n#EXT-X-ENDLIST\n",
        "secret": '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:4,\ns0.ts\n',
        "far": f"#EXTINF:4,\n{FAR_LINK}\n",
    }
    return Answer(f"#EXTM3U\n{texts[name]}".encode(), kind="text/plain")


def _busy(web: SmallWeb) -> Answer:
    if "/busy" in web.busy_once:
        web.busy_once.clear()
        return Answer(b"later", 503, headers={"Retry-After": "1"})
    return html("<h1>Now</h1><img src='/photo/1.png'>")


Route = Callable[..., Answer]
_ROUTES: tuple[tuple[str, Route], ...] = (
    (r"/robots\.txt", lambda web: Answer(web.robots.encode(), kind="text/plain")),
    (r"/", _board),
    (r"/board/(\d+)", _post),
    (r"/many/(\d+)", _many),
    (r"/many/post/(\d+)", _one_of_many),
    (r"/reader/(\d+)", _chapter),
    (r"/market", _market),
    (r"/item/(\d+)", _item),
    (r"/films", _films),
    (r"/watch/(\d+)", _watch),
    (r"/films/(\d+)\.mp4", lambda _web, _n: Answer(MP4, kind="video/mp4")),
    (r"/hls/(\w+)\.m3u8", _playlist),
    (r"/hls/s(\d)\.ts", lambda _web, n: Answer(segment(n), kind="text/plain")),
    (r"/photo/(\d+)\.png", lambda _web, n: Answer(picture(int(n)), kind="image/png")),
    (r"/big/(\d+)\.png", lambda _web, n: Answer(picture(1) + n.encode() * 3_500_000, kind="image/png")),
    (r"/page-of/(.+)", lambda _web, path: html(f"<h1>One</h1><img src='/{path}'>")),
    (r"/shots", lambda _web: html("".join(f"<img src='/big/{n}.png'>" for n in range(4)))),
    (r"/lair", lambda web: html(f"<h1>Lair</h1><img src='/away'><img src='{FAR_LINK}'><img src='/endless'>"
                                 "<img src='/slow'><img src='/lie.png'><img src='/bomb'>"
                                 f"<img src='{web.url('/photo/5.png', 'trap.test')}'>")),
    (r"/away", lambda _web: Answer(status=302, headers={"Location": "http://169.254.169.254/latest"})),
    (r"/out", lambda _web: Answer(status=302, headers={"Location": "http://elsewhere.example/"})),
    (r"/moved", lambda _web: Answer(status=301, headers={"Location": "/board/3"})),
    (r"/endless", lambda _web: Answer(endless=True, kind="image/png")),
    (r"/slow", lambda _web: Answer(b"x" * 1000, drip_s=0.2, kind="image/png")),
    (r"/lie\.png", lambda _web: Answer(b"<html>please log in</html>", kind="image/png")),
    (r"/bomb", lambda _web: Answer(_BOMB, kind="image/png", headers={"Content-Encoding": "gzip"})),
    (r"/busy", _busy),
    (r"/private/.*", lambda _web: html("secret")),
    (r"/challenge", lambda _web: html("Checking your browser before accessing")),
)  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallWeb

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        with self.server.arrival:
            self.server.asked.append((time.monotonic(), self.path))
            self.server.arrival.notify_all()
        self.server.agents.add(self.headers.get("User-Agent", ""))
        self.server.referers[self.path] = self.headers.get("Referer")
        if self.server.delay_s:
            time.sleep(self.server.delay_s)
        host = self.headers.get("Host", "").partition(":")[0]
        answer = self.server.changed_on.get((host, self.path)) or self.server.answer(self.path)
        answer = answer.cut(self.headers.get("Range"))
        if self.server.has_etags:
            answer = answer.marked(self.headers.get("If-None-Match"))
            self.server.not_modified += answer.status == 304
        self.server.sent += 0 if answer.endless else len(answer.body)
        try:
            self._say(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _say(self, answer: Answer) -> None:
        if answer.wait is not None:
            answer.wait()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.endless:
            self.send_header("Connection", "close")
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(b"\x00" * 65536)
            return
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not answer.drip_s:
            self.wfile.write(answer.body)
            return
        for start in range(len(answer.body)):
            self.wfile.write(answer.body[start : start + 1])
            time.sleep(answer.drip_s)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(delay_s: float = 0.0, port: int = 0) -> Iterator[SmallWeb]:
    """Serve the small web, on a free port unless told, until the block ends."""
    web = SmallWeb(delay_s, port)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.shutdown()
        web.server_close()


def write_source(folder: Path, web: SmallWeb, name: str, kind: str, seeds: list[str], extra: str = "") -> Path:
    """Write a source of the small web into a home's folder and return its file."""
    listed = ", ".join(f'"{web.url(seed)}"' for seed in seeds)
    file = folder / f"{name}.toml"
    file.write_text(
        f'[source]\nid = "{name}"\nname = "{name}"\nkind = "{kind}"\nterritory = "JP"\nlanguages = ["ja"]\n'
        f"[scope]\nseeds = [{listed}]\n{extra}\n",
        "utf-8",
    )
    return file
