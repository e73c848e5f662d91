"""Pages that explain a match to somebody who has never seen mekiki, in English and Japanese: where two pictures lie in
each other and agree, or when two films do; with the sentence of every signal, and the files it was measured on.

Opens no captured file: pixels come from a decoding child.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, ImageDraw

from dashboard import dictionary, exhibit, phrases, sheet
from dashboard.dictionary import Say
from dashboard.exhibit import Exhibit
from dashboard.laid_over import Size
from dashboard.sheet import QUIET, TEXT, Look
from matcher.interface import Comparison, Segment

PAGE_PX, MARGIN_PX = 1560, 44  # of the page without its margin, and the margin
PAIR_PX = 980  # how high a pair may be
COLUMN_PX, COLUMN_HIGH_PX = 760, 1500  # how wide and high it may be in a column of its own
PARTS_PX = 820  # how high the drawings of the same part may be, together
MOST_PART_PX = 640  # of the shorter side of one of them
CELL_PX = 230  # the least width of a drawing with its caption
GAP_PX = 28
BAR_PX, BARS_PX = 26, (50, 170)  # how high the bar of a film is, and where the two begin
FOUND, OURS = exhibit.SEEN, exhibit.OURS
HEADING, NAME = Look(15, 620), Look(22, 620)
SEEN_HEADING, OURS_HEADING = HEADING.but(colour=FOUND), HEADING.but(colour=OURS)
NOTE, SMALL = Look(14, 420, sheet.SOFT), Look(13, 420, sheet.SOFT)
ENGLISH, JAPANESE = dictionary.of("en"), dictionary.of("ja")

Said = Callable[[Say], str]  # a sentence, given the way to say it in one language


@dataclass(frozen=True)
class Named:
    """What a page calls the two sides, and its small print."""

    seen: str
    work: str
    asset: str
    reference: str
    notes: tuple[str, ...] = ()  # files, hashes, versions


def pictures(shown: Exhibit, named: Named) -> bytes:
    """Return a PNG that explains a match of two pictures."""
    pair_room, column_room = (PAGE_PX, PAIR_PX), (COLUMN_PX, COLUMN_HIGH_PX)
    stands, in_column = exhibit.standing(shown, pair_room), exhibit.standing(shown, column_room)
    if in_column.scale > stands.scale:  # strips: high and narrow, so the rest of the page fits beside them
        pair = _captioned_pair(shown, column_room)
        rest = _parts(shown, (PAGE_PX - pair.width - 2 * GAP_PX, COLUMN_HIGH_PX - 160))
        body = [sheet.beside([pair, rest], 2 * GAP_PX)]
    else:
        body = [_captioned_pair(shown, pair_room), sheet.rule(PAGE_PX), _parts(shown, (PAGE_PX, PARTS_PX))]
    return _page(shown.comparison, named, body)


def timeline(comparison: Comparison, lengths_s: tuple[float, float], named: Named) -> bytes:
    """Return a PNG that explains a match of two films: both as bars on one scale of seconds, what matches joined by
    bands. `lengths_s`: query, reference."""
    segments = sorted(comparison.segments, key=lambda segment: segment.query_start_s)
    longest = max(*lengths_s, *(max(s.query_end_s, s.reference_end_s) for s in segments), 1.0)
    scale = (PAGE_PX - 2) / longest
    image = Image.new("RGB", (PAGE_PX, 260), sheet.PAPER)
    draw = ImageDraw.Draw(image)
    for top, length_s in zip(BARS_PX, lengths_s, strict=True):
        draw.rectangle((0, top, length_s * scale, top + BAR_PX), fill=sheet.LINE, outline=sheet.SOFT)
    for segment in segments:
        _band(draw, segment, scale)
    seen, ours = both(lambda say: say("Seen")), both(lambda say: say("Our reference"))
    image.paste(sheet.words(f"{seen} · {clock_time(lengths_s[0])}", PAGE_PX, SEEN_HEADING), (0, 0))
    image.paste(sheet.words(f"{ours} · {clock_time(lengths_s[1])}", PAGE_PX, OURS_HEADING), (0, BARS_PX[1] + 54))
    _times(image, [(one.query_start_s, one.query_end_s) for one in segments], scale, BARS_PX[0] - 22)
    _times(image, sorted((one.reference_start_s, one.reference_end_s) for one in segments), scale, BARS_PX[1] + 30)
    return _page(comparison, named, [image])


def clock_time(seconds: float) -> str:
    """Return seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def both(said: Said) -> str:
    """Return a short text in English and Japanese, on one line."""
    return f"{said(ENGLISH.say)} · {said(JAPANESE.say)}"


def _told(said: Said, width: int, look: Look = TEXT) -> Image.Image:
    """Return a sentence in English with the Japanese below it."""
    japanese = look.but(colour=sheet.SOFT, weight=min(look.weight, 450))
    return sheet.stacked(
        [sheet.words(said(ENGLISH.say), width, look), sheet.words(said(JAPANESE.say), width, japanese)]
    )


def _page(comparison: Comparison, named: Named, body: Sequence[Image.Image]) -> bytes:
    blocks = [_header(comparison, named), sheet.rule(PAGE_PX), *body]
    blocks += [sheet.rule(PAGE_PX), _reasons(comparison), sheet.rule(PAGE_PX)]
    blocks += [sheet.stacked([sheet.words(note, PAGE_PX, SMALL) for note in named.notes])] if named.notes else []
    return sheet.png(sheet.framed(sheet.stacked(blocks, GAP_PX), MARGIN_PX))


def _header(comparison: Comparison, named: Named) -> Image.Image:
    right = 470
    left = PAGE_PX - right - 2 * GAP_PX
    is_same = PurePath(named.reference).stem == named.asset  # a file alone is an asset of its name
    of = " · ".join([named.work, *([] if is_same else [named.asset]), named.reference])
    sides = [
        (lambda say: say("Seen"), named.seen, FOUND),
        (lambda say: say("Our reference"), of, OURS),
    ]
    names = [
        sheet.stacked([sheet.words(both(heading), left, HEADING.but(colour=colour)), sheet.words(name, left, NAME)], 2)
        for heading, name, colour in sides
    ]
    block = sheet.beside([sheet.widened(sheet.stacked(names, 16), left), _verdict(comparison, right)], 2 * GAP_PX)
    return sheet.widened(block, PAGE_PX)


def _verdict(comparison: Comparison, width: int) -> Image.Image:
    is_copy = comparison.lane == "copy"
    lane = (lambda say: say("Likely copy")) if is_copy else (lambda say: say("Worth a look"))
    score = phrases.score(comparison.score)
    share = min(int(comparison.score * 1000), 999)
    line = sheet.beside([
        sheet.words(score, width, Look(40, 650, FOUND if is_copy else sheet.OCHRE)),
        sheet.pill(both(lane), FOUND if is_copy else sheet.OCHRE, 15),
    ], 18, is_centred=True)  # fmt: skip
    means = _told(
        lambda say: say("Of 1,000 pairs with this score, about %(share)s really hold the reference.", share=share),
        width, Look(15),
    )  # fmt: skip
    return sheet.stacked([line, means], 4)


def _reasons(comparison: Comparison) -> Image.Image:
    """Return the sentence of every signal, in both languages."""
    blocks = [sheet.words(both(lambda say: say("Why")), PAGE_PX, HEADING)]
    for reason in comparison.reasons:
        lines = [sheet.words(reason.says, PAGE_PX - 30, TEXT)]
        japanese = JAPANESE.retell(reason.says)
        if japanese != reason.says:
            lines.append(sheet.words(japanese, PAGE_PX - 30, QUIET.but(pixels=16)))
        bullet = Image.new("RGB", (14, 26), sheet.PAPER)
        ImageDraw.Draw(bullet).rectangle((0, 9, 5, 14), FOUND if comparison.lane == "copy" else sheet.OCHRE)
        blocks.append(sheet.beside([bullet, sheet.stacked(lines)], 4))
    return sheet.stacked(blocks, 8)


def _captioned_pair(shown: Exhibit, room: Size) -> Image.Image:
    stands = exhibit.standing(shown, room)
    seen, ours = both(lambda say: say("Seen")), both(lambda say: say("Our reference"))
    if shown.comparison.transform is not None and shown.comparison.transform.is_mirrored:
        mirrored = both(lambda say: say("mirrored"))
        seen = f"{seen} ({mirrored})"
    if shown.ours is None:
        absent = both(lambda say: say("its pixels are with the studio"))
        ours = f"{ours} ({absent})"
    drawing, key = exhibit.joined(shown, room), _key(shown, max(room[0] // 2, stands.seen[0] + stands.ours[0]))
    if stands.is_stacked:
        names = [sheet.words(f"↑ {seen}", room[0], SEEN_HEADING), sheet.words(f"↓ {ours}", room[0], OURS_HEADING)]
        return sheet.stacked([sheet.beside(names, GAP_PX), drawing, key], 10)
    left, right = sheet.words(seen, stands.seen[0], SEEN_HEADING), sheet.words(ours, stands.ours[0], OURS_HEADING)
    captions = sheet.beside([sheet.widened(left, stands.seen[0]), right], exhibit.GAP_PX)
    return sheet.stacked([captions, drawing, key], 10)


def _key(shown: Exhibit, width: int) -> Image.Image:
    """Return what the lines and outlines of a pair mean."""
    rows = [
        (exhibit.JOINED, both(lambda say: say("points that both pictures have, joined"))),
        (FOUND, both(lambda say: say("where the reference lies"))),
        (OURS, both(lambda say: say("the part of it that was seen"))),
    ]
    swatches = []
    for colour, text in rows if len(shown.pairs) else rows[1:]:
        mark = Image.new("RGB", (26, 20), sheet.PAPER)
        ImageDraw.Draw(mark).line((0, 10, 26, 10), colour, 3)
        swatches.append(sheet.beside([mark, sheet.words(text, width - 40, NOTE)], 8, is_centred=True))
    return sheet.flowing(swatches, width, 28)


def _parts(shown: Exhibit, room: Size) -> Image.Image:
    """Return the drawings of the same part of both pictures, as large as they fit, each with its caption."""
    count = 1 + 2 * (shown.ours is not None) + (shown.blocks is not None)
    size, columns = _grid(count, exhibit.shape_of_part(shown), room)
    cells = _cells(shown, size)
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    return sheet.stacked([sheet.beside(row, GAP_PX) for row in rows], GAP_PX)


def _grid(count: int, shape: float, room: Size) -> tuple[Size, int]:
    """Return how large so many drawings of one shape may be, and in how many columns they are largest."""
    best = (0.0, 1)
    for columns in {1, min(2, count), count}:
        across = (room[0] - GAP_PX * (columns - 1)) / columns
        if across >= CELL_PX or columns == 1:
            best = max(best, (min(across, room[1] / -(-count // columns) * shape), columns))
    across = min(best[0], MOST_PART_PX * max(1.0, shape))
    return (max(1, round(across)), max(1, round(across / shape))), best[1]


def _cells(shown: Exhibit, size: Size) -> list[Image.Image]:
    drawings = exhibit.same_part(shown, size)
    cells = [_cell(lambda say: say("The same part, as seen"), drawings.seen)]
    if drawings.ours is not None:
        cells.append(_cell(lambda say: say("The reference, laid the same way"), drawings.ours))
    if drawings.overlay is not None:
        cells.append(_cell(lambda say: say("One laid over the other"), drawings.overlay, lambda say: say(
            "Grey is the same in both; red and blue are not."
        )))  # fmt: skip
    if drawings.agreement is not None:  # the numbers are in the sentence of the signal, as they were counted
        cells.append(_cell(lambda say: say("Where the drawings agree"), drawings.agreement, lambda say: say(
            "Green blocks agree; red ones, crossed, do not; pale ones are too plain to say."
        )))  # fmt: skip
    return cells


def _cell(caption: Said, drawing: Image.Image, note: Said | None = None) -> Image.Image:
    width = max(drawing.width, CELL_PX)
    lines = [_told(caption, width, HEADING), sheet.edged(drawing)]
    lines += [_told(note, width, NOTE)] if note else []
    return sheet.widened(sheet.stacked(lines, 8), width)


def _band(draw: ImageDraw.ImageDraw, segment: Segment, scale: float) -> None:
    above = (segment.query_start_s * scale, segment.query_end_s * scale)
    below = (segment.reference_start_s * scale, segment.reference_end_s * scale)
    upper, lower = BARS_PX[0] + BAR_PX, BARS_PX[1]
    draw.polygon([(above[0], upper), (above[1], upper), (below[1], lower), (below[0], lower)], fill=(247, 226, 221))
    draw.rectangle((above[0], BARS_PX[0], above[1], upper), fill=FOUND)
    draw.rectangle((below[0], lower, below[1], lower + BAR_PX), fill=OURS)


def _times(image: Image.Image, spans_s: Sequence[tuple[float, float]], scale: float, top: int) -> None:
    """Write when each stretch begins and ends, where there is room beside the one before."""
    free = 0
    for start_s, end_s in spans_s:
        label = sheet.words(f"{clock_time(start_s)}-{clock_time(end_s)}", PAGE_PX, SMALL.but(colour=sheet.INK))
        left = min(round(start_s * scale), PAGE_PX - label.width)
        if left >= free:
            image.paste(label, (left, top))
            free = left + label.width + 8
