"""Words in English and Japanese at once, for drawn pages that leave the console with whoever they are sent to."""

from collections.abc import Callable

from PIL import Image

from dashboard import dictionary, sheet
from dashboard.dictionary import Say
from dashboard.sheet import TEXT, Look

ENGLISH, JAPANESE = dictionary.of("en"), dictionary.of("ja")
QUIETER_PX, LIGHTEST = 1, 450  # how the Japanese below an English sentence is set: a little smaller, never bold

Said = Callable[[Say], str]  # a sentence, given the way to say it in one language


def both(said: Said) -> str:
    """Return a short text in English and Japanese, on one line."""
    return f"{said(ENGLISH.say)} · {said(JAPANESE.say)}"


def told(said: Said, width: int, look: Look = TEXT) -> Image.Image:
    """Return a sentence in English with the Japanese below it."""
    japanese = look.but(colour=sheet.SOFT, weight=min(look.weight, LIGHTEST))
    return sheet.stacked(
        [sheet.words(said(ENGLISH.say), width, look), sheet.words(said(JAPANESE.say), width, japanese)]
    )


def retold(sentence: str, width: int, look: Look = TEXT) -> Image.Image:
    """Return a finished sentence of another package, with its Japanese below it where there is one."""
    lines = [sheet.words(sentence, width, look)]
    japanese = JAPANESE.retell(sentence)
    if japanese != sentence:
        lines.append(sheet.words(japanese, width, look.but(pixels=look.pixels - QUIETER_PX, colour=sheet.SOFT)))
    return sheet.stacked(lines)
