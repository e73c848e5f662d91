"""Shelves of hashes made of real films' frames, as skewed as those are, and what is asked of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fingerprints.interface import Frame, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from matcher.film_looks import LEAST_QUALITY
from matcher.indexes.hamming import Codes, Numbers
from tests.measure import film_alterations, film_scale, film_writing, films_corpus

SEED = 7
EPISODE = 5760  # hashes of one owner, 24 minutes at four frames a second
DEGENERATE = 0.01  # of all frames, in BLACKS clusters that every film shares: half of them equal, half with noise
BLACKS, NOISE = 8, 0.04  # clusters; share of the bits that noise turns over
FRESH, FRESH_OWNERS, FRESH_HASHES = 10**9, 400, 60  # the owners that come and go while it is measured
RANGE = 31  # bits; copies that are asked have up to so many turned over


@dataclass(frozen=True)
class Shelf:
    """Hashes by owner, the owners 0, 1, 2 in turn."""

    codes: Codes
    counts: Numbers
    blacks: Codes

    def owners(self) -> Iterator[tuple[int, Codes]]:
        """Yield every owner with its hashes."""
        ends = np.cumsum(self.counts)
        for owner, (end, count) in enumerate(zip(ends.tolist(), self.counts.tolist(), strict=True)):
            yield owner, self.codes[end - count : end]


def films() -> list[Codes]:
    """Return the hashes of each film of the corpus, as a reference keeps them, without frames that show nothing."""
    found = []
    for name, until_s in film_scale._names().items():
        source = films_corpus.source(name, 0.0, until_s)
        high = round(film_writing.WIDE_PX * source.aspect / 2) * 2
        look = FilmPdq().begin()
        for step in range(int(until_s / film_scale.STEP_S)):
            at_s = step * film_scale.STEP_S
            look.see(Frame(film_alterations.sized(source.at(at_s), film_writing.WIDE_PX, high), at_s))
        found.append(_telling(look.finish()))
    return found


def _telling(look: Vectors) -> Codes:
    return look.codes[look.positions[:, 2] >= LEAST_QUALITY]


def shelf(films: list[Codes], count: int) -> Shelf:
    """Return so many hashes: real films, each time with other bits turned over in all of its frames, and black ones."""
    random = np.random.default_rng(SEED)
    black = round(count * DEGENERATE)
    parts, made = [], 0
    while made < count - black:
        film = films[int(random.integers(len(films)))]
        parts.append((film ^ random.integers(0, 256, film.shape[1]).astype(np.uint8))[: count - black - made])
        made += len(parts[-1])
    blacks = random.integers(0, 256, (BLACKS, 32)).astype(np.uint8)
    some = blacks[random.integers(0, BLACKS, black)]
    for start in range(black // 2, black, 1 << 16):
        part = some[start : start + (1 << 16)]
        part ^= np.packbits(random.random((len(part), 256)) < NOISE, axis=1)
    counts = np.full(-(-count // EPISODE), EPISODE)
    counts[-1] -= counts.sum() - count
    return Shelf(np.concatenate([*parts, some]), counts, blacks)


def turned(codes: Codes, most: int, random: np.random.Generator) -> Codes:
    """Return the hashes, each with 0 to `most` of its bits turned over."""
    order = random.random((len(codes), 256)).argsort(axis=1)
    return codes ^ np.packbits(order < random.integers(0, most + 1, len(codes))[:, None], axis=1)


def asked(stored: Shelf, films: list[Codes], count: int, seed: int = SEED) -> Codes:
    """Return queries: half of them copies of what is stored, one in a hundred black, the rest frames of strangers."""
    random = np.random.default_rng((SEED, seed))
    copies = turned(stored.codes[random.integers(0, len(stored.codes), count // 2)], RANGE, random)
    black = turned(stored.blacks[random.integers(0, BLACKS, count // 100)], RANGE // 3, random)
    strange: list[Codes] = []
    while sum(map(len, strange)) < count:
        film = films[int(random.integers(len(films)))]
        strange.append(film ^ random.integers(0, 256, film.shape[1]).astype(np.uint8))
    every = np.concatenate([copies, black, np.concatenate(strange)[: count - len(copies) - len(black)]])
    return every[random.permutation(count)]


def change(number: int) -> tuple[dict[int, Codes], list[int]]:
    """Return what the change of that number adds and removes; the same for whoever asks."""
    owner, gone = FRESH + number % FRESH_OWNERS, [FRESH + 7 * number % FRESH_OWNERS]
    if number % 100 == 0:
        gone.append(number // 100)  # one that was there from the beginning
    added = np.random.default_rng((SEED, number)).integers(0, 256, (FRESH_HASHES, 32)).astype(np.uint8)
    return ({} if owner in gone else {owner: added}), gone


def after(changes: int) -> tuple[dict[int, Codes], set[int]]:
    """Return what so many changes leave: the owners that came, and which of the first ones went."""
    came: dict[int, Codes] = {}
    went: set[int] = set()
    for number in range(1, changes + 1):
        added, gone = change(number)
        came |= added
        for owner in gone:
            came.pop(owner, None)
            went.add(owner)
    return came, {owner for owner in went if owner < FRESH}


def digest(films: list[Codes]) -> str:
    """Return one hash over the frames that everything is made of."""
    return hashlib.sha256(np.concatenate(films).tobytes()).hexdigest()
