"""The still pictures of the corpus as a test set: two halves of different works, references, negatives, queries.

Pictures that share pixels (language versions of one page, expressions of one sprite) are kin: any of them is a right
answer for any other, and a picture whose kin is registered is never a negative. Another page of the same comic,
another drawing of the same character and another picture in the same frame are negatives. Covers are left out: they are
enlarged panels of their own episode. A third of the pages is registered as a black-and-white print of the page.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fingerprints.borders import shrunk
from matcher.interface import Box
from tests.conftest import CORPUS
from tests.measure import manga_attacks, templates
from tests.measure.attacks import ATTACKS, VECTOR_ATTACK, Attack, Picture
from tests.measure.manga_attacks import PAGE_ATTACKS
from tests.measure.product_attacks import PRODUCT_ATTACKS

SEED = 6  # of 15 tried before anything was measured: it deals pages and mock-ups most evenly
REGISTERED_THIRDS = 2  # of the pictures; the last third is never registered
PRINTED_THIRDS = 1  # of the registered pages
FRAME_PX = 1024  # of the long side of a read picture
FOLDERS = ("art", "comics", "products")
LEFT_OUT = ("cover", "_P00_", "BlueWhiffBG2")  # the last is one plain white: nothing can be told of it
# Looked at: one drawing, recoloured, faded or extended, that the names do not show to be one. Start of the name -> kin.
ONE_DRAWING = {
    "monsters_fire_ant": "ant",
    "monsters_giant_ant": "ant",
    "Intro_Kiripan": "Kiripan",
    "Kiripan": "Kiripan",
    "demo_concert": "concert",
    "vert_redbg": "chain",
    "vert_bluebg": "chain",
    "redbg": "vines",
    "bluebg": "vines",
}


DESIGNS = 3  # of each layout of shared furniture; the two halves have different ones
IN_ONE_FRAME = 2  # registered pictures in each design
FRAMED_ATTACKS = tuple(attack for attack in ATTACKS if attack.hardness != "hard")
PARTNERS = ("comic_page", "comic_page_textless")
HARD_SHARE = 6  # one hard negative of each class for this many unrelated ones
UNRELATED, NEIGHBOURS, CHARACTER, FRAMED = "unrelated", "neighbouring pages", "same character", "template"
HARD_NEGATIVES = (NEIGHBOURS, CHARACTER, FRAMED)


@dataclass(frozen=True)
class Item:
    """One picture of the corpus, as it is, printed in black and white, or inside shared furniture."""

    path: str
    kind: str
    language: str
    family: str  # a work or an episode: never split over the halves
    kin: str  # pictures that share most of their pixels
    printed: str = ""  # the method, of manga_attacks.PRINTS
    layout: str = ""  # of templates.LAYOUTS
    design: int = 0

    def read(self) -> Picture:
        """Return the picture, RGB, transparent parts on white, long side at most 1024."""
        return shrunk(self.master(), FRAME_PX)

    def master(self) -> Picture:
        """Return what copies are made from: of a print, twice the size of the page."""
        picture = manga_attacks.printed(read(CORPUS / self.path), self.printed)
        return templates.framed(picture, self.layout, self.design) if self.layout else picture


@dataclass(frozen=True)
class Query:
    """One picture to be looked up, and the right answer."""

    name: str  # of the attack or of the natural change
    hardness: str
    item: Item
    kin: str | None  # of the right references; None: nothing is right
    attack: Attack | None
    seed: int
    partners: tuple[Item, ...] = ()  # unregistered pages that a page is joined with, instead of the carriers

    def picture(self, carriers: list[Item]) -> Picture:
        """Return the altered picture; the same one in every run."""
        if self.attack is None:
            return self.item.read()
        original = self.item.master() if self.partners else self.item.read()
        pool = [replace(item, printed=self.item.printed) for item in self.partners] or carriers
        random = np.random.default_rng(self.seed)
        return self.attack.alter(original, random, lambda draw: _lent(pool[int(draw.integers(len(pool)))]))


def _lent(item: Item) -> Picture:
    return item.master() if item.printed else item.read()


@dataclass(frozen=True)
class Half:
    """One half of the works."""

    references: list[Item]
    carriers: list[Item]  # negatives that collages are made with; never queries themselves
    queries: list[Query]


def read(path: Path) -> Picture:
    """Return a picture file as RGB, transparent parts on white, long side at most 1024."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        pixels = (pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return shrunk(np.ascontiguousarray(pixels[..., ::-1]), FRAME_PX)


def number(*parts: object) -> int:
    """Return a number that is the same on every machine for the same parts."""
    return int.from_bytes(hashlib.sha256(repr((SEED, *parts)).encode()).digest()[:6], "big")


def items() -> list[Item]:
    """Return every still picture of the corpus once, covers left out."""
    found: dict[str, Item] = {}
    with (CORPUS / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest):
            folder = row["path"].split("/")[0]
            if folder not in FOLDERS or any(mark in row["path"] for mark in LEFT_OUT):
                continue
            family, kin = _relations(Path(row["path"]).stem, row)
            found.setdefault(row["sha256"], Item(row["path"], row["kind"], row["language"], family, kin))
    return list(found.values())


def all_paths() -> list[Path]:
    """Return the file of every still picture, also those that are left out of the test set."""
    with (CORPUS / "manifest.csv").open(newline="", encoding="utf-8") as manifest:
        rows = [row["path"] for row in csv.DictReader(manifest)]
    return [CORPUS / path for path in rows if path.split("/")[0] in FOLDERS]


def _relations(stem: str, row: dict[str, str]) -> tuple[str, str]:
    if page := re.match(r"pc_(e\d\d)_(P\d\d)", stem):
        return page[1], f"{page[1]}_{page[2]}"
    if panel := re.match(r"pc_panel_(\d\d)(P\d\d)", stem):
        # Panels were cut from pages: kin to their page.
        return f"e{panel[1]}", f"e{panel[1]}_{panel[2]}"
    if row["path"].startswith("products"):
        return row["work"], row["group"]  # a mock-up names the art that is printed on it
    one = next((kin for start, kin in ONE_DRAWING.items() if stem.startswith(start)), None)
    if one is None and row["group"] and row["group"] != "pc_cast":
        one = row["group"]
    plain = one or re.sub(r"(_female|_\d+|\d+)+$", "", stem)
    return f"{row['work']} {plain.split('_')[0]}", f"{row['work']} {plain}"


def half(which: int, *, per_attack: int, negatives: int) -> Half:
    """Return half 0 (to tune on) or 1 (to report): `per_attack` positives an attack, about `negatives` unrelated
    negatives, and for every six of those one of each class of hard negatives."""
    everything = items()
    mine = [item for item in everything if number(item.family) % 2 == which and item.kind != "product_mockup"]
    base = [item for item in mine if item.language == "ja" or item.path.startswith("art")]
    plain = [_as_registered(item) for item in base if number("register", item.kin) % 3 < REGISTERED_THIRDS]
    registered = {item.kin for item in plain}
    others = [item for item in mine if item.kin not in registered]
    carriers = [item for item in others if number("carrier", item.kin) % 4 == 0 and not _is_page(item)]
    lent = {item.kin for item in carriers}
    unknown = [item for item in others if item.kin not in lent]
    in_frames = list(_in_frames(which, plain))
    hard = -(-negatives // HARD_SHARE)
    neighbours, characters = _neighbours(unknown, plain), _characters(unknown)
    too_near = {*neighbours, *characters}
    queries = [
        *_attacked(plain, per_attack),
        *_pages(plain, [item for item in unknown if item.kind in PARTNERS and item.language in ("ja", "")], per_attack),
        *_framed(in_frames, per_attack),
        *_natural(mine, plain),
        *_mockups(everything, registered, which),
        *_negatives(UNRELATED, [item for item in unknown if item not in too_near], negatives),
        *_negatives(NEIGHBOURS, neighbours, hard),
        *_negatives(CHARACTER, characters, hard),
        *_negatives(FRAMED, list(_framed_unknowns(in_frames, unknown, hard // 2)), hard),
    ]
    return Half([*plain, *in_frames], carriers, queries)


def _is_page(item: Item) -> bool:
    return item.path.startswith("comics")


def _as_registered(item: Item) -> Item:
    if item.kind != "comic_page" or number("print", item.kin) % 3 >= PRINTED_THIRDS:
        return item
    return replace(item, printed=("dots", "scan")[number("method", item.kin) % 2])


def _attacked(references: list[Item], per_attack: int) -> Iterator[Query]:
    flat = [item for item in references if "openclipart" in item.path]
    pools = [(attack, references) for attack in (*ATTACKS, *PRODUCT_ATTACKS)] + [(VECTOR_ATTACK, flat)]
    for attack, pool in pools:
        for turn, item in _in_turn(attack.name, pool, per_attack):
            yield Query(
                attack.name, attack.hardness, item, item.kin, attack, number("alter", attack.name, item.path, turn)
            )


def _pages(references: list[Item], partners: list[Item], per_attack: int) -> Iterator[Query]:
    """Yield what happens to pages only; a page is joined with pages that nobody registered."""
    pages = [item for item in references if item.kind == "comic_page"]
    for attack in PAGE_ATTACKS:
        for turn, item in _in_turn(attack.name, pages, per_attack):
            coin = number("coin", attack.name, item.path, turn) % 2 == 0
            copied = replace(item, printed=manga_attacks.print_of(attack.name, item.printed, coin=coin))
            seed = number("alter", attack.name, item.path, turn)
            yield Query(attack.name, attack.hardness, copied, item.kin, attack, seed, tuple(partners))


def _in_turn(name: str, pool: Sequence[Item], count: int) -> Iterator[tuple[int, Item]]:
    """Yield `count` items in an order of the name's own, again from the first when there are fewer."""
    order = sorted(pool, key=lambda item: number(name, item.path))
    return islice(((turn, item) for turn in range(count) for item in order), count)


def _in_frames(which: int, references: list[Item]) -> Iterator[Item]:
    """Yield registered pictures once more, inside shared furniture: a few in every design."""
    art = [item for item in references if item.kind != "comic_page"]
    for layout in templates.LAYOUTS:
        for place in range(DESIGNS):
            design = number("design", which, layout, place)
            count = IN_ONE_FRAME if place else 1  # the first design is never seen twice: nothing can be learned of it
            for item in sorted(art, key=lambda item: number(design, item.path))[:count]:
                yield replace(item, layout=layout, design=design)


def marked(references: Sequence[Item]) -> dict[int, tuple[Box, ...]]:
    """Return what rights holders mark by hand, by the reference's place: the furniture of designs that are registered
    once, of which nothing can be learned, and of pages that are mostly furniture."""
    designs = Counter(item.design for item in references)
    return {
        place: templates.furniture(item.layout, item.design)
        for place, item in enumerate(references)
        if item.layout and (designs[item.design] == 1 or item.layout in templates.MOSTLY_FURNITURE)
    }


def _framed(in_frames: list[Item], per_attack: int) -> Iterator[Query]:
    for turn, item in _in_turn("in a template", in_frames, per_attack):
        seed = number("framed", item.path, item.design, turn)
        yield Query("in a template", "medium", item, item.kin, FRAMED_ATTACKS[seed % len(FRAMED_ATTACKS)], seed)


def _framed_unknowns(in_frames: list[Item], unknown: list[Item], count: int) -> Iterator[Item]:
    """Yield unregistered art inside the very designs that are registered around other pictures."""
    art = [item for item in unknown if item.path.startswith("art")]
    designs = sorted({(item.layout, item.design) for item in in_frames}, key=lambda design: number(design))
    for place in range(count):
        layout, design = designs[place % len(designs)]
        inner = min(art, key=lambda item: number("inner", place, item.path))
        yield replace(inner, layout=layout, design=design)


def _natural(mine: list[Item], references: list[Item]) -> Iterator[Query]:
    """Yield other versions of registered pages: translations, the art before lettering, line art, screentone, and of a
    page that was registered in black and white its colours."""
    pages = {item.kin: item for item in references if item.kind == "comic_page"}
    names = {"comic_page": "translated", "comic_page_textless": "textless", "lineart_derived": "line art"}
    for item in mine:
        if item.kin not in pages or not _is_page(item):
            continue
        registered = pages[item.kin]
        if item.kind == "comic_page" and registered.printed:
            yield Query("in colour", "medium", item, item.kin, None, 0)
        if item.language != "ja":
            shown = replace(item, printed=registered.printed) if item.kind == "comic_page" else item
            yield Query(names.get(item.kind, "screentone"), "medium", shown, item.kin, None, 0)


def _mockups(everything: list[Item], registered: set[str], which: int) -> Iterator[Query]:
    of_art = {item.path: item for item in everything}
    for item in everything:
        art = of_art.get(item.kin) if item.kind == "product_mockup" else None
        if art is not None and art.kin in registered and number(art.family) % 2 == which:
            yield Query("product mock-up", "hard", item, art.kin, None, 0)


def _neighbours(unknown: list[Item], references: list[Item]) -> list[Item]:
    """Return the pages, in any language, of episodes of which other pages are registered."""
    episodes = {item.family for item in references if item.kind == "comic_page"}
    return [item for item in unknown if item.family in episodes and _is_page(item)]


def _characters(unknown: list[Item]) -> list[Item]:
    """Return other drawings of the characters of the registered comic: panels of other pages, and illustrations."""
    return [item for item in unknown if item.path.startswith("art/pepper-carrot")]


def _negatives(name: str, unknown: list[Item], count: int) -> Iterator[Query]:
    """Yield pictures that nothing registered is in: as they are, then attacked in turn until there are `count`."""
    for turn in range(-(-count // max(1, len(unknown)))):
        for place, item in enumerate(unknown):
            if turn * len(unknown) + place >= count:
                return
            seed = number("negative", turn, item.path, item.design)
            yield Query(name, "negative", item, None, ATTACKS[seed % len(ATTACKS)] if turn else None, seed)
