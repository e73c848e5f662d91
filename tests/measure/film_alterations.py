"""What re-posters do to the picture of a film, frame by frame."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Alter = Callable[[Picture, Picture], Picture]  # (frame of the copy, frame of the unrelated film) -> frame


def as_is(copy: Picture, _: Picture) -> Picture:
    return copy


def mirror(copy: Picture, _: Picture) -> Picture:
    return np.ascontiguousarray(copy[:, ::-1])


def cropped(share: float, across: float = 0.5, down: float = 0.5) -> Alter:
    """Keep `share` of each side."""

    def alter(copy: Picture, _: Picture) -> Picture:
        height, width = copy.shape[:2]
        top, left = round(height * (1 - share) * down), round(width * (1 - share) * across)
        part = copy[top : top + round(height * share), left : left + round(width * share)]
        return sized(part, width, height)

    return alter


def letterboxed(copy: Picture, _: Picture) -> Picture:
    height, width = copy.shape[:2]
    out = np.zeros_like(copy)
    inner = round(height * 0.7)
    top = (height - inner) // 2
    out[top : top + inner] = sized(copy, width, inner)
    return out


def subtitled(copy: Picture, _: Picture) -> Picture:
    out = copy.copy()
    height, width = out.shape[:2]
    for colour, thick in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        where = (round(width * 0.08), round(height * 0.9))
        cv2.putText(out, "What are you waiting for, then?", where, cv2.FONT_HERSHEY_SIMPLEX, width / 560, colour, thick)
    cv2.rectangle(out, (width - 90, 12), (width - 14, 44), (230, 40, 60), -1)
    cv2.putText(out, "anime4u", (width - 86, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return out


def grey(copy: Picture, _: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(copy, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def recoloured(copy: Picture, _: Picture) -> Picture:
    hsv = cv2.cvtColor(copy, cv2.COLOR_RGB2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + 12) % 180
    hsv[..., 1:] = np.clip(hsv[..., 1:] * np.array([1.4, 1.15]) + 8, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def tilted(copy: Picture, _: Picture) -> Picture:
    height, width = copy.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1.08)
    return np.asarray(cv2.warpAffine(copy, turn, (width, height)), np.uint8)


def filmed(copy: Picture, _: Picture) -> Picture:
    """As a telephone films a screen: perspective, blur, glare."""
    height, width = copy.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    seen = corners + np.array([(20, 12), (-10, 4), (-24, -14), (8, -6)], np.float32) * width / 480
    out = cv2.warpPerspective(
        copy, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=(20, 18, 16)
    )
    glare = np.linspace(0.75, 1.15, width)[None, :, None]
    return np.asarray(np.clip(cv2.GaussianBlur(out, (0, 0), 1.0) * glare, 0, 255), np.uint8)


def inset(share: float) -> Alter:
    """Lay the copy, `share` as wide, over the unrelated film."""

    def alter(copy: Picture, carrier: Picture) -> Picture:
        height, width = copy.shape[:2]
        out = carrier.copy()
        small = sized(copy, round(width * share), round(height * share))
        top, left = round(height * 0.3), round(width * (1 - share) * 0.9)
        out[top : top + small.shape[0], left : left + small.shape[1]] = small
        return out

    return alter


def pillared(copy: Picture, _: Picture) -> Picture:
    """As a phone app frames a wide film: small, between blurred copies of itself."""
    height, width = copy.shape[:2]
    out = cv2.GaussianBlur(cropped(0.6)(copy, copy), (0, 0), 12)
    share = 0.66
    small = sized(copy, round(width * share), round(height * share))
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(out, np.uint8)


def both(first: Alter, then: Alter) -> Alter:
    """Do one after the other."""
    return lambda copy, carrier: then(first(copy, carrier), carrier)


def cornered(share: float) -> Alter:
    """Lay the copy into a corner of a moving unrelated film, with a white edge, as in reaction videos."""

    def alter(copy: Picture, carrier: Picture) -> Picture:
        height, width = copy.shape[:2]
        out = carrier.copy()
        small = sized(copy, round(width * share), round(height * share))
        top, left = height - small.shape[0] - 8, width - small.shape[1] - 10
        out[top - 2 : top + small.shape[0] + 2, left - 2 : left + small.shape[1] + 2] = 255
        out[top : top + small.shape[0], left : left + small.shape[1]] = small
        return out

    return alter


def sized(picture: Picture, width: int, height: int) -> Picture:
    """Return the picture at this size."""
    if picture.shape[:2] == (height, width):
        return picture
    how = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
