"""Films as they are put to the methods: at a glance first, and closely where ours asks for it; files as the decoding
child sees them, pictures made here as it would."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from fingerprints import kinds
from fingerprints.decode import Describer
from fingerprints.interface import FilmKind, FilmPass, Frame, Vectors, Watch, Watched
from fingerprints.shown import straightened
from tests.measure import film_peers

STEP_S = 0.25  # nothing looks more often
KEY_S = 2.0  # between two key frames of pictures that are made here
Described = Mapping[str, Vectors]  # by kind


class Film(Protocol):
    """A film that is put to every method."""

    @property
    def glance(self) -> Described:
        """What our kinds say of its key frames."""
        ...

    @property
    def peers(self) -> Described:
        """What the peers' kinds say of it."""
        ...

    @property
    def duration_s(self) -> float:
        """How long it is."""
        ...

    def watch(self, watches: Sequence[Watch]) -> Watched:
        """Return what our kinds say of stretches of it."""
        ...


@dataclass(frozen=True)
class Footage:
    """A file, from a second on."""

    path: Path
    describer: Describer
    glance: Described
    peers: Described
    duration_s: float
    start_s: float = 0.0

    def watch(self, watches: Sequence[Watch]) -> Watched:
        """Have the child watch the file."""
        shift_s = self.start_s
        moved = [replace(each, start_s=each.start_s + shift_s, end_s=each.end_s + shift_s) for each in watches]
        watched = self.describer.watch(self.path, moved)
        assert watched.error is None, watched.error
        seen = tuple({name: later(found, -shift_s) for name, found in each.items()} for each in watched.seen)
        return replace(watched, seen=seen)

    def since(self, start_s: float) -> "Footage":
        """Return the film as if it began at a second."""
        parts = part(self.glance, start_s, math.inf), part(self.peers, start_s, math.inf)
        return Footage(self.path, self.describer, *parts, self.duration_s - start_s, start_s)


class Drawn:
    """Pictures made here, four a second; a copy of what the decoding child does with a file."""

    def __init__(self, frames: Callable[[], Iterable[Frame]]) -> None:
        self._frames = frames
        seen = {name: (kind.begin(), KEY_S) for name, kind in kinds.seen_kinds().items()}
        peers = {name: (kind.begin(), 1 / kind.frames_per_second) for name, kind in film_peers.film_kinds().items()}
        last_s = 0.0
        for frame in frames():
            last_s = frame.at_s
            for run, step_s in (*seen.values(), *peers.values()):
                _show(run, frame, step_s)
        self.glance: Described = {name: run.finish() for name, (run, _) in seen.items()}
        self.peers: Described = {name: run.finish() for name, (run, _) in peers.items()}
        self.duration_s = last_s + STEP_S

    def watch(self, watches: Sequence[Watch]) -> Watched:
        """Make the pictures once more and look at those asked for."""
        runs = [
            [(kinds.seen_kinds()[name], kinds.seen_kinds()[name].begin()) for name in each.kinds] for each in watches
        ]
        for frame in self._frames():
            for each, mine in zip(watches, runs, strict=True):
                if each.start_s <= frame.at_s < each.end_s:
                    laid = frame if each.laid is None else Frame(straightened(frame.pixels, each.laid), frame.at_s)
                    for kind, run in mine:
                        _show(run, laid, 1 / kind.frames_per_second)
        return Watched(None, tuple({kind.name: run.finish() for kind, run in mine} for mine in runs))


def _show(run: FilmPass, frame: Frame, step_s: float) -> None:
    if (frame.at_s / step_s) % 1 == 0:
        run.see(frame)


def registered(frames: Iterable[Frame]) -> Described:
    """Return what a reference's kinds and the peers' say of pictures made here."""
    chosen: list[FilmKind] = [*kinds.film_kinds().values(), *film_peers.film_kinds().values()]
    passes = [(kind.name, kind.begin(), 1 / kind.frames_per_second) for kind in chosen]
    for frame in frames:
        for _, run, step_s in passes:
            _show(run, frame, step_s)
    return {name: run.finish() for name, run, _ in passes}


def part(described: Described, start_s: float, end_s: float) -> Described:
    """Return the fingerprints of a stretch of a film, as if it were a film of its own."""
    parts = {}
    for kind, vectors in described.items():
        at_s = vectors.positions[:, 0]
        keep = (at_s >= start_s) & (at_s < end_s)
        parts[kind] = later(Vectors(vectors.codes[keep], vectors.positions[keep], vectors.facts), -start_s)
    return parts


def later(vectors: Vectors, by_s: float) -> Vectors:
    """Return vectors that stand at other seconds."""
    positions = vectors.positions.copy()
    positions[:, 0] += np.float32(by_s)
    return replace(vectors, positions=positions)
