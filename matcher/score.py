"""From the signals of one comparison to one calibrated probability, with a sentence a reviewer can check. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from matcher.interface import Reason

NO_HASH = 128  # bits: what two unrelated pictures differ by on average
HASH_FAR = 90  # bits: from here on a distance says nothing


@dataclass(frozen=True)
class Evidence:
    """What was measured between one query picture and one reference picture."""

    points: int  # distinct local points in one shape
    possible: int  # how many points could have been, in the region that both pictures show
    agreement: float | None  # share of blocks that agree after alignment; None without the reference's pixels
    blocks: int  # blocks compared
    coverage: float  # of the query's area, how much the reference takes
    hash_bits: int | None = None  # PDQ distance of the whole pictures; None when too far or too flat to say
    turn_degrees: float = 0.0  # clockwise, of the reference in the query
    is_mirrored: bool = False


def shape(evidence: Evidence) -> Reason:
    """Local points of the reference were found in the query in one common shape (moved, scaled, turned or mirrored)."""
    turned = f", turned by {abs(evidence.turn_degrees):.0f} degrees" if abs(evidence.turn_degrees) >= 1 else ""
    mirrored = ", mirrored" if evidence.is_mirrored else ""
    return Reason(
        "points in one shape",
        float(evidence.points),
        f"{evidence.points} of {max(evidence.possible, evidence.points)} points agree in one shape{turned}{mirrored}.",
    )


def pixels(evidence: Evidence) -> Reason | None:
    """The reference was laid over the query and compared block by block: do the drawings themselves agree?"""
    if evidence.agreement is None:
        return None
    if not evidence.blocks:
        return Reason("page agrees after alignment", 0.0, "After alignment there is no drawing to compare.")
    return Reason(
        "page agrees after alignment",
        round(evidence.agreement, 3),
        f"After alignment {round(evidence.agreement * evidence.blocks)} of {evidence.blocks} blocks agree; "
        f"the reference takes {evidence.coverage:.0%} of the picture.",
    )


def whole_hash(evidence: Evidence) -> Reason | None:
    """The fingerprints of both whole pictures (PDQ, 256 bits) differ in few bits; unrelated ones differ in 128."""
    if evidence.hash_bits is None:
        return None
    return Reason(
        "whole-picture hash",
        float(evidence.hash_bits),
        f"The whole-picture hashes differ in {evidence.hash_bits} of 256 bits.",
    )


SIGNALS: tuple[Callable[[Evidence], Reason | None], ...] = (shape, pixels, whole_hash)


def features(evidence: Evidence) -> tuple[float, ...]:
    """Return what the coefficients below are multiplied with, in their order."""
    agreement = evidence.agreement or 0.0
    closeness = 0.0 if evidence.hash_bits is None else max(0.0, (HASH_FAR - evidence.hash_bits) / HASH_FAR)
    share = evidence.points / max(evidence.possible, evidence.points, 1)
    return (
        math.log1p(evidence.points),
        share,
        agreement,
        math.log1p(agreement * evidence.blocks),
        closeness,
    )


NAMES = ("log points", "share of possible points", "agreement", "log agreeing blocks", "hash closeness")
# Constant, then one weight a feature. Fitted by `python -m tests.measure.calibrate_images` on one half of the corpus's
# works (776 right and 2,926 wrong candidates, a wrong one counted five times): at 0.9 it told 694 right and no wrong
# one. The other half reports, see `make measure-images`. After a change of what is measured, fit again.
WITH_PIXELS = (-7.57, 0.90, 4.91, 6.10, 0.53, 5.02)
WITHOUT_PIXELS = (-8.32, 1.81, 12.17, 0.0, 0.0, 9.00)  # for references that came as fingerprints alone


def probability(evidence: Evidence) -> float:
    """Return the calibrated probability that the query holds the reference."""
    constant, *weights = WITHOUT_PIXELS if evidence.agreement is None else WITH_PIXELS
    total = constant + sum(weight * value for weight, value in zip(weights, features(evidence), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def reasons(evidence: Evidence) -> tuple[Reason, ...]:
    """Return every signal that could be measured, with its sentence."""
    return tuple(reason for signal in SIGNALS if (reason := signal(evidence)) is not None)
