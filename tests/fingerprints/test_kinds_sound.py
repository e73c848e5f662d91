"""What sound-bits promises about sound."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fingerprints.interface import Sound
from fingerprints.kinds.sound_bits import RATE_HZ, SoundBits

KIND = SoundBits()


def tune(seed: int, length_s: float) -> NDArray[np.float32]:
    """Return notes of a third of a second, with overtones."""
    random = np.random.default_rng(seed)
    at_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    notes = random.choice(220 * 2 ** (np.arange(24) / 12), int(length_s * 3) + 1)
    phase = np.cumsum(notes[(at_s * 3).astype(int)]) / RATE_HZ
    waves = sum(np.sin(2 * np.pi * part * phase) / part for part in (1, 2, 3, 4, 5))
    return np.asarray(0.2 * waves, np.float32)


def wrong(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the share of bits that differ, row by row."""
    first, second = (KIND.describe(Sound(samples, RATE_HZ)).codes for samples in (one, other))
    rows = min(len(first), len(second))
    return float(np.bitwise_count(first[:rows] ^ second[:rows]).mean() / 8)


def test_noise_and_loudness_leave_most_bits() -> None:
    samples = tune(1, 8)
    noise = np.random.default_rng(2).normal(0, 0.003, len(samples)).astype(np.float32)
    assert wrong(samples, 0.3 * samples + noise) < 0.2


def test_other_sound_differs_in_about_half_of_the_bits() -> None:
    assert wrong(tune(1, 8), tune(2, 8)) > 0.35


def test_silence_leaves_no_row() -> None:
    samples = np.concatenate([np.zeros(3 * RATE_HZ, np.float32), tune(3, 3)])
    assert KIND.describe(Sound(samples, RATE_HZ)).positions[:, 0].min() > 2.7


@pytest.mark.parametrize("count", [0, 1, 4096, 4500])
def test_a_blip_has_no_rows_and_is_no_error(count: int) -> None:
    vectors = KIND.describe(Sound(np.ones(count, np.float32), RATE_HZ))
    assert vectors.codes.shape == (0, 4)
    assert vectors.positions.shape == (0, 2)


def test_times_say_where_the_sound_is() -> None:
    at_s = KIND.describe(Sound(tune(4, 20), RATE_HZ)).positions[:, 0]
    assert at_s[0] < 0.5
    assert at_s[-1] == pytest.approx(20, abs=0.5)
    assert (np.diff(at_s) > 0).all()
