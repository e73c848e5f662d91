"""Films with something burnt in, for tests: a logo that stays, lines of text that change; and how right a box is."""

import cv2
import numpy as np

from matcher.burnt_in import Grey
from matcher.interface import Box
from tests.matcher.drawn_films import HEIGHT, WIDTH, Picture

LINES = ("What a night it was", "The lantern is lit", "Go home, fox", "Nobody waits for us there")
FONT = cv2.FONT_HERSHEY_SIMPLEX
LOGO = Box(230 / WIDTH, 15 / HEIGHT, 308 / WIDTH, 31 / HEIGHT)
SUBTITLES = Box(75 / WIDTH, 154 / HEIGHT, 259 / WIDTH, 170 / HEIGHT)


def with_logo(picture: Picture) -> Picture:
    """Return the picture with a logo at its top right that lets a little of it through."""
    over = picture.copy()
    cv2.putText(over, "VIDBOX", (230, 30), FONT, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(over, 0.8, picture, 0.2, 0), np.uint8)


def with_line(picture: Picture, number: int) -> Picture:
    """Return the picture with a line of text along its lower edge, in the middle."""
    out, text = picture.copy(), LINES[number % len(LINES)]
    left = (WIDTH - cv2.getTextSize(text, FONT, 0.5, 1)[0][0]) // 2
    for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(out, text, (left, 165), FONT, 0.5, colour, thick, cv2.LINE_AA)
    return out


def squeezed(picture: Picture, quality: int = 30, scale: float = 0.6) -> Picture:
    """Return the picture after it was made smaller, compressed hard, and enlarged again."""
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.resize(cv2.imdecode(jpeg, 1), (picture.shape[1], picture.shape[0])), np.uint8)


def grey(picture: Picture) -> Grey:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def overlap(one: Box, other: Box) -> float:
    """Return what two boxes share of what they take together (intersection over union)."""
    across = max(0.0, min(one.right, other.right) - max(one.left, other.left))
    down = max(0.0, min(one.bottom, other.bottom) - max(one.top, other.top))
    sizes = sum((each.right - each.left) * (each.bottom - each.top) for each in (one, other))
    return across * down / (sizes - across * down)
