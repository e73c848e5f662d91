"""One small question to one server, guarded like every fetch: the address that is checked is the one connected to.

For time-stamping authorities, which are asked from stages that run in no reactor. Follows no redirect, keeps no cookie,
and cuts off what is slow or large.
"""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from config.errors import MekikiError
from crawlers.guard import Guard

LIMIT_S = 15.0  # of the whole exchange
MAX_ANSWER_BYTES = 1 << 20


class NoAnswer(MekikiError):
    """A server did not answer, or not as it should; asked again it may."""

    permanent = False


def ask(guard: Guard, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Post `body` and return the answer's body. Raises NoAnswer, in one sentence, for everything else."""
    wrong = guard.check_url(url)
    if wrong:
        raise NoAnswer(f"{url} may not be asked: {wrong}.")
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with contextlib.closing(_Line(socket.create_connection((_address(guard, host, port), port), LIMIT_S))) as line:
            if parts.scheme == "https":
                line.encrypt(host)
            return _exchanged(line.socket, url, body, headers)
    except (OSError, http.client.HTTPException) as broken:
        raise NoAnswer(f"{host} did not answer ({_why(broken)}).") from broken


def _why(broken: OSError | http.client.HTTPException) -> str:
    """Return what broke, in words; an error's number says nothing to a person."""
    return getattr(broken, "strerror", None) or str(broken) or type(broken).__name__


class _Line:
    """A connection that is cut when its time is over, however busy it is."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._timer = threading.Timer(LIMIT_S, self._cut)
        self._timer.start()

    def encrypt(self, host: str) -> None:
        context = ssl.create_default_context()
        wrapped = context.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket = wrapped
        wrapped.do_handshake()

    def close(self) -> None:
        self._timer.cancel()
        self.socket.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def _address(guard: Guard, host: str, port: int) -> str:
    """Return the one address to connect to, every address of the name checked."""
    fixed = guard.pinned.get(host.lower())
    found = [fixed] if fixed else [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    why = guard.check_all(host, port, found)
    if why:
        raise NoAnswer(f"{why}.")
    return found[0]


def _exchanged(connection: socket.socket, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    http_connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    http_connection.sock = connection  # connected already, to the address that was checked
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    http_connection.request("POST", target, body, {**headers, "Host": parts.netloc})
    answer = http_connection.getresponse()
    content = answer.read(MAX_ANSWER_BYTES + 1)
    if answer.status != 200:
        raise NoAnswer(f"{parts.hostname} answered {answer.status} {answer.reason}.")
    if len(content) > MAX_ANSWER_BYTES:
        raise NoAnswer(f"{parts.hostname} answered with more than {MAX_ANSWER_BYTES} bytes.")
    return content
