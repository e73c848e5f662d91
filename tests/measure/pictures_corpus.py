"""The still pictures of the corpus as a test set: two halves of different works, references, negatives, queries.

Pictures that share pixels (language versions of one page, expressions of one sprite) are kin: any of them is a right
answer for any other, and a picture whose kin is registered is never a negative. Another page of the same comic and
another drawing of the same character are negatives. Covers are left out: they are enlarged panels of their own episode.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fingerprints.borders import shrunk
from tests.conftest import CORPUS
from tests.measure.attacks import ATTACKS, Attack, Picture

SEED = 6  # of 15 tried before anything was measured: it deals pages and mock-ups most evenly
REGISTERED_THIRDS = 2  # of the pictures; the last third is never registered
FRAME_PX = 1024  # what the decoder hands to the kinds
REPEATED = ("cover", "_P00_")
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


@dataclass(frozen=True)
class Item:
    """One picture of the corpus."""

    path: str
    kind: str
    language: str
    family: str  # a work or an episode: never split over the halves
    kin: str  # pictures that share most of their pixels

    def read(self) -> Picture:
        """Return the picture, RGB, transparent parts on white."""
        return read(CORPUS / self.path)


@dataclass(frozen=True)
class Query:
    """One picture to be looked up, and the right answer."""

    name: str  # of the attack or of the natural change
    hardness: str
    item: Item
    kin: str | None  # of the right references; None: nothing is right
    attack: Attack | None
    seed: int

    def picture(self, carriers: list[Item]) -> Picture:
        """Return the altered picture; the same one in every run."""
        original = self.item.read()
        if self.attack is None:
            return original
        random = np.random.default_rng(self.seed)
        return self.attack.alter(original, random, lambda draw: carriers[int(draw.integers(len(carriers)))].read())


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
            if folder not in ("art", "comics", "products") or any(mark in row["path"] for mark in REPEATED):
                continue
            family, kin = _relations(Path(row["path"]).stem, row)
            found.setdefault(row["sha256"], Item(row["path"], row["kind"], row["language"], family, kin))
    return list(found.values())


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
    """Return half 0 (to tune on) or 1 (to report): `per_attack` positives an attack, about `negatives` negatives."""
    everything = items()
    of_art = {item.path: item for item in everything}
    mine = [item for item in everything if number(item.family) % 2 == which and item.kind != "product_mockup"]
    base = [item for item in mine if item.language == "ja" or item.path.startswith("art")]
    references = [item for item in base if number("register", item.kin) % 3 < REGISTERED_THIRDS]
    registered = {item.kin for item in references}
    others = [item for item in mine if item.kin not in registered]
    carriers = [item for item in others if number("carrier", item.kin) % 4 == 0]
    lent = {item.kin for item in carriers}
    unknown = [item for item in others if item.kin not in lent]
    queries = [*_attacked(references, per_attack), *_natural(mine, references)]
    queries += [
        Query("product mock-up", "hard", item, of_art[item.kin].kin, None, 0)
        for item in everything
        if item.kind == "product_mockup" and item.kin in of_art and of_art[item.kin].kin in registered
        and number(of_art[item.kin].family) % 2 == which
    ]  # fmt: skip
    return Half(references, carriers, [*queries, *_negatives(unknown, negatives)])


def _attacked(references: list[Item], per_attack: int) -> Iterator[Query]:
    for attack in ATTACKS:
        chosen = sorted(references, key=lambda item: number(attack.name, item.path))[:per_attack]
        for item in chosen:
            yield Query(attack.name, attack.hardness, item, item.kin, attack, number("alter", attack.name, item.path))


def _natural(mine: list[Item], references: list[Item]) -> Iterator[Query]:
    """Yield other versions of registered pages: translations, the art before lettering, line art, screentone."""
    pages = {item.kin for item in references if item.kind == "comic_page"}
    names = {"comic_page": "translated", "comic_page_textless": "textless", "lineart_derived": "line art"}
    for item in mine:
        if item.kin in pages and item.path.startswith("comics") and item.language != "ja":
            yield Query(names.get(item.kind, "screentone"), "medium", item, item.kin, None, 0)


def _negatives(unknown: list[Item], count: int) -> Iterator[Query]:
    """Yield pictures that nothing registered is in: as they are, then attacked in turn until there are `count`."""
    for turn in range(-(-count // max(1, len(unknown)))):
        for place, item in enumerate(unknown):
            if turn * len(unknown) + place >= count:
                return
            attack = ATTACKS[number("negative", turn, item.path) % len(ATTACKS)] if turn else None
            yield Query("unrelated", "negative", item, None, attack, number("negative", turn, item.path))


def pixels_of(rows: list[Item]) -> list[NDArray[np.uint8]]:
    """Return the pictures of the items."""
    return [item.read() for item in rows]
