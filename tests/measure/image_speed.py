"""What one picture that matches nothing costs: from the bytes of a JPEG to no answer, against few and many references.

Speed is processor time of one thread on one core. The many references are real descriptors of the corpus, cut, warped,
mirrored, then mixed and perturbed: they cost what real ones cost, but say nothing about being confused.
"""

import multiprocessing
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np
from numpy.random import Generator

from fingerprints.interface import Vectors
from fingerprints.keypoints import mirrored
from fingerprints.kinds import picture_kinds
from fingerprints.limits import Limits
from fingerprints.pictures import read_picture
from fingerprints.sniff import Format
from matcher.closer_look import POINTS
from matcher.indexes.hash_index import HashIndex
from matcher.indexes.sift_ivf import SiftIvf
from matcher.pictures import PictureShelf
from tests.measure.attacks import Picture, crop, jpeg, resized, rotate
from tests.measure.picture_methods import Described, described
from tests.measure.pictures_corpus import Item, items, number

PIXELS = 1_000_000
QUALITY = 85
PICTURES = 64
FEW = 1_000
CHUNK = 75  # descriptors that a synthetic reference takes from one picture
CHUNKS = 4
NOISE = (60.0, 180.0)  # L2 of what is added to a descriptor of norm 512; unrelated ones are 400 apart
NOISE_ROWS = 1 << 14
HASH_FLIPS = 40  # bits of 256


@dataclass(frozen=True)
class Size:
    """How large the test is."""

    many: int  # references of the large index
    real: int  # of them that are described from pixels


FULL, QUICK = Size(100_000, 3_000), Size(10_000, 500)


@dataclass(frozen=True)
class Cost:
    """What a picture costs, averaged over some."""

    ms: dict[str, float]  # processor milliseconds by step, and of "all"
    looks: float  # references that were looked at closely


class References:
    """Any number of references: real ones first, then mixtures, each made anew from its number when asked for."""

    def __init__(self, real: Sequence[Described]) -> None:
        self._real = real
        random = np.random.default_rng(3)
        noise = random.normal(size=(NOISE_ROWS, 128)).astype(np.float32)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        self._noise = noise * random.uniform(*NOISE, (NOISE_ROWS, 1)).astype(np.float32)
        self.spent_s = 0.0  # on making mixtures: the product would have read them from its database

    def __call__(self, reference_id: int) -> Described:
        """Return the fingerprints of a reference."""
        if reference_id < len(self._real):
            return self._real[reference_id]
        began = time.process_time()
        made = self._mixture(np.random.default_rng(reference_id))
        self.spent_s += time.process_time() - began
        return made

    def _mixture(self, random: Generator) -> Described:
        chosen = [self._real[int(row)] for row in random.integers(len(self._real), size=CHUNKS)]
        parts = [self._chunk(random, one[POINTS]) for one in chosen]
        first = dict(chosen[0])
        codes, places = (np.concatenate([part[which] for part in parts]) for which in (0, 1))
        first[POINTS] = Vectors(codes, places, chosen[0][POINTS].facts)
        hashes = first["pdq256"]
        flipped = np.packbits(random.random((len(hashes.codes), 256)) < HASH_FLIPS / 256, axis=1)
        first["pdq256"] = Vectors(hashes.codes ^ flipped, hashes.positions, hashes.facts)
        return first

    def _chunk(self, random: Generator, points: Vectors) -> tuple[Any, Any]:
        start = int(random.integers(0, max(1, len(points.codes) - CHUNK + 1)))
        codes, places = points.codes[start : start + CHUNK], points.positions[start : start + CHUNK]
        if random.random() < 0.5:
            codes = mirrored(codes)
        at = int(random.integers(0, NOISE_ROWS - CHUNK))
        perturbed = np.rint(codes + self._noise[at : at + len(codes)])
        return np.clip(perturbed, 0, 255).astype(np.uint8), places


def real_references(sources: Sequence[Item], count: int) -> list[Described]:
    """Return real fingerprints: of the pictures, then of their crops, turns, mirror images and faint copies."""
    pictures = [item.read() for item in sources]
    made = [described(picture) for picture in pictures[:count]]
    random = np.random.default_rng(5)
    while len(made) < count:
        made.append(described(_varied(pictures[len(made) % len(pictures)], random)))
    return made


def _varied(picture: Picture, random: Generator) -> Picture:
    out = crop(picture, random, float(random.uniform(0.35, 0.95)))
    if random.random() < 0.5:
        out = rotate(out, random, 2, 15)
    if random.random() < 0.5:
        out = np.ascontiguousarray(out[:, ::-1])
    gamma = float(random.uniform(0.6, 1.6))
    return jpeg(np.asarray(255 * (out / 255.0) ** gamma, np.uint8), random, 40, 80)


def one_megapixel(folder: Path, pictures: Sequence[Item]) -> list[Path]:
    """Write the pictures as JPEGs of one megapixel."""
    paths = []
    for place, item in enumerate(pictures):
        picture = item.read()
        large = resized(picture, float(np.sqrt(PIXELS / (picture.shape[0] * picture.shape[1]))))
        paths.append(folder / f"{place}.jpg")
        cv2.imwrite(str(paths[-1]), np.ascontiguousarray(large[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return paths


@contextmanager
def _clocked(spent: dict[str, float], parts: Sequence[tuple[Any, str]]) -> Iterator[None]:
    """Add up the processor time within some methods while the block runs."""
    originals = [getattr(owner, name) for owner, name in parts]
    depth = [0]

    def clocked(method: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **more: Any) -> Any:
            depth[0] += 1
            began = time.process_time()
            try:
                return method(*args, **more)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    spent["index search"] += time.process_time() - began

        return timed

    for (owner, name), method in zip(parts, originals, strict=True):
        setattr(owner, name, clocked(method))
    try:
        yield
    finally:
        for (owner, name), method in zip(parts, originals, strict=True):
            setattr(owner, name, method)


JPEG = Format("picture", "JPEG", "JPEG")
LIMITS = Limits(max_pixels=50_000_000, max_video_s=1, memory_mb=3072, timeout_s=60, workers=1)
SEARCHES = ((SiftIvf, "search"), (SiftIvf, "nearest"), (HashIndex, "within"))


def cost(paths: Sequence[Path], shelf: PictureShelf, references: References) -> Cost:
    """Return what a picture costs on average."""
    spent: dict[str, float] = defaultdict(float)
    kinds, looked = picture_kinds(), 0
    with _clocked(spent, SEARCHES):
        for path in paths:
            began = time.process_time()
            _, frame = read_picture(path, JPEG, LIMITS)
            spent["decode"] += time.process_time() - began
            seen = {}
            for name, kind in kinds.items():
                began = time.process_time()
                seen[name] = kind.describe(frame)
                spent[name] += time.process_time() - began
            before, making = spent["index search"], references.spent_s
            began = time.process_time()
            looked += len(shelf.looks(seen, references))
            spent["votes, geometry and looks"] += (
                time.process_time() - began - (spent["index search"] - before) - (references.spent_s - making)
            )
    each = {step: seconds / len(paths) * 1000 for step, seconds in spent.items()}
    return Cost({"all": sum(each.values()), **each}, looked / len(paths))


def measured(size: Size) -> dict[str, Any]:
    """Return the JSON's part about speed and memory."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)
    everything = sorted(items(), key=lambda item: number("speed", item.family, item.path))
    queries = [item for item in everything if number("speed", item.family) % 4 == 0][:PICTURES]
    asked = {item.family for item in queries}
    references = References(real_references([item for item in everything if item.family not in asked], size.real))
    shelf = PictureShelf()
    with tempfile.TemporaryDirectory() as folder:
        paths = one_megapixel(Path(folder), queries)
        _add(shelf, references, FEW)
        cost(paths[:4], shelf, references)  # warm caches are what a running mekiki has
        few, few_bytes = cost(paths, shelf, references), shelf.bytes_held() / len(shelf)
        began = time.process_time()
        _add(shelf, references, size.many)
        adding_s = time.process_time() - began
        many, many_bytes = cost(paths, shelf, references), shelf.bytes_held() / len(shelf)
    stored = [sum(each.codes.nbytes + each.positions.nbytes for each in references(row).values()) for row in range(FEW)]
    return {
        "cpu_ms_per_image": few.ms["all"], "cpu_ms_per_image_100k": many.ms["all"],
        "cpu_ratio_100k": many.ms["all"] / few.ms["all"], "large_index_references": size.many,
        "cpu_ms_by_step": few.ms, "cpu_ms_by_step_100k": many.ms, "pictures_timed": len(paths),
        "closer_looks_per_image": few.looks, "closer_looks_per_image_100k": many.looks,
        "bytes_per_reference": few_bytes, "bytes_per_reference_100k": many_bytes,
        "stored_bytes_per_reference": float(np.mean(stored)),
        "cpu_ms_to_add_reference": adding_s / (size.many - FEW) * 1000,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def _add(shelf: PictureShelf, references: References, upto: int) -> None:
    for reference_id in range(len(shelf), upto):
        shelf.add(reference_id, references(reference_id))


def in_a_process_of_its_own(size: Size) -> dict[str, Any]:
    """Return `measured`, from a fresh process, so that its memory is given back and no other part of the run counts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (size,))
