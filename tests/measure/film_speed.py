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
from pathlib import Path
from typing import Any, TypeVar

import av
import cv2
import numpy as np
import pdqhash

from fingerprints.decode import Describer
from fingerprints.interface import Description, Frame, Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.kinds.film_sift import FilmSift
from matcher.films import FilmShelf
from tests.measure import films_corpus
from tests.measure.film_drawings import Episode

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
    with tempfile.TemporaryDirectory(prefix="mekiki-speed-") as folder:
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
        "film_s": film_s,
        "episode_s": episode_s,
        "film_bits_per_s": round(rate),
        "x_realtime_full_decode_pyav": round(film_s / decode_s, 1),
        "x_realtime_pdq_1fps_over_full_decode": round(film_s / (decode_s + hash_s), 1),
        "x_realtime_vpdq": "vpdq is not installed" if vpdq is None else round(film_s / vpdq, 1),
        "took_s": round(time.monotonic() - began),
    }


def write(episode: Episode, path: Path, *, bits_per_s: int) -> None:
    """Write a drawn film with grain as H.264, 24 frames a second, a keyframe every two seconds."""
    random = np.random.default_rng(1)
    size = (episode.height + 64, episode.width + 64)
    grain = np.repeat((random.normal(size=size) * GRAIN).astype(np.int8)[:, :, None], 3, axis=2).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = episode.width, episode.height, "yuv420p"
        stream.bit_rate = bits_per_s
        stream.options = {"preset": "superfast", "g": str(FPS * KEYFRAME_S), "sc_threshold": "0"}
        for number in range(int(episode.duration_s * FPS)):
            x, y = random.integers(0, 64, 2)
            speck = grain[y : y + episode.height, x : x + episode.width]
            picture = cv2.add(episode.at(number / FPS), speck, dtype=cv2.CV_8U)
            frame = av.VideoFrame.from_ndarray(np.asarray(picture, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def spent(path: Path, shelf: FilmShelf) -> tuple[float, bool]:
    """Return the processor seconds from file to answer, and whether the film was named.

    A child's start is the same for any number of films; it is measured by itself and taken off.
    """
    started_s, _ = _child_s(path.with_name("no such film"))
    described_s, description = _child_s(path)
    assert description.error is None, description.error
    vectors = {kind: vectors for (kind, _), vectors in description.fingerprints.items()}
    shelf.compare(vectors)  # the index is trained once, not for every film
    compared_s, found = _cpu_s(lambda: shelf.compare(vectors))
    return described_s - started_s + compared_s, bool(found)


def _child_s(path: Path) -> tuple[float, Description]:
    """Return the processor seconds of a decoding child that describes one file, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Describer(films_corpus.LIMITS) as describer:
        [(_, description)] = describer.describe([path])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, description


def _cpu_s(work: Callable[[], Made]) -> tuple[float, Made]:
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def _registered(episode: Episode) -> dict[str, Vectors]:
    passes = {kind.name: (kind.begin(), kind.frames_per_second) for kind in (FilmPdq(), FilmSift())}
    for at_s, picture in episode.frames(1 / films_corpus.STEP_S):
        for film_pass, rate in passes.values():
            if (at_s * rate) % 1 == 0:
                film_pass.see(Frame(picture, at_s))
    return {name: film_pass.finish() for name, (film_pass, _) in passes.items()}


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
