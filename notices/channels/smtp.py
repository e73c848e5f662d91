"""SMTP: really sends, over TLS unless that is switched off, and keeps a receipt on disk, so that nothing goes twice."""

import hashlib
import json
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import ClassVar

from config import clock
from config.home import Home
from config.settings import SettingsError
from notices.interface import DeliveryError, Letter, Receipt

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Smtp:
    """One mail server; `sent` is the folder of its receipts."""

    host: str
    port: int
    sent: Path
    sender: str  # the envelope's from: where bounces go
    username: str = ""
    password: str = field(default="", repr=False)
    starttls: bool = True
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    name: ClassVar[str] = "smtp"
    is_dry_run: ClassVar[bool] = False

    def deliver(self, letter: Letter) -> Receipt:
        """Hand the message to the server, unless its receipt says that it was handed over before.

        Raises DeliveryError; permanent for an answer in the 500s (RFC 5321, 4.2.1), else worth another try.
        """
        receipt = self.sent / f"{letter.number}.{hashlib.sha256(letter.message).hexdigest()[:16]}.json"
        if receipt.is_file():
            return _receipt(receipt)
        try:
            self._hand_over(letter)
        except smtplib.SMTPException as error:
            raise DeliveryError(*_sentence(letter, error), permanent=_is_permanent(error)) from error
        except OSError as error:
            raise DeliveryError(
                f"The mail server {self.host}:{self.port} did not answer ({error}); it is tried again.", permanent=False
            ) from error
        self.sent.mkdir(parents=True, exist_ok=True)
        message_id = str(message_from_bytes(letter.message, policy=policy.SMTP)["Message-ID"])
        part = receipt.with_suffix(".part")
        part.write_text(json.dumps({"at": clock.now().isoformat(), "reference": message_id}), "utf-8")
        part.replace(receipt)  # whole or not at all: a torn receipt would be worse than none
        return _receipt(receipt)

    def _hand_over(self, letter: Letter) -> None:
        with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S) as server:
            if self.starttls:
                server.starttls(context=self.context)
            if self.username:
                server.login(self.username, self.password)
            server.sendmail(self.sender, [letter.recipient.address], letter.message)


def opened(home: Home) -> Smtp:
    """Return the mail server of a home's settings. Raises SettingsError when it is not set up."""
    smtp = home.settings.smtp
    if not smtp.host or not home.settings.sender.email:
        raise SettingsError('Fill smtp.host and sender.email first, or set notices.channel to "outbox".')
    return Smtp(
        host=smtp.host,
        port=smtp.port,
        sent=home.settings.outbox / "sent",
        sender=home.settings.sender.email,
        username=smtp.username,
        password=smtp.secret(),
        starttls=smtp.starttls,
    )


def _receipt(file: Path) -> Receipt:
    kept = json.loads(file.read_text("utf-8"))
    return Receipt(
        channel=Smtp.name, at=datetime.fromisoformat(kept["at"]), reference=kept["reference"], is_dry_run=False
    )


def _is_permanent(error: smtplib.SMTPException) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False  # a wrong password is ours to repair; the letter is not at fault
    return isinstance(error, smtplib.SMTPResponseException) and 500 <= error.smtp_code < 600


def _sentence(letter: Letter, error: smtplib.SMTPException) -> tuple[str]:
    said = str(error).replace("\r", " ").replace("\n", " ")
    return (f"The mail server did not take {letter.number} for {letter.recipient.address}: {said}.",)
