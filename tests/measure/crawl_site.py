"""A market on loopback for measuring crawlers: pages of 23 KB with 40 links, structured data and a picture each.

It answers from memory in a child process on a core of its own, far faster than any crawler asks.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from tests.measure import drawings

SEED = 7
PAGE_BYTES, LINKS = 23_000, 40
PICTURES = 24  # different drawings; every page's picture is one of them with the page's number written into its file
_WORDS = (
    "lantern", "road", "series", "stand", "acrylic", "figure", "limited", "print", "summer", "festival", "keyring",
    "badge", "towel", "poster", "panel", "night", "train", "harbour", "cat", "umbrella", "rain", "studio", "colour",
    "sheet", "card", "sleeve", "box", "set", "new", "unused", "opened", "shipping",
)  # fmt: skip
_STYLE = "".join(f".c{n}{{margin:{n % 9}px;padding:{n % 7}px;color:#{n * 9973 % 4096:03x}}}" for n in range(70))
_SCRIPT = "".join(f"window.q{n}=function(a,b){{return a*{n}+(b||{n * 7})}};" for n in range(45))


def picture_of(number: int) -> str:
    """Return the path of a page's own picture."""
    return f"/photo/{number}.jpg"


def page(number: int, count: int, origin: str) -> bytes:
    """Return one offer of a market of `count` pages as HTML, the same in every run."""
    random = np.random.default_rng((SEED, number))
    links = _links(number, count, random)
    said = {
        "@context": "https://schema.org", "@type": "Product", "name": f"Offer {number}", "sku": f"M-{number}",
        "image": [origin + picture_of(number)], "brand": {"@type": "Brand", "name": "Kiri"},
        "description": _sentence(random, 30),
        "offers": {"@type": "Offer", "price": str(500 + number % 9000), "priceCurrency": "JPY",
                   "availability": "https://schema.org/InStock", "seller": {"@type": "Organization", "name": "Shop A"}},
    }  # fmt: skip
    related = "".join(
        f'<li class="card c{n}"><a href="{link}" class="title c{n + 9}">'
        f'<span class="name">{_sentence(random, 4)}</span></a>'
        f'<span class="price">¥{int(random.integers(300, 9000)):,}</span></li>'
        for n, link in enumerate(links)
    )
    head = (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>Offer {number} | Market</title>'
        f'<meta property="og:title" content="Offer {number}"><meta property="og:site_name" content="Market">'
        f'<meta property="og:image" content="{origin}{picture_of(number)}"><style>{_STYLE}</style>'
        f'<script type="application/ld+json">{json.dumps(said)}</script><script>{_SCRIPT}</script></head>'
        f'<body><main><h1 class="title">Offer {number}</h1><img src="{picture_of(number)}" alt="" width="420">'
        f'<div class="text">'
    )
    tail = f'</div><ul class="related">{related}</ul></main><footer><p>Market</p></footer></body></html>'
    text = ""
    while len(head) + len(text) + len(tail) < PAGE_BYTES:
        text += f'<p class="c{len(text) % 70}">{_sentence(random, 24)}<br><em>{_sentence(random, 6)}</em></p>\n'
    return (head + text + tail).encode()


def _links(number: int, count: int, random: np.random.Generator) -> list[str]:
    """Return where a page leads: to the two pages below it in a tree of all, so that each is found, and anywhere."""
    grown = [each for each in (2 * number + 1, 2 * number + 2) if each < count]
    about = random.integers(0, count, LINKS - len(grown)).tolist()
    return [f"/offer/{each}" for each in (*grown, *about)]


def _sentence(random: np.random.Generator, words: int) -> str:
    return " ".join(_WORDS[each] for each in random.integers(0, len(_WORDS), words).tolist())


def _pictures() -> list[bytes]:
    made = []
    for number in range(PICTURES):
        out = io.BytesIO()
        pixels = drawings.scene(np.random.default_rng((SEED, 1, number)), 240, 320)
        Image.fromarray(pixels).save(out, "JPEG", quality=85)
        made.append(out.getvalue())
    return made


class _Server(asyncio.Protocol):
    """Answers GET from memory and keeps the connection open."""

    site: dict[bytes, bytes]  # path -> the whole response
    pictures: list[bytes]
    count: int

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            path = self.buffer[: self.buffer.find(b"\r\n")].split(b" ")[1]
            self.buffer = self.buffer[end + 4 :]
            self.transport.write(self.site.get(path) or self._picture(path))

    def _picture(self, path: bytes) -> bytes:
        number = path.removeprefix(b"/photo/").removesuffix(b".jpg")
        if not number.isdigit() or int(number) >= self.count:
            return _answer(b"<html>not here</html>", "404 Not Found", "text/html")
        drawn = self.pictures[int(number) % len(self.pictures)]
        comment = b"\xff\xfe" + (len(number) + 2).to_bytes(2, "big") + number  # so that no two files are the same
        return _answer(drawn[:2] + comment + drawn[2:], "200 OK", "image/jpeg")


def _answer(body: bytes, status: str, kind: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nServer: market\r\n\r\n"
    return head.encode() + body


async def _serve(count: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pages = [page(number, count, f"http://127.0.0.1:{port}") for number in range(count)]
    _Server.site = {f"/offer/{n}".encode(): _answer(each, "200 OK", "text/html") for n, each in enumerate(pages)}
    _Server.site[b"/robots.txt"] = _answer(b"User-agent: *\nDisallow: /private/\n", "200 OK", "text/plain")
    _Server.pictures, _Server.count = _pictures(), count
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def served(count: int, core: int) -> Iterator[int]:
    """Serve a market of `count` pages from a child on one core; yields its port."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.measure.crawl_site", str(count), str(core)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.kill()
        child.wait()


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[2])})
    asyncio.run(_serve(int(sys.argv[1])))
