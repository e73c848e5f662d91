"""Answers that no one can read: which errors they end as, and one sentence for people.

A server that sends them has answered. Such an address fails by itself; neither is the site down, nor is the fault ours.
"""

import gzip
import zlib

import brotli
from backports import zstd
from OpenSSL import SSL
from scrapy.exceptions import DownloadFailedError, IgnoreRequest, ResponseDataLossError
from service_identity import VerificationError
from twisted.internet.error import ConnectionClosed
from twisted.web.client import ResponseFailed

from crawlers.handler import EndlessHead

UNREADABLE: tuple[type[Exception], ...] = (zlib.error, brotli.error, zstd.ZstdError, gzip.BadGzipFile, EOFError)
_DOUBTED = "shows a certificate that is out of date, or for which no authority that this machine trusts vouches"
_IGNORED = (  # words of Scrapy's own refusals -> ours
    ("during decompression", "it unpacks to more than the limit of {limit} bytes"),
    ("max redirections reached", "it redirects without end"),
)


def sentence(error: Exception) -> str | None:
    """Return what a host did wrong in its answer; None when the error does not speak of an answer."""
    if isinstance(error, UNREADABLE):
        return "sends a body that is not packed as its head says"
    if isinstance(error, ResponseDataLossError):
        return "breaks off before its body is whole"
    if not isinstance(error, DownloadFailedError):
        return None
    cause = error.__cause__
    reasons = [failure.value for failure in cause.reasons] if isinstance(cause, ResponseFailed) else []
    endless = next((reason for reason in reasons if isinstance(reason, EndlessHead)), None)
    if endless is not None:
        return str(endless)
    if any(isinstance(reason, VerificationError) for reason in reasons):
        return "shows a certificate that is made out for another host"
    coded = next((reason for reason in reasons if isinstance(reason, SSL.Error)), None)
    if coded is not None:
        is_doubted = "certificate verify failed" in str(coded)
        return _DOUBTED if is_doubted else "breaks off before its encryption is agreed on"
    if reasons and not any(isinstance(reason, ConnectionClosed) for reason in reasons):
        return f"sends a head that cannot be read ({type(reasons[-1]).__name__})"
    return None


def refusal(error: IgnoreRequest, limit: int) -> str:
    """Return why a request was refused, in our words where Scrapy refused it."""
    says = str(error)
    return next((ours.format(limit=limit) for words, ours in _IGNORED if words in says), says)
