"""What was asked and what came back, as a capture keeps it: the request as sent, every answer before the last one, and
the certificate that each server showed.

It is noted nearest to the network, where redirects and retries still are answers of their own and no body has been
unpacked yet.
"""

import hashlib
from typing import Any

from scrapy import Request
from scrapy.http import Response

from config import clock
from crawlers import certificates

WITHHELD = "(withheld)"
SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})  # values that let the reader of evidence log in
MAX_BEFORE = 12  # answers before the last one that are kept; redirects and retries are fewer


def begun(request: Request) -> None:
    """Note the moment at which a request goes out."""
    request.meta["sent_at"] = _now()


def answered(request: Request, response: Response) -> None:
    """Keep what was asked and, where an answer led to this request, that answer too."""
    # Scrapy copies both to the request that follows a redirect or a failed try.
    last, earlier = request.meta.get("answer"), request.meta.get("transcript", {}).get("before", [])
    kept: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "protocol": response.protocol,
        "sent_at": request.meta.get("sent_at"),
        "headers": [[name, WITHHELD if name.lower() in SECRET else value] for name, value in _pairs(request)],
        "before": [*earlier, *([last] if last else [])][-MAX_BEFORE:],
    }
    certificate = certificates.shown(response.certificate)
    showed = {} if certificate is None else {"certificate": certificate}
    kept |= showed
    if response.headers.get("Content-Encoding"):
        kept["encoded"] = {"sha256": hashlib.sha256(response.body).hexdigest(), "size_bytes": len(response.body)}
    request.meta["transcript"] = kept
    request.meta["answer"] = {
        "url": request.url,
        "at": _now(),
        "status": response.status,
        "ip_address": None if response.ip_address is None else str(response.ip_address),
        "headers": [[name, value] for name, value in _pairs(response)],
        **showed,
    }


def _pairs(message: Request | Response) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in message.headers.items()
        for value in values
    ]  # fmt: skip


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds")
