"""Goods and their shop photographs: a figure, a plush fox, a lamp, a cup, each on a lit table with a soft shadow."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageFilter

from dashboard.demo.drawing import Colour, Sheet, clouds, gradient, oval, shade, smooth
from dashboard.demo.figures import RIVAL, STRANGER, SUZU, Look, Pose, fox, person

PHOTO = (800, 800)


@dataclass(frozen=True)
class Goods:
    """A product that can be photographed."""

    sku: str
    name: str
    price: int  # yen
    cut_out: Callable[[], Image.Image]


def _figure(look: Look, pose: Pose, base: str = "wood") -> Image.Image:
    """A painted figure on a base: a slice of "wood", or a "block" of stone."""
    body = person(look, pose, 560)
    sheet = Sheet((body.width, 640))
    middle = body.width / 2
    if base == "wood":
        sheet.patch(oval((middle, 574), (170, 42)), (60, 46, 52), 3)
        sheet.patch(oval((middle, 560), (170, 42)), (120, 84, 66), 3)
        for ring in (140, 108, 76):
            sheet.ink(oval((middle, 560), (ring, ring / 4)), 2, (92, 62, 50), tapers=False)
    else:
        sheet.patch(
            [(middle - 150, 560), (middle - 130, 532), (middle + 130, 532), (middle + 150, 560)], (176, 180, 186), 3
        )
        sheet.patch(
            [(middle - 150, 560), (middle + 150, 560), (middle + 150, 606), (middle - 150, 606)], (140, 144, 154), 3
        )
    sheet.lay(body, (0, 24))
    return _moulded(sheet.finished())


def _plush(fur: Colour) -> Image.Image:
    """A sewn fox: seams and pile instead of ink."""
    body = fox(600, fur=fur, tail=0.3)
    pile = (clouds(body.size, 5, octaves=7, coarse=24) - 0.5)[:, :, None] * 70
    pixels = np.clip(np.asarray(body.convert("RGB"), dtype=np.float32) + pile, 0, 255).astype(np.uint8)
    result = Image.fromarray(pixels)
    result.putalpha(body.getchannel("A"))
    return _moulded(result)


def _lamp(paper: Colour, motif: str) -> Image.Image:
    """A paper lantern with ribs and a painted sign."""
    sheet = Sheet((460, 620))
    body = smooth([(130, 120), (50, 300), (130, 500), (330, 500), (410, 300), (330, 120)], is_closed=True)
    sheet.patch(body, paper, 3)
    for y in range(140, 500, 24):
        half = 98 + 76 * float(np.sin((y - 112) / 396 * np.pi))
        sheet.ink(smooth([(230 - half, y), (230, y + 12), (230 + half, y)]), 2.5, shade(paper, -0.4))
    sheet.write(motif, (230, 300), 150, (66, 30, 36), weight=900)
    sheet.patch([(140, 90), (320, 90), (330, 128), (130, 128)], (64, 42, 40), 3)
    sheet.patch([(130, 494), (330, 494), (316, 540), (144, 540)], (64, 42, 40), 3)
    sheet.ink(oval((230, 90), (70, 60), start=180, end=360), 7, (80, 60, 50), tapers=False)
    for x in (200, 230, 260):
        sheet.ink(smooth([(x, 540), (x + 4, 575), (x - 3, 610)]), 6, (190, 60, 54))
    return _moulded(sheet.finished())


def _cup(glaze: Colour, seed: int) -> Image.Image:
    """A glazed cup with a brushed pattern."""
    rng = np.random.default_rng(seed)
    sheet = Sheet((560, 460))
    sheet.patch(oval((440, 230), (90, 100)), glaze, 4)
    sheet.patch(oval((440, 230), (52, 62)), (226, 220, 212), 4)
    sheet.patch([(90, 90), *smooth([(110, 330), (170, 420), (250, 434), (330, 420), (390, 330)]), (410, 90)], glaze, 4)
    for _ in range(16):
        x, y = float(rng.uniform(130, 370)), float(rng.uniform(150, 380))
        stroke = [(x, y), (x + float(rng.uniform(-40, 40)), y - 30), (x + float(rng.uniform(-50, 50)), y - 62)]
        sheet.ink(smooth(stroke), float(rng.uniform(6, 14)), shade(glaze, float(rng.choice([-0.5, 0.5]))))
    sheet.patch(oval((250, 90), (160, 36)), (64, 44, 36), 4)
    return _moulded(sheet.finished())


def _moulded(image: Image.Image) -> Image.Image:
    """Round a flat drawing off: lit from the upper left, darker towards its edges."""
    alpha = np.asarray(image.getchannel("A"), dtype=np.float32) / 255
    soft = cv2.GaussianBlur(alpha, (0, 0), image.width / 24)
    slope_x, slope_y = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    lit = 1.0 + np.clip((slope_x + slope_y) * 14, -0.36, 0.3) + 0.06
    pixels = np.clip(np.asarray(image.convert("RGB"), dtype=np.float32) * lit[:, :, None], 0, 255).astype(np.uint8)
    result = Image.fromarray(pixels)
    result.putalpha(image.getchannel("A"))
    return result


def photograph(goods: Goods, angle: int, *, seed: int, backdrop: Colour = (222, 214, 202)) -> Image.Image:
    """Return a shop photograph of the goods, RGB; `angle` 0 is from the front, others turn and tilt it."""
    scene = np.asarray(gradient(PHOTO, shade(backdrop, 0.25), backdrop, shade(backdrop, -0.12)), dtype=np.float32)
    grain = clouds(PHOTO, seed, octaves=6, coarse=3)[:, :, None]
    table = np.clip((np.mgrid[0 : PHOTO[1], 0 : PHOTO[0]][0] - 560) / 20, 0, 1)[:, :, None]
    wood = np.sin(grain * 34 + np.mgrid[0 : PHOTO[1], 0 : PHOTO[0]][0][:, :, None] / 9) * 9
    scene = scene * (1 - 0.25 * table) + table * wood + (grain - 0.5) * 22
    picture = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    turned = _turned(goods.cut_out(), angle)
    corner = ((PHOTO[0] - turned.width) // 2, 690 - turned.height)
    shadow = Image.new("L", PHOTO, 0)
    squashed = turned.getchannel("A").resize((turned.width, turned.height // 3))
    shadow.paste(squashed, (corner[0] + 60, 690 - squashed.height + 18))
    shadow = shadow.filter(ImageFilter.GaussianBlur(16)).point(lambda value: int(value * 0.42))
    picture.paste((40, 30, 40), (0, 0), shadow)
    picture.paste(turned, corner, turned)
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 2.4, (PHOTO[1], PHOTO[0], 3))  # a sensor's
    return Image.fromarray(np.clip(np.asarray(picture, dtype=np.float64) + noise, 0, 255).astype(np.uint8))


def _turned(image: Image.Image, angle: int) -> Image.Image:
    if angle == 0:
        return image
    wide, tall = image.size
    near, far = 0.10 * angle, 0.05 * angle
    corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], dtype=np.float32)
    seen = np.array([[0, 0], [wide * (1 - near), tall * far], [wide * (1 - near), tall * (1 - far)], [0, tall]],
        dtype=np.float32)  # fmt: skip
    warp = cv2.getPerspectiveTransform(corners, seen)
    return Image.fromarray(cv2.warpPerspective(np.asarray(image), warp, (wide, tall), flags=cv2.INTER_AREA))


# A toy in her winter coat: rounder, larger eyes, as figures are; no tracing of the settings sheet.
TOY_SUZU = replace(SUZU, coat=(236, 228, 214), trim=(190, 60, 62), pattern="dots", jaw=1.14, eye_size=1.22,
    girth=0.88, wobble=0.07, seed=81)  # fmt: skip
SUZU_FIGURE = Goods("KIRI-F01", "Lantern Road: Suzu figure, 18 cm", 9800, lambda: _figure(TOY_SUZU, Pose(arm=0.4,
    mouth=0.6, holds="lantern")))  # fmt: skip
KON_PLUSH = Goods("KIRI-P02", "Lantern Road: Kon the fox plush", 3200, lambda: _plush((236, 146, 66)))
FESTIVAL_LAMP = Goods("KIRI-L03", "Lantern Road: festival lamp", 5400, lambda: _lamp((232, 96, 66), "灯"))
GREEN_FIGURE = Goods(
    "MORI-F11", "Forest girl figure", 4200, lambda: _figure(STRANGER, Pose(arm=0.1, stride=0.7), "block")
)
BLUE_FIGURE = Goods(
    "MORI-F12", "Sky boy figure", 3900, lambda: _figure(RIVAL, Pose(mouth=0.7, arm=0.5, holds="book"), "block")
)
CUP = Goods("YAKI-C07", "Hand-thrown tea cup", 2600, lambda: _cup((92, 128, 120), 4))
SMALL_CUP = Goods("YAKI-C09", "Espresso cup, rust glaze", 1900, lambda: _cup((160, 92, 66), 9))
