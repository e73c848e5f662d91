"""What finding costs, in processor seconds: a film that matches nothing, and an episode that does.

Counted is everything mekiki does: the decoding child from the file to its fingerprints, and comparing. Written here are
a 720p film of two minutes (H.264, a keyframe every two seconds, grain, so that its bit rate is that of a real one) and
an episode of 24 minutes at 480p.
"""

import importlib.util
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2
import numpy as np
import pdqhash

from fingerprints import kinds
from fingerprints.decode import Describer
from fingerprints.interface import Frame, Vectors, Watched
from matcher import film_again
from matcher.films import FilmShelf
from tests.measure import film_scale, films_corpus
from tests.measure.film_drawings import Episode
from tests.measure.film_put import STEP_S, Described, registered

Made = TypeVar("Made")
FPS, KEYFRAME_S = 24, 2
GRAIN = 3.0  # grey levels; without it drawings compress to a tenth of what broadcasts need
BITS_PER_S = 2_000_000
STRANGER, FAMILIAR, NEIGHBOUR = 91, 92, 93  # drawn series: asked for, registered and asked for, registered alone
NOTHING: dict[str, Any] = {"x_realtime_nonmatching": -1.0, "cpu_s_per_24min_match": -1.0, "took_s": 0}
EPISODE_S = 1440.0


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Return the figures; quick ones come from shorter films, and say so."""
    began = time.monotonic()
    film_s, episode_s = (48.0, 96.0) if is_quick else (120.0, EPISODE_S)
    familiar = Episode(FAMILIAR, 1, episode_s)
    shelf = FilmShelf()
    for number, each in enumerate((familiar, Episode(NEIGHBOUR, 1, 300.0))):
        shelf.add(number, _registered(each))
    film_scale.load_search()
    with tempfile.TemporaryDirectory(prefix="mekiki-speed-") as folder:
        slow = {
            f"x_realtime_nonmatching_{keyframe_s}_s_groups": round(
                film_s / _of_groups(Path(folder), film_s, keyframe_s, shelf), 1
            )
            for keyframe_s in ((10,) if is_quick else (5, 10))
        }
        strange_path, familiar_path = Path(folder) / "strange.mp4", Path(folder) / "familiar.mp4"
        write(Episode(STRANGER, 1, film_s, 1280, 720), strange_path, bits_per_s=BITS_PER_S)
        write(replace(familiar, width=854, height=480), familiar_path, bits_per_s=BITS_PER_S // 2)
        strange_cpu_s, strange = spent(strange_path, shelf)
        familiar_cpu_s, found = spent(familiar_path, shelf)
        decode_s, hash_s = peers(strange_path)
        rate = strange_path.stat().st_size * 8 / film_s
        vpdq = _vpdq(strange_path)
    return {
        "x_realtime_nonmatching": round(film_s / strange_cpu_s, 1),
        "cpu_s_per_24min_match": round(familiar_cpu_s * EPISODE_S / episode_s, 1),
        "nonmatching_was_named": strange,
        "match_was_named": found,
        **slow,  # encoders choose how far apart key frames are; most choose two to ten seconds
        "film_s": film_s,
        "episode_s": episode_s,
        "film_bits_per_s": round(rate),
        "x_realtime_full_decode_pyav": round(film_s / decode_s, 1),
        "x_realtime_pdq_1fps_over_full_decode": round(film_s / (decode_s + hash_s), 1),
        "x_realtime_vpdq": "vpdq is not installed" if vpdq is None else round(film_s / vpdq, 1),
        "took_s": round(time.monotonic() - began),
    }


def _of_groups(folder: Path, film_s: float, keyframe_s: int, shelf: FilmShelf) -> float:
    """Return the processor seconds of a film that matches nothing, with key frames further apart."""
    path = folder / f"{keyframe_s}.mp4"
    write(Episode(STRANGER, 1, film_s, 1280, 720), path, bits_per_s=BITS_PER_S, keyframe_s=keyframe_s)
    return spent(path, shelf)[0]


def write(episode: Episode, path: Path, *, bits_per_s: int, keyframe_s: int = KEYFRAME_S) -> None:
    """Write a drawn film with grain as H.264, 24 frames a second, a key frame every so many seconds."""
    random = np.random.default_rng(1)
    size = (episode.height + 64, episode.width + 64)
    grain = np.repeat((random.normal(size=size) * GRAIN).astype(np.int8)[:, :, None], 3, axis=2).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = episode.width, episode.height, "yuv420p"
        stream.bit_rate = bits_per_s
        stream.options = {"preset": "superfast", "g": str(FPS * keyframe_s), "sc_threshold": "0"}
        for number in range(int(episode.duration_s * FPS)):
            x, y = random.integers(0, 64, 2)
            speck = grain[y : y + episode.height, x : x + episode.width]
            picture = cv2.add(episode.at(number / FPS), speck, dtype=cv2.CV_8U)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def spent(path: Path, shelf: FilmShelf) -> tuple[float, bool]:
    """Return the processor seconds from file to answer, and whether the film was named: the glance, the closer watch of
    what it promises, and comparing.

    A child's start is the same for any number of films; it is measured by itself and taken off.
    """
    started_s, _ = _child_s(path.with_name("no such film"), shelf)
    shelf.promising(_nothing(), 0.0)  # the index is laid out once, not for every film
    before_s = time.process_time()
    children_s, found = _child_s(path, shelf)
    return children_s - started_s + time.process_time() - before_s, found


def _child_s(path: Path, shelf: FilmShelf) -> tuple[float, bool]:
    """Return the processor seconds of a decoding child that is asked all about one file, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = []
    with Describer(films_corpus.LIMITS) as describer:
        [(_, description)] = describer.describe([path], depth="glance")
        if description.facts is not None:
            glance = {kind: vectors for (kind, _), vectors in description.fingerprints.items()}
            duration_s = description.facts.duration_s
            watch = partial(describer.watch, path)
            glance = dict(film_again.looked_again(glance, duration_s, watch))
            promise = shelf.promising(glance, duration_s)
            watched = watch([each.watch for each in promise.asked]) if promise.asked else Watched(None, ())
            if watched.seen:
                further = shelf.further(glance, promise, watched.seen, duration_s=duration_s)
                promise, watched = film_again.watched_again(promise, watched, further, watch)
            found = shelf.compare(glance, promise, watched.seen)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, bool(found)


def _nothing() -> dict[str, Vectors]:
    """Return the fingerprints of one picture that is like no other."""
    random = np.random.default_rng(3)
    frame = Frame(random.integers(0, 256, (180, 320, 3)).astype(np.uint8), 0.0)
    passes = [(kind.name, kind.begin()) for kind in kinds.seen_kinds().values()]
    for _, run in passes:
        run.see(frame)
    return {name: run.finish() for name, run in passes}


def _cpu_s(work: Callable[[], Made]) -> tuple[float, Made]:
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def _registered(episode: Episode) -> Described:
    return registered(Frame(picture, at_s) for at_s, picture in episode.frames(1 / STEP_S))


def peers(path: Path) -> tuple[float, float]:
    """Return the processor seconds of decoding every frame, and of hashing one a second as vPDQ does."""
    decode_s, hash_s, next_s = 0.0, 0.0, 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        began = time.process_time()
        for frame in container.decode(stream):
            if frame.time >= next_s:
                next_s += 1.0
                paused = time.process_time()
                pdqhash.compute(frame.reformat(width=512, height=512, format="rgb24").to_ndarray())
                hash_s += time.process_time() - paused
        decode_s = time.process_time() - began - hash_s
    return decode_s, hash_s


def _vpdq(path: Path) -> float | None:
    """Return the processor seconds of the vpdq library; None where it is not installed."""
    if importlib.util.find_spec("vpdq") is None:
        return None
    vpdq = importlib.import_module("vpdq")
    taken_s, _ = _cpu_s(lambda: vpdq.computeHash(str(path), seconds_per_hash=1))
    return taken_s
