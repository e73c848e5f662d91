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

from warcio.recordloader import ArcWarcRecord  # type: ignore[import-untyped]
from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from crawlers.captures import Capture

FORMAT = "WARC/1.1"
NAMESPACE = uuid.UUID("6b5f2a52-0d51-5f0c-9d0a-6d656b696b69")  # record ids follow from captures: the same every time
RENAMED = "X-Archive-Orig-"  # in front of headers that described the body as it travelled, as web archives do
HTTP = "application/http; msgtype="
WRITER = "1"  # goes up when the same captures would be written in other bytes
CHUNK_BYTES = 1 << 20
Bodies = Callable[[str], BinaryIO]  # opens a body by its sha256
_LINE_END = re.compile(r"[\r\n]+")
SAYS = (
    "Bodies are the bytes that were captured, after chunked and content encodings were undone; headers that described "
    f"a body only in transit are kept with the prefix {RENAMED}. The reason in a status line is the standard one of "
    "its number. Names of headers are written with capitals, headers of one name stand together. "
    "A request's Host line follows from its address. A film that was put together from a playlist is a resource "
    "record, with a metadata record that lists its pieces."
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
    return [indexed for capture in captures for indexed in _exchange(writer, out, capture, bodies)]


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


def _exchange(writer: WARCWriter, out: Sink, capture: Capture, bodies: Bodies) -> Iterator[Indexed]:
    """Write everything about one capture; yield what can be looked up: each answer, and the last one's body."""
    request = capture.request or {}
    for number, answer in enumerate(request.get("before", ())):
        head = _head(answer["status"], answer["headers"], request.get("protocol"))
        headers = _named(capture, f"before-{number}", answer["url"], answer.get("ip_address"), date=answer["at"])
        digest = {"WARC-Payload-Digest": f"sha256:{hashlib.sha256(b'').hexdigest()}"}
        offset = out.tell()
        _put(writer, "response", answer["url"], head, headers | digest)
        yield _indexed(answer["url"], headers["WARC-Date"], "unk", answer["status"], digest, offset, out.tell())
    if capture.request is not None:
        asked = str(request["url"])
        named = _named(capture, "request", asked, capture.ip_address, date=request.get("sent_at"))
        answers = {"WARC-Concurrent-To": _id(capture.uuid, "response")}
        _put(writer, "request", asked, _asked(request), named | answers)
    offset = out.tell()
    named = _named(capture, "response", capture.final_url, capture.ip_address)
    digest = {"WARC-Payload-Digest": f"sha256:{capture.body_sha256}"}
    if capture.parts is None:
        head = _head(capture.status, _of_body(capture), request.get("protocol"))
        _put_body(writer, "response", head, capture, bodies, named | digest)
    else:
        _put_body(writer, "resource", b"", capture, bodies, named | digest | {"Content-Type": capture.mime})
    status = capture.status if capture.parts is None else None
    yield _indexed(capture.final_url, named["WARC-Date"], capture.mime, status, digest, offset, out.tell())
    if capture.parts is not None:
        named = _named(capture, "pieces", capture.final_url, None)
        refers = {"WARC-Refers-To": _id(capture.uuid, "response"), "Content-Type": "application/warc-fields"}
        _put(writer, "metadata", capture.final_url, _pieces(capture), named | refers)


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


def _of_body(capture: Capture) -> list[tuple[str, str]]:
    """Return the headers so that they describe the body as it is kept; what no longer does is renamed."""
    packed = any(name.lower() in ("content-encoding", "transfer-encoding") for name, _ in capture.headers)
    wrong = {"content-encoding", "transfer-encoding"} | ({"content-length"} if packed else set())
    said = [(RENAMED + name if name.lower() in wrong else name, value) for name, value in capture.headers]
    if packed:
        said.append(("Content-Length", str(capture.size_bytes)))
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


def _put(writer: WARCWriter, kind: str, url: str | None, block: bytes, headers: dict[str, str]) -> None:
    digest = {"WARC-Block-Digest": f"sha256:{hashlib.sha256(block).hexdigest()}"}
    if kind == "request":
        digest["WARC-Payload-Digest"] = f"sha256:{hashlib.sha256(b'').hexdigest()}"
    _record(writer, kind, io.BytesIO(block), len(block), headers | digest | ({"WARC-Target-URI": url} if url else {}))


def _put_body(
    writer: WARCWriter, kind: str, head: bytes, capture: Capture, bodies: Bodies, headers: dict[str, str]
) -> None:
    digest = hashlib.sha256(head)
    with bodies(capture.body_sha256) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    with bodies(capture.body_sha256) as file:
        named = headers | {"WARC-Block-Digest": f"sha256:{digest.hexdigest()}"}
        _record(writer, kind, _Joined(head, file), len(head) + capture.size_bytes, named)


def _record(writer: WARCWriter, kind: str, stream: Any, length: int, headers: dict[str, str]) -> None:
    """Hand warcio a block as it is: given the head apart, it would write it in its own way."""
    kinds = {"warcinfo": "application/warc-fields", "response": HTTP + "response", "request": HTTP + "request"}
    content_type = headers.pop("Content-Type", None) or kinds[kind]
    named = StatusAndHeaders("", [("WARC-Type", kind), *headers.items()], protocol=FORMAT)
    writer.write_record(ArcWarcRecord("warc", kind, named, stream, None, content_type, length))


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
