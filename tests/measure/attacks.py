"""What re-posters do to a picture, written with OpenCV: 26 attacks in three classes, functions of a picture.

The classes and names follow the published copy-detection benchmarks (DISC21, AugLy), so that figures can be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3), RGB
Carriers = Callable[[Generator], Picture]  # gives an unrelated picture


@dataclass(frozen=True)
class Attack:
    """One way to alter a picture."""

    name: str
    hardness: str  # "easy", "medium" or "hard"
    alter: Callable[[Picture, Generator, Carriers], Picture]


def jpeg(picture: Picture, random: Generator, low: int = 10, high: int = 30) -> Picture:
    quality = int(random.integers(low, high + 1))
    ok, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    seen = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert seen is not None
    return np.asarray(np.ascontiguousarray(seen[..., ::-1]), np.uint8)


def resized(picture: Picture, factor: float) -> Picture:
    size = (max(16, round(picture.shape[1] * factor)), max(16, round(picture.shape[0] * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), dtype=np.uint8)


def crop(picture: Picture, random: Generator, area: float) -> Picture:
    height, width = picture.shape[:2]
    squeeze = float(random.uniform(0.8, 1.25))
    tall = min(height, round(height * np.sqrt(area) * squeeze))
    wide = min(width, round(width * np.sqrt(area) / squeeze))
    top, left = int(random.integers(0, height - tall + 1)), int(random.integers(0, width - wide + 1))
    return np.ascontiguousarray(picture[top : top + tall, left : left + wide])


def letters(picture: Picture, random: Generator, lines: int) -> Picture:
    out = picture.copy()
    height, width = out.shape[:2]
    for _ in range(lines):
        tone = (255, 255, 255) if random.random() < 0.5 else tuple(random.integers(0, 256, 3).tolist())
        word = "".join(chr(65 + int(code)) for code in random.integers(0, 26, int(random.integers(6, 16))))
        at = (int(random.integers(0, max(1, width // 2))), int(random.integers(height // 8, height)))
        scale = width / float(random.uniform(180, 420))
        cv2.putText(out, word, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), max(2, round(scale * 5)), cv2.LINE_AA)
        cv2.putText(out, word, at, cv2.FONT_HERSHEY_SIMPLEX, scale, tone, max(1, round(scale * 2)), cv2.LINE_AA)
    return out


def watermark(picture: Picture, random: Generator) -> Picture:
    layer = picture.copy()
    height, width = picture.shape[:2]
    for y in range(height // 8, height, max(20, height // 4)):
        for x in range(0, width, max(40, width // 2)):
            cv2.putText(
                layer, "scans4u.example", (x, y), cv2.FONT_HERSHEY_DUPLEX, width / 700, (255, 255, 255), 2, cv2.LINE_AA
            )
    strength = float(random.uniform(0.25, 0.6))
    return np.asarray(cv2.addWeighted(layer, strength, picture, 1 - strength, 0), dtype=np.uint8)


def grey(picture: Picture) -> Picture:
    return np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def blur(picture: Picture, random: Generator) -> Picture:
    sigma = float(random.uniform(0.004, 0.008)) * max(picture.shape[:2])
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def jitter(picture: Picture, random: Generator) -> Picture:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + random.uniform(-40, 40)) % 180
    hsv[..., 1] *= random.uniform(0.4, 1.8)
    changed = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    changed = (changed - 128) * random.uniform(0.6, 1.6) + 128 + random.uniform(-40, 40)
    return np.asarray(np.clip(changed, 0, 255), dtype=np.uint8)


def stickers(picture: Picture, random: Generator) -> Picture:
    out = picture.copy()
    height, width = out.shape[:2]
    for _ in range(int(random.integers(1, 4))):
        radius = int(min(height, width) * random.uniform(0.08, 0.16))
        x, y = int(random.integers(radius, width - radius)), int(random.integers(radius, height - radius))
        cv2.circle(out, (x, y), radius, (255, 210, 60), -1, cv2.LINE_AA)
        for side in (-1, 1):
            cv2.circle(
                out, (x + side * radius // 3, y - radius // 4), max(1, radius // 8), (60, 40, 20), -1, cv2.LINE_AA
            )
        cv2.ellipse(
            out, (x, y + radius // 5), (radius // 2, radius // 3), 0, 0, 180, (60, 40, 20), max(1, radius // 10)
        )
    return out


def letterbox(picture: Picture, random: Generator) -> Picture:
    height, width = picture.shape[:2]
    tone = 0 if random.random() < 0.5 else 255
    bars = [int(random.uniform(0.05, 0.25) * side) for side in (height, width)]
    return np.asarray(
        cv2.copyMakeBorder(picture, bars[0], bars[0], bars[1], bars[1], cv2.BORDER_CONSTANT, value=(tone,) * 3),
        np.uint8,
    )


def relettered(picture: Picture, random: Generator) -> Picture:
    """White balloons with other words cover 10 to 25 % of the page."""
    out = picture.copy()
    height, width = out.shape[:2]
    for _ in range(int(random.integers(3, 7))):
        axes = (int(width * random.uniform(0.08, 0.16)), int(height * random.uniform(0.05, 0.1)))
        x, y = int(random.integers(axes[0], width - axes[0])), int(random.integers(axes[1], height - axes[1]))
        cv2.ellipse(out, (x, y), axes, 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.ellipse(out, (x, y), axes, 0, 0, 360, (0, 0, 0), 2, cv2.LINE_AA)
        word = "".join(chr(97 + int(code)) for code in random.integers(0, 26, 8))
        cv2.putText(
            out, word, (x - axes[0] * 3 // 4, y), cv2.FONT_HERSHEY_SIMPLEX, axes[0] / 90, (0, 0, 0), 1, cv2.LINE_AA
        )
    return out


def rotate(picture: Picture, random: Generator, low: float, high: float) -> Picture:
    height, width = picture.shape[:2]
    angle = float(random.uniform(low, high)) * (1 if random.random() < 0.5 else -1)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    wide = int(height * abs(turn[0, 1]) + width * abs(turn[0, 0]))
    tall = int(height * abs(turn[0, 0]) + width * abs(turn[0, 1]))
    turn[:, 2] += ((wide - width) / 2, (tall - height) / 2)
    return np.asarray(
        cv2.warpAffine(picture, turn, (wide, tall), borderValue=(int(random.integers(0, 256)),) * 3), np.uint8
    )


def screenshot(picture: Picture, random: Generator) -> Picture:
    """A phone screenshot of a post: bars, buttons, lines of text, the picture in the middle."""
    wide, tall = 720, 1280
    dark = random.random() < 0.5
    ground, mark = ((24, 26, 30), (200, 200, 205)) if dark else ((250, 250, 250), (60, 60, 65))
    out = np.full((tall, wide, 3), ground, np.uint8)
    shown = resized(picture, min(wide * float(random.uniform(0.6, 1)) / picture.shape[1], 800 / picture.shape[0]))
    top, left = int(random.integers(150, 320)), (wide - shown.shape[1]) // 2
    out[top : top + shown.shape[0], left : left + shown.shape[1]] = shown[: tall - top, :]
    cv2.putText(out, "12:41", (30, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, mark, 2, cv2.LINE_AA)
    cv2.circle(out, (60, 105), 32, (90, 140, 220), -1, cv2.LINE_AA)
    cv2.putText(out, "manga_daily", (110, 112), cv2.FONT_HERSHEY_SIMPLEX, 0.8, mark, 2, cv2.LINE_AA)
    for row in range(3):
        y = min(tall - 110, top + shown.shape[0] + 60) + row * 36
        cv2.putText(
            out, "new chapter is out now!!"[row * 3 :], (30, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, mark, 1, cv2.LINE_AA
        )
    for button in range(5):
        cv2.rectangle(out, (40 + button * 140, 1220), (90 + button * 140, 1255), mark, 3)
    return out


def in_picture(picture: Picture, random: Generator, carriers: Carriers) -> Picture:
    ground = resized(carriers(random), 1.0).copy()
    height, width = ground.shape[:2]
    side = float(random.uniform(0.45, 0.7))  # of the carrier's sides: 20 to 50 % of its area
    factor = min(side * width / picture.shape[1], side * height / picture.shape[0])
    small = resized(picture, factor)
    top = int(random.integers(0, max(1, height - small.shape[0])))
    left = int(random.integers(0, max(1, width - small.shape[1])))
    ground[top : top + small.shape[0], left : left + small.shape[1]] = small[: height - top, : width - left]
    return ground


def small_in_picture(picture: Picture, random: Generator, carriers: Carriers) -> Picture:
    """A copy of 10 to 20 % of the area of another picture; small carriers are enlarged, as pages are."""
    ground = carriers(random)
    large = resized(ground, max(1.0, 800 / max(ground.shape[:2])))
    share = float(random.uniform(0.10, 0.20))
    factor = np.sqrt(share * large.shape[0] * large.shape[1] / (picture.shape[0] * picture.shape[1]))
    room = min(large.shape[0] / picture.shape[0], large.shape[1] / picture.shape[1])
    small = resized(picture, min(factor, room))[: large.shape[0], : large.shape[1]]
    top = int(random.integers(0, large.shape[0] - small.shape[0] + 1))
    left = int(random.integers(0, large.shape[1] - small.shape[1] + 1))
    out = large.copy()
    out[top : top + small.shape[0], left : left + small.shape[1]] = small
    return out


def _squashed(picture: Picture, side: int) -> Picture:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _centre(picture: Picture, side: int) -> Picture:
    """Return the middle square: what galleries show of a picture."""
    height, width = picture.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    return _squashed(picture[top : top + short, left : left + short], side)


def collage(
    picture: Picture, random: Generator, carriers: Carriers, fit: Callable[[Picture, int], Picture] = _squashed
) -> Picture:
    cells = [picture, carriers(random), carriers(random), carriers(random)]
    order = random.permutation(4)
    fitted = [fit(cells[int(number)], 400) for number in order]
    return np.vstack([np.hstack(fitted[:2]), np.hstack(fitted[2:])])


def photographed(picture: Picture, random: Generator) -> Picture:
    """A screen or page photographed at an angle: perspective, glare, moire, noise."""
    height, width = picture.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + random.uniform(-0.07, 0.07, (4, 2)).astype(np.float32) * (width, height)
    view = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    out = cv2.warpPerspective(picture, view, (width, height), borderValue=(70, 66, 60)).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out *= 1 + 0.06 * np.sin((x + y * 0.3) * 2 * np.pi / float(random.uniform(3, 6)))[..., None]
    glare = np.exp(
        -(((x - random.uniform(0, width)) / width) ** 2 + ((y - random.uniform(0, height)) / height) ** 2) / 0.05
    )
    out = out * 0.85 + 90 * glare[..., None] + random.normal(scale=7, size=out.shape)
    return np.asarray(np.clip(out, 0, 255), dtype=np.uint8)


SIMPLE: tuple[Callable[[Picture, Generator], Picture], ...] = (
    jpeg,
    lambda picture, random: crop(picture, random, float(random.uniform(0.45, 0.8))),
    lambda picture, random: letters(picture, random, 3),
    jitter,
    stickers,
    letterbox,
    lambda picture, random: np.ascontiguousarray(picture[:, ::-1]),
    lambda picture, random: rotate(picture, random, 3, 12),
    lambda picture, random: resized(picture, float(random.uniform(0.3, 0.6))),
    blur,
)


def composed(picture: Picture, random: Generator, count: int) -> Picture:
    for number in random.permutation(len(SIMPLE))[:count]:
        picture = SIMPLE[int(number)](picture, random)
    return picture


ATTACKS = (
    Attack("jpeg10-30", "easy", lambda p, r, _c: jpeg(p, r)),
    Attack("resize25", "easy", lambda p, _r, _c: resized(p, 0.25)),
    Attack("crop70", "easy", lambda p, r, _c: crop(p, r, 0.7)),
    Attack("watermark", "easy", lambda p, r, _c: watermark(p, r)),
    Attack("text", "easy", lambda p, r, _c: letters(p, r, 4)),
    Attack("grey", "easy", lambda p, _r, _c: grey(p)),
    Attack("blur", "easy", lambda p, r, _c: blur(p, r)),
    Attack("colour jitter", "easy", lambda p, r, _c: jitter(p, r)),
    Attack("stickers", "medium", lambda p, r, _c: stickers(p, r)),
    Attack("mirrored", "medium", lambda p, _r, _c: np.ascontiguousarray(p[:, ::-1])),
    Attack("letterbox", "medium", lambda p, r, _c: letterbox(p, r)),
    Attack("relettered", "medium", lambda p, r, _c: relettered(p, r)),
    Attack("crop50", "medium", lambda p, r, _c: crop(p, r, 0.5)),
    Attack("rotate5-10", "medium", lambda p, r, _c: rotate(p, r, 5, 10)),
    Attack("two at once", "medium", lambda p, r, _c: composed(p, r, 2)),
    Attack("crop30", "hard", lambda p, r, _c: crop(p, r, 0.3)),
    Attack("rotate15-25", "hard", lambda p, r, _c: rotate(p, r, 15, 25)),
    Attack("screenshot", "hard", lambda p, r, _c: screenshot(p, r)),
    Attack("picture in picture", "hard", in_picture),
    Attack("picture in picture small", "hard", small_in_picture),
    Attack("collage", "hard", collage),
    Attack("collage cropped", "hard", lambda p, r, c: collage(p, r, c, _centre)),
    Attack("photographed", "hard", lambda p, r, _c: photographed(p, r)),
    Attack("three at once", "hard", lambda p, r, _c: composed(p, r, 3)),
    Attack("four at once", "hard", lambda p, r, _c: composed(p, r, 4)),
    Attack("mirrored crop50 jpeg", "hard", lambda p, r, _c: jpeg(crop(np.ascontiguousarray(p[:, ::-1]), r, 0.5), r)),
)
VECTOR_ATTACK = Attack("vector art", "hard", lambda p, r, _c: composed(p, r, 3))  # flat pictures: few points to hold
