"""People and a fox: a look (who it is) and a pose (what they do now) become an inked drawing with transparency."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from dashboard.demo.drawing import INK, Colour, Point, Sheet, blend, oval, shade, smooth


@dataclass(frozen=True)
class Look:
    """Who somebody is: everything that stays the same from picture to picture."""

    skin: Colour = (250, 222, 200)
    hair: Colour = (54, 62, 110)
    eyes: Colour = (196, 120, 40)
    coat: Colour = (190, 60, 62)
    trim: Colour = (240, 200, 110)
    style: str = "buns"  # "buns", "bob", "long", "spikes", "cap"
    jaw: float = 1.0  # 0.8 narrow to 1.2 broad
    eye_gap: float = 0.43
    eye_size: float = 1.0
    girth: float = 1.0  # of the coat
    pattern: str = "waves"  # of the coat: "waves", "dots", "stripes", "leaves"
    wobble: float = 0.0  # how far this artist's hand strays from the others', in heads' radii
    seed: int = 1


@dataclass(frozen=True)
class Pose:
    """What somebody does in one drawing."""

    mouth: float = 0.15  # 0 closed to 1 wide open
    eyes_open: float = 1.0
    gaze: float = 0.0  # -1 left to 1 right
    arm: float = 0.2  # 0 hanging to 1 raised
    stride: float = 0.0  # -1 to 1
    holds: str = ""  # "lantern", "book" or nothing


class _Pen:
    """Draws in units of a head's radius around a head's centre."""

    def __init__(self, sheet: Sheet, centre: Point, unit: float, *, girth: float = 1.0, wobble: float = 0.0) -> None:
        self.sheet, self.centre, self.unit, self.girth, self.wobble = sheet, centre, unit, girth, wobble

    def at(self, points: list[Point]) -> list[Point]:
        spots = np.asarray(points, dtype=np.float64) * (self.girth, 1.0)
        if self.wobble:  # no two artists put the same things in quite the same places
            spots = spots + self.wobble * np.sin(spots[:, ::-1] * (4.1, 3.3) + (self.wobble * 40, 1.7))
        spots = spots * self.unit + self.centre
        return [(float(x), float(y)) for x, y in spots]

    def curve(self, points: list[Point]) -> list[Point]:
        return self.at(smooth(points, is_closed=True))

    def shape(self, points: list[Point], colour: Colour, width: float = 0.035) -> None:
        self.sheet.patch(self.curve(points), colour, width * self.unit)

    def glaze(self, points: list[Point], colour: Colour, alpha: int) -> None:
        self.sheet.fill(self.curve(points), colour, alpha=alpha)

    def stroke(self, points: list[Point], width: float = 0.035, colour: Colour = INK) -> None:
        self.sheet.ink(self.at(smooth(points)), width * self.unit, colour)

    def round(self, centre: Point, radii: Point, colour: Colour, width: float = 0.0, *, tilt: float = 0.0) -> None:
        self.sheet.patch(self.at(oval(centre, radii, tilt=tilt)), colour, width * self.unit)


def person(look: Look, pose: Pose, height: int, *, fineness: int = 2, is_bust: bool = False) -> Image.Image:
    """Return somebody standing (or from the chest up), cut out; `height` in pixels."""
    tall = 2.9 if is_bust else 7.4  # in heads' radii, with room for the hair
    unit = height / tall
    size = (round(unit * 4.6), height)
    sheet = Sheet(size, fineness=fineness)
    pen = _Pen(sheet, (size[0] / 2, unit * 1.5), unit, wobble=look.wobble)
    body = _Pen(sheet, pen.centre, unit, girth=look.girth, wobble=look.wobble)
    _back_hair(pen, look)
    if not is_bust:
        _legs(body, look, pose)
    _coat(body, look, pose)
    _head(pen, look)
    _face(pen, look, pose)
    _fringe(pen, look)
    if pose.holds:
        _held(body, look, pose)
    return sheet.finished()


def _back_hair(pen: _Pen, look: Look) -> None:
    dark = shade(look.hair, -0.25)
    if look.style == "buns":
        for side in (-1, 1):
            pen.round((side * 0.95, -0.88), (0.46, 0.44), look.hair, 0.04)
            pen.stroke([(side * 0.7, -0.85), (side * 0.98, -1.08), (side * 1.2, -0.8)], 0.03, dark)
            pen.round((side * 0.72, -0.66), (0.14, 0.12), look.trim, 0.03)
    if look.style == "long":
        pen.shape(
            [(-1.1, -0.4), (-1.35, 1.2), (-1.15, 2.7), (-0.5, 2.3), (0.5, 2.4), (1.2, 2.8), (1.35, 1.1), (1.1, -0.4)],
            dark,
        )
    if look.style in {"buns", "bob"}:
        pen.shape([(-1.12, -0.3), (-1.28, 0.6), (-0.95, 1.18), (0, 1.0), (0.95, 1.18), (1.28, 0.6), (1.12, -0.3)], dark)


def _legs(pen: _Pen, look: Look, pose: Pose) -> None:
    for side in (-1, 1):
        x, step = side * 0.38, side * pose.stride * 0.45
        pen.shape(
            [(x - 0.26, 3.6), (x - 0.24 + step, 5.2), (x + 0.24 + step, 5.2), (x + 0.26, 3.6)], shade(look.hair, 0.15)
        )
        pen.shape(
            [(x - 0.3 + step, 5.0), (x - 0.34 + step, 5.5), (x + 0.42 + step, 5.52), (x + 0.3 + step, 5.0)],
            shade(look.coat, -0.55),
        )


def _coat(pen: _Pen, look: Look, pose: Pose) -> None:
    body = [(-0.5, 1.15), (-0.98, 1.45), (-1.05, 2.4), (-1.45, 4.2), (-0.5, 4.42), (0.5, 4.42), (1.45, 4.2), (1.05,
        2.4), (0.98, 1.45), (0.5, 1.15)]  # fmt: skip
    pen.shape(body, look.coat, 0.045)
    _coat_pattern(pen, look)
    pen.glaze([(0.25, 1.3), (0.98, 1.5), (1.05, 2.4), (1.4, 4.2), (0.7, 4.36), (0.45, 2.6)], (20, 16, 50), 66)
    pen.stroke([(0.0, 1.5), (0.06, 2.8), (0.0, 4.35)], 0.045)
    for fold in (-0.8, -0.4, 0.45, 0.9):
        pen.stroke([(fold * 0.7, 2.7), (fold * 0.9, 3.4), (fold * 1.15, 4.2)], 0.03, shade(look.coat, -0.45))
    pen.shape([(-1.07, 2.35), (-1.08, 2.66), (0, 2.78), (1.08, 2.66), (1.07, 2.35), (0, 2.46)], look.trim)
    for side in (-1, 1):
        lift = pose.arm if side > 0 else 0.0
        hand = (side * (1.36 + 0.35 * lift), 3.2 - 2.0 * lift)
        elbow = (side * (1.42 + 0.2 * lift), 2.35 - 0.35 * lift)
        pen.shape([(side * 0.78, 1.42), elbow, (hand[0] + side * 0.26, hand[1]), (hand[0] - side * 0.24,
            hand[1] + 0.1), (side * 0.8, 2.2)], shade(look.coat, 0.06))  # fmt: skip
        pen.round((hand[0], hand[1] + 0.12), (0.2, 0.22), look.skin, 0.035)
        pen.stroke([(hand[0] - 0.22, hand[1] - 0.02), (hand[0] + 0.22, hand[1] - 0.02)], 0.1, look.trim)
    pen.shape([(-0.62, 1.1), (-0.72, 1.42), (0, 1.72), (0.72, 1.42), (0.62, 1.1), (0, 1.25)], look.trim, 0.04)


def _coat_pattern(pen: _Pen, look: Look) -> None:
    rng = np.random.default_rng(look.seed)
    light, dark = blend(look.coat, look.trim, 0.55), shade(look.coat, -0.22)
    for _ in range(26):
        x, y = rng.uniform(-0.85, 0.85), rng.uniform(1.7, 4.15)
        x *= 1.0 if y < 2.6 else 1.25
        if look.pattern == "dots":
            pen.round((x, y), (0.09, 0.09), light)
        elif look.pattern == "stripes":
            pen.stroke([(x, y - 0.35), (x * 1.04, y), (x * 1.08, y + 0.3)], 0.05, light)
        elif look.pattern == "leaves":
            pen.round((x, y), (0.16, 0.06), light, tilt=float(rng.uniform(0, 180)))
        else:
            for ring in (0.16, 0.09):
                pen.sheet.ink(
                    pen.at(oval((x, y), (ring, ring), start=180, end=360)),
                    0.03 * pen.unit,
                    light if ring > 0.1 else dark,
                )


def _head(pen: _Pen, look: Look) -> None:
    j = look.jaw
    pen.shape([(-0.22, 0.8), (-0.24, 1.4), (0.24, 1.4), (0.22, 0.8)], shade(look.skin, -0.14))
    pen.shape(
        [(-0.98, -0.3), (-0.94, 0.3), (-0.66 * j, 0.78), (-0.2 * j, 1.08), (0.2 * j, 1.08), (0.66 * j, 0.78), (0.94,
            0.3), (0.98, -0.3), (0.5, -0.95), (-0.5, -0.95)],
        look.skin, 0.045,
    )  # fmt: skip
    pen.glaze(
        [(-0.95, -0.3), (0.95, -0.3), (0.9, 0.02), (0.3, -0.08), (-0.4, 0.04), (-0.9, 0.0)], shade(look.skin, -0.3), 90
    )
    for side in (-1, 1):
        pen.round((side * 1.0, 0.22), (0.13, 0.2), shade(look.skin, -0.06), 0.035)
        pen.glaze(oval((side * 0.58, 0.55), (0.2, 0.1)), (236, 120, 110), 95)


def _face(pen: _Pen, look: Look, pose: Pose) -> None:
    for side in (-1, 1):
        x, wide, tall = side * look.eye_gap, 0.2 * look.eye_size, 0.29 * look.eye_size
        if pose.eyes_open < 0.3:
            pen.stroke([(x - wide, 0.22), (x, 0.32), (x + wide, 0.22)], 0.07)
        else:
            tall *= pose.eyes_open
            pen.round((x, 0.2), (wide * 1.12, tall), (255, 255, 255))
            pen.round((x + pose.gaze * 0.07, 0.22), (wide * 0.86, tall * 0.92), shade(look.eyes, -0.35))
            pen.round((x + pose.gaze * 0.07, 0.3), (wide * 0.68, tall * 0.6), look.eyes)
            pen.round((x + pose.gaze * 0.07, 0.2), (wide * 0.36, tall * 0.46), INK)
            pen.round((x + pose.gaze * 0.07 - 0.06, 0.08), (wide * 0.3, tall * 0.26), (255, 255, 255))
            pen.round((x + pose.gaze * 0.07 + 0.07, 0.36), (wide * 0.15, tall * 0.12), (255, 255, 255))
            outer, inner = x + side * wide * 1.35, x - side * wide * 1.1
            pen.stroke(
                [
                    (inner, 0.06),
                    (x - side * wide * 0.2, 0.18 - tall),
                    (x + side * wide * 0.7, 0.2 - tall * 0.9),
                    (outer, 0.16),
                ],
                0.1,
            )
        pen.stroke([(x - side * 0.2, -0.27), (x, -0.31), (x + side * 0.22, -0.24)], 0.055, shade(look.hair, -0.4))
    pen.stroke([(-0.02, 0.52), (0.05, 0.58), (-0.02, 0.61)], 0.04, shade(look.skin, -0.45))
    if pose.mouth < 0.2:
        pen.stroke([(-0.2, 0.74), (0.0, 0.81), (0.22, 0.73)], 0.055)
    else:
        drop = 0.08 + 0.2 * pose.mouth
        pen.shape([(-0.2, 0.72), (0.0, 0.7), (0.2, 0.72), (0.12, 0.72 + drop), (-0.12, 0.72 + drop)], (150, 42, 52))
        pen.glaze(oval((0.0, 0.7 + drop * 0.85), (0.1, drop * 0.3)), (238, 130, 130), 255)


def _fringe(pen: _Pen, look: Look) -> None:
    rng = np.random.default_rng(look.seed)
    if look.style == "cap":
        pen.shape([(-1.1, -0.3), (-1.05, -1.0), (0, -1.42), (1.05, -1.0), (1.1, -0.3), (0, -0.52)], look.coat, 0.045)
        pen.shape(
            [(-1.15, -0.36), (0.2, -0.62), (1.5, -0.3), (1.3, -0.14), (0, -0.36), (-1.1, -0.18)], shade(look.coat, -0.3)
        )
        return
    tips = 7 if look.style == "spikes" else 5
    crown = oval((0, -0.25), (1.14, 1.0), start=190, end=350) if look.style != "spikes" else _spikes(rng)
    lower: list[Point] = []
    for number in range(tips):
        x = 1.06 - (number + 0.5) * 2.12 / tips
        lower += [(x + 0.2, -0.32 + float(rng.uniform(-0.12, 0.02))), (x, 0.0 + float(rng.uniform(-0.1, 0.16)))]
    pen.sheet.patch(pen.at([*crown, (1.12, 0.35), *lower, (-1.12, 0.35)]), look.hair, 0.045 * pen.unit)
    for _ in range(9):
        x = float(rng.uniform(-0.8, 0.8))
        pen.stroke([(x * 0.55, -1.1), (x * 0.85, -0.75), (x, -0.38)], 0.035, shade(look.hair, -0.4))
    pen.sheet.ink(pen.at(oval((0, -0.2), (0.85, 0.62), start=205, end=300)), 0.13 * pen.unit, shade(look.hair, 0.42))
    for side in (-1, 1):
        pen.shape([(side * 0.96, -0.5), (side * 1.2, 0.2), (side * 1.02, 0.95), (side * 0.92, 0.3)], look.hair)


def _spikes(rng: np.random.Generator) -> list[Point]:
    points: list[Point] = []
    for angle in np.linspace(185, 355, 10):
        turn = np.radians(angle)
        reach = 1.32 + float(rng.uniform(-0.1, 0.16))
        points += [
            (1.05 * np.cos(turn - 0.12), -0.2 + 0.95 * np.sin(turn - 0.12)),
            (reach * np.cos(turn), -0.2 + reach * np.sin(turn)),
        ]
    return [(float(x), float(y)) for x, y in points]


def _held(pen: _Pen, look: Look, pose: Pose) -> None:
    x, y = 1.36 + 0.35 * pose.arm, 3.35 - 2.0 * pose.arm
    if pose.holds == "book":
        pen.shape(
            [(x - 0.5, y - 0.35), (x + 0.3, y - 0.45), (x + 0.42, y + 0.35), (x - 0.4, y + 0.45)],
            shade(look.trim, -0.2),
            0.045,
        )
        pen.stroke([(x - 0.3, y - 0.1), (x + 0.15, y - 0.16)], 0.06, look.coat)
        return
    pen.stroke([(x, y), (x + 0.02, y + 0.35)], 0.05)
    pen.glaze(oval((x, y + 0.8), (0.85, 0.85)), (255, 214, 120), 60)
    pen.shape(
        [
            (x - 0.3, y + 0.42),
            (x - 0.44, y + 0.8),
            (x - 0.3, y + 1.2),
            (x + 0.3, y + 1.2),
            (x + 0.44, y + 0.8),
            (x + 0.3, y + 0.42),
        ],
        (255, 206, 104),
        0.045,
    )
    for rib in (0.6, 0.8, 1.0):
        pen.stroke([(x - 0.4, y + rib), (x, y + rib + 0.05), (x + 0.4, y + rib)], 0.035, (196, 110, 40))
    pen.shape([(x - 0.24, y + 0.34), (x + 0.24, y + 0.34), (x + 0.28, y + 0.46), (x - 0.28, y + 0.46)], (70, 44, 40))
    pen.shape([(x - 0.26, y + 1.16), (x + 0.26, y + 1.16), (x + 0.2, y + 1.3), (x - 0.2, y + 1.3)], (70, 44, 40))


def fox(height: int, *, fur: Colour = (236, 146, 66), tail: float = 0.0, fineness: int = 2) -> Image.Image:
    """Return a sitting fox spirit with a bushy tail, cut out; `tail` from -1 to 1 wags it."""
    unit = height / 4.6
    sheet = Sheet((round(unit * 5.2), height), fineness=fineness)
    pen = _Pen(sheet, (unit * 2.1, unit * 1.7), unit)
    _fox_tail(pen, fur, 0.35 * tail)
    _fox_body(pen, fur)
    _fox_head(pen, fur)
    return sheet.finished()


def _fox_tail(pen: _Pen, fur: Colour, sway: float) -> None:
    def swayed(points: list[Point], hanging: set[int]) -> list[Point]:
        return [(x, y if number in hanging else y + sway) for number, (x, y) in enumerate(points)]

    whole = [(0.7, 2.4), (1.9, 2.1), (2.7, 0.9), (2.55, -0.3), (2.0, 0.5), (1.4, 1.2), (0.6, 1.7)]
    tip = [(2.7, 0.8), (2.72, 0.1), (2.55, -0.3), (2.2, 0.2), (2.35, 0.5), (2.2, 0.75)]
    pen.shape(swayed(whole, {0, 5, 6}), fur, 0.05)
    pen.shape(swayed(tip, set()), _CREAM, 0.04)


def _fox_body(pen: _Pen, fur: Colour) -> None:
    pen.shape([(-0.8, 0.9), (-1.15, 2.1), (-0.9, 2.7), (0.9, 2.7), (1.2, 2.0), (0.8, 0.9)], fur, 0.05)
    pen.shape([(-0.45, 0.9), (-0.55, 1.7), (0, 2.2), (0.55, 1.7), (0.45, 0.9)], _CREAM, 0.03)
    for side in (-1, 1):
        leg = [(side * 0.2, 1.9), (side * 0.25, 2.72), (side * 0.62, 2.74), (side * 0.62, 1.9)]
        paw = [(side * 0.22, 2.45), (side * 0.2, 2.76), (side * 0.68, 2.76), (side * 0.62, 2.45)]
        pen.shape(leg, shade(fur, -0.1), 0.04)
        pen.shape(paw, shade(fur, -0.5), 0.03)


def _fox_head(pen: _Pen, fur: Colour) -> None:
    for side in (-1, 1):
        pen.sheet.patch(pen.at([(side * 0.2, -0.7), (side * 0.85, -1.65), (side * 1.1, -0.3)]), fur, 0.05 * pen.unit)
        pen.sheet.fill(pen.at([(side * 0.45, -0.75), (side * 0.82, -1.3), (side * 0.95, -0.5)]), shade(fur, -0.5))
    head = [(-1.1, -0.2), (-0.8, -0.85), (0, -0.95), (0.8, -0.85), (1.1, -0.2), (0.7, 0.5), (0, 0.95), (-0.7, 0.5)]
    cheeks = [(-1.02, 0.05), (-0.4, 0.05), (0, 0.35), (0.4, 0.05), (1.02, 0.05), (0.6, 0.6), (0, 0.93), (-0.6, 0.6)]
    pen.shape(head, fur, 0.05)
    pen.shape(cheeks, _CREAM, 0.0)
    for side in (-1, 1):
        pen.round((side * 0.42, -0.12), (0.13, 0.2), INK)
        pen.round((side * 0.42 - 0.04, -0.2), (0.05, 0.06), (255, 255, 255))
        pen.stroke([(side * 0.2, -0.55), (side * 0.3, -0.75), (side * 0.24, -0.85)], 0.06, _COLLAR)
    pen.round((0, 0.5), (0.14, 0.1), INK)
    pen.stroke([(-0.2, 0.64), (0, 0.74), (0.2, 0.64)], 0.045)
    pen.shape([(-0.7, 0.85), (-0.6, 1.1), (0, 1.25), (0.6, 1.1), (0.7, 0.85), (0, 1.02)], _COLLAR, 0.04)
    pen.round((0, 1.25), (0.14, 0.14), (250, 210, 90), 0.03)


_CREAM: Colour = (255, 240, 218)
_COLLAR: Colour = (204, 66, 60)

SUZU = Look()
HARU = Look(hair=(120, 74, 46), eyes=(70, 120, 150), coat=(64, 104, 128), trim=(236, 226, 200), style="spikes",
    jaw=1.08, eye_gap=0.45, eye_size=0.86, pattern="stripes", seed=7)  # fmt: skip
NAO = Look(hair=(46, 40, 44), eyes=(90, 90, 90), coat=(214, 208, 198), trim=(120, 120, 120), style="bob", jaw=0.92,
    eye_gap=0.4, eye_size=1.1, pattern="dots", wobble=0.12, seed=3)  # fmt: skip
TANUKI = Look(hair=(110, 96, 90), eyes=(60, 60, 60), coat=(96, 92, 96), trim=(226, 222, 216), style="cap", jaw=1.2,
    eye_gap=0.5, eye_size=0.8, pattern="leaves", wobble=0.12, seed=4)  # fmt: skip
STRANGER = Look(hair=(204, 122, 152), eyes=(70, 150, 110), coat=(84, 132, 96), trim=(250, 244, 230), style="long",
    jaw=0.86, eye_gap=0.47, eye_size=1.16, pattern="leaves", girth=0.72, wobble=0.11, seed=21)  # fmt: skip
RIVAL = replace(
    STRANGER,
    hair=(230, 190, 90),
    coat=(92, 84, 150),
    style="bob",
    pattern="stripes",
    jaw=1.12,
    eye_gap=0.39,
    girth=0.84,
    wobble=-0.09,
    seed=33,
)
