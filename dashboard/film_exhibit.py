"""The drawings that show a match of two films: both as bars joined by ribbons, and frames of both at the same moments.

Takes pixels that a decoding child made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

from dashboard import exhibit, laid_over, sheet, timeline
from dashboard.bilingual import both, retold, told
from dashboard.laid_over import Corners, Pixels
from dashboard.sheet import Colour, Look
from dashboard.timeline import Stretch, Timeline
from matcher import alterations
from matcher.interface import Comparison

FOUND, OURS = exhibit.SEEN, exhibit.OURS
RIBBON = (143, 137, 124, 60)  # the console's edge, see-through where ribbons cross
FINE = 3  # times as large ribbons are drawn, so that their edges are smooth
HIGH_PX, BAR_PX, FOUND_Y, OURS_Y = 316, 26, 82, 208  # of the two bars: the whole, one bar, where each begins
MARK_PX = 6
ALONG, APART_PX = (0.5, 0.24, 0.76), 32  # where on its ribbon a number stands, and how far from the next one at least
MOST_SHOWN = 6  # stretches with frames of their own
COLUMNS, GAP_PX, TIE_PX = 4, 14, 10  # frames side by side, and between those that show the same
HIGHEST_PX = 240  # of a frame; one of a phone's film would fill the page
TEXT_PX = 340  # of the words beside the frames
BRIEF_S = 40.0  # the frames of a shorter stretch stand so close that their times need tenths
FOUND_HEADING, OURS_HEADING = Look(15, 620, FOUND), Look(15, 620, OURS)
TIME, SMALL, SOFT = Look(21, 600), Look(13, 450), Look(13, 420, sheet.SOFT)


@dataclass(frozen=True)
class Moment:
    """One moment of a stretch, as both films show it."""

    found_s: float
    ours_s: float
    found: Pixels | None  # None: it could not be decoded
    ours: Pixels | None  # None: neither here nor decoded


@dataclass(frozen=True)
class FilmExhibit:
    """Everything that can be shown of one match of two films or sounds."""

    comparison: Comparison
    stretches: tuple[Stretch, ...]  # in the order they are played
    lengths_s: tuple[float, float]  # of what was seen, of ours
    moments: Mapping[int, tuple[Moment, ...]]  # by the number of the stretch; none of sounds
    is_held: bool  # False: the pixels of ours never left the studio

    @cached_property
    def strongest(self) -> tuple[int, ...]:
        """The numbers of the stretches that are shown one by one."""
        return timeline.strongest(self.stretches, MOST_SHOWN)

    @cached_property
    def line(self) -> Timeline:
        """Both films as bars."""
        return timeline.lay_out(self.stretches, *self.lengths_s)


def frames_of_each(count: int) -> int:
    """Return how many moments are shown of each of so many stretches."""
    return 5 if count == 1 else COLUMNS if count <= 3 else COLUMNS - 1


def bars(shown: FilmExhibit, width: int) -> Image.Image:
    """Return both films as bars of one length, each with its own scale of time, and a ribbon from what was copied to
    where it comes from. The stretches that are shown one by one below carry their numbers."""
    line = shown.line
    image = Image.new("RGB", (width * FINE, HIGH_PX * FINE), sheet.PAPER)
    draw = ImageDraw.Draw(image, "RGBA")
    for top, length_s in ((FOUND_Y, line.found_s), (OURS_Y, line.ours_s)):
        _box(draw, (0, top, width - 1, top + BAR_PX), sheet.LINE)
        for at_s in timeline.marks(length_s):
            x = min(at_s / length_s * width, width - 1)
            edge = top - MARK_PX if top == FOUND_Y else top + BAR_PX
            _box(draw, (x, edge, x + 1, edge + MARK_PX), sheet.SOFT)
    joins = [_ribbon(draw, shown, number, width) for number in range(len(shown.stretches))]
    image = image.reduce(FINE)
    _number(image, {number + 1: joins[number] for number in shown.strongest})
    _captions(image, shown, width)
    return image


def stretch(shown: FilmExhibit, number: int, width: int) -> Image.Image:
    """Return one stretch: its seconds on both sides, its speed and what was done to it, beside frames of both."""
    one, moments = shown.stretches[number], shown.moments.get(number, ())
    if not moments:
        return sheet.widened(_facts(one, number, width), width)
    columns = max(COLUMNS, len(moments))
    across = (width - TEXT_PX - 2 * GAP_PX - GAP_PX * (columns - 1)) // columns
    frames = _frames(one, moments, across, is_held=shown.is_held)
    beside = width - frames.width - 2 * GAP_PX
    return sheet.beside([sheet.widened(_facts(one, number, beside), beside), frames], 2 * GAP_PX)


def _ribbon(draw: ImageDraw.ImageDraw, shown: FilmExhibit, number: int, width: int) -> tuple[float, float]:
    """Draw a stretch on both bars, and what joins them; return the ribbon's middle on the upper and the lower bar."""
    ribbon, scale = shown.line.ribbons[number], width / timeline.WIDTH
    left, right = ribbon.found_x * scale, (ribbon.found_x + ribbon.found_width) * scale
    start, end = ribbon.ours_x * scale, (ribbon.ours_x + ribbon.ours_width) * scale
    upper, lower = FOUND_Y + BAR_PX, OURS_Y
    far = [(start, lower), (end, lower)] if shown.stretches[number].is_backwards else [(end, lower), (start, lower)]
    draw.polygon([(x * FINE, y * FINE) for x, y in ((left, upper), (right, upper), *far)], RIBBON)
    _box(draw, (left, FOUND_Y, right - 1, upper), FOUND)
    _box(draw, (start, lower, end - 1, lower + BAR_PX), OURS)
    return (left + right) / 2, (start + end) / 2


def _box(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: Colour) -> None:
    draw.rectangle(tuple(round(side * FINE) for side in box), colour)


def _number(image: Image.Image, joins: Mapping[int, tuple[float, float]]) -> None:
    """Write the number of each ribbon on it, where it touches no other number if there is such a place."""
    taken: list[tuple[float, float]] = []
    for number, (upper, lower) in joins.items():
        places = [
            (upper + (lower - upper) * along, FOUND_Y + BAR_PX + (OURS_Y - FOUND_Y - BAR_PX) * along) for along in ALONG
        ]
        place = next((one for one in places if all(math.dist(one, other) > APART_PX for other in taken)), places[0])
        taken.append(place)
        _badge(image, number, place)


def _badge(image: Image.Image, number: int, centre: tuple[float, float]) -> None:
    pill = sheet.pill(str(number), sheet.INK, 14)
    mask = Image.new("L", (pill.width * 4, pill.height * 4))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), mask.height // 2, 255)
    at = (round(centre[0] - pill.width / 2), round(centre[1] - pill.height / 2))
    image.paste(pill, (min(max(0, at[0]), image.width - pill.width), at[1]), mask.resize(pill.size))


def _captions(image: Image.Image, shown: FilmExhibit, width: int) -> None:
    """Write which film each bar is, the marks along it, and when its stretches begin and end where there is room."""
    seen, ours = both(lambda say: say("Seen")), both(lambda say: say("Our reference"))
    line = shown.line
    end = OURS_Y + BAR_PX
    for text, length_s, look, top in (
        (seen, line.found_s, FOUND_HEADING, 0), (ours, line.ours_s, OURS_HEADING, HIGH_PX - 24),
    ):  # fmt: skip
        image.paste(sheet.words(f"{text} · {timeline.clock_time(length_s)}", width, look), (0, top))
    for length_s, top in ((line.found_s, FOUND_Y - MARK_PX - 18), (line.ours_s, end + MARK_PX)):
        places = [(at_s / length_s * width, timeline.clock_time(at_s)) for at_s in timeline.marks(length_s)]
        _written(image, places, top, SOFT)
    for side, length_s, top, look in (
        (0, line.found_s, FOUND_Y - MARK_PX - 38, SMALL.but(colour=FOUND)),
        (1, line.ours_s, end + MARK_PX + 20, SMALL.but(colour=OURS)),
    ):
        middles = [sum((one.found, one.ours)[side]) / 2 / length_s * width for one in shown.stretches]
        _written(image, sorted(zip(middles, (one.spans[side] for one in shown.stretches), strict=True)), top, look)


def _written(image: Image.Image, places: Sequence[tuple[float, str]], top: int, look: Look) -> None:
    """Write each text centred on its place, those that would touch the one before left out."""
    free = 0
    for x, text in places:
        label = sheet.words(text, image.width, look)
        left = min(max(0, round(x - label.width / 2)), image.width - label.width)
        if left >= free:
            image.paste(label, (left, top))
            free = left + label.width + 10


def _facts(one: Stretch, number: int, width: int) -> Image.Image:
    seen, ours = both(lambda say: say("Seen")), both(lambda say: say("Our reference"))
    speed = both(lambda say: say("Played backwards, speed") if one.is_backwards else say("Speed"))
    length = f"{abs(one.length_s):.1f} s"
    lines = [
        sheet.pill(str(number + 1), sheet.INK, 15),
        sheet.stacked([sheet.words(seen, width, FOUND_HEADING), sheet.words(one.spans[0], width, TIME)]),
        sheet.stacked([sheet.words(ours, width, OURS_HEADING), sheet.words(one.spans[1], width, TIME)]),
        sheet.words(f"{length} · {speed} {abs(one.speed):.2f}×", width, SMALL),
    ]
    return sheet.stacked([*lines, *(retold(sentence, width, Look(15)) for sentence in one.says)], 9)


def _frames(one: Stretch, moments: Sequence[Moment], across: int, *, is_held: bool) -> Image.Image:
    """Return the frames of both films, those of one moment below each other."""
    has_tenths = abs(one.length_s) < BRIEF_S
    drawn = (one.altered.outline, one.altered.window) if one.altered else ((), ())
    outline, window = (() if alterations.is_whole(corners) else corners for corners in drawn)
    cells = []
    for each in moments:
        found = _frame(each.found, across, outline, FOUND)
        times = [timeline.clock_time(at_s, has_tenths=has_tenths) for at_s in (each.found_s, each.ours_s)]
        cell = [sheet.words(times[0], across, SMALL.but(colour=FOUND, weight=600)), found]
        if is_held:
            cell += [_tie(), _frame(each.ours, across, window, OURS)]
        cell.append(sheet.words(times[1], across, SMALL.but(colour=OURS, weight=600)))
        cells.append(sheet.stacked(cell, 2, is_centred=True))
    frames = sheet.beside([_centred(cell, across) for cell in cells], GAP_PX)
    if is_held:
        return frames
    absent = told(
        lambda say: say("Only fingerprints of this reference are here; its pixels never left the studio."),
        frames.width, SOFT,
    )  # fmt: skip
    return sheet.stacked([frames, absent], 8)


def _frame(pixels: Pixels | None, across: int, corners: Corners, colour: Colour) -> Image.Image:
    if pixels is None:
        return sheet.edged(Image.new("RGB", (across, across * 9 // 16), exhibit.ABSENT))
    scale = min(across / pixels.shape[1], HIGHEST_PX / pixels.shape[0])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    drawing = laid_over.outlined(laid_over.resized(pixels, size), corners, colour)
    return sheet.edged(Image.fromarray(np.ascontiguousarray(drawing)))


def _tie() -> Image.Image:
    return Image.new("RGB", (2, TIE_PX), exhibit.JOINED)


def _centred(block: Image.Image, width: int) -> Image.Image:
    page = Image.new("RGB", (width, block.height), sheet.PAPER)
    page.paste(block, ((width - block.width) // 2, 0))
    return page
