"""Lays a found picture and ours out at one scale, with the matched region outlined on both; pure geometry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN_SIZE = (1600, 900)
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Two pictures on canvases of one size, in pixels of the found picture, so that what matches is equally large."""

    width: float  # of both canvases
    height: float
    found: tuple[float, float]  # size the found picture is drawn at
    ours: tuple[float, float]
    found_at: Point  # where the pictures begin on their canvases
    ours_at: Point
    found_outline: str  # points of an SVG polygon; "" when nothing is outlined
    ours_outline: str
    matrix: str  # SVG transform that lays ours (in its own pixels) over the found picture; "" when unknown
    ours_pixels: tuple[int, int]
    is_mirrored: bool


def lay_out(found: tuple[int, int], ours: tuple[int, int], transform: dict[str, Any] | None) -> Layout:
    """Return where both pictures and their outlines are drawn; without a transform, both fill their canvas."""
    found_size, ours_size = _known(found), _known(ours)
    matrix = _matrix(transform, found_size, ours_size)
    factor = _scale(matrix) if matrix else _fit(found_size, ours_size)
    shown = (ours_size[0] * factor, ours_size[1] * factor)
    width, height = max(found_size[0], shown[0]), max(found_size[1], shown[1])
    found_at = ((width - found_size[0]) / 2, (height - found_size[1]) / 2)
    ours_at = ((width - shown[0]) / 2, (height - shown[1]) / 2)
    seen = transform or {}
    return Layout(
        width=round(width, 1), height=round(height, 1),
        found=found_size, ours=(round(shown[0], 1), round(shown[1], 1)),
        found_at=_rounded(found_at), ours_at=_rounded(ours_at),
        found_outline=_points(seen.get("outline") or (), found_size, found_at),
        ours_outline=_points(seen.get("reference_outline") or (), shown, ours_at),
        matrix=_svg(matrix, found_at) if matrix else "",
        ours_pixels=ours_size, is_mirrored=bool(seen.get("mirrored")),
    )  # fmt: skip


def _known(size: tuple[int, int]) -> tuple[int, int]:
    return size if all(size) else UNKNOWN_SIZE


def _matrix(transform: dict[str, Any] | None, found: Point, ours: Point) -> Sequence[Sequence[float]] | None:
    """Return the matrix between the whole pictures when it can be drawn: an index of one point or a collapsed plane
    cannot. It is stored for the smaller frames that were described."""
    matrix = (transform or {}).get("matrix")
    if not transform or not matrix or not all(math.isfinite(value) for row in matrix for value in row):
        return None
    of_found, of_ours = transform.get("query_size") or found, transform.get("reference_size") or ours
    grown = [found[0] / of_found[0], found[1] / of_found[1]]
    shrunk = [of_ours[0] / ours[0], of_ours[1] / ours[1]]
    fitted = [
        [grow * a * shrunk[0], grow * b * shrunk[1], grow * c] for grow, (a, b, c) in zip(grown, matrix, strict=True)
    ]
    return fitted if 0.02 < _scale(fitted) < 50 else None


def _scale(matrix: Sequence[Sequence[float]]) -> float:
    (a, c, _), (b, d, _) = matrix
    return math.sqrt(abs(a * d - b * c))


def _fit(found: tuple[int, int], ours: tuple[int, int]) -> float:
    return min(found[0] / ours[0], found[1] / ours[1])


def _points(outline: Sequence[Sequence[float]], size: Sequence[float], at: Point) -> str:
    return " ".join(f"{at[0] + x * size[0]:.1f},{at[1] + y * size[1]:.1f}" for x, y in outline)


def _svg(matrix: Sequence[Sequence[float]], at: Point) -> str:
    (a, c, e), (b, d, f) = matrix
    return f"translate({at[0]:.2f} {at[1]:.2f}) matrix({a:.6g} {b:.6g} {c:.6g} {d:.6g} {e:.6g} {f:.6g})"


def _rounded(point: Point) -> Point:
    return (round(point[0], 2), round(point[1], 2))
