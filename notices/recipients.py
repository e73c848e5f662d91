"""Recipients: which role mailbox answers for a host. Known from dated files only; an address is never guessed."""

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

import config
from config.errors import MekikiError
from matcher import places
from notices import regimes
from notices.interface import Recipient

SHIPPED = Path(config.__file__).parent / "platforms"
FOLDER = "platforms"  # of a home; its files come before the shipped ones
FRESH = timedelta(days=90)  # an address that nobody has looked at for longer is doubted


class PlatformError(MekikiError):
    """A file that says who answers for a host cannot be used."""


class Platform(BaseModel):
    """One `platforms/<name>.toml`: who answers for some hosts, and where we know it from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operator: str = Field(min_length=1)
    hosts: tuple[str, ...] = Field(min_length=1)  # "host", "host:port", "host/path" or "*.host"
    address: str = Field(max_length=254)
    role: Literal["dmca_agent", "platform", "host_abuse", "abuse"]
    country: str = Field(pattern="^[A-Z]{2}$")
    language: str = Field(pattern="^[a-z]{2}(-[A-Za-z]+)?$")
    regime: str
    source: str = Field(min_length=4)  # the page or directory entry that names the address
    verified_on: date

    @field_validator("address")
    @classmethod
    def _one_mailbox(cls, address: str) -> str:
        local, at, domain = address.partition("@")
        if not (local and at and "." in domain) or not address.isascii() or any(c in ' ,;:<>"()[]\\' for c in address):
            raise ValueError("the address must be exactly one mailbox, like copyright@host.example")
        if not address.isprintable() or "@" in domain:
            raise ValueError("the address must be exactly one mailbox, like copyright@host.example")
        return address

    @field_validator("regime")
    @classmethod
    def _installed(cls, regime: str) -> str:
        if regime not in regimes.load_all():
            raise ValueError(f"the regime must be one of {', '.join(regimes.load_all())}")
        return regime

    @field_validator("hosts")
    @classmethod
    def _patterns(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(places.pattern_of(host) for host in hosts)
        except places.BadPlace as bad:
            raise ValueError(str(bad).rstrip(".")) from bad

    def recipient(self) -> Recipient:
        """Return whom a notice about these hosts goes to."""
        return Recipient(
            name=self.operator,
            address=self.address,
            role=self.role,
            country=self.country,
            language=self.language,
            regime=self.regime,
            source=self.source,
            verified_on=self.verified_on.isoformat(),
        )


def known(home: Path, shipped: Path = SHIPPED) -> tuple[Platform, ...]:
    """Return every platform this home knows, its own files first. Raises PlatformError naming the file."""
    files = [*sorted((home / FOLDER).glob("*.toml")), *sorted(shipped.glob("*.toml"))]
    return tuple(_read(file) for file in files)


def resolve(place: str, platforms: Sequence[Platform]) -> Recipient | None:
    """Return who answers for a place by the most exact pattern, the first of equals; None when nobody is known."""
    best: tuple[int, Recipient] | None = None
    for platform in platforms:
        for pattern in platform.hosts:
            exactness = len(pattern.removeprefix("*."))
            if places.covers(pattern, place) and (best is None or exactness > best[0]):
                best = (exactness, platform.recipient())
    return best[1] if best else None


def is_stale(recipient: Recipient, today: date) -> bool:
    """Say whether the address was last verified longer ago than we trust."""
    return bool(recipient.verified_on) and today - date.fromisoformat(recipient.verified_on) > FRESH


def _read(file: Path) -> Platform:
    try:
        return Platform(**tomllib.loads(file.read_text("utf-8")))
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise PlatformError(f"{file}: {where}: {what}; correct that line.") from invalid
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise PlatformError(f"{file} is not valid TOML ({broken}); correct that line.") from broken
