"""Words and blocks on a drawn page: every script a title may use, lines that wrap, blocks that stand beside or below.

Knows nothing of matches.
"""

import functools
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
# The console's tokens, see static/mekiki.css.
PAPER: Colour = (255, 253, 248)
INK: Colour = (34, 33, 31)
SOFT: Colour = (98, 94, 86)
LINE: Colour = (226, 221, 210)
SEAL: Colour = (181, 56, 42)
MOSS: Colour = (56, 106, 73)
OCHRE: Colour = (138, 92, 14)
INDIGO: Colour = (39, 80, 140)

LEADING = 1.42  # line height, of the size of the type
_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
# A piece is what a line may not break: a word, or one East Asian character with the marks that may not begin a line.
_MARKS = r"[、。，．・：；？！」』）〉》】…ーぁぃぅぇぉっゃゅょァィゥェォッャュョ]*"
_PIECES = re.compile(
    rf"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]{_MARKS}"
    rf"|\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+{_MARKS}"
)


@dataclass(frozen=True)
class Look:
    """How words are set."""

    pixels: int = 17
    weight: int = 450  # 100 to 900
    colour: Colour = INK

    def but(self, **changes: int | Colour) -> "Look":
        """Return the look with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


TEXT = Look()
QUIET = Look(colour=SOFT)


def words(text: str, width: int, look: Look = TEXT) -> Image.Image:
    """Return a paragraph, wrapped to `width`, on paper."""
    font = _face(look.pixels, look.weight, _script(text))
    lines = wrapped(text, width, font)
    step = round(look.pixels * LEADING)
    across = max(round(font.getlength(line)) for line in lines) + 1
    block = Image.new("RGB", (min(width, across) if across > 0 else 1, step * len(lines)), PAPER)
    draw = ImageDraw.Draw(block)
    for number, line in enumerate(lines):
        draw.text((0, number * step + step // 2), line, look.colour, font, anchor="lm")
    return block


def wrapped(text: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """Return the lines of a text; a name without a space is broken where the line is full."""
    lines, line = [], ""
    for piece in _PIECES.findall(" ".join(text.split())):
        if font.getlength(line + piece.rstrip()) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = ""
        for character in piece.lstrip():
            if line and font.getlength(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def stacked(blocks: Sequence[Image.Image], gap: int = 0, *, is_centred: bool = False) -> Image.Image:
    """Return the blocks one below the other."""
    width = max(block.width for block in blocks)
    page = Image.new("RGB", (width, sum(block.height for block in blocks) + gap * (len(blocks) - 1)), PAPER)
    top = 0
    for block in blocks:
        page.paste(block, ((width - block.width) // 2 if is_centred else 0, top))
        top += block.height + gap
    return page


def beside(blocks: Sequence[Image.Image], gap: int = 0, *, is_centred: bool = False) -> Image.Image:
    """Return the blocks one beside the other, tops or middles level."""
    height = max(block.height for block in blocks)
    page = Image.new("RGB", (sum(block.width for block in blocks) + gap * (len(blocks) - 1), height), PAPER)
    left = 0
    for block in blocks:
        page.paste(block, (left, (height - block.height) // 2 if is_centred else 0))
        left += block.width + gap
    return page


def flowing(blocks: Sequence[Image.Image], width: int, gap: int) -> Image.Image:
    """Return the blocks in as few rows as they need."""
    rows: list[list[Image.Image]] = [[]]
    for block in blocks:
        if rows[-1] and sum(one.width + gap for one in rows[-1]) + block.width > width:
            rows.append([])
        rows[-1].append(block)
    return stacked([beside(row, gap, is_centred=True) for row in rows], gap // 3)


def widened(block: Image.Image, width: int) -> Image.Image:
    """Return the block with paper to its right, so that it is `width` wide."""
    page = Image.new("RGB", (max(width, block.width), block.height), PAPER)
    page.paste(block, (0, 0))
    return page


def framed(block: Image.Image, margin: int) -> Image.Image:
    """Return the block with paper all around it."""
    page = Image.new("RGB", (block.width + 2 * margin, block.height + 2 * margin), PAPER)
    page.paste(block, (margin, margin))
    return page


def edged(block: Image.Image) -> Image.Image:
    """Return the block with a thin edge, so that a white page does not run into the paper."""
    page = block.copy()
    ImageDraw.Draw(page).rectangle((0, 0, page.width - 1, page.height - 1), outline=LINE)
    return page


def rule(width: int) -> Image.Image:
    """Return a thin line."""
    return Image.new("RGB", (width, 1), LINE)


def pill(text: str, colour: Colour, pixels: int = 17) -> Image.Image:
    """Return words in a filled round box."""
    font = _face(pixels, 620, _script(text))
    size = (round(font.getlength(text)) + round(1.5 * pixels), round(pixels * 1.9))
    large = Image.new("L", (size[0] * 4, size[1] * 4))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, size[0] * 4 - 1, size[1] * 4 - 1), size[1] * 2, 255)
    block = Image.new("RGB", size, PAPER)
    block.paste(colour, mask=large.resize(size, Image.Resampling.LANCZOS))
    ImageDraw.Draw(block).text((size[0] / 2, size[1] / 2), text, PAPER, font, anchor="mm")
    return block


def png(image: Image.Image) -> bytes:
    """Return the page as a PNG."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=4)  # 6 takes three times as long and saves one byte in twenty
    return out.getvalue()


def jpeg(image: Image.Image) -> bytes:
    """Return the drawing as a JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def _script(text: str) -> str:
    """Return which of the Noto Sans families has the characters of the text."""
    if _HANGUL.search(text):
        return "kr"
    try:
        text.encode("euc_jisx0213")
    except UnicodeEncodeError:
        return "sc"
    return "jp"


@functools.cache
def _face(pixels: int, weight: int, script: str) -> ImageFont.FreeTypeFont:
    """Return Noto Sans, which the dependencies bring along: names of works may be Japanese, Korean or Chinese."""
    package = find_spec("justmytype_intl_cjk")
    folder = Path(str(package.origin)).parent if package else Path()
    name = f"NotoSans{script.upper()}[wght].ttf"
    font = ImageFont.truetype(str(folder / "fonts" / "ofl" / f"notosans{script}" / name), pixels)
    font.set_variation_by_axes([weight])
    return font
