"""What travels between drafting and the door: a letter, a receipt, a channel that takes one to the recipient."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from config.errors import MekikiError


@dataclass(frozen=True)
class Recipient:
    """Who is asked: one role mailbox, with where we know it from."""

    name: str
    address: str  # e-mail
    role: str  # "dmca_agent", "platform", "host_abuse", "abuse"
    country: str  # ISO 3166 alpha-2
    language: str
    regime: str
    source: str  # where the address was found
    verified_on: str  # ISO date


@dataclass(frozen=True)
class Letter:
    """A complete message, ready to leave."""

    number: str
    subject: str
    body: str
    recipient: Recipient
    message: bytes  # RFC 5322, with its attachments


@dataclass(frozen=True)
class Receipt:
    """What a channel says of a letter it took."""

    channel: str
    at: datetime
    reference: str  # message id or path
    is_dry_run: bool


class DeliveryError(MekikiError):
    """A channel did not take the letter; `permanent` says whether trying again can help."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """The word the settings and the ledger know it by; never reused for another way."""

    @property
    def is_dry_run(self) -> bool:
        """Whether letters stay on this machine."""

    def deliver(self, letter: Letter) -> Receipt:
        """Deliver once; the same letter delivered twice must not reach the recipient twice. Raises DeliveryError."""
        ...
