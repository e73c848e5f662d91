"""Turns a template and values into a page, in one language; everything is escaped unless a template says otherwise."""

import re
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dashboard import dictionary, phrases

TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment(language: str, timezone: str) -> Environment:
    """Return the templates of one language, with its dictionary and phrases built in."""
    spoken = dictionary.of(language)
    telling = phrases.Phrases(spoken, ZoneInfo(timezone))
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt name is a fault, not an empty place on a page about somebody's rights
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(_=spoken.say, ngettext=spoken.count, language=spoken.language, phrases=telling)
    made.filters.update(
        retold=spoken.retell, example=spoken.example, coded=coded,
        at=telling.at, day=telling.day, ago=telling.ago, span=telling.span, size=telling.size,
        timecode=phrases.timecode, score=phrases.score,
    )  # fmt: skip
    return made


def coded(text: str) -> Markup:
    """Return a sentence with its `commands` set as code; everything in it is escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just now
