"""Fits the coefficients of matcher.score: `python -m tests.measure.calibrate_images`, on the calibration half.

Every closer look at a candidate is one case: did the query hold that reference, or another picture that shares its
pixels? A logistic regression with a small ridge is fitted, no weight below 0: more evidence never lowers a score.
Prints the two tables to be copied into matcher/score.py, and what they yield on the same half (the other half is for
`make measure-images`).
"""

import sys
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from matcher import score
from matcher.closer_look import Described
from tests.measure.picture_methods import described, filled
from tests.measure.pictures_corpus import half

PER_ATTACK = 24
NEGATIVES = 700
RIDGE = 0.1
WRONG_WEIGHT = 5.0  # of a wrong candidate: in the field there are more of them than here, and accusing costs more
FLOOR = -12.0  # of the constant


def evidence() -> list[tuple[score.Evidence, bool]]:
    """Return what was measured for every candidate of every query of the calibration half, and whether it was right."""
    part = half(0, per_attack=PER_ATTACK, negatives=NEGATIVES)
    references = [described(item.read()) for item in part.references]
    shelf = filled(references)
    load: dict[int, Described] = dict(enumerate(references))
    return [
        (fitted.evidence, part.references[fitted.reference_id].kin == query.kin)
        for query in part.queries
        for fitted in shelf.looks(described(query.picture(part.carriers)), load.__getitem__)
    ]


def fitted(cases: list[tuple[score.Evidence, bool]]) -> NDArray[np.float64]:
    """Return the constant and the weights that make the cases most likely."""
    rows = np.array([(1.0, *score.features(measured)) for measured, _ in cases])
    right = np.array([is_right for _, is_right in cases], dtype=np.float64)
    counts = np.where(right > 0, 1.0, WRONG_WEIGHT)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total = rows @ weights
        ridge = np.where(np.arange(len(weights)) == 0, 0.0, RIDGE)
        value = (counts * (np.logaddexp(0, total) - right * total)).sum() + (ridge * weights**2).sum()
        return float(value), rows.T @ (counts * (1 / (1 + np.exp(-total)) - right)) + 2 * ridge * weights

    bounds = [(FLOOR, 0.0), *((0.0, None) for _ in score.NAMES)]
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def told(name: str, cases: list[tuple[score.Evidence, bool]]) -> None:
    """Print a table and how it divides its own cases."""
    weights = fitted(cases)
    rows = np.array([(1.0, *score.features(measured)) for measured, _ in cases])
    chance = 1 / (1 + np.exp(-(rows @ weights)))
    right = np.array([is_right for _, is_right in cases])
    sys.stdout.write(f"{name} = ({', '.join(f'{weight:.2f}' for weight in weights)})\n")
    for least in (0.5, 0.9, 0.99):
        sys.stdout.write(
            f"  >= {least}: {int((right & (chance >= least)).sum())} of {int(right.sum())} right, "
            f"{int((~right & (chance >= least)).sum())} of {int((~right).sum())} wrong\n"
        )
    wrong = sorted(zip(chance[~right], np.flatnonzero(~right), strict=True), reverse=True)[:5]
    for value, row in wrong:
        sys.stdout.write(f"  highest wrong: {value:.3f} {cases[row][0]}\n")


def main() -> None:
    """Print both tables."""
    cases = evidence()
    told("WITH_PIXELS", cases)
    told("WITHOUT_PIXELS", [(replace(measured, agreement=None, blocks=0), right) for measured, right in cases])


if __name__ == "__main__":
    main()
