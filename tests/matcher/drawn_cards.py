"""Drawn trading cards: one frame design around different art, for the tests of what is not distinctive."""

import functools
import hashlib

import cv2
import numpy as np
from sqlalchemy.orm import Session

from fingerprints import store
from fingerprints.interface import Description
from matcher.catalogue import Work
from matcher.interface import Box
from matcher.references import Reference
from tests import factories
from tests.matcher.drawn_pictures import Picture, described
from tests.measure.drawings import ink, lettering, scene

WIDTH, HEIGHT = 440, 600
ART = Box(60 / WIDTH, 90 / HEIGHT, 1 - 60 / WIDTH, 1 - 100 / HEIGHT)  # where the frame ends


@functools.cache
def card(design: int, art: int) -> Picture:
    """Return a card of this frame design with this art in it."""
    random = np.random.default_rng(design)
    picture = np.full((HEIGHT, WIDTH, 3), int(random.integers(150, 240)), np.uint8)
    ink(random, picture)
    lettering(random, picture)
    left, top, right, bottom = (round(side) for side in (
        ART.left * WIDTH, ART.top * HEIGHT, ART.right * WIDTH, ART.bottom * HEIGHT
    ))  # fmt: skip
    picture[top:bottom, left:right] = scene(np.random.default_rng(1000 + art), bottom - top, right - left)
    cv2.rectangle(picture, (left, top), (right, bottom), (0, 0, 0), 3)
    return picture


@functools.cache
def described_card(design: int, art: int) -> Description:
    """Return what the kinds say of a card."""
    return described(card(design, art))


def card_reference(session: Session, of: Work, design: int, art: int, *, bank: str = "works") -> Reference:
    """Register a card, described."""
    name = f"card {design} {art} {bank}.png"
    row = factories.reference(session, of, name, bank=bank, blob=hashlib.sha256(f"{design} {art}".encode()).hexdigest())
    store.save(session, row.blob, described_card(design, art))
    return row
