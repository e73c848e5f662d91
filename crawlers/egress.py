"""The egress: a forward proxy on loopback, the only way out for programs that open their own connections.

Scrapy is guarded where names become addresses. A browser or a downloader would look names up by itself, so it is given
this proxy instead: every request and every tunnel is resolved here, all its addresses are checked by the same guard,
and the connection goes to the very address that was checked. Everything else is refused with 403 and a sentence.
"""

import asyncio
import base64
import contextlib
import hmac
import secrets
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from config import log
from config.errors import MekikiError
from crawlers import heads
from crawlers.guard import Guard, literal
from crawlers.heads import Asked, NotForwarded

USER = "mekiki"
CHUNK_BYTES = 64 << 10
MAX_REMEMBERED = 10_000  # hosts whose address or refusal is kept
START_S = 10.0
_log = log.get(__name__)
T = TypeVar("T")

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


class NoEgress(MekikiError):
    """The proxy that guards the browser and the downloader did not start."""


@dataclass(frozen=True)
class Caps:
    """What the egress lets through before it cuts."""

    connection_bytes: int  # of one response, or of one tunnel with all its responses
    total_bytes: int  # of everything, in both directions
    connection_s: float = 300.0  # of one connection, whole
    idle_s: float = 20.0  # without a byte
    connect_s: float = 10.0
    connections: int = 128  # at once; a browser opens six a host


async def system_look_up(host: str, port: int) -> Sequence[str]:
    """Return every address this machine finds for a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass
class Egress:
    """One proxy, as long as `serving` lasts. What it says may be read from any thread."""

    guard: Guard
    caps: Caps
    look_up: LookUp = system_look_up
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = 0
    passed_bytes: int = 0
    passed: int = 0  # connections
    _addresses: dict[tuple[str, int], str] = field(default_factory=dict)
    _refusals: dict[tuple[str, int], str] = field(default_factory=dict)
    _open: int = 0

    @property
    def server(self) -> str:
        """The proxy's address without its password, as a browser is told."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The proxy's address with its password, as a downloader is told."""
        return f"http://{USER}:{self.token}@127.0.0.1:{self.port}"

    def address(self, host: str, port: int) -> str | None:
        """Return the address a host was last reached at, for the evidence; None when it was not."""
        return self._addresses.get((host.lower(), port))

    def refusal(self, host: str, port: int) -> str | None:
        """Return why a host was last refused or cut short, None when it was not."""
        return self._refusals.get((host.lower(), port))

    def refusals(self) -> list[str]:
        """Return every refusal, the newest last, once a host."""
        return list(self._refusals.values())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection of the browser or downloader; nothing it sends can end the proxy."""
        self._open += 1
        try:
            async with asyncio.timeout(self.caps.connection_s):
                await self._carry(reader, writer)
        except NotForwarded as no:
            with contextlib.suppress(OSError, TimeoutError):
                writer.write(heads.refusal(no))
                await asyncio.wait_for(writer.drain(), self.caps.idle_s)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as broken:
            _log.debug("a connection broke", error=str(broken))
        finally:
            self._open -= 1
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = heads.read(await self._within(reader.readuntil(b"\r\n\r\n")))
        if not hmac.compare_digest(asked.credentials.encode(), self._expected()):
            raise NotForwarded(407, "This proxy serves one sweep of mekiki and nobody else.")
        try:
            if self._open > self.caps.connections:
                raise NotForwarded(503, f"More than {self.caps.connections} connections at once.")
            addresses = await self._allowed(asked)
            body = await self._within(reader.readexactly(asked.body_bytes)) if asked.body_bytes else b""
            up_reader, up_writer = await self._connected(asked, addresses)
        except NotForwarded as no:
            _remember(self._refusals, asked.place, str(no))
            raise
        allowance = _Allowance(self, asked)
        try:
            if asked.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                both = (self._pump(up_reader, writer, allowance), self._pump(reader, up_writer, allowance))
            else:
                up_writer.write(asked.forwarded + body)
                both = (self._answer(asked, up_reader, writer, allowance), _gone(reader))
            await _first(*both)
        finally:
            up_writer.close()

    def _expected(self) -> bytes:
        return b"Basic " + base64.b64encode(f"{USER}:{self.token}".encode())

    async def _allowed(self, asked: Asked) -> Sequence[str]:
        """Return the addresses of what is asked for, every one of them checked. Raises NotForwarded."""
        if self.passed_bytes >= self.caps.total_bytes:
            raise NotForwarded(403, f"The {self.caps.total_bytes} bytes that this sweep may take are used up.")
        wrong = self.guard.check_url(asked.url)
        if wrong:
            raise NotForwarded(403, wrong)
        fixed = self.guard.pinned.get(asked.host.lower()) or literal(asked.host)
        try:
            found = [fixed] if fixed else await asyncio.wait_for(
                self.look_up(asked.host, asked.port), self.caps.connect_s
            )  # fmt: skip
        except (OSError, UnicodeError, TimeoutError) as unknown:
            raise NotForwarded(502, f"{asked.host} has no address") from unknown
        wrong = self.guard.check_all(asked.host, asked.port, found)
        if wrong:
            raise NotForwarded(403, wrong)
        return found

    async def _connected(
        self, asked: Asked, addresses: Sequence[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to one of the checked addresses; the name is not looked up again. Raises NotForwarded."""
        for address in addresses:
            try:
                made = await asyncio.wait_for(
                    asyncio.open_connection(address, asked.port, limit=heads.MAX_HEAD_BYTES), self.caps.connect_s
                )
            except (OSError, TimeoutError):
                continue
            self.passed += 1
            self._refusals.pop(asked.place, None)
            _remember(self._addresses, asked.place, address)
            return made
        raise NotForwarded(502, f"{asked.host} does not answer")

    async def _answer(
        self, asked: Asked, source: asyncio.StreamReader, sink: asyncio.StreamWriter, allowance: "_Allowance"
    ) -> None:
        """Hand on one response, and close: the next request is checked anew."""
        head, length = await self._head(asked, source)
        allowance.take(len(head))
        sink.write(head)
        await self._pump(source, sink, allowance, length)

    async def _head(self, asked: Asked, source: asyncio.StreamReader) -> tuple[bytes, int | None]:
        for _ in range(heads.MAX_INTERIM):
            try:
                said = await self._within(source.readuntil(b"\r\n\r\n"))
            except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as odd:
                raise NotForwarded(502, f"{asked.host} sends no proper head") from odd
            answer = heads.answer(said, asked.method)
            if answer is not None:
                return answer
        raise NotForwarded(502, f"{asked.host} never comes to its answer")

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, allowance: "_Allowance",
        length: int | None = None,
    ) -> None:  # fmt: skip
        left = length
        while left is None or left > 0:
            chunk = await self._within(source.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left)))
            if not chunk or not allowance.take(len(chunk)):
                return
            sink.write(chunk)
            await sink.drain()
            left = None if left is None else left - len(chunk)

    async def _within(self, reading: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wait_for(reading, self.caps.idle_s)

    def cut(self, asked: Asked, sentence: str) -> None:
        """Write down that a connection was ended before its time."""
        _remember(self._refusals, asked.place, sentence)
        _log.info("a connection was cut", host=asked.host, says=sentence)


@dataclass
class _Allowance:
    """How many bytes one connection may still carry."""

    egress: Egress
    asked: Asked
    taken: int = 0

    def take(self, count: int) -> bool:
        """Count bytes; False when they no longer fit, and the connection is to end."""
        self.taken += count
        self.egress.passed_bytes += count
        caps = self.egress.caps
        if self.taken > caps.connection_bytes:
            self.egress.cut(self.asked, f"{self.asked.host} sends more than the limit of {caps.connection_bytes} bytes")
            return False
        if self.egress.passed_bytes > caps.total_bytes:
            self.egress.cut(self.asked, f"The {caps.total_bytes} bytes that this sweep may take are used up.")
            return False
        return True


def _remember(known: dict[tuple[str, int], str], place: tuple[str, int], words: str) -> None:
    known.pop(place, None)
    if len(known) >= MAX_REMEMBERED:
        known.pop(next(iter(known)))
    known[place] = words


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return when the browser has hung up; what it sends before the answer has come is left unread."""
    while await reader.read(CHUNK_BYTES):
        pass


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Return when the first of the works has ended, having ended the others; its error goes up."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if not task.cancelled():
            task.result()


@contextmanager
def serving(guard: Guard, caps: Caps, *, look_up: LookUp = system_look_up) -> Iterator[Egress]:
    """Yield a running egress: 127.0.0.1, a port of its own, a password of its own. Raises NoEgress."""
    made = Egress(guard, caps, look_up)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=heads.MAX_HEAD_BYTES)
        async with server:
            made.port = server.sockets[0].getsockname()[1]
            started.set()
            await stop.wait()

    def live() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner, contextlib.suppress(OSError):
                runner.run(run())
        finally:
            started.set()

    thread = threading.Thread(target=live, name="egress", daemon=True)
    thread.start()
    try:
        if not started.wait(START_S) or not made.port:
            raise NoEgress("The proxy that guards the browser could not start; see whether loopback is up.")
        yield made
    finally:
        with contextlib.suppress(RuntimeError):  # it never started, and its loop is closed
            loop.call_soon_threadsafe(stop.set)
        thread.join(START_S)
