"""What was done to the picture of a copied stretch, in sentences for people: framed, cropped, mirrored, turned, run at
another speed. Pure; it measures nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from matcher.figures import percent
from matcher.interface import Altered, Box, Reason, Segment

LEAST_SIDE = 0.02  # of a side; less is within what the geometry of a 320-px frame can tell
LEAST_WHOLE = 1 - 2 * LEAST_SIDE  # of the area
LEAST_DEGREES = 1.0
LEAST_SPEED = 0.01  # the error of a fitted speed
INSET = 0.6  # of the frame: what is smaller is a picture in a picture, what is larger is a picture in a frame

Point = tuple[float, float]  # fractions of a picture's width and height
Polygon = tuple[Point, ...]

# Which sides of the frame are free: left, top, right, bottom.
FRAMES: dict[tuple[bool, bool, bool, bool], str] = {
    (False, True, False, True): "with bars above and below",
    (True, False, True, False): "with bars at both sides",
    (False, True, False, False): "with a bar above",
    (False, False, False, True): "with a bar below",
    (True, False, False, False): "with a bar at the left",
    (False, False, True, False): "with a bar at the right",
}
ALL_AROUND = "with a border around it"


def told(altered: Altered | None, speed: float) -> tuple[Reason, ...]:
    """Return one sentence for each thing that was done to a stretch, or one that says that nothing was; the `value` of
    each is the measured share, degrees or speed."""
    reasons = tuple(_pictured(altered) if altered else [NOT_SEEN])
    if abs(speed - 1) >= LEAST_SPEED:
        reasons += (_run(speed),)
    return reasons or (AS_IT_IS,)


def stored(segment: Mapping[str, Any]) -> Altered | None:
    """Return what is known of a segment as it is stored in a match; None also for one of before this was measured."""
    row = segment.get("altered")
    if not row:
        return None
    outline, window = (tuple((float(x), float(y)) for x, y in row[name]) for name in ("outline", "window"))
    return Altered(outline, window, bool(row["mirrored"]), float(row["turn_degrees"]))


def segment(row: Mapping[str, Any]) -> Segment:
    """Return a segment as it is stored in a match."""
    (start_s, end_s), (ours_start_s, ours_end_s) = row["query"], row["reference"]
    speed, score = row.get("speed", 1.0), row.get("score", 0.0)
    return Segment(start_s, end_s, ours_start_s, ours_end_s, speed, score, stored(row))


def is_whole(polygon: Polygon) -> bool:
    """Say whether a polygon fills its picture, so that there is nothing to outline."""
    inside = _inside(polygon)
    return not inside or not (any(_gaps(_around(inside))) or _area(inside) < LEAST_WHOLE)


NOT_SEEN = Reason("picture not seen", 0.0, "How the picture lies could not be seen clearly.")
AS_IT_IS = Reason("unaltered", 1.0, "Played as it is: the whole picture, at its own speed.")
MIRRORED = Reason("mirrored", 1.0, "Mirrored: left and right are exchanged.")


def _pictured(altered: Altered) -> Iterator[Reason]:
    shown = _inside(altered.outline)
    if shown:
        yield from _framed(shown)
    window = _inside(altered.window)
    if window:
        yield from _cropped(window)
    if altered.is_mirrored:
        yield MIRRORED
    degrees = (altered.turn_degrees + 180) % 360 - 180
    if abs(degrees) >= LEAST_DEGREES:
        way = "clockwise" if degrees > 0 else "anticlockwise"
        yield Reason("turned", degrees, f"Turned by {abs(degrees):.0f}° {way}.")


def _framed(shown: Polygon) -> Iterator[Reason]:
    """Tell where ours lies in the copy's frame, when it leaves some of it free."""
    box, share = _around(shown), _area(shown)
    left, top, right, bottom = free = _gaps(box)
    if not any(free):
        return
    if (left or right) and (top or bottom) and share < INSET:
        where = f"{_span(box.left, box.right)} across and {_span(box.top, box.bottom)} down"
        says = f"Picture in picture: ours is shown in a rectangle at {where}, {percent(share)} of the frame."
        yield Reason("picture in picture", share, says)
    else:
        where = FRAMES.get(free, ALL_AROUND)
        yield Reason("framed", share, f"Framed: ours fills {percent(share)} of the frame, {where}.")


def _cropped(window: Polygon) -> Iterator[Reason]:
    """Tell how much of our picture is left, when some of it is cut off."""
    box, share = _around(window), _area(window)
    if any(_gaps(box)):
        where = f"{_span(box.left, box.right)} across and {_span(box.top, box.bottom)} down"
        yield Reason("cropped", share, f"Cropped: {percent(share)} of our picture is left, {where}.")
    elif share < LEAST_WHOLE:  # a turned picture loses its corners, though none of its sides as a whole
        yield Reason("cropped", share, f"Cropped: {percent(share)} of our picture is left; corners are cut off.")


def _run(speed: float) -> Reason:
    if speed > 0:
        return Reason("speed", speed, f"Runs at {speed:.2f} times the speed.")
    if abs(speed + 1) < LEAST_SPEED:
        return Reason("speed", speed, "Played backwards.")
    return Reason("speed", speed, f"Played backwards, at {-speed:.2f} times the speed.")


def _span(start: float, end: float) -> str:
    return f"{start * 100:.0f} to {end:.0%}"


def _gaps(box: Box) -> tuple[bool, bool, bool, bool]:
    left, top, right, bottom = box.left, box.top, 1 - box.right, 1 - box.bottom
    return left >= LEAST_SIDE, top >= LEAST_SIDE, right >= LEAST_SIDE, bottom >= LEAST_SIDE


def _around(polygon: Polygon) -> Box:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _area(polygon: Polygon) -> float:
    """Return the area, by the shoelace formula."""
    following = (*polygon[1:], polygon[0])
    return min(1.0, abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2)


def _inside(polygon: Polygon) -> Polygon:
    """Return the part of a polygon that lies in the frame (Sutherland and Hodgman, 1974); () when none of it does."""
    for axis, limit, keeps_above in ((0, 0.0, True), (0, 1.0, False), (1, 0.0, True), (1, 1.0, False)):
        polygon = _cut(polygon, axis, limit, keeps_above=keeps_above)
    return polygon if len(polygon) >= 3 else ()


def _cut(polygon: Polygon, axis: int, limit: float, *, keeps_above: bool) -> Polygon:
    """Return the part of a polygon on one side of a line across the frame."""
    kept: list[Point] = []
    for here, after in zip(polygon, (*polygon[1:], *polygon[:1]), strict=True):
        is_in, stays_in = ((point[axis] >= limit) == keeps_above or point[axis] == limit for point in (here, after))
        if is_in:
            kept.append(here)
        if is_in != stays_in:
            along = (limit - here[axis]) / (after[axis] - here[axis])
            kept.append((here[0] + along * (after[0] - here[0]), here[1] + along * (after[1] - here[1])))
    return tuple(kept)
