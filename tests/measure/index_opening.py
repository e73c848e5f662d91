"""How long a new process takes until it can compare, and how much memory it takes for itself: with the indexes on disk,
and reading everything from the database as it does without them. The shelf is made up; its vectors have real shapes."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from config import clock
from config import home as homes
from config.home import Home
from fingerprints import kinds, packing
from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import CENTRE_72, CENTRE_85, FULL, FilmPdq
from fingerprints.quantised import packed
from fingerprints.store import Fingerprint, Medium
from matcher import retrieve, upkeep
from matcher.catalogue import Asset, Owner, Work
from matcher.indexes.shipped_lists import background
from matcher.indexes.snapshots import SETTLED_S
from matcher.references import Reference
from matcher.retrieve import Shelf

SEED = 7
FILM_S, PICTURES, POINTS, HOP_S = 1440, 800, 130, 512 / 11025  # of an episode of 24 minutes
VIEWS = (FULL, CENTRE_85, CENTRE_72)
DESCRIPTORS, HASHES_OF_PICTURE = 400, 3  # of a still picture
CHILD = "from tests.measure.index_opening import opened; import sys; opened(*sys.argv[1:])"
ASKED = 240  # frames of a film
DIFFERENT = 8  # films, and pictures, are made; every other is one of them with its bits turned over


@dataclass(frozen=True)
class Stock:
    """What is registered."""

    hours: int  # of film
    point_hours: int  # of those, the ones with local points
    pictures: int


FULL = Stock(100, 5, 4000)
QUICK = Stock(20, 1, 500)


def measured(scratch: Path, stock: Stock) -> dict[str, Any]:
    """Return the figures of a home with that stock."""
    home = homes.make(scratch / "home")
    with home.sessions().begin() as session:
        _register(session, stock)
    began = time.perf_counter()
    with home.readers()() as session:
        retrieve.shelf(session)
        filled_s = time.perf_counter() - began
        began = time.perf_counter()
        upkeep.compact(session, range(len(upkeep.INDEXES)))
        stored_s = time.perf_counter() - began
        on_disk = sum(each.bytes_on_disk for each in upkeep.standing(session))
    home.engine.dispose()
    time.sleep(2 * SETTLED_S)  # whoever opens what was written from now on notes that it is whole
    return {
        **asdict(stock), "fill_and_describe_s": round(filled_s, 2), "store_s": round(stored_s, 2),
        "bytes_on_disk": on_disk, "checking_all": _opened(home, "disk"), "later": _opened(home, "disk"),
        "from_database": _opened(home, "database"),
    }  # fmt: skip


def _opened(home: Home, where: str) -> dict[str, Any]:
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(home.path), where], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def main() -> None:
    """Measure this alone and print it."""
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as scratch:
        found = measured(Path(scratch), QUICK if "--quick" in sys.argv else FULL)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def opened(folder: str, where: str) -> None:
    """Open a shelf in a process of its own and print what it took; run as a child."""
    home = homes.open_at(Path(folder))
    with home.readers()() as session:
        before, began, cpu = _own_bytes(), time.perf_counter(), time.process_time()
        shelf = Shelf(home.settings.matching, home.settings.indexes if where == "disk" else None)
        shelf.refresh(session)
        ready_s, ready_cpu_s = time.perf_counter() - began, time.process_time() - cpu
        ready, began = _own_bytes(), time.perf_counter()
        looks = _film(1)[FilmPdq.name]
        shelf.compare_registered(Vectors(looks.codes[:ASKED], looks.positions[:ASKED]))
        shelf.compare(session, _picture(1))
        asked_s, after = time.perf_counter() - began, _own_bytes()
    told = {
        "ready_s": round(ready_s, 3), "ready_cpu_s": round(ready_cpu_s, 3), "first_questions_s": round(asked_s, 2),
        "own_mb": round((ready["own"] - before["own"]) / 1e6, 1),
        "own_mb_after_questions": round((after["own"] - before["own"]) / 1e6, 1),
        "mapped_mb_after_questions": round((after["mapped"] - before["mapped"]) / 1e6, 1),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told))


def _own_bytes() -> dict[str, int]:
    """Return the bytes of memory that no other process can share, and those that are mapped from files."""
    lines = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]]
    sizes = {name.rstrip(":"): int(size) * 1024 for name, size, *_ in lines}
    return {"own": sizes["Anonymous"], "mapped": sizes["Rss"] - sizes["Anonymous"]}


def _register(session: Session, stock: Stock) -> None:
    now = clock.now()
    owner = Owner(name="Studio", representative="", address="", phone="", email="", country="JP", mandate="")
    session.add(owner)
    session.flush()
    work = Work(owner_id=owner.id, title="Everything", kind="anime", aliases=[], official_urls=[], added_at=now)
    session.add(work)
    session.flush()
    asset = Asset(work_id=work.id, name="Everything")
    session.add(asset)
    session.flush()
    asset_id = asset.id
    films, drawings = stock.hours * 3600 // FILM_S, stock.pictures
    squeezed: dict[tuple[str, int], bytes] = {}
    for number in range(films + drawings):
        is_film = number < films
        has_points = number < stock.point_hours * 3600 // FILM_S
        vectors = _film(number, has_points=has_points) if is_film else _picture(number)
        blob = f"{number:064x}"
        session.add(Reference(asset_id=asset_id, name=str(number), bank="works", blob=blob, added_at=now))
        session.add(Medium(blob=blob, kind="video" if is_film else "image", described_at=now))
        for kind, each in vectors.items():
            shape, key = packing.shape(each), (kind, number % DIFFERENT)
            if key not in squeezed:
                squeezed[key] = packing.squeezed_positions(each)
            session.add(
                Fingerprint(
                    blob=blob, kind=kind, version=_versions()[kind], count=shape.count, width=shape.width,
                    columns=shape.columns, codes=packing.codes_bytes(each), positions=squeezed[key], facts=each.facts,
                    made_at=now,
                )
            )  # fmt: skip
        if number % 50 == 0:
            session.flush()
            session.expunge_all()


def _versions() -> dict[str, int]:
    every = (*kinds.PICTURE_KINDS, *kinds.FILM_KINDS, *kinds.SOUND_KINDS)
    return {kind.name: kind.version for kind in every}


def _film(number: int, *, has_points: bool = False) -> dict[str, Vectors]:
    """Return the fingerprints of a made-up episode: the same of one number in any process."""
    chance, mask = np.random.default_rng((SEED, number % DIFFERENT)), _mask(number)
    frames, rows = FILM_S * 4, int(FILM_S / HOP_S)
    rows = 3 * frames
    looks = np.column_stack([
        np.repeat(np.arange(frames) / 4, 3), np.tile(VIEWS, frames), np.full(rows, 90), np.full(rows, 40),
    ])  # fmt: skip
    found = {
        "film-pdq": _vectors(chance.integers(0, 256, (3 * frames, 32)) ^ mask, looks),
        "sound-bits": _vectors(chance.integers(0, 256, (rows, 4)) ^ mask[:4], np.arange(rows)[:, None] * HOP_S),
    }
    return {**found, "film-sift": _points(chance)} if has_points else found


def _points(chance: np.random.Generator) -> Vectors:
    points = PICTURES * POINTS
    begins = np.repeat(np.sort(chance.choice(FILM_S, PICTURES, replace=False)), POINTS)
    places = chance.uniform(2, 170, (points, 4))
    pictures = np.column_stack([begins, np.full(points, 1.0), places])
    descriptors = background().codes[chance.integers(0, len(background().codes), points)]
    return _vectors(packed(descriptors), pictures, {"width": 320.0, "height": 180.0})


def _picture(number: int) -> dict[str, Vectors]:
    """Return the fingerprints of a made-up picture."""
    chance = np.random.default_rng((SEED, 1, number % DIFFERENT))
    of = (np.arange(DESCRIPTORS) * 37 + number * 101) % len(background().codes)
    places = np.column_stack([chance.uniform(2, 310, (DESCRIPTORS, 4)), np.zeros(DESCRIPTORS)])
    hashes = np.zeros((HASHES_OF_PICTURE, 7))
    hashes[:, 2:6] = [(0, 0, 1, 1), (0.1, 0.1, 0.9, 0.9), (0, 0, 1, 0.5)]
    facts = {"width": 320.0, "height": 320.0, "left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}
    return {
        "pdq256": _vectors(chance.integers(0, 256, (HASHES_OF_PICTURE, 32)) ^ _mask(number), hashes),
        "rootsift": _vectors(background().codes[of], places, facts),
    }


def _mask(number: int) -> np.ndarray:
    return np.random.default_rng((SEED, 2, number)).integers(0, 256, 32)


def _vectors(codes: np.ndarray, positions: np.ndarray, facts: dict[str, float] | None = None) -> Vectors:
    return Vectors(codes.astype(np.uint8), np.ascontiguousarray(positions, np.float32), facts or {})


if __name__ == "__main__":
    main()
