"""Certificates: which one a server showed when it answered, in a few words that a capture keeps. Trusts nothing in it.

Whether it is to be believed is decided before, where the connection is made; a server that nobody vouches for is not
asked anything.
"""

import hashlib
from functools import lru_cache
from typing import Any

from cryptography import x509

MAX_CHARACTERS = 300  # of a name; its holder chose it
MOST_NAMES = 20


def shown(certificate: Any) -> dict[str, Any] | None:
    """Return what a capture keeps of the certificate that came with a response of Scrapy; None where none came.

    `sha256` is that of the whole certificate, by which public logs of certificates find it.
    """
    if certificate is None or certificate.original is None:  # Twisted says so of a connection without one
        return None
    return dict(_told(certificate.dump()))


@lru_cache(maxsize=1024)
def _told(der: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {"sha256": hashlib.sha256(der).hexdigest()}
    try:
        read = x509.load_der_x509_certificate(der)
        return said | {
            "subject": _plain(read.subject.rfc4514_string()),
            "issuer": _plain(read.issuer.rfc4514_string()),
            "valid_from": read.not_valid_before_utc.isoformat(),
            "valid_until": read.not_valid_after_utc.isoformat(),
            "names": _names(read),
        }
    except ValueError as odd:  # what one library verified, another may be too strict to read
        return said | {"trouble": _plain(str(odd))}


def _names(read: x509.Certificate) -> list[str]:
    """Return the hosts it was made out for."""
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [_plain(str(each)) for each in names.get_values_for_type(x509.DNSName)[:MOST_NAMES]]


def _plain(words: str) -> str:
    return "".join(each for each in words[:MAX_CHARACTERS] if each.isprintable())
