"""What a large shelf costs: the same clips looked up among few reference hours and among many.

The many hours are made of real ones, so that they are as skewed as real ones are, but copies of none: the frames of a
real film, every bit of a drawn set turned over in all of them (the distances within a film stay, those to other films
become chance), and descriptors mixed from parts of real ones of the same list. Points fill memory at 12 MB an hour and
more strangers make faint copies harder to see, so fewer hours have them: what both promises hold for is told.
"""

import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import faiss
import numpy as np
from numpy.typing import NDArray

from fingerprints.interface import Frame, Vectors
from fingerprints.keypoints import mirrored
from fingerprints.kinds.film_pdq import FilmPdq, SeenPdq
from fingerprints.kinds.film_sift import FilmSift, SeenSift
from fingerprints.quantised import unpacked
from matcher import geometry
from matcher.film_looks import ALONE_BITS, LEAST_QUALITY, RADIUS
from matcher.film_pictures import most_telling
from matcher.film_points import CANDIDATES, FAR, LEAST_POINTS, LEAST_VOTES, MOST_IN_A_CROWD, NEIGHBOURS
from matcher.indexes import hamming
from matcher.indexes.film_frames import FilmFrames
from matcher.indexes.film_points import FilmPoints
from matcher.indexes.hamming import HASH_BYTES
from matcher.indexes.near import Near
from tests.measure import film_alterations as alterations
from tests.measure import film_strangers, film_writing, films_corpus
from tests.measure.film_alterations import Alter, Picture

STEP_S = 0.25  # at which references are hashed; key frames fall between two of them
CLIPS: tuple[tuple[float, tuple[float, ...]], ...] = (  # (length, when its key frames come), in turn
    (3.0, (0.375, 2.375)), (5.0, (0.125, 2.125, 4.125)), (10.0, (0.625, 3.125, 5.625, 8.125)),
)  # fmt: skip
ALTERATIONS: dict[str, Alter] = {
    "re-encoded": alterations.as_is,
    "crop 10 %": alterations.cropped(0.9),
    "crop 20 %": alterations.cropped(0.8, 0.7, 0.3),
    "letterbox": alterations.letterboxed,
    "mirror": alterations.mirror,
    "picture in picture 50 %": alterations.inset(0.5),
}
WIDE_PX, JPEG = 320, 25  # of key frames: poor ones
KEY_FRAMES = 30  # in a minute, one every two seconds
NEAR_S = 1.5  # of the reference: a frame found so near to where it belongs is found
DRAWN = ("drawn 11/1", "drawn 31/1")


@dataclass(frozen=True)
class Size:
    """How large the test is."""

    every_s: float  # between the beginnings of two clips
    hours: int  # of hashes
    point_hours: int  # of points
    stills: int  # that those are mixed from


FULL, QUICK = Size(5.0, 1000, 100, 500), Size(12.0, 50, 10, 150)


@dataclass(frozen=True)
class Key:
    """A key frame of a copy."""

    at_s: float  # in the reference
    look: Vectors
    points: Vectors


@dataclass(frozen=True)
class Clip:
    """A copied stretch: what a glance sees of it."""

    reference: int
    alteration: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Answers:
    """Which clips one witness finds, and what it costs."""

    found: NDArray[np.bool_]  # of each clip
    figures: dict[str, float]


@dataclass(frozen=True)
class Reference:
    """A real film."""

    look: Vectors  # without frames that show nothing
    points: Vectors


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Return the figures at a small shelf and at a large one; quick ones come from fewer clips and hours."""
    began, size = time.monotonic(), QUICK if is_quick else FULL
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    references, clips = described(size.every_s)
    _say(f"{len(clips)} clips of {len(references)} films are described")
    frames, points = FilmFrames(), FilmPoints()
    _stored(references, frames, points)
    small = _figures(_looked_up(frames, clips, references), _recognised(points, clips, references), clips)
    _say(f"few hours: {small}")
    film_strangers.add_frames(frames, [each.look for each in references], size.hours)
    looked_up = _looked_up(frames, clips, references)
    hashes, hash_bytes = len(frames), frames.bytes_held()
    frames = FilmFrames()
    _say(f"{size.hours} hours of hashes are asked")
    points = film_strangers.points(film_strangers.parents(size.stills), size.point_hours)
    _stored(references, frames, points)
    large = _figures(looked_up, _recognised(points, clips, references), clips)
    _say(f"{size.hours} hours of hashes, {size.point_hours} of points: {large}")
    faiss.omp_set_num_threads(threads)
    return {
        "quick": is_quick, "hours_hashes": size.hours, "hours_points": size.point_hours, "clips": len(clips),
        "small": small, "large": large,
        "recall_lost": round(small["clips_found"] - large["clips_found"], 4),
        "hashes": hashes, "hash_bytes_per_hour": round(hash_bytes / size.hours),
        "points": len(points), "point_bytes_per_hour": round(points.bytes_held() / size.point_hours),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1),
        "took_s": round(time.monotonic() - began),
    }  # fmt: skip


def load_search() -> None:
    """Load the compiled search, which takes about half a second once a process and is nobody's query."""
    nothing = np.zeros((1, HASH_BYTES), np.uint8)
    hamming.nearest([hamming.laid_out(nothing)], nothing, 0)


def described(every_s: float) -> tuple[list[Reference], list[Clip]]:
    """Return the references and the clips copied from them, one for each alteration every so many seconds."""
    references: list[Reference] = []
    clips: list[Clip] = []
    carrier: Picture | None = None
    for name, until_s in _names().items():
        source = films_corpus.source(name, 0.0, until_s)
        high = round(film_writing.WIDE_PX * source.aspect / 2) * 2
        other = alterations.sized(source.at(1.0) if carrier is None else carrier, film_writing.WIDE_PX, high)
        looks, points = FilmPdq().begin(), FilmSift().begin()
        for step in range(int(until_s / STEP_S)):
            frame = Frame(alterations.sized(source.at(step * STEP_S), film_writing.WIDE_PX, high), step * STEP_S)
            looks.see(frame)
            if frame.at_s % 1 == 0:
                points.see(frame)
        begins = np.arange(0.5, until_s - CLIPS[0][0], every_s)
        for number, (begin_s, alteration) in enumerate(itertools.product(begins.tolist(), ALTERATIONS)):
            length_s, offsets = CLIPS[number // len(ALTERATIONS) % len(CLIPS)]
            if begin_s + length_s < until_s:
                moments = [begin_s + offset for offset in offsets]
                keys = [_key(source, at_s, (film_writing.WIDE_PX, high), (alteration, other)) for at_s in moments]
                clips.append(Clip(len(references), alteration, tuple(keys)))
        references.append(Reference(_telling(looks.finish()), points.finish()))
        carrier = source.at(5.0)
        _say(name)
    return references, clips


def _names() -> dict[str, float]:
    films = {name: until_s for half in films_corpus.HALVES.values() for name, until_s in half.references.items()}
    return {name: until_s for name, until_s in films.items() if "drawn" not in name or name in DRAWN}


def _key(source: film_writing.Source, at_s: float, size: tuple[int, int], change: tuple[str, Picture]) -> Key:
    """Return a poor key frame of a copy."""
    alteration, carrier = change
    picture = ALTERATIONS[alteration](alterations.sized(source.at(at_s), *size), carrier)
    small = alterations.sized(picture, WIDE_PX, round(WIDE_PX * size[1] / size[0]))
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG])[1]
    frame = Frame(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8), at_s)
    look, points = SeenPdq().begin(), SeenSift().begin()
    look.see(frame)
    points.see(frame)
    return Key(at_s, _telling(look.finish()), points.finish())


def _telling(look: Vectors) -> Vectors:
    """Return the hashes of frames that show something."""
    shows = look.positions[:, 2] >= LEAST_QUALITY
    return Vectors(look.codes[shows], look.positions[shows])


def _stored(references: Sequence[Reference], frames: FilmFrames, points: FilmPoints) -> None:
    for number, each in enumerate(references):
        frames.add(number, each.look.codes)
        points.add(number, each.points.codes)
    points.compact()  # as the job "store indexes" does within minutes


def _minutes(clips: Sequence[Clip]) -> Iterator[list[tuple[int, Key]]]:
    """Yield (clip, key frame) in portions of about a minute of film."""
    every = [(number, key) for number, clip in enumerate(clips) for key in clip.keys]
    for start in range(0, len(every), KEY_FRAMES):
        yield every[start : start + KEY_FRAMES]


def _looked_up(frames: FilmFrames, clips: Sequence[Clip], references: Sequence[Reference]) -> Answers:
    """Return what whole frames say: two key frames that are near, or one that is very near, make a clip found."""
    near_keys, alone = np.zeros(len(clips), int), np.zeros(len(clips), bool)
    spent_s, asked, strangers = 0.0, 0, 0
    radius = min(RADIUS, frames.chance_bits())
    load_search()
    for minute in _minutes(clips):
        codes = np.concatenate([key.look.codes for _, key in minute])
        whose = np.repeat(np.arange(len(minute)), [len(key.look.codes) for _, key in minute])
        began = time.process_time()
        near = frames.within(codes, radius)
        spent_s += time.process_time() - began
        asked += len(codes)
        strangers += int((near.owner >= len(references)).sum())
        for place, (number, key) in enumerate(minute):
            at_s = references[clips[number].reference].look.positions[:, 0]
            mine = (whose[near.query] == place) & (near.owner == clips[number].reference)
            distance = near.distance[mine][np.abs(at_s[near.row[mine]] - key.at_s) <= NEAR_S]
            near_keys[number] += bool(len(distance))
            alone[number] |= bool((distance <= ALONE_BITS).any())
    keys = sum(len(clip.keys) for clip in clips)
    figures = {
        "hash_radius": radius,
        "strangers_per_hash": round(strangers / asked, 2),
        "hash_ms": round(spent_s / asked * 1000, 3),
        "hash_cpu_s_per_minute": round(spent_s / keys * KEY_FRAMES, 4),
        "key_frames_found_by_hash": round(int(near_keys.sum()) / keys, 4),
    }
    return Answers((near_keys >= 2) | alone, figures)


def _recognised(points: FilmPoints, clips: Sequence[Clip], references: Sequence[Reference]) -> Answers:
    """Return what points say: one key frame with enough points in one arrangement makes a clip found."""
    found_keys = np.zeros(len(clips), int)
    if points.is_crowded:
        clips = [replace(clip, keys=tuple(_most_telling(key) for key in clip.keys)) for clip in clips]
    spent_s, asked = 0.0, 0
    for minute in _minutes(clips):
        codes = [unpacked(key.points.codes) for _, key in minute]
        codes = [mirrored(c) if clips[n].alteration == "mirror" else c for c, (n, _) in zip(codes, minute, strict=True)]
        whose = np.repeat(np.arange(len(minute)), [len(each) for each in codes])
        began = time.process_time()
        near = points.nearest(np.concatenate(codes), NEIGHBOURS)
        spent_s += time.process_time() - began
        asked += len(whose)
        worth = likeness(near)
        firsts = np.searchsorted(whose, np.arange(len(minute)))
        edges = np.searchsorted(whose[near.query], np.arange(len(minute) + 1))
        for place, (number, key) in enumerate(minute):
            part = slice(int(edges[place]), int(edges[place + 1]))
            mine = Near(near.query[part] - firsts[place], near.owner[part], near.row[part], near.distance[part])
            found_keys[number] += _shows(key, mine, worth[part], (clips[number], references))
    keys = sum(len(clip.keys) for clip in clips)
    figures = {
        "descriptor_us": round(spent_s / asked * 1e6, 2),
        # A picture that nothing answers is asked twice, as it is and mirrored.
        "points_cpu_s_per_minute": round(2 * spent_s / keys * KEY_FRAMES, 4),
        "key_frames_found_by_points": round(int(found_keys.sum()) / keys, 4),
    }
    return Answers(found_keys >= 1, figures)


def _most_telling(key: Key) -> Key:
    """Return the key frame with the points that are asked of a large shelf."""
    found = key.points
    kept = most_telling(np.zeros(len(found.codes), np.int64), found.positions[:, 4], MOST_IN_A_CROWD)
    return replace(key, points=Vectors(found.codes[kept], found.positions[kept]))


def likeness(near: Near) -> NDArray[np.float64]:
    """Return what each neighbour is worth, as matcher.film_points weighs it."""
    farthest = np.ones(int(near.query.max(initial=0)) + 1)
    np.maximum.at(farthest, near.query, near.distance)
    return np.asarray(1 - (near.distance / farthest[near.query]) ** 2)


def _shows(key: Key, near: Near, worth: NDArray[np.float64], truth: tuple[Clip, Sequence[Reference]]) -> bool:
    """Say whether one of the most voted pictures is of the right film, with its points in one arrangement."""
    clip, references = truth
    close = near.distance < FAR
    picture = np.where(near.owner < len(references), 0, near.row)  # a stranger's every point is of its own picture
    for number, each in enumerate(references):
        mine = near.owner == number
        picture[mine] = np.unique(each.points.positions[:, 0], return_inverse=True)[1].ravel()[near.row[mine]]
    _, pair = np.unique(np.column_stack([near.owner, picture])[close], axis=0, return_inverse=True)
    counts, votes = np.bincount(pair.ravel()), np.bincount(pair.ravel(), worth[close])
    enough = np.flatnonzero(counts >= LEAST_VOTES)
    for best in enough[np.argsort(-votes[enough])][:CANDIDATES]:
        rows = np.flatnonzero(close)[pair.ravel() == best]
        if near.owner[rows[0]] == clip.reference:
            there = references[clip.reference].points.positions[near.row[rows], 2:6]
            here = key.points.positions[near.query[rows], 2:6]
            here = geometry.mirrored(here, float(WIDE_PX)) if clip.alteration == "mirror" else here
            lies = geometry.consensus(there, here)
            if lies is not None and lies.distinct >= LEAST_POINTS:
                return True
    return False


def _figures(by_hash: Answers, by_points: Answers, clips: Sequence[Clip]) -> dict[str, Any]:
    either = by_hash.found | by_points.found
    answers = (by_hash.found, by_points.found, either)
    spent_s = by_hash.figures["hash_cpu_s_per_minute"] + by_points.figures["points_cpu_s_per_minute"]
    alteration = np.array([clip.alteration for clip in clips])
    return {
        **by_hash.figures, **by_points.figures, "search_cpu_s_per_minute": round(spent_s, 4),
        "clips_found_by_hash": round(float(by_hash.found.mean()), 4),
        "clips_found_by_points": round(float(by_points.found.mean()), 4),
        "clips_found": round(float(either.mean()), 4),
        "clips_found_by_alteration": {  # by hash, by points, by either
            name: [round(float(found[alteration == name].mean()), 3) for found in answers] for name in ALTERATIONS
        },
    }  # fmt: skip


def _say(words: str) -> None:
    sys.stderr.write(f"  {words}\n")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(is_quick="--quick" in sys.argv), indent=2) + "\n")
