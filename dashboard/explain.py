"""Pages that explain a match to somebody who has never seen mekiki, in English and Japanese: where two pictures lie in
each other and agree, or when two films do; with the sentence of every signal, and the files it was measured on.

Opens no captured file: pixels come from a decoding child.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, ImageDraw

from dashboard import exhibit, film_exhibit, phrases, sheet
from dashboard.bilingual import Said, both, retold, told
from dashboard.exhibit import Exhibit
from dashboard.film_exhibit import FilmExhibit
from dashboard.laid_over import Size
from dashboard.sheet import Look
from matcher.interface import Comparison

PAGE_PX, MARGIN_PX = 1560, 44  # of the page without its margin, and the margin
PAIR_PX = 980  # how high a pair may be
COLUMN_PX, COLUMN_HIGH_PX = 760, 1500  # how wide and high it may be in a column of its own
PARTS_PX = 820  # how high the drawings of the same part may be, together
MOST_PART_PX = 640  # of the shorter side of one of them
CELL_PX = 230  # the least width of a drawing with its caption
GAP_PX = 28
FOUND, OURS = exhibit.SEEN, exhibit.OURS
HEADING, NAME = Look(15, 620), Look(22, 620)
SEEN_HEADING, OURS_HEADING = HEADING.but(colour=FOUND), HEADING.but(colour=OURS)
NOTE, SMALL = Look(14, 420, sheet.SOFT), Look(13, 420, sheet.SOFT)


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


def films(shown: FilmExhibit, named: Named) -> bytes:
    """Return a PNG that explains a match of two films: both as bars, what matches joined by ribbons, and pairs of
    frames from the strongest stretches."""
    blocks = [film_exhibit.bars(shown, PAGE_PX)]
    if len(shown.strongest) < len(shown.stretches):
        blocks.append(told(lambda say: say(
            "Shown below: the %(some)s strongest of %(all)s matching stretches.",
            some=len(shown.strongest), all=len(shown.stretches),
        ), PAGE_PX, NOTE))  # fmt: skip
    for number in shown.strongest:
        blocks += [sheet.rule(PAGE_PX), film_exhibit.stretch(shown, number, PAGE_PX)]
    return _page(shown.comparison, named, blocks)


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
    means = told(
        lambda say: say("Of 1,000 pairs with this score, about %(share)s really hold the reference.", share=share),
        width, Look(15),
    )  # fmt: skip
    return sheet.stacked([line, means], 4)


def _reasons(comparison: Comparison) -> Image.Image:
    """Return the sentence of every signal, in both languages."""
    blocks = [sheet.words(both(lambda say: say("Why")), PAGE_PX, HEADING)]
    for reason in comparison.reasons:
        bullet = Image.new("RGB", (14, 26), sheet.PAPER)
        ImageDraw.Draw(bullet).rectangle((0, 9, 5, 14), FOUND if comparison.lane == "copy" else sheet.OCHRE)
        blocks.append(sheet.beside([bullet, retold(reason.says, PAGE_PX - 30)], 4))
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
    lines = [told(caption, width, HEADING), sheet.edged(drawing)]
    lines += [told(note, width, NOTE)] if note else []
    return sheet.widened(sheet.stacked(lines, 8), width)
