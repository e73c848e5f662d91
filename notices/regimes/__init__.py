"""The regimes: each folder here is one law's demands on a notice (regime.toml) and its letters; found by scanning."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import MekikiError

FOLDER = Path(__file__).parent
Severity = Literal["blocker", "warning"]


class RegimeError(MekikiError):
    """A regime's folder does not hold what a regime needs."""


class UnknownRegime(MekikiError):
    """A notice or a platform names a regime that is not installed."""


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Element(_Read):
    """One thing the law asks of a notice."""

    id: str = Field(pattern="^[a-z][a-z-]*$")
    citation: str = Field(min_length=3)  # where the law asks for it
    asks: str = Field(min_length=10)  # a sentence for the person who has to fill it
    asks_ja: str = Field(min_length=5)  # the same for who reads Japanese
    severity: Severity
    fields: tuple[str, ...] = ()  # must be filled, and their values must stand in the letter
    records: tuple[str, ...] = ()  # must be filled, but are ours and are not printed
    at_approval: bool = False  # filled by the person who approves, so a draft may lack it
    sentence: dict[str, str] = {}  # language -> the words that must stand on a line of their own


class Deadline(_Read):
    """When an answer may be expected after a notice has left."""

    id: str
    citation: str
    count: int = Field(gt=0)
    unit: Literal["hours", "days", "business days"]
    says: str


class Header(_Read):
    """A regime.toml as it is written."""

    title: str
    law: str
    version: int = Field(gt=0)
    languages: tuple[str, ...] = Field(min_length=1)
    reviewed_by: str  # the lawyer who signed off the letters; empty: not yet reviewed by a lawyer
    reviewed_on: str
    subject: dict[str, str]  # language -> Jinja text
    retraction_subject: dict[str, str]
    never_says: tuple[str, ...] = ()  # words of other laws that have no place in these letters
    element: tuple[Element, ...] = Field(min_length=1)
    deadline: tuple[Deadline, ...] = ()


class Regime(_Read):
    """A law's demands, with the letters that meet them."""

    name: str  # the folder's name; stored with every notice
    header: Header
    letters: Mapping[str, str]  # language -> Jinja text
    retractions: Mapping[str, str]

    @property
    def elements(self) -> tuple[Element, ...]:
        """What the law asks for."""
        return self.header.element

    @property
    def citations(self) -> tuple[str, ...]:
        """The law, and every provision an element rests on."""
        return (self.header.law, *dict.fromkeys(element.citation for element in self.elements))

    @property
    def standing(self) -> str:
        """Who vouches for the letters, as the approver is told."""
        if not self.header.reviewed_by:
            return f"Version {self.header.version}; not yet reviewed by a lawyer."
        return f"Version {self.header.version}; reviewed by {self.header.reviewed_by} on {self.header.reviewed_on}."


@cache
def load_all(folder: Path = FOLDER) -> Mapping[str, Regime]:
    """Return every regime by name. Raises RegimeError when a folder is incomplete."""
    return {file.parent.name: _read(file) for file in sorted(folder.glob("*/regime.toml"))}


def get(name: str) -> Regime:
    """Return one regime. Raises UnknownRegime."""
    found = load_all()
    if name not in found:
        raise UnknownRegime(f'There is no regime "{name}"; use one of {", ".join(found)}.')
    return found[name]


def _read(file: Path) -> Regime:
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        header = Header(**values)
        return Regime(
            name=file.parent.name,
            header=header,
            letters={language: _text(file.parent / f"{language}.txt.j2") for language in header.languages},
            retractions={
                language: _text(file.parent / f"retraction.{language}.txt.j2") for language in header.languages
            },
        )
    except (tomllib.TOMLDecodeError, ValidationError, FileNotFoundError) as broken:
        raise RegimeError(f"The regime in {file.parent} cannot be used: {broken}; correct that file.") from broken


def _text(file: Path) -> str:
    return file.read_text("utf-8")
