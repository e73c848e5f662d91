"""The films of the corpus as a test set: two halves of different works, with references, queries and distractors."""

import hashlib
import resource
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fingerprints.decode import Describer, Limits
from fingerprints.interface import Frame, Vectors
from tests.conftest import CORPUS
from tests.measure import film_clips, film_peers
from tests.measure.film_clips import Query

FOLDER = CORPUS / "video"
LIMITS = Limits(max_pixels=50_000_000, max_video_s=7200, memory_mb=2048, timeout_s=300, workers=2)
SEED = 22
Described = Mapping[str, Vectors]  # by kind


@dataclass(frozen=True)
class Half:
    """One half of the works. Names are file stems; a number is up to which second the film is registered."""

    references: Mapping[str, float]
    carriers: tuple[str, ...]  # unrelated films that clips are put into; figures share a table, so none of them
    distractors: tuple[tuple[str, float], ...]  # film, and from which second it is played; nothing of it is registered
    stills: str  # corpus folder of the slide shows


BBB_A, BBB_B, CAMINANDES = "bbb_a_0000-0100", "bbb_b_0049-0122", "caminandes_llama-drama"
PLAYS = tuple(f"planetblupi_play{number}" for number in (101, 103, 105, 107, 108, 110, 113, 118, 119))
HALVES: dict[str, Half] = {
    "tuning": Half(
        references={BBB_A: 47.0, BBB_B: 34.0, CAMINANDES: 20.0, "planetblupi_win005": 17.5, "figure_crystal": 12.0},
        carriers=("planetblupi_play103", "fillets-ng_intro", "sintel_b_city"),
        distractors=(
            ("fillets-ng_intro", 0.0), ("sintel_b_city", 0.0), ("sintel_trailer", 0.0), ("sintel_c_203-211", 0.0),
            ("pc_motion_ep1", 0.0), ("pc_motion_ep2", 10.0), ("tupi_example_butterfly", 0.0), (CAMINANDES, 20.5),
            ("figure_frog", 0.0), ("planetblupi_win129", 0.0), *((play, 0.0) for play in PLAYS[:4]),
        ),
        stills="art/wesnoth",
    ),
    "reported": Half(
        references={
            "fillets-ng_intro": 40.0, "sintel_b_city": 26.2, "sintel_trailer": 52.0, "pc_motion_ep1": 45.0,
            "tupi_example_butterfly": 10.0, "sintel_c_203-211": 17.9, "figure_frog": 8.3,
        },
        carriers=("planetblupi_history2", CAMINANDES, "planetblupi_win129"),
        distractors=(
            (BBB_A, 0.0), (BBB_B, 0.0), (CAMINANDES, 0.0), ("fillets-ng_intro", 40.5), ("sintel_d_242-248", 0.0),
            ("sintel_e_112-115", 0.0), ("planetblupi_win005", 0.0), ("planetblupi_win129", 0.0),
            ("planetblupi_history2", 0.0), ("figure_crystal", 0.0), ("figure_rabbit", 0.0),
            ("bbb_a_copy1_timecode", 0.0),
            *((play, 0.0) for play in PLAYS[4:]),
        ),
        stills="comics",
    ),
}  # fmt: skip
SHARED = {"pc_motion_ep1": ((0.0, 10.0), (37.0, 45.0))}  # the opening and ending of every episode


def path_of(name: str) -> Path:
    """Return a film of the corpus."""
    return next(path for path in FOLDER.iterdir() if path.stem == name)


def queries(half: Half, attacks: tuple[film_clips.Attack, ...]) -> list[Query]:
    """Return one query for each attack and reference that is long enough; the same in every run."""
    random = np.random.default_rng(SEED)
    planned = []
    for number, attack in enumerate(attacks):
        for turn, (reference, until_s) in enumerate(half.references.items()):
            carrier = half.carriers[(number + turn) % len(half.carriers)]
            query = film_clips.plan(attack, reference, until_s, carrier, random)
            if query is not None:
                planned.append(query)
    return planned


def described_queries(planned: list[Query]) -> Iterator[tuple[Query, Described]]:
    """Yield every query with its fingerprints; the films are written, described and thrown away one after another."""
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as folder, _describer() as describer:
        for start in range(0, len(planned), 8):
            part = planned[start : start + 8]
            paths = [Path(folder) / f"{start + number}.mp4" for number in range(len(part))]
            for query, path in zip(part, paths, strict=True):
                film_clips.write(query, path_of, path)
            for query, (path, description) in zip(part, describer.describe(paths), strict=True):
                assert description.error is None, description.error
                yield query, {kind: vectors for (kind, _), vectors in description.fingerprints.items()}
                path.unlink()


def described_films(names: list[str]) -> dict[str, Described]:
    """Return the fingerprints of films of the corpus, by name."""
    with _describer() as describer:
        return {
            path.stem: {kind: vectors for (kind, _), vectors in description.fingerprints.items()}
            for path, description in describer.describe([path_of(name) for name in names])
        }


def _describer() -> Describer:
    return Describer(LIMITS, kinds="tests.measure.film_peers")


def part(described: Described, start_s: float, end_s: float) -> Described:
    """Return the fingerprints of a stretch of a film, as if it were a film of its own."""
    parts = {}
    for kind, vectors in described.items():
        at_s = vectors.positions[:, 0]
        keep = (at_s >= start_s) & (at_s < end_s)
        positions = vectors.positions[keep].copy()
        positions[:, 0] -= start_s
        parts[kind] = Vectors(vectors.codes[keep], positions, vectors.facts)
    return parts


def slide_shows(half: Half, shows: int) -> Iterator[tuple[str, Described]]:
    """Yield (name, fingerprints) of films made of still pictures with a slow zoom; none shows a reference."""
    paths = sorted(path for path in (CORPUS / half.stills).rglob("*") if path.suffix in {".webp", ".jpg", ".png"})
    order = np.random.default_rng(SEED).permutation(len(paths))
    for number in range(shows):
        chosen = [paths[place] for place in order[number * 12 : (number + 1) * 12]]
        if chosen:
            yield f"slides {number}", _in_process(_slides(chosen))


def plain_films() -> Iterator[tuple[str, Described]]:
    """Yield noise, a flat frame, a gradient and a flicker, twenty seconds each."""
    random = np.random.default_rng(SEED)
    ramp = np.repeat(np.linspace(0, 255, 480).astype(np.uint8)[None, :, None], 270, axis=0).repeat(3, axis=2)
    makers = {
        "noise": lambda _: random.integers(0, 256, (270, 480, 3)).astype(np.uint8),
        "flat": lambda _: np.full((270, 480, 3), 90, np.uint8),
        "gradient": lambda _: ramp,
        "flicker": lambda number: np.full((270, 480, 3), 255 * (number % 2), np.uint8),
    }
    for name, make in makers.items():
        yield name, _in_process(Frame(make(number), number / 4) for number in range(80))


def _slides(paths: list[Path]) -> Iterator[Frame]:
    for number in range(12 * len(paths)):
        picture = cv2.imread(str(paths[number // 12]), cv2.IMREAD_COLOR)
        assert picture is not None
        zoom = 1 + 0.01 * (number % 12)
        height, width = picture.shape[:2]
        inner = picture[: max(16, round(height / zoom)), : max(16, round(width / zoom)), ::-1]
        yield Frame(np.ascontiguousarray(cv2.resize(inner, (480, 270), interpolation=cv2.INTER_AREA)), number / 4)


def _in_process(frames: Iterator[Frame]) -> Described:
    """Return what the decoding child would say of these frames."""
    passes = {name: (kind.begin(), kind.frames_per_second) for name, kind in film_peers.film_kinds().items()}
    for frame in frames:
        for film_pass, rate in passes.values():
            if (frame.at_s * rate) % 1 == 0:
                film_pass.see(frame)
    return {name: film_pass.finish() for name, (film_pass, _) in passes.items()}


def corpus_hash() -> str:
    """Return one hash over every film of the corpus."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def children_cpu_s() -> float:
    """Return the processor seconds of all children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
