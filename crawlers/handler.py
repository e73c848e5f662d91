"""Scrapy's download handler with an end to every head: Twisted reads headers for ever, whatever the limit of a body."""

from typing import Any

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _LenientHTTP11ClientProtocol
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, DONE
from twisted.web.client import _HTTP11ClientFactory

MAX_HEAD_BYTES = 256 << 10  # of one response, its 1xx answers included; browsers end at the same size


class EndlessHead(ValueError):
    """A response's head is larger than any honest server's."""

    def __init__(self) -> None:
        super().__init__(f"sends a head of more than {MAX_HEAD_BYTES} bytes")


class Bounded:
    """Stands before a handler that is made of Scrapy's HTTP11DownloadHandler and bounds the heads it reads."""

    _pool: Any

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)  # type: ignore[call-arg]  # the handler's
        self._pool._factory = _Factory
        # A connection comes back to the pool only after whoever waited for its answer has asked for the next: kept at
        # the number of requests at a time, every other one would be closed and made anew.
        self._pool.maxPersistentPerHost *= 3


class BoundedHandler(Bounded, HTTP11DownloadHandler):
    """Scrapy's own handler of http and https: guarded by the reactor's resolver, bounded in every part of an answer."""


class _Protocol(_LenientHTTP11ClientProtocol):
    _head_bytes = 0

    def request(self, request: Any) -> Any:
        self._head_bytes = 0
        return super().request(request)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  Twisted's name
        if self._parser is not None and self._parser.state not in (BODY, DONE):
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._giveUp(Failure(EndlessHead()))  # type: ignore[no-untyped-call]
                return
        super().dataReceived(data)  # type: ignore[no-untyped-call]


class _Factory(_HTTP11ClientFactory):
    noisy = False

    def buildProtocol(self, _addr: Any) -> _Protocol:  # noqa: N802  Twisted's name
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
