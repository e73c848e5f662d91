"""PDF: a letter's words on A4, as PDF/A-3b with every glyph embedded; refuses a character no font can show."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import justmytype_intl_cjk
import typst
from fontTools.ttLib import TTFont

from config.errors import MekikiError

STANDARD: Final = "a-3b"  # besides archiving, it makes typst refuse a missing glyph instead of drawing an empty box
TEMPLATE = Path(__file__).with_name("letter.typ")
FONTS = Path(justmytype_intl_cjk.__file__).parent / "fonts" / "ofl"
FAMILIES = {"ja": "Noto Sans JP", "ko": "Noto Sans KR", "zh": "Noto Sans SC"}  # which one comes first, by language
ALL_FAMILIES = ("Noto Sans JP", "Noto Sans SC", "Noto Sans TC", "Noto Sans KR")


class UndisplayableText(MekikiError):
    """A letter holds a character that none of the fonts can show."""


@dataclass(frozen=True)
class Page:
    """What is set."""

    number: str
    subject: str
    body: str
    language: str
    day: str  # ISO date, the document's own


def typeset(page: Page) -> bytes:
    """Return the letter as PDF/A-3b; the same page gives the same bytes. Raises UndisplayableText."""
    first = FAMILIES.get(page.language[:2], ALL_FAMILIES[0])
    day = date.fromisoformat(page.day)
    letter = {
        "number": page.number,
        "title": page.subject,
        "language": page.language[:2],
        "lines": page.body.rstrip("\n").split("\n"),
        "fonts": [first, *(family for family in ALL_FAMILIES if family != first)],
        "date": [day.year, day.month, day.day],
    }
    try:
        # The words travel as data: nothing in a letter, crawled or not, is ever read as typst code.
        return typst.compile(
            TEMPLATE,
            font_paths=[FONTS],
            ignore_system_fonts=True,
            pdf_standards=STANDARD,
            sys_inputs={"letter": json.dumps(letter)},
            timestamp=int(day.toordinal() - date(1970, 1, 1).toordinal()) * 86400,
        )
    except typst.TypstError as error:
        message = str(error).partition("\n")[0]
        raise UndisplayableText(f"The letter cannot be set as PDF/A ({message}); reword that part of it.") from error


def displayable(text: str) -> str:
    """Return crawled text with every character that no font can show written as its code, like "[U+1F525]"."""
    return "".join(sign if ord(sign) in _covered() else f"[U+{ord(sign):04X}]" for sign in text)


@cache
def _covered() -> frozenset[int]:
    covered: set[int] = set()
    for file in sorted(FONTS.glob("*/*.ttf")):
        with TTFont(file, lazy=True) as font:
            covered.update(font.getBestCmap())
    return frozenset(covered)
