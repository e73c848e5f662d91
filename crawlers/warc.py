"""WARC: what was captured as an archive that any web archive's tools read, with an index to find each record in it.

Written from what was captured and from nothing else, so that writing it again gives the same bytes. What had to be put
together anew (status line, a body that came packed) is said in the archive's first record.
"""

import hashlib
import io
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.captures import Capture
from crawlers.showing import AS_SENT

FORMAT = "WARC/1.1"
NAMESPACE = uuid.UUID("6b5f2a52-0d51-5f0c-9d0a-6d656b696b69")  # record ids follow from captures: the same every time
RENAMED = "X-Archive-Orig-"  # in front of headers that described the body as it travelled, as web archives do
HTTP = "application/http; msgtype="
WRITER = "2"  # goes up when the same captures would be written in other bytes
CHUNK_BYTES = 1 << 20
Bodies = Callable[[str], BinaryIO]  # opens a body by its sha256
EMPTY = hashlib.sha256(b"").hexdigest()
NOT_MODIFIED = 304
UNCHANGED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"  # WARC 1.1, section 6.7.3
SHOWN = "urn:mekiki:shown:"  # in front of the address of a page as a browser showed it
_LINE_END = re.compile(r"[\r\n]+")
SAYS = (
    "Bodies are the bytes that were captured, after chunked and content encodings were undone; headers that described "
    f"a body only in transit are kept with the prefix {RENAMED}. The reason in a status line is the standard one of "
    "its number. Names of headers are written with capitals, headers of one name stand together. "
    "A request's Host line follows from its address. A metadata record names the certificate that a server showed. "
    "A film that was put together from a playlist, and a page as a "
    f"browser showed it ({SHOWN}...), are resource records, with a metadata record that lists what they were made from."
)


class Sink(Protocol):
    """Where an archive goes."""

    def write(self, chunk: bytes, /) -> object:
        """Take the next bytes."""
        ...

    def tell(self) -> int:
        """Return how many bytes came so far."""
        ...

    def flush(self) -> None:
        """Let nothing wait."""
        ...


@dataclass(frozen=True)
class Body:
    """A body by its hash."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Indexed:
    """Where the record of a captured address begins in the archive."""

    url: str
    at: str  # 14 digits, UTC
    mime: str
    status: int | None  # None: no answer of a server, but put together
    digest: str
    offset: int
    length: int


def write(out: Sink, captures: Sequence[Capture], bodies: Bodies) -> list[Indexed]:
    """Write an archive of these captures, of which there is at least one, and return its index."""
    writer = WARCWriter(out, gzip=False, warc_version=FORMAT)
    information = {"software": "mekiki", "writer": WRITER, "format": FORMAT, "note": SAYS}
    lines = "".join(f"{name}: {value}\r\n" for name, value in information.items()).encode()
    first = {"WARC-Date": _date(captures[0].fetched_at), "WARC-Record-ID": _id("warcinfo", captures[0].uuid)}
    _put(writer, "warcinfo", None, lines, first)
    brought = {capture.hash: capture for capture in captures}
    return [
        indexed
        for capture in captures
        for indexed in _exchange(writer, out, capture, bodies, brought.get(capture.confirms or ""))
    ]


def index_lines(index: Iterable[Indexed], file_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each record's key and fields as a CDXJ index holds them, sorted by key."""
    for one in sorted(index, key=lambda one: (surt(one.url), one.at)):
        status = {} if one.status is None else {"status": str(one.status)}
        yield f"{surt(one.url)} {one.at}", {
            "url": one.url, "mime": one.mime, **status, "digest": one.digest, "length": str(one.length),
            "offset": str(one.offset), "filename": file_name,
        }  # fmt: skip


def surt(url: str) -> str:
    """Return the key under which web archives sort an address: its host turned round, then its path."""
    parts = urlsplit(url)
    host = ",".join(reversed((parts.hostname or "").split(".")))
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}){parts.path or '/'}{query}".lower()


def _exchange(
    writer: WARCWriter, out: Sink, capture: Capture, bodies: Bodies, confirmed: Capture | None
) -> Iterator[Indexed]:
    """Write everything about one capture; yield what can be looked up: each answer, and the last one's body.

    `confirmed` is the capture, earlier in the archive, whose body this one says still stands.
    """
    request = capture.request or {}
    for number, answer in enumerate(request.get("before", ())):
        head = _head(answer["status"], answer["headers"], request.get("protocol"))
        headers = _named(capture, f"before-{number}", answer["url"], answer.get("ip_address"), date=answer["at"])
        digest = {"WARC-Payload-Digest": f"sha256:{EMPTY}"}
        offset = out.tell()
        _put(writer, "response", answer["url"], head, headers | digest)
        yield _indexed(answer["url"], headers["WARC-Date"], "unk", answer["status"], digest, offset, out.tell())
    if capture.request is not None:
        asked = str(request["url"])
        named = _named(capture, "request", asked, capture.ip_address, date=request.get("sent_at"))
        answers = {"WARC-Concurrent-To": _id(capture.uuid, "response")}
        _put(writer, "request", asked, _asked(request), named | answers)
    if request.get("certificate"):
        url = str(request["url"])
        of_answer = {"WARC-Refers-To": _id(capture.uuid, "response"), "Content-Type": "application/warc-fields"}
        _put(
            writer, "metadata", url, _certificate(request["certificate"]), _named(capture, "tls", url, None) | of_answer
        )
    sent = as_sent(capture)
    standing = None if confirmed is None else as_sent(confirmed)
    if confirmed is not None and standing is not None:
        yield _revisit(writer, out, capture, confirmed, standing)
    elif sent is not None:
        head = _head(capture.status, _of_body(capture, sent.size), request.get("protocol"))
        named = _named(capture, "response", capture.final_url, capture.ip_address)
        yield _body(writer, out, named, _Block("response", head, sent, bodies), capture)
    if capture.parts is None:
        return
    if sent is None or sent.sha256 not in (capture.body_sha256, EMPTY):
        url = capture.final_url if sent is None else f"{SHOWN}{capture.final_url}"
        made = _named(capture, "made", url, None) | {"Content-Type": capture.mime}
        yield _body(
            writer, out, made, _Block("resource", b"", Body(capture.body_sha256, capture.size_bytes), bodies), None
        )
    pieces = _named(capture, "pieces", capture.final_url, None) | {"Content-Type": "application/warc-fields"}
    _put(writer, "metadata", capture.final_url, _pieces(capture), pieces)


def _revisit(writer: WARCWriter, out: Sink, capture: Capture, confirmed: Capture, standing: Body) -> Indexed:
    """Write that a server said that nothing had changed, with a reference to the answer that brought the body."""
    head = _head(capture.status, capture.headers, (capture.request or {}).get("protocol"))
    named = _named(capture, "response", capture.final_url, capture.ip_address) | {
        "WARC-Profile": UNCHANGED,
        "WARC-Refers-To": _id(confirmed.uuid, "response"),
        "WARC-Refers-To-Target-URI": _plain(confirmed.final_url),
        "WARC-Refers-To-Date": _date(confirmed.fetched_at),
        "WARC-Payload-Digest": f"sha256:{standing.sha256}",
    }
    offset = out.tell()
    _put(writer, "revisit", None, head, named)
    return _indexed(capture.final_url, named["WARC-Date"], "warc/revisit", capture.status, named, offset, out.tell())


def as_sent(capture: Capture) -> Body | None:
    """Return the body a server sent; None when what was captured was put together from many answers.

    A page that a browser showed is captured as it was shown, with what was sent among its parts.
    """
    if capture.status == NOT_MODIFIED:  # it confirms a body that came in another exchange
        return Body(EMPTY, 0)
    sent = next((Body(part[1], int(part[2])) for part in capture.parts or () if part[0].endswith(AS_SENT)), None)
    if sent is None and (capture.parts is None or capture.kind == "page"):
        return Body(capture.body_sha256, capture.size_bytes)
    return sent


def _named(capture: Capture, role: str, url: str, ip_address: str | None, *, date: str | None = None) -> dict[str, str]:
    ip = {"WARC-IP-Address": ip_address} if ip_address else {}
    at = _date(capture.fetched_at) if date is None else f"{date.partition('+')[0]}Z"
    return {"WARC-Date": at, "WARC-Record-ID": _id(capture.uuid, role), "WARC-Target-URI": _plain(url), **ip}


def _indexed(
    url: str, date: str, mime: str, status: int | None, digest: dict[str, str], start: int, end: int
) -> Indexed:
    at = re.sub(r"\D", "", date)[:14]
    return Indexed(url, at, mime, status, digest["WARC-Payload-Digest"], start, end - start)


def _head(status: int, headers: Iterable[Sequence[str]], protocol: str | None) -> bytes:
    reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = [f"{protocol or 'HTTP/1.1'} {status} {reason}".rstrip(), *(f"{name}: {value}" for name, value in headers)]
    return _block(lines)


def _of_body(capture: Capture, size: int) -> list[tuple[str, str]]:
    """Return the headers so that they describe the body as it is kept; what no longer does is renamed."""
    packed = any(name.lower() in ("content-encoding", "transfer-encoding") for name, _ in capture.headers)
    wrong = {"content-encoding", "transfer-encoding"} | ({"content-length"} if packed else set())
    said = [(RENAMED + name if name.lower() in wrong else name, value) for name, value in capture.headers]
    if packed:
        said.append(("Content-Length", str(size)))
    return said


def _asked(request: dict[str, Any]) -> bytes:
    parts = urlsplit(str(request["url"]))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = [f"{request['method']} {target} {request.get('protocol') or 'HTTP/1.1'}", f"Host: {host}"]
    return _block([*lines, *(f"{name}: {value}" for name, value in request["headers"] if name.lower() != "host")])


def _block(lines: Iterable[str]) -> bytes:
    """Return the lines of a message's head, ended by an empty one; a header cannot bring a line of its own."""
    return "".join(_LINE_END.sub(" ", line) + "\r\n" for line in lines).encode("latin-1", "replace") + b"\r\n"


def _pieces(capture: Capture) -> bytes:
    lines = (f"piece: {_plain(str(url))} sha256:{sha256} {size} bytes" for url, sha256, size in capture.parts or ())
    return "".join(f"{line}\r\n" for line in lines).encode()


def _certificate(shown: dict[str, Any]) -> bytes:
    lines = ((name, ", ".join(said) if isinstance(said, list) else str(said)) for name, said in sorted(shown.items()))
    return "".join(f"tls-certificate-{name}: {_LINE_END.sub(' ', said)}\r\n" for name, said in lines).encode()


def _put(writer: WARCWriter, kind: str, url: str | None, block: bytes, headers: dict[str, str]) -> None:
    digest = {"WARC-Block-Digest": f"sha256:{hashlib.sha256(block).hexdigest()}"}
    if kind == "request":
        digest["WARC-Payload-Digest"] = f"sha256:{EMPTY}"
    _record(writer, kind, io.BytesIO(block), len(block), headers | digest | ({"WARC-Target-URI": url} if url else {}))


@dataclass(frozen=True)
class _Block:
    """What a record holds: a head, and a body that is read when it is written."""

    kind: str
    head: bytes
    body: Body
    bodies: Bodies

    def opened(self) -> BinaryIO:
        return io.BytesIO() if self.body.sha256 == EMPTY else self.bodies(self.body.sha256)


def _body(writer: WARCWriter, out: Sink, headers: dict[str, str], block: _Block, capture: Capture | None) -> Indexed:
    """Write a record with a body and return its place in the index; `capture` only where a server answered."""
    digest = hashlib.sha256(block.head)
    with block.opened() as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    payload = {"WARC-Payload-Digest": f"sha256:{block.body.sha256}"}
    named = headers | payload | {"WARC-Block-Digest": f"sha256:{digest.hexdigest()}"}
    url, date, offset = headers["WARC-Target-URI"], headers["WARC-Date"], out.tell()
    mime = capture.mime if capture else headers["Content-Type"]
    with block.opened() as file:
        _record(writer, block.kind, _Joined(block.head, file), len(block.head) + block.body.size, named)
    return _indexed(url, date, mime, capture.status if capture else None, payload, offset, out.tell())


def _record(writer: WARCWriter, kind: str, stream: Any, length: int, headers: dict[str, str]) -> None:
    """Hand warcio a block as it is: given the head apart, it would write it in its own way."""
    kinds = {"warcinfo": "application/warc-fields", "request": HTTP + "request"}
    content_type = headers.pop("Content-Type", None) or kinds.get(kind, HTTP + "response")
    named = StatusAndHeaders("", [("WARC-Type", kind), *headers.items()], protocol=FORMAT)
    head = _AsItIs(stream.read(length)) if kind == "revisit" else None  # of which warcio writes nothing but the head
    writer.write_record(ArcWarcRecord("warc", kind, named, stream, head, content_type, length))


class _AsItIs:
    """The head of a message, as warcio asks for it."""

    def __init__(self, written: bytes) -> None:
        self.headers_buff = written

    def compute_headers_buffer(self, _filter: object) -> None:
        """Leave it as it is."""


class _Joined:
    """A head and a file, read as one."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head, self._file = io.BytesIO(head), file

    def read(self, size: int) -> bytes:
        """Return the next bytes, b"" at the end."""
        return self._head.read(size) or self._file.read(size)


def _date(at: Any) -> str:
    return f"{at.isoformat(timespec='milliseconds').partition('+')[0]}Z"


def _id(*names: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(NAMESPACE, ' '.join(names))}>"


def _plain(url: str) -> str:
    return re.sub(r"[\s<>]", lambda found: f"%{ord(found[0]):02X}", url)
