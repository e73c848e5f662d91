"""References whose numbers are as odd as their tables allow: a faulty or hostile package stops no comparison."""

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from fingerprints import kinds
from fingerprints.interface import Frame, Vectors
from fingerprints.testing import drawing
from matcher.pictures import PictureShelf
from tests.matcher.drawn_films import clip, compared, described, drawn, shelved

OURS = drawn(31)
FILM = described(OURS, 16.0)
STRANGER = described(drawn(32), 8.0)
LONGEST_S = 20.0  # a comparison of these takes less than two


def pictured(pixels: np.ndarray) -> Mapping[str, Vectors]:
    return {name: kind.describe(Frame(pixels)) for name, kind in kinds.picture_kinds().items()}


PICTURE = pictured(drawing(0, 480, 360))
PART = pictured(np.ascontiguousarray(drawing(0, 480, 360)[30:330, 40:440]))


def spoiled(kind: str, vectors: Vectors, chance: np.random.Generator) -> Vectors:
    """Return vectors some of whose columns and facts are as small, as large or as wild as the kind's table allows."""
    table = next(table for (name, _), table in kinds.tables().items() if name == kind)
    positions, facts = vectors.positions.copy(), dict(vectors.facts)
    for number, column in enumerate(table.columns):
        if chance.random() < 0.4:
            rows = chance.random(len(positions)) < chance.choice([1, 0.1])
            wild = chance.uniform(column.least, column.most, int(rows.sum()))
            positions[rows, number] = (column.least, column.most, wild)[chance.integers(3)]
    if table.columns[0].name == "second":
        positions = positions[np.argsort(positions[:, 0], kind="stable")]
    for fact in table.facts:
        if chance.random() < 0.25:
            facts[fact.name] = float(chance.choice([fact.least, fact.most]))
    made = Vectors(vectors.codes, positions, facts)
    return made if table.fits(made) else replace(made, facts=vectors.facts)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("seed", range(10))
def test_an_odd_film_is_compared_like_any_other(seed: int) -> None:
    chance = np.random.default_rng(seed)
    odd = {name: spoiled(name, vectors, chance) for name, vectors in FILM.items()}
    began = time.process_time()
    compared(shelved({1: odd, 2: STRANGER}), clip(OURS, drawn(9), start_s=2.0, at_s=3.0, length_s=8.0), 14.0)
    assert time.process_time() - began < LONGEST_S


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("seed", range(20))
def test_an_odd_picture_is_compared_like_any_other(seed: int) -> None:
    chance = np.random.default_rng(seed)
    odd = {name: spoiled(name, PICTURE[name], chance) for name in ("pdq256", "rootsift")}
    shelf = PictureShelf()
    shelf.add(1, odd)
    shelf.compare(PART, lambda _: odd)


def test_a_slate_of_hours_is_not_compared_with_every_moment_of_another() -> None:
    slate = {**FILM, "film-sift": replace(FILM["film-sift"], positions=FILM["film-sift"].positions.copy())}
    slate["film-sift"].positions[:, 1] = 200_000  # seconds that each picture is held
    began = time.process_time()
    compared(shelved({1: slate}), clip(OURS, drawn(9), start_s=2.0, at_s=3.0, length_s=8.0), 14.0)
    assert time.process_time() - began < LONGEST_S
