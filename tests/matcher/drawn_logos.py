"""A logo on a black card, registered as if it were a work, and places that show it: for tests of the flood guard."""

import functools
import hashlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy.orm import Session

from crawlers.captures import Sighting
from fingerprints import store
from fingerprints.interface import Description
from matcher.catalogue import Work
from matcher.references import Reference
from tests import factories
from tests.matcher.drawn_pictures import described


def logo() -> Image.Image:
    """Draw a distributor's card: white letters in a frame, on black."""
    card = Image.new("RGB", (640, 360))
    pen = ImageDraw.Draw(card)
    pen.text((205, 151), "KIRI FILM", fill=(235, 235, 235), font=ImageFont.load_default(48))
    pen.rectangle((192, 137, 448, 216), outline=(235, 235, 235), width=3)
    return card


def saved(number: int) -> bytes:
    """Return the logo as one of many places shows it: in a size and quality of its own."""
    width, out = 600 + 10 * number, io.BytesIO()
    logo().resize((width, width * 9 // 16)).save(out, "JPEG", quality=60 + number)
    return out.getvalue()


@functools.cache
def described_logo(number: int | None) -> Description:
    picture = logo() if number is None else Image.open(io.BytesIO(saved(number)))
    return described(np.asarray(picture.convert("RGB")))


def reference(session: Session, of: Work, name: str = "logo.png") -> Reference:
    row = factories.reference(session, of, name, blob=hashlib.sha256(b"logo").hexdigest())
    store.save(session, row.blob, described_logo(None))
    return row


def sighting(session: Session, number: int) -> Sighting:
    page = factories.finding(session, f"http://vidbox.example/watch/{number}", title=f"Something else {number}")
    row = factories.sighting(session, page, saved(number), kind="image")
    store.save(session, row.blob, described_logo(number))
    return row
