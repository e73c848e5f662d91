"""RFC 3161 tokens: asks for one, reads one, and says whether it stamps a given document. Pure; knows no network.

Which authority is to be trusted is not decided here: a token is checked against the certificates its reader brings, and
without any only against itself.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from config.errors import MekikiError

ASKS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
OPENSSL = "openssl ts -verify"
_SHA256 = "2.16.840.1.101.3.4.2.1"


class Unreadable(MekikiError):
    """The bytes of a token cannot be read here; another program may read them."""


class NotStamped(MekikiError):
    """The token does not stamp this document, or its signature does not hold."""


@dataclass(frozen=True)
class Stamp:
    """What a token says."""

    at: datetime
    authority: str  # the name in the certificate it was signed with
    serial: str
    is_trusted: bool  # signed under a certificate that the reader brought


def request(document: bytes) -> bytes:
    """Return the question to an authority: please stamp the SHA-256 of this document, with your certificate."""
    builder = TimestampRequestBuilder().data(document).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    return builder.cert_request(cert_request=True).build().as_bytes()


def check(token: bytes, document: bytes, roots: Sequence[x509.Certificate] = ()) -> Stamp:
    """Return what the token says of the document. Raises Unreadable, NotStamped.

    With `roots`, its signature must lead to one of them; without, it only has to agree with the certificate it brings.
    """
    try:
        response = _decoded(token)
        if response.status not in (0, 1):
            raise NotStamped(f"the authority refused ({', '.join(response.status_string) or response.status}).")
        said = response.tst_info
        imprint = said.message_imprint
        if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != hashlib.sha256(document).digest():
            raise NotStamped("it stamps another document.")
        own = [x509.load_der_x509_certificate(one) for one in response.signed_data.certificates]
    except (
        ValueError,
        TypeError,
        IndexError,
        StopIteration,
    ) as odd:  # some authorities send what this library does not take: openssl does
        raise Unreadable(f"this program cannot read it ({odd}); check it with {OPENSSL}.") from odd
    signer = _signer(response, own)
    _verify(response, document, roots or own)
    return Stamp(said.gen_time, signer.subject.rfc4514_string(), f"{said.serial_number:x}", is_trusted=bool(roots))


def _decoded(token: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(token)
    except ValueError:
        # OpenSSL, which many authorities run, sends a chain's certificates as they came; DER wants them in order
        # (X.690, 11.6), and so does the library. They are no part of what is signed, so putting them in order is safe.
        return decode_timestamp_response(_in_order(token))


def _in_order(token: bytes) -> bytes:
    """Return the token with the certificates of its signed data sorted. Raises ValueError when it has none."""
    answer = _parts(token, *_inside(token, 0))
    _, content = _parts(token, *_inside(token, answer[1][0]))[:2]  # of the second part, the token itself
    signed = _parts(token, *_inside(token, _inside(token, content[0])[0]))
    start, end = next(place for place in signed if token[place[0]] == 0xA0)  # certificates, [0]
    inner = _inside(token, start)
    certificates = sorted(token[first:last] for first, last in _parts(token, *inner))
    return token[: inner[0]] + b"".join(certificates) + token[end:]


def _inside(der: bytes, at: int) -> tuple[int, int]:
    """Return where the contents of the element at `at` begin and end."""
    if at + 2 > len(der):
        raise ValueError("it ends too early")
    length, start = der[at + 1], at + 2
    if length & 0x80:
        wide = length & 0x7F
        length, start = int.from_bytes(der[start : start + wide], "big"), start + wide
    if start + length > len(der):
        raise ValueError("it ends too early")
    return start, start + length


def _parts(der: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Return where each element between two places begins and ends."""
    found = []
    while start < end:
        _, after = _inside(der, start)
        found.append((start, after))
        start = after
    return found


def _signer(response: TimeStampResponse, own: Sequence[x509.Certificate]) -> x509.Certificate:
    for one in response.signed_data.signer_infos:
        for certificate in own:
            if (certificate.issuer, certificate.serial_number) == (one.issuer, one.serial_number):
                return certificate
    raise Unreadable(f"it does not bring the certificate it was signed with; check it with {OPENSSL}.")


def _verify(response: TimeStampResponse, document: bytes, trusted: Sequence[x509.Certificate]) -> None:
    # Never as `intermediates`: this library trusts those as much as roots.
    try:
        VerifierBuilder(roots=list(trusted)).build().verify_message(response, document)
    except VerificationError as refused:
        raise NotStamped(f"its signature does not hold ({refused}).") from refused
