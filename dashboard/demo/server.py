"""The small web: virtual hosts on one loopback port, over real HTTP, with ranges, robots.txt and pages that can go."""

import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ADDRESS = "127.0.0.1"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".webp": "image/webp"}


@dataclass
class SmallWeb:
    """What is on the web now; keys are host and path. Changed while it is served, as the real one is."""

    pages: dict[str, str] = field(default_factory=dict)  # HTML
    files: dict[str, Path] = field(default_factory=dict)
    shows: dict[str, list[str]] = field(default_factory=dict)  # page -> its files
    robots: dict[str, str] = field(default_factory=dict)  # host -> robots.txt
    gone: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)  # key -> path on the same host
    asked: list[str] = field(default_factory=list)  # every key that was asked for, in order

    def take_down(self, key: str) -> None:
        """Let a page and what it shows answer 410 from now on."""
        self.gone.update((key, *self.shows.get(key, ())))

    def move(self, key: str, path: str) -> None:
        """Put a page up at another path of its host; the old address leads there."""
        host = key.partition("/")[0]
        self.pages[host + path] = self.pages.pop(key)
        self.moved[key] = path


@contextmanager
def served(web: SmallWeb, port: int = 0) -> Iterator[int]:
    """Serve the web on a loopback port until the block ends; yields the port (0 takes a free one)."""
    server = ThreadingHTTPServer((ADDRESS, port), _handler(web))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes = b""
    mime: str = "text/html; charset=utf-8"
    extra: tuple[tuple[str, str], ...] = ()


def answer(web: SmallWeb, host: str, path: str, wanted: str | None) -> _Answer:
    """Return what the web answers to one request; `wanted` is the Range header, None without one."""
    key = host + path
    if path == "/robots.txt":
        return _Answer(200, web.robots.get(host, "User-agent: *\nAllow: /\n").encode(), "text/plain; charset=utf-8")
    if key in web.gone:
        return _Answer(410, b"<!doctype html><title>Removed</title><p>This page was removed.")
    if key in web.moved:
        return _Answer(301, extra=(("Location", web.moved[key]),))
    if key in web.pages:
        return _Answer(200, web.pages[key].encode())
    if key in web.files:
        return _part(web.files[key], wanted)
    return _Answer(404, b"<!doctype html><title>Not found</title><p>There is no such page.")


def _part(file: Path, wanted: str | None) -> _Answer:
    body = file.read_bytes()
    mime = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    whole = (("Accept-Ranges", "bytes"),)
    asked = _RANGE.match(wanted) if wanted else None
    if asked is None or asked.groups() == ("", ""):
        return _Answer(200, body, mime, whole)
    first = int(asked[1]) if asked[1] else max(len(body) - int(asked[2]), 0)
    last = min(int(asked[2]), len(body) - 1) if asked[1] and asked[2] else len(body) - 1
    if first > last:
        return _Answer(416, b"", mime, (("Content-Range", f"bytes */{len(body)}"),))
    return _Answer(206, body[first : last + 1], mime, (*whole, ("Content-Range", f"bytes {first}-{last}/{len(body)}")))


def _handler(web: SmallWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "smallweb"
        timeout = 20

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Stay silent: `asked` keeps what was asked for."""

        def _reply(self, *, with_body: bool) -> None:
            host = (self.headers.get("Host") or "").partition(":")[0].lower()
            path = unquote(urlsplit(self.path).path)
            web.asked.append(host + path)
            found = answer(web, host, path, self.headers.get("Range"))
            self.send_response(found.status)
            self.send_header("Content-Type", found.mime)
            self.send_header("Content-Length", str(len(found.body)))
            for name, value in found.extra:
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(found.body)

    return Handler
