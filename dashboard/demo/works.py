"""The drawn world's originals: an episode, a manga in two languages, character art, shop photographs."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dashboard.demo import episode, film, goods, manga
from dashboard.demo.attacks import mirrored, save
from dashboard.demo.drawing import Colour, Sheet, gradient, oval, painted
from dashboard.demo.figures import HARU, RIVAL, STRANGER, SUZU, Look, Pose, fox, person
from dashboard.demo.goods import Goods
from dashboard.demo.manga import Page, Story
from dashboard.demo.scenery import DAWN, DUSK, Light, place


@dataclass(frozen=True)
class Originals:
    """Files of the drawn works, and the manga's pages before lettering."""

    episode: Path
    pages_ja: tuple[Path, ...]
    pages_en: tuple[Path, ...]
    pages: tuple[Page, ...]
    sheet: Path
    visual: Path
    photos: dict[str, tuple[Path, ...]]  # sku -> photographs


FOR_SALE = (goods.SUZU_FIGURE, goods.KON_PLUSH, goods.FESTIVAL_LAMP)
BACKDROPS: tuple[Colour, ...] = ((222, 214, 202), (186, 202, 208), (224, 196, 186))


def draw(folder: Path, *, pages: int = 6, shots: int = len(episode.LANTERN_ROAD)) -> Originals:
    """Draw everything into a folder. Fewer pages and shots make a smaller world for tests."""
    drawn = tuple(manga.pages(manga.TANUKI_WATCHMAKER, pages))
    return Originals(
        episode=draw_film(
            episode.LANTERN_ROAD[:shots], folder / "lantern-road-01.mp4", seed=7, tempo=96, scale="hirajoshi"
        ),
        pages_ja=_print(drawn, folder / "tanuki" / "ja", "ja"),
        pages_en=_print(drawn, folder / "tanuki" / "en", "en"),
        pages=drawn,
        sheet=save(character_sheet((SUZU, HARU), "灯りの道  設定資料", with_fox=True), folder / "suzu-sheet.png"),
        visual=save(key_visual((SUZU, HARU), DUSK, 70, "灯りの道"), folder / "key-visual.png"),
        photos={each.sku: shoot(each, folder / "goods", number) for number, each in enumerate(FOR_SALE)},
    )


def draw_film(shots: tuple[episode.Shot, ...], path: Path, *, seed: int, tempo: float, scale: str) -> Path:
    """Draw and encode a film."""
    return film.write(episode.film(shots, seed, tempo=tempo, scale=scale), path)


def draw_pages(story: Story, count: int, folder: Path, language: str) -> tuple[Path, ...]:
    """Draw and letter a story's pages."""
    return _print(tuple(manga.pages(story, count)), folder, language)


def _print(pages: tuple[Page, ...], folder: Path, language: str) -> tuple[Path, ...]:
    return tuple(
        save(page.lettered(language), folder / f"{number:03}.png") for number, page in enumerate(pages, start=1)
    )


def shoot(product: Goods, folder: Path, seed: int) -> tuple[Path, ...]:
    """Take a product's two photographs."""
    return tuple(
        save(
            goods.photograph(product, angle, seed=seed * 10 + angle, backdrop=BACKDROPS[seed % 3]),
            folder / f"{product.sku}-{angle}.jpg",
            92,
        )
        for angle in (0, 1)
    )


def character_sheet(looks: tuple[Look, ...], title: str, *, with_fox: bool = False) -> Image.Image:
    """Return a settings sheet: each figure standing, three expressions, and the colours."""
    size = (1400, 900)
    sheet = Sheet(size, fineness=1, paper=painted(gradient(size, (246, 240, 228), (232, 222, 204)), 3, strength=0.06))
    sheet.write(title, (size[0] * 0.5, 52), 44, (70, 50, 60), weight=800)
    for number, look in enumerate(looks):
        left = 30 + number * 690
        sheet.fill(oval((left + 150, 820), (130, 26)), (206, 194, 176))
        sheet.lay(
            person(look, Pose(arm=0.7 * (1 - number), holds="lantern" if number == 0 else ""), 720), (left - 60, 100)
        )
        for row, pose in enumerate((Pose(mouth=0.9), Pose(eyes_open=0.0, mouth=0.1), Pose(gaze=-0.9, mouth=0.5))):
            face = person(look, pose, 210, is_bust=True)
            sheet.patch(oval((left + 470, 210 + row * 222), (112, 104)), ((236, 208, 180), (204, 220, 220), (226, 214,
                232))[row], 2)  # fmt: skip
            sheet.lay(face, (left + 470 - face.width / 2, 104 + row * 222))
        for row, colour in enumerate((look.hair, look.skin, look.eyes, look.coat, look.trim)):
            x, y = left + 612, 170 + row * 62
            sheet.patch([(x, y), (x + 46, y), (x + 46, y + 46), (x, y + 46)], colour, 2)
    if with_fox:
        sheet.lay(fox(190), (570, 690))
    return sheet.finished().convert("RGB")


def key_visual(looks: tuple[Look, ...], light: Light, seed: int, title: str) -> Image.Image:
    """Return a poster: the cast before a place of the story, with the title."""
    size = (900, 1200)
    poster = place("street", size, light, seed).convert("RGBA")
    for number, look in enumerate(looks):
        figure = person(look, Pose(mouth=0.5, arm=0.85 - 0.6 * number, holds="lantern" if number == 0 else "",
            gaze=0.4), 820 - 70 * number)  # fmt: skip
        poster.alpha_composite(figure, (30 + 350 * number, size[1] - figure.height - 30))
    poster.alpha_composite(fox(330, tail=0.5), (530, size[1] - 350))
    sheet = Sheet(size, fineness=1, paper=painted(poster, seed, strength=0.10))
    for dx, colour in ((4, (40, 20, 50)), (0, (255, 238, 200))):
        sheet.write(title, (size[0] / 2 + dx, 120 + dx), 118, colour, weight=900)
    return sheet.finished().convert("RGB")


def stranger_sheet() -> Image.Image:
    """Return another artist's settings sheet: the same pencil, other people, another arrangement."""
    size = (1100, 1000)
    sheet = Sheet(size, fineness=1, paper=painted(gradient(size, (226, 236, 232), (204, 222, 226)), 8, strength=0.10))
    for number, (look, pose) in enumerate(((STRANGER, Pose(stride=0.8, arm=0.1, mouth=0.6)), (RIVAL, Pose(stride=-0.6,
        arm=0.45, holds="book")))):  # fmt: skip
        sheet.lay(mirrored(person(look, pose, 600)), (470 + number * 270, 380 - number * 40))
        sheet.lay(
            mirrored(person(look, Pose(mouth=0.2, gaze=0.7), 440, is_bust=True)),
            (-40 + number * 130, 60 + number * 460),
        )
    sheet.write("庭の日記  登場人物", (740, 90), 52, (50, 90, 80), weight=700)
    sheet.write("線と色の覚え書き", (740, 160), 26, (80, 110, 100), weight=400)
    return sheet.finished().convert("RGB")


def stranger_visual() -> Image.Image:
    """Return another artist's poster."""
    size = (1000, 1100)
    poster = place("forest", size, DAWN, 41).convert("RGBA")
    one = mirrored(person(RIVAL, Pose(mouth=0.9, arm=0.3, stride=0.6), 620))
    other = person(STRANGER, Pose(eyes_open=0.0, mouth=0.1, arm=0.05), 900, is_bust=True)
    poster.alpha_composite(other, (-140, size[1] - other.height))
    poster.alpha_composite(one, (560, size[1] - one.height - 20))
    sheet = Sheet(size, fineness=1, paper=painted(poster, 41, strength=0.12))
    sheet.write_down("庭の日記", (900, 240), 84, (250, 246, 230), weight=900)
    return sheet.finished().convert("RGB")


def opened(path: Path) -> Image.Image:
    """Return a picture file as a picture, read whole."""
    with Image.open(path) as image:
        return image.convert("RGB")
