"""Letters: elements in, text out, in a sandbox; refuses a letter in which anything the law asks for does not stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from config.errors import MekikiError
from notices import elements as said
from notices.regimes import Regime


class MissingStatement(MekikiError):
    """A letter lacks something its law asks for; `elements` names it."""

    def __init__(self, regime: Regime, lacking: list[said.Missing]) -> None:
        self.elements = tuple(lacking)
        named = "; ".join(f"{one.element} ({one.citation}): {one.says}" for one in lacking)
        super().__init__(f"The letter under {regime.name} is incomplete. {named}")


class LetterError(MekikiError):
    """A letter's template cannot be rendered."""


@dataclass(frozen=True)
class Text:
    """A letter's words."""

    subject: str
    body: str


def render(regime: Regime, language: str, elements: Mapping[str, Any]) -> Text:
    """Return the complete letter. Raises MissingStatement when an element is blank or does not stand in the text."""
    lacking = said.missing(regime, elements, is_signed=True)
    if lacking:
        raise MissingStatement(regime, lacking)
    text = _rendered(regime, language, regime.letters[language], elements)
    check(regime, language, text.body, elements)
    return text


def preview(regime: Regime, language: str, elements: Mapping[str, Any]) -> Text:
    """Return the letter as far as it is known; what is missing is marked in the text. For eyes only: never sent."""
    return _rendered(regime, language, regime.letters[language], said.with_gaps(regime, elements))


def retraction(regime: Regime, language: str, elements: Mapping[str, Any], reason: str) -> Text:
    """Return the letter that takes a notice back; `elements` carry the signature of the person who retracts."""
    subject = regime.header.retraction_subject[language]
    known = {**elements, "reason": said.plain(reason)}
    return Text(
        subject=_subject(regime, language, subject, known),
        body=_filled(regime, language, regime.retractions[language], known),
    )


def check(regime: Regime, language: str, body: str, elements: Mapping[str, Any]) -> None:
    """Raise MissingStatement unless every sentence stands on a line of its own and every value stands in the text."""
    lines = {line.strip() for line in body.splitlines()}
    lacking = []
    for element in regime.elements:
        sentence = element.sentence.get(language)
        stands = sentence is None or sentence in lines
        filled = all(value in body for path in element.fields for value in said.values(elements, path))
        if element.severity == "blocker" and not (stands and filled):
            lacking.append(said.Missing(element.id, element.citation, f"it does not stand in {language}.txt.j2"))
    if lacking:
        raise MissingStatement(regime, lacking)


def _rendered(regime: Regime, language: str, source: str, elements: Mapping[str, Any]) -> Text:
    return Text(
        subject=_subject(regime, language, regime.header.subject[language], elements),
        body=_filled(regime, language, source, elements),
    )


def _subject(regime: Regime, language: str, source: str, elements: Mapping[str, Any]) -> str:
    return said.plain(f"[{elements['number']}] {_filled(regime, language, source, elements)}")


def _filled(regime: Regime, language: str, source: str, elements: Mapping[str, Any]) -> str:
    sentences = {element.id: element.sentence[language] for element in regime.elements if language in element.sentence}
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # plain text; there is no markup to escape
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["japanese_date"] = japanese_date
    environment.globals["statement"] = sentences.__getitem__
    try:
        text = environment.from_string(source).render(**elements)
    except (TemplateError, KeyError) as broken:
        raise LetterError(
            f"The {language} letter of {regime.name} cannot be rendered ({broken}); repair it."
        ) from broken
    return _single_blank_lines(text)


def japanese_date(iso: str) -> str:
    """Return "2026-11-22" as "2026年11月22日"; anything else as it is."""
    year, _, rest = iso.partition("-")
    month, _, day = rest.partition("-")
    return f"{year}年{int(month)}月{int(day)}日" if year.isdigit() and month.isdigit() and day.isdigit() else iso


def _single_blank_lines(text: str) -> str:
    kept: list[str] = []
    for line in (line.rstrip() for line in text.strip().splitlines()):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept) + "\n"
