"""Addresses that lead inside, in every spelling we know, and the services inside that count who comes."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# {p}: the port of a service inside. {w}: the port of the small web outside. Every line ends where a query may follow.
URLS: tuple[str, ...] = (
    # numbers
    "http://127.0.0.1:{p}/", "http://127.1:{p}/", "http://127.0.1:{p}/", "http://2130706433:{p}/",
    "http://0x7f000001:{p}/", "http://0x7f.1:{p}/", "http://0x7F.0x0.0x0.0x1:{p}/", "http://0177.0.0.1:{p}/",
    "http://017700000001:{p}/", "http://0177.0.0x0.1:{p}/", "http://127.000.000.001:{p}/", "http://127.0.0.1.:{p}/",
    "http://0:{p}/", "http://0.0.0.0:{p}/", "http://0x0:{p}/", "http://127.255.255.254:{p}/",
    "http://127.0.0.2:{w}/", "http://2130706434:{w}/", "http://4294967296:{p}/", "http://127.0.0.1%00:{p}/",
    # letters that become numbers
    "http://127。0。0。1:{p}/", "http://127．0．0．1:{p}/", "http://127｡0｡0｡1:{p}/", "http://①②⑦.⓪.⓪.①:{p}/",
    "http://１２７.0.0.1:{p}/", "http://۱۲۷.۰.۰.۱:{p}/", "http://%31%32%37.0.0.1:{p}/", "http://127.0.0.1\u00ad:{p}/",
    # IPv6, and IPv4 inside it
    "http://[::1]:{p}/", "http://[0:0:0:0:0:0:0:1]:{p}/", "http://[0000::0001]:{p}/", "http://[::]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/", "http://[::ffff:7f00:1]:{p}/", "http://[0:0:0:0:0:ffff:127.0.0.1]:{p}/",
    "http://[::127.0.0.1]:{p}/", "http://[64:ff9b::7f00:1]:{p}/", "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b:1::7f00:1]:{p}/", "http://[2002:7f00:1::]:{p}/", "http://[2001:0:5ef5:79fd::80ff:fffe]:{p}/",
    "http://[::1%25lo]:{p}/", "http://[fe80::1%25lo]:{p}/", "http://[fec0::1]:{p}/",
    # names
    "http://localhost:{p}/", "http://LOCALHOST:{p}/", "http://localhost.:{p}/", "http://a.localhost:{p}/",
    "http://localhost.localdomain:{p}/", "http://ip6-localhost:{p}/", "http://ip6-loopback:{p}/",
    "http://{h}:{p}/", "http://ｌｏｃａｌｈｏｓｔ:{p}/", "http://ⓛocalhost:{p}/", "http://lo%63alhost:{p}/",
    "http://inside.test:{p}/", "http://INSIDE.test.:{p}/", "http://mixed.test:{w}/", "http://rebound.test:{w}/",
    # two readings of one line
    "http://web.test@127.0.0.1:{p}/", "http://web.test:{w}@127.0.0.1:{p}/", "http://web.test%40127.0.0.1:{p}/",
    "http://web.test:{w}\\@127.0.0.1:{p}/", "http://127.0.0.1:{p}\\@web.test:{w}/", "http:\\\\127.0.0.1:{p}\\",
    "http:/127.0.0.1:{p}/", "http:127.0.0.1:{p}/", "http:///127.0.0.1:{p}/", "//127.0.0.1:{p}/", "\\\\127.0.0.1:{p}\\",
    " http://127.0.0.1:{p}/", "http://127.0.0.1\t:{p}/", "ht\ntp://127.0.0.1:{p}/", "HTTP://127.0.0.1:{p}/",
    "http://127.0.0.1:{p}/%0d%0aHost:%20web.test/", "http://web.test:{w}:{p}/", "http://web.test\u2044@127.0.0.1:{p}/",
    # other schemes
    "https://127.0.0.1:{p}/", "https://localhost:{p}/", "ws://127.0.0.1:{p}/", "wss://127.0.0.1:{p}/",
    "ftp://127.0.0.1:{p}/", "ftps://127.0.0.1:{p}/", "gopher://127.0.0.1:{p}/_GET%20/", "dict://127.0.0.1:{p}/d:x",
    "ldap://127.0.0.1:{p}/", "tftp://127.0.0.1:{p}/x", "smb://127.0.0.1:{p}/x", "s3://127.0.0.1:{p}/x",
    "file:///etc/passwd", "file://127.0.0.1:{p}/etc/passwd", "view-source:http://127.0.0.1:{p}/",
    "jar:http://127.0.0.1:{p}/x!/", "feed:http://127.0.0.1:{p}/", "blob:http://127.0.0.1:{p}/x",
    "filesystem:http://127.0.0.1:{p}/temporary/x", "data:text/html,<img src=http://127.0.0.1:{p}/>",
    "javascript:fetch('http://127.0.0.1:{p}/')//", "about:blank#http://127.0.0.1:{p}/", "chrome://version/",
)  # fmt: skip
# What the names of the table lead to, look-up after look-up; the last answer stays. 127.0.0.1 stands for the web
# outside (its port is allowed), 127.0.0.2 for a machine inside.
NAMES = {
    "inside.test": [["127.0.0.1"]],
    "inside.test.": [["127.0.0.1"]],
    "mixed.test": [["127.0.0.1", "127.0.0.2"]],
    "rebound.test": [["127.0.0.1"], ["127.0.0.2"]],
}

LONGEST_S = 15.0


@dataclass
class Inside:
    """The services inside: whoever connects is counted, and answered with a secret."""

    port: int = 0
    came: list[str] = field(default_factory=list)  # what each connection asked for, "" when it said nothing
    arrival: threading.Condition = field(default_factory=threading.Condition)

    def heard(self, asked: str) -> None:
        with self.arrival:
            self.came.append(asked)
            self.arrival.notify_all()

    def wait_for(self, column: str) -> None:
        """Return when somebody has come by a road; after a while also when nobody has."""
        with self.arrival:
            self.arrival.wait_for(lambda: column in self.columns(), timeout=LONGEST_S)

    def columns(self) -> set[str]:
        """Return by which roads somebody came: what follows the question mark."""
        return {asked.rpartition("?")[2].rstrip("=") for asked in self.came if "?" in asked}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        self.server.inside.heard(self.path)
        body = b"SECRET"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, inside: Inside, address: tuple[str, int]) -> None:
        self.inside = inside
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        accepted = super().get_request()
        self.inside.heard("")  # a connection is too much already, whatever it then says
        return accepted


@contextmanager
def inside(outside_port: int) -> Iterator[Inside]:
    """Serve 127.0.0.1 and ::1 on one port, and 127.0.0.2 on the port that the small web has on 127.0.0.1."""
    made = Inside()
    first = _Server(made, ("127.0.0.1", 0))
    made.port = first.server_port
    servers = [first, _Server(made, ("127.0.0.2", outside_port))]
    with suppress(OSError):  # a machine without IPv6
        servers.append(_Server(made, ("::1", made.port)))
    threads = [threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True) for one in servers]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for one in servers:
            one.shutdown()
            one.server_close()


def table(inside_port: int, outside_port: int) -> list[str]:
    """Return the hostile addresses with their ports filled in."""
    return [
        url.replace("{p}", str(inside_port)).replace("{w}", str(outside_port)).replace("{h}", socket.gethostname())
        for url in URLS
    ]
