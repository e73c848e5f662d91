"""Files that explain matches: finds the pictures behind a comparison, has them drawn, writes where it is told."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from config.home import Home
from dashboard import explain
from fingerprints import store
from fingerprints.decode import limits_of
from fingerprints.interface import Description
from fingerprints.preview import preview
from matcher import closer_look, pictures, retrieve
from matcher.interface import Comparison

Named = tuple[str, str, Comparison]  # how people call the reference, its blob, the comparison


def draw(home: Home, folder: Path, query: Path, description: Description, matches: Sequence[Named]) -> list[Path]:
    """Write one PNG a match into `folder` and return their paths; two queries never share a name."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{_plain(query.name)}-{hashlib.sha256(str(query.absolute()).encode()).hexdigest()[:6]}"
    written = []
    with home.readers()() as session:
        for number, (name, blob, comparison) in enumerate(matches, start=1):
            title = f"{query.name}: {name}"
            if comparison.transform is not None:
                png = _pictures(home, session, query, description, (blob, comparison, title))
            else:
                png = _timeline(session, description, (blob, comparison, title))
            written.append(folder / f"{stem}-{number}.png")
            written[-1].write_bytes(png)
    return written


def _pictures(
    home: Home, session: Session, query: Path, description: Description, found: tuple[str, Comparison, str]
) -> bytes:
    blob, comparison, title = found
    limits = limits_of(home.settings)
    mine = {name: vectors for (name, _), vectors in description.fingerprints.items()}
    theirs = retrieve.vectors_of(session, blob, pictures.KINDS)
    assert comparison.transform is not None
    pairs = closer_look.agreeing_points(np.array(comparison.transform.matrix), theirs, mine)
    seen = preview(query, limits, long_side_px=explain.SIDE_PX)
    if home.blobs.has(blob):
        original = preview(home.blobs.path(blob), limits, long_side_px=explain.SIDE_PX)
    else:
        original = explain.absent(comparison.transform.reference_size)
    return explain.pictures(seen, original, comparison, pairs, title)


def _timeline(session: Session, description: Description, found: tuple[str, Comparison, str]) -> bytes:
    blob, comparison, title = found
    medium = store.medium(session, blob)
    length_s = 0.0 if description.facts is None else description.facts.duration_s
    return explain.timeline(comparison, (length_s, medium.duration_s if medium else 0.0), title)


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:80]
