"""Fits the table of matcher/film_score.py on the tuning half of the works and says how honest it is on the other half.

    python -m tests.measure.calibrate_video

Every stretch that the witnesses suggest, for every film of the measure, is one row: true when it lies where the clip
was put. False rows count four times, for outside of a test set there are far more unrelated films than copies.
"""

import argparse
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matcher import film_score
from matcher.alignment import overlap
from matcher.films import Stretch
from matcher.interface import Segment
from tests.measure import film_clips
from tests.measure.film_bench import Bench, seen
from tests.measure.films_corpus import HALVES, Half

FALSE_COUNTS = 4.0
PULL = 0.1  # towards weight 0 (L2), against so few films
ROUNDS, STEP = 20_000, 0.05
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.0)

Rows = NDArray[np.float64]


def rows(half: Half, attacks: tuple[film_clips.Attack, ...], shows: int) -> tuple[Rows, Rows, Rows]:
    """Return (features, truth, probability under the present table) of every suggested stretch of one half."""
    features, truth, present = [], [], []
    for stretch, is_true in suggested(half, attacks, shows):
        features.append(list(film_score.features(stretch.seen).values()))
        truth.append(float(is_true))
        present.append(film_score.probability(stretch.seen))
    return np.array(features), np.array(truth), np.array(present)


def suggested(half: Half, attacks: tuple[film_clips.Attack, ...], shows: int) -> Iterator[tuple[Stretch, bool]]:
    """Yield every stretch that the witnesses suggest, and whether it is true."""
    bench = Bench(half)
    for asked in bench.asked(attacks, shows):
        for reference_id, stretches in bench.shelf.stretches(seen(bench.shelf, asked.film)).items():
            true = asked.truths.get(bench.names[reference_id], ())
            for stretch in stretches:
                yield stretch, any(lies_where(stretch.segment, each) for each in true)


def lies_where(segment: Segment, true: Segment) -> bool:
    """Say whether over half of a segment lies where a clip of this reference was put.

    The line is not asked for: animation repeats itself, and a second loop of the same drawings is the same work.
    """
    return overlap(segment, true) > 0.5 * (segment.query_end_s - segment.query_start_s)


def fitted(features: Rows, truth: Rows) -> tuple[float, Rows]:
    """Return (intercept, weights) of the logistic regression; no weight is negative, for no signal speaks against."""
    counts = np.where(truth > 0, 1.0, FALSE_COUNTS)
    intercept, weights = 0.0, np.zeros(features.shape[1])
    for _ in range(ROUNDS):
        error = counts * (1 / (1 + np.exp(-(features @ weights + intercept))) - truth)
        intercept -= STEP * error.sum() / counts.sum()
        weights = np.maximum(0.0, weights - STEP * (features.T @ error + PULL * weights) / counts.sum())
    return float(intercept), weights


def reliability(probability: Rows, truth: Rows) -> Iterator[str]:
    """Yield one line a bin: what was promised, what came true."""
    for low, high in pairwise(BINS):
        inside = (probability >= low) & (probability < high if high < 1 else probability <= 1)
        if inside.any():
            promised, came = float(probability[inside].mean()), float(truth[inside].mean())
            count = int(inside.sum())
            yield f"  {low:.2f} to {high:.2f}: {count:4} stretches, promised {promised:.3f}, true {came:.3f}"


def main() -> None:
    """Fit, print the table to copy, and check it on the half that was held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    attacks = tuple(each for each in film_clips.ATTACKS if not is_quick or each.name in film_clips.QUICK)
    features, truth, _ = rows(HALVES["tuning"], attacks, 12)
    intercept, weights = fitted(features, truth)
    lines = [
        f"{len(truth)} stretches of the tuning half, {int(truth.sum())} of them true",
        f"INTERCEPT = {intercept:.2f}",
    ]
    lines += [f'    "{name}": {weight:.2f},' for name, weight in zip(film_score.WEIGHTS, weights, strict=True)]
    held_back, true, present = rows(HALVES["reported"], attacks, 12)
    new = 1 / (1 + np.exp(-(held_back @ weights + intercept)))
    for title, probability in (("this table", new), ("the table in matcher/film_score.py", present)):
        lines.append(f"{title}, on the half held back: Brier score {float(((probability - true) ** 2).mean()):.4f}")
        lines += reliability(probability, true)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
