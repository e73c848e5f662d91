"""Places: a lantern street, a forest path, a harbour, hills with a shrine, a workshop. A seed makes each its own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dashboard.demo.drawing import Colour, Point, Sheet, blend, clouds, glow, gradient, oval, painted, shade, smooth

Size = tuple[int, int]


@dataclass(frozen=True)
class Light:
    """The hour of a picture: its sky from top to horizon, what lamps give, what everything leans towards."""

    sky: tuple[Colour, ...]
    lamp: Colour
    tint: Colour
    tint_share: float = 0.25


DUSK = Light(((34, 30, 84), (112, 70, 134), (238, 142, 110)), (255, 204, 110), (70, 50, 110), 0.30)
NIGHT = Light(((10, 14, 44), (24, 36, 84), (52, 74, 120)), (255, 196, 96), (20, 30, 80), 0.45)
DAY = Light(((96, 168, 222), (176, 216, 236), (246, 240, 214)), (255, 244, 200), (255, 250, 230), 0.10)
MIST = Light(((150, 168, 170), (196, 204, 196), (232, 226, 206)), (255, 230, 170), (180, 196, 190), 0.38)
DAWN = Light(((86, 112, 172), (236, 170, 160), (255, 226, 170)), (255, 220, 150), (240, 190, 170), 0.22)


def place(kind: str, size: Size, light: Light, seed: int, *, has_lamps: bool = True) -> Image.Image:
    """Return a painted place, RGB. `kind` is one of PLACES; lamps glow unless it is drawn for print."""
    rng = np.random.default_rng(seed)
    sheet = Sheet(size, fineness=1, paper=_sky(size, light, seed))
    lamps = PLACES[kind](sheet, rng, light)
    image = painted(sheet.finished().convert("RGB"), seed)
    for x, y, radius in lamps if has_lamps else []:
        image = glow(image, (x, y), radius, light.lamp, 0.75)
    return image


def _sky(size: Size, light: Light, seed: int) -> Image.Image:
    sky = np.asarray(gradient(size, *light.sky), dtype=np.float32)
    cover = np.clip((clouds(size, seed, octaves=6, coarse=3) - 0.52) * 3.0, 0, 1)[:, :, None]
    bright = np.asarray(blend(light.sky[-1], (255, 255, 255), 0.35), dtype=np.float32)
    return Image.fromarray((sky * (1 - 0.6 * cover) + bright * 0.6 * cover).astype(np.uint8))


def _lit(colour: Colour, light: Light, extra: float = 0.0) -> Colour:
    return blend(colour, light.tint, min(light.tint_share + extra, 0.9))


def _ridge(sheet: Sheet, rng: np.random.Generator, base: float, height: float, colour: Colour) -> None:
    wide, tall = sheet.size
    knots = [(float(x), base - height * float(rng.random())) for x in np.linspace(-20, wide + 20, 9)]
    sheet.patch([*smooth(knots), (wide + 20, tall), (-20, tall)], colour, 1.4, line=shade(colour, -0.35))


def _leaves(sheet: Sheet, rng: np.random.Generator, centre: Point, spread: Point, colours: tuple[Colour, ...]) -> None:
    """Dab a crown of leaves: dark ones first, light ones on top, each a little brush mark."""
    for layer, colour in enumerate(colours):
        for _ in range(int(26 + spread[0] * spread[1] / 55)):
            angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random()) * (1 - 0.16 * layer)
            x = centre[0] + spread[0] * reach * np.cos(angle) - layer * spread[0] * 0.08
            y = centre[1] + spread[1] * reach * np.sin(angle) - layer * spread[1] * 0.12
            radius = float(rng.uniform(0.08, 0.17) * (spread[0] * spread[1]) ** 0.5) + 1.5
            tone = shade(colour, float(rng.uniform(-0.15, 0.15)))
            sheet.fill(oval((x, y), (radius, radius * 0.55), tilt=float(rng.uniform(-50, 50)))[::3], tone)


def _tree(sheet: Sheet, rng: np.random.Generator, foot: Point, height: float, leaf: Colour) -> None:
    x, y = foot
    bark = (72, 52, 52)
    lean = float(rng.uniform(-0.08, 0.08)) * height
    half = height * 0.045
    left, right = (x - half * 0.6 + lean, y - height * 0.75), (x + half * 0.6 + lean, y - height * 0.75)
    low = y - height * 0.3
    trunk = [(x - half * 1.7, y), (x - half, low), left, right, (x + half, low), (x + half * 1.9, y)]
    sheet.patch(smooth(trunk), bark, 1.6)
    for side in (-1, 1):
        sheet.ink(smooth([(x, y - height * 0.4), (x + side * height * 0.12, y - height * 0.58),
            (x + side * height * 0.24, y - height * 0.66)]), half, bark)  # fmt: skip
    tones = (shade(leaf, -0.4), leaf, shade(leaf, 0.25))
    for _ in range(4):
        centre = (x + lean + float(rng.uniform(-0.26, 0.26)) * height, y - height * float(rng.uniform(0.62, 0.95)))
        _leaves(sheet, rng, centre, (height * 0.26, height * 0.17), tones)


def _house(sheet: Sheet, rng: np.random.Generator, corner: Point, size: tuple[float, float], light: Light) -> None:
    """A timber house with a tiled roof, lit windows, a shop curtain and a sign."""
    x, foot = corner
    wide, tall = size
    walls: tuple[Colour, ...] = ((176, 134, 98), (150, 104, 84), (196, 176, 148), (126, 108, 112), (162, 92, 74))
    wall = _lit(walls[int(rng.integers(len(walls)))], light)
    sheet.patch([(x, foot), (x, foot - tall), (x + wide, foot - tall), (x + wide, foot)], wall, 1.6)
    for plank in np.arange(x + 6, x + wide, float(rng.uniform(7, 12))):
        sheet.ink([(float(plank), foot - tall), (float(plank), foot)], 1.0, shade(wall, -0.22), tapers=False)
    _windows(sheet, rng, (x, foot), size, light)
    roof = _lit(((70, 84, 104), (96, 70, 70), (66, 92, 84))[int(rng.integers(3))], light)
    rise, eave = tall * float(rng.uniform(0.22, 0.36)), wide * 0.13
    top = foot - tall
    sheet.patch([(x - eave, top + 4), (x + wide * 0.16, top - rise), (x + wide * 0.84, top - rise), (x + wide + eave,
        top + 4)], roof, 1.8)  # fmt: skip
    for row in range(1, 5):
        share = row / 5
        y = top - rise + (rise + 4) * share
        left, right = x + wide * 0.16 * (1 - share) - eave * share, x + wide * (0.84 + 0.16 * share) + eave * share
        sheet.ink([(left, y), (right, y)], 1.3, shade(roof, -0.4), tapers=False)
        for tile in np.arange(left, right, 9.0):
            sheet.ink([(float(tile), y), (float(tile) + 1, y - rise / 6)], 1.0, shade(roof, -0.3), tapers=False)


def _windows(sheet: Sheet, rng: np.random.Generator, corner: Point, size: tuple[float, float], light: Light) -> None:
    x, foot = corner
    wide, tall = size
    columns = max(2, int(wide / 42))
    for column in range(columns):
        left = x + wide * (column + 0.2) / columns
        pane = wide * 0.6 / columns
        for storey in (0.62, 0.24) if tall > 110 else (0.45,):
            if rng.random() < 0.18:
                continue
            top = foot - tall * (storey + 0.22)
            glass = light.lamp if rng.random() < 0.6 else _lit((90, 96, 116), light)
            sheet.patch([(left, top), (left + pane, top), (left + pane, top + tall * 0.2), (left, top + tall * 0.2)],
                glass, 1.8)  # fmt: skip
            for bar in range(1, int(rng.integers(2, 5))):
                across = left + pane * bar / 4
                sheet.ink([(across, top), (across, top + tall * 0.2)], 1.2, (70, 50, 46), tapers=False)
            sheet.ink([(left, top + tall * 0.1), (left + pane, top + tall * 0.1)], 1.2, (70, 50, 46), tapers=False)
    cloth = _lit(((170, 50, 56), (44, 84, 120), (80, 110, 70), (190, 140, 60))[int(rng.integers(4))], light)
    for flap in range(4):
        left = x + wide * (0.12 + 0.19 * flap)
        sheet.patch([(left, foot - tall * 0.3), (left + wide * 0.18, foot - tall * 0.3), (left + wide * 0.17,
            foot - tall * 0.14), (left + wide * 0.02, foot - tall * 0.15)], cloth, 1.2)  # fmt: skip
    words = ("茶", "灯", "薬", "本", "米", "湯", "酒", "魚", "花", "糸")
    sheet.patch(oval((x + wide * 0.9, foot - tall * 0.42), (12, 12)), (236, 222, 190), 1.6)
    sheet.write(words[int(rng.integers(len(words)))], (x + wide * 0.9, foot - tall * 0.42), 15, (60, 30, 30))


def _street(sheet: Sheet, rng: np.random.Generator, light: Light) -> list[tuple[float, float, float]]:
    wide, tall = sheet.size
    horizon = tall * 0.74
    _ridge(sheet, rng, tall * 0.55, tall * 0.2, _lit((86, 90, 130), light, 0.25))
    left = -20.0
    while left < wide:
        width = float(rng.uniform(0.24, 0.4)) * tall
        _house(
            sheet, rng, (left, horizon + float(rng.uniform(0, 6))), (width, float(rng.uniform(0.3, 0.5)) * tall), light
        )
        left += width + float(rng.uniform(4, 40))
    _paving(sheet, rng, horizon, light)
    lamps = []
    cord = [(float(x), tall * 0.22 + 14 * float(np.sin(x / 60.0 + sum(light.tint)))) for x in range(-10, wide + 20, 10)]
    sheet.ink(cord, 1.6, (50, 36, 50), tapers=False)
    for number, (x, y) in enumerate(cord[3::6]):
        red = (214, 78, 56) if number % 3 else (240, 190, 90)
        radius = tall * 0.028
        sheet.patch(oval((x, y + radius * 1.5), (radius, radius * 1.25)), red, 1.4)
        sheet.write("灯火祭"[number % 3], (x, y + radius * 1.5), radius, (60, 20, 20))
        lamps.append((x, y + radius * 1.5, min(wide, tall) * 0.11))
    return lamps


def _paving(sheet: Sheet, rng: np.random.Generator, horizon: float, light: Light) -> None:
    wide, tall = sheet.size
    stone = _lit((126, 116, 118), light, 0.1)
    sheet.fill([(0, horizon), (wide, horizon), (wide, tall), (0, tall)], shade(stone, -0.3))
    y, row = horizon, 0
    while y < tall:
        height = 5 + (y - horizon) * 0.16
        x = -float(rng.uniform(0, 40))
        while x < wide:
            width = height * float(rng.uniform(1.6, 3.4))
            tone = shade(stone, float(rng.uniform(-0.18, 0.16)))
            sheet.fill([(x + 1, y + 1), (x + width - 1, y + 1.5), (x + width - 2, y + height - 1), (x + 2,
                y + height - 1)], tone)  # fmt: skip
            x += width
        y, row = y + height, row + 1


def _forest(sheet: Sheet, rng: np.random.Generator, light: Light) -> list[tuple[float, float, float]]:
    wide, tall = sheet.size
    for depth, base in enumerate((0.5, 0.6, 0.7)):
        _ridge(sheet, rng, tall * base, tall * 0.1, _lit((70, 110, 84), light, 0.3 - 0.12 * depth))
    greens: tuple[Colour, ...] = ((74, 122, 70), (104, 134, 60), (60, 104, 88), (176, 116, 58), (190, 84, 62))
    for x in np.sort(rng.uniform(-20, wide + 20, int(wide / 62))):
        leaf = _lit(greens[int(rng.integers(len(greens)))], light)
        _tree(sheet, rng, (float(x), tall * float(rng.uniform(0.72, 0.84))), tall * float(rng.uniform(0.4, 0.78)), leaf)
    ground = _lit((96, 88, 60), light)
    sheet.fill(
        [*smooth([(0, tall * 0.82), (wide * 0.4, tall * 0.78), (wide, tall * 0.83)]), (wide, tall), (0, tall)], ground
    )
    path = smooth(
        [(wide * 0.36, tall), (wide * 0.46, tall * 0.9), (wide * 0.58, tall * 0.84), (wide * 0.55, tall * 0.79)]
    )
    sheet.fill([*path, (wide * 0.6, tall * 0.79), (wide * 0.66, tall * 0.85), (wide * 0.62, tall * 0.92),
        (wide * 0.68, tall)], shade(ground, 0.35))  # fmt: skip
    for _ in range(int(wide * 0.7)):
        x, y = float(rng.uniform(0, wide)), float(rng.uniform(tall * 0.82, tall))
        blade = float(rng.uniform(4, 13))
        tone = shade(_lit((110, 130, 62), light), float(rng.uniform(-0.4, 0.3)))
        sheet.ink([(x, y), (x + blade * 0.3, y - blade * 0.6), (x + float(rng.uniform(-4, 6)), y - blade)], 1.8, tone)
    return [(float(rng.uniform(0, wide)), float(rng.uniform(tall * 0.5, tall * 0.8)), tall * 0.05) for _ in range(9)]


def _harbour(sheet: Sheet, rng: np.random.Generator, light: Light) -> list[tuple[float, float, float]]:
    wide, tall = sheet.size
    _ridge(sheet, rng, tall * 0.5, tall * 0.16, _lit((80, 108, 128), light, 0.25))
    water = _lit((52, 98, 128), light)
    sheet.fill([(0, tall * 0.52), (wide, tall * 0.52), (wide, tall), (0, tall)], water)
    for _ in range(int(wide * 0.55)):
        depth = float(rng.random()) ** 1.5
        x, y, length = float(rng.uniform(0, wide)), tall * (0.53 + 0.47 * depth), 6 + 34 * depth
        tone = shade(water, float(rng.uniform(-0.35, 0.5)))
        sheet.ink(smooth([(x, y), (x + length / 2, y - 2 - 3 * depth), (x + length, y)]), 1 + 2 * depth, tone)
    lamps = []
    for number in range(3):
        x, y = wide * (0.14 + 0.32 * number) + float(rng.uniform(-20, 20)), tall * float(rng.uniform(0.6, 0.78))
        hull = _lit(((150, 60, 54), (60, 92, 120), (210, 190, 150))[number], light)
        long = tall * float(rng.uniform(0.26, 0.38))
        sheet.patch(smooth([(x, y), (x + long * 0.08, y + long * 0.2), (x + long * 0.9, y + long * 0.2),
            (x + long * 1.06, y - 4)]), hull, 2)  # fmt: skip
        sheet.ink([(x, y + 3), (x + long * 1.02, y)], 4, (236, 226, 206), tapers=False)
        sheet.patch([(x + long * 0.3, y), (x + long * 0.3, y - long * 0.2), (x + long * 0.62, y - long * 0.2),
            (x + long * 0.66, y)], _lit((226, 214, 190), light), 1.8)  # fmt: skip
        sheet.ink(
            [(x + long * 0.46, y - long * 0.2), (x + long * 0.48, y - long * 0.85)], 4, (70, 50, 46), tapers=False
        )
        sheet.patch([(x + long * 0.5, y - long * 0.82), (x + long * 0.95, y - long * 0.12), (x + long * 0.5,
            y - long * 0.14)], _lit((240, 232, 214), light), 1.8)  # fmt: skip
        lamps.append((x + long * 0.36, y - long * 0.1, tall * 0.1))
    quay = _lit((104, 92, 90), light)
    sheet.patch(
        [(wide * 0.7, tall * 0.55), (wide + 9, tall * 0.55), (wide + 9, tall * 0.62), (wide * 0.68, tall * 0.62)],
        quay,
        1.8,
    )
    _house(sheet, rng, (wide * 0.76, tall * 0.56), (tall * 0.3, tall * 0.28), light)
    return lamps


def _hills(sheet: Sheet, rng: np.random.Generator, light: Light) -> list[tuple[float, float, float]]:
    wide, tall = sheet.size
    for depth, base in enumerate((0.44, 0.56, 0.7, 0.84)):
        colour = _lit(((92, 110, 140), (88, 126, 110), (104, 142, 78), (128, 150, 70))[depth], light, 0.3 - 0.1 * depth)
        _ridge(sheet, rng, tall * base, tall * 0.16, colour)
        for _ in range(9 + 7 * depth):
            x, y = float(rng.uniform(0, wide)), tall * (base + 0.06 + float(rng.uniform(0, 0.1)))
            _leaves(sheet, rng, (x, y), (8.0 + 7 * depth, 6.0 + 5 * depth), (shade(colour, -0.35), shade(colour,
                -0.1), shade(colour, 0.15)))  # fmt: skip
    x, y, gate = wide * float(rng.uniform(0.3, 0.7)), tall * 0.8, tall * 0.3
    red = _lit((204, 62, 48), light)
    for side in (-1, 1):
        sheet.patch([(x + side * gate * 0.36 - 5, y), (x + side * gate * 0.33 - 5, y - gate),
            (x + side * gate * 0.33 + 5, y - gate), (x + side * gate * 0.36 + 6, y)], red, 1.8)  # fmt: skip
    sheet.patch(smooth([(x - gate * 0.6, y - gate * 1.1), (x, y - gate * 1.0), (x + gate * 0.6, y - gate * 1.1),
        (x + gate * 0.55, y - gate * 0.94), (x, y - gate * 0.88), (x - gate * 0.55, y - gate * 0.94)],
        is_closed=True), red, 1.8)  # fmt: skip
    sheet.patch([(x - gate * 0.42, y - gate * 0.74), (x + gate * 0.42, y - gate * 0.74), (x + gate * 0.42,
        y - gate * 0.66), (x - gate * 0.42, y - gate * 0.66)], red, 1.6)  # fmt: skip
    _tree(sheet, rng, (wide * 0.12, tall * 0.94), tall * 0.8, _lit((226, 150, 164), light))
    return [(x, y - gate * 0.4, tall * 0.2)]


def _workshop(sheet: Sheet, rng: np.random.Generator, light: Light) -> list[tuple[float, float, float]]:
    wide, tall = sheet.size
    wall = _lit((150, 116, 90), light)
    sheet.fill([(0, 0), (wide, 0), (wide, tall), (0, tall)], wall)
    for x in np.arange(0, wide, tall * 0.12):
        sheet.ink([(float(x), 0), (float(x), tall * 0.78)], 2, shade(wall, -0.3), tapers=False)
    for shelf in (0.2, 0.42):
        y = tall * shelf
        sheet.patch([(0, y), (wide, y), (wide, y + 9), (0, y + 9)], _lit((96, 64, 48), light), 1.6)
        x = 8.0
        while x < wide:
            x += _trinket(sheet, rng, (x, y), tall, light)
    pane = (wide * 0.6, tall * 0.5)
    sheet.patch([(pane[0], pane[1]), (wide * 0.86, pane[1]), (wide * 0.86, tall * 0.74), (pane[0], tall * 0.74)],
        light.sky[-1], 4)  # fmt: skip
    floor = _lit((112, 74, 54), light)
    sheet.patch([(0, tall * 0.78), (wide, tall * 0.78), (wide, tall), (0, tall)], floor, 2)
    for x in np.arange(-wide, 2 * wide, tall * 0.16):
        sheet.ink([(wide / 2 + (float(x) - wide / 2) * 0.6, tall * 0.78), (float(x), tall)], 1.6, shade(floor, -0.35),
            tapers=False)  # fmt: skip
    return [(pane[0] + wide * 0.13, tall * 0.62, tall * 0.3)]


def _trinket(sheet: Sheet, rng: np.random.Generator, foot: Point, tall: int, light: Light) -> float:
    """Put one thing on a shelf and return how much room it took."""
    x, y = foot
    size = tall * float(rng.uniform(0.05, 0.13))
    colours: tuple[Colour, ...] = ((176, 70, 60), (70, 104, 120), (210, 174, 96), (96, 122, 82), (220, 210, 190))
    colour = _lit(colours[int(rng.integers(len(colours)))], light)
    kind = int(rng.integers(4))
    if kind == 0:  # a clock
        sheet.patch(oval((x + size / 2, y - size / 2), (size / 2, size / 2)), colour, 2)
        sheet.patch(oval((x + size / 2, y - size / 2), (size * 0.36, size * 0.36)), (246, 240, 224), 1.4)
        for angle in rng.uniform(0, 2 * np.pi, 2):
            tip = (x + size / 2 + size * 0.3 * float(np.cos(angle)), y - size / 2 + size * 0.3 * float(np.sin(angle)))
            sheet.ink([(x + size / 2, y - size / 2), tip], 2.4, (40, 30, 40))
    elif kind == 1:  # books
        for number in range(4):
            left, height = x + size * 0.25 * number, size * float(rng.uniform(0.7, 1.1))
            sheet.patch([(left, y), (left, y - height), (left + size * 0.22, y - height), (left + size * 0.22, y)],
                shade(colour, 0.14 * number - 0.3), 1.4)  # fmt: skip
    elif kind == 2:  # a jar
        sheet.patch(smooth([(x, y), (x - size * 0.05, y - size * 0.5), (x + size * 0.25, y - size), (x + size * 0.6,
            y - size), (x + size * 0.9, y - size * 0.5), (x + size * 0.85, y)]), colour, 1.8)  # fmt: skip
        sheet.ink([(x + size * 0.2, y - size * 0.6), (x + size * 0.24, y - size * 0.2)], 3, shade(colour, 0.5))
    else:  # a box
        sheet.patch([(x, y), (x, y - size * 0.6), (x + size, y - size * 0.6), (x + size, y)], colour, 1.8)
        sheet.write("箱宝種糸"[int(rng.integers(4))], (x + size / 2, y - size * 0.3), size * 0.4)
    return size + float(rng.uniform(3, 14))


PLACES: dict[str, Callable[[Sheet, np.random.Generator, Light], list[tuple[float, float, float]]]] = {
    "street": _street,
    "forest": _forest,
    "harbour": _harbour,
    "hills": _hills,
    "workshop": _workshop,
}
