"""Music and voices made of numbers: a plucked tune over chords and drums, and syllables for mouths that move."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 32_000
Samples = NDArray[np.float32]
SCALES = {"hirajoshi": (0, 2, 3, 7, 8), "yo": (0, 2, 5, 7, 9), "minor": (0, 2, 3, 5, 7, 8, 10)}


def tune(seconds: float, seed: int, *, tempo: float = 104.0, scale: str = "yo", root_hz: float = 220.0) -> Samples:
    """Return a tune, mono, -1 to 1. Another seed, tempo or scale is another tune."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    mix = np.zeros(count + RATE_HZ * 3, dtype=np.float32)
    beat = 60.0 / tempo
    steps = SCALES[scale]
    motif = rng.integers(0, len(steps) * 2, 8)
    chords = rng.permutation(len(steps))[:4]
    for number in range(int(seconds / beat) + 1):
        at = number * beat
        bar = (number // 4) % 4
        chord = int(chords[bar])
        if number % 4 == 0:
            for step in (chord, chord + 2, chord + 4):
                _add(mix, at, _pad(_pitch(step, steps, root_hz / 2), beat * 4.4), 0.10)
        _add(mix, at, _pluck(_pitch(chord, steps, root_hz / 4), 0.9, rng), 0.26 if number % 2 == 0 else 0.12)
        _add(mix, at + beat / 2, _tick(rng), 0.05)
        note = int(motif[number % 8]) + (int(rng.integers(-2, 3)) if number % 8 > 4 else 0)
        if rng.random() < 0.82:
            _add(mix, at, _pluck(_pitch(note, steps, root_hz), 1.2, rng), 0.30)
        if rng.random() < 0.34:
            _add(mix, at + beat / 2, _pluck(_pitch(note + 1, steps, root_hz), 0.8, rng), 0.2)
    return np.asarray(np.tanh(mix[:count] * 1.2), dtype=np.float32)


def speech(seconds: float, spans: Sequence[tuple[float, float]], seed: int) -> Samples:
    """Return murmured syllables inside the spans (start and end in seconds), silence elsewhere."""
    rng = np.random.default_rng(seed)
    mix = np.zeros(round(seconds * RATE_HZ) + RATE_HZ, dtype=np.float32)
    for start, end in spans:
        at = start
        while at < end:
            length = float(rng.uniform(0.1, 0.2))
            pitch = float(rng.uniform(230, 340))
            t = np.arange(round(length * RATE_HZ)) / RATE_HZ
            buzz = np.sum([np.sin(2 * np.pi * pitch * n * t) / n for n in range(1, 14)], axis=0)
            formant = np.sin(2 * np.pi * float(rng.uniform(500, 1900)) * t)
            _add(mix, at, (buzz * (0.6 + 0.5 * formant) * np.hanning(len(t))).astype(np.float32), 0.12)
            at += length + float(rng.choice([0.0, 0.02, 0.16]))
    return mix[: round(seconds * RATE_HZ)]


def _add(mix: Samples, at_s: float, sound: Samples, gain: float) -> None:
    start = round(at_s * RATE_HZ)
    room = len(mix) - start
    if room > 0:
        mix[start : start + len(sound)] += gain * sound[:room]


def _pitch(step: int, scale: Sequence[int], root_hz: float) -> float:
    return float(root_hz * 2 ** ((scale[step % len(scale)] + 12 * (step // len(scale))) / 12))


def _pluck(hz: float, seconds: float, rng: np.random.Generator) -> Samples:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    string = sum(
        np.sin(2 * np.pi * hz * n * t + float(rng.uniform(0, 6))) * np.exp(-t * (2.2 + 1.9 * n)) / n
        for n in range(1, 7)
    )
    return np.asarray(string * np.minimum(t * 300, 1), dtype=np.float32)


def _pad(hz: float, seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    swell = np.sin(np.pi * t / seconds) ** 0.6
    return np.asarray((np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(2 * np.pi * hz * 2.003 * t)) * swell, dtype=np.float32)


def _tick(rng: np.random.Generator) -> Samples:
    t = np.arange(round(0.09 * RATE_HZ)) / RATE_HZ
    return np.asarray(rng.standard_normal(len(t)) * np.exp(-t * 60), dtype=np.float32)
