"""What pirates do to a work: crop, mirror, re-letter, collage, letterbox, subtitle. Pure: pictures in and out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageFilter, ImageOps

from dashboard.demo.drawing import Colour, Sheet, lettering, oval, smooth
from dashboard.demo.film import Picture
from dashboard.demo.manga import Bubble, letter

Fractions = tuple[float, float, float, float]  # left, top, right, bottom, of width and height


def save(image: Image.Image, path: Path, quality: int = 82) -> Path:
    """Write the picture as its name says (.jpg, .webp, .png) and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        image.convert("RGB").save(path, optimize=False, compress_level=3)
    else:
        image.convert("RGB").save(path, quality=quality)
    return path


def cropped(image: Image.Image, part: Fractions) -> Image.Image:
    """Return a part of the picture."""
    wide, tall = image.size
    return image.crop((round(wide * part[0]), round(tall * part[1]), round(wide * part[2]), round(tall * part[3])))


def mirrored(image: Image.Image) -> Image.Image:
    """Return the picture left for right."""
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def scaled(image: Image.Image, width: int) -> Image.Image:
    """Return the picture at another width."""
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def tinted(image: Image.Image, warmth: float, contrast: float = 1.0) -> Image.Image:
    """Return the picture with another white balance (`warmth` > 0 towards red) and contrast."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    pixels = (pixels - 128) * contrast + 128
    pixels = pixels * np.asarray([1 + warmth, 1.0, 1 - warmth], dtype=np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def relettered(page: Image.Image, bubbles: Sequence[Bubble], language: str) -> Image.Image:
    """Return a page whose bubbles were emptied and lettered anew in "fr" or "en"."""
    sheet = Sheet((page.width, page.height), fineness=1, paper=page)
    for bubble in bubbles:
        left, top, right, bottom = bubble.box
        middle = ((left + right) / 2, (top + bottom) / 2)
        sheet.fill(oval(middle, ((right - left) * 0.58, (bottom - top) * 0.56)), (255, 255, 255))
        letter(sheet, bubble.box, bubble.line.in_(language), language)
    return sheet.finished().convert("RGB")


def strip(panels: Sequence[Image.Image], width: int) -> Image.Image:
    """Return pictures one below the other, as read on a telephone."""
    parts = [scaled(panel, width) for panel in panels]
    tall = Image.new("RGB", (width, sum(part.height + 18 for part in parts)), (16, 16, 18))
    top = 0
    for part in parts:
        tall.paste(part, (0, top))
        top += part.height + 18
    return tall


def collage(pictures: Sequence[Image.Image], size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """Return up to six pictures pinned to a board, a little askew."""
    rng = np.random.default_rng(len(pictures))
    board = Image.new("RGB", size, (62, 50, 46))
    columns = 2 if len(pictures) in (2, 4) else min(len(pictures), 3)
    rows = -(-len(pictures) // columns)
    cell = (size[0] // columns, size[1] // rows)
    for number, picture in enumerate(pictures):
        framed = ImageOps.expand(
            ImageOps.contain(picture.convert("RGB"), (cell[0] - 36, cell[1] - 36)), 8, (250, 248, 240)
        )
        pinned = framed.convert("RGBA").rotate(
            float(rng.uniform(-4, 4)), expand=True, resample=Image.Resampling.BICUBIC
        )
        corner = (number % columns * cell[0] + (cell[0] - pinned.width) // 2,
            number // columns * cell[1] + (cell[1] - pinned.height) // 2)  # fmt: skip
        board.paste(pinned, corner, pinned)
    return board


def screenshot(picture: Image.Image, title: str) -> Image.Image:
    """Return the picture as seen in an app on a telephone: bars, buttons, comments around it."""
    sheet = Sheet((540, 1080), fineness=1, paper=Image.new("RGB", (540, 1080), (248, 248, 250)))
    sheet.fill([(0, 0), (540, 0), (540, 46), (0, 46)], (22, 24, 32))
    sheet.write("9:41    ● ● ●    87%", (270, 23), 18, (240, 240, 240))
    sheet.fill([(0, 46), (540, 46), (540, 112), (0, 112)], (74, 86, 180))
    sheet.write(title[:26], (270, 79), 26, (255, 255, 255))
    shown = ImageOps.contain(picture.convert("RGB"), (540, 560))
    sheet.lay(shown, ((540 - shown.width) / 2, 130))
    y = 130 + shown.height + 40
    sheet.fill(smooth([(40, y), (52, y - 14), (66, y), (52, y + 22)], is_closed=True), (226, 70, 90))
    sheet.write("2,481      ★ 77", (200, y), 22, (90, 90, 100), weight=500)
    for line in range(4):
        row = y + 60 + line * 58
        sheet.fill(oval((48, row), (20, 20)), ((200, 120, 90), (90, 160, 140), (120, 110, 190), (190, 170, 80))[line])
        for part, width in enumerate((360, 240)):
            sheet.fill([(84, row - 12 + 18 * part), (84 + width - 40 * line, row - 12 + 18 * part),
                (84 + width - 40 * line, row - 4 + 18 * part), (84, row - 4 + 18 * part)], (206, 208, 216))  # fmt: skip
    return sheet.finished().convert("RGB")


def priced(photo: Image.Image, words: str, colour: Colour = (214, 40, 48)) -> Image.Image:
    """Return a shop photograph with a shouting badge and a band of words over it."""
    wide, tall = photo.size
    sheet = Sheet((wide, tall), fineness=1, paper=photo)
    sheet.fill([(0, tall * 0.86), (wide, tall * 0.86), (wide, tall), (0, tall)], colour)
    sheet.write(words, (wide / 2, tall * 0.93), tall * 0.06, (255, 255, 255), weight=800)
    star = [
        (wide * 0.85 + reach * np.cos(angle), tall * 0.15 + reach * np.sin(angle))
        for angle, reach in zip(np.linspace(0, 2 * np.pi, 25), [wide * 0.13, wide * 0.1] * 13, strict=False)
    ]
    sheet.fill([(float(x), float(y)) for x, y in star], (255, 214, 40))
    sheet.write("-60%", (wide * 0.85, tall * 0.15), tall * 0.055, (150, 20, 30), weight=900)
    return sheet.finished().convert("RGB")


def watermarked(image: Image.Image, words: str) -> Image.Image:
    """Return the picture with a scan group's name across its corner."""
    marked = image.convert("RGBA")
    font = lettering(max(14, image.width // 26), 700)
    mark = Image.new("L", (round(font.getlength(words)) + 20, image.width // 16), 0)
    sheet = Sheet(mark.size, fineness=1, paper=Image.new("RGB", mark.size))
    sheet.write(words, (mark.width / 2, mark.height / 2), max(14, image.width // 26), (255, 255, 255))
    alpha = sheet.finished().convert("L").point(lambda value: value * 150 // 255)
    marked.paste((120, 30, 60), (image.width - mark.width - 12, image.height - mark.height - 12), alpha)
    return marked.convert("RGB")


def blurred(image: Image.Image, radius: float = 1.2) -> Image.Image:
    """Return the picture as a cheap scanner sees it."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def mirrored_letterbox(pixels: Picture, _second: float) -> Picture:
    """Mirror a frame and shrink it between black bars."""
    tall, wide = pixels.shape[:2]
    small = cv2.resize(pixels[:, ::-1], (wide, round(tall * 0.76)), interpolation=cv2.INTER_AREA)
    framed = np.zeros_like(pixels)
    top = (tall - small.shape[0]) // 2
    framed[top : top + small.shape[0]] = small
    return framed


def cropped_frame(pixels: Picture, _second: float) -> Picture:
    """Cut a tenth off every side."""
    tall, wide = pixels.shape[:2]
    return np.ascontiguousarray(pixels[tall // 12 : -tall // 12, wide // 12 : -wide // 12])


def subtitles(lines: Sequence[str], hold_s: float = 3.2) -> Callable[[Picture, float], Picture]:
    """Return a change that burns subtitles into frames, one line after the other."""
    cards: dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray]] = {}

    def burn(pixels: Picture, second: float) -> Picture:
        tall, wide = pixels.shape[:2]
        number = int(second / hold_s) % len(lines)
        if (number, wide, tall) not in cards:
            cards[number, wide, tall] = _subtitle(lines[number], (wide, tall))
        colours, weight = cards[number, wide, tall]
        return np.asarray(pixels * (1 - weight) + colours * weight, dtype=np.uint8)

    return burn


def _subtitle(words: str, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    sheet = Sheet(size, fineness=1)
    where, height = (size[0] / 2, size[1] * 0.9), size[1] * 0.07
    for dx, dy in ((-2, 0), (2, 0), (0, -2), (0, 2)):
        sheet.write(words, (where[0] + dx, where[1] + dy), height, (10, 10, 10), weight=700)
    sheet.write(words, where, height, (255, 244, 120), weight=700)
    pixels = np.asarray(sheet.finished(), dtype=np.float32)
    return pixels[:, :, :3], pixels[:, :, 3:] / 255
