"""Drawn pictures with their fingerprints, and rows for them, for the tests of matching."""

import functools
import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.interface import Description, Frame, MediaFacts, Vectors
from fingerprints.kinds import PICTURE_KINDS
from matcher.catalogue import Work
from matcher.references import Reference
from tests import factories
from tests.measure.drawings import drawing

Picture = NDArray[np.uint8]
Alter = Callable[[Picture], Picture]


def same(picture: Picture) -> Picture:
    return picture


@functools.cache
def drawn(seed: int) -> Picture:
    return drawing(np.random.default_rng(seed))


def described(picture: Picture) -> Description:
    facts = MediaFacts("image", picture.shape[1], picture.shape[0])
    frame = Frame(np.ascontiguousarray(picture))
    return Description(facts, {(kind.name, kind.version): kind.describe(frame) for kind in PICTURE_KINDS})


@functools.cache
def described_drawing(seed: int, alter: Alter = same) -> Description:
    return described(alter(drawn(seed)))


def vectors(description: Description) -> dict[str, Vectors]:
    return {name: found for (name, _), found in description.fingerprints.items()}


def blob_of(seed: int, alter: Alter = same) -> str:
    return hashlib.sha256(f"drawing {seed} {alter.__name__}".encode()).hexdigest()


def reference(session: Session, of: Work, seed: int, *, is_described: bool = True, bank: str = "works") -> Reference:
    row = factories.reference(session, of, f"page {seed} {bank}.png", bank=bank, blob=blob_of(seed))
    if is_described:
        store.save(session, row.blob, described_drawing(seed))
    return row


def sighting(session: Session, seed: int, alter: Alter = same) -> Sighting:
    page = factories.finding(session, f"http://scans.example/{seed}/{alter.__name__}")
    row = factories.sighting(session, page, f"drawing {seed} {alter.__name__}".encode(), kind="image")
    assert row.blob == blob_of(seed, alter)
    store.save(session, row.blob, described_drawing(seed, alter))
    return row
