"""One frozen, validated `Settings`: defaults.toml, then the home's mekiki.toml, then the environment."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from config.errors import MekikiError

DEFAULTS = Path(__file__).with_name("defaults.toml")
ENVIRONMENT_PREFIX = "MEKIKI_"
FILE_NAME = "mekiki.toml"


class SettingsError(MekikiError):
    """A setting is unknown or has a value that cannot be used."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Database(_Section):
    """Where rows live."""

    url: str


class Crawl(_Section):
    """How we behave on other people's servers, and what we refuse to reach."""

    user_agent: str = Field(min_length=8)
    delay_s: float = Field(ge=0)
    timeout_s: float = Field(gt=0)
    max_page_bytes: int = Field(gt=0)
    max_media_bytes: int = Field(gt=0)
    max_live_s: float = Field(gt=0)
    max_stretches: int = Field(gt=0)
    max_pages: int = Field(gt=0)
    max_minutes: float = Field(gt=0)
    max_sweep_bytes: int = Field(gt=0)
    revisit_min_hours: float = Field(gt=0)
    revisit_max_days: float = Field(gt=0)
    allow_addresses: tuple[str, ...]
    pinned_hosts: dict[str, str]
    browser: str

    @field_validator("allow_addresses")
    @classmethod
    def _exact(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            host, colon, port = address.rpartition(":")
            if not (host and colon and port.isdigit()) or "*" in host or "/" in host:
                raise ValueError(f'"{address}" must name one exact host and port, like "127.0.0.1:8080"')
        return addresses


class Decode(_Section):
    """Limits of the children that open hostile files."""

    max_pixels: int = Field(gt=0)
    max_video_s: float = Field(gt=0)
    memory_mb: int = Field(ge=256)
    timeout_s: float = Field(gt=0)
    workers: int = Field(ge=0)


class Fingerprints(_Section):
    """How much is kept of films, and what is computed of a picture beyond what matching needs."""

    film_tier: Literal["points", "hashes"]
    exchange: tuple[str, ...]


class Captures(_Section):
    """What is kept of what was seen, for references that are registered later."""

    keep: Literal["parts", "whole", "nothing"]
    keep_days: float = Field(gt=0)
    compared_in_full: int = Field(ge=0)
    with_points: int = Field(ge=0)


class Evidence(_Section):
    """What is collected about a case, who stamps it with their time, and how long what was captured is kept."""

    timestamp_urls: tuple[str, ...]
    show_pages: bool
    keep_days: float = Field(ge=0)

    @field_validator("timestamp_urls")
    @classmethod
    def _web_addresses(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            if not url.startswith(("http://", "https://")) or len(url) > 500:
                raise ValueError(f'"{url}" must be the web address of a time-stamping authority')
        return urls


class Matching(_Section):
    """From which calibrated probability a match counts."""

    likely_copy: float = Field(gt=0, lt=1)
    worth_a_look: float = Field(gt=0, lt=1)


class Flood(_Section):
    """From when a reference matches so much more than it ever did that a person has to look at it first."""

    new_places: int = Field(ge=1, le=9)  # a poisoned reference never gets to its tenth case
    times: float = Field(ge=1)
    window_hours: float = Field(gt=0)
    history_days: float = Field(gt=0)


class Allowance(_Section):
    """What every creator is taken to allow."""

    max_fan_seconds: float = Field(ge=30)  # the plan's floor; a home may be more generous, never stricter


class Notices(_Section):
    """Which door is open, and how long an approved notice waits behind it."""

    channel: str
    outbox_delay_minutes: float = Field(ge=0)
    recheck_hours: tuple[float, ...]


class Smtp(_Section):
    """The mail server of the channel "smtp"."""

    host: str
    port: int = Field(gt=0, lt=65536)
    username: str
    password: str
    starttls: bool

    @field_validator("password")
    @classmethod
    def _by_reference(cls, password: str) -> str:
        if password and not password.startswith("env:"):
            raise ValueError('a password is never written here; write "env:NAME" and set NAME in the environment')
        return password

    def secret(self) -> str:
        """Return the password from the environment, or "" when none is set. Raises SettingsError."""
        if not self.password:
            return ""
        name = self.password.removeprefix("env:")
        if name not in os.environ:
            raise SettingsError(f"smtp.password names {name}, which is not set in the environment; set it.")
        return os.environ[name]


class Sender(_Section):
    """Who asks for removal: the organisation that runs this home."""

    organisation: str
    name: str
    email: str
    phone: str
    address: str
    country: str


class Console(_Section):
    """Where the web console listens."""

    host: str
    port: int = Field(ge=0, lt=65536)
    language: str = Field(pattern="^(en|ja)$")
    secure_cookies: bool


class Schedule(_Section):
    """When things run by themselves, as cron expressions."""

    timezone: str
    stages: str
    verify: str


class Settings(_Section):
    """Everything that can be set, validated once and never changed while a process runs."""

    home: Path
    database: Database
    crawl: Crawl
    decode: Decode
    fingerprints: Fingerprints
    captures: Captures
    evidence: Evidence
    matching: Matching
    flood: Flood
    allowance: Allowance
    notices: Notices
    smtp: Smtp
    sender: Sender
    console: Console
    schedule: Schedule

    @property
    def database_url(self) -> str:
        """The SQLAlchemy url; the home's own SQLite file when none is set."""
        return self.database.url or f"sqlite:///{self.home / 'mekiki.db'}"

    @property
    def blobs(self) -> Path:
        """The folder of the content-addressed blobs."""
        return self.home / "blobs"

    @property
    def indexes(self) -> Path:
        """The folder of the indexes; everything in it can be built again."""
        return self.home / "indexes"

    @property
    def sources(self) -> Path:
        """The folder of the declarative sources."""
        return self.home / "sources"

    @property
    def outbox(self) -> Path:
        """The folder where a dry run leaves its messages."""
        return self.home / "outbox"

    @property
    def locks(self) -> Path:
        """The folder of the process locks."""
        return self.home / "locks"


def default_home() -> Path:
    """Return MEKIKI_HOME, else the user's data folder."""
    named = os.environ.get("MEKIKI_HOME")
    return Path(named) if named else Path(platformdirs.user_data_dir("mekiki", appauthor=False))


def load(home: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the validated settings of a home, which need not exist yet.

    Raises SettingsError, in one sentence, for an unknown key (with the nearest known one) or a bad value.
    """
    environment = os.environ if environment is None else environment
    values = tomllib.loads(DEFAULTS.read_text("utf-8"))
    known = {section: set(keys) for section, keys in values.items()}
    file = home / FILE_NAME
    for section, key, value in (*_from_file(file, known), *_from_environment(environment, known)):
        values[section][key] = value
    try:
        return Settings(home=home.absolute(), **values)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"Setting {where}: {what}; correct it in {file} or the environment.") from invalid


def _from_file(file: Path, known: Mapping[str, set[str]]) -> list[tuple[str, str, Any]]:
    if not file.is_file():
        return []
    try:
        tables = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise SettingsError(f"{file} is not valid TOML ({broken}); correct that line.") from broken
    found = []
    for section, table in tables.items():
        _check(section, known, str(file))
        if not isinstance(table, dict):
            raise SettingsError(f"{file}: {section} must be a table; write [{section}] on a line of its own.")
        for key, value in table.items():
            _check(key, known[section], f"{file}, [{section}]")
            found.append((section, key, value))
    return found


def _from_environment(environment: Mapping[str, str], known: Mapping[str, set[str]]) -> list[tuple[str, str, Any]]:
    found = []
    for name, text in sorted(environment.items()):
        section, separator, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or not separator:
            continue
        _check(section, known, f"environment {name}")
        _check(key, known[section], f"environment {name}")
        found.append((section, key, _parsed(text)))
    return found


def _parsed(text: str) -> Any:
    """Read an environment value as TOML (true, 3, ["a"]), else as the plain text it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _check(name: str, known: Mapping[str, Any] | set[str], where: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(known))}."
    raise SettingsError(f'{where}: there is no setting "{name}"; {hint}')
