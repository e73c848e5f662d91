"""What was burnt into the picture of a copied film: logos that stay, text that changes along an edge. Pure.

Frames of the copy are held against the same moments of the original. Compression, other colours and a little movement
differ too, but not by much, not there every time, or not in the shape of letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.interface import Box

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Kind = Literal["logo", "subtitles"]
_Pixels = tuple[int, int, int, int]  # left, top, right, bottom; the last two exclusive

LONG_SIDE_PX = 320  # of the frames; the sizes below are meant for it
LEAST_PAIRS = 4  # that agree apart from what was burnt in; with fewer nothing is said
REACH_PX = 3  # a pixel of the copy may come from this far in the original: movement, blur, a map a little off
STRONG = 22  # grey levels outside of what the original has within reach
MOST_MIXED = 90  # grey levels within reach: there nearly every grey fits, so the pixel is not asked
MOST_DIFFERING, LEAST_LIKE = 0.3, 0.6  # share of pixels, correlation: beyond, the pair shows two moments
NEARLY_ALWAYS = 0.75  # of the pairs that can tell
LEAST_AREA = 0.001  # of the frame
JOIN = 0.025  # of the long side: letters of one logo, words of one line
EDGE = 0.38  # of the height, from above and from below, where subtitles stand
LEAST_WIDE, LEAST_HIGH, MOST_HIGH = 0.08, 0.02, 0.22  # of a line or two of text, as shares of the frame
LEAST_CONTRAST = 60  # grey levels between letters and their ground
LEAST_STROKES = 0.4  # changes between light and dark along a line of text, per square of its height
LEAST_TEXTS, OFTEN = 2, 0.25  # frames with text in one place; the share of them
# What two texts share beyond chance: .85 and more by one logo on sixteen films, .45 at most by lines of subtitles.
SAME_LETTERS, LEAST_STAYING = 0.6, 3  # and in how many frames, for it to be a logo
OVERLAP = 0.4  # of the lower of two lines: they stand in one place


@dataclass(frozen=True)
class Pair:
    """One moment: the copy, and the original laid into its frame."""

    copy: Grey
    original: Grey
    inside: Mask  # where the original lies


@dataclass(frozen=True)
class Area:
    """A part of the copy's picture that was put over the original's."""

    kind: Kind
    box: Box


def laid(copy: Grey, original: Grey, corners: NDArray[np.float32]) -> Pair:
    """Lay the original's frame into the copy's, its corners (from the top left, clockwise) at these fractions of it,
    and then fit it more closely (ECC, Evangelidis and Psarakis 2008): corners are known to a few pixels only."""
    larger = LONG_SIDE_PX / max(copy.shape)
    if larger > 1:  # all sizes here are meant for frames of one size
        copy = np.asarray(cv2.resize(copy, None, fx=larger, fy=larger, interpolation=cv2.INTER_LINEAR), np.uint8)
    height, width = copy.shape
    rows, columns = original.shape
    own = np.array([(0, 0), (columns, 0), (columns, rows)], np.float32)
    matrix = cv2.getAffineTransform(own, corners[:3] * np.array([width, height], np.float32))
    shrink = min(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if shrink < 0.9:  # averaged, not thinned out
        original = np.asarray(cv2.GaussianBlur(original, (0, 0), 0.4 / shrink), np.uint8)
    rough = _warped(copy, original, np.asarray(matrix, np.float64))
    fitted = _fitted(rough, np.asarray(matrix, np.float64))
    if fitted is None:
        return rough
    closer = _warped(copy, original, fitted)
    return closer if likeness(closer) > likeness(rough) else rough


def _warped(copy: Grey, original: Grey, matrix: NDArray[np.float64]) -> Pair:
    height, width = copy.shape
    lying = cv2.warpAffine(original, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    whole = cv2.warpAffine(np.full(original.shape, 255, np.uint8), matrix, (width, height))
    edge = np.ones((2 * REACH_PX + 1, 2 * REACH_PX + 1), np.uint8)
    return Pair(copy, np.asarray(lying, np.uint8), np.asarray(cv2.erode(whole, edge) > 127))


def _fitted(pair: Pair, matrix: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the map after a small affine correction; None when none is found."""
    if pair.inside.mean() < 0.05:
        return None
    start = np.eye(2, 3, dtype=np.float32)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-3)
    try:
        _, step = cv2.findTransformECC(
            pair.copy, pair.original, start, cv2.MOTION_AFFINE, until, pair.inside.astype(np.uint8), 5
        )
    except cv2.error:  # it did not converge: plain, or another picture
        return None
    back = cv2.invertAffineTransform(step.astype(np.float64))  # ECC maps the copy into what was laid
    whole = np.vstack([back, [0, 0, 1]]) @ np.vstack([matrix, [0, 0, 1]])
    return np.asarray(whole[:2])


def likeness(pair: Pair) -> float:
    """Return how alike both pictures are where the original lies: their correlation; 0 when there is nothing to see."""
    if not pair.inside.any():
        return 0.0
    one, other = pair.copy[pair.inside].astype(np.float32), pair.original[pair.inside].astype(np.float32)
    if one.std() < 2 or other.std() < 2:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def areas(pairs: Sequence[Pair]) -> tuple[Area, ...] | None:
    """Return what was burnt in, logos first; None when too few pairs show the same moment to say anything.

    All pairs must be of one size.
    """
    looked = [_Look(pair) for pair in pairs]
    agreeing = [look for look in looked if look.agrees]
    if len(agreeing) < LEAST_PAIRS:
        return None
    always = _always(agreeing)
    texts = _texts(agreeing)
    for text in texts:  # where every line of text has a letter, something differs every time
        always[_within(text.box)] = False
    logos = [text.box for text in texts if text.stays] + [box for box, _ in _joined(always, JOIN, JOIN)]
    changing = [text.box for text in texts if not text.stays]
    found = [Area("logo", _fraction(box, always.shape)) for box in logos]
    return tuple(found + [Area("subtitles", _fraction(box, always.shape)) for box in changing])


def differing(pair: Pair) -> float:
    """Return the share of the original's place where the copy shows something else."""
    return _Look(pair).share


class _Look:
    """One pair, looked at: where the copy shows what the original cannot."""

    def __init__(self, pair: Pair) -> None:
        self.copy = pair.copy
        kernel = np.ones((2 * REACH_PX + 1, 2 * REACH_PX + 1), np.uint8)
        seen = cv2.GaussianBlur(pair.copy, (3, 3), 0).astype(np.float32)
        ours = _recoloured(pair)
        low, high = cv2.erode(ours, kernel), cv2.dilate(ours, kernel)
        self.tells = pair.inside & (high - low <= MOST_MIXED)
        outside = np.maximum(low - seen, seen - high)
        self.differs = pair.inside & (outside > STRONG)
        self.share = float(self.differs.sum() / max(1, pair.inside.sum()))
        self.agrees = self.share <= MOST_DIFFERING and likeness(pair) >= LEAST_LIKE


def _recoloured(pair: Pair) -> NDArray[np.float32]:
    """Return the original in the copy's brightness and contrast, found without what differs."""
    ours = cv2.GaussianBlur(pair.original, (3, 3), 0).astype(np.float32)
    one, other = ours[pair.inside], pair.copy[pair.inside].astype(np.float32)
    gain, bias = 1.0, 0.0
    keep = np.ones(one.shape, bool)
    for _ in range(3):
        if keep.sum() < 50 or one[keep].std() < 2:
            break
        gain, bias = (float(each) for each in np.polyfit(one[keep], other[keep], 1))
        off = np.abs(other - (gain * one + bias))
        keep = off <= max(8.0, 2.5 * float(np.median(off)))
    gain = min(1.6, max(0.6, gain))
    return np.asarray(np.clip(gain * ours + bias, 0, 255), np.float32)


def _always(looks: Sequence[_Look]) -> Mask:
    """Return where nearly all pairs that can tell differ."""
    differs = np.sum([look.differs for look in looks], axis=0)
    can_tell = np.sum([look.tells | look.differs for look in looks], axis=0)
    return np.asarray((differs >= NEARLY_ALWAYS * can_tell) & (differs >= max(LEAST_PAIRS - 1, len(looks) / 2)))


@dataclass(frozen=True)
class _Text:
    """Text in one place of several frames."""

    box: _Pixels
    stays: bool  # the same letters all the time: a logo


def _texts(looks: Sequence[_Look]) -> list[_Text]:
    """Return where text stands in several frames."""
    groups: list[list[tuple[int, _Pixels]]] = []
    for number, look in enumerate(looks):
        for line in _lines(look):
            group = next((each for each in groups if _one_place(line, each[-1][1])), None)
            if group is None:
                groups.append([(number, line)])
            else:
                group.append((number, line))
    needed = max(LEAST_TEXTS, OFTEN * len(looks))
    found = []
    for group in groups:
        numbers = sorted({number for number, _ in group})
        if len(numbers) >= needed:
            box = _around([line for _, line in group])
            letters = [looks[number].differs[_within(box)] for number in numbers]
            found.append(_Text(box, len(numbers) >= LEAST_STAYING and _is_same(letters)))
    return found


def _is_same(letters: Sequence[Mask]) -> bool:
    """Say whether it is the same text every time. On a light ground some of a light logo does not show, so the lesser
    of two is looked for in the other."""
    shared = []
    for one, other in combinations(letters, 2):
        lesser, larger = sorted((one, other), key=lambda each: int(each.sum()))
        by_chance = float(larger.mean())
        share = float((lesser & larger).sum() / max(1, lesser.sum()))
        shared.append((share - by_chance) / max(0.05, 1 - by_chance))
    return float(np.median(shared)) >= SAME_LETTERS


def _lines(look: _Look) -> list[_Pixels]:
    """Return the lines of text along the upper and lower edge of one frame."""
    height, width = look.copy.shape
    found = []
    for box, _ in _joined(look.differs, 0.05, 0.015):
        left, top, right, bottom = box
        across, down = (right - left) / width, (bottom - top) / height
        is_at_edge = bottom <= EDGE * height or top >= (1 - EDGE) * height
        is_a_line = across >= LEAST_WIDE and LEAST_HIGH <= down <= MOST_HIGH and right - left > bottom - top
        if is_at_edge and is_a_line and _is_lettered(look.copy[_within(box)]):
            found.append(box)
    return found


def _is_lettered(part: Grey) -> bool:
    """Say whether light and dark change along the part as often as letters make them: a thing that moved has few."""
    low, high = np.percentile(part, (4, 96)).tolist()
    if high - low < LEAST_CONTRAST:
        return False
    is_light = part > (low + high) / 2
    changes = (is_light[:, 1:] != is_light[:, :-1]).sum(axis=1)
    strokes = float(np.percentile(changes, 75))
    lines = max(1.0, part.shape[0] / (0.09 * part.shape[1] + 1))  # two lines of text are half as high each, at least
    squares = part.shape[1] / part.shape[0] * min(2.0, lines)
    return bool(strokes >= max(5.0, LEAST_STROKES * squares))


def _one_place(one: _Pixels, other: _Pixels) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    beside = min(one[2], other[2]) - max(one[0], other[0])
    return shared >= OVERLAP * min(one[3] - one[1], other[3] - other[1]) and beside > 0


def _joined(mask: Mask, across: float, down: float) -> list[tuple[_Pixels, int]]:
    """Return the boxes of what lies together, with how many pixels of each are set; specks are left out."""
    width = mask.shape[1]
    reach = (max(1, round(across * width)), max(1, round(down * width)))
    clean = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    wide = cv2.dilate(clean, np.ones((2 * reach[1] + 1, 2 * reach[0] + 1), np.uint8))
    count, labels = cv2.connectedComponents(wide)
    found = []
    for number in range(1, count):
        rows, columns = np.nonzero((labels == number) & (clean > 0))
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        if (box[2] - box[0]) * (box[3] - box[1]) >= LEAST_AREA * mask.size and len(rows) >= LEAST_AREA * mask.size / 2:
            found.append((box, len(rows)))
    return found


def _around(boxes: Sequence[_Pixels]) -> _Pixels:
    """Return the box around nearly all of these, so that one that caught something beside it does not count."""
    left, top, right, bottom = np.array(boxes).T
    return (
        round(float(np.quantile(left, 0.1))), round(float(np.quantile(top, 0.25))),
        round(float(np.quantile(right, 0.9))), round(float(np.quantile(bottom, 0.75))),
    )  # fmt: skip


def _within(box: _Pixels) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def _fraction(box: _Pixels, shape: tuple[int, ...]) -> Box:
    height, width = shape
    return Box(box[0] / width, box[1] / height, box[2] / width, box[3] / height)
