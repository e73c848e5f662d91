"""Manga pages: panels of toned drawings with bubbles, lettered in any of the languages a story is told in."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dashboard.demo.drawing import INK, Sheet, lettering, oval, screentone
from dashboard.demo.figures import NAO, RIVAL, STRANGER, TANUKI, Look, Pose, person
from dashboard.demo.scenery import DAY, place

PAGE = (860, 1220)  # pixels, width and height
FINENESS = 2
Box = tuple[int, int, int, int]  # left, top, right, bottom

LAYOUTS: tuple[tuple[tuple[float, float, float, float], ...], ...] = (
    ((0, 0, 1, 0.36), (0.46, 0.36, 1, 0.68), (0, 0.36, 0.46, 0.68), (0, 0.68, 1, 1)),
    ((0.4, 0, 1, 0.3), (0, 0, 0.4, 0.3), (0, 0.3, 1, 0.64), (0.55, 0.64, 1, 1), (0, 0.64, 0.55, 1)),
    ((0.52, 0, 1, 0.44), (0, 0, 0.52, 0.44), (0.34, 0.44, 1, 0.76), (0, 0.44, 0.34, 0.76), (0, 0.76, 1, 1)),
)  # fractions of the page, in Japanese reading order


@dataclass(frozen=True)
class Line:
    """What one bubble says in each language."""

    ja: str
    en: str
    fr: str

    def in_(self, language: str) -> str:
        """Return the words in "ja", "en" or "fr"."""
        return {"ja": self.ja, "en": self.en, "fr": self.fr}[language]


@dataclass(frozen=True)
class Story:
    """A story to be drawn: who is in it, where it plays, what is said."""

    title: str
    cast: tuple[Look, ...]
    places: tuple[str, ...]
    lines: tuple[Line, ...]
    seed: int


@dataclass(frozen=True)
class Bubble:
    """One bubble of a page, in pixels of the finished page."""

    box: Box
    line: Line


@dataclass(frozen=True)
class Page:
    """One drawn page before lettering, larger than it will be, and its bubbles."""

    art: Image.Image
    bubbles: tuple[Bubble, ...]

    def lettered(self, language: str) -> Image.Image:
        """Return the finished page in a language, RGB."""
        sheet = Sheet(PAGE, fineness=1, paper=self.art.reduce(FINENESS))
        for bubble in self.bubbles:
            letter(sheet, bubble.box, bubble.line.in_(language), language)
        return sheet.finished().convert("RGB")


def letter(sheet: Sheet, box: Box, words: str, language: str) -> None:
    """Letter words into a box as its language is written: Japanese downwards, others across, as large as they fit."""
    left, top, right, bottom = box
    middle = ((left + right) / 2, (top + bottom) / 2)
    if language == "ja":
        columns = words.split("\n")
        size = min((bottom - top) * 0.8 / max(len(each) for each in columns) / 1.12,
            (right - left) * 0.8 / len(columns) / 1.12)  # fmt: skip
        sheet.write_down(words, middle, min(size, 27))
        return
    for size in range(25, 8, -1):
        wrapped = _wrapped(words, (right - left) * 0.8, size)
        widest = max(lettering(size).getlength(line) for line in wrapped)
        if len(wrapped) * size * 1.5 <= (bottom - top) * 0.9 and widest <= (right - left) * 0.86:
            break
    sheet.write("\n".join(wrapped), middle, size)


def _wrapped(words: str, width: float, size: int) -> list[str]:
    font = lettering(size)
    lines = [""]
    for word in words.replace(" ?", "\u00a0?").replace(" !", "\u00a0!").split(" "):  # French never parts these
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def pages(story: Story, count: int) -> list[Page]:
    """Draw the first `count` pages of a story."""
    lines = itertools.cycle(story.lines)
    return [_page(story, number, lines) for number in range(count)]


def _page(story: Story, number: int, lines: Iterator[Line]) -> Page:
    rng = np.random.default_rng(story.seed * 1000 + number)
    large = (PAGE[0] * FINENESS, PAGE[1] * FINENESS)
    art = Image.new("L", large, 255)
    bubbles: list[Bubble] = []
    for order, share in enumerate(LAYOUTS[(number + story.seed) % len(LAYOUTS)]):
        left, top = 36 + share[0] * (PAGE[0] - 72) + 5, 36 + share[1] * (PAGE[1] - 72) + 6
        right, bottom = 36 + share[2] * (PAGE[0] - 72) - 5, 36 + share[3] * (PAGE[1] - 72) - 6
        box = (round(left), round(top), round(right), round(bottom))
        panel, bubble = _panel(story, (box[2] - box[0], box[3] - box[1]), order + number, rng)
        art.paste(panel, (box[0] * FINENESS, box[1] * FINENESS))
        moved = (bubble[0] + box[0], bubble[1] + box[1], bubble[2] + box[0], bubble[3] + box[1])
        bubbles.append(Bubble(moved, next(lines)))
    return Page(art.convert("RGB"), tuple(bubbles))


def _panel(story: Story, size: tuple[int, int], order: int, rng: np.random.Generator) -> tuple[Image.Image, Box]:
    """Draw one panel, toned and framed, with an empty bubble; return it and the bubble's box within it."""
    wide, tall = size[0] * FINENESS, size[1] * FINENESS
    kind = story.places[int(rng.integers(len(story.places)))]
    seed = int(rng.integers(1 << 30))
    picture = place(kind, (round(wide * 0.55), round(tall * 0.55)), DAY, seed, has_lamps=False).resize((wide, tall))
    if order % 4 == 2:  # a moment of surprise: speed lines instead of a place
        picture = _speed_lines((wide, tall), rng)
    speaks_left = bool(rng.random() < 0.5)
    drawn = _cast(story, picture, order, rng, is_left=not speaks_left)
    grey = drawn.convert("L").point(lambda value: min(255, int(value * 1.12 + 18)))
    sheet = Sheet(
        (wide, tall), fineness=1, paper=screentone(grey, pitch=7.4, angle=45 if order % 2 else 30).convert("RGB")
    )
    across, down = min(wide * 0.42, 300.0), min(tall * 0.62, 330.0)
    middle = (wide * 0.03 + across / 2 if speaks_left else wide * 0.97 - across / 2, tall * 0.05 + down / 2)
    tail = (middle[0] + (0.45 if speaks_left else -0.45) * across, middle[1] + down * 0.62)
    sheet.patch(
        [(middle[0] - 24, middle[1] + down * 0.3), tail, (middle[0] + 30, middle[1] + down * 0.3)], (255, 255, 255), 4
    )
    sheet.patch(oval(middle, (across / 2, down / 2)), (255, 255, 255), 4.5)
    sheet.fill([(middle[0] - 22, middle[1] + down * 0.26), (middle[0], middle[1] + down * 0.44), (middle[0] + 28,
        middle[1] + down * 0.26)], (255, 255, 255))  # fmt: skip
    sheet.ink([(0, 0), (wide, 0), (wide, tall), (0, tall), (0, 0)], 9, INK, tapers=False)
    box = (middle[0] - across * 0.4, middle[1] - down * 0.42, middle[0] + across * 0.4, middle[1] + down * 0.42)
    left, top, right, bottom = (round(part / FINENESS) for part in box)
    return sheet.finished().convert("L"), (left, top, right, bottom)


def _cast(story: Story, picture: Image.Image, order: int, rng: np.random.Generator, *, is_left: bool) -> Image.Image:
    wide, tall = picture.size
    look = story.cast[order % len(story.cast)]
    pose = Pose(
        mouth=float(rng.choice([0.1, 0.5, 0.9])),
        eyes_open=float(rng.choice([0.1, 0.8, 1.0, 1.0])),
        gaze=float(rng.uniform(-1, 1)),
        arm=float(rng.random()),
        stride=float(rng.uniform(-1, 1)),
        holds=str(rng.choice(["", "book", "lantern"])),
    )
    is_bust = order % 3 != 0
    height = round(tall * float(rng.uniform(0.8, 1.0) if is_bust else rng.uniform(0.86, 1.3)))
    figure = person(look, pose, height, fineness=1, is_bust=is_bust)
    if rng.random() < 0.4:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    centre = wide * float(rng.uniform(0.26, 0.36) if is_left else rng.uniform(0.64, 0.74))
    where = (round(centre - figure.width / 2), tall - min(height, tall) + (0 if is_bust else round(height * 0.02)))
    drawn = picture.copy()
    drawn.paste(figure, where, figure)
    return drawn


def _speed_lines(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(size, fineness=1, paper=Image.new("RGB", size, (255, 255, 255)))
    centre = (size[0] * float(rng.uniform(0.35, 0.65)), size[1] * float(rng.uniform(0.4, 0.6)))
    reach = float(np.hypot(*size))
    for angle in rng.uniform(0, 2 * np.pi, 150):
        near, width = reach * float(rng.uniform(0.18, 0.32)), float(rng.uniform(0.004, 0.014))
        ends = [
            (centre[0] + reach * np.cos(angle + turn), centre[1] + reach * np.sin(angle + turn))
            for turn in (-width, width)
        ]
        tip = (centre[0] + near * np.cos(angle), centre[1] + near * np.sin(angle))
        sheet.fill([(float(x), float(y)) for x, y in (tip, *ends)], INK)
    return sheet.finished().convert("RGB")


TANUKI_WATCHMAKER = Story(
    "The Tanuki Watchmaker", (NAO, TANUKI), ("workshop", "street", "workshop", "hills"),
    (
        Line("この時計\n直せますか", "Can you mend this watch?", "Pouvez-vous réparer cette montre ?"),
        Line("ほう\n古い品だ", "My, an old one.", "Oh, une pièce ancienne."),
        Line("祖母の\n形見です", "It was my grandmother's.", "Elle était à ma grand-mère."),
        Line("音が\nしない", "It makes no sound.", "Elle ne fait aucun bruit."),
        Line("眠って\nいるだけさ", "It is only asleep.", "Elle dort, voilà tout."),
        Line("時計も\n眠るの？", "Do watches sleep?", "Les montres dorment ?"),
        Line("山の水で\n目を覚ます", "Mountain water will wake it.", "L'eau de la montagne la réveillera."),
        Line("行こう！", "Let's go!", "Allons-y !"),
        Line("日が暮れて\nしまうよ", "The sun is going down.", "Le soleil se couche."),
        Line("狸さん\n待って！", "Wait for me, Mister Tanuki!", "Attendez-moi, monsieur Tanuki !"),
        Line("ほら\n聞こえる", "There, listen.", "Tenez, écoutez."),
        Line("チク\nタク…", "Tick, tock…", "Tic, tac…"),
        Line("動いた！", "It moves!", "Elle marche !"),
        Line("おばあさんの\n声がする", "I hear her voice.", "J'entends sa voix."),
        Line("大事に\nするんだよ", "Take good care of it.", "Prends-en bien soin."),
        Line("はい\n必ず", "I will. I promise.", "Oui. C'est promis."),
    ),
    seed=11,
)  # fmt: skip
QUIET_GARDEN = Story(
    "The Quiet Garden", (STRANGER, RIVAL), ("forest", "hills", "harbour"),
    (
        Line("種を\nまこう", "Let us sow.", "Semons."),
        Line("雨が\n来るね", "Rain is coming.", "Il va pleuvoir."),
        Line("静かな\n朝だ", "A quiet morning.", "Un matin calme."),
        Line("誰か\nいるの？", "Is somebody there?", "Il y a quelqu'un ?"),
        Line("風の音\nだけ", "Only the wind.", "Rien que le vent."),
        Line("花が\n咲いた", "It has flowered.", "Elle a fleuri."),
    ),
    seed=52,
)  # fmt: skip
