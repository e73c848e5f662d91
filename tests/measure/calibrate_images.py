"""Fits the coefficients of matcher.score: `python -m tests.measure.calibrate_images`, on the calibration half.

Every closer look at a candidate is one case: did the query hold that reference, or another picture that shares its
pixels? A logistic regression with a small ridge is fitted, no weight below 0: more evidence never lowers a score.
Pictures in one frame that nobody marked and nothing learned are wrong cases too, of less weight; without them the fit
would trust a frame. Prints the two tables to be copied into matcher/score.py, and what they yield on the same half (the
other half is for `make measure-images`).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from matcher import score
from matcher.distinctive import Described
from tests.measure.picture_answers import work
from tests.measure.picture_methods import described, filled
from tests.measure.pictures_corpus import half, marked

PER_ATTACK = 24
NEGATIVES = 800
RIDGE = 0.1
WRONG_WEIGHT = 5.0  # of a wrong candidate: in the field there are more of them than here, and accusing costs more
FRAME_WEIGHT = 0.5  # of another picture in an unmarked frame
MOST_FRAME = 0.7  # of its blocks agree; where more do, only people can tell what is frame and what is art
FRAMES = ("template", "in a template")  # the queries that are asked of unmarked references too
FLOOR = -40.0  # of the constant


@dataclass(frozen=True)
class Case:
    """One candidate of one query."""

    evidence: score.Evidence
    is_right: bool
    weight: float


def cases() -> list[Case]:
    """Return what was measured for every candidate of every query of the calibration half, and whether it was right."""
    part = half(0, per_attack=PER_ATTACK, negatives=NEGATIVES)
    references = [described(item.read()) for item in part.references]
    shelf = filled(references, [work(item) for item in part.references], marked(part.references))
    unmarked = filled(references)
    load: dict[int, Described] = dict(enumerate(references))
    found = []
    for query in part.queries:
        asked = described(query.picture(part.carriers))
        for fitted in shelf.looks(asked, load.__getitem__):
            is_right = part.references[fitted.reference_id].kin == query.kin
            found.append(Case(fitted.evidence, is_right, 1.0 if is_right else WRONG_WEIGHT))
        if query.name in FRAMES:
            found += [
                Case(fitted.evidence, is_right=False, weight=FRAME_WEIGHT)
                for fitted in unmarked.looks(asked, load.__getitem__)
                if part.references[fitted.reference_id].kin != query.kin
                and (fitted.evidence.agreement or 0.0) <= MOST_FRAME
            ]
    return found


def fitted(cases: Sequence[Case]) -> NDArray[np.float64]:
    """Return the constant and the weights that make the cases most likely."""
    rows = np.array([(1.0, *score.features(case.evidence)) for case in cases])
    right = np.array([case.is_right for case in cases], dtype=np.float64)
    counts = np.array([case.weight for case in cases])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total = rows @ weights
        ridge = np.where(np.arange(len(weights)) == 0, 0.0, RIDGE)
        value = (counts * (np.logaddexp(0, total) - right * total)).sum() + (ridge * weights**2).sum()
        return float(value), rows.T @ (counts * (1 / (1 + np.exp(-total)) - right)) + 2 * ridge * weights

    bounds = [(FLOOR, 0.0), *((0.0, None) for _ in score.NAMES)]
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def told(name: str, cases: Sequence[Case], shipped: Sequence[float]) -> None:
    """Print the table that fits best and how it, and the one in use, divide the cases."""
    weights = fitted(cases)
    sys.stdout.write(f"{name} = ({', '.join(f'{weight:.2f}' for weight in weights)})\n")
    divided(cases, weights)
    sys.stdout.write(f"in use: ({', '.join(f'{weight:.2f}' for weight in shipped)})\n")
    divided(cases, np.array(shipped))


def divided(cases: Sequence[Case], weights: NDArray[np.float64]) -> None:
    """Print how many cases of each sort reach which probability."""
    rows = np.array([(1.0, *score.features(case.evidence)) for case in cases])
    chance = 1 / (1 + np.exp(-(rows @ weights)))
    right = np.array([case.is_right for case in cases])
    frame = np.array([case.weight == FRAME_WEIGHT for case in cases])
    for least in (0.5, 0.9, 0.99):
        sure = chance >= least
        sys.stdout.write(
            f"  >= {least}: {(right & sure).sum()} of {right.sum()} right, {(~right & ~frame & sure).sum()} of "
            f"{(~right & ~frame).sum()} wrong, {(frame & sure).sum()} of {frame.sum()} in unmarked frames\n"
        )


def main() -> None:
    """Print both tables."""
    found = cases()
    told("WITH_PIXELS", found, score.WITH_PIXELS)
    bare = [replace(case, evidence=replace(case.evidence, agreement=None, blocks=0, differing=0.0)) for case in found]
    told("WITHOUT_PIXELS", bare, score.WITHOUT_PIXELS)


if __name__ == "__main__":
    main()
