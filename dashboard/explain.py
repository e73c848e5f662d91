"""Pictures of a match: what lies where in both pictures, or when in both films, with the reasons underneath.

Draws from JPEGs that a decoding child made; opens no captured file itself.
"""

import functools
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from matcher.interface import Comparison, Segment, Transform

SIDE_PX = 560  # the long side of what was seen
SMALLEST_PX, LARGEST_PX = 160, 840  # the long side of the reference, which is shown at the same scale within these
GAP_PX = 24
LINE_PX = 26
WEIGHT = 450  # of the type, 100 to 900
MOST_LINES = 80  # point pairs drawn; more would hide the pictures
PAPER, INK, FAINT = (255, 255, 255), (30, 32, 38), (110, 115, 125)
FOUND, PAIR = (214, 48, 49), (0, 148, 120)
TIMELINE_PX = (1120, 220)

Pairs = NDArray[np.float64]  # (count, 4): x, y in the reference, x, y in the query, fractions of each
Corners = Sequence[tuple[float, float]]


def pictures(query: bytes, reference: bytes, comparison: Comparison, pairs: Pairs, title: str) -> bytes:
    """Return a PNG: query and reference at one scale with the points that agree, both laid over each other, reasons."""
    left, right = _at_one_scale(_opened(query), _opened(reference), comparison)
    overlay = _overlay(left, right, comparison)
    _mark(left, comparison.outline)
    _mark(right, comparison.reference_outline)
    height = max(left.height, right.height)
    offset = left.width + GAP_PX
    both = Image.new("RGB", (offset + right.width + GAP_PX + left.width, height + LINE_PX), PAPER)
    both.paste(left, (0, LINE_PX))
    both.paste(right, (offset, LINE_PX))
    both.paste(overlay, (offset + right.width + GAP_PX, LINE_PX))
    draw = ImageDraw.Draw(both)
    for place, heading in ((0, "seen"), (offset, "reference"), (offset + right.width + GAP_PX, "laid over each other")):
        draw.text((place, 0), heading, FAINT, _type(16))
    for pair in pairs[:: max(1, -(-len(pairs) // MOST_LINES))]:
        start = (float(pair[2]) * left.width, float(pair[3]) * left.height + LINE_PX)
        end = (offset + float(pair[0]) * right.width, float(pair[1]) * right.height + LINE_PX)
        draw.line((start, end), PAIR, 1)
        for x, y in (start, end):
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), outline=PAIR)
    return _png(_with_words(both, comparison, title))


def timeline(comparison: Comparison, lengths_s: tuple[float, float], title: str) -> bytes:
    """Return a PNG: both films as bars on one scale of seconds, what matches joined by bands. `lengths_s`: query,
    reference."""
    width, height = TIMELINE_PX
    longest = max(*lengths_s, *(max(s.query_end_s, s.reference_end_s) for s in comparison.segments), 1.0)
    scale = (width - 2) / longest
    image = Image.new("RGB", TIMELINE_PX, PAPER)
    draw = ImageDraw.Draw(image)
    tops = (30, height - 60)
    for top, length_s, heading in zip(tops, lengths_s, ("seen", "reference"), strict=True):
        draw.text((0, top - 24), f"{heading}, {clock_time(length_s)}", FAINT, _type(16))
        draw.rectangle((0, top, length_s * scale, top + 22), fill=(232, 234, 238), outline=FAINT)
    for segment in comparison.segments:
        _band(draw, segment, tops, scale)
    return _png(_with_words(image, comparison, title))


def absent(size: tuple[float, float]) -> bytes:
    """Return a blank picture in place of a reference whose pixels never left the studio."""
    image = Image.new("RGB", (max(1, round(size[0])), max(1, round(size[1]))), (232, 234, 238))
    ImageDraw.Draw(image).text((GAP_PX, GAP_PX), "The pixels are with the studio.", INK, _type(22))
    return _png(image)


def clock_time(seconds: float) -> str:
    """Return seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _band(draw: ImageDraw.ImageDraw, segment: Segment, tops: tuple[int, int], scale: float) -> None:
    above = (segment.query_start_s * scale, segment.query_end_s * scale)
    below = (segment.reference_start_s * scale, segment.reference_end_s * scale)
    draw.polygon(
        [(above[0], tops[0] + 22), (above[1], tops[0] + 22), (below[1], tops[1]), (below[0], tops[1])],
        fill=(247, 215, 213),
    )
    draw.rectangle((above[0], tops[0], above[1], tops[0] + 22), fill=FOUND)
    draw.rectangle((below[0], tops[1], below[1], tops[1] + 22), fill=FOUND)
    said = f"{clock_time(segment.query_start_s)}-{clock_time(segment.query_end_s)}"
    draw.text((above[0], tops[0] + 28), said, INK, _type(15))
    said = f"{clock_time(segment.reference_start_s)}-{clock_time(segment.reference_end_s)}"
    draw.text((below[0], tops[1] + 28), said, INK, _type(15))


def _overlay(query: Image.Image, reference: Image.Image, comparison: Comparison) -> Image.Image:
    """Return the reference in red laid over the query in cyan: what is the same turns grey."""
    under = np.asarray(query.convert("L"))
    if comparison.transform is None:
        return query
    matrix = _matrix_between(comparison.transform, reference, query)
    grey = np.asarray(reference.convert("L"))
    laid = cv2.warpAffine(grey, matrix, query.size, borderValue=255)
    inside = cv2.warpAffine(np.full(grey.shape, 255, np.uint8), matrix, query.size) > 127
    red = np.where(inside, laid, under)
    return Image.fromarray(np.dstack([red, under, under]).astype(np.uint8))


def _matrix_between(transform: Transform, reference: Image.Image, query: Image.Image) -> NDArray[np.float64]:
    """Return the map for these two pictures; it was measured on larger or smaller ones of the same shape."""
    matrix = np.array(transform.matrix)
    of_query, of_reference = transform.query_size, transform.reference_size
    into = np.diag([query.width / of_query[0], query.height / of_query[1]])
    out_of = np.diag([of_reference[0] / reference.width, of_reference[1] / reference.height])
    return np.column_stack([into @ matrix[:, :2] @ out_of, into @ matrix[:, 2]])


def _mark(image: Image.Image, corners: Corners) -> None:
    """Draw an outline, given in fractions, onto the picture; what lies outside is cut off."""
    if len(corners) >= 3:
        points = [(x * image.width, y * image.height) for x, y in corners]
        ImageDraw.Draw(image).line([*points, points[0]], FOUND, 3)


def _with_words(image: Image.Image, comparison: Comparison, title: str) -> Image.Image:
    """Return the picture with its title above and the score and reasons below."""
    kind = "likely copy" if comparison.lane == "copy" else "worth a look"
    lines = [f"Score {comparison.score:.3f}: {kind}", *(reason.says for reason in comparison.reasons)]
    width = max(image.width, *(round(_type(17).getlength(line)) for line in (title, *lines))) + 2 * GAP_PX
    page = Image.new("RGB", (width, image.height + (len(lines) + 2) * LINE_PX + 2 * GAP_PX), PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((GAP_PX, GAP_PX // 2), title, INK, _type(20))
    page.paste(image, (GAP_PX, GAP_PX + LINE_PX))
    for number, line in enumerate(lines):
        draw.text((GAP_PX, GAP_PX + (number + 1) * LINE_PX + image.height + GAP_PX // 2), line, INK, _type(17))
    return page


def _opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def _at_one_scale(
    query: Image.Image, reference: Image.Image, comparison: Comparison
) -> tuple[Image.Image, Image.Image]:
    """Return both pictures so that the same drawing has the same size in both, as far as the page allows."""
    left = _sized(query, SIDE_PX)
    if comparison.transform is None:
        return left, _sized(reference, SIDE_PX)
    matrix = _matrix_between(comparison.transform, reference, left)
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    return left, _sized(reference, min(LARGEST_PX, max(SMALLEST_PX, zoom * max(reference.size))))


def _sized(image: Image.Image, long_side_px: float) -> Image.Image:
    scale = long_side_px / max(image.size)
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@functools.cache
def _type(pixels: int) -> ImageFont.FreeTypeFont:
    """Return Noto Sans JP, which the dependencies bring along: names of works may be Japanese."""
    package = find_spec("justmytype_intl_cjk")
    folder = Path(str(package.origin)).parent if package else Path()
    font = ImageFont.truetype(str(folder / "fonts" / "ofl" / "notosansjp" / "NotoSansJP[wght].ttf"), pixels)
    font.set_variation_by_axes([WEIGHT])
    return font
