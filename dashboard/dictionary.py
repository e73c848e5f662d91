"""What the console says in each language: English is the key, `locale/<language>.po` holds the other languages."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALE = Path(__file__).with_name("locale")
LANGUAGES = {"en": "English", "ja": "日本語"}
RETOLD = "retold"  # marks the finished sentences of other packages in the catalogue
_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"”]))\s+(?=[A-Z0-9\"“])")  # where one sentence ends and the next begins
_NESTED = frozenset({"field", "why"})  # slots that hold words of ours, not of a site or a person
_PLACE = re.compile(r"%\((\w+)\)s")  # a slot of a sentence that was filled in before it reached us


@dataclass(frozen=True)
class Dictionary:
    """The sentences of one language."""

    language: str
    catalogue: Catalog | None = None  # None: English, which is what the keys say
    shapes: tuple[tuple[re.Pattern[str], str], ...] = field(default=(), repr=False)

    def say(self, message: str, **values: object) -> str:
        """Return the sentence for `message`, its %(name)s slots filled in."""
        found = self.catalogue.get(message) if self.catalogue else None
        said = str(found.string) if found and found.string else message
        return said % values if values else said

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """Return the sentence for a number of things; Japanese has one form for every number."""
        found = self.catalogue.get(one) if self.catalogue else None
        if found and isinstance(found.string, (tuple, list)) and found.string[0]:
            said = str(found.string[0])
        else:
            said = one if number == 1 else many
        return said % {"num": number, **values}

    def retell(self, text: str) -> str:
        """Return finished sentences of other packages, each one whose shape is known in this language."""
        if self.catalogue is None:
            return text
        whole = self._retold(text)
        if whole is not None:
            return whole
        return "".join(self._retold(sentence) or f"{sentence} " for sentence in _END.split(text)).rstrip()

    def example(self, text: str) -> str:
        """Return an address and what was said of it, the latter in this language."""
        url, colon, why = text.partition(": ")
        if not colon:
            return text
        block = why.removeprefix("blocked: ")
        if block != why:  # a clause that goes on "the page ..."
            block = block.removeprefix("the page ")
            return f"{url} · {self.retell(f'The page {block}.')}"
        return f"{url} · {self.retell(why)}"

    def _retold(self, sentence: str) -> str | None:
        direct = self.say(sentence)
        if direct != sentence:
            return direct
        for shape, said in self.shapes:
            if fits := shape.fullmatch(sentence):
                return said % {
                    name: (self._retold(text) or text) if name in _NESTED else text
                    for name, text in fits.groupdict().items()
                }
        return None


@cache
def of(language: str) -> Dictionary:
    """Return the dictionary of a language; English for one we do not speak."""
    if language not in LANGUAGES or language == "en":
        return Dictionary("en")
    with (LOCALE / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return Dictionary(language, catalogue, tuple(_shapes(catalogue)))


def _shapes(catalogue: Catalog) -> list[tuple[re.Pattern[str], str]]:
    retold = [message for message in catalogue if RETOLD in message.user_comments]
    messages = [message for message in retold if isinstance(message.id, str) and _PLACE.search(message.id)]
    messages.sort(key=lambda message: -len(str(message.id)))  # the most specific shape first
    return [(_shape(str(message.id)), str(message.string)) for message in messages if message.string]


def _shape(message: str) -> re.Pattern[str]:
    parts = _PLACE.split(message)  # text, name, text, name, ..., text
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.DOTALL
    )


Say = Callable[..., str]
