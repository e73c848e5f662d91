"""The RFC 5322 message of a letter. Pure and repeatable: the same envelope gives the same bytes, header by header."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from config.errors import MekikiError

COLUMNS = ("notice", "address", "what", "seen_at", "sha256", "part_of_work")


class BadHeader(MekikiError):
    """A header of the message would hold a line end, or an address is none."""


@dataclass(frozen=True)
class Envelope:
    """Everything a message is made of."""

    number: str
    subject: str
    body: str
    from_name: str
    from_address: str
    to_address: str
    at: datetime  # when it was ready to leave (RFC 5322, 3.6.1); not the moment of a second try
    pdf: bytes
    urls_csv: str
    answers: str = ""  # the message id this one follows


def compose(envelope: Envelope) -> bytes:
    """Return the message: plain text first, then the letter as PDF/A and its addresses as CSV. Raises BadHeader."""
    message = EmailMessage(policy=SMTP)
    if not (envelope.from_address.isascii() and envelope.to_address.isascii()):
        raise BadHeader(f"{envelope.number} cannot be addressed (an address is not in ASCII); correct it.")
    try:
        message["From"] = Address(envelope.from_name, addr_spec=envelope.from_address)
        message["To"] = Address(addr_spec=envelope.to_address)
        message["Reply-To"] = Address(envelope.from_name, addr_spec=envelope.from_address)
        message["Subject"] = envelope.subject
        message["Date"] = format_datetime(envelope.at)
        message["Message-ID"] = message_id(envelope.number, envelope.body, envelope.from_address)
        if envelope.answers:
            message["In-Reply-To"] = envelope.answers
            message["References"] = envelope.answers
    except (ValueError, IndexError) as bad:  # the header registry refuses line ends and half addresses
        raise BadHeader(f"{envelope.number} cannot be addressed ({bad}); correct the sender or recipient.") from bad
    message["Auto-Submitted"] = "no"  # RFC 3834: a person approved it
    message.set_content(envelope.body, subtype="plain", charset="utf-8")
    message.add_attachment(envelope.pdf, maintype="application", subtype="pdf", filename=f"{envelope.number}.pdf")
    message.add_attachment(envelope.urls_csv.encode(), maintype="text", subtype="csv", filename="urls.csv")
    message.set_boundary(f"=_{hashlib.sha256(envelope.body.encode() + envelope.pdf).hexdigest()[:40]}")
    return message.as_bytes()


def message_id(number: str, body: str, from_address: str) -> str:
    """Return the id of a letter's message; it depends on the letter alone."""
    domain = from_address.rpartition("@")[2]
    return f"<{number}.{hashlib.sha256(body.encode()).hexdigest()[:10]}@{domain}>"


def urls_csv(elements: Mapping[str, Any]) -> str:
    """Return every address of a notice as CSV, for programs at the recipient's."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for copy in elements["copies"]:
        media = {match["url"]: match for match in copy["matches"]}
        for url in copy["urls"]:
            of = media.get(url)
            rows.writerow(
                [elements["number"], url, of["kind"], of["seen_at"], of["sha256"], of["asset"]]
                if of
                else [elements["number"], url, "page", copy["seen_at"], copy["sha256"], ""]
            )
    return out.getvalue()
