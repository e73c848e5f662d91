"""The heads of HTTP messages as the egress reads and rewrites them: values in, values out, strict about every byte."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

MAX_HEAD_BYTES = 64 << 10
MAX_BODY_BYTES = 1 << 20  # of a request: a page's scripts ask, they do not upload
MAX_INTERIM = 5  # 1xx answers before the answer
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_REQUEST_LINE = re.compile(r"([A-Z]{1,16}) ([!-~]{1,16384}) HTTP/1\.[01]")
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):([1-9]\d{0,4})")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}):[ \t]*([^\x00\r\n]*)")
# What speaks of one connection only, RFC 9110 section 7.6.1; Host is written anew from the address that was checked.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "te",
               "trailer", "upgrade", "host", "expect"}  # fmt: skip
_REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    411: "Length Required",
    413: "Content Too Large",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
Fields = list[tuple[str, str]]


class NotForwarded(Exception):
    """The egress carries this no further; str() is the sentence, `status` what the browser gets."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """One request to the egress."""

    method: str
    host: str  # without brackets
    port: int
    url: str  # what is to be checked
    credentials: str
    forwarded: bytes = b""  # the head as the server gets it; empty for a tunnel
    body_bytes: int = 0

    @property
    def is_tunnel(self) -> bool:
        """Whether bytes pass unread in both directions."""
        return self.method == "CONNECT"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port, as the egress keeps what it knows of them."""
        return self.host.lower(), self.port


def read(head: bytes) -> Asked:
    """Return what a request's head asks for. Raises NotForwarded for whatever two parsers could read in two ways."""
    first, fields = _parsed(head, 400)
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        raise NotForwarded(400, "That is no request to a proxy.")
    method, target = line[1], line[2]
    credentials = next((value for name, value in fields if name.lower() == "proxy-authorization"), "")
    if method == "CONNECT":
        return _tunnel(target, credentials)
    if method not in _METHODS:
        raise NotForwarded(405, f"{method} changes what lies on a server; a crawler only reads.")
    try:
        parts = urlsplit(target)
        port = 80 if parts.port is None else parts.port
    except ValueError as wrong:
        raise NotForwarded(403, f"{target[:200]} is not a web address") from wrong
    if parts.scheme.lower() != "http" or not parts.hostname:
        raise NotForwarded(403, f"{target[:200]} is not a web address")
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    host = parts.netloc.rpartition("@")[2]
    kept = [(name, value) for name, value in _kept(fields) if name.lower() != "content-length"]
    length = _body_bytes(fields)
    if length:
        kept.append(("Content-Length", str(length)))
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in kept)]
    forwarded = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    return Asked(method, parts.hostname, port, target, credentials, forwarded, length)


def _tunnel(target: str, credentials: str) -> Asked:
    found = _AUTHORITY.fullmatch(target)
    if found is None or int(found[2]) > 65535:
        raise NotForwarded(403, f"{target[:200]} is not a host and a port")
    return Asked("CONNECT", found[1].strip("[]"), int(found[2]), f"https://{target}/", credentials)


def _body_bytes(fields: Fields) -> int:
    if any(name.lower() == "transfer-encoding" for name, _ in fields):
        raise NotForwarded(411, "A request with a body must say how long it is.")
    said = {value.strip() for name, value in fields if name.lower() == "content-length"}
    if not said:
        return 0
    if len(said) > 1 or not re.fullmatch(r"[0-9]{1,9}", length := said.pop()):
        raise NotForwarded(400, "The request says in two ways how long it is.")
    if int(length) > MAX_BODY_BYTES:
        raise NotForwarded(413, f"The request is larger than {MAX_BODY_BYTES} bytes.")
    return int(length)


def answer(head: bytes, method: str) -> tuple[bytes, int | None] | None:
    """Return a response's head as the browser gets it, and how long its body is: None until the server hangs up.

    None for an interim answer (1xx). Raises NotForwarded for what is no head.
    """
    first, fields = _parsed(head, 502)
    line = _STATUS_LINE.fullmatch(first)
    if line is None:
        raise NotForwarded(502, "The server sends no proper head.")
    status = int(line[1])
    if status < 200:
        return None
    kept = "\r\n".join([first, *(f"{name}: {value}" for name, value in _kept(fields)), "Connection: close", "", ""])
    return kept.encode("latin-1"), _length(fields, status, method)


def _length(fields: Fields, status: int, method: str) -> int | None:
    if method == "HEAD" or status in (204, 304):
        return 0
    names = {name.lower(): value for name, value in fields}
    length = names.get("content-length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) and "transfer-encoding" not in names else None


def _parsed(head: bytes, status: int) -> tuple[str, Fields]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    fields: Fields = []
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:  # a folded line, a bare line feed, a space before the colon: smugglers live on these
            raise NotForwarded(status, "A header of the message is not well formed.")
        fields.append((found[1], found[2].rstrip(" \t")))
    return first, fields


def _kept(fields: Fields) -> Fields:
    """Return the fields that speak of the message and not of the connection."""
    named = {
        word.strip().lower() for name, value in fields if name.lower() == "connection" for word in value.split(",")
    }
    gone = _HOP_BY_HOP | (named - {"content-length", "transfer-encoding"})
    return [(name, value) for name, value in fields if name.lower() not in gone]


def refusal(no: NotForwarded) -> bytes:
    """Return the answer that says no, with the sentence as its body."""
    body = f"{no}\n".encode()
    lines = [
        f"HTTP/1.1 {no.status} {_REASONS[no.status]}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if no.status == 407:
        lines.append('Proxy-Authenticate: Basic realm="mekiki"')
    return "\r\n".join([*lines, "", ""]).encode() + body
