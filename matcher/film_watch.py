"""What of a film that was seen at a glance deserves a closer watch, and how its frames are to be straightened. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Laid, Watch
from fingerprints.kinds.film_pdq import CENTRES
from matcher.film_looks import Glimpse, Place

AROUND_S = 12.0  # before and after what was glimpsed
SETTLED_EDGE_S = 8.0  # of a settled stretch that is watched at either end
LEAST_SETTLED_S = (
    90.0  # shorter ones are watched whole: where seconds count, black frames and cards must be told from them
)
SAME_PLACE = 0.06  # of the frame: two maps that put the corners this near to each other are one
CLOSELY = 0.015  # of the frame: so near are the maps of one still camera
AS_IS = 0.03  # of the frame: a copy that lies like this need not be straightened
# Of a crop, the hash of the frame's centre is compared: the largest part that is seen nearly whole.
PARTS = tuple(CENTRES.values())  # of each side of a reference's frame; of these it has a hash
NEARLY_WHOLE = 0.93
LEAST_SEEN = 0.8  # of the frame or a part that must be visible, for its hash to mean anything
SMALL = 0.36  # of the frame's area: the points of a copy that takes less are hardly found before it is straightened
CLEAREST = 500  # places among which the ways are sought
MOST_WAYS = 3  # that one reference is straightened
MOST_STRAIGHTENED_S = 3600.0  # of one film, all ways together; the clearest come first
KINDS = LOOKS, POINTS, INSETS, CUTS = "seen-pdq", "seen-sift", "seen-insets", "seen-cuts"


@dataclass(frozen=True)
class Asked:
    """A closer watch and what it is for."""

    watch: Watch
    reference_id: int | None = None  # whose frame the film's frames are straightened to; None: they are left alone
    laid: Laid | None = None  # how that reference lies in them; the watch may show the middle of its frame alone


def wanted(
    glimpses: Mapping[int, Sequence[Glimpse]], places: Mapping[int, Sequence[Place]], duration_s: float
) -> list[Asked]:
    """Return the stretches to watch: everything around a promise as it is, and straightened wherever a place says how
    a reference lies. In the middle of a settled stretch nobody has to look."""
    open_spans, settled = [], []
    for glimpse in (each for some in glimpses.values() for each in some):
        open_spans.append((glimpse.start_s - AROUND_S, glimpse.end_s + AROUND_S))
        if glimpse.is_settled and glimpse.end_s - glimpse.start_s >= LEAST_SETTLED_S:
            settled.append((glimpse.start_s + SETTLED_EDGE_S, glimpse.end_s - SETTLED_EDGE_S))
    open_spans += [(each.at_s - AROUND_S, each.at_s + AROUND_S) for some in places.values() for each in some]
    spans = without(united(open_spans), settled)
    asked = [Asked(Watch(start, end, (LOOKS, POINTS, CUTS))) for start, end in _within(spans, duration_s)]
    ways = [(way, reference_id) for reference_id, seen in sorted(places.items()) for way in _ways(seen)]
    return asked + _laid_straight(ways, settled, duration_s)


def again(places: Mapping[int, Sequence[Place]], asked: Sequence[Asked], duration_s: float) -> list[Asked]:
    """Return what to watch once more: straightened as most of the places say a reference lies, where that is beside
    every way that was asked for. A glance may have told it by a few points of one picture, or not at all."""
    before: dict[int | None, list[Laid]] = {}
    for each in asked:
        if each.laid is not None:
            before.setdefault(each.reference_id, []).append(each.laid)
    best = [(way, reference_id) for reference_id, seen in sorted(places.items()) if seen for way in _ways(seen)[:1]]
    new = [(way, reference_id) for way, reference_id in best if _is_beside(way.laid, before.get(reference_id, ()))]
    return _laid_straight(new, (), duration_s)


def _is_beside(laid: Laid, others: Iterable[Laid]) -> bool:
    """Say whether none of the others puts the corners where this one does."""
    return all(float(np.abs(corners(laid) - corners(each)).max()) > CLOSELY for each in others)


def _laid_straight(
    ways: Iterable[tuple["_Way", int]], settled: Sequence[tuple[float, float]], duration_s: float
) -> list[Asked]:
    """Return what to watch straightened, the clearest ways first, as long as there is time."""
    asked, left_s = [], MOST_STRAIGHTENED_S
    for way, reference_id in sorted(ways, key=lambda each: -each[0].weight):
        for start, end in _within(without(way.around, settled), duration_s):
            end = min(end, start + left_s)
            if end > start:
                left_s -= end - start
                asked += [Asked(watch, reference_id, way.laid) for watch in _straightened(start, end, way.laid)]
    return asked


def _straightened(start_s: float, end_s: float, laid: Laid) -> Iterator[Watch]:
    """Yield what to see of a stretch in which a reference lies so: the hash of its frame, or of a strong crop that of
    as large a part of its middle as is seen nearly whole; and points of such a crop, and of a small copy, whose points
    are found only once it is straightened and say more of a held drawing than hashes."""
    if visible(laid) >= LEAST_SEEN:
        yield Watch(start_s, end_s, (LOOKS, POINTS, CUTS) if _area(laid) < SMALL else (LOOKS, CUTS), laid)
        return
    seen = {part: visible(middle(laid, part)) for part in PARTS}
    part = next((part for part in PARTS if seen[part] >= NEARLY_WHOLE), max(PARTS, key=lambda each: seen[each]))
    if seen[part] >= LEAST_SEEN:
        yield Watch(start_s, end_s, (LOOKS, CUTS), middle(laid, part))
    yield Watch(start_s, end_s, (POINTS, CUTS), laid)


def middle(laid: Laid, part: float) -> Laid:
    """Return how the middle of a reference's frame lies, `part` of each side, as if it were a frame of its own."""
    (a, b, x), (c, d, y) = laid.matrix
    off_x, off_y = ((1 - part) / 2 * side for side in laid.reference_size)
    rows = ((a * part, b * part, x + a * off_x + b * off_y), (c * part, d * part, y + c * off_x + d * off_y))
    return replace(laid, matrix=rows)


@dataclass(frozen=True)
class _Way:
    """One way that a reference lies in a film."""

    laid: Laid
    weight: float  # of all places that say so
    around: list[tuple[float, float]]  # seconds of the film


def _ways(seen: Sequence[Place]) -> list[_Way]:
    """Return the few ways that a reference lies in a film; those that need no straightening are left out.

    Where the camera pans, a picture found a moment too early lies a little beside its place. So a way is where most of
    the places agree closely, and those near it are not another one.
    """
    placed = np.array([corners(each.laid).ravel() for each in seen])
    weights = np.array([each.weight for each in seen])
    clear = np.argsort(-weights, kind="stable")[:CLEAREST]
    agreed = (np.abs(placed[clear, None] - placed[None, clear]).max(axis=2) <= CLOSELY) @ weights[clear]
    is_left = np.ones(len(seen), bool)
    found = []
    for best in clear[np.argsort(-agreed, kind="stable")].tolist():
        if is_left[best]:
            some = np.flatnonzero(is_left & (np.abs(placed - placed[best]).max(axis=1) <= SAME_PLACE)).tolist()
            around = [(seen[number].at_s - AROUND_S, seen[number].at_s + AROUND_S) for number in some]
            found.append(_Way(seen[best].laid, float(weights[some].sum()), united(around)))
            is_left[some] = False
    return [way for way in sorted(found, key=lambda way: -way.weight)[:MOST_WAYS] if _is_altered(way.laid)]


def _area(laid: Laid) -> float:
    """Return how much of the frame a reference takes, as it lies there."""
    grown = float(abs(np.linalg.det(np.asarray(laid.matrix)[:, :2])))
    return grown * float(np.prod(laid.reference_size)) / float(np.prod(laid.seen_size))


def _is_altered(laid: Laid) -> bool:
    """Say whether a frame as it is would not show the reference where the reference has it."""
    return float(np.abs(corners(laid) - _square()).max()) > AS_IS


def corners(laid: Laid) -> NDArray[np.float64]:
    """Return where a reference's corners lie, as fractions of the frame that was seen, (4, 2)."""
    matrix = np.asarray(laid.matrix)
    placed = (_square() * laid.reference_size) @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(placed / laid.seen_size)


def visible(laid: Laid) -> float:
    """Return which share of the reference's frame the film shows."""
    matrix = np.asarray(laid.matrix)
    grid = (np.stack(np.meshgrid(*[np.arange(20)] * 2), axis=-1).reshape(-1, 2) + 0.5) / 20
    placed = (grid * laid.reference_size) @ matrix[:, :2].T + matrix[:, 2]
    return float(((placed >= 0) & (placed <= laid.seen_size)).all(axis=1).mean())


def _square() -> NDArray[np.float64]:
    return np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def united(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the spans in order of time, those that touch as one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def without(spans: Iterable[tuple[float, float]], holes: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the spans less the holes."""
    found = list(spans)
    for begin, finish in holes:
        if finish <= begin:
            continue
        parts = [((start, min(end, begin)), (max(start, finish), end)) for start, end in found]
        found = [part for pair in parts for part in pair if part[1] > part[0]]
    return found


def _within(spans: Iterable[tuple[float, float]], duration_s: float) -> list[tuple[float, float]]:
    """Return the parts of the spans that the film has, on whole quarters of a second."""
    cut = [(max(0.0, math.floor(start * 4) / 4), min(duration_s, math.ceil(end * 4) / 4)) for start, end in spans]
    return [(start, end) for start, end in cut if end > start]
